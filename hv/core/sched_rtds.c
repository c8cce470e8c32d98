/* SPDX-License-Identifier: MIT */
/*
 * The real-time deferrable server: each vCPU gets its budget in each of its periods, whenever
 * in it it has something to do. Of those that have some left the CPUs run those whose periods
 * end first (global EDF); the pool has one queue for all of its CPUs. Budgets are filled up by a
 * timer of each vCPU at the end of its period. One that may have extra time goes on without a
 * budget, in turn with its like, on CPUs that are not needed for budgets.
 *
 * If the budgets' shares U = budget/period of m CPUs are such that
 *     sum of U <= m - (m - 1) * (the largest U)
 * (Goossens, Funk and Baruah, 2003), each vCPU gets its budget before its period ends, whatever
 * the others do. This is not enforced: what does not fit is said in the log.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include <hv/tree.h>

#define PERIOD_US     10000u /* unless told */
#define BUDGET_US     4000u
#define PERIOD_US_MAX 5000000u
#define LEAST_US      10u
#define EXTRA_TURN    MSEC(1)

struct rtds_pool {
    spinlock_t lock;   /* everything here, and its CPUs' and vCPUs' */
    struct tree ready; /* with budget, by the end of their periods */
    struct tree extra; /* without, by when they ran last */
    uint64_t asked;    /* sum of budget/period, in millionths of a CPU */
    uint64_t told;     /* .asked that was warned of */
};

struct rtds_cpu {
    struct rtds_vcpu *running;
    uint64_t charged; /* up to then */
    uint64_t since;   /* when its turn began */
    bool yielded;
    bool told; /* it will look by itself soon */
};

struct rtds_vcpu {
    struct tree_node node;
    uint64_t may_below[CPU_WORDS];
    uint64_t may[CPU_WORDS];
    struct vcpu *vcpu;
    uint32_t period_us, budget_us;
    bool extra; /* it may have extra time */
    bool queued, queued_extra;
    int64_t left;           /* of its budget, ns */
    uint64_t end;           /* of its period, ns */
    struct timer replenish; /* at .end, while it is up to something */
};

static struct rtds_vcpu *rtds_of(const struct vcpu *v)
{
    return v->sched_data;
}

static struct rtds_pool *pool_of(const struct vcpu *v)
{
    return v->domain->pool->data;
}

static struct rtds_cpu *rtds_cpu(unsigned int cpu)
{
    return cpus[cpu]->sched_data;
}

static struct rtds_vcpu *of_node(struct tree_node *n)
{
    return n ? container_of(n, struct rtds_vcpu, node) : NULL;
}

/* --- queues ---------------------------------------------------------------------------------- */

static void update(struct tree_node *n)
{
    struct rtds_vcpu *r = of_node(n);

    for (unsigned int w = 0; w < (nr_cpus + 63) / 64; w++) {
        r->may_below[w] = r->may[w];
        for (int side = 0; side < 2; side++)
            r->may_below[w] |= n->child[side] ? of_node(n->child[side])->may_below[w] : 0;
    }
}

/* The first that may run on @cpu. */
static struct rtds_vcpu *first_for(const struct tree *t, unsigned int cpu)
{
    struct rtds_vcpu *r = of_node(t->root);

    if (!r || !bit_test(r->may_below, cpu))
        return NULL;
    for (;;) {
        struct rtds_vcpu *before = of_node(r->node.child[0]);

        if (before && bit_test(before->may_below, cpu))
            r = before;
        else if (bit_test(r->may, cpu))
            return r;
        else
            r = of_node(r->node.child[1]);
    }
}

static void dequeue(struct rtds_pool *p, struct rtds_vcpu *r)
{
    if (r->queued)
        tree_remove(r->queued_extra ? &p->extra : &p->ready, &r->node);
    r->queued = false;
}

/* How urgent it is to go on with what runs on @cpu: the later, the less. ~0: not at all. */
static uint64_t urgency(unsigned int cpu)
{
    const struct rtds_vcpu *r = rtds_cpu(cpu)->running;

    if (!r)
        return ~0UL;
    return r->left > 0 ? r->end : ~0UL - 1;
}

