/* SPDX-License-Identifier: MIT */
/* Grant tables: their frames and versions, and the hypercall grant_table_op. */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/page_alloc.h>
#include <hv/string.h>
#include "grant_internal.h"

/* --- frames --- */

/* Adds frames up to @nr, and in version 2 the status frames for them. Under the lock. */
static int grow_status(struct domain *d, unsigned int nr_frames)
{
    struct grant_table *gt = d->grant;
    unsigned int nr = DIV_ROUND_UP(nr_frames, (unsigned int)V2_FRAMES_PER_STATUS);

    while (gt->nr_status < nr) {
        void *page = hv_alloc_pages(0, ALLOC_ANY);

        if (!page)
            return -ENOMEM;
        if (domain_share_page(d, virt_to_page(page))) {
            hv_free_pages(page, 0);
            return -EINVAL;
        }
        gt->status[gt->nr_status++] = page;
    }
    return 0;
}

static int grow(struct domain *d, unsigned int nr)
{
    struct grant_table *gt = d->grant;
    int rc = 0;

    if (nr > gt->max_frames || d->dying)
        return -EINVAL;
    if (gt->version == 2)
        rc = grow_status(d, nr);
    while (!rc && gt->nr_frames < nr) {
        void *page = hv_alloc_pages(0, ALLOC_ANY);

        if (!page)
            return -ENOMEM;
        rc = domain_share_page(d, virt_to_page(page));
        if (rc)
            hv_free_pages(page, 0);
        else
            gt->frame[gt->nr_frames++].shared = page;
    }
    return rc;
}

int grant_table_frame(struct domain *d, unsigned int idx, bool status, mfn_t *m)
{
    struct grant_table *gt = d->grant;
    unsigned int frames;
    int rc = -EINVAL;

    if (!gt || idx >= GRANT_MAX_FRAMES)
        return rc;
    frames = status ? idx * (unsigned int)V2_FRAMES_PER_STATUS + 1 : idx + 1;
    spin_lock(&gt->lock);
    if (!status || gt->version == 2)
        rc = grow(d, max(frames, gt->nr_frames));
    if (!rc && frames <= gt->max_frames)
        *m = virt_to_mfn(status ? (void *)gt->status[index_nospec(idx, MAX_STATUS_FRAMES)]
                                : gt->frame[index_nospec(idx, gt->max_frames)].shared);
    else if (!rc)
        rc = -EINVAL;
    spin_unlock(&gt->lock);
    return rc;
}

unsigned int grant_table_max_frames(const struct domain *d, bool status)
{
    unsigned int n = d->grant->max_frames;

    return status ? DIV_ROUND_UP(n, (unsigned int)V2_FRAMES_PER_STATUS) : n;
}

static unsigned int frames_order(unsigned int max_frames)
{
    unsigned int order = 0;

    while ((PAGE_SIZE << order) < max_frames * sizeof(struct grant_frame))
        order++;
    return order;
}

int grant_domain_init(struct domain *d, int max_frames, int max_maptrack_frames,
                      unsigned int max_version)
{
    struct grant_table *gt;
    int rc;

    if (max_frames < 0)
        max_frames = GRANT_DEFAULT_FRAMES;
    if (max_maptrack_frames < 0)
        max_maptrack_frames = GRANT_DEFAULT_MAPTRACK;
    if (max_version == 0)
        max_version = 2;
    if (max_frames == 0 || max_frames > GRANT_MAX_FRAMES || max_version > 2)
        return -EINVAL;
    gt = hv_alloc(sizeof(*gt));
    if (!gt)
        return -ENOMEM;
    spin_lock_init(&gt->lock, LOCK_GRANT);
    spin_lock_init(&gt->maptrack_lock, LOCK_GRANT);
    gt->version = 1;
    gt->max_version = (uint8_t)max_version;
    gt->max_frames = (unsigned int)max_frames;
    gt->free_handle = NO_HANDLE;
    gt->max_handles =
        (unsigned int)min(max_maptrack_frames, GRANT_DEFAULT_MAPTRACK) * HANDLES_PER_MAPTRACK_FRAME;
    gt->frame = hv_alloc_pages(frames_order(gt->max_frames), ALLOC_ANY);
    if (!gt->frame) {
        hv_free(gt);
        return -ENOMEM;
    }
    d->grant = gt;
    spin_lock(&gt->lock);
    rc = grow(d, 1);
    spin_unlock(&gt->lock);
    if (rc)
        grant_domain_free(d);
    return rc;
}

