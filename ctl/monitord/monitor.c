/* SPDX-License-Identifier: MIT */
#include "monitor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "domain.h"
#include "store.h"

/* Guests are looked at this often anyway: for what has failed, or was told while the store was
 * down. */
#define SCAN_INTERVAL_MS 5000
/* A signal to stop is noticed within this time. */
#define TICK_MS 500

struct job {
    struct monitor *monitor;
    uint32_t domid;
};

void monitor_log(const char *format, ...)
{
    char line[1200];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "monitord: %s\n", line);
}

void monitor_keep(struct monitor *m, uint32_t domid)
{
    pthread_mutex_lock(&m->lock);
    if (m->kept_count < MONITOR_KEPT_MAX) {
        m->kept[m->kept_count++] = domid;
    }
    pthread_mutex_unlock(&m->lock);
}

static bool contains(const uint32_t *list, unsigned int count, uint32_t domid)
{
    for (unsigned int i = 0; i < count; i++) {
        if (list[i] == domid) {
            return true;
        }
    }
    return false;
}

/* Takes a worker's place for the guest, unless there is one already or the guest is kept. */
static bool reserve(struct monitor *m, uint32_t domid)
{
    bool ok;

    pthread_mutex_lock(&m->lock);
    ok = m->workers < MONITOR_WORKERS_MAX && !contains(m->busy, m->workers, domid) &&
         !contains(m->kept, m->kept_count, domid);
    if (ok) {
        m->busy[m->workers++] = domid;
    }
    pthread_mutex_unlock(&m->lock);
    return ok;
}

static void release(struct monitor *m, uint32_t domid)
{
    pthread_mutex_lock(&m->lock);
    for (unsigned int i = 0; i < m->workers; i++) {
        if (m->busy[i] == domid) {
            m->busy[i] = m->busy[--m->workers];
            break;
        }
    }
    pthread_cond_broadcast(&m->idle);
    pthread_mutex_unlock(&m->lock);
}

static void *work(void *arg)
{
    struct job *job = arg;

    monitor_act(job->monitor, job->domid);
    release(job->monitor, job->domid);
    free(job);
    return NULL;
}

static void start_worker(struct monitor *m, uint32_t domid)
{
    struct job *job;
    pthread_t thread;

    if (!reserve(m, domid)) {
        return;
    }
    job = malloc(sizeof(*job));
    if (job) {
        job->monitor = m;
        job->domid = domid;
        if (pthread_create(&thread, NULL, work, job) == 0) {
            pthread_detach(thread);
            return;
        }
        free(job);
    }
    monitor_log("guest %u: no thread to work on it; it has to wait", domid);
    release(m, domid);
}

static const struct pando_domain *find(const struct pando_domain *list, size_t count,
                                       uint32_t domid)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].id == domid) {
            return &list[i];
        }
    }
    return NULL;
}

/* Forgets kept guests that do not exist any more. */
static void forget_kept(struct monitor *m, const struct pando_domain *list, size_t count)
{
    pthread_mutex_lock(&m->lock);
    for (unsigned int i = 0; i < m->kept_count;) {
        if (find(list, count, m->kept[i])) {
            i++;
        } else {
            m->kept[i] = m->kept[--m->kept_count];
        }
    }
    pthread_mutex_unlock(&m->lock);
}

/* For what tools that have died, or a daemon before us, did not get to finish. */
static void start_workers(struct monitor *m, enum domain_state kind)
{
    uint32_t *ids;
    size_t count;

    if (domain_state_list(kind, &ids, &count)) {
        monitor_log("%s", pando_error_text(m->pando));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        start_worker(m, ids[i]);
    }
    free(ids);
}

static void clear_announced(struct monitor *m)
{
    unsigned int cleared = 0;

    if (domain_announce_clear(m->pando, NULL, &cleared)) {
        monitor_log("removing what a broken off creation has left failed: %s",
                    pando_error_text(m->pando));
    }
    if (cleared) {
        monitor_log("removed %u domains whose creation was broken off at once", cleared);
    }
}

void monitor_scan(struct monitor *m)
{
    struct pando_domain *list;
    size_t count, saved;
    uint32_t *ids;

    clear_announced(m);
    start_workers(m, DOMAIN_STATE_BUILDING);
    start_workers(m, DOMAIN_STATE_STARTING);
    start_workers(m, DOMAIN_STATE_RESTART);
    /* The saved ones first: a guest created in between is then in the list of the living. */
    if (domain_state_list(DOMAIN_STATE_LIVE, &ids, &saved)) {
        monitor_log("%s", pando_error_text(m->pando));
        return;
    }
    if (pando_domain_list(m->pando, &list, &count)) {
        monitor_log("%s", pando_error_text(m->pando));
        free(ids);
        return;
    }
    forget_kept(m, list, count);
    for (size_t i = 0; i < saved; i++) {
        const struct pando_domain *domain = find(list, count, ids[i]);

        if (!domain || domain->state == PANDO_DOMAIN_SHUTDOWN) {
            start_worker(m, ids[i]);
        }
    }
    free(list);
    free(ids);
}

void monitor_drain(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    while (m->workers) {
        pthread_cond_wait(&m->idle, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
}

/* Connects the store and asks it to tell of domains' ends; NULL if it isn't there. */
static struct store *listen_to_store(void)
{
    struct store *store;

    if (store_open(&store, NULL)) {
        return NULL;
    }
    if (store_watch(store, "@releaseDomain", "end")) {
        store_close(store);
        return NULL;
    }
    return store;
}

void monitor_run(struct monitor *m, const volatile sig_atomic_t *stop)
{
    const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
    struct store *store = NULL;
    int64_t next_scan = 0;
    bool complained = false;

    while (!*stop) {
        struct store_event event;
        int err;

        if (!store) {
            store = listen_to_store();
            next_scan = 0;
            if (!store) {
                if (!complained) {
                    monitor_log("the store daemon is not running; waiting for it");
                    complained = true;
                }
                nanosleep(&tick, NULL);
                continue;
            }
            complained = false;
        }
        if (clock_ms() >= next_scan) {
            monitor_scan(m);
            next_scan = clock_ms() + SCAN_INTERVAL_MS;
        }
        err = store_watch_next(store, TICK_MS, &event);
        if (!err) {
            store_event_free(&event);
            next_scan = 0;
        } else if (err != -ETIMEDOUT) {
            monitor_log("the connection to the store daemon has ended: %s", strerror(-err));
            store_close(store);
            store = NULL;
        }
    }
    store_close(store);
}
