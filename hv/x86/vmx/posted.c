/* SPDX-License-Identifier: MIT */
/* Where the notices of a vCPU's posted interrupts go, as it runs, is preempted and waits. */
#include <hv/atomic.h>

#include "x86/vmx/posted.h"

void posted_waiters_init(struct posted_waiters *w, uint32_t destination, uint8_t vector)
{
    spin_lock_init(&w->lock, LOCK_VLAPIC);
    list_init(&w->list);
    w->destination = destination;
    w->vector = vector;
}

void posted_vcpu_init(struct posted_vcpu *v, struct posted *descriptor)
{
    v->descriptor = descriptor;
    v->waits_on = NULL;
    list_init(&v->link);
    atomic_set(&descriptor->state, POSTED_SUPPRESSED);
}

/* The IOMMU may be changing it: whether something is outstanding stays as it says. */
static void state_change(struct posted *p, uint64_t clear, uint64_t set)
{
    uint64_t old = atomic_read(&p->state);

    while (!atomic_cas(&p->state, &old, (old & ~clear) | set))
        ;
}

static bool any_requested(const struct posted *p)
{
    uint64_t all = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(p->requests); i++)
        all |= atomic_read(&p->requests[i]);
    return all;
}

bool posted_run(struct posted_vcpu *v, uint32_t destination, uint8_t vector)
{
    struct posted *p = v->descriptor;

    state_change(p, POSTED_NOTICE | POSTED_SUPPRESSED,
                 POSTED_VECTOR(vector) | POSTED_DESTINATION(destination));
    if (!any_requested(p))
        return false;
    atomic_or(&p->state, POSTED_OUTSTANDING);
    return true;
}

void posted_preempt(struct posted_vcpu *v)
{
    atomic_or(&v->descriptor->state, POSTED_SUPPRESSED);
}

bool posted_block(struct posted_vcpu *v, struct posted_waiters *w)
{
    struct posted *p = v->descriptor;

    spin_lock(&w->lock); /* on the list first: the notice may come at once */
    list_add_tail(&v->link, &w->list);
    atomic_set(&v->waits_on, w);
    spin_unlock(&w->lock);
    state_change(p, POSTED_NOTICE | POSTED_SUPPRESSED,
                 POSTED_VECTOR(w->vector) | POSTED_DESTINATION(w->destination));
    /* With one outstanding there is no notice of the next. */
    if (!(atomic_read(&p->state) & POSTED_OUTSTANDING) && !any_requested(p))
        return true;
    posted_unblock(v);
    return false;
}

void posted_unblock(struct posted_vcpu *v)
{
    struct posted_waiters *w;

    /* posted_wake may be faster. */
    while ((w = atomic_read_acquire(&v->waits_on)) != NULL) {
        spin_lock(&w->lock);
        if (v->waits_on == w) {
            list_del(&v->link);
            atomic_set_release(&v->waits_on, NULL);
        }
        spin_unlock(&w->lock);
    }
    posted_preempt(v);
}

void posted_wake(struct posted_waiters *w, void (*wake)(struct posted_vcpu *v))
{
    struct posted_vcpu *v, *next;

    spin_lock(&w->lock);
    list_for_each_entry_safe(v, next, &w->list, link) {
        if (!(atomic_read(&v->descriptor->state) & POSTED_OUTSTANDING))
            continue;
        list_del(&v->link);
        atomic_set_release(&v->waits_on, NULL);
        wake(v);
    }
    spin_unlock(&w->lock);
}
