/* SPDX-License-Identifier: MIT */
/*
 * Which domains there are, as the store tells, and where their consoles are:
 *
 *   /local/domain/N/console/ring-ref, port, type    the ring's frame, the guest's port
 *   /local/domain/N/console/tty                     if it is there: our terminal's path, for others
 *   /local/domain/N/name, vm                        "/vm/UUID"
 *
 * A domain counts from when it is introduced and has a ring-ref and a port, until it isn't
 * introduced any more or its directory has gone. When the store daemon goes away, consoles go on,
 * and it is looked for again.
 */
#ifndef CONSOLE_REGISTRY_H
#define CONSOLE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"
#include "store.h"
#include "tty.h"

#define REGISTRY_RETRY 500000000ull /* ns until what has failed is tried again */

/*
 * While the store is asked something, consoles stand still. ms that it has to answer. One that
 * hangs is tried again after ns that double, from here to there.
 */
#define REGISTRY_PATIENCE  500
#define REGISTRY_HANGS     2000000000ull
#define REGISTRY_HANGS_MAX 16000000000ull

struct domain {
    uint32_t domid;
    bool seen;        /* by the current scan */
    bool stale;       /* to be read (again) */
    bool complained;  /* about a failure to connect with its ring */
    uint64_t read_at; /* if stale, not before this time */
    uint64_t frame;   /* its ring-ref, */
    uint64_t port;    /* and port, while there is a guest */
    struct guest *guest;
};

struct registry {
    const char *path; /* of the store's socket; NULL for the usual one */
    struct store *store;
    struct ttys *ttys;
    bool complained;     /* that there is none */
    bool rescan;         /* the list of domains may have changed */
    uint64_t connect_at; /* without a store: when to look for it */
    uint64_t retry;      /* and how long after the last time; 0: it has answered */
    size_t count;
    struct domain domains[GUESTS_MAX];
};

/* To be called when the store's socket is readable, and at the time that it returns. */
uint64_t registry_turn(struct registry *registry, struct guests *guests, uint64_t now);

/* For poll(): -1 if there is no connection. */
int registry_fd(const struct registry *registry);

void registry_close(struct registry *registry);

#endif
