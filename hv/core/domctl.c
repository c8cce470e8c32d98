/* SPDX-License-Identifier: MIT */
/* domctl: control of domains by dom0's tools (<xen/domctl.h>). */
#include <hv/arch.h>
#include <hv/ctl_bitmap.h>
#include <hv/domain_info.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/numa.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/string.h>
#include <hv/vnuma.h>

/* One operation on @d (referenced by the caller). *copyback: op goes back to the tool. */
typedef int domctl_fn(struct domain *d, struct xen_domctl *op, bool *copyback);

static int op_pause(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return d == current->domain ? -EINVAL : domain_pause_by_controller(d);
}

static int op_unpause(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return d == current->domain ? -EINVAL : domain_unpause_by_controller(d);
}

static int op_resume(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return d == current->domain ? -EINVAL : domain_resume(d);
}

static int op_destroy(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return domain_kill(d);
}

static int op_getdomaininfo(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    domain_get_info(d, &op->u.getdomaininfo);
    op->domain = d->domid;
    *copyback = true;
    return 0;
}

static int op_max_vcpus(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    unsigned int wanted = op->u.max_vcpus.max;
    bool made = false;
    int rc = 0;

    /* The number is that of createdomain; this is the moment to make them. */
    if (wanted != d->max_vcpus || d->created)
        return -EINVAL;
    for (unsigned int i = 0; i < wanted && !rc; i++) {
        if (d->vcpu[i])
            continue;
        if (made && hypercall_preempt_check())
            return -ERESTART; /* those that are there are passed over then */
        rc = vcpu_create(d, i);
        if (rc == -EEXIST) /* by another tool, just now */
            rc = 0;
        made = true;
    }
    return rc;
}

static int op_max_mem(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    uint64_t pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

    if (pages > UINT32_MAX)
        return -EINVAL;
    d->max_pages = (uint32_t)pages; /* below what it has: it can shrink only */
    return 0;
}

static int op_setdomainhandle(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

static int op_getvcpuinfo(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    struct xen_domctl_getvcpuinfo *i = &op->u.getvcpuinfo;
    struct vcpu *v = domain_vcpu(d, i->vcpu);
    struct vcpu_runstate_info r;

    if (!v)
        return -ESRCH;
    vcpu_runstate_get(v, &r);
    i->online = !(atomic_read(&v->pause_flags) & VPF_DOWN);
    i->blocked = r.state == RUNSTATE_blocked;
    i->running = v->is_running;
    i->cpu_time = r.time[RUNSTATE_running];
    i->cpu = v->cpu;
    *copyback = true;
    return 0;
}

static int op_getvcpuaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    struct vcpu *v = domain_vcpu(d, a->vcpu);
    int rc = 0;

    if (!v)
        return -ESRCH;
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = ctl_bitmap_put(&a->cpumap_hard, v->hard_affinity, nr_cpus);
    if (!rc && a->flags & XEN_VCPUAFFINITY_SOFT)
        rc = ctl_bitmap_put(&a->cpumap_soft, v->soft_affinity, nr_cpus);
    return rc;
}

static bool any_online(const uint64_t *map)
{
    unsigned int i;

    for_each_online_cpu(i) {
        if (bit_test(map, i))
            return true;
    }
    return false;
}

static int op_setvcpuaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    uint64_t hard[MAX_CPUS / 64] = { 0 }, soft[MAX_CPUS / 64] = { 0 };
    struct vcpu *v = domain_vcpu(d, a->vcpu);

    if (!v)
        return -ESRCH;
    if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
        return -EINVAL;
    if (a->flags & XEN_VCPUAFFINITY_HARD &&
        (ctl_bitmap_get(&a->cpumap_hard, hard, MAX_CPUS) || !any_online(hard)))
        return -EINVAL;
    if (a->flags & XEN_VCPUAFFINITY_SOFT &&
        (ctl_bitmap_get(&a->cpumap_soft, soft, MAX_CPUS) || !any_online(soft)))
        return -EINVAL;
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        memcpy(v->hard_affinity, hard, sizeof(hard));
    if (a->flags & XEN_VCPUAFFINITY_SOFT)
        memcpy(v->soft_affinity, soft, sizeof(soft));
    sched_affinity_changed(v);
    numa_update_affinity(d);
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        return ctl_bitmap_put(&a->cpumap_hard, v->hard_affinity, nr_cpus);
    return ctl_bitmap_put(&a->cpumap_soft, v->soft_affinity, nr_cpus);
}

static int op_getnodeaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    uint64_t map = atomic_read(&d->node_affinity);

    return ctl_bitmap_put(&op->u.nodeaffinity.nodemap, &map, page_alloc_nodes());
}

