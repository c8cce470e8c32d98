/* SPDX-License-Identifier: MIT */
/*
 * Who owns which frame, and how many. A frame's state changes by atomic
 * operations on its ref_word only; a domain's counts are atomic too, so that no
 * lock is taken on the way of a page in or out.
 */
#include <hv/domain.h>
#include <hv/errno.h>
#include <hv/log.h>

#include "core/page_internal.h"

/* More references than any honest use; keeps the count from overflowing. */
#define MAX_REFS 0x7fffffffu

static uint64_t claimed; /* frames that claims hold back; atomic */
static spinlock_t claim_lock = SPINLOCK_INIT(LOCK_PAGE_ALLOC);

/* --- a domain's account ------------------------------------------------------ */

/* The frames that @d owns keep it alive: the first one takes a reference. */
static void owned_add(struct domain *d, uint32_t n)
{
    if (atomic_add(&d->page_refs_left, n) == n)
        domain_ref(d);
}

static void owned_sub(struct domain *d, uint32_t n)
{
    if (!atomic_sub(&d->page_refs_left, n))
        domain_put(d);
}

static bool charge(struct domain *d, uint32_t n)
{
    uint32_t tot = atomic_read(&d->tot_pages);

    do {
        uint32_t limit = atomic_read(&d->max_pages);

        if (tot > limit || n > limit - tot)
            return false;
    } while (!atomic_cas(&d->tot_pages, &tot, tot + n));
    owned_add(d, n);
    return true;
}

/* Where the @n frames that @pg is the first of are; all in one node. */
static void count_node(struct domain *d, const struct page_info *pg, uint32_t n, bool more)
{
    struct page_range r;

    if (likely(!d->node_pages) || !page_range_find(page_to_mfn(pg).v, &r))
        return;
    if (more)
        atomic_add(&d->node_pages[r.node], n);
    else
        atomic_sub(&d->node_pages[r.node], n);
}

static void uncharge(struct domain *d, uint32_t n)
{
    atomic_sub(&d->tot_pages, n);
    owned_sub(d, n);
}

/* --- claims -------------------------------------------------------------------- */

uint64_t page_alloc_claimed(void)
{
    return atomic_read(&claimed);
}

static void claim_change(struct domain *d, uint32_t pages)
{
    claimed += pages;
    claimed -= d->outstanding_pages;
    d->outstanding_pages = pages;
}

int domain_claim_pages(struct domain *d, uint64_t pages)
{
    uint64_t need, has = atomic_read(&d->tot_pages);
    int rc = 0;

    spin_lock(&claim_lock);
    need = pages > has ? pages - has : 0;
    if (!pages)
        claim_change(d, 0);
    else if (d->outstanding_pages || !need || pages > atomic_read(&d->max_pages) || d->dying)
        rc = -EINVAL;
    else if (need + claimed > page_alloc_free(-1))
        rc = -ENOMEM;
    else
        claim_change(d, (uint32_t)need);
    spin_unlock(&claim_lock);
    return rc;
}

/* May @d have @n more frames, or did others claim them? Its own claim shrinks by them. */
static bool claim_allows(struct domain *d, uint32_t n)
{
    bool ok = true;

    if (likely(!atomic_read(&claimed)))
        return true;
    spin_lock(&claim_lock);
    if (d->outstanding_pages)
        claim_change(d, d->outstanding_pages > n ? d->outstanding_pages - n : 0);
    else
        ok = n + claimed <= page_alloc_free(-1);
    spin_unlock(&claim_lock);
    return ok;
}

/* --- frames of guests ------------------------------------------------------------- */

struct page_info *domain_page_alloc(struct domain *d, unsigned int order, unsigned int flags)
{
    struct page_info *pg;
    uint32_t n = 1u << order;

    if (order > ORDER_1G || atomic_read(&d->dying) != DOMAIN_ALIVE || !charge(d, n))
        return NULL;
    pg =
        claim_allows(d, n) ? page_take(order, flags, page_word(1, d->domid, PAGE_ALLOCATED)) : NULL;
    if (pg)
        count_node(d, pg, n, true);
    else
        uncharge(d, n);
    return pg;
}

