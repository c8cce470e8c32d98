/* SPDX-License-Identifier: MIT */
/*
 * The attach client: joins this process's terminal, or its standard input and output when those are
 * no terminal, with a guest's console, through consoled.
 */
#ifndef CONSOLE_ATTACH_H
#define CONSOLE_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

/* Ctrl-], as telnet has it. */
#define CONSOLE_ESCAPE_DEFAULT 0x1d
#define CONSOLE_ESCAPE_NONE    (-1)

/* When the guest ends: stay, and go on with its next domain of that name? */
enum console_follow {
    CONSOLE_FOLLOW_ON_TERMINAL, /* if standard input is a terminal: somebody can detach */
    CONSOLE_FOLLOW_ALWAYS,
    CONSOLE_FOLLOW_NEVER,
};

struct console_attach_options {
    bool read_only; /* only watch */
    bool no_replay; /* start with what comes next, not with the scrollback */
    enum console_follow follow;
    int escape;         /* the byte that detaches, 0..255, or CONSOLE_ESCAPE_NONE */
    const char *socket; /* consoled's; NULL for CONSOLE_SOCKET */

    /* Takes a sentence about a failure; NULL: "pando: sentence" goes to standard error. */
    void (*complain)(void *arg, const char *sentence);
    void *complain_arg;
};

/* How it ended. */
enum console_attach_result {
    CONSOLE_ATTACH_DETACHED = 0, /* by the escape key */
    CONSOLE_ATTACH_FAILED = 1,   /* consoled can't be reached, went away or talked nonsense */
    CONSOLE_ATTACH_NO_GUEST,     /* there is no such guest */
    CONSOLE_ATTACH_ENDED,        /* the guest has ended */
    CONSOLE_ATTACH_SIGNAL,       /* SIGINT, SIGTERM, SIGHUP or SIGQUIT came, and its handler
                                  * returned or it was ignored */
};

/*
 * Attaches to the console of @guest, a name, domain id or UUID, and returns an enum
 * console_attach_result when it is over. A failure has then been complained about.
 *
 * With a terminal as standard input, that is in raw mode meanwhile; it is restored before the
 * function returns, and also when the process exits or dies by a signal that can be caught. The
 * signals named above are passed on to the caller's own handlers after that. Without a terminal,
 * standard input is sent up to its end, and output goes on until the guest ends or the escape byte
 * was read.
 */
int console_attach(const char *guest, const struct console_attach_options *options);

/* A console that consoled keeps. */
struct console_info {
    uint32_t domid; /* the last one that it had, when not alive */
    bool alive;
    unsigned int clients;
    uint32_t scrollback; /* bytes */
    const char *name;    /* valid during the call */
};

/*
 * Calls @visit for each console, until it returns something else than 0. Returns 0 or a negative
 * errno: that of the connection, or -EPROTO. @socket as above.
 */
int console_list(const char *socket, int (*visit)(const struct console_info *info, void *context),
                 void *context);

#endif
