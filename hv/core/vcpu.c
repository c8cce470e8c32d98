/* SPDX-License-Identifier: MIT */
/* vcpu_op, the shared vcpu_info, and the timers that a PV-aware guest sets. */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/p2m.h>
#include <hv/sched.h>
#include <hv/string.h>

/* For vCPUs that have none of their own yet: the guest must register one to use events. */
static struct vcpu_info no_vcpu_info = { .evtchn_upcall_mask = 1 };

struct vcpu_info *vcpu_default_info(struct domain *d, unsigned int id)
{
    return id < XEN_LEGACY_MAX_VCPUS ? &d->shared_info->vcpu_info[id] : &no_vcpu_info;
}

static void singleshot_fires(void *arg)
{
    send_vcpu_virq(arg, VIRQ_TIMER);
}

/*
 * The next tick is set when the vCPU runs: one that has not taken the last one yet would
 * notice nothing of it. So what a guest's timers cost is bound to the turns that it gets.
 */
static void periodic_fires(void *arg)
{
    struct vcpu *v = arg;

    send_vcpu_virq(v, VIRQ_TIMER);
    smp_mb(); /* pairs with vcpu_periodic_resume: it sees the timer off, or we see the vCPU run */
    if (v->is_running)
        vcpu_periodic_resume(v);
}

void vcpu_periodic_resume(struct vcpu *v)
{
    uint64_t period = atomic_read(&v->periodic_period);

    if (likely(!period))
        return;
    smp_mb();
    if (!timer_is_armed(&v->periodic_timer))
        timer_set(&v->periodic_timer, time_now() + period);
}

void vcpu_timers_init(struct vcpu *v)
{
    timer_init(&v->singleshot_timer, singleshot_fires, v, v, v->cpu);
    timer_init(&v->periodic_timer, periodic_fires, v, v, v->cpu);
    timer_init(&v->poll_timer, vcpu_poll_timeout, v, v, v->cpu);
}

void vcpu_timers_migrate(struct vcpu *v, unsigned int cpu)
{
    timer_migrate(&v->singleshot_timer, cpu);
    timer_migrate(&v->periodic_timer, cpu);
    timer_migrate(&v->poll_timer, cpu);
}

void vcpu_release_guest_pages(struct vcpu *v)
{
    struct page_info *pg = v->vcpu_info_page;

    timer_kill(&v->singleshot_timer);
    v->periodic_period = 0;
    timer_kill(&v->periodic_timer);
    timer_kill(&v->poll_timer);
    v->vcpu_info = &no_vcpu_info;
    if (pg) {
        v->vcpu_info_page = NULL;
        page_put(pg);
    }
}

void domain_mark_held(struct domain *d)
{
    struct vcpu *v;

    evtchn_mark_held(d);
    for_each_vcpu(d, v) {
        if (atomic_read_acquire(&v->vcpu_info_page))
            p2m_mark_dirty(d, gfn(v->vcpu_info_gfn));
    }
}

/* Once only: false if it has a place of its own already. *pg is the vCPU's from now on. */
static bool vcpu_info_move(struct vcpu *v, struct page_info *pg, gfn_t g, unsigned int offset)
{
    struct vcpu_info *to = (struct vcpu_info *)((char *)page_to_virt(pg) + offset);
    struct vcpu_info *from = v->vcpu_info;

    spin_lock(&v->domain->lock); /* against another vCPU that does the same */
    if (v->vcpu_info_page) {
        spin_unlock(&v->domain->lock);
        return false;
    }
    if (from == &no_vcpu_info) {
        memset(to, 0, sizeof(*to));
        to->evtchn_upcall_mask = 1;
    } else {
        memcpy(to, from, sizeof(*to));
    }
    /* Whatever was missed while moving shows up as a spurious event. */
    to->evtchn_upcall_pending = 1;
    to->evtchn_pending_sel = ~0UL;
    v->vcpu_info_gfn = g.v;
    atomic_set_release(&v->vcpu_info_page, pg);
    atomic_set_release(&v->vcpu_info, to);
    spin_unlock(&v->domain->lock);
    return true;
}

/*
 * Another's place is set only as long as that one is down. Nothing waits for it to
 * stop: two vCPUs that wait for each other would never end.
 */
int vcpu_register_info(struct vcpu *v, gfn_t g, unsigned int offset)
{
    enum p2m_type t;
    struct page_info *pg;

    if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset & 7)
        return -EINVAL;
    if (v != current && !(atomic_read(&v->pause_flags) & VPF_DOWN))
        return -EINVAL;
    pg = p2m_get_page(v->domain, g, &t);
    if (!pg)
        return -EINVAL;
    if (t != p2m_ram_rw || pg->owner != v->domain->domid || !vcpu_info_move(v, pg, g, offset)) {
        page_put(pg);
        return -EINVAL;
    }
    arch_vcpu_time_update(v);
    evtchn_vcpu_info_moved(v);
    return 0;
}

static int set_singleshot(struct vcpu *v, uint64_t timeout_abs, uint32_t flags)
{
    if (v != current)
        return -EINVAL;
    if (flags & VCPU_SSHOTTMR_future && timeout_abs < time_now())
        return -ETIME;
    timer_set(&v->singleshot_timer, timeout_abs);
    return 0;
}

#define MIN_PERIOD MSEC(1)

static int set_periodic(struct vcpu *v, uint64_t period)
{
    if (period < MIN_PERIOD)
        return -EINVAL;
    if (period > NS_PER_SEC * 3600 * 24)
        return -EINVAL;
    v->periodic_period = period;
    timer_set(&v->periodic_timer, time_now() + period);
    return 0;
}

