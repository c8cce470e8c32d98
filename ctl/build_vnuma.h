/* SPDX-License-Identifier: MIT */
/*
 * The virtual nodes of a guest as the hypervisor and its ACPI tables are told of them: which
 * memory, which vCPUs.
 */
#ifndef PANDO_BUILD_VNUMA_H
#define PANDO_BUILD_VNUMA_H

#include "build_layout.h"
#include "config.h"
#include "hcall.h"

/* Each node has one range of memory, and one of them goes on behind the hole below 4 GiB. */
#define VNUMA_RANGES_MAX (PANDO_VNODES_MAX + 1)

struct vnuma_range {
    uint64_t start, end; /* physical addresses of the guest */
    unsigned int node;
};

struct vnuma {
    unsigned int nodes; /* 0: it has none, all memory is in ranges[0..] of node 0 */
    unsigned int vcpus, range_count;
    uint32_t distance[PANDO_VNODES_MAX * PANDO_VNODES_MAX]; /* [a * nodes + b] */
    uint32_t vcpu_node[PANDO_VCPUS_MAX];
    uint32_t pnode[PANDO_VNODES_MAX]; /* of the host; PANDO_PNODE_ANY */
    struct vnuma_range ranges[VNUMA_RANGES_MAX];
};

/*
 * Deals the memory of the layout out to the nodes of the checked configuration, in their order.
 * Where the configuration leaves a node of the host open, so does this.
 */
void vnuma_init(struct vnuma *vnuma, const struct pando_config *config,
                const struct layout *layout);

/* Tells the hypervisor. 0, also if there are no nodes, or a negative errno. */
int vnuma_tell(struct hcall *hcall, uint32_t domid, const struct vnuma *vnuma);

#endif
