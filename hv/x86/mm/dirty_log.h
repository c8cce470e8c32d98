/* SPDX-License-Identifier: MIT */
/*
 * The dirty log of a domain: a bit for each guest frame that was written since the bit was
 * taken (XEN_DOMCTL_shadow_op). Whoever sends a domain's memory elsewhere takes the bits, and
 * copies these frames once more.
 *
 * Guests' writes are noted by their nested page table, whose entries of RAM are clean or dirty
 * as the bits are (p2m_log.c): a dirty entry's bit is set, or will be before the domain's CPUs
 * are seen to have flushed. Writes of the hypervisor's own set the bit after they are done
 * (p2m_mark_dirty); so do changes of the map.
 */
#ifndef X86_MM_DIRTY_LOG_H
#define X86_MM_DIRTY_LOG_H

#include <hv/domain.h>

/* Frames that are dealt with at once: those of one table of 4 KiB entries. */
#define LOG_BLOCK       512u
#define LOG_BLOCK_WORDS (LOG_BLOCK / 64)

#define LOG_LEAF_SHIFT  15u /* log2 of the frames whose bits are in a page */
#define LOG_TOP_SHIFT   (LOG_LEAF_SHIFT + 18u)
#define LOG_ROOTS       8u

enum log_phase { LOG_ON, LOG_STARTING, LOG_READING, LOG_STOPPING };

struct dirty_log {
    void *root[LOG_ROOTS]; /* of trees: two levels of tables, then bits. NULL: none set, ever */
    uint32_t nr_faults;    /* writes that exited, since the last CLEAN; atomic */
    uint32_t nr_dirty;     /* bits set since then; atomic */

    /* Of the operation that goes on in steps; one CPU at a time (busy). */
    bool busy;
    enum log_phase phase;
    uint64_t cursor;                       /* the next frame */
    int error;                             /* STOPPING: why */
    struct xen_domctl_shadow_op reading;   /* READING: which it is */
    struct xen_domctl_shadow_op_stats was; /* READING: when it began */

    struct domain *domain; /* referenced while its end is waited for */
    struct grace grace;
};

/* --- dirty_log.c: the bits ---------------------------------------------------------------- */

/* Room for the bits of 2^@order frames from @g on; -ENOMEM. The p2m's lock is held. */
int dirty_log_cover(struct domain *d, struct dirty_log *log, uint64_t g, unsigned int order);
/* The bits of the block that @g is in; NULL: all clear. */
uint64_t *dirty_log_block(const struct dirty_log *log, uint64_t g);
/* Sets the bits of 2^@order frames from @g on, as far as they are covered. */
void dirty_log_set(struct dirty_log *log, uint64_t g, unsigned int order);
/* Frees up to *@left of its pages; false: there are more. Nobody else sees them any more. */
bool dirty_log_free_some(struct dirty_log *log, unsigned int *left);

/* --- p2m_log.c: operations on a domain, in bounded steps ------------------------------------ */

/* Each returns -ERESTART to be called again, and -ESRCH once the domain's teardown has begun. */
/* -EINVAL: it is on already, or vCPUs are still to be made; -EBUSY: it is being stopped. -ENOMEM */
int dirty_log_enable(struct domain *d);
/* 0 also if it is off already. */
int dirty_log_disable(struct domain *d);
/*
 * OP_CLEAN and OP_PEEK: the bits of op->pages frames go to op->dirty_bitmap, unless that is
 * NULL, and op->pages and stats are set. -EINVAL: it is off; -EBUSY: another operation is under
 * way. -EFAULT: what was not told is still there.
 */
int dirty_log_read(struct domain *d, struct xen_domctl_shadow_op *op);
/*
 * A guest's write to a frame of RAM met an entry that does not allow it: true if it was clean,
 * and is dirty now.
 */
bool dirty_log_fault(struct domain *d, uint64_t g);

#endif