/* The CPU that has least to do of those that @r may run on looks for it, if that is less. */
static void tell_cpu(const struct rtds_vcpu *r)
{
    uint64_t mine = r->left > 0 ? r->end : ~0UL - 1, least = mine;
    unsigned int cpu, chosen = nr_cpus;

    for_each_online_cpu(cpu) {
        if (!bit_test(r->may, cpu) || rtds_cpu(cpu)->told)
            continue;
        if (urgency(cpu) > least) {
            least = urgency(cpu);
            chosen = cpu;
        }
    }
    /* Its last one, if that is as good. */
    if (chosen < nr_cpus && bit_test(r->may, r->vcpu->cpu) && !rtds_cpu(r->vcpu->cpu)->told &&
        urgency(r->vcpu->cpu) == least)
        chosen = r->vcpu->cpu;
    if (chosen == nr_cpus)
        return;
    rtds_cpu(chosen)->told = true;
    softirq_raise_on(chosen, SOFTIRQ_SCHEDULE);
}

/* Begins periods that are over by now. */
static void renew(struct rtds_vcpu *r, uint64_t now)
{
    uint64_t period = USEC(r->period_us), over;

    if (now < r->end)
        return;
    over = (now - r->end) / period + 1;
    r->end += over * period;
    r->left = (int64_t)USEC(r->budget_us);
}

/* Runnable, not running. */
static void enqueue(struct rtds_pool *p, struct rtds_vcpu *r, uint64_t now)
{
    renew(r, now);
    if (!timer_is_armed(&r->replenish))
        timer_set(&r->replenish, r->end);
    if (r->left <= 0 && !r->extra)
        return; /* until then */
    r->queued = true;
    r->queued_extra = r->left <= 0;
    r->node.key = r->queued_extra ? now : r->end;
    tree_insert(r->queued_extra ? &p->extra : &p->ready, &r->node);
    tell_cpu(r);
}

static void charge_running(struct rtds_cpu *rc, uint64_t now)
{
    if (rc->running && now > rc->charged)
        rc->running->left -= (int64_t)(now - rc->charged);
    rc->charged = max(rc->charged, now);
}

static void replenish(void *arg)
{
    struct rtds_vcpu *r = arg;
    struct rtds_pool *p = pool_of(r->vcpu);
    uint64_t now = time_now();

    spin_lock(&p->lock);
    if (r->vcpu->is_running) {
        struct rtds_cpu *rc = rtds_cpu(r->vcpu->cpu);

        charge_running(rc, now);
        renew(r, now);
        timer_set(&r->replenish, r->end);
        softirq_raise_on(r->vcpu->cpu, SOFTIRQ_SCHEDULE); /* another may be more urgent now */
    } else if (vcpu_is_runnable(r->vcpu)) {
        dequeue(p, r);
        enqueue(p, r, now);
    }
    spin_unlock(&p->lock);
}

/* --- choosing ----------------------------------------------------------------------------------
 */

static bool is_before(const struct rtds_vcpu *a, const struct rtds_vcpu *b)
{
    return a->left > 0 && (b->left <= 0 || tree_before(a->end, b->end));
}

/* @stays: the one that runs, and may go on; NULL: none. */
static struct rtds_vcpu *choose(struct rtds_pool *p, unsigned int cpu, struct rtds_vcpu *stays,
                                bool yielded, uint64_t ran)
{
    struct rtds_vcpu *r = first_for(&p->ready, cpu);

    if (r && (!stays || yielded || is_before(r, stays)))
        return r;
    /* Extra time goes round by turns. */
    if (stays && !yielded && (stays->left > 0 || ran < EXTRA_TURN))
        return stays;
    r = first_for(&p->extra, cpu);
    return r ? r : stays;
}

static struct sched_decision rtds_pick(struct cpu *c, struct vcpu *prev, uint64_t now)
{
    struct rtds_pool *p = c->pool->data;
    struct rtds_cpu *rc = c->sched_data;
    struct rtds_vcpu *stays = prev ? rtds_of(prev) : NULL, *next;
    uint64_t slice = 0;

