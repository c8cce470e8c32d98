/* SPDX-License-Identifier: MIT */
/*
 * The null scheduler: each vCPU has a CPU to itself, from when it is first up until it goes down
 * or its affinity forbids it. Those for which there is none left wait for one that becomes free.
 * There is nothing to choose, no timer and no migration.
 */
#include <hv/errno.h>
#include <hv/list.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/softirq.h>

struct null_pool {
    spinlock_t lock; /* who has which CPU; taken before a CPU's */
    struct list_head waiting;
    uint64_t free[CPU_WORDS];
};

struct null_cpu {
    spinlock_t lock;
    struct vcpu *owner; /* NULL: none */
};

struct null_vcpu {
    struct vcpu *vcpu;
    bool has_cpu;          /* .vcpu->cpu */
    struct list_head link; /* in .waiting */
};

static struct null_cpu *null_cpu(unsigned int cpu)
{
    return cpus[cpu]->sched_data;
}

static struct null_vcpu *null_of(const struct vcpu *v)
{
    return v->sched_data;
}

static struct null_pool *pool_of(const struct vcpu *v)
{
    return v->domain->pool->data;
}

static struct null_cpu *lock_cpu_of(struct vcpu *v)
{
    for (;;) {
        unsigned int cpu = ACCESS_ONCE(v->cpu);
        struct null_cpu *nc = null_cpu(cpu);

        spin_lock_nested(&nc->lock);
        if (v->cpu == cpu)
            return nc;
        spin_unlock(&nc->lock);
    }
}

/* --- who has which CPU; with the pool's lock --------------------------------------------- */

static void give(struct null_pool *p, struct vcpu *v, unsigned int cpu)
{
    struct null_cpu *nc = lock_cpu_of(v);

    v->cpu = cpu;
    spin_unlock(&nc->lock);
    nc = lock_cpu_of(v);
    p->free[cpu / 64] &= ~(1UL << cpu % 64);
    nc->owner = v;
    null_of(v)->has_cpu = true;
    list_del(&null_of(v)->link);
    if (!v->is_running)
        sched_note_waiting(v);
    spin_unlock(&nc->lock);
    softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
}

static bool give_one_of(struct null_pool *p, struct vcpu *v, const uint64_t *set)
{
    for (unsigned int w = 0; w < CPU_WORDS; w++) {
        uint64_t bits = p->free[w] & set[w];

        if (bits) {
            give(p, v, w * 64 + (unsigned int)__builtin_ctzl(bits));
            return true;
        }
    }
    return false;
}

static bool give_any(struct null_pool *p, struct vcpu *v)
{
    uint64_t may[CPU_WORDS], likes[CPU_WORDS];

    sched_effective_affinity(v, may, likes);
    return give_one_of(p, v, likes) || give_one_of(p, v, may);
}

static void serve_waiting(struct null_pool *p)
{
    struct null_vcpu *n, *next;

    list_for_each_entry_safe(n, next, &p->waiting, link)
        give_any(p, n->vcpu);
}

static void take_back(struct null_pool *p, struct vcpu *v)
{
    struct null_vcpu *n = null_of(v);
    struct null_cpu *nc;

    list_del(&n->link);
    if (!n->has_cpu)
        return;
    nc = lock_cpu_of(v);
    nc->owner = NULL;
    n->has_cpu = false;
    p->free[v->cpu / 64] |= 1UL << v->cpu % 64;
    spin_unlock(&nc->lock);
    softirq_raise_on(v->cpu, SOFTIRQ_SCHEDULE);
    serve_waiting(p);
}

static void want_cpu(struct null_pool *p, struct vcpu *v)
{
    struct null_vcpu *n = null_of(v);

    if (!n->has_cpu && list_empty(&n->link) && !give_any(p, v))
        list_add_tail(&n->link, &p->waiting);
}

/* --- what is asked ------------------------------------------------------------------------- */

static void null_wake(struct vcpu *v)
{
    struct null_cpu *nc = lock_cpu_of(v);
    bool has_cpu = null_of(v)->has_cpu;

    if (!v->is_running)
        sched_note_waiting(v);
    if (has_cpu && vcpu_is_runnable(v))
        softirq_raise_on(v->cpu, SOFTIRQ_SCHEDULE);
    spin_unlock(&nc->lock);
    if (!has_cpu && vcpu_is_runnable(v)) {
        spin_lock(&pool_of(v)->lock);
        want_cpu(pool_of(v), v);
        spin_unlock(&pool_of(v)->lock);
    }
}

