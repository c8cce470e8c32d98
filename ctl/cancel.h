/* SPDX-License-Identifier: MIT */
/* Inside of the library: whether an operation that takes long is still wanted, and how far it is.
 */
#ifndef PANDO_CANCEL_H
#define PANDO_CANCEL_H

#include <stdbool.h>
#include <stddef.h>

struct cancel {
    bool (*asked)(void *arg); /* NULL: never */
    void *arg;
    /* Of what is read through, so many bytes are done, and @out have come out of it. NULL: nobody
     * wants to know. */
    void (*done)(void *arg, size_t done, size_t all, size_t out);
    void *done_arg;
};

/* @cancel may be NULL. */
static inline bool cancel_asked(const struct cancel *cancel)
{
    return cancel && cancel->asked && cancel->asked(cancel->arg);
}

#endif