    spin_lock(&p->lock);
    rc->told = false;
    charge_running(rc, now);
    if (stays) {
        renew(stays, now);
        if (!vcpu_is_runnable(prev) || !bit_test(stays->may, c->id) ||
            (stays->left <= 0 && !stays->extra))
            stays = NULL;
    }
    next = choose(p, c->id, stays, rc->yielded, now - rc->since);
    rc->yielded = false;
    rc->running = next;
    rc->charged = now;
    if (next && next->vcpu != prev) {
        dequeue(p, next);
        next->vcpu->cpu = c->id;
        next->vcpu->is_running = true;
        rc->since = now;
    }
    if (next == stays && next && next->left <= 0 && now - rc->since >= EXTRA_TURN)
        rc->since = now; /* nobody else wants one */
    if (next)
        slice = next->left > 0 ? (uint64_t)next->left : EXTRA_TURN;
    spin_unlock(&p->lock);
    return (struct sched_decision){ .vcpu = next ? next->vcpu : NULL, .slice_ns = slice };
}

static void rtds_switched_out(struct vcpu *prev)
{
    struct rtds_pool *p = pool_of(prev);

    spin_lock(&p->lock);
    atomic_set_release(&prev->is_running, false);
    if (vcpu_is_runnable(prev) && !rtds_of(prev)->queued)
        enqueue(p, rtds_of(prev), time_now());
    spin_unlock(&p->lock);
}

/* --- what is asked from outside ------------------------------------------------------------------
 */

static void rtds_wake(struct vcpu *v)
{
    struct rtds_pool *p = pool_of(v);
    struct rtds_vcpu *r = rtds_of(v);
    uint64_t now = time_now();

    spin_lock(&p->lock);
    if (!v->is_running) {
        if (vcpu_is_runnable(v) && !r->queued) {
            if (now >= r->end) /* a new period begins with it */
                r->end = now;
            enqueue(p, r, now);
        }
        sched_note_waiting(v);
    }
    spin_unlock(&p->lock);
}

static void rtds_sleep(struct vcpu *v)
{
    struct rtds_pool *p = pool_of(v);

    spin_lock(&p->lock);
    if (!vcpu_is_runnable(v))
        dequeue(p, rtds_of(v));
    if (v->is_running)
        softirq_raise_on(v->cpu, SOFTIRQ_SCHEDULE);
    else
        sched_note_waiting(v);
    spin_unlock(&p->lock);
}

static void rtds_yield(struct vcpu *v)
{
    rtds_cpu(this_cpu()->id)->yielded = true;
}

static void rtds_charge(struct vcpu *v, uint64_t ns)
{
    struct rtds_pool *p = pool_of(v);

    if (v == current)
        return;
    spin_lock(&p->lock);
    rtds_cpu(this_cpu()->id)->charged += ns; /* not the running one's time */
    rtds_of(v)->left -= (int64_t)ns;
    spin_unlock(&p->lock);
}

static void rtds_affinity(struct vcpu *v)
{
    struct rtds_pool *p = pool_of(v);
    struct rtds_vcpu *r = rtds_of(v);
    uint64_t likes[CPU_WORDS];
    bool queued;

    spin_lock(&p->lock);
    queued = r->queued;
    dequeue(p, r);
    sched_effective_affinity(v, r->may, likes);
    if (queued)
        enqueue(p, r, time_now());
    if (v->is_running)
        softirq_raise_on(v->cpu, SOFTIRQ_SCHEDULE);
    spin_unlock(&p->lock);
}

/* What is left of its budget. */
static int64_t rtds_credit(struct vcpu *v)
{
    struct rtds_pool *p = pool_of(v);
    uint64_t now = time_now();
    int64_t left;

    spin_lock(&p->lock);
    if (v->is_running)
        charge_running(rtds_cpu(v->cpu), now);
    left = now < rtds_of(v)->end ? rtds_of(v)->left : (int64_t)USEC(rtds_of(v)->budget_us);
    spin_unlock(&p->lock);
    return left;
}

