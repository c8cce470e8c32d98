/* SPDX-License-Identifier: MIT */
#include "loop.h"
#include "shell.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000 };

struct loop_fd {
    struct loop_fd *next;
    int fd;
    short events;
    bool ignored, removed;
    loop_fd_fn *fn;
    void *arg;
};

struct loop_timer {
    struct loop_timer *next;
    uint64_t due; /* 0: not running */
    bool removed;
    loop_fn *fn;
    void *arg;
};

struct call {
    struct call *next;
    loop_fn *fn;
    void *arg;
};

struct loop {
    struct loop_fd *fds;
    struct loop_timer *timers;
    bool stopped, garbage;
    loop_fn *idle;
    void *idle_arg;
    struct pollfd *polled; /* room for as many as fds */
    size_t room;

    int wake;
    pthread_mutex_t lock; /* of what is below */
    struct call *calls, **last_call;
};

uint64_t loop_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void make_calls(void *arg, short revents)
{
    struct loop *loop = arg;
    uint64_t ignored;
    if (read(loop->wake, &ignored, sizeof(ignored)) < 0)
        return;
    for (;;) {
        pthread_mutex_lock(&loop->lock);
        struct call *call = loop->calls;
        if (call) {
            loop->calls = call->next;
            if (!loop->calls)
                loop->last_call = &loop->calls;
        }
        pthread_mutex_unlock(&loop->lock);
        if (!call)
            return;
        call->fn(call->arg);
        free(call);
    }
}

struct loop *loop_new(void)
{
    struct loop *loop = shell_need(calloc(1, sizeof(*loop)));
    pthread_mutex_init(&loop->lock, NULL);
    loop->last_call = &loop->calls;
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop_add_fd(loop, loop->wake, POLLIN, make_calls, loop);
    return loop;
}

void loop_call(struct loop *loop, loop_fn *fn, void *arg)
{
    struct call *call = shell_need(malloc(sizeof(*call)));
    *call = (struct call){ .fn = fn, .arg = arg };
    pthread_mutex_lock(&loop->lock);
    *loop->last_call = call;
    loop->last_call = &call->next;
    pthread_mutex_unlock(&loop->lock);
    /* It can only fail when it is so full that the loop wakes anyway. */
    uint64_t one = 1;
    if (write(loop->wake, &one, sizeof(one)) < 0)
        return;
}

/* Callbacks may remove anything: it goes when none is running. */
static void sweep(struct loop *loop)
{
    if (!loop->garbage)
        return;
    loop->garbage = false;
    for (struct loop_fd **at = &loop->fds; *at;) {
        struct loop_fd *watch = *at;
        if (watch->removed) {
            *at = watch->next;
            free(watch);
        } else {
            at = &watch->next;
        }
    }
    for (struct loop_timer **at = &loop->timers; *at;) {
        struct loop_timer *timer = *at;
        if (timer->removed) {
            *at = timer->next;
            free(timer);
        } else {
            at = &timer->next;
        }
    }
}

void loop_free(struct loop *loop)
{
    for (struct loop_fd *watch = loop->fds; watch; watch = watch->next)
        watch->removed = true;
    for (struct loop_timer *timer = loop->timers; timer; timer = timer->next)
        timer->removed = true;
    loop->garbage = true;
    sweep(loop);
    while (loop->calls) {
        struct call *call = loop->calls;
        loop->calls = call->next;
        free(call);
    }
    close(loop->wake);
    pthread_mutex_destroy(&loop->lock);
    free(loop->polled);
    free(loop);
}

struct loop_fd *loop_add_fd(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg)
{
    struct loop_fd *watch = shell_need(calloc(1, sizeof(*watch)));
    struct loop_fd **at = &loop->fds;
    *watch = (struct loop_fd){ .fd = fd, .events = events, .fn = fn, .arg = arg };
    while (*at)
        at = &(*at)->next;
    *at = watch;
    return watch;
}

void loop_fd_events(struct loop_fd *watch, short events)
{
    watch->ignored = events < 0;
    watch->events = events < 0 ? 0 : events;
}

void loop_remove_fd(struct loop *loop, struct loop_fd *watch)
{
    if (!watch)
        return;
    watch->removed = true;
    loop->garbage = true;
}

struct loop_timer *loop_add_timer(struct loop *loop, loop_fn *fn, void *arg)
{
    struct loop_timer *timer = shell_need(calloc(1, sizeof(*timer)));
    *timer = (struct loop_timer){ .next = loop->timers, .fn = fn, .arg = arg };
    loop->timers = timer;
    return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t ms)
{
    timer->due = ms < 0 ? 0 : loop_clock_ns() + (uint64_t)ms * NS_PER_MS;
}

bool loop_timer_running(const struct loop_timer *timer)
{
    return timer->due != 0;
}

void loop_remove_timer(struct loop *loop, struct loop_timer *timer)
{
    if (!timer)
        return;
    timer->removed = true;
    loop->garbage = true;
}

void loop_set_idle(struct loop *loop, loop_fn *fn, void *arg)
{
    loop->idle = fn;
    loop->idle_arg = arg;
}

/* Milliseconds until the next timer, @most at the most (negative: for ever). */
static int next_timer(const struct loop *loop, int most)
{
    uint64_t now = loop_clock_ns();
    for (const struct loop_timer *timer = loop->timers; timer; timer = timer->next) {
        if (!timer->due || timer->removed)
            continue;
        uint64_t left = timer->due > now ? (timer->due - now + NS_PER_MS - 1) / NS_PER_MS : 0;
        if (most < 0 || left < (uint64_t)most)
            most = left > 60000 ? 60000 : (int)left;
    }
    return most;
}

static void run_timers(struct loop *loop)
{
    uint64_t now = loop_clock_ns();
    for (struct loop_timer *timer = loop->timers; timer; timer = timer->next)
        if (timer->due && timer->due <= now && !timer->removed) {
            timer->due = 0;
            timer->fn(timer->arg);
        }
}

void loop_step(struct loop *loop, int ms)
{
    size_t count = 0;

    if (loop->idle)
        loop->idle(loop->idle_arg);
    sweep(loop);
    for (struct loop_fd *watch = loop->fds; watch; watch = watch->next)
        count++;
    if (count > loop->room) {
        loop->polled = shell_need(realloc(loop->polled, count * sizeof(*loop->polled)));
        loop->room = count;
    }
    size_t i = 0;
    for (struct loop_fd *watch = loop->fds; watch; watch = watch->next)
        loop->polled[i++] =
            (struct pollfd){ .fd = watch->ignored ? -1 : watch->fd, .events = watch->events };
    if (poll(loop->polled, count, next_timer(loop, ms)) > 0) {
        /* Watches added meanwhile come behind these. */
        i = 0;
        for (struct loop_fd *watch = loop->fds; i < count; watch = watch->next, i++)
            if (loop->polled[i].revents && !watch->removed)
                watch->fn(watch->arg, loop->polled[i].revents);
    }
    run_timers(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        loop_step(loop, -1);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
