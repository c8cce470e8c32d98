/* SPDX-License-Identifier: MIT */
/* Between the files of the credit scheduler; sched_credit.c says how it works. */
#ifndef CORE_SCHED_CREDIT_H
#define CORE_SCHED_CREDIT_H

#include <hv/list.h>
#include <hv/sched.h>
#include <hv/tree.h>

#define CREDIT_WEIGHT  256      /* unless told */
#define CREDIT_MAX_LAG MSEC(20) /* nobody is owed more, or owes more, on another CPU */
#define CREDIT_PERIOD  MSEC(10) /* a cap is obeyed within this */
#define CREDIT_HOMESICK                                                                            \
    USEC(500) /* so long one waits before a CPU that it does not like takes it */

/* The algorithm's part of a pool. */
struct credit_pool {
    uint64_t slice, ratelimit; /* ns */
    uint64_t migrate_delay;    /* ns that one must have waited before a busy CPU takes it over */
    /* Of CPUs; atomic. */
    uint64_t idle[CPU_WORDS];
    uint64_t waiting[CPU_WORDS]; /* with vCPUs in the queue */
    uint64_t lazy[CPU_WORDS];    /* busy, and will not look around by themselves */
};

struct credit_domain {
    spinlock_t lock; /* LOCK_SCHED_DOM: */
    uint16_t weight, cap;
    int64_t budget;          /* ns; what all its vCPUs may use until .refilled + a period */
    uint64_t refilled;       /* ns */
    struct list_head parked; /* those that wait for it, by .parked_link */
    struct timer refill;
};

struct credit_vcpu {
    struct tree_node node; /* in a queue, by .deadline */
    uint64_t min_vtime;    /* of it and all below */
    uint64_t may_below[CPU_WORDS], likes_below[CPU_WORDS];

    struct vcpu *vcpu;
    struct credit_domain *domain;
    uint64_t vtime; /* service in virtual time */
    uint64_t deadline;
    uint64_t may[CPU_WORDS], likes[CPU_WORDS]; /* sched_effective_affinity */
    uint64_t queued_at;
    int64_t granted; /* of its domain's budget, that it has not used yet */
    uint32_t weight;
    uint32_t swap_to; /* the CPU that it changes places on, + 1 */
    bool queued, parked;
    bool out_of_budget; /* to be parked when it has left its CPU */
    struct list_head parked_link;
};

struct credit_cpu {
    spinlock_t lock;
    struct tree queue;
    unsigned int nr_queued;
    uint64_t load;                /* sum of the weights in the queue */
    uint64_t base;                /* virtual time from which .sum counts */
    int64_t sum;                  /* of weight * (vtime - base) in the queue */
    struct credit_vcpu *running;  /* NULL: none, or it is just leaving */
    uint64_t charged;             /* up to then */
    uint64_t since;               /* when its turn began */
    struct credit_vcpu *favoured; /* goes next */
    bool preempt;                 /* one that woke up should go before the one that runs */
    bool yielded, is_lazy;
    unsigned int id;
    unsigned int survey; /* how far off is the first CPU that it compares itself with */
    struct credit_pool *pool;
    /* For other CPUs, without the lock. */
    uint64_t now_virtual, load_there;
    uint64_t may_waiting[CPU_WORDS], likes_waiting[CPU_WORDS];
};

#define VTIME_SHIFT 10 /* of a vCPU of weight 1, 2^10 a nanosecond */

static inline uint64_t vtime_of(uint64_t ns, uint32_t weight)
{
    return (ns << VTIME_SHIFT) / weight;
}

static inline uint64_t later_vtime(uint64_t a, uint64_t b)
{
    return tree_before(a, b) ? b : a;
}

static inline struct credit_vcpu *credit_of(const struct vcpu *v)
{
    return v->sched_data;
}

static inline struct credit_cpu *credit_cpu(const struct cpu *c)
{
    return c->sched_data;
}

static inline struct credit_vcpu *credit_of_node(struct tree_node *n)
{
    return n ? container_of(n, struct credit_vcpu, node) : NULL;
}

/* sched_credit.c. With the queue's lock. */
void credit_queue_update(struct tree_node *n);
void credit_charge_running(struct credit_cpu *cc, uint64_t now);
uint64_t credit_virtual_now(const struct credit_cpu *cc);
/* @f, in no queue, comes to @cc, with the place among others that is its due. */
void credit_arrive(struct credit_cpu *cc, struct credit_vcpu *f, uint64_t now, bool woken);
void credit_enqueue(struct credit_cpu *cc, struct credit_vcpu *f, uint64_t now);
void credit_dequeue(struct credit_cpu *cc, struct credit_vcpu *f);
void credit_publish(struct credit_cpu *cc);
/* Of the queue and @stays (or NULL) the one to go next, if its virtual time is that; or NULL. */
const struct credit_vcpu *credit_best(const struct credit_cpu *cc, const struct credit_vcpu *stays,
                                      uint64_t virtual);
/* Takes the lock. */
struct credit_cpu *credit_lock_queue(struct vcpu *v);

/* sched_credit_place.c */
/* Runnable, in no queue, not running. Lock of @cc held; comes back unlocked. */
void credit_place(struct vcpu *v, struct credit_cpu *cc, bool woken);
/* Something to run for @cc that has nothing: it is in its queue then. */
bool credit_steal(struct credit_cpu *cc, uint64_t now, uint64_t *look_again);
/* Takes over one that is served worse than those here. */
void credit_balance(struct credit_cpu *cc, const struct credit_vcpu *stays, uint64_t now);
/* One that was alone for long enough has nothing to be owed for. */
void credit_forget_lag(struct credit_cpu *cc, uint64_t virtual);
/* The virtual time of @cc and those around it. */
uint64_t credit_common_virtual(const struct credit_cpu *cc);
/* There is a CPU that it likes better than @cc, and that can be had. */
bool credit_finds_home(struct credit_cpu *cc, struct credit_vcpu *f);
bool credit_others_wait(const struct credit_cpu *cc);
void credit_wake_lazy(struct credit_cpu *cc);

/* sched_credit_cap.c */
/* Something to run on, if there is; else it must be parked. Queue's lock held. */
bool credit_budget_take(struct credit_vcpu *f, uint64_t now);
void credit_budget_return(struct credit_vcpu *f);
void credit_park(struct credit_vcpu *f, uint64_t now);
void credit_unpark(struct credit_vcpu *f);
int credit_domain_init(struct domain *d);
void credit_domain_destroy(struct domain *d);
int credit_domain_op(struct domain *d, struct xen_domctl_scheduler_op *op, bool *copyback);
int credit_pool_op(struct sched_pool *p, struct xen_sysctl_scheduler_op *op, bool *copyback);

#endif