/* --- parameters
 * ------------------------------------------------------------------------------------ */

static uint64_t share(uint32_t budget_us, uint32_t period_us)
{
    return (uint64_t)budget_us * 1000000 / period_us;
}

static bool is_valid(const struct xen_domctl_sched_rtds *s)
{
    return s->period >= LEAST_US && s->period <= PERIOD_US_MAX && s->budget >= LEAST_US &&
           s->budget <= s->period && !(s->flags & ~XEN_DOMCTL_SCHEDRT_extra);
}

static void tell_if_too_much(struct rtds_pool *p)
{
    uint64_t all = p->asked, there = nr_cpus * 1000000UL;

    if (all > there && all != p->told)
        log_warning("rtds: the budgets ask for %lu %% of a CPU, and there are %lu %%: deadlines "
                    "will be missed\n",
                    all / 10000, there / 10000);
    p->told = all;
}

static void set(struct vcpu *v, const struct xen_domctl_sched_rtds *s)
{
    struct rtds_pool *p = pool_of(v);
    struct rtds_vcpu *r = rtds_of(v);
    uint64_t now = time_now();
    bool queued;

    spin_lock(&p->lock);
    if (v->is_running)
        charge_running(rtds_cpu(v->cpu), now);
    p->asked += share(s->budget, s->period) - share(r->budget_us, r->period_us);
    queued = r->queued;
    dequeue(p, r);
    r->period_us = s->period;
    r->budget_us = s->budget;
    r->extra = s->flags & XEN_DOMCTL_SCHEDRT_extra;
    r->end = now; /* a new period begins */
    timer_stop(&r->replenish);
    if (v->is_running) {
        renew(r, now);
        timer_set(&r->replenish, r->end);
        softirq_raise_on(v->cpu, SOFTIRQ_SCHEDULE);
    } else if (queued || vcpu_is_runnable(v)) {
        enqueue(p, r, now);
    }
    tell_if_too_much(p);
    spin_unlock(&p->lock);
}

static struct xen_domctl_sched_rtds get(const struct vcpu *v)
{
    const struct rtds_vcpu *r = rtds_of(v);

    return (struct xen_domctl_sched_rtds){ .period = r->period_us,
                                           .budget = r->budget_us,
                                           .flags = r->extra ? XEN_DOMCTL_SCHEDRT_extra : 0 };
}

/* Entry @i of the tool's list, with a vCPU that there is and, to be set, sound values. */
static int list_entry_get(struct domain *d, const struct xen_domctl_scheduler_op *op, uint32_t i,
                          bool put, struct xen_domctl_schedparam_vcpu *e, struct vcpu **v)
{
    if (copy_from_guest_va(e, (vaddr_t)(op->u.v.vcpus.p + i), sizeof(*e)))
        return -EFAULT;
    *v = domain_vcpu(d, e->vcpuid);
    return !*v || (put && !is_valid(&e->u.rtds)) ? -EINVAL : 0;
}

/* All entries are looked at before the first is acted upon. */
static int each_vcpu(struct domain *d, struct xen_domctl_scheduler_op *op, bool put, bool *copyback)
{
    struct xen_domctl_schedparam_vcpu e;
    uint32_t nr = op->u.v.nr_vcpus;
    struct vcpu *v;
    int rc = nr > d->max_vcpus ? -EINVAL : 0;

    for (uint32_t i = 0; !rc && i < nr; i++)
        rc = list_entry_get(d, op, i, put, &e, &v);
    for (uint32_t i = 0; !rc && i < nr; i++) {
        rc = list_entry_get(d, op, i, put, &e, &v); /* it may have changed meanwhile */
        if (rc)
            break;
        if (put)
            set(v, &e.u.rtds);
        else
            e.u.rtds = get(v);
        if (!put && copy_to_guest_va((vaddr_t)(op->u.v.vcpus.p + i), &e, sizeof(e)))
            rc = -EFAULT;
    }
    *copyback = !rc; /* .nr_vcpus were done */
    return rc;
}

