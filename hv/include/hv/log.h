/* SPDX-License-Identifier: MIT */
/* The log ring, the console behind it, and the end of the world. */
#ifndef HV_LOG_H
#define HV_LOG_H

#include <hv/types.h>

struct domain;

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* One line (or a part of one) to the log ring and, up to the chosen level, the console. */
void log_printf(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_error(...)   log_printf(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_printf(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_printf(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_printf(LOG_DEBUG, __VA_ARGS__)

/*
 * A guest's mistakes are logged at a bounded rate per domain. Prefixes "dN: ". An
 * unprivileged domain's lines wait for the console; what is too much is left out, and counted.
 */
void log_domain(struct domain *d, enum log_level level, const char *fmt, ...) __printf(3, 4);

/*
 * Pando's own invariant is broken: prints, with a backtrace, and stops the
 * machine. Nothing that a guest, a tool or a file says may lead here.
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define BUG_ON(cond)                                                                               \
    do {                                                                                           \
        if (unlikely(cond))                                                                        \
            panic("%s:%d: %s", __FILE__, __LINE__, #cond);                                         \
    } while (0)

#if DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#else
#define ASSERT(cond) ((void)sizeof(cond))
#endif

#endif
