/* SPDX-License-Identifier: MIT */
/* The log and panic of a unit test: lines to standard error when TEST_LOG is set. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <hv/log.h>

static void print(const char *fmt, va_list ap)
{
    if (getenv("TEST_LOG"))
        vfprintf(stderr, fmt, ap);
}

void log_printf(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print(fmt, ap);
    va_end(ap);
}

void log_domain(struct domain *d, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print(fmt, ap);
    va_end(ap);
}

/* A test that expects panic gives its own in place of this file. */
void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}
