/* SPDX-License-Identifier: MIT */
/*
 * A simple fair scheduler: each CPU has a queue of the vCPUs that wait for it,
 * ordered by the time they have run; the one that ran least goes next. A CPU
 * with nothing to do takes from the others' queues.
 */
#include <hv/errno.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/softirq.h>

#define SLICE        MSEC(10)
#define MAX_LAG      MSEC(20) /* sleeping earns no more credit than this */
#define WAKE_PREEMPT MSEC(1)  /* a woken vCPU this much behind goes at once */

struct sched_cpu {
    spinlock_t lock;
    struct list_head queue; /* by ran */
    unsigned int nr_queued;
    uint64_t ran_floor; /* the smallest .ran that was chosen here; never goes back */
    uint64_t started;
    uint64_t running_ran; /* .ran of the one that runs, when it was chosen */
};

struct fair_vcpu {
    struct vcpu *vcpu;
    struct list_head link;
    bool queued;
    uint64_t ran; /* ns, comparable within one CPU's queue */
};

static struct fair_vcpu *fair(struct vcpu *v)
{
    return v->sched_data;
}

static int fair_cpu_init(struct cpu *c)
{
    struct sched_cpu *sc = hv_alloc(sizeof(*sc));

    if (!sc)
        return -ENOMEM;
    spin_lock_init(&sc->lock, LOCK_SCHED);
    list_init(&sc->queue);
    c->sched = sc;
    return 0;
}

static bool may_run_on(const struct vcpu *v, unsigned int cpu)
{
    return bit_test(v->hard_affinity, cpu);
}

static int fair_vcpu_init(struct vcpu *v)
{
    struct fair_vcpu *f = hv_alloc(sizeof(*f));

    if (!f)
        return -ENOMEM;
    f->vcpu = v;
    list_init(&f->link);
    v->sched_data = f;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->hard_affinity); i++)
        v->hard_affinity[i] = v->soft_affinity[i] = ~0UL;
    v->cpu = (v->domain->domid + v->id) % nr_cpus;
    return 0;
}

static void fair_vcpu_destroy(struct vcpu *v)
{
    hv_free(v->sched_data);
    v->sched_data = NULL;
}

static struct cpu *lock_queue_of(struct vcpu *v)
{
    for (;;) {
        struct cpu *c = cpus[ACCESS_ONCE(v->cpu)];

        spin_lock(&c->sched->lock);
        if (v->cpu == c->id)
            return c;
        spin_unlock(&c->sched->lock);
    }
}

static void enqueue(struct sched_cpu *sc, struct fair_vcpu *f)
{
    struct list_head *at = &sc->queue;
    struct fair_vcpu *other;

    list_for_each_entry(other, &sc->queue, link) {
        if (other->ran > f->ran) {
            at = &other->link;
            break;
        }
    }
    list_add_tail(&f->link, at);
    f->queued = true;
    sc->nr_queued++;
}

static void dequeue(struct sched_cpu *sc, struct fair_vcpu *f)
{
    list_del(&f->link);
    f->queued = false;
    sc->nr_queued--;
}

static bool is_idle(const struct cpu *c)
{
    return !ACCESS_ONCE(c->curr) && !ACCESS_ONCE(c->sched->nr_queued);
}

static unsigned int choose_cpu(const struct vcpu *v)
{
    unsigned int i, allowed = v->cpu;

    if (may_run_on(v, v->cpu) && is_idle(cpus[v->cpu]))
        return v->cpu;
    for_each_online_cpu(i) {
        if (!may_run_on(v, i))
            continue;
        if (is_idle(cpus[i]))
            return i;
        if (!may_run_on(v, allowed))
            allowed = i;
    }
    return allowed;
}

/*
 * The time that the least favoured vCPU of @c has run by now, the one on the CPU
 * included; ~0: there is none. Lock held.
 */
