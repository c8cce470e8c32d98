/* SPDX-License-Identifier: MIT */
#include "monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "domain.h"
#include "paths.h"

/* A guest that has lived no longer than this is restarted only after as long a pause. */
#define SHORT_LIFE_S 2

struct ended {
    struct monitor *monitor;
    uint32_t domid;
    struct pando_config config;
    enum pando_reason reason;
};

static void log_failure(const struct ended *e, const char *what)
{
    monitor_log("%s (%u): %s failed: %s", e->config.name, e->domid, what,
                pando_error_text(e->monitor->pando));
}

static bool destroy(struct ended *e)
{
    enum pando_code code = domain_destroy_locked(e->monitor->pando, e->domid);

    if (code) {
        log_failure(e, "removing it");
    }
    /* A device that was late is no reason not to go on. */
    return code == PANDO_OK || code == PANDO_E_DEVICE;
}

/* Whether the domain still is the guest by that name, and not one set aside, or gone. */
static bool is_still_there(const struct ended *e)
{
    struct pando_config config;
    bool same;

    if (domain_state_load(DOMAIN_STATE_LIVE, e->domid, &config)) {
        return false;
    }
    same = !strcmp(config.name, e->config.name);
    pando_config_free(&config);
    return same;
}

/*
 * Creates the guest again, whose configuration waits among the restarts: after a restart of the
 * daemon in the middle of it that is where it goes on.
 */
static void finish_restart(struct ended *e)
{
    enum pando_code code;
    uint32_t domid;

    if (is_still_there(e) && !destroy(e)) {
        return;
    }
    code = domain_create_locked(e->monitor->pando, &e->config, NULL, &domid);
    if (code) {
        log_failure(e, "restarting it");
    } else {
        monitor_log("%s (%u): restarted as %u", e->config.name, e->domid, domid);
    }
    /* Without a store it can be tried again; anything else would only fail once more. */
    if (code != PANDO_E_STORE) {
        domain_state_remove(DOMAIN_STATE_RESTART, e->domid);
    }
}

static void restart(struct ended *e)
{
    if (domain_state_save(DOMAIN_STATE_RESTART, e->domid, &e->config)) {
        log_failure(e, "preparing its restart");
        return;
    }
    finish_restart(e);
}

/* A guest that ends at once, again and again, must not keep dom0 busy. */
static void pause_if_short_lived(const struct ended *e)
{
    const struct timespec pause = { .tv_sec = SHORT_LIFE_S };
    char path[sizeof(PANDO_DOMAIN_DIR) + 32];
    struct stat st;

    snprintf(path, sizeof(path), PANDO_DOMAIN_DIR "/%u.json", e->domid);
    if (stat(path, &st) == 0 && time(NULL) - st.st_mtime <= SHORT_LIFE_S) {
        nanosleep(&pause, NULL);
    }
}

static enum pando_action action_for(const struct ended *e)
{
    switch (e->reason) {
    case PANDO_REASON_POWEROFF:
        return e->config.on_poweroff;
    case PANDO_REASON_REBOOT:
        return e->config.on_reboot;
    case PANDO_REASON_CRASH:
    case PANDO_REASON_WATCHDOG:
        return e->config.on_crash;
    default: /* suspended, or wanting to be reset: a tool's business */
        return PANDO_ACTION_PRESERVE;
    }
}

static void act(struct ended *e)
{
    enum pando_action action = action_for(e);

    monitor_log("%s (%u): has ended (%s): %s", e->config.name, e->domid,
                pando_reason_name(e->reason), pando_action_name(action));
    switch (action) {
    case PANDO_ACTION_DESTROY:
        destroy(e);
        break;
    case PANDO_ACTION_RESTART:
        pause_if_short_lived(e);
        restart(e);
        break;
    case PANDO_ACTION_PRESERVE:
        monitor_keep(e->monitor, e->domid);
        break;
    case PANDO_ACTION_RENAME_RESTART:
        pause_if_short_lived(e);
        if (domain_set_aside(e->monitor->pando, e->domid, e->config.name)) {
            log_failure(e, "setting it aside");
            break;
        }
        monitor_keep(e->monitor, e->domid);
        restart(e);
        break;
    }
}

