/* SPDX-License-Identifier: MIT */
/* Between the files of sysctl. */
#ifndef CORE_SYSCTL_INTERNAL_H
#define CORE_SYSCTL_INTERNAL_H

#include <hv/public.h>

/* One operation; *copyback: @op goes back to the tool. */
typedef int sysctl_fn(struct xen_sysctl *op, bool *copyback);

sysctl_fn sysctl_cputopoinfo, sysctl_numainfo, sysctl_pcitopoinfo;
sysctl_fn sysctl_vcpu_stats;   /* hv/stats_abi.h */
sysctl_fn sysctl_domain_nodes; /* hv/numa_abi.h */

/*
 * An operation that was preempted goes on from what it noted at the end of the tool's
 * structure, beyond its fields. Its tool may change that meanwhile: nothing is trusted.
 */
struct sysctl_progress {
    uint32_t next, done, total;
};

static inline struct sysctl_progress *sysctl_progress(struct xen_sysctl *op)
{
    return (void *)(op->u.pad + sizeof(op->u.pad) - sizeof(struct sysctl_progress));
}

#define SYSCTL_CONTINUED 0x80000000u /* in .cmd, while it is preempted */

static inline bool sysctl_is_continued(const struct xen_sysctl *op)
{
    return op->cmd & SYSCTL_CONTINUED;
}

/* Threads of the boot CPU's core, and cores of its socket, that are online. */
void topology_counts(uint32_t *threads, uint32_t *cores);

#endif
