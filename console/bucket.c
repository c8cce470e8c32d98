/* SPDX-License-Identifier: MIT */
#include "bucket.h"

#define NS_PER_S 1000000000ull

/* The time, rounded up, in which @tokens come. */
static uint64_t time_of(const struct bucket *bucket, uint64_t tokens)
{
    unsigned __int128 product = (unsigned __int128)tokens * NS_PER_S;

    return (uint64_t)((product + bucket->rate - 1) / bucket->rate);
}

void bucket_init(struct bucket *bucket, uint64_t rate, uint64_t burst, uint64_t now)
{
    *bucket = (struct bucket){ .rate = rate, .burst = burst, .level = burst, .time = now };
}

uint64_t bucket_level(struct bucket *bucket, uint64_t now)
{
    uint64_t missing = bucket->burst - bucket->level, passed, tokens;

    if (now <= bucket->time) {
        return bucket->level;
    }
    passed = now - bucket->time;
    /* Also keeps the product below in range. */
    if (passed / NS_PER_S > missing / bucket->rate) {
        bucket->level = bucket->burst;
        bucket->time = now;
        return bucket->level;
    }
    tokens = (uint64_t)((unsigned __int128)passed * bucket->rate / NS_PER_S);
    if (tokens >= missing) {
        bucket->level = bucket->burst;
        bucket->time = now;
    } else {
        bucket->level += tokens;
        /* The part of a token that has not come yet stays in the time; rounded up, so that asking
         * often never gives more than the rate. */
        bucket->time += time_of(bucket, tokens);
    }
    return bucket->level;
}

void bucket_take(struct bucket *bucket, uint64_t tokens)
{
    bucket->level -= tokens < bucket->level ? tokens : bucket->level;
}

uint64_t bucket_wait(struct bucket *bucket, uint64_t tokens, uint64_t now)
{
    uint64_t level = bucket_level(bucket, now), time;

    if (tokens > bucket->burst) {
        tokens = bucket->burst;
    }
    if (level >= tokens) {
        return 0;
    }
    time = bucket->time + time_of(bucket, tokens - level);
    return time > now ? time - now : 1;
}
