/* SPDX-License-Identifier: MIT */
/* memory_op (<xen/memory.h>): which call goes where, and what they share. */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/log.h>

#include "core/memory_internal.h"

long do_memory_op(unsigned long cmd, XEN_GUEST_HANDLE(void) handle)
{
    memory_arg_t arg = { handle.p };

    switch (cmd & MEMOP_MASK) {
    case XENMEM_increase_reservation:
        return memory_increase(cmd, arg);
    case XENMEM_decrease_reservation:
        return memory_decrease(cmd, arg);
    case XENMEM_populate_physmap:
        return memory_populate(cmd, arg);
    case XENMEM_add_to_physmap:
        return memory_add_to_physmap(cmd, arg);
    case XENMEM_add_to_physmap_batch:
        return memory_add_to_physmap_batch(cmd, arg);
    case XENMEM_remove_from_physmap:
        return memory_remove_from_physmap(arg);
    case XENMEM_acquire_resource:
        return memory_acquire_resource(cmd, arg);
    case XENMEM_maximum_ram_page:
        return (long)page_alloc_max_mfn().v;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return memory_of_domain(cmd, arg);
    case XENMEM_set_pod_target:
    case XENMEM_get_pod_target:
        return memory_pod_target(cmd, arg);
    case XENMEM_claim_pages:
        return memory_claim_pages(arg);
    case XENMEM_get_sharing_freed_pages: /* no pages are shared: none are saved */
    case XENMEM_get_sharing_shared_pages:
        return 0;
    case XENMEM_get_vnumainfo:
        return memory_vnuma(arg);
    case XENMEM_reserved_device_memory_map:
        return memory_reserved_device_map(arg);
    default:
        return arch_memory_op(cmd, handle);
    }
}

int memory_target_get(domid_t domid, struct domain **d)
{
    int rc = 0;

    *d = domain_get_or_self(domid);
    if (!*d)
        return -ESRCH;
    if (*d != current->domain)
        rc = permission_control(*d);
    if (!rc && atomic_read(&(*d)->dying) != DOMAIN_ALIVE)
        rc = -ESRCH;
    if (rc) {
        domain_put(*d);
        *d = NULL;
    }
    return rc;
}

void release_all(struct release *r)
{
    if (r->nr)
        arch_p2m_flush(r->d);
    for (unsigned int i = 0; i < r->nr; i++) {
        struct page_info *pg = mfn_to_page(r->item[i].m);

        for (unsigned int k = 0; k < 1u << r->item[i].order; k++) {
            if (p2m_is_ram(r->item[i].t))
                page_free_guest(&pg[k]);
            else
                page_put(&pg[k]);
        }
    }
    r->nr = r->frames = 0;
}

int release_take(struct release *r, gfn_t g, unsigned int order, unsigned int types)
{
    enum p2m_type t;
    mfn_t m;
    int rc;

    if (r->nr == RELEASE_MAX || r->frames >= RELEASE_MAX_FRAMES)
        release_all(r);
    rc = p2m_take(r->d, g, order, types, &m, &t);
    if (rc)
        return rc;
    r->item[r->nr].m = m;
    r->item[r->nr].order = order;
    r->item[r->nr++].t = t;
    r->frames += 1u << order;
    return 0;
}
