/* SPDX-License-Identifier: MIT */
/*
 * The credit scheduler: who runs where. A vCPU that wakes up goes to an idle CPU, best to one
 * that it likes (soft affinity), best to its last; CPUs without work, and those whose queue is
 * ahead, take from others. Nothing here looks at more than PROBES other CPUs, but for one that
 * has nothing to do.
 */
#include <hv/softirq.h>

#include "core/sched_credit.h"

#define PROBES      4u
#define MATCH_STEPS 32u

/* The first CPU from @from on, around, whose bit is set in all of @a, @b and @c; -1: none. */
static int next_common(const uint64_t *a, const uint64_t *b, const uint64_t *c, unsigned int from)
{
    unsigned int words = (nr_cpus + 63) / 64, w = from / 64;
    uint64_t mask = ~0UL << from % 64;

    for (unsigned int n = 0; n <= words; n++, w = w + 1 < words ? w + 1 : 0, mask = ~0UL) {
        uint64_t bits = atomic_read(&a[w]) & atomic_read(&b[w]) & atomic_read(&c[w]) & mask;

        if (bits)
            return (int)(w * 64 + (unsigned int)__builtin_ctzl(bits));
    }
    return -1;
}

static unsigned int after(unsigned int cpu)
{
    return cpu + 1 < nr_cpus ? cpu + 1 : 0;
}

bool credit_others_wait(const struct credit_cpu *cc)
{
    const uint64_t *waiting = cc->pool->waiting;

    for (unsigned int w = 0; w < (nr_cpus + 63) / 64; w++) {
        uint64_t bits = atomic_read(&waiting[w]);

        if (w == cc->id / 64)
            bits &= ~(1UL << cc->id % 64);
        if (bits)
            return true;
    }
    return false;
}

/* One more CPU learns that it may have something to take over; it tells the next. */
void credit_wake_lazy(struct credit_cpu *cc)
{
    const uint64_t *lazy = cc->pool->lazy;
    int cpu = next_common(lazy, lazy, cc->may_waiting, after(cc->id));

    if (cpu >= 0 && (unsigned int)cpu != cc->id &&
        bit_test_and_clear(cc->pool->lazy, (unsigned int)cpu)) {
        credit_cpu(cpus[cpu])->is_lazy = false;
        softirq_raise_on((unsigned int)cpu, SOFTIRQ_SCHEDULE);
    }
}

/* --- where one goes --------------------------------------------------------------------------- */

static int claim_idle(struct credit_pool *p, const uint64_t *set, unsigned int from)
{
    for (unsigned int n = 0; n < PROBES; n++) {
        int cpu = next_common(p->idle, set, set, from);

        if (cpu < 0 || bit_test_and_clear(p->idle, (unsigned int)cpu))
            return cpu;
    }
    return -1;
}

/* Nobody is idle: its own, one that nobody waits for, any. */
static unsigned int choose_busy(const struct credit_vcpu *f, const struct credit_cpu *cc)
{
    unsigned int probe = cc->id;
    int cpu = -1;

    if (bit_test(f->likes, cc->id))
        return cc->id;
    for (unsigned int n = 0; n < PROBES; n++) {
        cpu = next_common(f->likes, f->likes, f->likes, after(probe));
        probe = (unsigned int)cpu;
        if (!bit_test(cc->pool->waiting, probe))
            break;
    }
    return probe;
}

static unsigned int choose_cpu(struct credit_vcpu *f, const struct credit_cpu *cc, bool woken)
{
    int cpu;

    if (f->swap_to)
        return f->swap_to - 1;
    cpu = claim_idle(cc->pool, f->likes, cc->id);
    if (cpu < 0 && woken)
        cpu = claim_idle(cc->pool, f->may, cc->id);
    return cpu >= 0 ? (unsigned int)cpu : choose_busy(f, cc);
}

/* @f has come into the queue: must its CPU do something now? */
static void notice(struct credit_cpu *cc, const struct credit_vcpu *f, bool woken)
{
    const struct credit_vcpu *running = cc->running;

    if (running && woken && !tree_before(credit_virtual_now(cc), f->vtime) &&
        tree_before(f->deadline, running->deadline))
        cc->preempt = true;
    if (!running || cc->preempt || cc->favoured || cc->nr_queued == 1)
        softirq_raise_on(cc->id, SOFTIRQ_SCHEDULE);
}

/* An idle one may have to wait a little until it may take it. */
static void wake_others(struct credit_cpu *cc, const struct credit_vcpu *f)
{
    int idle;

    smp_mb(); /* we see the CPU idle, or it sees that one waits: look_for_work */
    idle = next_common(cc->pool->idle, f->may, f->may, after(cc->id));
    if (idle >= 0 && (unsigned int)idle != cc->id)
        softirq_raise_on((unsigned int)idle, SOFTIRQ_SCHEDULE);
    credit_wake_lazy(cc);
}

