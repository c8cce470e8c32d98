/* SPDX-License-Identifier: MIT */
/*
 * Grace periods: the end of what other CPUs may be looking at without a reference.
 *
 * A CPU keeps pointers only as long as it does one thing: a hypercall, another exit, a
 * softirq. Whoever frees what others can come by without a reference (the vCPU that is
 * current on a CPU, its domain) makes it unreachable first, and frees it after each CPU
 * has been at the beginning of a softirq once.
 */
#ifndef HV_GRACE_H
#define HV_GRACE_H

#include <hv/list.h>

struct grace {
    struct list_head link;
    uint64_t number;
    void (*fn)(struct grace *g);
};

/* Calls @fn, in softirq context with no lock held, when the grace period from now is over. */
void grace_call(struct grace *g, void (*fn)(struct grace *g));

#endif
