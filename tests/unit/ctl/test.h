/* SPDX-License-Identifier: MIT */
/* What every test of the control library includes. */
#ifndef CTL_TEST_H
#define CTL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A generator that gives the same numbers in every run (xorshift). */
static inline uint32_t test_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
