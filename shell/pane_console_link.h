/* SPDX-License-Identifier: MIT */
/*
 * A pane's connection with consoled (console/protocol.h). Never waits. Keeps trying while consoled
 * is away, and attaches again when it is back. Reads at most once in LINK_SLICE_MS, except for the
 * first bytes after a pause, which come at once; and no more than is taken, so that consoled, and
 * behind it the guest, have to wait for a terminal that can't keep up.
 */
#ifndef SHELL_PANE_CONSOLE_LINK_H
#define SHELL_PANE_CONSOLE_LINK_H

#include "console/link.h"
#include "loop.h"

enum {
    LINK_SLICE_MS = 25,
    LINK_CREDIT = 50000, /* what a slice may cost, as vt_cost() counts: 1 % of a CPU or so, */
    LINK_CREDIT_REPLAY = 500000, /* and while the operator waits for what there was before */
    LINK_RETRY_MS = 250,         /* to try again, at first; doubled up to */
    LINK_RETRY_MAX_MS = 4000,
    LINK_ANSWER_MS = 10000, /* for consoled to answer to HELLO and ATTACH */
    LINK_INPUT_MAX = 65536, /* typed bytes that wait for consoled */
};

enum pane_link_state {
    PANE_LINK_AWAY,     /* consoled can't be reached; tried again */
    PANE_LINK_ASKING,   /* connected, not attached */
    PANE_LINK_ATTACHED, /* bytes flow */
    PANE_LINK_OVER,     /* for good: see the sentence */
};

struct pane_link_events {
    void *arg;
    /* Attached: for the first time, or again. What follows begins with what there was before. */
    void (*attached)(void *arg, const struct console_attached *attached);
    /* Bytes of the guest. Returns how many were taken, and takes what that has cost off *credit;
     * fewer than all: with the next slice's credit. */
    size_t (*data)(void *arg, const uint8_t *bytes, size_t length, size_t *credit);
    /* What follows is new. */
    void (*replayed)(void *arg);
    /* A sentence about this console, for people. */
    void (*notice)(void *arg, const char *sentence);
    /* Its state is another. */
    void (*changed)(void *arg);
};

struct pane_link {
    struct loop *loop;
    const struct pane_link_events *events;
    const char *path; /* of consoled's socket */
    struct console_attach attach;
    enum pane_link_state state;
    char why[256]; /* it is AWAY or OVER */
    struct console_link link;
    bool open; /* the link's descriptor */
    struct loop_fd *watch;
    struct loop_timer *timer;
    bool paused; /* no reading before the timer */
    bool replaying;
    bool known;   /* has been attached, some time */
    bool greeted; /* HELLO has been answered */
    int retry_ms;
    uint16_t columns, rows; /* of the last WINDOW */
    bool window;            /* it has not been sent */
    uint8_t *input;         /* typed, of which @input_length wait */
    size_t input_length;
    const uint8_t *left; /* of a DATA frame, not taken yet: inside of link.in */
    size_t left_length;
};

/* Starts connecting. @path and @events must live as long. */
void pane_link_open(struct pane_link *link, struct loop *loop, const char *path,
                    const struct console_attach *attach, const struct pane_link_events *events);
void pane_link_close(struct pane_link *link);

/* Attaches anew, after OVER. */
void pane_link_again(struct pane_link *link);

/* Sends what is typed. False: it isn't attached, or too much waits already; nothing is sent. */
bool pane_link_type(struct pane_link *link, const void *bytes, size_t length);

/* Tells the size of the terminal. */
void pane_link_window(struct pane_link *link, int columns, int rows);

#endif