static uint64_t least_now(const struct cpu *c)
{
    const struct sched_cpu *sc = c->sched;
    uint64_t now = time_now(), least = ~0UL;

    if (ACCESS_ONCE(c->curr) && now > sc->started)
        least = sc->running_ran + (now - sc->started);
    if (!list_empty(&sc->queue))
        least = min(least, list_first_entry(&sc->queue, struct fair_vcpu, link)->ran);
    return least;
}

/* It may run on without a limit, and .ran_floor with it, when nobody waits. Lock held. */
static uint64_t floor_now(const struct cpu *c)
{
    uint64_t least = least_now(c);

    return least == ~0UL ? c->sched->ran_floor : max(c->sched->ran_floor, least);
}

/* How far @f is behind (negative) or ahead of the others on @c: its place on another CPU. */
static int64_t lag_on(const struct cpu *c, const struct fair_vcpu *f)
{
    int64_t lag = (int64_t)(f->ran - floor_now(c));

    return max(-(int64_t)MAX_LAG, min(lag, (int64_t)MAX_LAG));
}

static uint64_t ran_from_lag(uint64_t floor, int64_t lag)
{
    return lag < 0 && floor < (uint64_t)-lag ? 0 : floor + (uint64_t)lag;
}

static void preempt_if_better(struct cpu *c, const struct fair_vcpu *f)
{
    struct sched_cpu *sc = c->sched;

    /* With nobody waiting, the running one had no time limit until now. */
    if (!ACCESS_ONCE(c->curr) || f->ran + WAKE_PREEMPT < sc->running_ran || sc->nr_queued == 1)
        softirq_raise_on(c->id, SOFTIRQ_SCHEDULE);
}

/* Runnable, not queued, not running. Lock of @c held; comes back unlocked. */
static void place(struct vcpu *v, struct cpu *c)
{
    struct fair_vcpu *f = fair(v);
    unsigned int to = choose_cpu(v);

    if (to != c->id) {
        int64_t lag = lag_on(c, f);

        v->cpu = to;
        spin_unlock(&c->sched->lock);
        c = lock_queue_of(v);
        if (f->queued || v->is_running || !vcpu_is_runnable(v)) {
            spin_unlock(&c->sched->lock); /* somebody else was faster */
            return;
        }
        f->ran = ran_from_lag(floor_now(c), lag);
    }
    f->ran = max(f->ran, ran_from_lag(floor_now(c), -(int64_t)MAX_LAG));
    sched_note_waiting(v);
    enqueue(c->sched, f);
    preempt_if_better(c, f);
    spin_unlock(&c->sched->lock);
}

static void fair_wake(struct vcpu *v)
{
    struct cpu *c = lock_queue_of(v);

    if (vcpu_is_runnable(v) && !fair(v)->queued && !v->is_running) {
        place(v, c);
        return;
    }
    /* If it is just leaving its CPU, switched_out sees to it. */
    if (!v->is_running)
        sched_note_waiting(v);
    spin_unlock(&c->sched->lock);
}

static void fair_sleep(struct vcpu *v)
{
    struct cpu *c = lock_queue_of(v);

    if (fair(v)->queued && !vcpu_is_runnable(v))
        dequeue(c->sched, fair(v));
    if (v->is_running)
        softirq_raise_on(c->id, SOFTIRQ_SCHEDULE);
    else
        sched_note_waiting(v);
    spin_unlock(&c->sched->lock);
}

static void fair_yield(struct vcpu *v)
{
    struct cpu *c = lock_queue_of(v);

    /* Behind the first that waits. */
    if (!list_empty(&c->sched->queue)) {
        struct fair_vcpu *first = list_first_entry(&c->sched->queue, struct fair_vcpu, link);

        fair(v)->ran = max(fair(v)->ran, first->ran + 1);
    }
    spin_unlock(&c->sched->lock);
}

/* What others did meanwhile on this CPU is not the running one's time. */
static void fair_charge(struct vcpu *v, uint64_t ns)
{
    struct sched_cpu *here = this_cpu()->sched;
    struct cpu *c;

    if (v == current)
        return;
    here->started += ns;
    c = lock_queue_of(v);
    fair(v)->ran += ns;
    if (fair(v)->queued) {
        dequeue(c->sched, fair(v));
        enqueue(c->sched, fair(v));
    }
    spin_unlock(&c->sched->lock);
}