void grant_domain_release_frames(struct domain *d)
{
    struct grant_table *gt = d->grant;
    unsigned int nr_frames, nr_status;

    if (!gt)
        return;
    /* Who still has grants of ours in use finds no entries any more. */
    spin_lock(&gt->lock);
    nr_frames = gt->nr_frames;
    nr_status = gt->nr_status;
    gt->nr_frames = gt->nr_status = 0;
    spin_unlock(&gt->lock);
    for (unsigned int i = 0; i < nr_frames; i++)
        domain_unshare_page(d, virt_to_page(gt->frame[i].shared));
    for (unsigned int i = 0; i < nr_status; i++)
        domain_unshare_page(d, virt_to_page(gt->status[i]));
}

void grant_domain_free(struct domain *d)
{
    struct grant_table *gt = d->grant;

    if (!gt)
        return;
    grant_domain_release_frames(d);
    for (unsigned int f = 0; f < gt->max_frames; f++)
        for (unsigned int c = 0; c < CHUNKS_PER_FRAME; c++)
            hv_free(gt->frame[f].active[c]);
    hv_free_pages(gt->frame, frames_order(gt->max_frames));
    for (unsigned int n = 0; n < MAPTRACK_NODES; n++) {
        for (unsigned int l = 0; gt->node[n] && l < LEAVES_PER_NODE; l++)
            hv_free(gt->node[n]->leaf[l]);
        hv_free(gt->node[n]);
    }
    d->grant = NULL;
    hv_free(gt);
}

/* --- versions --- */

static bool in_use(const struct grant_table *gt, grant_ref_t ref)
{
    const struct grant_active *act = grant_active(gt, ref);

    return act && act->pins;
}

/* Entries beyond the reserved ones must be idle. */
static bool any_in_use(const struct grant_table *gt)
{
    unsigned int n = grant_nr_entries(gt);

    for (grant_ref_t ref = GNTTAB_NR_RESERVED_ENTRIES; ref < n; ref++) {
        if (!grant_active(gt, ref))
            ref |= ACTIVE_PER_CHUNK - 1;
        else if (in_use(gt, ref))
            return true;
    }
    return false;
}

/* The bits that an entry in use carries. */
static uint16_t active_bits(const struct grant_table *gt, grant_ref_t ref)
{
    const struct grant_active *act = grant_active(gt, ref);

    if (!act || !act->pins)
        return 0;
    return act->writers ? GTF_reading | GTF_writing : GTF_reading;
}

static void clear_frames(struct grant_table *gt)
{
    for (unsigned int i = 0; i < gt->nr_frames; i++)
        memset(gt->frame[i].shared, 0, PAGE_SIZE);
    for (unsigned int i = 0; i < gt->nr_status; i++)
        memset(gt->status[i], 0, PAGE_SIZE);
}

/* The reserved entries (console, store) survive a change of version. */
static void change_to_v2(struct grant_table *gt)
{
    struct grant_entry_v1 keep[GNTTAB_NR_RESERVED_ENTRIES];

    memcpy(keep, gt->frame[0].shared, sizeof(keep));
    clear_frames(gt);
    gt->version = 2;
    for (grant_ref_t ref = 0; ref < ARRAY_SIZE(keep); ref++) {
        union grant_entry_v2 *e = grant_entry_v2(gt, ref);

        if ((keep[ref].flags & GTF_type_mask) != GTF_permit_access)
            continue;
        e->full_page.frame = keep[ref].frame;
        e->hdr.domid = keep[ref].domid;
        e->hdr.flags = keep[ref].flags & (GTF_type_mask | GTF_readonly);
        *grant_entry_status(gt, ref) = active_bits(gt, ref);
    }
}

