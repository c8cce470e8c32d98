/* SPDX-License-Identifier: MIT */
/*
 * NUMA: which nodes there are, and which of them a domain's memory is looked for in first.
 * Nodes are numbered as in acpi_host; page_alloc.h has the memory of each.
 */
#ifndef HV_NUMA_H
#define HV_NUMA_H

#include <hv/domain.h>

/* Nodes are numbered below this: with memory, CPUs or both. */
unsigned int numa_nodes(void);

/* How far @b is from @a, as the SLIT counts: 10 is near. */
unsigned int numa_distance(unsigned int a, unsigned int b);

/*
 * Boot, when all memory and CPUs are there: where a node has no memory left, the nearest helps
 * out. What each node has goes into the log.
 */
void numa_init(void);

/*
 * The nodes of the CPUs that @d's vCPUs prefer, or all if those have no memory: unless a tool has
 * said which (numa_set_affinity). To be called when vCPUs' affinities have changed.
 */
void numa_update_affinity(struct domain *d);

/*
 * From now on the nodes of @map, a bit for each; all of them: as the vCPUs' affinities say.
 * -EINVAL: none of them exists.
 */
int numa_set_affinity(struct domain *d, uint64_t map);

#endif
