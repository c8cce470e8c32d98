/* SPDX-License-Identifier: MIT */
/* Time since boot, and one-shot timers on it. */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/heap.h>

/* Nanoseconds since the hypervisor started. Monotonic, the same on all CPUs. */
uint64_t time_now(void);

#define NS_PER_SEC 1000000000UL
#define MSEC(x)    ((uint64_t)(x)*1000000UL)
#define USEC(x)    ((uint64_t)(x)*1000UL)

struct vcpu;

/* All but fn, arg and owner under the lock of the CPU. */
struct timer {
    struct heap_node node; /* its key: when it expires, ns */
    bool armed;            /* it is in the heap of its CPU */
    unsigned int cpu;
    void (*fn)(void *arg);
    void *arg;
    struct vcpu *owner;
};

/*
 * fn runs in softirq context on @cpu; it may set the timer again. The time that it takes
 * is charged to @owner (sched_charge); NULL: to nobody.
 */
void timer_init(struct timer *t, void (*fn)(void *), void *arg, struct vcpu *owner,
                unsigned int cpu);
/* (Re)arms. A time in the past fires at once. */
void timer_set(struct timer *t, uint64_t expires);
/* Disarms; fn may still be executing on another CPU. */
void timer_stop(struct timer *t);
/* Disarms, and waits until fn is over. Not from fn, and with no lock that fn takes. */
void timer_kill(struct timer *t);
/* Moves it, armed or not, to another CPU. */
void timer_migrate(struct timer *t, unsigned int cpu);
bool timer_is_armed(const struct timer *t);

#endif