static void change_to_v1(struct grant_table *gt)
{
    union grant_entry_v2 keep[GNTTAB_NR_RESERVED_ENTRIES];

    memcpy(keep, gt->frame[0].shared, sizeof(keep));
    clear_frames(gt);
    gt->version = 1;
    for (grant_ref_t ref = 0; ref < ARRAY_SIZE(keep); ref++) {
        struct grant_entry_v1 *e = grant_entry_v1(gt, ref);

        /* What version 1 can't say is dropped. */
        if ((keep[ref].hdr.flags & (GTF_type_mask | GTF_sub_page)) != GTF_permit_access ||
            keep[ref].full_page.frame > UINT32_MAX)
            continue;
        e->frame = (uint32_t)keep[ref].full_page.frame;
        e->domid = keep[ref].hdr.domid;
        e->flags = (keep[ref].hdr.flags & (GTF_type_mask | GTF_readonly)) | active_bits(gt, ref);
    }
}

static int set_version(struct domain *d, uint32_t version)
{
    struct grant_table *gt = d->grant;
    int rc = 0;

    if (version != 1 && version != 2)
        return -EINVAL;
    if (version > gt->max_version)
        return -ENOSYS;
    spin_lock(&gt->lock);
    if (version != gt->version) {
        if (any_in_use(gt))
            rc = -EBUSY;
        else if (version == 2)
            rc = grow_status(d, gt->nr_frames);
        if (!rc && version == 2)
            change_to_v2(gt);
        else if (!rc)
            change_to_v1(gt);
    }
    spin_unlock(&gt->lock);
    return rc;
}

/* --- the hypercall --- */

typedef XEN_GUEST_HANDLE(void) arg_t;

/* The caller or a domain that it controls, referenced; else NULL and a GNTST_*. */
static struct domain *named_domain(domid_t domid, int16_t *status)
{
    struct domain *d = domain_get_or_self(domid);

    *status = GNTST_okay;
    if (!d) {
        *status = GNTST_bad_domain;
    } else if (d != current->domain && permission_control(d)) {
        domain_put(d);
        d = NULL;
        *status = GNTST_permission_denied;
    }
    return d;
}

/* Operations that come alone: on @d, with the hypervisor's copy of the argument. */
typedef int single_fn(struct domain *d, void *arg);

static int op_query_size(struct domain *d, void *arg)
{
    struct gnttab_query_size *op = arg;

    op->nr_frames = d->grant->nr_frames;
    op->max_nr_frames = d->grant->max_frames;
    return 0;
}

/*
 * The list is of guest frame numbers where the guest sees machine frames; others learn
 * nothing from it, they place the frames themselves (XENMEM_add_to_physmap).
 */
static int write_frame_list(struct domain *d, XEN_GUEST_HANDLE(uint64_t) list, unsigned int n,
                            bool status)
{
    for (unsigned int i = 0; i < n; i++) {
        uint64_t frame = ~0UL;

        if (!d->is_hvm)
            frame = virt_to_mfn(status ? (void *)d->grant->status[i] : d->grant->frame[i].shared).v;
        if (guest_write_at(list, i, &frame))
            return -EFAULT;
    }
    return 0;
}

static int op_setup_table(struct domain *d, void *arg)
{
    struct gnttab_setup_table *op = arg;
    int rc;

    spin_lock(&d->grant->lock);
    rc = grow(d, op->nr_frames);
    spin_unlock(&d->grant->lock);
    if (!rc)
        return write_frame_list(d, guest_handle_cast(op->frame_list, uint64_t), op->nr_frames,
                                false);
    op->status = GNTST_general_error;
    return 0;
}