void credit_place(struct vcpu *v, struct credit_cpu *cc, bool woken)
{
    struct credit_vcpu *f = credit_of(v);
    unsigned int to = choose_cpu(f, cc, woken);
    bool swap = f->swap_to;

    f->swap_to = 0;
    if (to != cc->id) {
        v->cpu = to;
        credit_publish(cc);
        spin_unlock(&cc->lock);
        cc = credit_lock_queue(v);
        if (f->queued || f->parked || v->is_running || !vcpu_is_runnable(v)) {
            spin_unlock(&cc->lock);                 /* somebody else was faster */
            softirq_raise_on(to, SOFTIRQ_SCHEDULE); /* it is not claimed for that one any more */
            return;
        }
    }
    sched_note_waiting(v);
    credit_arrive(cc, f, time_now(), woken);
    if (swap)
        cc->favoured = f;
    credit_publish(cc);
    notice(cc, f, woken);
    spin_unlock(&cc->lock);
    wake_others(cc, f);
}

/* --- who takes what ----------------------------------------------------------------------------
 */

static bool has(const struct credit_vcpu *f, bool liked, bool below, unsigned int cpu)
{
    if (below)
        return bit_test(liked ? f->likes_below : f->may_below, cpu);
    return bit_test(liked ? f->likes : f->may, cpu);
}

/* Of those in the queue that may run on @cpu, or like to, the one that is due first. */
static struct credit_vcpu *first_for(const struct credit_cpu *cc, unsigned int cpu, bool liked)
{
    struct credit_vcpu *f = credit_of_node(cc->queue.root);

    if (!f || !has(f, liked, true, cpu))
        return NULL;
    for (;;) {
        struct credit_vcpu *left = credit_of_node(f->node.child[0]);

        if (left && has(left, liked, true, cpu))
            f = left;
        else if (has(f, liked, false, cpu))
            return f;
        else
            f = credit_of_node(f->node.child[1]);
    }
}

static bool waits_for(const struct credit_cpu *from, unsigned int cpu, bool liked)
{
    return bit_test(liked ? from->likes_waiting : from->may_waiting, cpu);
}

/* The weighted mean of two virtual times. */
static uint64_t mean(uint64_t va, uint64_t wa, uint64_t vb, uint64_t wb)
{
    int64_t apart = (int64_t)(va - vb), both = (int64_t)(wa + wb), part;

    if (__builtin_mul_overflow(apart, (int64_t)wa, &part))
        part = apart / both * (int64_t)wa;
    else
        part /= both;
    return vb + (uint64_t)part;
}

/*
 * Up to @probes other CPUs on which one waits that @cc could take: *behind is the one furthest
 * behind (NULL: none), *virtual becomes the mean of them and @cc. A queue of few or light vCPUs
 * is often far from where all are together, so what one is owed is measured by that mean.
 */
static void survey(const struct credit_cpu *cc, bool liked, unsigned int probes,
                   struct credit_cpu **behind, uint64_t *virtual)
{
    const uint64_t *waiting = cc->pool->waiting;
    uint64_t load = cc->load + (cc->running ? cc->running->weight : 0);
    unsigned int start = (cc->id + cc->survey) % nr_cpus, cpu = start, distance = 0;

    *behind = NULL;
    *virtual = credit_virtual_now(cc);
    while (probes--) {
        int next = next_common(waiting, waiting, waiting, after(cpu));
        struct credit_cpu *other;
        unsigned int d;
        uint64_t l;

        if (next < 0)
            break;
        cpu = (unsigned int)next;
        d = (cpu + nr_cpus - start) % nr_cpus;
        if (d <= distance && cpu != start) /* around once */
            break;
        if (distance == nr_cpus)
            break;
        distance = d ? d : nr_cpus;
        other = credit_cpu(cpus[cpu]);
        if (other == cc || !waits_for(other, cc->id, liked))
            continue;
        l = atomic_read(&other->load_there);
        *virtual = mean(*virtual, load, other->now_virtual, l);
        load += l;
        if (!*behind || tree_before(other->now_virtual, (*behind)->now_virtual))
            *behind = other;
    }
}

uint64_t credit_common_virtual(const struct credit_cpu *cc)
{
    struct credit_cpu *behind;
    uint64_t virtual;

    survey(cc, true, PROBES, &behind, &virtual);
    return virtual;
}

static void take_over(struct credit_cpu *from, struct credit_cpu *to, struct credit_vcpu *f,
                      uint64_t now)
{
    credit_dequeue(from, f);
    credit_publish(from);
    f->vcpu->cpu = to->id;
    credit_arrive(to, f, now, false);
}

