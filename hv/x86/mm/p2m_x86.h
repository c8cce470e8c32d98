/* SPDX-License-Identifier: MIT */
/* The nested page tables, as the back-ends see them. */
#ifndef X86_MM_P2M_X86_H
#define X86_MM_P2M_X86_H

#include <hv/atomic.h>
#include <hv/p2m.h>

/*
 * An entry's format. Nested tables of both vendors share most of it: the frame
 * in bits 12-51, bit 7 set in a leaf above 4 KiB, writing allowed by bit 1, and bits
 * 52-55 free for the p2m_type. What differs is here.
 */
struct p2m_format {
    const char *name;
    uint64_t present; /* an entry with none of these bits isn't present */
    /* What the CPU sets in a leaf that it writes through, if log_start (vendor.h) has it do so. */
    uint64_t dirty;
    uint64_t (*make_leaf)(mfn_t m, unsigned int order, enum p2m_type t);
    uint64_t (*make_table)(mfn_t m);
    unsigned int (*max_order)(void); /* ORDER_1G or ORDER_2M: what the CPU can map at once */
    bool (*small_code)(void); /* nothing is executed in larger leaves than 4 KiB; NULL: it is */
};

/* Chosen at boot with the vendor's operations, before the first domain. */
extern const struct p2m_format *p2m_format;
extern const struct p2m_format npt_format, ept_format;

#define P2M_ADDR       0x000ffffffffff000UL
#define P2M_TYPE_SHIFT 52
#define P2M_TYPE_MASK  0xfUL

static inline bool entry_present(uint64_t e)
{
    return e & p2m_format->present;
}

static inline mfn_t entry_mfn(uint64_t e)
{
    return paddr_to_mfn(e & P2M_ADDR);
}

static inline enum p2m_type entry_type(uint64_t e)
{
    return (enum p2m_type)(e >> P2M_TYPE_SHIFT & P2M_TYPE_MASK);
}

/*
 * A stretch of a domain's memory (not of devices), for a look at several places of it. No lock
 * and no reference is taken: the map is looked at again after each read, and a page that went
 * away meanwhile is not what was read. So it may be kept as long as the domain has a map.
 */
struct p2m_view {
    struct domain *d;
    paddr_t start;
    uint64_t size;         /* in bytes; 0: nothing is seen yet */
    const uint64_t *table; /* of entries of 4 KiB, which has it all; NULL: one entry does */
    const char *at;        /* then: where it begins */
    const uint64_t *slot;  /* the entry that was used last, */
    uint64_t entry;        /* which was so, */
    const uint32_t *seq;
    uint32_t seen; /* and *seq before */
};

static inline void p2m_view_init(struct p2m_view *w, struct domain *d)
{
    w->d = d;
    w->start = w->size = 0;
}

/* Moves it to what is around @gpa. False: there is nothing. */
bool p2m_view_move(struct p2m_view *w, paddr_t gpa);

static inline bool p2m_entry_readable(uint64_t e)
{
    return entry_present(e) && entry_type(e) != p2m_mmio_direct;
}

/* Where @gpa is; NULL: nowhere. What is read there counts if p2m_view_holds afterwards. */
static inline const void *p2m_view_at(struct p2m_view *w, paddr_t gpa)
{
    for (;;) {
        if (unlikely(gpa - w->start >= w->size) && !p2m_view_move(w, gpa))
            return NULL;
        if (!w->table)
            return w->at + (gpa - w->start);
        w->slot = &w->table[gpa >> PAGE_SHIFT & 511];
        w->entry = atomic_read(w->slot);
        if (likely(p2m_entry_readable(w->entry)))
            return (const char *)mfn_to_virt(entry_mfn(w->entry)) + (gpa & ~PAGE_MASK);
        if (atomic_read(w->seq) == w->seen)
            return NULL;
        w->size = 0; /* the table is of no use any more */
    }
}

static inline bool p2m_view_holds(struct p2m_view *w)
{
    smp_rmb();
    if (likely(atomic_read(w->slot) == w->entry && atomic_read(w->seq) == w->seen))
        return true;
    w->size = 0;
    return false;
}

/* Eight bytes, aligned, as page table entries are. */
static inline bool p2m_view_read_u64(struct p2m_view *w, paddr_t gpa, uint64_t *value)
{
    const uint64_t *at;

    do {
        at = p2m_view_at(w, gpa);
        if (unlikely(!at))
            return false;
        *value = ACCESS_ONCE(*at);
    } while (unlikely(!p2m_view_holds(w)));
    return true;
}

/* p2m_get_page at @gpa. */
struct page_info *p2m_view_get_page(struct p2m_view *w, paddr_t gpa, enum p2m_type *t);

/* Reads @len bytes, within one page. */
bool p2m_view_read(struct p2m_view *w, paddr_t gpa, void *dst, size_t len);
/* The same of what is looked at once. */
bool p2m_read(struct domain *d, paddr_t gpa, void *dst, size_t len);

/* Makes 4 KiB leaves of what @g is part of: code is there (small_code). -ENOMEM. */
int p2m_break_up(struct domain *d, gfn_t g);

/* Guest frame numbers from this on cannot be mapped: the guest's physical address width. */
uint64_t p2m_limit(const struct domain *d);

/*
 * How many frames its tables may take (XEN_DOMCTL_set_paging_mempool_size). -EINVAL: too
 * few for any memory; -EBUSY: it has more already.
 */
int p2m_set_table_limit(struct domain *d, uint64_t tables);
uint64_t p2m_get_table_limit(const struct domain *d);

/* The top table, for nested CR3 or the EPT pointer. */
paddr_t p2m_root(struct domain *d);

#endif