static int op_get_status_frames(struct domain *d, void *arg)
{
    struct gnttab_get_status_frames *op = arg;

    if (d->grant->version == 2 && op->nr_frames <= d->grant->nr_status)
        return write_frame_list(d, op->frame_list, op->nr_frames, true);
    op->status = GNTST_general_error;
    return 0;
}

static int op_get_version(struct domain *d, void *arg)
{
    ((struct gnttab_get_version *)arg)->version = d->grant->version;
    return 0;
}

static int op_set_version(struct domain *d, void *arg)
{
    struct gnttab_set_version *op = arg;
    int rc = set_version(d, op->version);

    op->version = d->grant->version;
    return rc;
}

struct single_op {
    single_fn *fn;
    uint8_t size;   /* of the argument */
    uint8_t dom;    /* where in it the domain stands; NOWHERE: the caller */
    uint8_t status; /* where in it the status stands; NOWHERE: it is the call's result */
};

#define NOWHERE 0xff
#define SINGLE(name, dom_at, status_at)                                                            \
    {                                                                                              \
        op_##name, sizeof(struct gnttab_##name), dom_at, status_at                                 \
    }
#define AT(name, field) offsetof(struct gnttab_##name, field)

static const struct single_op singles[] = {
    [GNTTABOP_setup_table] = SINGLE(setup_table, AT(setup_table, dom), AT(setup_table, status)),
    [GNTTABOP_query_size] = SINGLE(query_size, AT(query_size, dom), AT(query_size, status)),
    [GNTTABOP_set_version] = SINGLE(set_version, NOWHERE, NOWHERE),
    [GNTTABOP_get_status_frames] =
        SINGLE(get_status_frames, AT(get_status_frames, dom), AT(get_status_frames, status)),
    [GNTTABOP_get_version] = SINGLE(get_version, AT(get_version, dom), NOWHERE),
};

/* On the domain that it names. */
static int run_named(const struct single_op *o, char *op)
{
    int16_t status;
    struct domain *d = named_domain(*(const domid_t *)(op + o->dom), &status);
    int rc = 0;

    if (o->status != NOWHERE)
        *(int16_t *)(op + o->status) = status;
    else if (status)
        return status == GNTST_bad_domain ? -ESRCH : -EPERM;
    if (d) {
        rc = o->fn(d, op);
        domain_put(d);
    }
    return rc;
}

static int run_single(unsigned int cmd, arg_t arg, unsigned int count)
{
    const struct single_op *o = &singles[index_nospec(cmd, ARRAY_SIZE(singles))];
    union {
        struct gnttab_setup_table setup_table;
        struct gnttab_query_size query_size;
        struct gnttab_get_status_frames status_frames;
        char bytes[1];
    } op;
    int rc;

    if (count != 1)
        return -EINVAL;
    if (copy_from_guest_va(&op, (vaddr_t)arg.p, o->size))
        return -EFAULT;
    rc = o->dom == NOWHERE ? o->fn(current->domain, &op) : run_named(o, op.bytes);
    return copy_to_guest_va((vaddr_t)arg.p, &op, o->size) ? -EFAULT : rc;
}

static void swap_bytes(void *a, void *b, size_t size)
{
    char t[sizeof(union grant_entry_v2)];

    memcpy(t, a, size);
    memcpy(a, b, size);
    memcpy(b, t, size);
}

