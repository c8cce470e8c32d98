/* SPDX-License-Identifier: MIT */
/* The parts of do_memory_op (memory_op.c is its table). */
#ifndef CORE_MEMORY_INTERNAL_H
#define CORE_MEMORY_INTERNAL_H

#include <hv/hypercall.h>
#include <hv/p2m.h>

/*
 * A preempted operation is called again with how far it came in the upper bits
 * of cmd; callers of the interface leave them 0.
 */
#define MEMOP_BITS             6
#define MEMOP_MASK             ((1UL << MEMOP_BITS) - 1)
#define MEMOP_START(cmd)       ((cmd) >> MEMOP_BITS)
#define MEMOP_CONTINUE(op, nr) ((op) | (uint64_t)(nr) << MEMOP_BITS)

typedef XEN_GUEST_HANDLE(void) memory_arg_t;

/*
 * The domain that a call is about, referenced: the caller's own, or one that it
 * controls. -ESRCH (also while it is being taken apart), -EPERM.
 */
int memory_target_get(domid_t domid, struct domain **d);

/* What was taken out of a p2m; given back after one flush for all of it. */
#define RELEASE_MAX        64
#define RELEASE_MAX_FRAMES 1024
struct release {
    struct domain *d;
    unsigned int nr, frames;
    struct {
        mfn_t m;
        unsigned int order;
        enum p2m_type t;
    } item[RELEASE_MAX];
};

static inline void release_init(struct release *r, struct domain *d)
{
    r->d = d;
    r->nr = r->frames = 0;
}

/* p2m_take, and notes what is to be given back; flushes when it is full. */
int release_take(struct release *r, gfn_t g, unsigned int order, unsigned int types);
void release_all(struct release *r);

/* memory_reservation.c: these return how many extents are done, or -ERESTART */
long memory_populate(unsigned long cmd, memory_arg_t arg);
long memory_decrease(unsigned long cmd, memory_arg_t arg);
long memory_increase(unsigned long cmd, memory_arg_t arg);

/* memory_physmap.c */
long memory_add_to_physmap(unsigned long cmd, memory_arg_t arg);
long memory_add_to_physmap_batch(unsigned long cmd, memory_arg_t arg);
long memory_remove_from_physmap(memory_arg_t arg);
long memory_acquire_resource(unsigned long cmd, memory_arg_t arg);

/* memory_info.c */
long memory_of_domain(unsigned long cmd, memory_arg_t arg);
long memory_pod_target(unsigned long cmd, memory_arg_t arg);
long memory_claim_pages(memory_arg_t arg);
long memory_vnuma(memory_arg_t arg);
long memory_reserved_device_map(memory_arg_t arg);

#endif
