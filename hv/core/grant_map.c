/* SPDX-License-Identifier: MIT */
/*
 * Mappings by grant: the page appears in the grantee's p2m at a hole of its choice,
 * and a handle stands for it until it is unmapped.
 *
 * References: the pin keeps the page and the entry's "in use" bits; the p2m entry has
 * a reference to the page of its own, which whoever takes the entry away gives back;
 * the handle has one to the granter.
 */
#include <hv/errno.h>
#include <hv/hypercall.h>
#include <hv/page_alloc.h>
#include "grant_internal.h"

/* Mappings given up between two looks for something more urgent. */
#define RELEASE_BATCH 16

/* --- handles, under the maptrack lock --- */

static struct grant_mapping *mapping_of(const struct grant_table *gt, grant_handle_t handle)
{
    const struct grant_maptrack_node *node;

    if (handle >= gt->nr_handles)
        return NULL;
    handle = (grant_handle_t)index_nospec(handle, gt->nr_handles);
    node = gt->node[handle / MAPPINGS_PER_LEAF / LEAVES_PER_NODE];
    return &node->leaf[handle / MAPPINGS_PER_LEAF % LEAVES_PER_NODE][handle % MAPPINGS_PER_LEAF];
}

/* A handle never used before; NO_HANDLE: the limit, or no memory. */
static grant_handle_t handle_new(struct grant_table *gt)
{
    grant_handle_t handle = gt->nr_handles;
    unsigned int n = handle / MAPPINGS_PER_LEAF / LEAVES_PER_NODE,
                 l = handle / MAPPINGS_PER_LEAF % LEAVES_PER_NODE;

    if (handle >= gt->max_handles)
        return NO_HANDLE;
    if (!gt->node[n])
        gt->node[n] = hv_alloc(sizeof(*gt->node[n]));
    if (!gt->node[n])
        return NO_HANDLE;
    if (!gt->node[n]->leaf[l])
        gt->node[n]->leaf[l] = hv_alloc(PAGE_SIZE);
    if (!gt->node[n]->leaf[l])
        return NO_HANDLE;
    gt->nr_handles++;
    return handle;
}

static grant_handle_t handle_get(struct grant_table *gt)
{
    grant_handle_t handle;

    spin_lock(&gt->maptrack_lock);
    handle = gt->free_handle;
    if (handle != NO_HANDLE)
        gt->free_handle = mapping_of(gt, handle)->next_free;
    else
        handle = handle_new(gt);
    spin_unlock(&gt->maptrack_lock);
    return handle;
}

static void handle_put(struct grant_table *gt, grant_handle_t handle)
{
    struct grant_mapping *m;

    spin_lock(&gt->maptrack_lock);
    m = mapping_of(gt, handle);
    *m = (struct grant_mapping){ .next_free = gt->free_handle };
    gt->free_handle = handle;
    spin_unlock(&gt->maptrack_lock);
}

static void handle_set(struct grant_table *gt, grant_handle_t handle, const struct grant_mapping *m)
{
    spin_lock(&gt->maptrack_lock);
    *mapping_of(gt, handle) = *m;
    spin_unlock(&gt->maptrack_lock);
}

/* Takes the mapping out of everyone else's hands. GNTST_bad_handle: it isn't one (any more). */
static int handle_claim(struct grant_table *gt, grant_handle_t handle, struct grant_mapping *found)
{
    struct grant_mapping *m;
    int status = GNTST_bad_handle;

    spin_lock(&gt->maptrack_lock);
    m = mapping_of(gt, handle);
    if (m && m->granter && !m->busy) {
        m->busy = true;
        *found = *m;
        status = GNTST_okay;
    }
    spin_unlock(&gt->maptrack_lock);
    return status;
}

static void handle_unclaim(struct grant_table *gt, grant_handle_t handle)
{
    spin_lock(&gt->maptrack_lock);
    mapping_of(gt, handle)->busy = false;
    spin_unlock(&gt->maptrack_lock);
}

/* --- mapping --- */

static enum p2m_type grant_type(bool readonly)
{
    return readonly ? p2m_grant_ro : p2m_grant_rw;
}

