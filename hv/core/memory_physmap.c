/* SPDX-License-Identifier: MIT */
/*
 * Placing things in a domain's physical address space: its own shared pages and
 * grant frames, its own memory elsewhere, and (for privileged callers) pages of
 * other domains.
 *
 * Everything that is not a domain's memory proper stands in its p2m as
 * p2m_foreign, with a reference: shared pages of its own too, so that they can't
 * go while they are mapped.
 */
#include <hv/errno.h>
#include <hv/grant.h>
#include <hv/guest_copy.h>

#include "core/memory_internal.h"

/* What may make room for something else: not grant mappings, nor devices. */
#define REPLACEABLE (P2M_RAM | P2M_TYPE(p2m_foreign))

/* Makes @g a hole. */
static int vacate(struct domain *d, gfn_t g)
{
    struct release r;
    int rc;

    release_init(&r, d);
    rc = release_take(&r, g, 0, REPLACEABLE);
    release_all(&r);
    return rc == -ENOENT ? 0 : rc;
}

/* Maps @pg, of which the caller gives a reference away, at @g. */
static int map_shared(struct domain *d, gfn_t g, struct page_info *pg)
{
    int rc = vacate(d, g);

    if (!rc)
        rc = p2m_add(d, g, page_to_mfn(pg), 0, p2m_foreign);
    if (rc)
        page_put(pg);
    return rc;
}

static int map_shared_info(struct domain *d, uint64_t idx, gfn_t g)
{
    struct page_info *pg = d->shared_info_page;

    if (idx || !pg || !page_get(pg, d))
        return -EINVAL;
    return map_shared(d, g, pg);
}

/* A referenced frame of @d's grant table. */
static int grant_frame_get(struct domain *d, uint64_t idx, bool status, struct page_info **pg)
{
    mfn_t m;
    int rc = idx >> 32 ? -EINVAL : grant_table_frame(d, (unsigned int)idx, status, &m);

    if (rc)
        return rc;
    *pg = mfn_to_page(m);
    return page_get(*pg, d) ? 0 : -EINVAL;
}

static int map_grant_frame(struct domain *d, uint64_t idx, gfn_t g)
{
    bool status = idx & XENMAPIDX_grant_table_status;
    struct page_info *pg;
    int rc = grant_frame_get(d, idx & ~(uint64_t)XENMAPIDX_grant_table_status, status, &pg);

    return rc ? rc : map_shared(d, g, pg);
}

/* The domain's own page at @from moves to @g. */
static int move_page(struct domain *d, gfn_t from, gfn_t g)
{
    enum p2m_type t;
    mfn_t m = p2m_lookup(d, from, &t, NULL);
    int rc;

    if (!p2m_is_ram(t))
        return -EINVAL;
    if (gfn_eq(from, g))
        return 0;
    rc = vacate(d, g);
    if (rc)
        return rc;
    if (p2m_replace(d, from, m, t, INVALID_MFN, p2m_invalid))
        return -EINVAL; /* someone else was there first */
    rc = p2m_add(d, g, m, 0, t);
    if (rc && p2m_add(d, from, m, 0, t))
        page_free_guest(mfn_to_page(m)); /* neither here nor there: it can't stay unseen */
    return rc;
}

/* A page of @owner, which is not @d, at @g. */
static int map_foreign(struct domain *d, struct domain *owner, gfn_t from, gfn_t g)
{
    enum p2m_type t;
    struct page_info *pg;

    if (d == owner)
        return -EINVAL;
    pg = p2m_get_page(owner, from, &t);
    if (!pg)
        return -EINVAL;
    /* Its own memory, or what the hypervisor shares with it; not what it maps of others. */
    if (pg->owner != owner->domid || !p2m_is_writable(t)) {
        page_put(pg);
        return -EINVAL;
    }
    return map_shared(d, g, pg);
}

static int map_one(struct domain *d, struct domain *owner, unsigned int space, uint64_t idx,
                   gfn_t g)
{
    switch (space) {
    case XENMAPSPACE_shared_info:
        return map_shared_info(d, idx, g);
    case XENMAPSPACE_grant_table:
        return map_grant_frame(d, idx, g);
    case XENMAPSPACE_gmfn:
    case XENMAPSPACE_gmfn_range:
        return move_page(d, gfn(idx), g);
    case XENMAPSPACE_gmfn_foreign:
        return map_foreign(d, owner, gfn(idx), g);
    default:
        return -EINVAL;
    }
}

long memory_add_to_physmap(unsigned long cmd, memory_arg_t arg)
{
    uint64_t start = MEMOP_START(cmd), n = 1, i;
    struct xen_add_to_physmap x;
    struct domain *d;
    long rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_add_to_physmap_t)))
        return -EFAULT;
    if (x.space == XENMAPSPACE_gmfn_foreign)
        return -ENOSYS; /* only by the batched call, which names the other domain */
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    if (x.space == XENMAPSPACE_gmfn_range)
        n = x.size;
    for (i = start; i < n && !rc; i++) {
        if (i != start && hypercall_preempt_check())
            break;
        rc = map_one(d, NULL, x.space, x.idx + i, gfn(x.gpfn + i));
    }
    domain_put(d);
    if (!rc && i < n)
        return hypercall_continue(1, MEMOP_CONTINUE(cmd & MEMOP_MASK, i));
    return rc;
}

/* Each entry has a result of its own; -EFAULT if the lists can't be read or written. */
static int batch_one(const struct xen_add_to_physmap_batch *x, struct domain *d,
                     struct domain *owner, uint64_t i)
{
    xen_ulong_t idx;
    xen_pfn_t gpfn;
    int rc;