/* Where its memory is looked for first. */
static int op_setnodeaffinity(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    uint64_t map;

    if (ctl_bitmap_get(&op->u.nodeaffinity.nodemap, &map, MAX_NODES))
        return -EFAULT;
    return numa_set_affinity(d, map);
}

static int op_setvnumainfo(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return vnuma_set(d, &op->u.vnuma);
}

static int op_scheduler(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return sched_domain_op(d, &op->u.scheduler_op, copyback);
}

static int op_set_virq_handler(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return evtchn_set_virq_handler(d, op->u.set_virq_handler.virq);
}

static int op_sendtrigger(struct domain *d, struct xen_domctl *op, bool *copyback)
{
    return -EOPNOTSUPP; /* NMI, power and sleep buttons come with the emulated platform */
}

static domctl_fn *const table[] = {
    [XEN_DOMCTL_destroydomain] = op_destroy,
    [XEN_DOMCTL_pausedomain] = op_pause,
    [XEN_DOMCTL_unpausedomain] = op_unpause,
    [XEN_DOMCTL_resumedomain] = op_resume,
    [XEN_DOMCTL_getdomaininfo] = op_getdomaininfo,
    [XEN_DOMCTL_max_vcpus] = op_max_vcpus,
    [XEN_DOMCTL_max_mem] = op_max_mem,
    [XEN_DOMCTL_setdomainhandle] = op_setdomainhandle,
    [XEN_DOMCTL_getvcpuinfo] = op_getvcpuinfo,
    [XEN_DOMCTL_getvcpuaffinity] = op_getvcpuaffinity,
    [XEN_DOMCTL_setvcpuaffinity] = op_setvcpuaffinity,
    [XEN_DOMCTL_setnodeaffinity] = op_setnodeaffinity,
    [XEN_DOMCTL_getnodeaffinity] = op_getnodeaffinity,
    [XEN_DOMCTL_setvnumainfo] = op_setvnumainfo,
    [XEN_DOMCTL_scheduler_op] = op_scheduler,
    [XEN_DOMCTL_set_virq_handler] = op_set_virq_handler,
    [XEN_DOMCTL_sendtrigger] = op_sendtrigger,
};

/* Out-of-sync shadow tables are off anyway: there are none. */
#define CREATE_FLAGS                                                                               \
    (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain)

/* What a tool asks for and would not get is refused. */
static int check_create(const struct xen_domctl_createdomain *c)
{
    if (c->cpupool_id)
        return -ESRCH;
    return c->flags & ~CREATE_FLAGS || c->iommu_opts || c->vmtrace_size ? -EOPNOTSUPP : 0;
}

static int op_create(struct xen_domctl *op, bool *copyback)
{
    struct xen_domctl_createdomain *c = &op->u.createdomain;
    /* 0, and what can be nobody's (tools say 0xffff): the next one that is free. */
    domid_t domid = op->domain ? op->domain : (domid_t)DOMID_INVALID;
    int rc = check_create(c);
    struct domain *d;

    if (rc)
        return rc;
    d = domain_create(domid, c, false, &rc);
    if (!d)
        return rc;
    op->domain = d->domid;
    *copyback = true;
    return 0;
}

/* getdomaininfo answers for the first domain at or above the one that is asked for. */
static struct domain *find_target(const struct xen_domctl *op)
{
    return op->cmd == XEN_DOMCTL_getdomaininfo ? domain_get_next(op->domain)
                                               : domain_get_or_self(op->domain);
}

static int dispatch(struct xen_domctl *op, bool *copyback)
{
    struct domain *d;
    domctl_fn *fn = NULL;
    int rc;

    if (op->cmd == XEN_DOMCTL_createdomain)
        return op_create(op, copyback);
    d = find_target(op);
    if (!d)
        return -ESRCH;
    if (op->cmd < ARRAY_SIZE(table))
        fn = table[index_nospec(op->cmd, ARRAY_SIZE(table))];
    rc = fn ? fn(d, op, copyback) : (int)arch_domctl(op, d, copyback);
    domain_put(d);
    return rc;
}

long do_domctl(XEN_GUEST_HANDLE(xen_domctl_t) arg)
{
    struct xen_domctl op;
    bool copyback = false;
    int rc = permission_host();

    if (rc)
        return rc;
    if (guest_read(&op, arg))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    rc = dispatch(&op, &copyback);
    if (rc == -ERESTART)
        return hypercall_continue(0);
    if (copyback && guest_write(arg, &op))
        return -EFAULT;
    return rc;
}
