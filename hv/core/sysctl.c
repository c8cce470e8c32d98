/* SPDX-License-Identifier: MIT */
/* sysctl: the host, for dom0's tools (<xen/sysctl.h>). */
#include <hv/arch.h>
#include <hv/ctl_bitmap.h>
#include <hv/domain_info.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/log_ring.h>
#include <hv/numa.h>
#include <hv/numa_abi.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/stats_abi.h>
#include <hv/string.h>

#include "core/sysctl_internal.h"

static int op_readconsole(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_readconsole *r = &op->u.readconsole;
    char chunk[256];
    uint64_t pos = 0;
    uint32_t done = 0;

    /* The index is the low half of a position; the rest of it is the nearest before the end. */
    if (r->incremental) {
        pos = (log_position() & ~0xffffffffUL) | r->index;
        if (pos > log_position())
            pos = pos >= 1UL << 32 ? pos - (1UL << 32) : 0;
    }
    while (done < r->count) {
        size_t n = log_read(&pos, chunk, min((size_t)(r->count - done), sizeof(chunk)));

        if (!n)
            break;
        if (copy_to_guest_va((vaddr_t)r->buffer.p + done, chunk, n))
            return -EFAULT;
        done += (uint32_t)n;
    }
    r->count = done;
    r->index = (uint32_t)pos;
    if (r->clear)
        log_clear();
    *copyback = true;
    return 0;
}

static int op_physinfo(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_physinfo *p = &op->u.physinfo;

    *p = (struct xen_sysctl_physinfo){
        .nr_cpus = nr_cpus,
        .max_cpu_id = nr_cpus - 1,
        .nr_nodes = numa_nodes(),
        .max_node_id = numa_nodes() - 1,
        .capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap |
                        XEN_SYSCTL_PHYSCAP_gnttab_v1 | XEN_SYSCTL_PHYSCAP_gnttab_v2,
        .total_pages = page_alloc_total(),
        .free_pages = page_alloc_free(-1),
        .scrub_pages = page_alloc_dirty(),
        .outstanding_pages = page_alloc_claimed(),
    };
    topology_counts(&p->threads_per_core, &p->cores_per_socket);
    arch_physinfo(p);
    *copyback = true;
    return 0;
}

static int op_sched_id(struct xen_sysctl *op, bool *copyback)
{
    op->u.sched_id.sched_id = sched_pool_find(0)->ops->id;
    *copyback = true;
    return 0;
}

static int op_getdomaininfolist(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
    uint32_t max = min(l->max_domains, (uint32_t)MAX_DOMAINS);
    struct xen_domctl_getdomaininfo info;
    struct sysctl_progress *p = sysctl_progress(op);
    struct domain *d;

    if (!sysctl_is_continued(op))
        *p = (struct sysctl_progress){ .next = l->first_domain };
    for (unsigned int n = 0; p->done < max; n++) {
        if (n && hypercall_preempt_check())
            return -ERESTART;
        d = domain_get_next((domid_t)p->next);
        if (!d)
            break;
        domain_get_info(d, &info);
        p->next = d->domid + 1u;
        domain_put(d);
        if (copy_to_guest_va((vaddr_t)(l->buffer.p + p->done), &info, sizeof(info)))
            return -EFAULT;
        p->done++;
    }
    l->num_domains = p->done;
    *copyback = true;
    return 0;
}

static int op_getcpuinfo(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_getcpuinfo *g = &op->u.getcpuinfo;
    uint32_t n = min(g->max_cpus, nr_cpus);

    for (uint32_t i = 0; i < n; i++) {
        const struct cpu *c = cpus[i];
        struct xen_sysctl_cpuinfo info = { .idletime = c->idle_time };

        if (!c->curr)
            info.idletime += time_now() - c->idle_since;
        if (copy_to_guest_va((vaddr_t)g->info.p + i * sizeof(info), &info, sizeof(info)))
            return -EFAULT;
    }
    g->nr_cpus = n;
    *copyback = true;
    return 0;
}

static int op_availheap(struct xen_sysctl *op, bool *copyback)
{
    op->u.availheap.avail_bytes = page_alloc_free(-1) << PAGE_SHIFT;
    *copyback = true;
    return 0;
}

static int op_scheduler(struct xen_sysctl *op, bool *copyback)
{
    return sched_pool_op(&op->u.scheduler_op, copyback);
}

/* One pool until there are more: pool 0, with all CPUs and all domains. */
static int op_cpupool(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;
    uint64_t map[MAX_CPUS / 64] = { 0 };
    struct domain *d;

    if (p->op == XEN_SYSCTL_CPUPOOL_OP_INFO) {
        if (p->cpupool_id && p->cpupool_id != ~0u)
            return -ENOENT;
        p->cpupool_id = 0;
        p->sched_id = sched_pool_find(0)->ops->id;
        p->n_dom = 0;
        for (domid_t id = 0; (d = domain_get_next(id)) != NULL; domain_put(d)) {
            id = (domid_t)(d->domid + 1);
            p->n_dom++;
        }
        for (unsigned int i = 0; i < nr_cpus; i++)
            map[i / 64] |= 1UL << i % 64;
    } else if (p->op != XEN_SYSCTL_CPUPOOL_OP_FREEINFO) {
        return -EOPNOTSUPP;
    }
    *copyback = true;
    return ctl_bitmap_put(&p->cpumap, map, nr_cpus);
}

static sysctl_fn *const table[] = {
    [XEN_SYSCTL_readconsole] = op_readconsole,
    [XEN_SYSCTL_physinfo] = op_physinfo,
    [XEN_SYSCTL_sched_id] = op_sched_id,
    [XEN_SYSCTL_getdomaininfolist] = op_getdomaininfolist,
    [XEN_SYSCTL_getcpuinfo] = op_getcpuinfo,
    [XEN_SYSCTL_availheap] = op_availheap,
    [XEN_SYSCTL_cputopoinfo] = sysctl_cputopoinfo,
    [XEN_SYSCTL_numainfo] = sysctl_numainfo,
    [XEN_SYSCTL_cpupool_op] = op_cpupool,
    [XEN_SYSCTL_scheduler_op] = op_scheduler,
    [XEN_SYSCTL_pcitopoinfo] = sysctl_pcitopoinfo,
};

long do_sysctl(XEN_GUEST_HANDLE(xen_sysctl_t) arg)
{
    struct xen_sysctl op;
    bool copyback = false;
    sysctl_fn *fn = NULL;
    uint32_t cmd;
    int rc = permission_host();

    if (rc)
        return rc;
    if (guest_read(&op, arg))
        return -EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    cmd = op.cmd & ~SYSCTL_CONTINUED;
    if (cmd < ARRAY_SIZE(table))
        fn = table[index_nospec(cmd, ARRAY_SIZE(table))];
    else if (cmd == PANDO_SYSCTL_vcpu_stats)
        fn = sysctl_vcpu_stats;
    else if (cmd == PANDO_SYSCTL_domain_nodes)
        fn = sysctl_domain_nodes;
    rc = fn ? fn(&op, &copyback) : (int)arch_sysctl(&op, &copyback);
    op.cmd = rc == -ERESTART ? cmd | SYSCTL_CONTINUED : cmd;
    if ((copyback || rc == -ERESTART) && guest_write(arg, &op))
        return -EFAULT;
    return rc == -ERESTART ? hypercall_continue(0) : rc;
}