static bool steal(struct credit_cpu *cc, uint64_t now, bool liked, uint64_t *look_again)
{
    struct credit_cpu *from;
    struct credit_vcpu *f;
    uint64_t virtual;

    survey(cc, liked, MAX_CPUS, &from, &virtual);
    if (!from)
        return false;
    if (!spin_trylock(&from->lock)) {
        *look_again = USEC(5);
        return false;
    }
    f = first_for(from, cc->id, liked);
    /* Its own CPU may have time for it very soon. */
    if (f && !liked && now - f->queued_at < CREDIT_HOMESICK && !bit_test(f->likes, cc->id)) {
        *look_again = CREDIT_HOMESICK;
        f = NULL;
    }
    if (f)
        take_over(from, cc, f, now);
    spin_unlock(&from->lock);
    return f != NULL;
}

bool credit_steal(struct credit_cpu *cc, uint64_t now, uint64_t *look_again)
{
    return steal(cc, now, true, look_again) || steal(cc, now, false, look_again);
}

static bool may_match(const struct credit_vcpu *f, uint64_t virtual, unsigned int cpu)
{
    return f && bit_test(f->likes_below, cpu) && !tree_before(virtual, f->min_vtime);
}

/*
 * Of those below @f that like @cpu and are not ahead of @virtual the one that is due first. The
 * two may be true of different ones, so it can take long to find one that is both: not more
 * than *steps.
 */
static struct credit_vcpu *first_match(struct credit_vcpu *f, uint64_t virtual, unsigned int cpu,
                                       unsigned int *steps)
{
    struct credit_vcpu *found = NULL, *left;

    while (!found && may_match(f, virtual, cpu) && *steps) {
        (*steps)--;
        left = credit_of_node(f->node.child[0]);
        found = first_match(left, virtual, cpu, steps);
        if (!found && bit_test(f->likes, cpu) && !tree_before(virtual, f->vtime))
            found = f;
        f = credit_of_node(f->node.child[1]);
    }
    return found;
}

/* Is it worth it to have @theirs here, instead of @mine (NULL: nobody)? */
static bool is_better(const struct credit_cpu *cc, const struct credit_vcpu *theirs,
                      const struct credit_vcpu *mine, uint64_t virtual)
{
    uint64_t margin = vtime_of(cc->pool->slice / 4, theirs->weight);

    if (!mine || tree_before(virtual, mine->vtime))
        return true;
    return tree_before(theirs->deadline + margin, mine->deadline);
}

/* Takes the one that would be next if the two had one queue. */
static void balance_with(struct credit_cpu *cc, struct credit_cpu *from,
                         const struct credit_vcpu *stays, uint64_t virtual, uint64_t now)
{
    const struct credit_vcpu *mine = credit_best(cc, stays, virtual);
    unsigned int steps = MATCH_STEPS;
    struct credit_vcpu *f = first_match(credit_of_node(from->queue.root), virtual, cc->id, &steps);

    if (!f || now - f->queued_at < cc->pool->migrate_delay || !is_better(cc, f, mine, virtual))
        return;
    take_over(from, cc, f, now);
    cc->favoured = f;
}

void credit_balance(struct credit_cpu *cc, const struct credit_vcpu *stays, uint64_t now)
{
    struct credit_cpu *from;
    uint64_t virtual;

    survey(cc, true, PROBES, &from, &virtual);
    cc->survey = (cc->survey + PROBES) % nr_cpus; /* others the next time */
    if (!cc->nr_queued)
        credit_forget_lag(cc, virtual);
    if (!from || !spin_trylock(&from->lock))
        return;
    credit_charge_running(from, now);
    if (from->nr_queued)
        balance_with(cc, from, stays, virtual, now);
    spin_unlock(&from->lock);
}

void credit_forget_lag(struct credit_cpu *cc, uint64_t virtual)
{
    struct credit_vcpu *f = cc->running;
    uint64_t least, behind;

    if (!f)
        return;
    least = virtual - vtime_of(CREDIT_MAX_LAG, f->weight);
    behind = least - f->vtime;
    if (tree_before(f->vtime, least)) {
        f->vtime += behind;
        f->deadline += behind;
    }
}

/* Would the one that runs there like it as well on @cc? */
static bool can_swap(const struct credit_cpu *cc, unsigned int cpu)
{
    const struct credit_vcpu *there = ACCESS_ONCE(credit_cpu(cpus[cpu])->running);

    return there && bit_test(there->likes, cc->id) && !ACCESS_ONCE(credit_cpu(cpus[cpu])->favoured);
}

bool credit_finds_home(struct credit_cpu *cc, struct credit_vcpu *f)
{
    unsigned int probe = cc->id;

    if (next_common(cc->pool->idle, f->likes, f->likes, cc->id) >= 0)
        return true; /* choose_cpu finds it, too */
    for (unsigned int n = 0; n < PROBES; n++) {
        probe = (unsigned int)next_common(f->likes, f->likes, f->likes, after(probe));
        if (can_swap(cc, probe)) {
            f->swap_to = probe + 1;
            return true;
        }
    }
    return false;
}