/* Takes the guest's lock, by the name that its saved configuration still has once it is ours. */
static bool lock_ended(struct ended *e, enum domain_state kind, struct domain_lock *lock)
{
    for (;;) {
        struct pando_config again;
        bool same;

        if (domain_state_load(kind, e->domid, &e->config)) {
            return false; /* somebody else has done it meanwhile */
        }
        if (domain_lock(lock, e->config.name)) {
            log_failure(e, "taking its lock");
            pando_config_free(&e->config);
            return false;
        }
        if (domain_state_load(kind, e->domid, &again)) {
            domain_unlock(lock);
            pando_config_free(&e->config);
            return false;
        }
        same = !strcmp(again.name, e->config.name);
        pando_config_free(&e->config);
        e->config = again;
        if (same) {
            return true;
        }
        pando_config_free(&e->config);
        domain_unlock(lock);
    }
}

static void act_on_state(struct ended *e)
{
    struct pando_domain info;
    enum pando_code code = pando_domain_info(e->monitor->pando, e->domid, &info);

    if (code == PANDO_E_NOT_FOUND) {
        monitor_log("%s (%u): is gone; removing what it has left", e->config.name, e->domid);
        destroy(e);
    } else if (code) {
        log_failure(e, "asking about it");
    } else if (info.state == PANDO_DOMAIN_SHUTDOWN) {
        e->reason = info.reason;
        act(e);
    }
}

/* A guest that is being created: all is well as long as somebody holds its lock. */
static void clear_unfinished(struct ended *e)
{
    struct pando_config again;
    struct domain_lock lock;

    if (domain_try_lock(&lock, e->config.name)) {
        return;
    }
    if (domain_state_load(DOMAIN_STATE_BUILDING, e->domid, &again) == PANDO_OK) {
        pando_config_free(&again);
        monitor_log("%s (%u): its creation was broken off; removing what there is of it",
                    e->config.name, e->domid);
        destroy(e);
    }
    domain_unlock(&lock);
}

/* A guest that is complete: whoever was about to start it has died, if nobody holds its lock. */
static void finish_start(struct ended *e)
{
    struct pando_config again;
    struct domain_lock lock;

    if (domain_try_lock(&lock, e->config.name)) {
        return;
    }
    if (domain_state_load(DOMAIN_STATE_STARTING, e->domid, &again) == PANDO_OK) {
        pando_t *pando = e->monitor->pando;
        struct pando_domain info;
        int err = 0;

        if (pando_domain_info(pando, e->domid, &info) == PANDO_OK &&
            info.state == PANDO_DOMAIN_PAUSED) {
            err = hcall_domctl_simple(pando->hcall, XEN_DOMCTL_unpausedomain, e->domid);
            monitor_log("%s (%u): whoever was about to start it has died; starting it: %s",
                        e->config.name, e->domid, err ? strerror(-err) : "done");
        }
        domain_state_remove(DOMAIN_STATE_STARTING, e->domid);
    }
    pando_config_free(&again);
    domain_unlock(&lock);
}

void monitor_act(struct monitor *monitor, uint32_t domid)
{
    struct ended e = { .monitor = monitor, .domid = domid };
    struct domain_lock lock;

    if (domain_state_load(DOMAIN_STATE_BUILDING, domid, &e.config) == PANDO_OK) {
        clear_unfinished(&e);
        pando_config_free(&e.config);
        return;
    }
    if (domain_state_load(DOMAIN_STATE_STARTING, domid, &e.config) == PANDO_OK) {
        finish_start(&e);
        pando_config_free(&e.config);
        return;
    }
    if (lock_ended(&e, DOMAIN_STATE_RESTART, &lock)) {
        finish_restart(&e);
    } else if (lock_ended(&e, DOMAIN_STATE_LIVE, &lock)) {
        act_on_state(&e);
    } else {
        return;
    }
    domain_unlock(&lock);
    pando_config_free(&e.config);
}
