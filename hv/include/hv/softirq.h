/* SPDX-License-Identifier: MIT */
/*
 * Softirqs: work that an interrupt handler (or another CPU) leaves to be done at
 * the next safe place: before a guest is entered, and in the idle loop. They
 * run with interrupts enabled and no lock held.
 */
#ifndef HV_SOFTIRQ_H
#define HV_SOFTIRQ_H

#include <hv/percpu.h>

enum softirq {
    SOFTIRQ_TIMER,    /* timers are due */
    SOFTIRQ_SCHEDULE, /* choose a vCPU */
    SOFTIRQ_IRQ,      /* device interrupts were recorded */
    SOFTIRQ_CONSOLE,  /* console input */
    SOFTIRQ_FLUSH,    /* the hypervisor's own mappings changed (mm/paging.c) */
    SOFTIRQ_GRACE,    /* a grace period began (grace.h) */
    NR_SOFTIRQS,
};

/* Boot: who does it. */
void softirq_set_handler(enum softirq nr, void (*handler)(void));
/* On this CPU. */
void softirq_raise(enum softirq nr);
/* On another one: it is interrupted if need be. */
void softirq_raise_on(unsigned int cpu, enum softirq nr);
/* Runs all that is pending on this CPU. */
void softirq_run(void);

static inline bool softirq_is_pending(void)
{
    return atomic_read(&this_cpu()->softirq_pending) != 0;
}

#endif