static void grant_swap(struct domain *d, void *arg)
{
    struct gnttab_swap_grant_ref *op = arg;
    struct grant_table *gt = d->grant;
    unsigned int n;
    grant_ref_t a, b;

    spin_lock(&gt->lock);
    n = grant_nr_entries(gt);
    if (op->ref_a >= n || op->ref_b >= n) {
        op->status = GNTST_bad_gntref;
        goto out;
    }
    a = (grant_ref_t)index_nospec(op->ref_a, n);
    b = (grant_ref_t)index_nospec(op->ref_b, n);
    op->status = GNTST_okay;
    if (a == b)
        goto out;
    if (in_use(gt, a) || in_use(gt, b)) {
        op->status = GNTST_eagain;
    } else if (gt->version == 1) {
        swap_bytes(grant_entry_v1(gt, a), grant_entry_v1(gt, b), sizeof(struct grant_entry_v1));
    } else {
        swap_bytes(grant_entry_v2(gt, a), grant_entry_v2(gt, b), sizeof(union grant_entry_v2));
        swap_bytes(grant_entry_status(gt, a), grant_entry_status(gt, b), sizeof(grant_status_t));
    }
out:
    spin_unlock(&gt->lock);
}

/* As many operations as are copied in and out at once; one of them is short. */
#define BATCH 8

union grant_op {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy;
    struct gnttab_swap_grant_ref swap;
};

/* One operation, in one page: it comes from where its answer goes. False: not so. */
static bool run_in_place(arg_t arg, size_t size, void (*fn)(struct domain *d, void *op))
{
    union grant_op op;
    struct guest_page page;
    void *at = guest_map_va((vaddr_t)arg.p, size, &page);

    if (unlikely(!at))
        return false;
    memcpy(&op, at, size);
    fn(current->domain, &op);
    memcpy(at, &op, size);
    guest_unmap_va(&page);
    return true;
}

/* Each of @count operations of @size bytes by @fn, whose result is a status within it. */
static int run_batch(unsigned int cmd, arg_t arg, unsigned int count, size_t size,
                     void (*fn)(struct domain *d, void *op))
{
    union grant_op ops[BATCH];
    struct domain *d = current->domain;
    vaddr_t va = (vaddr_t)arg.p;

    if (count == 1 && run_in_place(arg, size, fn))
        return 0;
    while (count) {
        unsigned int n = min(count, (unsigned int)BATCH);

        if (copy_from_guest_va(ops, va, n * size))
            return -EFAULT;
        for (unsigned int i = 0; i < n; i++)
            fn(d, (char *)ops + i * size);
        if (copy_to_guest_va(va, ops, n * size))
            return -EFAULT;
        count -= n;
        va += n * size;
        if (count && hypercall_preempt_check())
            return hypercall_continue(3, (uint64_t)cmd, (uint64_t)va, (uint64_t)count);
    }
    return 0;
}

int do_grant_table_op(unsigned int cmd, XEN_GUEST_HANDLE(void) arg, unsigned int count)
{
    if (count > INT32_MAX)
        return -EINVAL;
    switch (cmd) {
    case GNTTABOP_copy:
        return run_batch(cmd, arg, count, sizeof(struct gnttab_copy), grant_copy);
    case GNTTABOP_map_grant_ref:
        return run_batch(cmd, arg, count, sizeof(struct gnttab_map_grant_ref), grant_map);
    case GNTTABOP_unmap_grant_ref:
        return run_batch(cmd, arg, count, sizeof(struct gnttab_unmap_grant_ref), grant_unmap);
    case GNTTABOP_swap_grant_ref:
        return run_batch(cmd, arg, count, sizeof(struct gnttab_swap_grant_ref), grant_swap);
    case GNTTABOP_setup_table:
    case GNTTABOP_query_size:
    case GNTTABOP_set_version:
    case GNTTABOP_get_status_frames:
    case GNTTABOP_get_version:
        return run_single(cmd, arg, count);
    case GNTTABOP_cache_flush:
        return -EOPNOTSUPP; /* nothing on this architecture needs it */
    default:
        /*
         * transfer and unmap_and_replace are for guests that see machine frames;
         * dump_table is for nobody.
         */
        return -ENOSYS;
    }
}
