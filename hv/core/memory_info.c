/* SPDX-License-Identifier: MIT */
/* Figures about memory, and reservations of it. */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/vnuma.h>

#include "core/memory_internal.h"

long memory_of_domain(unsigned long cmd, memory_arg_t arg)
{
    struct xen_memory_domain x;
    struct domain *d;
    long rc;

    /* The handle has no type of its own: a domid_t is all there is. */
    if (copy_from_guest_va(&x, (vaddr_t)arg.p, sizeof(x)))
        return -EFAULT;
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    switch (cmd & MEMOP_MASK) {
    case XENMEM_current_reservation:
        rc = atomic_read(&d->tot_pages);
        break;
    case XENMEM_maximum_reservation:
        rc = atomic_read(&d->max_pages);
        break;
    default:
        rc = (long)p2m_max_gfn(d).v;
        break;
    }
    domain_put(d);
    return rc;
}

/*
 * Populate-on-demand: no domain is created with it, so there are no such entries
 * and no cache, and a target changes nothing; tools set one with every mem-set.
 */
long memory_pod_target(unsigned long cmd, memory_arg_t arg)
{
    struct xen_pod_target x;
    struct domain *d;
    int rc;

    if (copy_from_guest_va(&x, (vaddr_t)arg.p, sizeof(x)))
        return -EFAULT;
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    rc = permission_control(d);
    if (!rc && (cmd & MEMOP_MASK) == XENMEM_set_pod_target &&
        x.target_pages > atomic_read(&d->max_pages))
        rc = -EINVAL;
    x.tot_pages = atomic_read(&d->tot_pages);
    x.pod_cache_pages = 0;
    x.pod_entries = 0;
    domain_put(d);
    if (!rc)
        rc = copy_to_guest_va((vaddr_t)arg.p, &x, sizeof(x));
    return rc;
}

long memory_claim_pages(memory_arg_t arg)
{
    struct xen_memory_reservation x;
    struct domain *d;
    int rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_memory_reservation_t)))
        return -EFAULT;
    if (!guest_handle_is_null(x.extent_start) || x.extent_order || x.mem_flags)
        return -EINVAL;
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    rc = permission_control(d);
    if (!rc)
        rc = domain_claim_pages(d, x.nr_extents);
    domain_put(d);
    return rc;
}

long memory_vnuma(memory_arg_t arg)
{
    struct xen_vnuma_topology_info x;
    bool copyback = false;
    struct domain *d;
    long rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_vnuma_topology_info_t)))
        return -EFAULT;
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    rc = vnuma_get(d, &x, &copyback);
    domain_put(d);
    if (copyback && guest_write(guest_handle_cast(arg, xen_vnuma_topology_info_t), &x))
        return -EFAULT;
    return rc;
}

/* Regions that a device's IOMMU mappings must leave in place: without an IOMMU, none. */
long memory_reserved_device_map(memory_arg_t arg)
{
    struct xen_reserved_device_memory_map x;

    if (guest_read(&x, guest_handle_cast(arg, xen_reserved_device_memory_map_t)))
        return -EFAULT;
    if (x.flags & ~XENMEM_RDM_ALL)
        return -EINVAL;
    if (permission_host())
        return -EPERM;
    x.nr_entries = 0;
    return guest_write(guest_handle_cast(arg, xen_reserved_device_memory_map_t), &x);
}
