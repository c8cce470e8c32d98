/* SPDX-License-Identifier: MIT */
/*
 * Guests' consoles, for commands that send to them and that wait for a text on them.
 *
 * What a guest has written is read as a text: without control sequences and control characters but
 * newline and tab. The process keeps a place in the text of each guest, which is at first where the
 * output of its present domain begins, and then where the last match ended. It is kept for the
 * guest's name, over its reboots.
 */
#ifndef SHELL_LISTEN_H
#define SHELL_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "shell.h"
#include "transcript.h"

/* False after an error message. With true, pattern_free() is due. @text is kept. */
bool pattern_init(struct shell *shell, struct pattern *pattern, const char *text, bool plain);
void pattern_free(struct pattern *pattern);

/* Where to begin with the text. */
enum listen_from {
    LISTEN_PLACE, /* behind the place */
    LISTEN_START, /* where the output of the guest's present domain begins */
    LISTEN_NOW,   /* behind the place; if there is none yet, with what comes from now on */
};

/*
 * Waits until the pattern has come on a guest's console, @from there on, until @deadline (of
 * shell_clock_ms(), negative: none), or Ctrl-C. A match is found if it is not longer than 16 KiB.
 * SHELL_OK with what has matched in *match (may be NULL), to be freed; or another code after an
 * error message that says what came instead: SHELL_TIMEOUT, SHELL_ENDED when the guest is gone.
 */
int listen_for(struct shell *shell, const char *guest, const struct pattern *pattern,
               enum listen_from from, int64_t deadline, char **match);

/* Types into a guest's console, and waits until all of it has been taken. */
int listen_type(struct shell *shell, const char *guest, const char *bytes, size_t length,
                int64_t deadline);

/* How long a guest may be gone before nothing is expected to start it again. Tests change it. */
extern int listen_patience_ms;

/* Forgets all places. */
void listen_clear(void);

#endif
