/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data: one struct cpu for each physical CPU, with the whole of what the
 * core keeps by CPU. The architecture's part hangs off it.
 */
#ifndef HV_PERCPU_H
#define HV_PERCPU_H

#include <hv/atomic.h>
#include <hv/lock.h>
#include <hv/types.h>

#define MAX_CPUS  256
#define MAX_NODES 64

struct vcpu;
struct heap_node;
struct timer;
struct arch_cpu;

#define PAGE_CACHE_SIZE 16

struct cpu {
    struct cpu *self;         /* at %gs:0 on x86 */
    struct vcpu *curr;        /* the vCPU whose state is loaded; NULL when idle */
    unsigned int id;          /* 0..nr_cpus-1 */
    unsigned int node;        /* NUMA node */
    uint64_t softirq_pending; /* bits of enum softirq; other CPUs set them too */

    /* page_alloc.c: free single frames, taken and given without a lock */
    unsigned int page_cache_count;
    uint32_t page_cache[PAGE_CACHE_SIZE];

    /* timer.c */
    spinlock_t timer_lock;
    struct heap_node *timers;    /* by expiry */
    struct timer *timer_running; /* whose function is being executed here; NULL: none */
    uint64_t timer_armed;        /* what the hardware is set to, ns; ~0 if off */

    uint64_t grace_seen; /* grace.c: it has been through softirqs since; atomic */

    /* sched.c */
    struct sched_pool *pool;        /* whose scheduler it obeys */
    void *sched_data;               /* that one's own */
    uint64_t idle_since, idle_time; /* ns */

    /* lock.c, debug builds: orders of the locks held, innermost last */
    unsigned int lock_depth;
    uint8_t lock_held[16];

    struct arch_cpu *arch;
};

#ifdef UNIT_TEST
struct cpu *this_cpu(void); /* the test's */
#else
static inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__("movq %%gs:0, %0" : "=r"(c));
    return c;
}
#endif

/* cpus[i] is NULL until CPU i is up. */
extern struct cpu *cpus[MAX_CPUS];
extern unsigned int nr_cpus;

#define for_each_online_cpu(i)                                                                     \
    for ((i) = 0; (i) < nr_cpus; (i)++)                                                            \
        if (cpus[i])

/* Only on a CPU whose current vCPU can't change under the caller: everywhere but idle. */
#define current (this_cpu()->curr)

#endif