/* Puts the pinned page into a hole of the caller's p2m. */
static int place(struct domain *d, gfn_t g, const struct grant_pin *pin)
{
    int rc;

    if (!page_get(pin->page, pin->granter))
        return GNTST_no_space; /* more references than can be counted */
    rc = p2m_replace(d, g, INVALID_MFN, p2m_invalid, page_to_mfn(pin->page),
                     grant_type(pin->readonly));
    if (!rc)
        return GNTST_okay;
    page_put(pin->page);
    /* Something is there (its frame would be lost), or it is beyond what the guest has. */
    return rc == -ENOMEM ? GNTST_no_space : GNTST_bad_virt_addr;
}

static int map_pinned(struct domain *d, struct domain *granter, struct gnttab_map_grant_ref *op,
                      const struct grant_pin *pin)
{
    struct grant_mapping m = {
        .granter = granter,
        .gfn = gfn(op->host_addr >> PAGE_SHIFT),
        .mfn = (uint32_t)page_to_mfn(pin->page).v,
        .ref = pin->ref,
        .readonly = pin->readonly,
    };
    grant_handle_t handle = handle_get(d->grant);
    int status;

    if (handle == NO_HANDLE)
        return GNTST_no_space;
    status = place(d, m.gfn, pin);
    if (status) {
        handle_put(d->grant, handle);
        return status;
    }
    domain_ref(granter);
    handle_set(d->grant, handle, &m);
    op->handle = handle;
    op->dev_bus_addr = 0;
    return GNTST_okay;
}

void grant_map(struct domain *d, void *arg)
{
    struct gnttab_map_grant_ref *op = arg;
    bool readonly = op->flags & GNTMAP_readonly;
    struct domain *granter;
    struct grant_pin pin;
    int status;

    /* Devices see machine addresses, which such a mapping does not have. */
    if (op->flags & GNTMAP_device_map) {
        op->status = GNTST_no_device_space;
        return;
    }
    if ((op->flags & ~GNTMAP_readonly) != GNTMAP_host_map || !d->is_hvm) {
        op->status = GNTST_general_error;
        return;
    }
    granter = domain_get(op->dom);
    if (!granter) {
        op->status = GNTST_bad_domain;
        return;
    }
    status = grant_pin(granter, op->ref, d->domid, readonly, GRANT_WHOLE, &pin);
    if (!status) {
        status = map_pinned(d, granter, op, &pin);
        if (status)
            grant_unpin(&pin);
    }
    domain_put(granter);
    op->status = (int16_t)status;
}

/* --- unmapping --- */

/* Gives back what a claimed mapping holds, and its handle. */
static void mapping_drop(struct domain *d, grant_handle_t handle, const struct grant_mapping *m)
{
    struct grant_pin pin = { .granter = m->granter, .ref = m->ref, .readonly = m->readonly };

    grant_unpin(&pin);
    handle_put(d->grant, handle);
    domain_put(m->granter);
}

/*
 * Takes the mapping's p2m entry away; translations are flushed when it returns.
 * True also if it was gone already, by XENMEM_remove_from_physmap for example.
 */
static bool unplace(struct domain *d, const struct grant_mapping *m)
{
    int rc = p2m_replace(d, m->gfn, mfn(m->mfn), grant_type(m->readonly), INVALID_MFN, p2m_invalid);

    if (!rc)
        page_put(mfn_to_page(mfn(m->mfn)));
    return !rc || rc == -EAGAIN;
}

void grant_unmap(struct domain *d, void *arg)
{
    struct gnttab_unmap_grant_ref *op = arg;
    struct grant_mapping m;

    op->status = (int16_t)handle_claim(d->grant, op->handle, &m);
    if (op->status)
        return;
    if (op->host_addr && gfn_eq(gfn(op->host_addr >> PAGE_SHIFT), m.gfn)) {
        if (unplace(d, &m)) {
            mapping_drop(d, op->handle, &m);
            return;
        }
        op->status = GNTST_general_error;
    } else if (op->host_addr) {
        op->status = GNTST_bad_virt_addr;
    }
    handle_unclaim(d->grant, op->handle);
}

int grant_domain_release_mappings(struct domain *d)
{
    struct grant_table *gt = d->grant;

    if (!gt)
        return 0;
    while (gt->release_cursor < gt->nr_handles) {
        grant_handle_t handle = gt->release_cursor;
        struct grant_mapping m;

        if (!handle_claim(gt, handle, &m)) {
            unplace(d, &m);
            mapping_drop(d, handle, &m);
        }
        gt->release_cursor++;
        if (gt->release_cursor % RELEASE_BATCH == 0 && hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}
