/* SPDX-License-Identifier: MIT */
/*
 * The credit scheduler: proportional shares by weight, limited by caps.
 *
 * Each CPU has a queue that it serves by "earliest eligible virtual deadline first" (Stoica and
 * Abdel-Wahab, 1995): a vCPU's virtual time goes on by what it runs, divided by its weight; the
 * queue's is the weighted mean of its members'. Those that are not ahead of it may go, and of
 * them the one goes whose request, a time slice, would be due first. So nobody is ever more than
 * a slice away from its share, whatever the weights: the order of virtual times alone (as in
 * "completely fair" queues) or of deadlines alone lets one of many light vCPUs wait for, or one
 * heavy one run for, a multiple of that.
 *
 * Virtual times are comparable between CPUs. A CPU whose queue is ahead takes over from one
 * that is behind, at the end of a slice; what a vCPU is owed goes with it. So the queues' times
 * go on together, and shares are those of one queue for all CPUs. One whose weight asks for more
 * than a CPU runs alone on one that is always behind and takes over nothing: its claim to the
 * rest is forgotten (what the literature calls weight readjustment), the others share the rest.
 *
 * One that wakes up and has used less than its share asks for a short slice, which is due before
 * those of whoever runs. Caps are budgets of domains (sched_credit_cap.c).
 *
 * By simulation (tests/unit/hv/test_sched_credit.c), busy vCPUs of random weights, 1 s, the worst
 * error of a vCPU's time in percent of a CPU, with slices of 5 ms:
 *     what is compared with which others       4 CPUs, 20 vCPUs    256 CPUs, 610 vCPUs
 *     the queue that is furthest behind, of 64       0.5                  14
 *     the same, of 16                                0.5                   6
 *     the one with the first deadline, of 16         0.6                   4
 *     furthest behind of 16, others each time        0.5                   1.8
 *     the same, of 4                                 0.5                   1.1
 * Where all look at the same ones, all take from the same one. Slices of 4 ms: 0.3 and 1.1, at
 * 300 switches a CPU and second. Measuring a wake-up's or migration's lag by the one queue that
 * it comes to, not by the mean of some, lost what heavy vCPUs were owed wherever that queue had
 * few or light ones.
 */
#include <hv/errno.h>
#include <hv/page_alloc.h>
#include <hv/softirq.h>
#include <hv/string.h>

#include "core/sched_credit.h"

#define SLICE     MSEC(4)
#define RATELIMIT USEC(100)
#define MIN_SLICE USEC(50)

/* --- queues -------------------------------------------------------------------------------- */

static unsigned int cpu_words(void)
{
    return (nr_cpus + 63) / 64;
}

void credit_queue_update(struct tree_node *n)
{
    struct credit_vcpu *f = credit_of_node(n);

    f->min_vtime = f->vtime;
    for (unsigned int w = 0; w < cpu_words(); w++) {
        f->may_below[w] = f->may[w];
        f->likes_below[w] = f->likes[w];
    }
    for (int side = 0; side < 2; side++) {
        const struct credit_vcpu *below = credit_of_node(n->child[side]);

        if (!below)
            continue;
        if (tree_before(below->min_vtime, f->min_vtime))
            f->min_vtime = below->min_vtime;
        for (unsigned int w = 0; w < cpu_words(); w++) {
            f->may_below[w] |= below->may_below[w];
            f->likes_below[w] |= below->likes_below[w];
        }
    }
}

struct credit_cpu *credit_lock_queue(struct vcpu *v)
{
    for (;;) {
        struct cpu *c = cpus[ACCESS_ONCE(v->cpu)];

        spin_lock(&credit_cpu(c)->lock);
        if (v->cpu == c->id)
            return credit_cpu(c);
        spin_unlock(&credit_cpu(c)->lock);
    }
}

void credit_charge_running(struct credit_cpu *cc, uint64_t now)
{
    struct credit_vcpu *f = cc->running;

    if (f && now > cc->charged) {
        f->vtime += vtime_of(now - cc->charged, f->weight);
        f->granted -= (int64_t)(now - cc->charged);
    }
    cc->charged = max(cc->charged, now);
}

