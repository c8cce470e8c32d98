/* SPDX-License-Identifier: MIT */
#include <hv/grace.h>
#include <hv/init.h>
#include <hv/lock.h>
#include <hv/softirq.h>

static struct list_head waiting = LIST_HEAD_INIT(waiting); /* by number */
static uint64_t last;                                      /* number given; atomic */
static spinlock_t lock = SPINLOCK_INIT(LOCK_GRACE);

/* The number up to which every CPU has been through. */
static uint64_t all_seen(void)
{
    uint64_t least = ~0UL;
    unsigned int i;

    for_each_online_cpu(i)
        least = min(least, atomic_read(&cpus[i]->grace_seen));
    return least;
}

/* The first whose time has come, or NULL. */
static struct grace *take(void)
{
    struct grace *g = NULL;

    spin_lock(&lock);
    if (!list_empty(&waiting)) {
        g = list_first_entry(&waiting, struct grace, link);
        if (g->number <= all_seen())
            list_del(&g->link);
        else
            g = NULL;
    }
    spin_unlock(&lock);
    return g;
}

static void grace_softirq(void)
{
    struct grace *g;

    /* A full barrier: of two CPUs that come at once, one sees the other. */
    (void)atomic_xchg(&this_cpu()->grace_seen, atomic_read(&last));
    while ((g = take()) != NULL)
        g->fn(g);
}

void grace_call(struct grace *g, void (*fn)(struct grace *g))
{
    unsigned int i;

    g->fn = fn;
    spin_lock(&lock);
    g->number = last + 1;
    list_add_tail(&g->link, &waiting);
    atomic_set_release(&last, g->number);
    spin_unlock(&lock);
    for_each_online_cpu(i)
        softirq_raise_on(i, SOFTIRQ_GRACE);
}

void grace_init(void)
{
    softirq_set_handler(SOFTIRQ_GRACE, grace_softirq);
}
