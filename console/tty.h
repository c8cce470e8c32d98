/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals for tools that don't speak consoled's protocol: `xl console`, libxl and libvirt
 * open what a guest's node `console/tty` in the store names.
 *
 * Such a terminal is one more client of its guest (client.h): it reads from the scrollback at its
 * own pace, and the guest waits for it as for others. It gets what the guest has written since its
 * start and nobody has read there yet, as far as the scrollback reaches back. While nobody has it
 * open nothing is written to it and it costs nothing: the kernel tells when it is opened.
 */
#ifndef CONSOLE_TTY_H
#define CONSOLE_TTY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"

/* ns for which a terminal that is open stays when its domain has gone: for the last words. */
#define TTY_LINGER    1000000000ull

#define TTY_PATH_SIZE 32u

struct tty {
    struct guest *guest;
    unsigned int domain; /* the how many-th of the guest's domains it is of */
    int fd;              /* our end */
    int watch;           /* what tells that the other end is opened */
    char path[TTY_PATH_SIZE];
    bool open;         /* somebody has the other end open; counts as one of the guest's clients */
    int slot;          /* in the array for poll(); -1: in none */
    uint64_t position; /* in the scrollback */
    uint64_t moved_at; /* when it last took something, or had nothing to take */
};

struct ttys {
    int watches; /* an inotify instance; -1: there is none, and there are no terminals */
    bool complained;
    size_t count;
    struct tty *all[GUESTS_MAX];
};

/* Without what the kernel has to offer for it there are no terminals, after a report. */
void ttys_open(struct ttys *ttys);

/* To be called while the guests are still there. */
void ttys_close(struct ttys *ttys);

/* The path of a living guest's terminal, which is made if there is none. NULL after a report. */
const char *ttys_serve(struct ttys *ttys, struct guest *guest, uint64_t now);

/* Fills in at most ttys->count slots for poll(), whose number is returned, and lets *wake be early
 * enough. */
size_t ttys_poll(struct ttys *ttys, struct pollfd *fds, uint64_t *wake);

/* Notes what terminals still need of their guests' output, and drops those whose domain has gone.
 * To be called before guests_turn(), which may drop their guests. */
void ttys_hold(struct ttys *ttys, uint64_t now);

/* Does what can be done now. @fds is what poll() has made of ttys_poll()'s slots, @opened whether
 * ttys->watches is readable. */
void ttys_turn(struct ttys *ttys, const struct pollfd *fds, bool opened, uint64_t now);

#endif
