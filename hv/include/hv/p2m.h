/* SPDX-License-Identifier: MIT */
/*
 * A domain's physical-to-machine map: which frame stands at each guest frame
 * number, and how the guest may use it. On x86 it is the nested page table
 * (x86/mm/p2m.c).
 *
 * References: the map holds none for p2m_ram_* (the frame's PAGE_ALLOCATED
 * reference keeps it), none for p2m_mmio_direct, and one for p2m_foreign and
 * p2m_grant_* (taken by the caller before p2m_set, given back by the caller
 * after it has replaced the entry, or by p2m_teardown).
 */
#ifndef HV_P2M_H
#define HV_P2M_H

#include <hv/domain.h>
#include <hv/page_alloc.h>

enum p2m_type {
    p2m_invalid,     /* nothing there: a hole (ballooned out, or never populated) */
    p2m_ram_rw,      /* the domain's own memory */
    p2m_ram_ro,      /* the same, the guest's writes are refused */
    p2m_mmio_direct, /* a device's registers, mapped through, uncached */
    p2m_foreign,     /* another domain's frame, mapped by a privileged domain */
    p2m_grant_rw,    /* another domain's frame, mapped by grant */
    p2m_grant_ro,
};

static inline bool p2m_is_ram(enum p2m_type t)
{
    return t == p2m_ram_rw || t == p2m_ram_ro;
}

static inline bool p2m_is_writable(enum p2m_type t)
{
    return t == p2m_ram_rw || t == p2m_foreign || t == p2m_grant_rw;
}

static inline bool p2m_holds_ref(enum p2m_type t)
{
    return t == p2m_foreign || t == p2m_grant_rw || t == p2m_grant_ro;
}

/* What stands at @g now. *order: the size of the mapping it is part of; may be NULL. */
mfn_t p2m_lookup(struct domain *d, gfn_t g, enum p2m_type *t, unsigned int *order);

/*
 * The page at @g with a reference held (put it with page_put), whoever owns it.
 * NULL for holes and MMIO, or when it just went away. *t may be NULL.
 */
struct page_info *p2m_get_page(struct domain *d, gfn_t g, enum p2m_type *t);

/*
 * Sets 2^order entries, replacing what is there (larger mappings are split, and
 * made again when possible). @m is ignored for p2m_invalid. Flushes TLBs where
 * a translation was taken away, before it returns. -ENOMEM, -EINVAL (alignment,
 * beyond the guest's address width, more than one frame of a type that holds
 * references), -ESRCH (teardown has begun: what was there is being given back).
 */
int p2m_set(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t);

/*
 * Replaces one 4 KiB entry, if it still is (@old, @old_type); -EAGAIN otherwise.
 * For callers that must not race (removal, grant unmap).
 */
int p2m_replace(struct domain *d, gfn_t g, mfn_t old, enum p2m_type old_type, mfn_t m,
                enum p2m_type t);

/* p2m_set, if nothing stands at any of the 2^order entries; -EEXIST otherwise. */
int p2m_add(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t);

/*
 * Takes 2^order entries out, and tells what stood there: *m, *t. Only what is of
 * a type in @types (P2M_TYPE(t) | ...), and all of it in one mapping. The caller
 * calls arch_p2m_flush before it gives anything back. -ENOENT: a hole; -EPERM:
 * another type; -EAGAIN: of smaller mappings, to be taken one by one; -ENOMEM;
 * -ESRCH as p2m_set.
 */
#define P2M_TYPE(t) (1u << (t))
#define P2M_RAM     (P2M_TYPE(p2m_ram_rw) | P2M_TYPE(p2m_ram_ro))
int p2m_take(struct domain *d, gfn_t g, unsigned int order, unsigned int types, mfn_t *m,
             enum p2m_type *t);

/*
 * The hypervisor has written to @d's memory at @g, on whosever behalf: after each write that is
 * not done by a guest's own access. Pages that it holds for writing are told of by
 * domain_mark_held instead. Nothing happens where no memory is.
 */
void p2m_log_write(struct domain *d, gfn_t g);
static inline void p2m_mark_dirty(struct domain *d, gfn_t g)
{
    if (unlikely(ACCESS_ONCE(d->dirty_log)))
        p2m_log_write(d, g);
}

int p2m_init(struct domain *d);
/*
 * Gives back what the map refers to: RAM by page_free_guest, references held by
 * foreign and grant entries. Bounded: -ERESTART until done. The domain runs no more.
 */
int p2m_teardown(struct domain *d);
/*
 * Frees the tables themselves, after teardown, when nobody can look anything up any
 * more. Bounded: -ERESTART until done.
 */
int p2m_free(struct domain *d);

/* The highest guest frame number that was ever populated. */
gfn_t p2m_max_gfn(const struct domain *d);

#endif
