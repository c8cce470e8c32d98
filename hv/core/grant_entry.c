/* SPDX-License-Identifier: MIT */
/*
 * Grant entries in use: the protocol of GTF_reading and GTF_writing with the granter
 * (<xen/grant_table.h>).
 *
 * The entries are the granter's memory, which it may change at any moment. A use
 * starts with a snapshot and a check of it; from then on only what is noted in
 * struct grant_active counts.
 */
#include <hv/errno.h>
#include <hv/page_alloc.h>
#include "grant_internal.h"

/* Times that the granter may change an entry under us. */
#define ENTRY_TRIES 5

/* An entry as it was found good for use. */
struct snapshot {
    uint64_t gfn;
    uint16_t start, length;
    bool transitive;
    domid_t trans_domid;
    grant_ref_t trans_ref;
};

static uint16_t use_bits(bool readonly)
{
    return readonly ? GTF_reading : GTF_reading | GTF_writing;
}

/*
 * Flags (low half) and domid (high half) are one word in both versions. Does it let
 * @grantee do so?
 */
static bool header_allows(uint32_t header, domid_t grantee, bool readonly)
{
    unsigned int type = header & GTF_type_mask;

    return header >> 16 == grantee && (type == GTF_permit_access || type == GTF_transitive) &&
           (readonly || !(header & GTF_readonly));
}

/* Version 1: the bits stand in the flags, so that one compare-and-swap checks and sets. */
static int entry_begin_v1(struct grant_entry_v1 *e, domid_t grantee, bool readonly,
                          struct snapshot *s)
{
    uint32_t *header = (uint32_t *)(void *)e, old = atomic_read(header);

