/* SPDX-License-Identifier: MIT */
/* What is common to all schedulers: states, the switch itself, and sched_op. */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/event.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include <hv/string.h>

static struct sched_pool pool0;
static struct timer slice_timers[MAX_CPUS];

static void slice_over(void *arg)
{
    softirq_raise(SOFTIRQ_SCHEDULE);
}

/* --- pools, and what they have --- */

static const struct sched_ops *const algorithms[] = { &sched_credit_ops, &sched_rtds_ops,
                                                      &sched_null_ops };

static const struct sched_ops *algorithm_chosen(void)
{
    char name[16];

    if (!cmdline_get("sched", name, sizeof(name)))
        return algorithms[0];
    for (unsigned int i = 0; i < ARRAY_SIZE(algorithms); i++) {
        if (!strncmp(name, algorithms[i]->name, sizeof(name)))
            return algorithms[i];
    }
    log_warning("sched=%s: no such scheduler; there are credit, rtds and null. It is %s.\n", name,
                algorithms[0]->name);
    return algorithms[0];
}

void sched_init(void)
{
    pool0 = (struct sched_pool){ .ops = algorithm_chosen() };
    if (pool0.ops->pool_init(&pool0))
        panic("no memory for the scheduler");
    log_info("scheduler: %s\n", pool0.ops->name);
}

struct sched_pool *sched_pool_find(unsigned int id)
{
    return id ? NULL : &pool0;
}

void sched_init_cpu(unsigned int cpu)
{
    struct cpu *c = cpu == this_cpu()->id ? this_cpu() : cpus[cpu];

    timer_init(&slice_timers[cpu], slice_over, NULL, NULL, cpu);
    c->idle_since = time_now();
    c->pool = &pool0;
    if (pool0.ops->cpu_init(&pool0, c))
        panic("no memory for the scheduler of CPU %u", cpu);
    bit_test_and_set(pool0.cpus, cpu);
}

int sched_domain_init(struct domain *d)
{
    int rc = pool0.ops->domain_init(d);

    if (!rc)
        d->pool = &pool0;
    return rc;
}

void sched_domain_destroy(struct domain *d)
{
    if (d->pool)
        d->pool->ops->domain_destroy(d);
}

static const struct sched_ops *ops_of(const struct vcpu *v)
{
    return v->domain->pool->ops;
}

int sched_vcpu_init(struct vcpu *v)
{
    memset(v->hard_affinity, 0xff, sizeof(v->hard_affinity));
    memset(v->soft_affinity, 0xff, sizeof(v->soft_affinity));
    return ops_of(v)->vcpu_init(v);
}

void sched_vcpu_destroy(struct vcpu *v)
{
    if (v->sched_data)
        ops_of(v)->vcpu_destroy(v);
}

/* @and's bits are taken out of @map unless that leaves none. */
static void narrow(uint64_t *map, const uint64_t *and)
{
    uint64_t any = 0;

    for (unsigned int i = 0; i < CPU_WORDS; i++)
        any |= map[i] & and[i];
    for (unsigned int i = 0; any && i < CPU_WORDS; i++)
        map[i] &= and[i];
}

void sched_effective_affinity(const struct vcpu *v, uint64_t *may, uint64_t *likes)
{
    for (unsigned int i = 0; i < CPU_WORDS; i++)
        may[i] = atomic_read(&v->domain->pool->cpus[i]);
    narrow(may, v->hard_affinity);
    memcpy(likes, may, sizeof(*may) * CPU_WORDS);
    narrow(likes, v->soft_affinity);
}

bool vcpu_is_runnable(const struct vcpu *v)
{
    return !(atomic_read(&v->pause_flags) | atomic_read(&v->pause_count) |
             atomic_read(&v->domain->pause_count));
}

