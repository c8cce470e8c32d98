/* SPDX-License-Identifier: MIT */
/*
 * A domain's memory grows and shrinks. By the interface these calls report no
 * errors but the number of extents that are done; the caller sees from it that
 * one could not be.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/log.h>
#include <hv/vnuma.h>

#include "core/memory_internal.h"

#define READ_AHEAD 32u /* frame numbers read from the guest at once */

struct extents {
    struct domain *d;
    XEN_GUEST_HANDLE(xen_pfn_t) list;
    uint64_t nr;
    unsigned int order, alloc_flags;
    uint64_t nodes;    /* memory is to come from these, while they have some; 0: from anywhere */
    unsigned int node; /* from this one first */

    xen_pfn_t buf[READ_AHEAD];
    uint64_t buf_start, buf_nr;
};

/* The node that the caller has in mind, as bits of @flags; -EINVAL: a virtual one there isn't. */
static int node_flags(struct domain *d, unsigned int mem_flags)
{
    unsigned int node = mem_flags >> 8 & 0xff, exact = mem_flags & XENMEMF_exact_node_request;
    int pnode;

    if (!node)
        return ALLOC_ANY;
    if (!(mem_flags & XENMEMF_vnode))
        return (int)(ALLOC_NODE(node - 1) | (exact ? ALLOC_EXACT : 0));
    pnode = vnuma_pnode(d, node - 1);
    if (pnode < 0)
        return pnode == VNUMA_ANY_NODE ? ALLOC_ANY : pnode;
    return (int)(ALLOC_NODE((unsigned int)pnode) | (exact ? ALLOC_EXACT : 0));
}

/* The caller's flags for the allocator, or -EINVAL for what can't be done. */
static int alloc_flags(struct domain *d, unsigned int mem_flags)
{
    unsigned int bits = XENMEMF_get_address_bits(mem_flags);
    int flags;

    if (mem_flags & XENMEMF_populate_on_demand)
        return -EINVAL;
    if (bits && bits < 32)
        return -EINVAL;
    flags = node_flags(d, mem_flags);
    if (flags >= 0 && bits && bits < 64 && page_alloc_max_mfn().v >= 1UL << (bits - PAGE_SHIFT))
        flags |= ALLOC_BELOW_4G;
    return flags;
}

/* Of the nodes that memory is to come from, the one with the most. */
static void choose_node(struct extents *e)
{
    uint64_t most = 0;

    e->node = 0;
    for (unsigned int i = 0; i < page_alloc_nodes(); i++) {
        uint64_t n = e->nodes >> i & 1 ? page_alloc_free((int)i) : 0;

        if (n > most) {
            most = n;
            e->node = i;
        }
    }
    if (!most)
        e->nodes = 0;
}

/* What the caller does not say, the domain's nodes do; all of them are as good as none. */
static void choose_nodes(struct extents *e)
{
    uint64_t map = atomic_read(&e->d->node_affinity);

    e->nodes = 0;
    if (e->alloc_flags & 0xff || likely(map == ~0UL >> (64 - page_alloc_nodes())))
        return;
    e->nodes = map;
    choose_node(e);
}

/* False: *rc is the call's result. */
static bool extents_get(struct extents *e, unsigned long cmd, memory_arg_t arg, long *rc)
{
    struct xen_memory_reservation r;
    uint64_t start = MEMOP_START(cmd);
    int flags;

    *rc = (long)start;
    if (guest_read(&r, guest_handle_cast(arg, xen_memory_reservation_t)))
        return false;
    if (start >= r.nr_extents || r.nr_extents > ~0UL >> (MEMOP_BITS + 1))
        return false;
    /* Large ones only for those who build domains: one step must stay short. */
    if (r.extent_order > (current->domain->is_privileged ? ORDER_1G : ORDER_2M))
        return false;
    switch (memory_target_get(r.domid, &e->d)) {
    case 0:
        break;
    case -EPERM:
        *rc = -EPERM;
        return false;
    default:
        return false;
    }
    flags = alloc_flags(e->d, r.mem_flags);
    if (flags < 0) {
        domain_put(e->d);
        return false;
    }
    e->list.p = r.extent_start.p;
    e->nr = r.nr_extents;
    e->order = r.extent_order;
    e->alloc_flags = (unsigned int)flags;
    choose_nodes(e);
    e->buf_start = e->buf_nr = 0;
    return true;
}

/* The number of extent @i, from the guest's list. */
static bool extent_read(struct extents *e, uint64_t i, xen_pfn_t *pfn)
{
    if (i - e->buf_start >= e->buf_nr) {
        e->buf_start = i;
        e->buf_nr = min(e->nr - i, (uint64_t)READ_AHEAD);
        if (copy_from_guest_va(e->buf, (vaddr_t)(e->list.p + i), e->buf_nr * sizeof(*e->buf))) {
            e->buf_nr = 0;
            return false;
        }
    }
    *pfn = e->buf[i - e->buf_start];
    return *pfn <= ~0UL >> PAGE_SHIFT;
}