    for (unsigned int i = 0; i < ENTRY_TRIES; i++) {
        if (!header_allows(old, grantee, readonly) || (old & GTF_type_mask) != GTF_permit_access)
            return GNTST_general_error;
        if (atomic_cas(header, &old, old | use_bits(readonly))) {
            *s = (struct snapshot){ .gfn = atomic_read(&e->frame), .length = PAGE_SIZE };
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

/*
 * Version 2: the bits stand elsewhere. They are set, then the header is looked at
 * once more: a granter clears the header first and looks at the bits then.
 */
static int entry_begin_v2(union grant_entry_v2 *e, grant_status_t *status, domid_t grantee,
                          bool readonly, enum grant_kind kind, struct snapshot *s)
{
    uint32_t *header = (uint32_t *)(void *)e, old = atomic_read(header);
    uint16_t was;

    if (!header_allows(old, grantee, readonly))
        return GNTST_general_error;
    *s = (struct snapshot){ .length = PAGE_SIZE };
    if ((old & GTF_type_mask) == GTF_transitive) {
        s->transitive = true;
        s->trans_domid = atomic_read(&e->transitive.trans_domid);
        s->trans_ref = atomic_read(&e->transitive.gref);
    } else if (old & GTF_sub_page) {
        s->start = atomic_read(&e->sub_page.page_off);
        s->length = atomic_read(&e->sub_page.length);
        s->gfn = atomic_read(&e->sub_page.frame);
    } else {
        s->gfn = atomic_read(&e->full_page.frame);
    }
    if ((s->transitive && kind != GRANT_ANY) || (old & GTF_sub_page && kind == GRANT_WHOLE))
        return GNTST_general_error;
    if (s->start + s->length > PAGE_SIZE)
        return GNTST_general_error;
    was = atomic_or(status, use_bits(readonly));
    if (atomic_read(header) == old)
        return GNTST_okay;
    atomic_and(status, (uint16_t)(was | ~use_bits(readonly)));
    return GNTST_general_error;
}

static int entry_begin(struct grant_table *gt, grant_ref_t ref, domid_t grantee, bool readonly,
                       enum grant_kind kind, struct snapshot *s)
{
    if (gt->version == 1)
        return entry_begin_v1(grant_entry_v1(gt, ref), grantee, readonly, s);
    return entry_begin_v2(grant_entry_v2(gt, ref), grant_entry_status(gt, ref), grantee, readonly,
                          kind, s);
}

/* Takes back what @act, after a use ended, no longer justifies. */
static void entry_end(struct grant_table *gt, grant_ref_t ref, const struct grant_active *act)
{
    uint16_t clear = (act->writers ? 0 : GTF_writing) | (act->pins ? 0 : GTF_reading);
    uint16_t *flags;

    /* The frames of a domain that was destroyed are gone. */
    if (!clear || ref >= grant_nr_entries(gt))
        return;
    flags = gt->version == 1 ? &grant_entry_v1(gt, ref)->flags : grant_entry_status(gt, ref);
    atomic_and(flags, (uint16_t)~clear);
}

static struct grant_active *active_make(struct grant_table *gt, grant_ref_t ref)
{
    struct grant_frame *f = &gt->frame[ref / V1_PER_FRAME];
    unsigned int c = ref / ACTIVE_PER_CHUNK % CHUNKS_PER_FRAME;

    if (unlikely(!f->active[c]))
        f->active[c] = hv_alloc(PAGE_SIZE);
    return grant_active(gt, ref);
}

/* The granter's own page, referenced, or NULL: what it maps of others is not its to grant. */
static struct page_info *granted_page_get(struct domain *granter, uint64_t gfn_nr, bool readonly)
{
    enum p2m_type t;
    mfn_t m = p2m_lookup(granter, gfn(gfn_nr), &t, NULL);
    struct page_info *pg;

    if (unlikely(t != p2m_ram_rw && !(t == p2m_ram_ro && readonly)))
        return NULL;
    pg = mfn_to_page(m);
    return likely(page_get(pg, granter)) ? pg : NULL;
}

/*
 * Under the lock: one more use of @act, which belongs to entry @ref. On success
 * s->transitive says whether the page is elsewhere.
 */
static int pin_locked(struct domain *granter, grant_ref_t ref, domid_t grantee, bool readonly,
                      enum grant_kind kind, struct grant_active *act, struct snapshot *s)
{
    struct grant_table *gt = granter->grant;
    struct page_info *pg;
    int status;

    if (act->pins == UINT16_MAX)
        return GNTST_no_space;
    if (act->pins && act->grantee != grantee)
        return GNTST_general_error;
    if (act->pins && kind == GRANT_WHOLE && (act->start || act->length != PAGE_SIZE))
        return GNTST_general_error;
    status = entry_begin(gt, ref, grantee, readonly, kind, s);
    if (status)
        return status;
    if (act->pins && s->transitive == act->has_page) {
        status = GNTST_general_error; /* it changed its kind while in use */
    } else if (!act->pins && !s->transitive) {
        pg = granted_page_get(granter, s->gfn, readonly);
        if (pg) {
            act->mfn = (uint32_t)page_to_mfn(pg).v;
            act->has_page = 1;
            act->start = s->start;
            act->length = s->length;
        } else {
            status = GNTST_bad_page;
        }
    }
    if (!status) {
        act->grantee = grantee;
        act->pins++;
        act->writers += !readonly;
    } else {
        entry_end(gt, ref, act);
    }
    return status;
}

/* The grant that a transitive one leads to, as if @middle used it. */
static int pin_transitive(struct domain *middle, const struct snapshot *s, bool readonly,
                          struct grant_pin *pin)
{
    struct domain *granter = domain_get(s->trans_domid);
    int status = GNTST_general_error;

    if (!granter)
        return status;
    /* Not through a third one, and so never in a circle. */
    if (granter != middle)
        status = grant_pin(granter, s->trans_ref, middle->domid, readonly, GRANT_PART, pin);
    if (status)
        domain_put(granter);
    return status;
}

/*
 * The page was perhaps written to, which is not seen before the use ends. Where it stands is read
 * from the granter's own entry: nobody else is misled by what that says.
 */
static void mark_granted(struct domain *granter, grant_ref_t ref)
{
    struct grant_table *gt = granter->grant;
    const union grant_entry_v2 *e = grant_entry_v2(gt, ref);
    uint64_t frame;

    if (gt->version == 1)
        frame = atomic_read(&grant_entry_v1(gt, ref)->frame);
    else if (atomic_read(&e->hdr.flags) & GTF_sub_page)
        frame = atomic_read(&e->sub_page.frame);
    else
        frame = atomic_read(&e->full_page.frame);
    p2m_mark_dirty(granter, gfn(frame));
}

static void unpin_entry(struct domain *granter, grant_ref_t ref, bool readonly)
{
    struct grant_table *gt = granter->grant;
    struct page_info *pg = NULL;
    struct grant_active *act;

    spin_lock(&gt->lock);
    act = grant_active(gt, ref);
    if (unlikely(granter->dirty_log) && !readonly && act->has_page && ref < grant_nr_entries(gt))
        mark_granted(granter, ref);
    act->pins--;
    act->writers -= !readonly;
    entry_end(gt, ref, act);
    if (!act->pins && act->has_page) {
        pg = mfn_to_page(mfn(act->mfn));
        act->has_page = 0;
    }
    spin_unlock(&gt->lock);
    if (pg)
        page_put(pg);
}

int grant_pin(struct domain *granter, grant_ref_t ref, domid_t grantee, bool readonly,
              enum grant_kind kind, struct grant_pin *pin)
{
    struct grant_table *gt = granter->grant;
    unsigned int nr_entries;
    struct grant_active *act;
    struct snapshot s;
    int status;

    spin_lock(&gt->lock);
    nr_entries = grant_nr_entries(gt);
    if (unlikely(ref >= nr_entries || granter->dying)) {
        spin_unlock(&gt->lock);
        return GNTST_bad_gntref;
    }
    ref = (grant_ref_t)index_nospec(ref, nr_entries);
    act = active_make(gt, ref);
    status = act ? pin_locked(granter, ref, grantee, readonly, kind, act, &s) : GNTST_no_space;
    if (likely(!status && !s.transitive)) {
        pin->page = mfn_to_page(mfn(act->mfn));
        pin->start = act->start;
        pin->length = act->length;
        pin->granter = granter;
        pin->ref = ref;
        pin->readonly = readonly;
        pin->via = NULL;
    }
    spin_unlock(&gt->lock);
    if (unlikely(!status && s.transitive)) {
        status = pin_transitive(granter, &s, readonly, pin);
        if (status) {
            unpin_entry(granter, ref, readonly);
        } else {
            pin->via = granter;
            pin->via_ref = ref;
        }
    }
    return status;
}

void grant_unpin(const struct grant_pin *pin)
{
    unpin_entry(pin->granter, pin->ref, pin->readonly);
    if (unlikely(pin->via)) {
        domain_put(pin->granter);
        unpin_entry(pin->via, pin->via_ref, pin->readonly);
    }
}
