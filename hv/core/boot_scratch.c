/* SPDX-License-Identifier: MIT */
/*
 * Large pieces of contiguous memory for the time of boot, from the top of RAM:
 * the low part is dom0's. The buddy allocator would round them up to the next
 * power of two, here only the frames needed are taken.
 */
#include <hv/boot.h>
#include <hv/log.h>

#define MAX_PIECES 24

static __initdata struct piece {
    mfn_t start;
    uint64_t count; /* frames; 0: unused entry */
} pieces[MAX_PIECES];

/* The largest block that starts at @m and lies within @count frames; at most 2 MiB. */
static unsigned int __init block_order(mfn_t m, uint64_t count)
{
    unsigned int order = 0;

    while (order < ORDER_2M && !(m.v & (1UL << order)) && count >= 2UL << order)
        order++;
    return order;
}

static void __init free_frames(mfn_t m, uint64_t count)
{
    while (count) {
        unsigned int order = block_order(m, count);

        page_free(mfn_to_page(m), order);
        m = mfn_add(m, 1UL << order);
        count -= 1UL << order;
    }
}

/* Takes [start, start + count); false, and *in_use, when a block of it isn't free. */
static bool __init take_frames(mfn_t start, uint64_t count, mfn_t *in_use)
{
    uint64_t done = 0;

    while (done < count) {
        mfn_t m = mfn_add(start, done);
        unsigned int order = block_order(m, count - done);

        if (!page_alloc_exact(m, order)) {
            free_frames(start, done);
            *in_use = m;
            return false;
        }
        done += 1UL << order;
    }
    return true;
}

static bool __init take_from_range(uint64_t first, uint64_t end, struct piece *p)
{
    while (end > first && end - first >= p->count) {
        mfn_t in_use;

        p->start = mfn(end - p->count);
        if (take_frames(p->start, p->count, &in_use))
            return true;
        /* The place must end below the block that is in use. */
        end = in_use.v;
    }
    return false;
}

void *__init boot_scratch_alloc(size_t size)
{
    struct piece *p = pieces;

    while (p < pieces + MAX_PIECES && p->count)
        p++;
    if (p == pieces + MAX_PIECES || !size)
        return NULL;
    p->count = PFN_UP(size);
    for (unsigned int i = boot_info.nr_mem; i-- > 0;) {
        const struct boot_mem *m = &boot_info.mem[i];

        if (m->type == BOOT_MEM_RAM && take_from_range(PFN_UP(m->start), PFN_DOWN(m->end), p))
            return mfn_to_virt(p->start);
    }
    p->count = 0;
    return NULL;
}

void __init boot_scratch_free(void *va)
{
    mfn_t start = virt_to_mfn(va);

    for (unsigned int i = 0; i < MAX_PIECES; i++) {
        if (pieces[i].count && mfn_eq(pieces[i].start, start)) {
            free_frames(start, pieces[i].count);
            pieces[i].count = 0;
            return;
        }
    }
    panic("boot_scratch_free: %p was not allocated", va);
}