/* The weighted mean. Nobody there: where it was last. */
uint64_t credit_virtual_now(const struct credit_cpu *cc)
{
    const struct credit_vcpu *f = cc->running;
    int64_t sum = cc->sum, load = (int64_t)cc->load;

    if (!load)
        return f ? f->vtime : cc->base;
    if (f) {
        sum += (int64_t)(f->vtime - cc->base) * f->weight;
        load += f->weight;
    }
    return cc->base + (uint64_t)(sum >= 0 ? sum / load : -((load - 1 - sum) / load));
}

/* So that .sum stays small. */
static void set_base(struct credit_cpu *cc, uint64_t base)
{
    cc->sum -= (int64_t)cc->load * (int64_t)(base - cc->base);
    cc->base = base;
}

void credit_enqueue(struct credit_cpu *cc, struct credit_vcpu *f, uint64_t now)
{
    if (!cc->nr_queued)
        cc->base = cc->running ? cc->running->vtime : f->vtime;
    f->node.key = f->deadline;
    f->queued = true;
    f->queued_at = now;
    cc->sum += (int64_t)(f->vtime - cc->base) * f->weight;
    cc->load += f->weight;
    cc->nr_queued++;
    tree_insert(&cc->queue, &f->node);
}

void credit_dequeue(struct credit_cpu *cc, struct credit_vcpu *f)
{
    tree_remove(&cc->queue, &f->node);
    f->queued = false;
    cc->nr_queued--;
    cc->load -= f->weight;
    cc->sum -= (int64_t)(f->vtime - cc->base) * f->weight;
    if (cc->favoured == f)
        cc->favoured = NULL;
}

/* Of those that are not ahead of @virtual the one whose request is due first; NULL: none. */
static struct credit_vcpu *first_eligible(const struct credit_cpu *cc, uint64_t virtual)
{
    struct tree_node *n = cc->queue.root;

    while (n) {
        struct credit_vcpu *f = credit_of_node(n), *left = credit_of_node(n->child[0]);

        if (left && !tree_before(virtual, left->min_vtime))
            n = n->child[0];
        else if (!tree_before(virtual, f->vtime))
            return f;
        else
            n = n->child[1];
    }
    return NULL;
}

void credit_publish(struct credit_cpu *cc)
{
    const struct credit_vcpu *top = credit_of_node(cc->queue.root);
    bool waiting = bit_test(cc->pool->waiting, cc->id);

    if (top) {
        for (unsigned int w = 0; w < cpu_words(); w++) {
            atomic_set(&cc->may_waiting[w], top->may_below[w]);
            atomic_set(&cc->likes_waiting[w], top->likes_below[w]);
        }
        atomic_set(&cc->now_virtual, credit_virtual_now(cc));
        atomic_set(&cc->load_there, cc->load + (cc->running ? cc->running->weight : 0));
    }
    if (top && !waiting)
        bit_test_and_set(cc->pool->waiting, cc->id);
    else if (!top && waiting)
        bit_test_and_clear(cc->pool->waiting, cc->id);
}

void credit_arrive(struct credit_cpu *cc, struct credit_vcpu *f, uint64_t now, bool woken)
{
    uint64_t slice = cc->pool->slice, virtual, back, ahead;
    uint64_t request = f->deadline - f->vtime, whole = vtime_of(slice, f->weight);

    credit_charge_running(cc, now);
    if (cc->running || cc->nr_queued) {
        virtual = credit_common_virtual(cc);
        if (!cc->nr_queued)
            credit_forget_lag(cc, virtual);
        ahead = vtime_of(CREDIT_MAX_LAG, f->weight);
        /* Sleeping earns no more than one request. */
        back = woken ? whole : ahead;
        f->vtime = later_vtime(f->vtime, virtual - back);
        if (tree_before(virtual + ahead, f->vtime))
            f->vtime = virtual + ahead;
        if (woken)
            request = tree_before(f->vtime + whole / 8, virtual) ? whole / 8 : whole;
    }
    f->deadline = f->vtime + (request - 1 < whole ? request : whole);
    credit_enqueue(cc, f, now);
}

/* --- choosing ------------------------------------------------------------------------------- */

const struct credit_vcpu *credit_best(const struct credit_cpu *cc, const struct credit_vcpu *stays,
                                      uint64_t virtual)
{
    const struct credit_vcpu *f = first_eligible(cc, virtual);

    if (!stays || tree_before(virtual, stays->vtime))
        return f ? f : stays;
    return f && tree_before(f->deadline, stays->deadline) ? f : stays;
}

