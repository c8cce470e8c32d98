/* SPDX-License-Identifier: MIT */
/*
 * Machine frames: one struct page_info for each, a NUMA-aware buddy allocator
 * with per-CPU caches of single frames, ownership and accounting per domain.
 *
 * Life of a guest's frame: domain_page_alloc() gives it an owner, the
 * PAGE_ALLOCATED flag and one reference for it. Everyone who uses the frame
 * (a p2m lookup in progress, a grant or foreign mapping, a shared structure)
 * holds a further reference. Taking it out of the domain (page_free_guest)
 * drops the flag and its reference; when the last reference is put, the frame
 * leaves the domain's account, is scrubbed and goes back to the free lists.
 */
#ifndef HV_PAGE_ALLOC_H
#define HV_PAGE_ALLOC_H

#include <hv/layout.h>
#include <hv/public.h>
#include <hv/types.h>

struct domain;

/* PAGE flags */
#define PAGE_ALLOCATED 0x01 /* the owner's own reference is held */
#define PAGE_HV        0x02 /* the hypervisor's memory (owner is nobody, or the domain it serves) */
#define PAGE_FREE      0x04 /* in the allocator */
#define PAGE_DIRTY     0x08 /* free, but not scrubbed yet */
#define PAGE_OFFLINE   0x10 /* never handed out */

#define PAGE_NO_OWNER  0xffff

/* 16 bytes a frame: 0.4 % of memory. */
struct page_info {
    union {
        struct {
            uint32_t refs;  /* references held; changed only with owner unchanged */
            uint16_t owner; /* domid, or PAGE_NO_OWNER */
            uint8_t flags;  /* PAGE_* */
            uint8_t order;  /* of the free block that this frame heads */
        };
        uint64_t ref_word; /* the above, changed as one by compare-and-swap */
    };
    uint32_t next; /* mfn of the next in a free list */
    union {
        uint32_t prev;      /* free: mfn of the previous in the list */
        uint32_t type_info; /* in use: type and type count, for PV guests */
    };
};

/* Allocation flags */
#define ALLOC_NODE(n)  (((n) + 1u) & 0xff) /* prefer this node */
#define ALLOC_EXACT    0x100               /* this node only */
#define ALLOC_BELOW_4G 0x200
#define ALLOC_NO_SCRUB 0x400 /* the caller overwrites all of it */
#define ALLOC_CLEAN    0x800 /* only what is scrubbed already: bounds the time it takes */
#define ALLOC_ANY      0

/* Boot: hands the range of frames [start, end) of @node to the allocator. */
void page_alloc_add_range(mfn_t start, mfn_t end, unsigned int node);

/*
 * Boot, when all nodes are there: @order has the page_alloc_nodes() nodes in the order in which
 * they are tried for who is in, or asks for, @node.
 */
void page_alloc_set_fallback(unsigned int node, const uint8_t *order);

/* Hypervisor's memory, zeroed unless ALLOC_NO_SCRUB. NULL if there is none. */
struct page_info *page_alloc(unsigned int order, unsigned int flags);
void page_free(struct page_info *pg, unsigned int order);
/*
 * Boot: just these 2^order frames (@start aligned to that), if all of them are
 * free; NULL, with nothing changed, if not. Not scrubbed.
 */
struct page_info *page_alloc_exact(mfn_t start, unsigned int order);
/* The same, as a pointer into the direct map. */
void *hv_alloc_pages(unsigned int order, unsigned int flags);
void hv_free_pages(void *va, unsigned int order);

/*
 * Small objects of the hypervisor, zeroed, 16-byte aligned; those of more than
 * 2032 bytes take a whole page. NULL: no memory, or larger than a page.
 */
void *hv_alloc(size_t size);
void hv_free(void *p);

/*
 * Guest memory: 2^order frames owned by @d, charged against d->max_pages, each
 * with PAGE_ALLOCATED and one reference, scrubbed. NULL: no memory, or over the
 * limit, or @d is dying.
 */
struct page_info *domain_page_alloc(struct domain *d, unsigned int order, unsigned int flags);
/* Boot: the same with the frames of page_alloc_exact(@start, @order). */
struct page_info *domain_page_alloc_exact(struct domain *d, mfn_t start, unsigned int order);

/*
 * A frame of the hypervisor (page_alloc, order 0) that @d shares (shared info,
 * grant frames): from now on owned by @d for page_get, not charged against its
 * limit. domain_unshare_page drops the hypervisor's reference instead of
 * page_free: the frame is freed when nobody maps it any more.
 */
int domain_share_page(struct domain *d, struct page_info *pg);
void domain_unshare_page(struct domain *d, struct page_info *pg);

/*
 * Reserves memory so that @d will have @pages in all; 0 gives the reservation
 * back. -EINVAL (has one, less than it has now, over its limit), -ENOMEM.
 */
int domain_claim_pages(struct domain *d, uint64_t pages);
/* Frames reserved by all domains' claims. */
uint64_t page_alloc_claimed(void);

/* While a domain owns frames (page_refs_left) it is kept alive by a domain_ref. */

/* A reference if @pg is in use and owned by @d. */
bool __must_check page_get(struct page_info *pg, const struct domain *d);
/* The same, whoever owns it. */
bool __must_check page_get_any(struct page_info *pg);
/* A further reference to a frame of which the caller holds one already. */
void page_ref(struct page_info *pg);
/* Drops a reference; the last one frees the frame. */
void page_put(struct page_info *pg);
/* Drops the owner's own reference (once: false if PAGE_ALLOCATED was gone already). */
bool page_free_guest(struct page_info *pg);

/* Frames in all, free, and waiting to be scrubbed; of one node or (-1) of all. */
uint64_t page_alloc_total(void);
uint64_t page_alloc_total_of(unsigned int node);
uint64_t page_alloc_free(int node);
uint64_t page_alloc_dirty(void);
/* Nodes with memory are numbered below this. */
unsigned int page_alloc_nodes(void);

/* Scrub waiting frames on this CPU for a bounded time; false when nothing is left. */
bool page_alloc_scrub_some(void);

/* The highest frame that there is. */
mfn_t page_alloc_max_mfn(void);

/* Is there a page_info for it (is it RAM)? */
bool mfn_valid(mfn_t m);

/* The direct map of all RAM. Guests' frames are in it too, for copies; never executable. */
static inline void *mfn_to_virt(mfn_t m)
{
    return (void *)(DIRECT_MAP_BASE + (m.v << PAGE_SHIFT));
}

static inline void *paddr_to_virt(paddr_t p)
{
    return (void *)(DIRECT_MAP_BASE + p);
}

/* Of direct-map addresses only. */
static inline paddr_t virt_to_paddr(const void *va)
{
    return (paddr_t)va - DIRECT_MAP_BASE;
}

static inline mfn_t virt_to_mfn(const void *va)
{
    return paddr_to_mfn(virt_to_paddr(va));
}

/* Of frames that are RAM (mfn_valid). */
static inline struct page_info *mfn_to_page(mfn_t m)
{
    return (struct page_info *)FRAME_TABLE_BASE + m.v;
}

static inline mfn_t page_to_mfn(const struct page_info *pg)
{
    return mfn((uint64_t)(pg - (struct page_info *)FRAME_TABLE_BASE));
}

static inline void *page_to_virt(const struct page_info *pg)
{
    return mfn_to_virt(page_to_mfn(pg));
}

static inline struct page_info *virt_to_page(const void *va)
{
    return mfn_to_page(virt_to_mfn(va));
}

#endif