/* The most that one can be owed is what sleeping earns. */
static int64_t fair_credit(struct vcpu *v)
{
    struct cpu *c = lock_queue_of(v);
    uint64_t ran = fair(v)->ran, least = least_now(c), now = time_now();
    int64_t owed;

    if (v->is_running && now > c->sched->started)
        ran += now - c->sched->started;
    owed = least == ~0UL ? 0 : (int64_t)(least - ran);
    spin_unlock(&c->sched->lock);
    return max(-(int64_t)MAX_LAG, min(owed, (int64_t)MAX_LAG));
}

static struct fair_vcpu *first_for(struct sched_cpu *sc, unsigned int cpu, bool foreign)
{
    struct fair_vcpu *f;

    list_for_each_entry(f, &sc->queue, link) {
        /* One whose state is on another CPU still can't be taken away from it. */
        if (may_run_on(f->vcpu, cpu) && !(foreign && f->vcpu->is_running))
            return f;
    }
    return NULL;
}

static struct fair_vcpu *steal(struct cpu *c)
{
    unsigned int i;

    for_each_online_cpu(i) {
        struct sched_cpu *sc = cpus[i]->sched;
        struct fair_vcpu *f;

        if (cpus[i] == c || !ACCESS_ONCE(sc->nr_queued) || !spin_trylock(&sc->lock))
            continue;
        f = first_for(sc, c->id, true);
        if (f) {
            int64_t lag = lag_on(cpus[i], f);

            dequeue(sc, f);
            f->ran = ran_from_lag(c->sched->ran_floor, lag);
            f->vcpu->cpu = c->id;
            f->vcpu->is_running = true;
        }
        spin_unlock(&sc->lock);
        if (f) {
            c->sched->running_ran = f->ran;
            return f;
        }
    }
    return NULL;
}

static struct sched_decision fair_pick(struct cpu *c, struct vcpu *prev, uint64_t now)
{
    struct sched_cpu *sc = c->sched;
    struct fair_vcpu *next;
    unsigned int waiting;

    spin_lock(&sc->lock);
    if (prev) {
        fair(prev)->ran += now - sc->started;
        /* One that may not stay here is placed elsewhere by switched_out. */
        if (vcpu_is_runnable(prev) && may_run_on(prev, c->id))
            enqueue(sc, fair(prev));
    }
    sc->started = now;
    next = first_for(sc, c->id, false);
    if (next) {
        dequeue(sc, next);
        next->vcpu->is_running = true;
        sc->ran_floor = max(sc->ran_floor, next->ran);
        sc->running_ran = next->ran;
    }
    waiting = sc->nr_queued;
    spin_unlock(&sc->lock);
    if (!next)
        next = steal(c);
    return (struct sched_decision){ .vcpu = next ? next->vcpu : NULL,
                                    .slice_ns = next && waiting ? SLICE : 0 };
}

static void fair_switched_out(struct vcpu *prev)
{
    struct cpu *c = lock_queue_of(prev);

    atomic_set_release(&prev->is_running, false);
    if (vcpu_is_runnable(prev) && !fair(prev)->queued)
        place(prev, c);
    else
        spin_unlock(&c->sched->lock);
}

const struct sched_ops sched_fair = {
    .name = "fair",
    .id = XEN_SCHEDULER_CREDIT2, /* the nearest that the interface has a number for */
    .cpu_init = fair_cpu_init,
    .vcpu_init = fair_vcpu_init,
    .vcpu_destroy = fair_vcpu_destroy,
    .wake = fair_wake,
    .sleep = fair_sleep,
    .yield = fair_yield,
    .charge = fair_charge,
    .credit = fair_credit,
    .pick = fair_pick,
    .switched_out = fair_switched_out,
};
