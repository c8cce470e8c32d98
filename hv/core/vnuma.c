/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/numa.h>
#include <hv/page_alloc.h>
#include <hv/vnuma.h>

/* As tools write "wherever there is room". */
#define NO_NODE(pnode) ((pnode) == 0xff || (pnode) == ~0u)

struct vnuma {
    unsigned int nr_nodes, nr_ranges; /* as many vCPUs as the domain has */
    uint32_t distance[VNUMA_MAX_NODES * VNUMA_MAX_NODES];
    uint32_t vcpu_node[MAX_VCPUS_PER_DOMAIN];
    uint32_t pnode[VNUMA_MAX_NODES];
    struct xen_vmemrange range[VNUMA_MAX_RANGES];
};

#define VNUMA_ORDER 1u
_Static_assert(sizeof(struct vnuma) <= PAGE_SIZE << VNUMA_ORDER, "its pages");

static int read_arrays(struct vnuma *n, const struct xen_domctl_vnuma *from)
{
    if (copy_from_guest_va(n->distance, (vaddr_t)from->vdistance.p,
                           sizeof(uint32_t) * from->nr_vnodes * from->nr_vnodes) ||
        copy_from_guest_va(n->vcpu_node, (vaddr_t)from->vcpu_to_vnode.p,
                           sizeof(uint32_t) * from->nr_vcpus) ||
        copy_from_guest_va(n->pnode, (vaddr_t)from->vnode_to_pnode.p,
                           sizeof(uint32_t) * from->nr_vnodes) ||
        copy_from_guest_va(n->range, (vaddr_t)from->vmemrange.p,
                           sizeof(n->range[0]) * from->nr_vmemranges))
        return -EFAULT;
    n->nr_nodes = from->nr_vnodes;
    n->nr_ranges = from->nr_vmemranges;
    return 0;
}

static int check_arrays(const struct vnuma *n, unsigned int nr_vcpus)
{
    for (unsigned int i = 0; i < nr_vcpus; i++)
        if (n->vcpu_node[i] >= n->nr_nodes)
            return -EINVAL;
    for (unsigned int i = 0; i < n->nr_nodes; i++)
        if (!NO_NODE(n->pnode[i]) && n->pnode[i] >= numa_nodes())
            return -EINVAL;
    for (unsigned int i = 0; i < n->nr_ranges; i++) {
        const struct xen_vmemrange *r = &n->range[i];

        if (r->flags || r->nid >= n->nr_nodes || r->start >= r->end)
            return -EINVAL;
    }
    return 0;
}

int vnuma_set(struct domain *d, const struct xen_domctl_vnuma *from)
{
    struct vnuma *n, *old;
    int rc;

    if (!from->nr_vnodes || !from->nr_vmemranges || from->nr_vcpus != d->max_vcpus || from->pad)
        return -EINVAL;
    if (from->nr_vnodes > VNUMA_MAX_NODES || from->nr_vmemranges > VNUMA_MAX_RANGES)
        return -EINVAL;
    n = hv_alloc_pages(VNUMA_ORDER, ALLOC_ANY);
    if (!n)
        return -ENOMEM;
    rc = read_arrays(n, from);
    if (!rc)
        rc = check_arrays(n, from->nr_vcpus);
    if (rc) {
        hv_free_pages(n, VNUMA_ORDER);
        return rc;
    }
    spin_lock(&d->lock);
    old = d->vnuma;
    d->vnuma = n;
    spin_unlock(&d->lock);
    hv_free_pages(old, VNUMA_ORDER);
    return 0;
}

/* The caller holds the domain's lock: the nodes stay as they are. */
static int copy_out(const struct domain *d, const struct xen_vnuma_topology_info *t)
{
    const struct vnuma *n = d->vnuma;

    if (copy_to_guest_va((vaddr_t)t->vdistance.h.p, n->distance,
                         sizeof(uint32_t) * n->nr_nodes * n->nr_nodes) ||
        copy_to_guest_va((vaddr_t)t->vcpu_to_vnode.h.p, n->vcpu_node,
                         sizeof(uint32_t) * d->max_vcpus) ||
        copy_to_guest_va((vaddr_t)t->vmemrange.h.p, n->range, sizeof(n->range[0]) * n->nr_ranges))
        return -EFAULT;
    return 0;
}

int vnuma_get(struct domain *d, struct xen_vnuma_topology_info *t, bool *copyback)
{
    const struct vnuma *n;
    int rc = -ENOBUFS;

    if (t->pad)
        return -EINVAL;
    spin_lock(&d->lock);
    n = d->vnuma;
    if (!n) {
        spin_unlock(&d->lock);
        return -EOPNOTSUPP;
    }
    if (t->nr_vnodes >= n->nr_nodes && t->nr_vcpus >= d->max_vcpus &&
        t->nr_vmemranges >= n->nr_ranges)
        rc = copy_out(d, t);
    t->nr_vnodes = n->nr_nodes;
    t->nr_vcpus = d->max_vcpus;
    t->nr_vmemranges = n->nr_ranges;
    spin_unlock(&d->lock);
    *copyback = rc != -EFAULT;
    return rc;
}

int vnuma_pnode(struct domain *d, unsigned int vnode)
{
    int pnode = VNUMA_ANY_NODE;

    spin_lock(&d->lock);
    if (d->vnuma && vnode >= d->vnuma->nr_nodes)
        pnode = -EINVAL;
    else if (d->vnuma && !NO_NODE(d->vnuma->pnode[index_nospec(vnode, VNUMA_MAX_NODES)]))
        pnode = (int)d->vnuma->pnode[index_nospec(vnode, VNUMA_MAX_NODES)];
    spin_unlock(&d->lock);
    return pnode;
}

void vnuma_free(struct domain *d)
{
    hv_free_pages(d->vnuma, VNUMA_ORDER);
    d->vnuma = NULL;
}
