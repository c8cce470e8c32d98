/* SPDX-License-Identifier: MIT */
/* The daemon as a whole: one thread, one poll() loop. */
#ifndef CONSOLE_CONSOLED_H
#define CONSOLE_CONSOLED_H

#include <signal.h>
#include <stddef.h>

#include "client.h"
#include "guest.h"
#include "registry.h"
#include "tty.h"

#define CLIENTS_MAX 128u

struct consoled_paths {
    const char *socket;  /* that clients connect to; its folder is made if it isn't there */
    const char *log_dir; /* the same */
    const char *store;   /* the store's socket; NULL for the usual one */
    int listen; /* somebody else's socket that listens there already, non-blocking; 0: none */
};

struct consoled {
    struct consoled_paths paths;
    int lock;   /* the file that keeps a second consoled out */
    int listen; /* the socket */
    struct guests guests;
    struct registry registry;
    struct ttys ttys;
    uint64_t accept_at;                  /* no new client before this time */
    uint64_t guests_wake, registry_wake; /* when they have more to do, if nothing happens before */
    size_t client_count;
    struct client *clients[CLIENTS_MAX];
};

/* Makes everything ready, without the store's help. 0, or -errno after a report of what failed.
 * The paths must live as long as the daemon. */
int consoled_open(struct consoled *daemon, const struct consoled_paths *paths);

/* Waits for something to do, at most @limit ns (TIME_NEVER), and does it. A signal that is not in
 * @mask interrupts the waiting. */
void consoled_turn(struct consoled *daemon, uint64_t limit, const sigset_t *mask);

/* Tells the clients, and ends. */
void consoled_close(struct consoled *daemon);

#endif
