/* SPDX-License-Identifier: MIT */
/*
 * The event loop: file descriptors and what is to be called for them.
 */
#ifndef STORED_LOOP_H
#define STORED_LOOP_H

#include <stdint.h>

struct source {
    int fd;
    void (*handle)(struct source *source, uint32_t events); /* EPOLL* */
    void *context;
    uint32_t events; /* asked for */
};

struct loop {
    int fd;
};

/* All of these end the daemon if the kernel refuses. */
void loop_init(struct loop *loop);
void loop_add(struct loop *loop, struct source *source, uint32_t events);
void loop_set(struct loop *loop, struct source *source, uint32_t events);
void loop_remove(struct loop *loop, struct source *source);

/*
 * Waits up to @timeout_ms (-1: for ever) and handles what there is. A handler must not remove
 * sources.
 */
void loop_run(struct loop *loop, int timeout_ms);

#endif