struct page_info *domain_page_alloc_exact(struct domain *d, mfn_t start, unsigned int order)
{
    struct page_info *pg;
    uint32_t n = 1u << order;

    if (order > ORDER_1G || !charge(d, n))
        return NULL;
    pg = page_take_exact(start, order, page_word(1, d->domid, PAGE_ALLOCATED));
    if (pg)
        count_node(d, pg, n, true);
    else
        uncharge(d, n);
    return pg;
}

/* Nobody refers to the frame any more: out of its owner's account, and free. */
static void frame_release(struct page_info *pg, uint64_t word)
{
    domid_t owner = PAGE_WORD_OWNER(word);
    struct domain *d = NULL;

    if (owner != PAGE_NO_OWNER) {
        d = domain_of_owner(owner);
        if (!d)
            panic("frame %#lx belongs to d%u, which is gone", page_to_mfn(pg).v, owner);
    }
    if (d && !(PAGE_WORD_FLAGS(word) & PAGE_HV))
        count_node(d, pg, 1, false);
    page_give(pg);
    if (!d)
        return;
    if (PAGE_WORD_FLAGS(word) & PAGE_HV) {
        atomic_dec(&d->shared_pages);
        owned_sub(d, 1);
    } else {
        uncharge(d, 1);
    }
}

int domain_share_page(struct domain *d, struct page_info *pg)
{
    uint64_t word = page_word(1, PAGE_NO_OWNER, PAGE_HV);

    if (d->dying != DOMAIN_ALIVE)
        return -EINVAL;
    atomic_inc(&d->shared_pages);
    owned_add(d, 1);
    if (!atomic_cas(&pg->ref_word, &word, page_word(1, d->domid, PAGE_HV)))
        panic("frame %#lx shared in state %#lx", page_to_mfn(pg).v, word);
    return 0;
}

void domain_unshare_page(struct domain *d, struct page_info *pg)
{
    ASSERT(pg->owner == d->domid && pg->flags & PAGE_HV);
    page_put(pg);
}

/* --- references ------------------------------------------------------------------------ */

bool page_get(struct page_info *pg, const struct domain *d)
{
    uint64_t word = atomic_read(&pg->ref_word);

    do {
        uint32_t refs = PAGE_WORD_REFS(word);

        if (!refs || refs >= MAX_REFS || PAGE_WORD_OWNER(word) != d->domid)
            return false;
    } while (!atomic_cas(&pg->ref_word, &word, word + 1));
    return true;
}

bool page_get_any(struct page_info *pg)
{
    uint64_t word = atomic_read(&pg->ref_word);

    do {
        uint32_t refs = PAGE_WORD_REFS(word);

        if (!refs || refs >= MAX_REFS || PAGE_WORD_OWNER(word) == PAGE_NO_OWNER)
            return false;
    } while (!atomic_cas(&pg->ref_word, &word, word + 1));
    return true;
}

void page_ref(struct page_info *pg)
{
    uint64_t word = atomic_add(&pg->ref_word, 1);

    if (PAGE_WORD_REFS(word) < 2 || PAGE_WORD_REFS(word) > MAX_REFS)
        panic("frame %#lx: reference taken in state %#lx", page_to_mfn(pg).v, word);
}

void page_put(struct page_info *pg)
{
    uint64_t word = atomic_sub(&pg->ref_word, 1);

    if (PAGE_WORD_REFS(word) >= MAX_REFS)
        panic("frame %#lx: reference given back twice", page_to_mfn(pg).v);
    if (!PAGE_WORD_REFS(word))
        frame_release(pg, word);
}

bool page_free_guest(struct page_info *pg)
{
    uint64_t word = atomic_read(&pg->ref_word), next;

    do {
        if (!(PAGE_WORD_FLAGS(word) & PAGE_ALLOCATED))
            return false;
        next = (word & ~PAGE_WORD_FLAG(PAGE_ALLOCATED)) - 1;
    } while (!atomic_cas(&pg->ref_word, &word, next));
    if (!PAGE_WORD_REFS(next))
        frame_release(pg, next);
    return true;
}
