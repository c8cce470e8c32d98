/* SPDX-License-Identifier: MIT */
/*
 * The event loop of the full-screen shell: file descriptors, timers, and calls from other threads.
 * Everything but loop_call() belongs to the thread that runs it.
 */
#ifndef SHELL_LOOP_H
#define SHELL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;

typedef void loop_fd_fn(void *arg, short revents);
typedef void loop_fn(void *arg);

struct loop *loop_new(void);
/* Watches and timers that are left go with it, and calls that were not made. */
void loop_free(struct loop *loop);

/* Calls @fn when poll(2) has one of @events (or an error). */
struct loop_fd *loop_add_fd(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg);
/* 0 stops watching, but for errors; -1: those, too. */
void loop_fd_events(struct loop_fd *watch, short events);
/* From callbacks, too; does not close it. NULL is allowed. */
void loop_remove_fd(struct loop *loop, struct loop_fd *watch);

/* A timer, which is not running. */
struct loop_timer *loop_add_timer(struct loop *loop, loop_fn *fn, void *arg);
/* Runs it once, @ms from now; negative: not at all. */
void loop_timer_set(struct loop_timer *timer, int64_t ms);
bool loop_timer_running(const struct loop_timer *timer);
void loop_remove_timer(struct loop *loop, struct loop_timer *timer);

/* From any thread: makes the loop's thread call @fn soon. Calls are made in their order. */
void loop_call(struct loop *loop, loop_fn *fn, void *arg);

/* Called before each wait, to draw what has changed. */
void loop_set_idle(struct loop *loop, loop_fn *fn, void *arg);

/* Until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Waits at most @ms for something, and handles it: for tests. */
void loop_step(struct loop *loop, int ms);

/* Nanoseconds of the steady clock. */
uint64_t loop_clock_ns(void);

#endif
