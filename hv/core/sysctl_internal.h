/* SPDX-License-Identifier: MIT */
/* Between sysctl.c and sysctl_topology.c. */
#ifndef CORE_SYSCTL_INTERNAL_H
#define CORE_SYSCTL_INTERNAL_H

#include <hv/public.h>

/* One operation; *copyback: @op goes back to the tool. */
typedef int sysctl_fn(struct xen_sysctl *op, bool *copyback);

sysctl_fn sysctl_cputopoinfo, sysctl_numainfo, sysctl_pcitopoinfo;
/* Threads of the boot CPU's core, and cores of its socket, that are online. */
void topology_counts(uint32_t *threads, uint32_t *cores);

#endif
