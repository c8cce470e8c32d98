/* SPDX-License-Identifier: MIT */
/*
 * The lifecycle daemon: acts when guests end. All it has to remember is in the hypervisor, the
 * store and /run/pando/domains, so it may be restarted at any time.
 */
#ifndef MONITORD_MONITOR_H
#define MONITORD_MONITOR_H

#include <pthread.h>
#include <signal.h>

#include "pando.h"

/* Guests worked on at the same time, each by a thread of its own. More have to wait. */
#define MONITOR_WORKERS_MAX 32

/* Guests that were kept on purpose and need not be looked at again. More are looked at again. */
#define MONITOR_KEPT_MAX 256

struct monitor {
    pando_t *pando;
    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t idle;  /* a worker has ended */
    uint32_t busy[MONITOR_WORKERS_MAX];
    unsigned int workers;
    uint32_t kept[MONITOR_KEPT_MAX];
    unsigned int kept_count;
};

/* Looks at all guests and starts a worker for each that there is something to do about. */
void monitor_scan(struct monitor *monitor);

/* Remembers that a guest is kept as it is. */
void monitor_keep(struct monitor *monitor, uint32_t domid);

/* Does what is to be done about one guest that has ended, or removes what one has left behind. */
void monitor_act(struct monitor *monitor, uint32_t domid);

/* Waits for the workers to end. */
void monitor_drain(struct monitor *monitor);

/* Waits for ends of guests and scans, until *stop is set by a signal. */
void monitor_run(struct monitor *monitor, const volatile sig_atomic_t *stop);

/* A line of the log, on standard error. */
void monitor_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
