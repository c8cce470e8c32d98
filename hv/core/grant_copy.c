/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy: the hypervisor copies, so that nothing has to be mapped. */
#include <hv/guest_copy.h>
#include <hv/page_alloc.h>
#include <hv/string.h>
#include "grant_internal.h"

/* One end of a copy: a granted page, or one that the caller sees at a gfn. */
struct end {
    struct domain *granter; /* referenced; NULL: the caller's own */
    struct grant_pin pin;
    struct page_info *page;
    uint64_t gfn; /* the caller's own: where it sees the page */
    bool readonly;
};

static int end_open_gref(struct domain *d, const struct gnttab_copy_ptr *p, uint16_t len,
                         bool readonly, struct end *e)
{
    int status;

    e->granter = p->domid == DOMID_SELF ? domain_get(d->domid) : domain_get(p->domid);
    if (!e->granter)
        return GNTST_bad_domain;
    status = grant_pin(e->granter, p->u.ref, d->domid, readonly, GRANT_ANY, &e->pin);
    if (likely(!status)) {
        e->page = e->pin.page;
        if (likely(p->offset >= e->pin.start && p->offset + len <= e->pin.start + e->pin.length))
            return GNTST_okay;
        grant_unpin(&e->pin);
        status = GNTST_general_error;
    }
    domain_put(e->granter);
    return status;
}

static int end_open_gfn(struct domain *d, const struct gnttab_copy_ptr *p, bool readonly,
                        struct end *e)
{
    enum p2m_type t;

    e->granter = NULL;
    e->gfn = p->u.gmfn;
    e->readonly = readonly;
    if (p->domid != DOMID_SELF)
        return GNTST_permission_denied;
    e->page = p2m_get_page(d, gfn(p->u.gmfn), &t);
    if (unlikely(!e->page))
        return GNTST_bad_page;
    if (likely(readonly || p2m_is_writable(t)))
        return GNTST_okay;
    page_put(e->page);
    return GNTST_bad_page;
}

static int end_open(struct domain *d, const struct gnttab_copy_ptr *p, uint16_t len, bool gref,
                    bool readonly, struct end *e)
{
    return gref ? end_open_gref(d, p, len, readonly, e) : end_open_gfn(d, p, readonly, e);
}

static void end_close(struct domain *d, const struct end *e)
{
    if (e->granter) {
        grant_unpin(&e->pin);
        domain_put(e->granter);
    } else {
        page_put(e->page);
        if (!e->readonly)
            p2m_mark_dirty(d, gfn(e->gfn));
    }
}

void grant_copy(struct domain *d, void *arg)
{
    struct gnttab_copy *op = arg;
    struct end source, dest;
    int status = GNTST_bad_copy_arg;

    if (unlikely(op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE))
        goto out;
    status = end_open(d, &op->source, op->len, op->flags & GNTCOPY_source_gref, true, &source);
    if (unlikely(status))
        goto out;
    status = end_open(d, &op->dest, op->len, op->flags & GNTCOPY_dest_gref, false, &dest);
    if (likely(!status)) {
        char *to = (char *)page_to_virt(dest.page) + op->dest.offset;
        const char *from = (const char *)page_to_virt(source.page) + op->source.offset;

        /* Within a page the two may overlap. */
        if (likely(dest.page != source.page))
            memcpy(to, from, op->len);
        else
            memmove(to, from, op->len);
        end_close(d, &dest);
    }
    end_close(d, &source);
out:
    op->status = (int16_t)status;
}
