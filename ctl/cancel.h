/* SPDX-License-Identifier: MIT */
/* Inside of the library: whether an operation that takes long is still wanted. */
#ifndef PANDO_CANCEL_H
#define PANDO_CANCEL_H

#include <stdbool.h>
#include <stddef.h>

struct cancel {
    bool (*asked)(void *arg); /* NULL: never */
    void *arg;
};

/* @cancel may be NULL. */
static inline bool cancel_asked(const struct cancel *cancel)
{
    return cancel && cancel->asked && cancel->asked(cancel->arg);
}

#endif
