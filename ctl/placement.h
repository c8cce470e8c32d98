/* SPDX-License-Identifier: MIT */
/* Which nodes of the host a guest is placed on: the choice alone, without a hypervisor. */
#ifndef PANDO_PLACEMENT_H
#define PANDO_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "pando.h"

/* What a vCPU that prefers one node weighs there; one that prefers two weighs half in each. */
#define PLACEMENT_VCPU 256u

struct placement_node {
    uint64_t free_kib;
    unsigned int cpus;
    uint64_t load;                     /* of the vCPUs that prefer it already */
    uint8_t distance[PANDO_NODES_MAX]; /* to each of the others, by index; 10: near */
};

/*
 * Of @count nodes, the fewest that have @kib of free memory and a CPU for each of @vcpus (or, if
 * there are not that many, all of the CPUs). Of several such sets the one whose CPUs fewest vCPUs
 * prefer already, and of those the one with the most free memory. Bit n is node n; 0: they have
 * not enough memory together.
 */
uint64_t placement_choose(const struct placement_node *nodes, size_t count, uint64_t kib,
                          unsigned int vcpus);

/* The node that has the most free memory, @kib at least; -1: none. */
int placement_roomiest(const struct placement_node *nodes, size_t count, uint64_t kib);

#endif