/* @stays: the one that runs, which may go on; NULL: none does. */
static struct credit_vcpu *best(struct credit_cpu *cc, struct credit_vcpu *stays)
{
    struct credit_vcpu *f;
    uint64_t virtual;

    if (!cc->nr_queued)
        return stays;
    if (cc->favoured)
        return cc->favoured;
    virtual = credit_virtual_now(cc);
    set_base(cc, virtual);
    if (cc->yielded && stays) {
        /* It is not owed what it gives away, and asks for its next slice after others'. */
        stays->vtime = later_vtime(stays->vtime, virtual);
        stays->deadline = stays->vtime + vtime_of(cc->pool->slice, stays->weight);
        f = first_eligible(cc, virtual);
        return f ? f : credit_of_node(tree_first(&cc->queue));
    }
    return (struct credit_vcpu *)credit_best(cc, stays, virtual);
}

#define PARK_MAX 8 /* at once; the rest when the CPU looks again */

/* The best that has what it takes to run: those of capped domains may have to be parked. */
static struct credit_vcpu *choose(struct credit_cpu *cc, struct credit_vcpu **stays, uint64_t now)
{
    for (unsigned int n = 0; n < PARK_MAX; n++) {
        struct credit_vcpu *f = best(cc, *stays);

        if (!f || credit_budget_take(f, now))
            return f;
        if (f == *stays) {
            *stays = cc->running = NULL;
            f->out_of_budget = true;
        } else {
            credit_dequeue(cc, f);
            credit_park(f, now);
        }
        if ((*stays || cc->nr_queued) && credit_others_wait(cc))
            credit_balance(cc, *stays, now); /* the next may be better there than here */
    }
    softirq_raise(SOFTIRQ_SCHEDULE);
    return *stays;
}

/* The queue is empty, and so are its CPU's hands: take from others, or be known as idle. */
static struct credit_vcpu *look_for_work(struct credit_cpu *cc, uint64_t now, uint64_t *look_again)
{
    struct credit_vcpu *none = NULL, *f = NULL;

    for (unsigned int try = 0; try < 2 && !f; try++) {
        if (try)
            bit_test_and_set(cc->pool->idle, cc->id); /* who puts one into a queue sees that, */
        if (credit_others_wait(cc) && credit_steal(cc, now, look_again)) /* or we see it there */
            f = choose(cc, &none, now);
    }
    return f;
}

/* The one that runs goes on if nothing else is better. */
static bool may_stay(struct credit_cpu *cc, struct credit_vcpu *f)
{
    if (!vcpu_is_runnable(f->vcpu) || !bit_test(f->may, cc->id))
        return false;
    return bit_test(f->likes, cc->id) || !credit_finds_home(cc, f);
}

/* It is in its slice; one that woke up may end that, but not at once. */
static bool keeps_its_turn(struct credit_cpu *cc, struct credit_vcpu *f, uint64_t now)
{
    if (!tree_before(f->vtime, f->deadline)) {
        f->deadline = f->vtime + vtime_of(cc->pool->slice, f->weight);
        return false;
    }
    if (cc->yielded || cc->favoured)
        return false;
    return !cc->preempt || now - cc->since < cc->pool->ratelimit;
}

static uint64_t slice_of(struct credit_cpu *cc, struct credit_vcpu *f)
{
    uint64_t left = (f->deadline - f->vtime) * f->weight >> VTIME_SHIFT, slice = 0;

    if (cc->nr_queued || credit_others_wait(cc) || !bit_test(f->likes, cc->id))
        slice = max(min(left, cc->pool->slice), MIN_SLICE);
    if (ACCESS_ONCE(f->domain->cap))
        slice = slice ? min(slice, (uint64_t)f->granted) : (uint64_t)f->granted;
    return slice;
}

static void set_lazy(struct credit_cpu *cc, bool lazy)
{
    if (cc->is_lazy == lazy)
        return;
    cc->is_lazy = lazy;
    if (lazy)
        bit_test_and_set(cc->pool->lazy, cc->id);
    else
        bit_test_and_clear(cc->pool->lazy, cc->id);
}

