/* SPDX-License-Identifier: MIT */
/*
 * Texts made from a corpus by a generator with a fixed start: cuts, insertions, changed bytes,
 * repetitions, words of a dictionary, halves of two texts.
 *
 * A driver does a fixed number of rounds, the same each time. FUZZ_SECONDS goes on for that long,
 * FUZZ_SEED starts elsewhere; each round has a seed of its own, which a failure prints and which
 * FUZZ_SEED takes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FUZZ_TEXT_MAX = 4096 };

struct fuzz_text {
    char *bytes; /* no NUL behind them: a byte read beyond them is noticed */
    size_t length;
};

struct fuzz_corpus {
    struct fuzz_text *list;
    size_t count;
};

/* The files in tests/fuzz/corpus/NAME; fails the test if there are none. */
void fuzz_corpus_load(struct fuzz_corpus *corpus, const char *name);
void fuzz_corpus_free(struct fuzz_corpus *corpus);

/* Calls @round that many times, or for FUZZ_SECONDS. */
void fuzz_run(unsigned rounds, void (*round)(void *arg), void *arg);

/* Says which round it was, if the tests have failed; returns @failed. */
int fuzz_end(int failed);

/* A number below @n, which is not 0. */
uint32_t fuzz_below(uint32_t n);

/* One of the texts, changed in one to eight places; to be freed. NULL ends the dictionary. */
struct fuzz_text fuzz_mutated(const struct fuzz_corpus *corpus, const char *const *dictionary);

/* Random bytes: most of them from @alphabet, the others any but NUL. A string of at most @max
 * bytes, in @text. */
void fuzz_string(char *text, size_t max, const char *alphabet);

#endif
