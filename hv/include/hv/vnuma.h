/* SPDX-License-Identifier: MIT */
/*
 * A domain's virtual nodes: what its builder has said of them, and the guest is told
 * (XEN_DOMCTL_setvnumainfo, XENMEM_get_vnumainfo; <xen/domctl.h>, <xen/memory.h>).
 */
#ifndef HV_VNUMA_H
#define HV_VNUMA_H

#include <hv/domain.h>

#define VNUMA_MAX_NODES  32u
#define VNUMA_MAX_RANGES 64u

/*
 * Sets or replaces them. -EINVAL: counts or numbers that can't be, or are more than the above;
 * -ENOMEM, -EFAULT. Nothing is changed then.
 */
int vnuma_set(struct domain *d, const struct xen_domctl_vnuma *from);

/*
 * XENMEM_get_vnumainfo: fills in @topology's buffers, with *copyback counts that go to the guest.
 * -EOPNOTSUPP: it has no virtual nodes; -ENOBUFS: the buffers are too small, the counts say what
 * is needed; -EINVAL, -EFAULT.
 */
int vnuma_get(struct domain *d, struct xen_vnuma_topology_info *topology, bool *copyback);

/*
 * The node of the host that memory of virtual node @vnode is to come from; -1: any (also when the
 * domain has no virtual nodes); -EINVAL: it has none of that number.
 */
#define VNUMA_ANY_NODE (-1)
int vnuma_pnode(struct domain *d, unsigned int vnode);

/* With the domain's structure, when nobody refers to it any more. */
void vnuma_free(struct domain *d);

#endif
