/* SPDX-License-Identifier: MIT */
/*
 * A thread that takes samples, with a handle of its own, so that a store or a hypervisor that
 * doesn't answer never holds up the screen.
 */
#ifndef SHELL_SAMPLER_H
#define SHELL_SAMPLER_H

#include "loop.h"
#include "sample.h"

struct sampler;

/* Called on the loop's thread with each new sample, which stays the sampler's until the next call
 * has returned. */
typedef void sampler_fn(void *arg, const struct sample *sample);

struct sampler *sampler_start(struct loop *loop, unsigned refresh_ms, sampler_fn *fn, void *arg);

/* The samples go with it. False: its thread waits for an answer that does not come. Then it and the
 * loop stay in memory. */
bool sampler_stop(struct sampler *sampler);

/* What the next samples are to have. */
void sampler_want(struct sampler *sampler, const struct sample_wanted *wanted);

/* Takes one at once: a command has ended. */
void sampler_kick(struct sampler *sampler);

#endif
