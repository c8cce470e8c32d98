/* SPDX-License-Identifier: MIT */
#include "build_vnuma.h"

#include <errno.h>
#include <string.h>

#define MIB 0x100000ull

static void add_range(struct vnuma *vnuma, uint64_t start, uint64_t end, unsigned int node)
{
    if (start < end) {
        vnuma->ranges[vnuma->range_count++] = (struct vnuma_range){ start, end, node };
    }
}

/* Takes @size bytes from *at on, around the hole. */
static void deal(struct vnuma *vnuma, const struct layout *layout, uint64_t *at, uint64_t size,
                 unsigned int node)
{
    if (*at < layout->low_end) {
        uint64_t room = layout->low_end - *at, part = size < room ? size : room;

        add_range(vnuma, *at, *at + part, node);
        *at += part;
        size -= part;
    }
    if (size) {
        *at = *at < LAYOUT_HIGH ? LAYOUT_HIGH : *at;
        add_range(vnuma, *at, *at + size, node);
        *at += size;
    }
}

static bool has_vcpu(const struct pando_vnode_config *node, uint32_t vcpu)
{
    return node->vcpus_all || (node->vcpus[vcpu / 64] >> vcpu % 64 & 1);
}

void vnuma_init(struct vnuma *vnuma, const struct pando_config *config, const struct layout *layout)
{
    uint64_t at = 0;

    memset(vnuma, 0, sizeof(*vnuma));
    vnuma->vcpus = config->maxvcpus;
    vnuma->nodes = (unsigned int)config->vnode_count;
    if (!vnuma->nodes) {
        vnuma->pnode[0] = PANDO_PNODE_ANY;
        deal(vnuma, layout, &at, config->maxmem_mib * MIB, 0);
        return;
    }
    for (unsigned int i = 0; i < vnuma->nodes; i++) {
        const struct pando_vnode_config *node = &config->vnodes[i];

        deal(vnuma, layout, &at, node->size_mib * MIB, i);
        vnuma->pnode[i] = node->pnode;
        for (uint32_t vcpu = 0; vcpu < vnuma->vcpus; vcpu++) {
            if (has_vcpu(node, vcpu)) {
                vnuma->vcpu_node[vcpu] = i;
            }
        }
        for (unsigned int k = 0; k < vnuma->nodes; k++) {
            vnuma->distance[i * vnuma->nodes + k] = pando_vnode_distance(config, i, k);
        }
    }
}

/* All arrays in one buffer that the hypervisor may read. */
struct arrays {
    xen_vmemrange_t ranges[VNUMA_RANGES_MAX];
    uint32_t distance[PANDO_VNODES_MAX * PANDO_VNODES_MAX];
    uint32_t vcpu_node[PANDO_VCPUS_MAX];
    uint32_t pnode[PANDO_VNODES_MAX];
};

int vnuma_tell(struct hcall *hcall, uint32_t domid, const struct vnuma *vnuma)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_setvnumainfo, .domain = (domid_t)domid };
    struct arrays *a;
    int err;

    if (!vnuma->nodes) {
        return 0;
    }
    a = hcall_alloc(hcall, sizeof(*a));
    if (!a) {
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < vnuma->range_count; i++) {
        a->ranges[i].start = vnuma->ranges[i].start;
        a->ranges[i].end = vnuma->ranges[i].end;
        a->ranges[i].nid = vnuma->ranges[i].node;
    }
    memcpy(a->distance, vnuma->distance, sizeof(a->distance));
    memcpy(a->vcpu_node, vnuma->vcpu_node, sizeof(a->vcpu_node));
    memcpy(a->pnode, vnuma->pnode, sizeof(a->pnode));
    op.u.vnuma.nr_vnodes = vnuma->nodes;
    op.u.vnuma.nr_vmemranges = vnuma->range_count;
    op.u.vnuma.nr_vcpus = vnuma->vcpus;
    set_xen_guest_handle(op.u.vnuma.vdistance, a->distance);
    set_xen_guest_handle(op.u.vnuma.vcpu_to_vnode, a->vcpu_node);
    set_xen_guest_handle(op.u.vnuma.vnode_to_pnode, a->pnode);
    set_xen_guest_handle(op.u.vnuma.vmemrange, a->ranges);
    err = hcall_domctl(hcall, &op);
    hcall_free(hcall, a, sizeof(*a));
    return err;
}