static void null_sleep(struct vcpu *v)
{
    struct null_cpu *nc = lock_cpu_of(v);

    if (v->is_running)
        softirq_raise_on(v->cpu, SOFTIRQ_SCHEDULE);
    else
        sched_note_waiting(v);
    spin_unlock(&nc->lock);
    if (atomic_read(&v->pause_flags) & VPF_DOWN) {
        spin_lock(&pool_of(v)->lock);
        take_back(pool_of(v), v);
        spin_unlock(&pool_of(v)->lock);
    }
}

static void null_yield(struct vcpu *v)
{
}

static void null_charge(struct vcpu *v, uint64_t ns)
{
}

static void null_affinity(struct vcpu *v)
{
    struct null_pool *p = pool_of(v);
    uint64_t may[CPU_WORDS], likes[CPU_WORDS];
    bool had;

    sched_effective_affinity(v, may, likes);
    spin_lock(&p->lock);
    had = null_of(v)->has_cpu || !list_empty(&null_of(v)->link);
    if (had && !(null_of(v)->has_cpu && bit_test(may, v->cpu))) {
        take_back(p, v);
        want_cpu(p, v);
    }
    spin_unlock(&p->lock);
}

static struct sched_decision null_pick(struct cpu *c, struct vcpu *prev, uint64_t now)
{
    struct null_cpu *nc = c->sched_data;
    struct vcpu *v;

    spin_lock(&nc->lock);
    v = nc->owner;
    /* One that has just come from another CPU may not have left it yet: switched_out tells. */
    if (v && (!vcpu_is_runnable(v) || (v->is_running && v != prev)))
        v = NULL;
    if (v)
        v->is_running = true;
    spin_unlock(&nc->lock);
    return (struct sched_decision){ .vcpu = v };
}

static void null_switched_out(struct vcpu *prev)
{
    struct null_cpu *nc = lock_cpu_of(prev);

    atomic_set_release(&prev->is_running, false);
    if (vcpu_is_runnable(prev) && null_of(prev)->has_cpu)
        softirq_raise_on(prev->cpu, SOFTIRQ_SCHEDULE);
    spin_unlock(&nc->lock);
}

/* --- beginnings and ends -------------------------------------------------------------------- */

static int null_pool_init(struct sched_pool *p)
{
    struct null_pool *np = hv_alloc(sizeof(*np));

    if (!np)
        return -ENOMEM;
    spin_lock_init(&np->lock, LOCK_SCHED);
    list_init(&np->waiting);
    p->data = np;
    return 0;
}

static int null_cpu_init(struct sched_pool *p, struct cpu *c)
{
    struct null_cpu *nc = hv_alloc(sizeof(*nc));
    struct null_pool *np = p->data;

    if (!nc)
        return -ENOMEM;
    spin_lock_init(&nc->lock, LOCK_SCHED);
    c->sched_data = nc;
    spin_lock(&np->lock);
    np->free[c->id / 64] |= 1UL << c->id % 64;
    spin_unlock(&np->lock);
    return 0;
}

static int null_domain_init(struct domain *d)
{
    return 0;
}

static void null_domain_destroy(struct domain *d)
{
}

static int null_vcpu_init(struct vcpu *v)
{
    struct null_vcpu *n = hv_alloc(sizeof(*n));

    if (!n)
        return -ENOMEM;
    n->vcpu = v;
    list_init(&n->link);
    v->cpu = (v->domain->domid + v->id) % nr_cpus;
    v->sched_data = n;
    return 0;
}

static void null_vcpu_destroy(struct vcpu *v)
{
    spin_lock(&pool_of(v)->lock);
    take_back(pool_of(v), v);
    spin_unlock(&pool_of(v)->lock);
    hv_free(v->sched_data);
}

/* There is nothing to set. */
static int null_domain_op(struct domain *d, struct xen_domctl_scheduler_op *op, bool *copyback)
{
    return -EOPNOTSUPP;
}

static int null_pool_op(struct sched_pool *p, struct xen_sysctl_scheduler_op *op, bool *copyback)
{
    return -EOPNOTSUPP;
}

const struct sched_ops sched_null_ops = {
    .name = "null",
    .id = XEN_SCHEDULER_NULL,
    .pool_init = null_pool_init,
    .cpu_init = null_cpu_init,
    .domain_init = null_domain_init,
    .domain_destroy = null_domain_destroy,
    .vcpu_init = null_vcpu_init,
    .vcpu_destroy = null_vcpu_destroy,
    .wake = null_wake,
    .sleep = null_sleep,
    .yield = null_yield,
    .charge = null_charge,
    .affinity = null_affinity,
    .pick = null_pick,
    .switched_out = null_switched_out,
    .domain_op = null_domain_op,
    .pool_op = null_pool_op,
};
