/* SPDX-License-Identifier: MIT */
/* A token bucket: how many bytes may be taken from a guest by now. Times are in ns, monotonic. */
#ifndef CONSOLE_BUCKET_H
#define CONSOLE_BUCKET_H

#include <stdint.h>

struct bucket {
    uint64_t rate;  /* tokens a second, not 0 */
    uint64_t burst; /* what it holds when full */
    uint64_t level;
    uint64_t time; /* of the level */
};

/* Starts full. */
void bucket_init(struct bucket *bucket, uint64_t rate, uint64_t burst, uint64_t now);

/* Tokens that are there. A clock that goes back counts as one that stands still. */
uint64_t bucket_level(struct bucket *bucket, uint64_t now);

/* Takes tokens, at most what is there. */
void bucket_take(struct bucket *bucket, uint64_t tokens);

/* Time from @now on until there are @tokens (at most the burst): 0 if there are now. */
uint64_t bucket_wait(struct bucket *bucket, uint64_t tokens, uint64_t now);

#endif
