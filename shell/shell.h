/* SPDX-License-Identifier: MIT */
/* What all commands share: where they write to, the library's handle, and how they report errors.
 */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "exit.h"
#include "pando.h"

/* What a command does to the terminal, where that is shared with a screen: in full-screen mode.
 * Called on the command's thread. */
struct console_request {
    char guest[256];
    bool read_only, replay, follow;
};

struct shell_screen {
    void *arg;
    /* Opens a pane with a guest's console. */
    void (*console)(void *arg, const struct console_request *request);
    /* @done of @total parts of what the command does are done; @step is being done. @total 0: that
     * is all that is known. */
    void (*progress)(void *arg, const char *step, unsigned done, unsigned total);
    /* Shows a screen, about a guest (NULL: about the one selected). */
    void (*show)(void *arg, const char *screen, const char *guest);
    /* Keeps the panes by a name ("save"), or brings them back ("load"). */
    void (*layout)(void *arg, const char *action, const char *name);
};

struct shell {
    FILE *out, *err;
    const char *log_folder;     /* of the daemons' and the consoles' logs */
    const char *console_socket; /* consoled's; NULL: CONSOLE_SOCKET */

    bool interactive; /* at the prompt */
    bool keep_going;  /* a script goes on after a failure */
    bool quit;        /* no more lines are to be read */
    bool single;      /* the process runs this one command */

    const char *script; /* being read, NULL: none */
    unsigned line;      /* of it */

    const char *command; /* being run, NULL: none */

    const struct shell_screen *screen; /* NULL: the terminal is the command's */
    /* Runs that mode, with a screen (NULL: none in particular) about a guest (NULL: the one that is
     * selected). NULL: this program has none. */
    int (*full_screen)(struct shell *shell, const char *screen, const char *guest);

    pando_t *pando; /* see shell_pando() */
};

/* Set by Ctrl-C at the prompt while a command runs in this thread; whoever waits looks at it. */
extern _Thread_local volatile sig_atomic_t shell_interrupted;

void shell_init(struct shell *shell);
void shell_close(struct shell *shell);

/* Whether somebody watches a command at a terminal, where a line that changes shows how far it is.
 * Not where only its errors come from there: a script's lines, and the kernel's on a console, would
 * be mixed with it. */
bool shell_is_watched(const struct shell *shell);

/* The library's handle, opened at the first call. NULL after an error message. */
pando_t *shell_pando(struct shell *shell);

/* Writes "SCRIPT:LINE: COMMAND: text" or as much of it as there is. */
void shell_error(struct shell *shell, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports the library's last error, about @what (may be NULL); returns the exit code for it. */
int shell_library_error(struct shell *shell, const char *what, enum pando_code code);

/* Ends the program: a shell without memory can do nothing better. */
void shell_out_of_memory(void) __attribute__((noreturn));

/* The pointer, or shell_out_of_memory(). */
void *shell_need(void *pointer);

#endif