/* In the order that vcpu_runstate_get relies on. @now may be older than another CPU's change. */
void vcpu_runstate_set(struct vcpu *v, int state, uint64_t now)
{
    struct vcpu_runstate_info *r = &v->runstate;

    now = max(now, r->state_entry_time);
    atomic_set(&r->time[r->state], r->time[r->state] + now - r->state_entry_time);
    atomic_set_release(&r->state, state);
    atomic_set_release(&r->state_entry_time, now);
}

/* The state of one that does not run: waiting for a CPU, for an event, or held. */
static int waiting_state(const struct vcpu *v)
{
    if (vcpu_is_runnable(v))
        return RUNSTATE_runnable;
    return atomic_read(&v->pause_flags) & VPF_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline;
}

void sched_note_waiting(struct vcpu *v)
{
    int state = waiting_state(v);

    if (state != v->runstate.state)
        vcpu_runstate_set(v, state, time_now());
}

void vcpu_wake(struct vcpu *v)
{
    ops_of(v)->wake(v);
}

void vcpu_sleep(struct vcpu *v)
{
    ops_of(v)->sleep(v);
}

void vcpu_sleep_sync(struct vcpu *v)
{
    vcpu_sleep(v);
    while (atomic_read_acquire(&v->is_running))
        arch_cpu_relax();
}

void sched_charge(struct vcpu *v, uint64_t ns)
{
    ops_of(v)->charge(v, ns);
}

bool sched_credit(struct vcpu *v, int64_t *ns)
{
    if (!ops_of(v)->credit)
        return false;
    *ns = ops_of(v)->credit(v);
    return true;
}

void sched_affinity_changed(struct vcpu *v)
{
    ops_of(v)->affinity(v);
}

int sched_domain_op(struct domain *d, struct xen_domctl_scheduler_op *op, bool *copyback)
{
    return op->sched_id == d->pool->ops->id ? d->pool->ops->domain_op(d, op, copyback) : -EINVAL;
}

int sched_pool_op(struct xen_sysctl_scheduler_op *op, bool *copyback)
{
    struct sched_pool *p = sched_pool_find(op->cpupool_id);

    if (!p)
        return -ESRCH;
    return op->sched_id == p->ops->id ? p->ops->pool_op(p, op, copyback) : -EINVAL;
}

void vcpu_yield(void)
{
    ops_of(current)->yield(current);
    softirq_raise(SOFTIRQ_SCHEDULE);
}

void vcpu_block(void)
{
    struct vcpu *v = current;

    atomic_or(&v->pause_flags, VPF_BLOCKED);
    /* What came before the flag was set would not wake it any more. */
    if (arch_vcpu_has_interrupt(v))
        atomic_and(&v->pause_flags, ~VPF_BLOCKED);
    else
        softirq_raise(SOFTIRQ_SCHEDULE);
}

/* Its timeout must not end a later poll, or halt. */
static void poll_end(struct vcpu *v)
{
    evtchn_poll_end(v);
    timer_stop(&v->poll_timer);
}

void vcpu_unblock(struct vcpu *v)
{
    if (!(atomic_read(&v->pause_flags) & VPF_BLOCKED))
        return;
    if (atomic_and(&v->pause_flags, ~VPF_BLOCKED) & VPF_BLOCKED) {
        if (v->poll_active)
            poll_end(v);
        vcpu_wake(v);
    }
}

/* @prev's state is saved; another CPU may run it, or end it, at once: grace.h keeps it here. */
static void left_cpu(struct vcpu *prev)
{
    struct domain *d = prev->domain;

    ops_of(prev)->switched_out(prev);
    smp_mb(); /* we see that its domain waits, or domain_shutdown that it does not run */
    if (unlikely(ACCESS_ONCE(d->shutdown_waits)))
        domain_shutdown_check(d);
}

