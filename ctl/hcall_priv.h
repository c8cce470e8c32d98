/* SPDX-License-Identifier: MIT */
/* Inside of hcall*.c. */
#ifndef PANDO_HCALL_PRIV_H
#define PANDO_HCALL_PRIV_H

#include <pthread.h>

#include "hcall.h"

#define HCALL_CACHE      8           /* spare buffers of one page */
#define HCALL_BUFFER_MAX (64u << 20) /* bytes: more is a mistake of the caller */

struct hcall {
    int privcmd;
    int buffers; /* /dev/xen/hypercall, or -1 */
    int gntdev;  /* -1: not opened yet */
    pthread_mutex_t lock;
    void *cache[HCALL_CACHE];
    unsigned int cached;
};

long hcall_raw(struct hcall *hcall, unsigned int number, uint64_t arg0, uint64_t arg1,
               uint64_t arg2);

#endif
