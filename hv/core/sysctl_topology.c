/* SPDX-License-Identifier: MIT */
/* sysctl: where the host's CPUs, memory and devices are (<xen/sysctl.h>). */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/numa.h>
#include <hv/page_alloc.h>
#include <hv/pci.h>

#include <xen/physdev.h>

#include "core/sysctl_internal.h"

void topology_counts(uint32_t *threads, uint32_t *cores)
{
    struct cpu_place boot = arch_cpu_place(0), first[MAX_CPUS];
    unsigned int i, k;

    *threads = *cores = 0;
    for_each_online_cpu(i) {
        struct cpu_place p = arch_cpu_place(i);

        if (p.socket != boot.socket)
            continue;
        *threads += p.core == boot.core;
        for (k = 0; k < *cores && first[k].core != p.core; k++)
            ;
        if (k == *cores)
            first[(*cores)++] = p;
    }
}

int sysctl_cputopoinfo(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
    uint32_t n = min(t->num_cpus, nr_cpus);

    for (uint32_t i = 0; t->cputopo.p && i < n; i++) {
        struct cpu_place p = arch_cpu_place(i);
        struct xen_sysctl_cputopo one = { .core = p.core,
                                          .socket = p.socket,
                                          .node = cpus[i]->node };

        if (copy_to_guest_va((vaddr_t)(t->cputopo.p + i), &one, sizeof(one)))
            return -EFAULT;
    }
    t->num_cpus = nr_cpus;
    *copyback = true;
    return 0;
}

static int put_node(const struct xen_sysctl_numainfo *n, unsigned int node, unsigned int nodes)
{
    struct xen_sysctl_meminfo mem = {
        .memsize = page_alloc_total_of(node) << PAGE_SHIFT,
        .memfree = page_alloc_free((int)node) << PAGE_SHIFT,
    };

    if (n->meminfo.p && copy_to_guest_va((vaddr_t)(n->meminfo.p + node), &mem, sizeof(mem)))
        return -EFAULT;
    for (unsigned int i = 0; n->distance.p && i < nodes; i++) {
        uint32_t distance = numa_distance(node, i);

        if (copy_to_guest_va((vaddr_t)(n->distance.p + node * nodes + i), &distance,
                             sizeof(distance)))
            return -EFAULT;
    }
    return 0;
}

int sysctl_numainfo(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_numainfo *n = &op->u.numainfo;
    unsigned int nodes = numa_nodes();
    int rc = 0;

    /* With less room than there are nodes, what fits. */
    for (unsigned int i = 0; i < min(n->num_nodes, nodes) && !rc; i++)
        rc = put_node(n, i, min(n->num_nodes, nodes));
    n->num_nodes = nodes;
    *copyback = true;
    return rc;
}

/* Which node a device is near to, nothing says yet; whether there is one, we know. */
static uint32_t node_of(const struct physdev_pci_device *d)
{
    pci_sbdf_t sbdf = PCI_SBDF(d->seg, d->bus, d->devfn);
    bool known;

    spin_lock(&pci_lock);
    known = pci_find(sbdf) != NULL;
    spin_unlock(&pci_lock);
    if (!known)
        return XEN_INVALID_DEV;
    return numa_nodes() == 1 ? 0 : XEN_INVALID_NODE_ID;
}

/* The tool comes again for what is not done: num_devs says how far it went. */
int sysctl_pcitopoinfo(struct xen_sysctl *op, bool *copyback)
{
    struct xen_sysctl_pcitopoinfo *t = &op->u.pcitopoinfo;
    struct physdev_pci_device d;
    uint32_t i;

    if (!t->devs.p || !t->nodes.p)
        return -EINVAL;
    for (i = 0; i < t->num_devs; i++) {
        uint32_t node;

        if (i && hypercall_preempt_check())
            break;
        if (guest_read_at(&d, t->devs, i))
            return -EFAULT;
        node = node_of(&d);
        if (guest_write_at(t->nodes, i, &node))
            return -EFAULT;
    }
    t->num_devs = i;
    *copyback = true;
    return 0;
}
