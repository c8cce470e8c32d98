/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU timers, in a heap by expiry: many guests with many vCPUs may have several armed
 * for each.
 *
 * Between a timer's removal from its heap and the end of its function, the CPU that runs
 * it names it in timer_running. The timer itself may be armed again meanwhile, on another
 * CPU too: so "it runs" is not the timer's state but that of the CPUs.
 */
#include <hv/arch.h>
#include <hv/init.h>
#include <hv/log.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include <hv/timer.h>

/* Expired ones in one go; others than timers may have something to do, too. */
#define RUN_MAX 64u

static struct timer *first_of(const struct cpu *c)
{
    return c->timers ? container_of(c->timers, struct timer, node) : NULL;
}

/* Sets the hardware to the first expiry. */
static void rearm(struct cpu *c)
{
    uint64_t first = c->timers ? c->timers->key : ~0UL;

    if (first != c->timer_armed) {
        c->timer_armed = first;
        arch_timer_arm(first);
    }
}

static void disarm(struct cpu *c, struct timer *t)
{
    if (t->armed)
        heap_remove(&c->timers, &t->node);
    t->armed = false;
}

/* Its function's time is its owner's. */
static void run(struct timer *t)
{
    uint64_t start = t->owner ? time_now() : 0;

    t->fn(t->arg);
    if (t->owner)
        sched_charge(t->owner, time_now() - start);
}

static void run_timers(void)
{
    struct cpu *c = this_cpu();
    uint64_t now = time_now(); /* once: timers that set themselves again must not keep us here */
    struct timer *t;

    spin_lock(&c->timer_lock);
    c->timer_armed = ~0UL; /* it fired, or was set too short */
    for (unsigned int n = 0; n < RUN_MAX; n++) {
        t = first_of(c);
        if (!t || t->node.key > now)
            break;
        disarm(c, t);
        atomic_set(&c->timer_running, t);
        spin_unlock(&c->timer_lock);
        run(t);
        /* From here on it may be gone: timer_kill waits for this. */
        atomic_set_release(&c->timer_running, NULL);
        spin_lock(&c->timer_lock);
    }
    rearm(c);
    spin_unlock(&c->timer_lock);
}

void timer_init_cpu(void)
{
    struct cpu *c = this_cpu();

    spin_lock_init(&c->timer_lock, LOCK_TIMER);
    c->timers = NULL;
    c->timer_armed = ~0UL;
    softirq_set_handler(SOFTIRQ_TIMER, run_timers);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, struct vcpu *owner,
                unsigned int cpu)
{
    *t = (struct timer){ .fn = fn, .arg = arg, .owner = owner, .cpu = cpu };
}

/* Locks the CPU that has the timer. */
static struct cpu *timer_lock(struct timer *t)
{
    for (;;) {
        struct cpu *c = cpus[ACCESS_ONCE(t->cpu)];

        spin_lock(&c->timer_lock);
        if (c->id == t->cpu)
            return c;
        spin_unlock(&c->timer_lock);
    }
}

/* With the lock of @c held. */
static void arm(struct cpu *c, struct timer *t, uint64_t expires)
{
    t->node.key = expires;
    t->armed = true;
    heap_insert(&c->timers, &t->node);
    if (first_of(c) != t)
        return;
    if (c == this_cpu())
        rearm(c);
    else
        softirq_raise_on(c->id, SOFTIRQ_TIMER);
}

void timer_set(struct timer *t, uint64_t expires)
{
    struct cpu *c = timer_lock(t);

    disarm(c, t);
    arm(c, t, expires);
    spin_unlock(&c->timer_lock);
}

void timer_stop(struct timer *t)
{
    struct cpu *c = timer_lock(t);

    disarm(c, t); /* the hardware may fire for nothing, which costs less than setting it */
    spin_unlock(&c->timer_lock);
}

/* Waits for whoever is in its function; was there somebody? */
static bool wait_for_fn(const struct timer *t)
{
    bool waited = false;
    unsigned int i;

    for_each_online_cpu(i) {
        for (; atomic_read_acquire(&cpus[i]->timer_running) == t; waited = true)
            arch_cpu_relax();
    }
    return waited;
}

void timer_kill(struct timer *t)
{
    if (!t->fn)
        return; /* never set up */
    do
        timer_stop(t);
    while (wait_for_fn(t)); /* which may have set it again */
}

bool timer_is_armed(const struct timer *t)
{
    return ACCESS_ONCE(t->armed);
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    struct cpu *from, *to = cpus[cpu], *first, *second;

    for (;;) {
        from = cpus[ACCESS_ONCE(t->cpu)];
        if (from == to)
            return;
        first = from->id < to->id ? from : to;
        second = first == from ? to : from;
        spin_lock(&first->timer_lock);
        spin_lock_nested(&second->timer_lock);
        if (t->cpu == from->id)
            break;
        spin_unlock(&second->timer_lock);
        spin_unlock(&first->timer_lock);
    }
    if (t->armed)
        heap_remove(&from->timers, &t->node);
    t->cpu = cpu;
    if (t->armed)
        arm(to, t, t->node.key);
    spin_unlock(&second->timer_lock);
    spin_unlock(&first->timer_lock);
}
