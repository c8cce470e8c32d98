/* SPDX-License-Identifier: MIT */
/*
 * The credit scheduler: caps and other parameters.
 *
 * A capped domain has a budget of time, filled up each CREDIT_PERIOD, that its vCPUs take
 * from in small portions. One that finds nothing left is parked until the next filling; those
 * that were parked first are first in then.
 */
#include <hv/errno.h>
#include <hv/page_alloc.h>
#include <hv/softirq.h>

#include "core/sched_credit.h"

#define MIN_PORTION USEC(50)

static int64_t budget_of(const struct credit_domain *d)
{
    return (int64_t)(CREDIT_PERIOD / 100 * d->cap);
}

/* What was used too much goes on being owed. Lock held. */
static void refill(struct credit_domain *d, uint64_t now)
{
    uint64_t periods = now < d->refilled ? 0 : (now - d->refilled) / CREDIT_PERIOD;

    if (!periods)
        return;
    d->refilled += periods * CREDIT_PERIOD;
    periods = min(periods, 100UL);
    d->budget = min(d->budget + budget_of(d) * (int64_t)periods, budget_of(d));
}

bool credit_budget_take(struct credit_vcpu *f, uint64_t now)
{
    struct credit_domain *d = f->domain;
    int64_t portion;

    if (!ACCESS_ONCE(d->cap) || f->granted > 0)
        return true;
    spin_lock(&d->lock);
    refill(d, now);
    d->budget += f->granted; /* what it used beyond */
    f->granted = 0;
    portion = max(budget_of(d) / (int64_t)f->vcpu->domain->max_vcpus, (int64_t)MIN_PORTION);
    if (d->budget > 0) {
        f->granted = min(portion, d->budget);
        d->budget -= f->granted;
    }
    spin_unlock(&d->lock);
    return f->granted > 0;
}

void credit_budget_return(struct credit_vcpu *f)
{
    struct credit_domain *d = f->domain;

    if (ACCESS_ONCE(d->cap)) {
        spin_lock(&d->lock);
        d->budget += f->granted;
        spin_unlock(&d->lock);
    }
    f->granted = 0;
}

void credit_park(struct credit_vcpu *f, uint64_t now)
{
    struct credit_domain *d = f->domain;

    spin_lock(&d->lock);
    f->parked = true;
    list_add_tail(&f->parked_link, &d->parked);
    if (!timer_is_armed(&d->refill))
        timer_set(&d->refill, max(d->refilled + CREDIT_PERIOD, now));
    spin_unlock(&d->lock);
}

void credit_unpark(struct credit_vcpu *f)
{
    spin_lock(&f->domain->lock);
    list_del(&f->parked_link);
    spin_unlock(&f->domain->lock);
    f->parked = false;
}

/* The first of the parked, out of the list but not yet told. */
static struct credit_vcpu *take_parked(struct credit_domain *d)
{
    struct credit_vcpu *f = NULL;

    spin_lock(&d->lock);
    if (!list_empty(&d->parked)) {
        f = list_first_entry(&d->parked, struct credit_vcpu, parked_link);
        list_del(&f->parked_link);
    }
    spin_unlock(&d->lock);
    return f;
}

/* Each once: whoever is parked again meanwhile waits for the next time. */
static void let_go(struct credit_domain *d, unsigned int most)
{
    struct credit_vcpu *f;

    while (most-- && (f = take_parked(d)) != NULL) {
        struct credit_cpu *cc = credit_lock_queue(f->vcpu);

        if (f->parked && list_empty(&f->parked_link)) {
            f->parked = false;
            if (vcpu_is_runnable(f->vcpu)) {
                credit_place(f->vcpu, cc, true);
                continue;
            }
        }
        spin_unlock(&cc->lock);
    }
}

static void refill_timer(void *arg)
{
    struct domain *dom = arg;
    struct credit_domain *d = dom->sched_data;

    spin_lock(&d->lock);
    refill(d, time_now());
    if (d->budget <= 0 && d->cap && !list_empty(&d->parked)) {
        timer_set(&d->refill, d->refilled + CREDIT_PERIOD);
        spin_unlock(&d->lock);
        return;
    }
    spin_unlock(&d->lock);
    let_go(d, dom->max_vcpus);
}

