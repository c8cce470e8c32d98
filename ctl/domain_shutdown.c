/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "plugin_host.h"

/*
 * The store tells of a domain's end by @releaseDomain. Should it be down, the hypervisor is asked
 * at this interval.
 */
#define ASK_INTERVAL_MS 500

static enum pando_code require_alive(pando_t *pando, uint32_t domid)
{
    struct pando_domain info;
    enum pando_code code = pando_domain_info(pando, domid, &info);

    if (code) {
        return code;
    }
    if (domid == 0) {
        return pando_fail(PANDO_E_INVALID, NULL, "domain 0 is the host's own: use its own tools");
    }
    if (info.state == PANDO_DOMAIN_SHUTDOWN || info.state == PANDO_DOMAIN_DYING) {
        return pando_fail(
            PANDO_E_STATE, NULL, "guest %u (\"%s\") has already ended (%s)", domid, info.name,
            info.state == PANDO_DOMAIN_DYING ? "dying" : pando_reason_name(info.reason));
    }
    return PANDO_OK;
}

/* Waits until the guest has taken the request, which it shows by emptying the node. */
static enum pando_code wait_taken(struct store *store, uint32_t domid, const char *path,
                                  unsigned int timeout_ms)
{
    int64_t deadline = clock_ms() + timeout_ms;
    int err = store_watch(store, path, "taken");

    while (!err) {
        struct store_event event;
        int64_t left = deadline - clock_ms();
        char value[32];

        err = store_read_buf(store, STORE_TX_NONE, path, value, sizeof(value));
        if (err == -ENOENT || (!err && !value[0])) {
            return PANDO_OK; /* taken, or it has ended already */
        }
        if (!err) {
            err = store_watch_next(store, left > 0 ? (int)left : 0, &event);
        }
        if (!err) {
            store_event_free(&event);
        }
    }
    if (err == -ETIMEDOUT) {
        return pando_fail(PANDO_E_TIMEOUT, NULL,
                          "guest %u has not taken the request within %u.%u s: its kernel may still "
                          "be starting, may not support it, or hang",
                          domid, timeout_ms / 1000, timeout_ms % 1000 / 100);
    }
    return pando_fail_store("waiting for the guest", err);
}

static enum pando_code ask_guest(pando_t *pando, uint32_t domid, const char *what,
                                 unsigned int timeout_ms)
{
    enum pando_code code = require_alive(pando, domid);
    struct store *store;
    char path[64];
    int err;

    if (code) {
        return code;
    }
    err = store_open(&store, NULL);
    if (err) {
        return pando_fail_store("connecting the store", err);
    }
    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
    err = store_write_str(store, STORE_TX_NONE, path, what);
    if (err) {
        code = pando_fail_store("asking the guest", err);
    } else if (timeout_ms) {
        code = wait_taken(store, domid, path, timeout_ms > INT_MAX ? INT_MAX : timeout_ms);
    }
    store_close(store);
    return code;
}

enum pando_code pando_domain_shutdown(pando_t *pando, uint32_t domid, unsigned int timeout_ms)
{
    struct plugin_step step = { .event = {
                                    .step = PANDO_STEP_SHUTDOWN, .pando = pando, .domid = domid } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, ask_guest(pando, domid, "poweroff", timeout_ms));
}

enum pando_code pando_domain_reboot(pando_t *pando, uint32_t domid, unsigned int timeout_ms)
{
    struct plugin_step step = { .event = {
                                    .step = PANDO_STEP_REBOOT, .pando = pando, .domid = domid } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, ask_guest(pando, domid, "reboot", timeout_ms));
}

/* Whether the event has happened; an error of the hypervisor is returned in *err. */
static bool has_happened(pando_t *pando, uint32_t domid, enum pando_event event,
                         enum pando_reason *reason, int *err)
{
    struct xen_domctl_getdomaininfo info;

    *err = hcall_domain_info(pando->hcall, domid, &info);
    if (*err == -ESRCH) {
        *err = 0;
        return true;
    }
    if (*err || event == PANDO_EVENT_GONE) {
        return false;
    }
    if ((info.flags & XEN_DOMINF_shutdown) && reason) {
        *reason = (info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    }
    return info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying);
}

enum pando_code pando_domain_wait(pando_t *pando, uint32_t domid, enum pando_event event,
                                  int timeout_ms, enum pando_reason *reason)
{
    int64_t deadline = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
    enum pando_code code = PANDO_OK;
    struct store *store = NULL;
    int err = store_open(&store, NULL);

    if (!err) {
        err = store_watch(store, "@releaseDomain", "wait");
    }
    if (err) {
        return pando_fail_store("waiting for a guest", err);
    }
    while (!has_happened(pando, domid, event, reason, &err)) {
        int64_t left = deadline - clock_ms();
        struct store_event what;

        if (err) {
            code = pando_fail_hcall("waiting for a guest", err);
            break;
        }
        if (left <= 0) {
            code = pando_fail(PANDO_E_TIMEOUT, NULL, "guest %u has not ended within %d s", domid,
                              timeout_ms / 1000);
            break;
        }
        err = store_watch_next(store, left > ASK_INTERVAL_MS ? ASK_INTERVAL_MS : (int)left, &what);
        if (!err) {
            store_event_free(&what);
        } else if (err != -ETIMEDOUT) {
            code = pando_fail_store("waiting for a guest", err);
            break;
        }
    }
    store_close(store);
    return code;
}
