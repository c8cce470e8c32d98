/* SPDX-License-Identifier: MIT */
/* Pando's own sysctl: in which nodes a domain's memory is (hv/numa_abi.h). */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/numa.h>
#include <hv/numa_abi.h>
#include <hv/page_alloc.h>

#include "core/sysctl_internal.h"

_Static_assert(sizeof(((struct xen_sysctl *)0)->u) >= sizeof(struct pando_sysctl_domain_nodes),
               "it fits into the tool's structure");

static uint64_t frames_in(const struct domain *d, unsigned int node)
{
    if (!d->node_pages)
        return node ? 0 : atomic_read(&d->tot_pages);
    return node < page_alloc_nodes() ? atomic_read(&d->node_pages[node]) : 0;
}

int sysctl_domain_nodes(struct xen_sysctl *arg, bool *copyback)
{
    struct pando_sysctl_domain_nodes *op = (void *)&arg->u;
    struct domain *d;
    int rc = 0;

    if (op->version != PANDO_DOMAIN_NODES_VERSION)
        return -EOPNOTSUPP;
    d = op->domid < DOMID_FIRST_RESERVED ? domain_get((domid_t)op->domid) : NULL;
    if (!d)
        return -ESRCH;
    for (unsigned int i = 0; i < min(op->max_nodes, numa_nodes()) && !rc; i++) {
        uint64_t frames = frames_in(d, i);

        rc = copy_to_guest_va(op->buffer + i * sizeof(frames), &frames, sizeof(frames));
    }
    domain_put(d);
    op->nr_nodes = numa_nodes();
    *copyback = true;
    return rc;
}
