/* SPDX-License-Identifier: MIT */
/*
 * The scheduler's two faces: what the hypervisor asks of it (vcpu_wake and so
 * on), and what an algorithm provides (struct sched_ops).
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include <hv/domain.h>

/* --- asked by the hypervisor --- */

void sched_init(void);
void sched_init_cpu(unsigned int cpu);
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
uint32_t sched_current_id(void); /* XEN_SCHEDULER_* */
/* How far it is behind (ns; negative: ahead), for who looks on. False: no such thing. */
bool sched_credit(struct vcpu *v, int64_t *ns);
/* Softirq: picks and switches. */
void sched_run(void);

int do_sched_op(int cmd, XEN_GUEST_HANDLE(void) arg);

/* --- provided by an algorithm --- */

/*
 * Called by it when @v, which does not run, is or isn't runnable any more: under the lock
 * that is held where .is_running is set, too, so that nobody else changes its runstate.
 */
void sched_note_waiting(struct vcpu *v);

struct sched_decision {
    struct vcpu *vcpu; /* NULL: idle */
    uint64_t slice_ns; /* at most so long; 0: no limit */
};

struct sched_ops {
    const char *name;
    unsigned int id; /* XEN_SCHEDULER_* */
    int (*cpu_init)(struct cpu *c);
    int (*vcpu_init)(struct vcpu *v);
    void (*vcpu_destroy)(struct vcpu *v);
    /* @v became runnable (wake) or is no longer (sleep). It may be running still. */
    void (*wake)(struct vcpu *v);
    void (*sleep)(struct vcpu *v);
    void (*yield)(struct vcpu *v);
    void (*charge)(struct vcpu *v, uint64_t ns);
    int64_t (*credit)(struct vcpu *v); /* as sched_credit; or NULL */
    /* @prev (NULL: idle) ran since the last call and is runnable or not; what next on @c? */
    struct sched_decision (*pick)(struct cpu *c, struct vcpu *prev, uint64_t now);
    /* @prev's state is saved: another CPU may run it from now on. */
    void (*switched_out)(struct vcpu *prev);
};

extern const struct sched_ops sched_fair;

#endif
