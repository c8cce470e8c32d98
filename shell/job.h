/* SPDX-License-Identifier: MIT */
/*
 * A command that runs beside the screen: in a thread of its own, with a shell and a handle of its
 * own. What it writes is handed to the loop's thread.
 */
#ifndef SHELL_JOB_H
#define SHELL_JOB_H

#include <time.h>

#include "loop.h"
#include "shell.h"

struct job;

struct job_progress {
    bool known; /* the command tells how far it is */
    char step[64];
    unsigned done, total;
};

struct job_events { /* called on the loop's thread */
    void *arg;
    void (*output)(void *arg, struct job *job, bool error, const char *text, size_t length);
    void (*progress)(void *arg, struct job *job);
    void (*console)(void *arg, const struct console_request *request);
    void (*show)(void *arg, const char *screen, const char *guest); /* @guest: "" for none */
    void (*layout)(void *arg, const char *action, const char *name);
    void (*done)(void *arg, struct job *job); /* the job is freed after it */
};

/* Runs a line. The caller has it until done() is called. */
struct job *job_start(struct loop *loop, const char *line, const struct job_events *events);

/* Asks the command to end; it does where it waits for something. */
void job_cancel(struct job *job);

unsigned job_number(const struct job *job);
const char *job_line(const struct job *job);
const struct job_progress *job_progress(const struct job *job);
double job_seconds(const struct job *job); /* that it has run */
bool job_cancelled(const struct job *job);
int job_status(const struct job *job);      /* enum shell_exit, in done() */
bool job_wants_quit(const struct job *job); /* it was `quit` */

/* "12/20 memory  3.1/s  2 s left": into @buffer. */
void job_describe(const struct job *job, char *buffer, size_t size);

#endif
