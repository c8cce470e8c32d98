/* SPDX-License-Identifier: MIT */
/*
 * Some CPUs and a clock for the real life cycle of domains: domain.c, vcpu.c, sched.c,
 * timer.c and grace.c. One thread plays all CPUs in turn. What it is asked to do, it counts.
 */
#ifndef UNIT_FAKE_HOST_H
#define UNIT_FAKE_HOST_H

#include <hv/domain.h>

#define FAKE_CPUS 4

extern uint64_t fake_now;                               /* ns */
extern unsigned int fake_virqs;                         /* VIRQ_DOM_EXC raised */
extern unsigned int fake_live_objects;                  /* of hv_alloc */
extern int fake_arch_domain_error;                      /* what arch_domain_create returns */
extern unsigned int fake_timer_virqs;                   /* VIRQ_TIMER raised */
extern void (*fake_on_domain_create)(struct domain *d); /* called in arch_domain_create */

extern void (*fake_on_copy)(void);    /* called before each copy to a guest */
extern unsigned int fake_p2m_steps;   /* times that the p2m's end asks to be called again */
extern unsigned int fake_evtchn_ends; /* calls of evtchn_domain_destroy */

/* Anew, with @nr CPUs and dom0, which has one vCPU that never runs. */
void fake_host_reset(unsigned int nr);
/* From now on we are CPU @id. */
void fake_cpu(unsigned int id);
/* CPU @id does what is pending there. */
void fake_softirqs(unsigned int id);
/* All CPUs do, until nothing is left. */
void fake_settle(void);
/* A domain of @nr_vcpus vCPUs that are up, unpaused. */
struct domain *fake_domain_create(unsigned int nr_vcpus);
/* domain_kill to its end, by a CPU that does not run it. */
void fake_domain_kill(struct domain *d);

#endif