/* @prev, if there is one, has stopped running on @cc unless it is @next. */
static void set_running(struct credit_cpu *cc, struct credit_vcpu *prev, struct credit_vcpu *next,
                        uint64_t now)
{
    if (next == prev)
        return;
    if (prev)
        credit_budget_return(prev);
    cc->running = next;
    cc->charged = cc->since = now;
    if (!next)
        return;
    if (bit_test(cc->pool->idle, cc->id))
        bit_test_and_clear(cc->pool->idle, cc->id);
    credit_dequeue(cc, next);
    next->vcpu->is_running = true;
}

static struct sched_decision credit_pick(struct cpu *c, struct vcpu *prev, uint64_t now)
{
    struct credit_cpu *cc = credit_cpu(c);
    struct credit_vcpu *was = prev ? credit_of(prev) : NULL, *stays = was, *next;
    uint64_t look_again = 0, slice;

    spin_lock(&cc->lock);
    credit_charge_running(cc, now);
    if (stays && !may_stay(cc, stays))
        stays = cc->running = NULL;
    if (stays && keeps_its_turn(cc, stays, now) && credit_budget_take(stays, now)) {
        slice = cc->preempt ? cc->pool->ratelimit - (now - cc->since) : slice_of(cc, stays);
        set_lazy(cc, !slice);
        spin_unlock(&cc->lock);
        return (struct sched_decision){ .vcpu = prev, .slice_ns = slice };
    }
    if ((stays || cc->nr_queued) && credit_others_wait(cc))
        credit_balance(cc, stays, now);
    next = choose(cc, &stays, now);
    if (!next && !cc->nr_queued)
        next = look_for_work(cc, now, &look_again);
    cc->yielded = cc->preempt = false;
    set_running(cc, was, next, now);
    slice = next ? slice_of(cc, next) : look_again;
    set_lazy(cc, next && !slice);
    if (!was || next == was || !stays) /* else it soon comes into the queue */
        credit_publish(cc);
    spin_unlock(&cc->lock);
    if (cc->nr_queued)
        credit_wake_lazy(cc);
    return (struct sched_decision){ .vcpu = next ? next->vcpu : NULL, .slice_ns = slice };
}

static void credit_switched_out(struct vcpu *prev)
{
    struct credit_cpu *cc = credit_lock_queue(prev);
    struct credit_vcpu *f = credit_of(prev);
    bool out_of_budget = f->out_of_budget;

    f->out_of_budget = false;
    atomic_set_release(&prev->is_running, false);
    if (vcpu_is_runnable(prev) && !f->queued && !f->parked) {
        if (!out_of_budget) {
            credit_place(prev, cc, false);
            return;
        }
        credit_park(f, time_now());
    }
    credit_publish(cc);
    spin_unlock(&cc->lock);
}

/* --- what is asked from outside -------------------------------------------------------------- */

static void credit_wake(struct vcpu *v)
{
    struct credit_cpu *cc = credit_lock_queue(v);
    struct credit_vcpu *f = credit_of(v);

    if (vcpu_is_runnable(v) && !f->queued && !f->parked && !v->is_running) {
        credit_place(v, cc, true);
        return;
    }
    /* If it is just leaving its CPU, switched_out sees to it. */
    if (!v->is_running)
        sched_note_waiting(v);
    spin_unlock(&cc->lock);
}

static void credit_sleep(struct vcpu *v)
{
    struct credit_cpu *cc = credit_lock_queue(v);
    struct credit_vcpu *f = credit_of(v);

    if (!vcpu_is_runnable(v)) {
        if (f->queued) {
            credit_dequeue(cc, f);
            credit_publish(cc);
        }
        if (f->parked)
            credit_unpark(f);
    }
    if (v->is_running)
        softirq_raise_on(cc->id, SOFTIRQ_SCHEDULE);
    else
        sched_note_waiting(v);
    spin_unlock(&cc->lock);
}

static void credit_yield(struct vcpu *v)
{
    credit_cpu(this_cpu())->yielded = true;
}