typedef bool extent_fn(struct extents *e, struct release *r, gfn_t g);

/* Does @fn for all extents, until one fails or something else wants the CPU. */
static long for_extents(unsigned long cmd, memory_arg_t arg, extent_fn *fn)
{
    struct release r;
    struct extents e;
    xen_pfn_t pfn;
    uint64_t i;
    long rc;

    if (!extents_get(&e, cmd, arg, &rc))
        return rc;
    release_init(&r, e.d);
    for (i = (uint64_t)rc; i < e.nr; i++) {
        if (i != (uint64_t)rc && hypercall_preempt_check())
            break;
        if (!extent_read(&e, i, &pfn) || !fn(&e, &r, gfn(pfn))) {
            e.nr = i; /* the end, then */
            break;
        }
    }
    release_all(&r);
    domain_put(e.d);
    if (i < e.nr)
        return hypercall_continue(1, MEMOP_CONTINUE(cmd & MEMOP_MASK, i));
    return (long)i;
}

/* --- populate ------------------------------------------------------------------ */

static bool is_aligned(gfn_t g, unsigned int order)
{
    return !(g.v & ((1UL << order) - 1));
}

/* Memory that stood there already goes: the new one takes its place. */
static int add_or_replace(struct extents *e, struct release *r, gfn_t g, mfn_t m,
                          unsigned int order)
{
    int rc = p2m_add(e->d, g, m, order, p2m_ram_rw);

    if (rc != -EEXIST || order > ORDER_2M)
        return rc;
    for (uint64_t i = 0; i < 1UL << order; i++) {
        rc = release_take(r, gfn_add(g, i), 0, P2M_RAM);
        if (rc && rc != -ENOENT)
            return rc;
    }
    return p2m_add(e->d, g, m, order, p2m_ram_rw);
}

static void give_up(struct page_info *pg, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        page_free_guest(&pg[i]);
}

/*
 * From the domain's nodes while they have some. An extent that is larger than 2 MiB is not taken
 * from others: its caller tries smaller ones then, and of those they may well have some.
 */
static struct page_info *take(struct extents *e, unsigned int flags)
{
    while (e->nodes) {
        struct page_info *pg =
            domain_page_alloc(e->d, e->order, flags | ALLOC_NODE(e->node) | ALLOC_EXACT);

        if (pg)
            return pg;
        e->nodes &= ~(1UL << e->node);
        choose_node(e);
        if (!e->nodes && e->order > ORDER_2M)
            return NULL;
    }
    return domain_page_alloc(e->d, e->order, flags);
}

static bool populate_extent(struct extents *e, struct release *r, gfn_t g)
{
    /* Zeroing a gigabyte takes too long for one step: only what is clean already. */
    unsigned int flags = e->alloc_flags | (e->order > ORDER_2M ? ALLOC_CLEAN : 0);
    unsigned int step = is_aligned(g, e->order) ? e->order : 0;
    struct page_info *pg;
    uint64_t i;

    if (e->order > ORDER_2M && !step)
        return false; /* piece by piece it would take too long, too */
    pg = take(e, flags);
    if (!pg)
        return false;
    for (i = 0; i < 1UL << e->order; i += 1UL << step) {
        if (add_or_replace(e, r, gfn_add(g, i), page_to_mfn(&pg[i]), step)) {
            give_up(pg, i, 1UL << e->order);
            return false;
        }
    }
    return true;
}

long memory_populate(unsigned long cmd, memory_arg_t arg)
{
    return for_extents(cmd, arg, populate_extent);
}

/* --- decrease --------------------------------------------------------------------- */

static bool decrease_extent(struct extents *e, struct release *r, gfn_t g)
{
    if (e->order > ORDER_2M)
        return false;
    if (is_aligned(g, e->order)) {
        int rc = release_take(r, g, e->order, P2M_RAM);

        if (rc != -EAGAIN)
            return !rc;
    }
    for (uint64_t i = 0; i < 1UL << e->order; i++) {
        if (release_take(r, gfn_add(g, i), 0, P2M_RAM))
            return false;
    }
    return true;
}

long memory_decrease(unsigned long cmd, memory_arg_t arg)
{
    return for_extents(cmd, arg, decrease_extent);
}

/*
 * Memory without a place in the guest's address space: something for PV guests
 * only, who place it themselves. For others nothing is allocated.
 */
long memory_increase(unsigned long cmd, memory_arg_t arg)
{
    return (long)MEMOP_START(cmd);
}
