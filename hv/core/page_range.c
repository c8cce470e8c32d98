/* SPDX-License-Identifier: MIT */
/*
 * Which frames are memory: a short sorted list of ranges. It changes at boot
 * only, by one CPU at a time, but others may already look things up.
 */
#include <hv/atomic.h>
#include <hv/string.h>

#include "core/page_internal.h"

#define MAX_RANGES 256

static struct page_range ranges[MAX_RANGES];
static unsigned int nr_ranges;
static uint32_t ranges_seq; /* odd while the list is being changed */

static bool search(uint64_t m, struct page_range *r)
{
    unsigned int lo = 0, hi = atomic_read(&nr_ranges);

    while (lo < hi) {
        unsigned int mid = (lo + hi) / 2;

        if (m >= ranges[mid].end) {
            lo = mid + 1;
        } else if (m < ranges[mid].start) {
            hi = mid;
        } else {
            *r = ranges[mid];
            return true;
        }
    }
    return false;
}

bool page_range_find(uint64_t m, struct page_range *r)
{
    uint32_t seq;
    bool found;

    do {
        seq = atomic_read_acquire(&ranges_seq);
        found = search(m, r);
        smp_rmb();
    } while (unlikely(seq & 1 || atomic_read(&ranges_seq) != seq));
    return found;
}

bool mfn_valid(mfn_t m)
{
    struct page_range r;

    return page_range_find(m.v, &r);
}

mfn_t page_alloc_max_mfn(void)
{
    return mfn(nr_ranges ? ranges[nr_ranges - 1].end - 1 : 0);
}

static void remove_at(unsigned int i)
{
    memmove(&ranges[i], &ranges[i + 1], (nr_ranges - i - 1) * sizeof(ranges[0]));
    nr_ranges--;
}

/* Neighbours of the same node become one range, so that blocks merge across. */
static void insert(uint64_t start, uint64_t end, unsigned int node)
{
    unsigned int i = 0;

    while (i < nr_ranges && ranges[i].start < start)
        i++;
    memmove(&ranges[i + 1], &ranges[i], (nr_ranges - i) * sizeof(ranges[0]));
    ranges[i] = (struct page_range){ start, end, node };
    nr_ranges++;
    if (i + 1 < nr_ranges && ranges[i + 1].start == end && ranges[i + 1].node == node) {
        ranges[i].end = ranges[i + 1].end;
        remove_at(i + 1);
    }
    if (i && ranges[i - 1].end == start && ranges[i - 1].node == node) {
        ranges[i - 1].end = ranges[i].end;
        remove_at(i);
    }
}

bool page_range_add(uint64_t start, uint64_t end, unsigned int node)
{
    if (nr_ranges == MAX_RANGES)
        return false;
    atomic_inc(&ranges_seq);
    insert(start, end, node);
    atomic_inc(&ranges_seq);
    return true;
}
