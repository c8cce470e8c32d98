/* SPDX-License-Identifier: MIT */
#include "sampler.h"
#include "shell.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* For a call of the library that may not return: its back-end hangs. */
enum { PATIENCE_S = 2 };

struct sampler {
    struct loop *loop;
    unsigned refresh_ms;
    sampler_fn *fn;
    void *arg;
    pthread_t thread;

    struct sample *taken; /* the thread's: the last one, which may be on the screen, too */
    struct sample *shown; /* the loop's */

    pthread_mutex_t lock; /* of what is below */
    pthread_cond_t changed;
    bool stop, kicked;
    bool waiting; /* for the loop to take the last one: it gets no more until then */
    struct sample_wanted wanted;
};

/* On the loop's thread. */
static void deliver(void *arg)
{
    struct sampler *sampler = arg;
    struct sample *before = sampler->shown;

    sampler->shown = sampler->taken;
    sampler->fn(sampler->arg, sampler->shown);
    sample_free(before);
    pthread_mutex_lock(&sampler->lock);
    sampler->waiting = false;
    pthread_cond_signal(&sampler->changed);
    pthread_mutex_unlock(&sampler->lock);
}

static void wait_turn(struct sampler *sampler)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += sampler->refresh_ms / 1000;
    until.tv_nsec += (long)(sampler->refresh_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (!sampler->stop && !sampler->kicked)
        if (pthread_cond_timedwait(&sampler->changed, &sampler->lock, &until) == ETIMEDOUT)
            break;
    while (!sampler->stop && sampler->waiting)
        pthread_cond_wait(&sampler->changed, &sampler->lock);
    sampler->kicked = false;
}

static void *run(void *arg)
{
    struct sampler *sampler = arg;
    pando_t *pando = NULL;
    uint32_t cursor = 0;

    pthread_mutex_lock(&sampler->lock);
    while (!sampler->stop) {
        struct sample_wanted wanted = sampler->wanted;
        pthread_mutex_unlock(&sampler->lock);
        if (!pando)
            pando = pando_open();
        sampler->taken = pando ? sample_take(pando, sampler->taken, &wanted, &cursor)
                               : sample_failed(pando_error_text(NULL));
        pthread_mutex_lock(&sampler->lock);
        sampler->waiting = true;
        loop_call(sampler->loop, deliver, sampler);
        wait_turn(sampler);
    }
    pthread_mutex_unlock(&sampler->lock);
    pando_close(pando);
    return NULL;
}

struct sampler *sampler_start(struct loop *loop, unsigned refresh_ms, sampler_fn *fn, void *arg)
{
    struct sampler *sampler = shell_need(calloc(1, sizeof(*sampler)));
    pthread_condattr_t attributes;

    *sampler = (struct sampler){ .loop = loop, .refresh_ms = refresh_ms, .fn = fn, .arg = arg };
    pthread_mutex_init(&sampler->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sampler->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&sampler->thread, NULL, run, sampler))
        shell_out_of_memory();
    return sampler;
}

bool sampler_stop(struct sampler *sampler)
{
    struct timespec until;

    pthread_mutex_lock(&sampler->lock);
    sampler->stop = true;
    pthread_cond_signal(&sampler->changed);
    pthread_mutex_unlock(&sampler->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    if (pthread_timedjoin_np(sampler->thread, NULL, &until)) {
        pthread_detach(sampler->thread);
        return false;
    }
    if (sampler->taken != sampler->shown)
        sample_free(sampler->taken);
    sample_free(sampler->shown);
    pthread_cond_destroy(&sampler->changed);
    pthread_mutex_destroy(&sampler->lock);
    free(sampler);
    return true;
}

void sampler_want(struct sampler *sampler, const struct sample_wanted *wanted)
{
    pthread_mutex_lock(&sampler->lock);
    sampler->wanted = *wanted;
    pthread_mutex_unlock(&sampler->lock);
}

void sampler_kick(struct sampler *sampler)
{
    pthread_mutex_lock(&sampler->lock);
    sampler->kicked = true;
    pthread_cond_signal(&sampler->changed);
    pthread_mutex_unlock(&sampler->lock);
}
