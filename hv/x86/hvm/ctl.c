/* SPDX-License-Identifier: MIT */
/* The x86 operations of domctl and sysctl. */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/page_alloc.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/cpu_policy.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/save.h"
#include "x86/mm/dirty_log.h"
#include "x86/mm/p2m_x86.h"

/* The TSC is the host's own; a guest that asks for anything else can't have it yet. */
static int set_tsc_info(const struct xen_domctl_tsc_info *i)
{
    return i->tsc_mode == 0 || i->tsc_mode == 2 ? 0 : -EOPNOTSUPP;
}

static void get_tsc_info(struct xen_domctl_tsc_info *i)
{
    *i = (struct xen_domctl_tsc_info){ .tsc_mode = 2, .gtsc_khz = (uint32_t)tsc_khz };
}

/*
 * The limit of what page tables and dirty log may take, in whole MiB: as it was asked for before
 * XEN_DOMCTL_set_paging_mempool_size.
 */
static int table_allocation(struct domain *d, struct xen_domctl_shadow_op *op)
{
    const unsigned int shift = 20 - PAGE_SHIFT;
    int rc = 0;

    if (op->op == XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION)
        rc = p2m_set_table_limit(d, (uint64_t)op->mb << shift);
    op->mb = (uint32_t)DIV_ROUND_UP(p2m_get_table_limit(d), 1UL << shift);
    return rc;
}

/* What stands for shadow page tables where nested ones are: the dirty log, and their limit. */
static int shadow_op(struct domain *d, struct xen_domctl_shadow_op *op)
{
    if (d == current->domain)
        return -EINVAL;
    if (atomic_read(&d->dying))
        return -ESRCH;
    switch (op->op) {
    case XEN_DOMCTL_SHADOW_OP_ENABLE:
        return op->mode & XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY ? dirty_log_enable(d) : -EINVAL;
    case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
        return dirty_log_enable(d);
    case XEN_DOMCTL_SHADOW_OP_OFF:
        return dirty_log_disable(d);
    case XEN_DOMCTL_SHADOW_OP_CLEAN:
    case XEN_DOMCTL_SHADOW_OP_PEEK:
        return dirty_log_read(d, op);
    case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION:
        return table_allocation(d, op);
    default:
        return -EINVAL;
    }
}

long arch_domctl(struct xen_domctl *op, struct domain *d, bool *copyback)
{
    switch (op->cmd) {
    case XEN_DOMCTL_gethvmcontext:
        *copyback = true;
        return d == current->domain ? -EINVAL : hvm_context_get(d, &op->u.hvmcontext);
    case XEN_DOMCTL_sethvmcontext:
        return d == current->domain ? -EINVAL : hvm_context_set(d, &op->u.hvmcontext);
    case XEN_DOMCTL_settscinfo:
        return set_tsc_info(&op->u.tsc_info);
    case XEN_DOMCTL_gettscinfo:
        get_tsc_info(&op->u.tsc_info);
        *copyback = true;
        return 0;
    case XEN_DOMCTL_get_cpu_policy:
        *copyback = true;
        return cpu_policy_get(d, &op->u.cpu_policy);
    case XEN_DOMCTL_set_cpu_policy:
        *copyback = true;
        return cpu_policy_set(d, &op->u.cpu_policy);
    case XEN_DOMCTL_shadow_op:
        *copyback = true;
        return shadow_op(d, &op->u.shadow_op);
    case XEN_DOMCTL_get_paging_mempool_size:
        op->u.paging_mempool.size = p2m_get_table_limit(d) << PAGE_SHIFT;
        *copyback = true;
        return 0;
    case XEN_DOMCTL_set_paging_mempool_size:
        return p2m_set_table_limit(d, op->u.paging_mempool.size >> PAGE_SHIFT);
    default:
        return -ENOSYS;
    }
}

long arch_sysctl(struct xen_sysctl *op, bool *copyback)
{
    *copyback = true;
    switch (op->cmd) {
    case XEN_SYSCTL_perfc_op:
        return hvm_exit_counts(&op->u.perfc_op);
    case XEN_SYSCTL_get_cpu_policy:
        return cpu_policy_of_host(&op->u.cpu_policy);
    case XEN_SYSCTL_get_cpu_featureset:
        return cpu_featureset_of_host(&op->u.cpu_featureset);
    case XEN_SYSCTL_get_cpu_levelling_caps:
        op->u.cpu_levelling_caps.caps = 0; /* of CPUID as PV guests execute it */
        return 0;
    default:
        *copyback = false;
        return -ENOSYS;
    }
}

void arch_physinfo(struct xen_sysctl_physinfo *p)
{
    p->cpu_khz = (uint32_t)tsc_khz;
    p->max_mfn = page_alloc_max_mfn().v;
    p->hw_cap[0] = cpuid(1).d;
    p->hw_cap[1] = cpuid(1).c;
    p->hw_cap[2] = cpuid(0x80000001).d;
    p->hw_cap[3] = cpuid(0x80000001).c;
}

unsigned int arch_domain_paddr_bits(const struct domain *d)
{
    return d->arch->paddr_bits;
}