void sched_run(void)
{
    struct cpu *c = this_cpu();
    struct vcpu *prev = c->curr;
    uint64_t now = time_now();
    struct sched_decision next = c->pool->ops->pick(c, prev, now);

    if (next.slice_ns)
        timer_set(&slice_timers[c->id], now + next.slice_ns);
    else if (timer_is_armed(&slice_timers[c->id]))
        timer_stop(&slice_timers[c->id]);
    if (next.vcpu == prev)
        return;

    if (!prev)
        c->idle_time += now - c->idle_since;
    else
        vcpu_runstate_set(prev, waiting_state(prev), now);
    arch_context_switch(prev, next.vcpu);
    c->curr = next.vcpu;
    if (prev)
        left_cpu(prev);
    if (next.vcpu)
        vcpu_runstate_set(next.vcpu, RUNSTATE_running, now);
    else
        c->idle_since = now;
    if (next.vcpu) {
        vcpu_periodic_resume(next.vcpu);
        arch_vcpu_runstate_update(next.vcpu);
    }
}

/* --- SCHEDOP_poll --- */

void vcpu_poll_timeout(void *arg)
{
    struct vcpu *v = arg;

    if (v->poll_active)
        vcpu_unblock(v);
}

#define POLL_MAX_PORTS 128

/* 1: a port is pending; 0: none; negative: an error. */
static int poll_check(const struct sched_poll *poll, evtchn_port_t *only)
{
    for (unsigned int i = 0; i < poll->nr_ports; i++) {
        evtchn_port_t port;
        int rc;

        if (guest_read_at(&port, poll->ports, i))
            return -EFAULT;
        *only = poll->nr_ports == 1 ? port : 0;
        rc = evtchn_port_is_pending(current->domain, port);
        if (rc)
            return rc;
    }
    return 0;
}

static int sched_poll(const struct sched_poll *poll)
{
    struct vcpu *v = current;
    int rc;

    if (poll->nr_ports > POLL_MAX_PORTS)
        return -EINVAL;
    atomic_or(&v->pause_flags, VPF_BLOCKED);
    /* Before a sender can wake us and stop it. It fires on this CPU, so not before we are done. */
    if (poll->timeout)
        timer_set(&v->poll_timer, poll->timeout);
    /* From now on a sender wakes us; what came before is seen below. */
    evtchn_poll_begin(v, 0);
    rc = poll_check(poll, &v->poll_port);
    if (rc || arch_vcpu_has_interrupt(v)) {
        poll_end(v);
        atomic_and(&v->pause_flags, ~VPF_BLOCKED);
        return rc < 0 ? rc : 0;
    }
    softirq_raise(SOFTIRQ_SCHEDULE);
    return 0;
}

static int remote_shutdown(const struct sched_remote_shutdown *r)
{
    struct domain *d = domain_get(r->domain_id);
    int rc;

    if (!d)
        return -ESRCH;
    rc = permission_control(d);
    if (!rc)
        domain_shutdown(d, r->reason);
    domain_put(d);
    return rc;
}

int do_sched_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    union {
        struct sched_shutdown shutdown;
        struct sched_poll poll;
        struct sched_remote_shutdown remote;
    } u;

    switch (cmd) {
    case SCHEDOP_yield:
        vcpu_yield();
        return 0;
    case SCHEDOP_block:
        ACCESS_ONCE(current->vcpu_info->evtchn_upcall_mask) = 0;
        vcpu_block();
        return 0;
    case SCHEDOP_shutdown:
        if (guest_read(&u.shutdown, guest_handle_cast(arg, sched_shutdown_t)))
            return -EFAULT;
        domain_shutdown(current->domain, u.shutdown.reason);
        return 0;
    case SCHEDOP_shutdown_code:
        if (guest_read(&u.shutdown, guest_handle_cast(arg, sched_shutdown_t)))
            return -EFAULT;
        current->domain->shutdown_code = u.shutdown.reason;
        return 0;
    case SCHEDOP_poll:
        if (guest_read(&u.poll, guest_handle_cast(arg, sched_poll_t)))
            return -EFAULT;
        return sched_poll(&u.poll);
    case SCHEDOP_remote_shutdown:
        if (guest_read(&u.remote, guest_handle_cast(arg, sched_remote_shutdown_t)))
            return -EFAULT;
        return remote_shutdown(&u.remote);
    default:
        return -ENOSYS;
    }
}
