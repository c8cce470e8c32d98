/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU timers: a list by expiry. Few are armed at a time (one or two a vCPU
 * on this CPU), so that a list is as good as a heap.
 */
#include <hv/arch.h>
#include <hv/init.h>
#include <hv/log.h>
#include <hv/softirq.h>
#include <hv/timer.h>

/* Sets the hardware to the first expiry. */
static void rearm(struct cpu *c)
{
    uint64_t first = ~0UL;

    if (!list_empty(&c->timers))
        first = list_first_entry(&c->timers, struct timer, link)->expires;
    if (first != c->timer_armed) {
        c->timer_armed = first;
        arch_timer_arm(first);
    }
}

static void run_timers(void)
{
    struct cpu *c = this_cpu();
    uint64_t now = time_now(); /* once: timers that set themselves again must not keep us here */

    spin_lock(&c->timer_lock);
    c->timer_armed = ~0UL; /* it fired, or was set too short */
    while (!list_empty(&c->timers)) {
        struct timer *t = list_first_entry(&c->timers, struct timer, link);

        if (t->expires > now)
            break;
        list_del(&t->link);
        t->running = true;
        spin_unlock(&c->timer_lock);
        t->fn(t->arg);
        /* After fn the timer may be anywhere, but not gone: timer_kill waits for this. */
        atomic_set_release(&t->running, false);
        spin_lock(&c->timer_lock);
    }
    rearm(c);
    spin_unlock(&c->timer_lock);
}

void timer_init_cpu(void)
{
    struct cpu *c = this_cpu();

    spin_lock_init(&c->timer_lock, LOCK_TIMER);
    list_init(&c->timers);
    c->timer_armed = ~0UL;
    softirq_set_handler(SOFTIRQ_TIMER, run_timers);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
    list_init(&t->link);
    t->fn = fn;
    t->arg = arg;
    t->cpu = cpu;
    t->running = false;
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

static void insert(struct cpu *c, struct timer *t)
{
    struct list_head *at = &c->timers;
    struct timer *other;

    list_for_each_entry(other, &c->timers, link) {
        if (other->expires > t->expires) {
            at = &other->link;
            break;
        }
    }
    list_add_tail(&t->link, at);
    if (c->timers.next != &t->link)
        return;
    if (c == this_cpu())
        rearm(c);
    else
        softirq_raise_on(c->id, SOFTIRQ_TIMER);
}

void timer_set(struct timer *t, uint64_t expires)
{
    struct cpu *c = timer_lock(t);

    list_del(&t->link);
    t->expires = expires;
    insert(c, t);
    spin_unlock(&c->timer_lock);
}

void timer_stop(struct timer *t)
{
    struct cpu *c = timer_lock(t);

    list_del(&t->link); /* the hardware may fire for nothing, which costs less than setting it */
    spin_unlock(&c->timer_lock);
}

void timer_kill(struct timer *t)
{
    if (!t->fn)
        return; /* never set up */
    timer_stop(t);
    while (atomic_read_acquire(&t->running))
        arch_cpu_relax();
    timer_stop(t); /* fn may have set it again */
}

bool timer_is_armed(const struct timer *t)
{
    return t->fn && !list_empty(&t->link);
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    struct cpu *c = timer_lock(t);
    bool armed = !list_empty(&t->link);

    list_del(&t->link);
    t->cpu = cpu;
    spin_unlock(&c->timer_lock);
    if (armed)
        timer_set(t, t->expires);
}