    if (guest_read_at(&idx, x->idxs, i) || guest_read_at(&gpfn, x->gpfns, i))
        return -EFAULT;
    rc = map_one(d, owner, x->space, idx, gfn(gpfn));
    return guest_write_at(x->errs, i, &rc);
}

static int batch_domains_get(const struct xen_add_to_physmap_batch *x, struct domain **d,
                             struct domain **owner)
{
    int rc;

    *owner = NULL;
    if (x->space == XENMAPSPACE_gmfn_range)
        return -EINVAL;
    if (x->space == XENMAPSPACE_dev_mmio && x->u.res0)
        return -EOPNOTSUPP;
    rc = memory_target_get(x->domid, d);
    if (rc || x->space != XENMAPSPACE_gmfn_foreign)
        return rc;
    rc = x->u.foreign_domid == DOMID_SELF ? -EINVAL : memory_target_get(x->u.foreign_domid, owner);
    if (!rc && !current->domain->is_privileged)
        rc = -EPERM;
    if (rc) {
        if (*owner)
            domain_put(*owner);
        domain_put(*d);
    }
    return rc;
}

long memory_add_to_physmap_batch(unsigned long cmd, memory_arg_t arg)
{
    uint64_t start = MEMOP_START(cmd), i;
    struct xen_add_to_physmap_batch x;
    struct domain *d, *owner;
    long rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_add_to_physmap_batch_t)))
        return -EFAULT;
    rc = batch_domains_get(&x, &d, &owner);
    if (rc)
        return rc;
    for (i = start; i < x.size && !rc; i++) {
        if (i != start && hypercall_preempt_check())
            break;
        rc = batch_one(&x, d, owner, i);
    }
    if (owner)
        domain_put(owner);
    domain_put(d);
    if (!rc && i < x.size)
        return hypercall_continue(1, MEMOP_CONTINUE(cmd & MEMOP_MASK, i));
    return rc;
}

/*
 * Memory that is unmapped so is given up: without a place in the p2m nothing
 * could ever give it back.
 */
long memory_remove_from_physmap(memory_arg_t arg)
{
    struct xen_remove_from_physmap x;
    struct release r;
    struct domain *d;
    int rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_remove_from_physmap_t)))
        return -EFAULT;
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    release_init(&r, d);
    rc = release_take(&r, gfn(x.gpfn), 0, REPLACEABLE);
    release_all(&r);
    domain_put(d);
    return rc;
}

/* --- acquire_resource ---------------------------------------------------------------- */

/* How many frames there are of it at the most; 0: no such thing. */
static unsigned int resource_frames(const struct domain *d, unsigned int type, unsigned int id)
{
    if (type != XENMEM_resource_grant_table || id > XENMEM_resource_grant_table_id_status)
        return 0;
    return grant_table_max_frames(d, id == XENMEM_resource_grant_table_id_status);
}

static int acquire_frame(struct domain *d, const struct xen_mem_acquire_resource *x, uint64_t i)
{
    struct page_info *pg;
    xen_pfn_t gpfn;
    int rc;

    if (guest_read_at(&gpfn, x->frame_list, i))
        return -EFAULT;
    rc = grant_frame_get(d, x->frame + i, x->id == XENMEM_resource_grant_table_id_status, &pg);
    return rc ? rc : map_shared(current->domain, gfn(gpfn), pg);
}

static long acquire_frames(unsigned long cmd, struct domain *d,
                           const struct xen_mem_acquire_resource *x)
{
    uint64_t start = MEMOP_START(cmd), i;
    unsigned int max = resource_frames(d, x->type, x->id);
    int rc = 0;

    if (!max)
        return x->type == XENMEM_resource_grant_table ? -EINVAL : -EOPNOTSUPP;
    if (x->frame >= max || x->nr_frames > max - x->frame)
        return -EINVAL;
    for (i = start; i < x->nr_frames && !rc; i++) {
        if (i != start && hypercall_preempt_check())
            return hypercall_continue(1, MEMOP_CONTINUE(cmd & MEMOP_MASK, i));
        rc = acquire_frame(d, x, i);
    }
    return rc && i > 1 ? -EIO : rc; /* -EIO: some of the list is mapped already */
}

static long acquire(unsigned long cmd, memory_arg_t arg, struct domain *d,
                    struct xen_mem_acquire_resource *x)
{
    if (!guest_handle_is_null(x->frame_list))
        return x->nr_frames ? acquire_frames(cmd, d, x) : 0;
    if (x->nr_frames)
        return -EINVAL;
    x->nr_frames = resource_frames(d, x->type, x->id);
    if (!x->nr_frames)
        return x->type == XENMEM_resource_grant_table ? -EINVAL : -EOPNOTSUPP;
    return guest_write(guest_handle_cast(arg, xen_mem_acquire_resource_t), x);
}

long memory_acquire_resource(unsigned long cmd, memory_arg_t arg)
{
    struct xen_mem_acquire_resource x;
    struct domain *d;
    long rc;

    if (guest_read(&x, guest_handle_cast(arg, xen_mem_acquire_resource_t)))
        return -EFAULT;
    if (x.pad)
        return -EINVAL;
    rc = memory_target_get(x.domid, &d);
    if (rc)
        return rc;
    rc = d == current->domain ? -EPERM : acquire(cmd, arg, d, &x);
    domain_put(d);
    return rc;
}