static void credit_charge(struct vcpu *v, uint64_t ns)
{
    struct credit_cpu *here = credit_cpu(this_cpu()), *cc;
    struct credit_vcpu *f = credit_of(v);
    bool queued;

    if (v == current)
        return;
    spin_lock(&here->lock);
    here->charged += ns; /* what others did meanwhile is not the running one's time */
    spin_unlock(&here->lock);
    cc = credit_lock_queue(v);
    queued = f->queued;
    if (queued)
        credit_dequeue(cc, f);
    f->vtime += vtime_of(ns, f->weight);
    f->deadline += vtime_of(ns, f->weight);
    if (queued)
        credit_enqueue(cc, f, f->queued_at);
    spin_unlock(&cc->lock);
}

static void credit_affinity(struct vcpu *v)
{
    struct credit_cpu *cc = credit_lock_queue(v);
    struct credit_vcpu *f = credit_of(v);
    bool queued = f->queued;

    if (queued)
        credit_dequeue(cc, f);
    sched_effective_affinity(v, f->may, f->likes);
    if (queued) {
        credit_place(v, cc, false);
        return;
    }
    if (v->is_running)
        softirq_raise_on(cc->id, SOFTIRQ_SCHEDULE);
    spin_unlock(&cc->lock);
}

/* How far behind the mean of those on its CPU. One that sleeps: what it would be owed. */
static int64_t credit_credit(struct vcpu *v)
{
    struct credit_cpu *cc = credit_lock_queue(v);
    struct credit_vcpu *f = credit_of(v);
    int64_t owed = 0, most = (int64_t)CREDIT_MAX_LAG;

    credit_charge_running(cc, time_now());
    if (cc->running || cc->nr_queued)
        owed = (int64_t)(credit_virtual_now(cc) - f->vtime);
    if (cc->running != f && !f->queued)
        most = (int64_t)cc->pool->slice;
    spin_unlock(&cc->lock);
    if (owed > (int64_t)vtime_of((uint64_t)most, f->weight))
        return most;
    if (owed < -(int64_t)vtime_of(CREDIT_MAX_LAG, f->weight))
        return -(int64_t)CREDIT_MAX_LAG;
    return owed * f->weight / (1 << VTIME_SHIFT);
}

/* --- beginnings and ends ---------------------------------------------------------------------- */

static int credit_pool_init(struct sched_pool *p)
{
    struct credit_pool *cp = hv_alloc(sizeof(*cp));

    if (!cp)
        return -ENOMEM;
    cp->slice = SLICE;
    cp->ratelimit = RATELIMIT;
    p->data = cp;
    return 0;
}

static int credit_cpu_init(struct sched_pool *p, struct cpu *c)
{
    struct credit_cpu *cc = hv_alloc(sizeof(*cc));

    if (!cc)
        return -ENOMEM;
    spin_lock_init(&cc->lock, LOCK_SCHED);
    cc->queue.update = credit_queue_update;
    cc->id = c->id;
    cc->pool = p->data;
    c->sched_data = cc;
    bit_test_and_set(cc->pool->idle, c->id);
    return 0;
}

static int credit_vcpu_init(struct vcpu *v)
{
    struct credit_vcpu *f = hv_alloc(sizeof(*f));
    unsigned int n = (v->domain->domid + v->id) % nr_cpus;

    if (!f)
        return -ENOMEM;
    f->vcpu = v;
    f->domain = v->domain->sched_data;
    f->weight = f->domain->weight;
    list_init(&f->parked_link);
    sched_effective_affinity(v, f->may, f->likes);
    while (!bit_test(f->may, n))
        n = (n + 1) % nr_cpus;
    v->cpu = n;
    v->sched_data = f;
    return 0;
}

static void credit_vcpu_destroy(struct vcpu *v)
{
    hv_free(v->sched_data);
}

const struct sched_ops sched_credit_ops = {
    .name = "credit",
    .id = XEN_SCHEDULER_CREDIT,
    .pool_init = credit_pool_init,
    .cpu_init = credit_cpu_init,
    .domain_init = credit_domain_init,
    .domain_destroy = credit_domain_destroy,
    .vcpu_init = credit_vcpu_init,
    .vcpu_destroy = credit_vcpu_destroy,
    .wake = credit_wake,
    .sleep = credit_sleep,
    .yield = credit_yield,
    .charge = credit_charge,
    .affinity = credit_affinity,
    .credit = credit_credit,
    .pick = credit_pick,
    .switched_out = credit_switched_out,
    .domain_op = credit_domain_op,
    .pool_op = credit_pool_op,
};
