/* SPDX-License-Identifier: MIT */
/*
 * Spin locks, and their order.
 *
 * The hypervisor is not preempted, and its interrupt handlers take no lock:
 * they record what happened, and softirqs act on it (softirq.h). So a lock needs
 * no interrupt-disabling variant, and a CPU that waits for a lock still answers
 * IPIs.
 *
 * A lock may be taken only while every lock held is of a lower order; debug
 * builds check it. Locks of one order nest only by spin_lock_nested (two
 * domains' locks: the lower domid first).
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include <hv/types.h>

enum lock_order {
    LOCK_NONE,
    LOCK_DOMAIN_IDS,  /* who takes a free number for a domain */
    LOCK_DOMAIN,      /* domain.lock: lifecycle, vCPU set-up */
    LOCK_PCI,         /* the PCI device list, config space */
    LOCK_IRQ_ROUTE,   /* vIOAPIC, interrupt routing */
    LOCK_EVTCHN,      /* event_lock of a domain: port allocation and binding */
    LOCK_GRANT,       /* a grant table */
    LOCK_P2M,         /* a domain's p2m */
    LOCK_PAGE_OWNER,  /* a domain's page accounting */
    LOCK_EVTCHN_PORT, /* one event channel's state */
    LOCK_EVTCHN_FIFO, /* one vCPU's FIFO event queues */
    LOCK_VLAPIC,      /* a vLAPIC's slow-path state */
    LOCK_SCHED,       /* a run queue */
    LOCK_SCHED_DOM,   /* what a domain's vCPUs share in the scheduler */
    LOCK_TIMER,       /* a CPU's timers */
    LOCK_GRACE,       /* what waits for a grace period */
    LOCK_IRQ_DESC,    /* a host interrupt line, IO-APIC registers */
    LOCK_VMAP,        /* the hypervisor's own mappings */
    LOCK_PAGE_ALLOC,  /* free lists */
    LOCK_DEBUG_LINE,  /* a domain's debug output */
    LOCK_LOG,         /* log ring and console: last, so that every holder may log */
};

typedef struct {
    uint32_t next, owner; /* a ticket lock */
#if DEBUG
    uint8_t order;
#endif
} spinlock_t;

#if DEBUG
#define SPINLOCK_INIT(ord)                                                                         \
    {                                                                                              \
        .order = (ord)                                                                             \
    }
#else
#define SPINLOCK_INIT(ord)                                                                         \
    {                                                                                              \
        0                                                                                          \
    }
#endif

static inline void spin_lock_init(spinlock_t *l, enum lock_order order)
{
    *l = (spinlock_t)SPINLOCK_INIT(order);
}

void spin_lock(spinlock_t *l);
/* For the second lock of the same order. */
void spin_lock_nested(spinlock_t *l);
bool spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
bool spin_is_locked(const spinlock_t *l);

#endif
