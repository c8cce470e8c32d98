/* SPDX-License-Identifier: MIT */
/*
 * The terminal while a console is attached to it: raw, and restored whatever happens.
 *
 * There is one terminal in a process, so this has one state. Between terminal_enter() and
 * terminal_leave() the signals named below are caught; a signal that kills the process, its exit()
 * and a stop by SIGTSTP restore the terminal too.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Catches SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH, and makes standard input
 * raw if it is a terminal. *waiting is the signal mask for ppoll(): they come only there. */
void terminal_enter(sigset_t *waiting);

/* Restores terminal, signal handlers and mask. Signals that terminal_signal() has returned are sent
 * again, to the handlers from before. */
void terminal_leave(void);

/* The signal that asks to end, or 0. Also handles what stop and continue need. */
int terminal_signal(void);

/* Whether input is a terminal, which then is raw, and whether output is one. */
bool terminal_has_input(void);
bool terminal_has_output(void);

/* The size of the terminal; false if there is none, or it is the same as the last time. */
bool terminal_size(uint16_t *columns, uint16_t *rows);

#endif