/*
 * A copy of what its CPU may be changing meanwhile. It has been in one of the states ever
 * since it was made, so a copy that is whole adds up to its age at the last change: that
 * is found out here, for changes (vcpu_runstate_set) to cost nothing more.
 */
static bool runstate_copy(const struct vcpu *v, struct vcpu_runstate_info *r)
{
    const struct vcpu_runstate_info *from = &v->runstate;
    uint64_t sum = 0;

    r->state = atomic_read_acquire(&from->state);
    for (unsigned int i = 0; i < ARRAY_SIZE(r->time); i++) {
        r->time[i] = atomic_read(&from->time[i]);
        sum += r->time[i];
    }
    smp_rmb();
    r->state_entry_time = atomic_read_acquire(&from->state_entry_time);
    return sum == r->state_entry_time - v->created_at && r->state == atomic_read(&from->state);
}

#define COPY_TRIES 100 /* each takes less than the shortest time between two changes */

uint64_t vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *r)
{
    uint64_t now;

    for (unsigned int i = 0; i < COPY_TRIES && !runstate_copy(v, r); i++)
        arch_cpu_relax();
    now = max(time_now(), r->state_entry_time);
    if (r->state >= 0 && r->state < (int)ARRAY_SIZE(r->time))
        r->time[r->state] += now - r->state_entry_time;
    return now;
}

static int register_runstate_area(struct vcpu *v, XEN_GUEST_HANDLE(void) arg)
{
    struct vcpu_register_runstate_memory_area area;

    if (v != current)
        return -EINVAL; /* the address is in the caller's own space */
    if (guest_read(&area, guest_handle_cast(arg, vcpu_register_runstate_memory_area_t)))
        return -EFAULT;
    v->runstate_guest = (vaddr_t)area.addr.h.p;
    arch_vcpu_runstate_update(v);
    return 0;
}

static int register_time_area(struct vcpu *v, XEN_GUEST_HANDLE(void) arg)
{
    struct vcpu_register_time_memory_area area;

    if (v != current)
        return -EINVAL;
    if (guest_read(&area, guest_handle_cast(arg, vcpu_register_time_memory_area_t)))
        return -EFAULT;
    v->time_info_guest = (vaddr_t)area.addr.h.p;
    arch_vcpu_time_update(v);
    return 0;
}

static int vcpu_up(struct vcpu *v)
{
    if (!v->initialised)
        return -EINVAL;
    if (atomic_and(&v->pause_flags, ~VPF_DOWN) & VPF_DOWN)
        vcpu_wake(v);
    return 0;
}

static int vcpu_down(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct vcpu *other;
    bool last = true;

    for_each_vcpu(d, other) {
        if (other != v && !(atomic_read(&other->pause_flags) & VPF_DOWN))
            last = false;
    }
    if (last) /* nobody is left to bring another up */
        domain_shutdown(d, SHUTDOWN_poweroff);
    else if (!(atomic_or(&v->pause_flags, VPF_DOWN) & VPF_DOWN))
        vcpu_sleep(v);
    return 0;
}

int do_vcpu_op(int cmd, unsigned int vcpuid, XEN_GUEST_HANDLE(void) arg)
{
    struct vcpu *v = domain_vcpu(current->domain, vcpuid);
    union {
        struct vcpu_runstate_info runstate;
        struct vcpu_register_vcpu_info info;
        struct vcpu_set_singleshot_timer singleshot;
        struct vcpu_set_periodic_timer periodic;
    } u;

    if (!v)
        return -ENOENT;
    switch (cmd) {
    case VCPUOP_up:
        return vcpu_up(v);
    case VCPUOP_down:
        return vcpu_down(v);
    case VCPUOP_is_up:
        return !(atomic_read(&v->pause_flags) & VPF_DOWN);
    case VCPUOP_get_runstate_info:
        vcpu_runstate_get(v, &u.runstate);
        return guest_write(guest_handle_cast(arg, vcpu_runstate_info_t), &u.runstate);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate_area(v, arg);
    case VCPUOP_register_vcpu_time_memory_area:
        return register_time_area(v, arg);
    case VCPUOP_register_vcpu_info:
        if (guest_read(&u.info, guest_handle_cast(arg, vcpu_register_vcpu_info_t)))
            return -EFAULT;
        return vcpu_register_info(v, gfn(u.info.mfn), u.info.offset);
    case VCPUOP_set_singleshot_timer:
        if (guest_read(&u.singleshot, guest_handle_cast(arg, vcpu_set_singleshot_timer_t)))
            return -EFAULT;
        return set_singleshot(v, u.singleshot.timeout_abs_ns, u.singleshot.flags);
    case VCPUOP_stop_singleshot_timer:
        if (v != current)
            return -EINVAL;
        timer_stop(&v->singleshot_timer);
        return 0;
    case VCPUOP_set_periodic_timer:
        if (v != current)
            return -EINVAL;
        if (guest_read(&u.periodic, guest_handle_cast(arg, vcpu_set_periodic_timer_t)))
            return -EFAULT;
        return set_periodic(v, u.periodic.period_ns);
    case VCPUOP_stop_periodic_timer:
        if (v != current)
            return -EINVAL;
        v->periodic_period = 0;
        timer_stop(&v->periodic_timer);
        return 0;
    default:
        return -ENOSYS;
    }
}

long do_set_timer_op(uint64_t timeout)
{
    struct vcpu *v = current;

    if (timeout)
        timer_set(&v->singleshot_timer, timeout);
    else
        timer_stop(&v->singleshot_timer);
    return 0;
}
