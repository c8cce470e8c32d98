/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "util.h"

#define EVENTS_AT_ONCE 64

void loop_init(struct loop *loop)
{
    loop->fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->fd < 0) {
        die("epoll_create1: %s", strerror(errno));
    }
}

static void control(struct loop *loop, int operation, struct source *source, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = source };

    if (epoll_ctl(loop->fd, operation, source->fd, &event) < 0) {
        die("epoll_ctl of descriptor %d: %s", source->fd, strerror(errno));
    }
    source->events = events;
}

void loop_add(struct loop *loop, struct source *source, uint32_t events)
{
    control(loop, EPOLL_CTL_ADD, source, events);
}

void loop_set(struct loop *loop, struct source *source, uint32_t events)
{
    if (source->events != events) {
        control(loop, EPOLL_CTL_MOD, source, events);
    }
}

void loop_remove(struct loop *loop, struct source *source)
{
    control(loop, EPOLL_CTL_DEL, source, 0);
}

void loop_run(struct loop *loop, int timeout_ms)
{
    struct epoll_event event[EVENTS_AT_ONCE];
    int count = epoll_wait(loop->fd, event, EVENTS_AT_ONCE, timeout_ms);

    if (count < 0 && errno != EINTR) {
        die("epoll_wait: %s", strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        struct source *source = event[i].data.ptr;

        source->handle(source, event[i].events);
    }
}