int credit_domain_init(struct domain *dom)
{
    struct credit_domain *d = hv_alloc(sizeof(*d));

    if (!d)
        return -ENOMEM;
    spin_lock_init(&d->lock, LOCK_SCHED_DOM);
    d->weight = CREDIT_WEIGHT;
    d->refilled = time_now();
    list_init(&d->parked);
    timer_init(&d->refill, refill_timer, dom, NULL, this_cpu()->id);
    dom->sched_data = d;
    return 0;
}

void credit_domain_destroy(struct domain *dom)
{
    struct credit_domain *d = dom->sched_data;

    timer_kill(&d->refill);
    hv_free(d);
}

/* --- parameters --------------------------------------------------------------------------------
 */

/* What it is owed stays the same time. */
static void set_weight(struct vcpu *v, uint32_t weight)
{
    struct credit_cpu *cc = credit_lock_queue(v);
    struct credit_vcpu *f = credit_of(v);
    uint64_t virtual;
    bool queued = f->queued;
    int64_t lag;

    credit_charge_running(cc, time_now());
    virtual = credit_virtual_now(cc);
    if (queued)
        credit_dequeue(cc, f);
    lag = (int64_t)(virtual - f->vtime);
    if ((uint64_t)(lag < 0 ? -lag : lag) > vtime_of(CREDIT_MAX_LAG, f->weight))
        lag = 0;
    f->vtime = virtual - (uint64_t)(lag * f->weight / (int64_t)weight);
    f->deadline = f->vtime + vtime_of(cc->pool->slice, weight);
    f->weight = weight;
    f->granted = 0; /* it was not counted, or for another cap */
    if (queued) {
        credit_enqueue(cc, f, f->queued_at);
        credit_publish(cc);
    }
    if (cc->running == f)
        softirq_raise_on(cc->id, SOFTIRQ_SCHEDULE);
    spin_unlock(&cc->lock);
}

static void set_params(struct domain *dom, uint16_t weight, uint16_t cap)
{
    struct credit_domain *d = dom->sched_data;
    struct vcpu *v;

    spin_lock(&d->lock);
    d->weight = weight;
    if (d->cap != cap) {
        d->cap = cap;
        d->budget = budget_of(d);
        d->refilled = time_now();
    }
    spin_unlock(&d->lock);
    for_each_vcpu(dom, v)
        set_weight(v, weight);
    let_go(d, dom->max_vcpus);
}

int credit_domain_op(struct domain *dom, struct xen_domctl_scheduler_op *op, bool *copyback)
{
    struct credit_domain *d = dom->sched_data;
    struct xen_domctl_sched_credit *p = &op->u.credit;

    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        *p = (struct xen_domctl_sched_credit){ .weight = d->weight, .cap = d->cap };
        *copyback = true;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        if (!p->weight || p->cap > 100 * dom->max_vcpus)
            return -EINVAL;
        set_params(dom, p->weight, p->cap);
        return 0;
    default:
        return -EINVAL; /* its vCPUs have no parameters of their own */
    }
}

int credit_pool_op(struct sched_pool *p, struct xen_sysctl_scheduler_op *op, bool *copyback)
{
    struct credit_pool *cp = p->data;
    struct xen_sysctl_credit_schedule *s = &op->u.sched_credit;

    if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
        bool limited = s->ratelimit_us;

        if (s->tslice_ms < XEN_SYSCTL_CSCHED_TSLICE_MIN ||
            s->tslice_ms > XEN_SYSCTL_CSCHED_TSLICE_MAX ||
            (limited && (s->ratelimit_us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
                         s->ratelimit_us > XEN_SYSCTL_SCHED_RATELIMIT_MAX)) ||
            s->ratelimit_us > s->tslice_ms * 1000 ||
            s->vcpu_migr_delay_us > XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US)
            return -EINVAL;
        atomic_set(&cp->slice, MSEC(s->tslice_ms));
        atomic_set(&cp->ratelimit, USEC(s->ratelimit_us));
        atomic_set(&cp->migrate_delay, USEC(s->vcpu_migr_delay_us));
    } else if (op->cmd != XEN_SYSCTL_SCHEDOP_getinfo) {
        return -EINVAL;
    }
    *s = (struct xen_sysctl_credit_schedule){ .tslice_ms = (uint32_t)(cp->slice / MSEC(1)),
                                              .ratelimit_us = (uint32_t)(cp->ratelimit / USEC(1)),
                                              .vcpu_migr_delay_us =
                                                  (uint32_t)(cp->migrate_delay / USEC(1)) };
    *copyback = true;
    return 0;
}
