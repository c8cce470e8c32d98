/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's two faces: what the hypervisor asks of it (vcpu_wake and so
 * on), and what an algorithm provides (struct sched_ops).
 *
 * A pool is a set of CPUs with one algorithm and the domains that it serves. Nothing of an
 * algorithm is outside of its pool's, CPUs', domains' and vCPUs' data, so that several pools
 * can be there at once.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include <hv/domain.h>

#define CPU_WORDS (MAX_CPUS / 64)

struct sched_pool {
    unsigned int id;
    const struct sched_ops *ops;
    void *data;               /* the algorithm's */
    uint64_t cpus[CPU_WORDS]; /* those that it has; atomic */
};

/* --- asked by the hypervisor --- */

/* Boot: pool 0, with the algorithm that the command line asks for. */
void sched_init(void);
void sched_init_cpu(unsigned int cpu);
/* The pool with that number; NULL: none. */
struct sched_pool *sched_pool_find(unsigned int id);
/* @d becomes one of pool 0's. 0 or -ENOMEM. */
int sched_domain_init(struct domain *d);
void sched_domain_destroy(struct domain *d);
int sched_vcpu_init(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);

/* Its pause or blocked state changed: make it run, or not. */
void vcpu_wake(struct vcpu *v);
/* No longer runnable: off its CPU soon (the _sync form waits until it is). */
void vcpu_sleep(struct vcpu *v);
void vcpu_sleep_sync(struct vcpu *v);
/* The calling vCPU gives way, or waits for an event. */
void vcpu_yield(void);
void vcpu_block(void);

/*
 * This CPU spent @ns in softirq context for @v (its timers): @v pays for it, not the one
 * that runs here.
 */
void sched_charge(struct vcpu *v, uint64_t ns);

/* Its affinities were changed: off a CPU where it may not be any more. */
void sched_affinity_changed(struct vcpu *v);
/*
 * How far it is behind what it is entitled to (ns; negative: ahead), for who looks on; with a
 * budget: what is left of it. False: there is no such thing.
 */
bool sched_credit(struct vcpu *v, int64_t *ns);
/* Softirq: picks and switches. */
void sched_run(void);

int do_sched_op(int cmd, XEN_GUEST_HANDLE(void) arg);
/*
 * XEN_DOMCTL_scheduler_op and XEN_SYSCTL_scheduler_op: -EINVAL, and nothing is changed, if
 * parameters are out of range or another scheduler's.
 */
int sched_domain_op(struct domain *d, struct xen_domctl_scheduler_op *op, bool *copyback);
int sched_pool_op(struct xen_sysctl_scheduler_op *op, bool *copyback);

/* --- provided by an algorithm --- */

/*
 * Called by it when @v, which does not run, is or isn't runnable any more: under the lock
 * that is held where .is_running is set, too, so that nobody else changes its runstate.
 */
void sched_note_waiting(struct vcpu *v);

struct sched_decision {
    struct vcpu *vcpu; /* NULL: idle */
    uint64_t slice_ns; /* ask again after so long; 0: not before something happens */
};

/* Those that return int: 0, or a negative error. */
struct sched_ops {
    const char *name;
    unsigned int id; /* XEN_SCHEDULER_* */

    int (*pool_init)(struct sched_pool *p);
    /* @c, which is in @p->cpus, is idle, and called from nowhere else. */
    int (*cpu_init)(struct sched_pool *p, struct cpu *c);
    int (*domain_init)(struct domain *d);
    void (*domain_destroy)(struct domain *d);
    int (*vcpu_init)(struct vcpu *v); /* chooses .cpu */
    void (*vcpu_destroy)(struct vcpu *v);

    /* @v became runnable (wake) or is no longer (sleep). It may be running still. */
    void (*wake)(struct vcpu *v);
    void (*sleep)(struct vcpu *v);
    void (*yield)(struct vcpu *v); /* the current one; SOFTIRQ_SCHEDULE follows */
    void (*charge)(struct vcpu *v, uint64_t ns);
    void (*affinity)(struct vcpu *v);  /* as sched_affinity_changed */
    int64_t (*credit)(struct vcpu *v); /* as sched_credit; or NULL */
    /* @prev (NULL: idle) ran since the last call and is runnable or not; what next on @c? */
    struct sched_decision (*pick)(struct cpu *c, struct vcpu *prev, uint64_t now);
    /* @prev's state is saved: another CPU may run it from now on. */
    void (*switched_out)(struct vcpu *prev);

    /* As sched_domain_op and sched_pool_op, which have compared .sched_id. */
    int (*domain_op)(struct domain *d, struct xen_domctl_scheduler_op *op, bool *copyback);
    int (*pool_op)(struct sched_pool *p, struct xen_sysctl_scheduler_op *op, bool *copyback);
};

/* Where @v may run in its pool, and which of these CPUs it prefers: none of them is empty. */
void sched_effective_affinity(const struct vcpu *v, uint64_t *may, uint64_t *likes);

extern const struct sched_ops sched_credit_ops, sched_rtds_ops, sched_null_ops;

#endif
