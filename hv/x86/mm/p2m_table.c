/* SPDX-License-Identifier: MIT */
/* Making, splitting, merging and dropping the tables of a p2m. */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/string.h>

#include "x86/mm/p2m_internal.h"

/* Tables freed in one go. */
#define FREE_BATCH 1024u

/*
 * A table that was made by splitting is not merged again before this many of its
 * entries were set: a guest that gives one page away and takes it back, over and
 * over, would pay for both each time.
 */
#define MERGE_AFTER 16u

/* What a table's frame remembers, in page_info.type_info. */
#define META(hint, sets) ((hint) | (sets) << 16)
#define META_HINT(meta)  ((meta)&0xffff) /* an entry that did not fit when last looked */
#define META_SETS(meta)  ((meta) >> 16)

static uint64_t *pool_take(struct domain *d, uint32_t *pool)
{
    struct p2m *p = d->p2m;
    struct page_info *pg = mfn_to_page(mfn(*pool));

    if (p->pool_stale)
        arch_p2m_flush(d);
    p->pool_stale = false;
    *pool = pg->next;
    return memset(page_to_virt(pg), 0, PAGE_SIZE);
}

/*
 * A guest that spreads its pages over the address space makes tables, which only go with
 * it. So there is a limit: what the tool said or else several times what its memory, and
 * grants beside it, need.
 */
#define BASE_TABLES      1024u
#define FRAMES_PER_TABLE 128u

uint64_t p2m_get_table_limit(const struct domain *d)
{
    uint64_t set = atomic_read(&d->p2m->table_limit);

    return set ? set : BASE_TABLES + d->max_pages / FRAMES_PER_TABLE;
}

int p2m_set_table_limit(struct domain *d, uint64_t tables)
{
    struct p2m *p = d->p2m;
    int rc = 0;

    if (tables < P2M_LEVELS)
        return -EINVAL;
    spin_lock(&p->lock);
    if (tables < p->nr_tables)
        rc = -EBUSY;
    else
        atomic_set(&p->table_limit, tables);
    spin_unlock(&p->lock);
    return rc;
}

void *p2m_page_new(struct domain *d)
{
    struct p2m *p = d->p2m;
    void *page;

    if (!d->is_privileged && p->nr_tables >= p2m_get_table_limit(d))
        return NULL;
    page = hv_alloc_pages(0, 0);
    if (page)
        p->nr_tables++;
    return page;
}

uint64_t *p2m_table_create(struct domain *d, unsigned int order)
{
    uint32_t *pool = &d->p2m->pool[order / 9];
    uint64_t *table = *pool ? pool_take(d, pool) : p2m_page_new(d);

    if (table)
        virt_to_page(table)->type_info = META(0, MERGE_AFTER);
    return table;
}

static void retire_tree(struct p2m *p, uint64_t *table, unsigned int order)
{
    struct page_info *pg = virt_to_page(table);
    uint32_t *pool = &p->pool[order / 9];

    for (unsigned int i = 0; order && i < P2M_ENTRIES; i++) {
        if (entry_present(table[i]) && !entry_is_leaf(table[i], order))
            retire_tree(p, entry_table(table[i]), order - 9);
    }
    pg->next = *pool;
    *pool = (uint32_t)page_to_mfn(pg).v;
    p->pool_stale = true;
}

void p2m_table_retire(struct p2m *p, uint64_t *table, unsigned int order)
{
    atomic_inc(&p->seq);
    retire_tree(p, table, order);
}

int p2m_split(struct domain *d, uint64_t *slot, unsigned int order)
{
    unsigned int sub = order - 9;
    uint64_t *table = p2m_table_create(d, sub), e = *slot, keep = ~0UL;

    if (!table)
        return -ENOMEM;
    if (entry_is_logged(e) && !(e & P2M_WRITE)) /* clean, and so are its parts */
        keep = ~p2m_clean_mask(d->p2m, sub);
    for (unsigned int i = 0; i < P2M_ENTRIES; i++)
        table[i] = keep & p2m_format->make_leaf(mfn_add(entry_mfn(e), (uint64_t)i << sub), sub,
                                                entry_type(e));
    virt_to_page(table)->type_info = META(0, 0);
    atomic_set_release(slot, p2m_format->make_table(virt_to_mfn(table)));
    return 0;
}

static bool merges(enum p2m_type t)
{
    return p2m_is_ram(t) || t == p2m_mmio_direct;
}

bool p2m_try_merge(struct p2m *p, uint64_t *slot, uint64_t *table, unsigned int order)
{
    struct page_info *pg = virt_to_page(table);
    uint32_t hint = META_HINT(pg->type_info), sets = META_SETS(pg->type_info);
    uint64_t first = table[0], step = PAGE_SIZE << order;
    unsigned int i;

    if (sets < MERGE_AFTER)
        pg->type_info = META(hint, ++sets);
    if (sets < MERGE_AFTER || order + 9 > p->max_order || !entry_present(first) ||
        !entry_is_leaf(first, order) || !merges(entry_type(first)) ||
        entry_mfn(first).v & ((1UL << (order + 9)) - 1) || table[hint] != first + hint * step)
        return false;
    for (i = 1; i < P2M_ENTRIES; i++) {
        if (table[i] != first + i * step) {
            pg->type_info = META(i, sets);
            return false;
        }
    }
    atomic_set_release(slot, p2m_format->make_leaf(entry_mfn(first), order + 9, entry_type(first)));
    p2m_table_retire(p, table, order);
    return true;
}

void p2m_merge_at(struct p2m *p, uint64_t g, unsigned int order)
{
    uint64_t *table = p->root, *slot = NULL;

    for (unsigned int o = P2M_TOP_ORDER; o > order; o -= 9) {
        slot = &table[entry_index(g, o)];
        if (!entry_present(*slot) || entry_is_leaf(*slot, o))
            return;
        table = entry_table(*slot);
    }
    virt_to_page(table)->type_info = META(0, MERGE_AFTER);
    p2m_try_merge(p, slot, table, order);
}

/* From the lowest tables up, *left of them; false: there are more. */
static bool free_tree(uint64_t *table, unsigned int order, unsigned int *left)
{
    for (unsigned int i = 0; order && i < P2M_ENTRIES; i++) {
        if (!entry_present(table[i]) || entry_is_leaf(table[i], order))
            continue;
        if (!free_tree(entry_table(table[i]), order - 9, left))
            return false;
        table[i] = 0;
    }
    if (!*left)
        return false;
    --*left;
    hv_free_pages(table, 0);
    return true;
}

bool p2m_table_free_some(struct p2m *p)
{
    unsigned int left = FREE_BATCH;

    for (unsigned int i = 0; i < P2M_LEVELS; i++) {
        for (; p->pool[i] && left; left--) {
            struct page_info *pg = mfn_to_page(mfn(p->pool[i]));

            p->pool[i] = pg->next;
            page_free(pg, 0);
        }
    }
    return left && free_tree(p->root, P2M_TOP_ORDER, &left);
}
