/* SPDX-License-Identifier: MIT */
/* Between page_range.c, page_alloc.c and page_owner.c only. */
#ifndef CORE_PAGE_INTERNAL_H
#define CORE_PAGE_INTERNAL_H

#include <hv/page_alloc.h>

/* Frames [start, end) of one node that were handed to the allocator. */
struct page_range {
    uint64_t start, end;
    unsigned int node;
};

/* The range that holds @m, or false. Lock-free. */
bool page_range_find(uint64_t m, struct page_range *r);
/* False when there is no room for another one. */
bool page_range_add(uint64_t start, uint64_t end, unsigned int node);

/* ref_word of a frame in state {refs, owner, flags}; order 0. */
static inline uint64_t page_word(uint32_t refs, uint16_t owner, uint8_t flags)
{
    return refs | (uint64_t)owner << 32 | (uint64_t)flags << 48;
}

#define PAGE_WORD_REFS(w)  ((uint32_t)(w))
#define PAGE_WORD_OWNER(w) ((uint16_t)((w) >> 32))
#define PAGE_WORD_FLAGS(w) ((uint8_t)((w) >> 48))
#define PAGE_WORD_FLAG(f)  ((uint64_t)(f) << 48)

/*
 * 2^order frames out of the free lists, each set to @word, zeroed as flags say.
 * NULL: none.
 */
struct page_info *page_take(unsigned int order, unsigned int flags, uint64_t word);
/* The same with just these frames, aligned; not zeroed. */
struct page_info *page_take_exact(mfn_t start, unsigned int order, uint64_t word);
/* Puts a single frame, no longer in use, back to the free lists, dirty. */
void page_give(struct page_info *pg);

#endif