static int rtds_domain_op(struct domain *d, struct xen_domctl_scheduler_op *op, bool *copyback)
{
    struct vcpu *v;

    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        op->u.rtds = (struct xen_domctl_sched_rtds){ .period = PERIOD_US, .budget = BUDGET_US };
        *copyback = true;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        if (!is_valid(&op->u.rtds))
            return -EINVAL;
        for_each_vcpu(d, v)
            set(v, &op->u.rtds);
        return 0;
    case XEN_DOMCTL_SCHEDOP_getvcpuinfo:
    case XEN_DOMCTL_SCHEDOP_putvcpuinfo:
        return each_vcpu(d, op, op->cmd == XEN_DOMCTL_SCHEDOP_putvcpuinfo, copyback);
    default:
        return -EINVAL;
    }
}

static int rtds_pool_op(struct sched_pool *p, struct xen_sysctl_scheduler_op *op, bool *copyback)
{
    return -EOPNOTSUPP; /* there is nothing to set */
}

/* --- beginnings and ends
 * ----------------------------------------------------------------------------- */

static int rtds_pool_init(struct sched_pool *p)
{
    struct rtds_pool *rp = hv_alloc(sizeof(*rp));

    if (!rp)
        return -ENOMEM;
    spin_lock_init(&rp->lock, LOCK_SCHED);
    rp->ready.update = rp->extra.update = update;
    p->data = rp;
    return 0;
}

static int rtds_cpu_init(struct sched_pool *p, struct cpu *c)
{
    c->sched_data = hv_alloc(sizeof(struct rtds_cpu));
    return c->sched_data ? 0 : -ENOMEM;
}

static int rtds_domain_init(struct domain *d)
{
    return 0;
}

static void rtds_domain_destroy(struct domain *d)
{
}

static int rtds_vcpu_init(struct vcpu *v)
{
    struct rtds_vcpu *r = hv_alloc(sizeof(*r));
    struct rtds_pool *p = pool_of(v);
    uint64_t likes[CPU_WORDS];

    if (!r)
        return -ENOMEM;
    r->vcpu = v;
    r->period_us = PERIOD_US;
    r->budget_us = BUDGET_US;
    r->extra = true; /* until somebody says what it needs */
    sched_effective_affinity(v, r->may, likes);
    v->cpu = (v->domain->domid + v->id) % nr_cpus;
    while (!bit_test(r->may, v->cpu))
        v->cpu = (v->cpu + 1) % nr_cpus;
    timer_init(&r->replenish, replenish, r, NULL, this_cpu()->id);
    v->sched_data = r;
    spin_lock(&p->lock);
    p->asked += share(BUDGET_US, PERIOD_US);
    spin_unlock(&p->lock);
    return 0;
}

static void rtds_vcpu_destroy(struct vcpu *v)
{
    struct rtds_pool *p = pool_of(v);
    struct rtds_vcpu *r = rtds_of(v);

    timer_kill(&r->replenish);
    spin_lock(&p->lock);
    p->asked -= share(r->budget_us, r->period_us);
    spin_unlock(&p->lock);
    hv_free(r);
}

const struct sched_ops sched_rtds_ops = {
    .name = "rtds",
    .id = XEN_SCHEDULER_RTDS,
    .pool_init = rtds_pool_init,
    .cpu_init = rtds_cpu_init,
    .domain_init = rtds_domain_init,
    .domain_destroy = rtds_domain_destroy,
    .vcpu_init = rtds_vcpu_init,
    .vcpu_destroy = rtds_vcpu_destroy,
    .wake = rtds_wake,
    .sleep = rtds_sleep,
    .yield = rtds_yield,
    .charge = rtds_charge,
    .affinity = rtds_affinity,
    .credit = rtds_credit,
    .pick = rtds_pick,
    .switched_out = rtds_switched_out,
    .domain_op = rtds_domain_op,
    .pool_op = rtds_pool_op,
};
