/* SPDX-License-Identifier: MIT */
/*
 * dom0's memory is identity-mapped: its frame numbers are the machine's, so that
 * devices reach its buffers without an IOMMU, and so that the firmware's tables
 * and devices are where its kernel expects them.
 */
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/p2m.h>

#include "x86/boot/boot_x86.h"
#include "x86/boot/dom0.h"

#define LOW_END_PFN (0x100000UL >> PAGE_SHIFT)
#define VGA_PFN     (0xa0000UL >> PAGE_SHIFT)

/* Above 1 MiB smaller pieces than 64 KiB are left to the hypervisor. */
#define MIN_ORDER 4u

/* The largest aligned block at frame @m within @count frames. */
static unsigned int __init block_order(uint64_t m, uint64_t count)
{
    unsigned int order = 0;

    while (order < ORDER_1G && !(m & (1UL << order)) && count >= 2UL << order)
        order++;
    return order;
}

/* Frames come in ascending order. False when the list is full. */
static bool __init range_append(struct dom0_memory *m, uint64_t start, uint64_t end)
{
    if (m->nr && m->range[m->nr - 1].end == start) {
        m->range[m->nr - 1].end = end;
    } else {
        if (m->nr == DOM0_MAX_RANGES)
            return false;
        m->range[m->nr++] = (struct dom0_range){ start, end };
    }
    m->pages += end - start;
    return true;
}

/* Takes of 2^order frames at @start those that are free, in pieces of 2^floor at least. */
static void __init claim_block(struct domain *d, struct dom0_memory *m, uint64_t start,
                               unsigned int order, unsigned int floor)
{
    if (m->nr == DOM0_MAX_RANGES && m->range[m->nr - 1].end != start)
        return;
    if (domain_page_alloc_exact(d, mfn(start), order)) {
        range_append(m, start, start + (1UL << order));
        return;
    }
    if (order <= floor)
        return;
    claim_block(d, m, start, order - 1, floor);
    claim_block(d, m, start + (1UL << (order - 1)), order - 1, floor);
}

static void __init claim_range(struct domain *d, struct dom0_memory *m, uint64_t start,
                               uint64_t end, uint64_t pages)
{
    unsigned int floor = start < LOW_END_PFN ? 0 : MIN_ORDER;

    while (start < end && m->pages < pages) {
        unsigned int order = block_order(start, min(end - start, pages - m->pages));

        claim_block(d, m, start, order, floor);
        start += 1UL << order;
    }
}

/* Memory below 1 MiB isn't the allocator's until now; it takes the detour to get an owner. */
static void __init claim_low(struct domain *d, struct dom0_memory *m, uint64_t start, uint64_t end)
{
    uint64_t hole = paddr_to_mfn(trampoline_paddr).v;

    /* Frame 0 is the BIOS's. */
    start = max(start, 1UL);
    if (start < hole && hole < end) {
        claim_low(d, m, start, hole);
        start = hole + 1;
    } else if (start == hole) {
        start++;
    }
    if (start >= end)
        return;
    page_alloc_add_range(mfn(start), mfn(end), acpi_node_of(0));
    claim_range(d, m, start, end, ~0UL);
}

void __init dom0_memory_claim(struct domain *d, uint64_t pages, struct dom0_memory *m)
{
    m->pages = m->nr = 0;
    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *r = &boot_info.mem[i];
        uint64_t start = PFN_UP(r->start), end = PFN_DOWN(r->end);

        if (r->type != BOOT_MEM_RAM)
            continue;
        if (start < LOW_END_PFN)
            claim_low(d, m, start, min(end, LOW_END_PFN));
        claim_range(d, m, max(start, LOW_END_PFN), end, pages);
    }
}

static int __init map_range(struct domain *d, uint64_t start, uint64_t end, enum p2m_type t)
{
    while (start < end) {
        unsigned int order = block_order(start, end - start);
        int rc;

        /* Only sizes that the tables have. */
        order = order >= ORDER_1G ? ORDER_1G : order >= ORDER_2M ? ORDER_2M : ORDER_4K;
        rc = p2m_set(d, gfn(start), mfn(start), order, t);
        if (rc)
            return rc;
        start += 1UL << order;
    }
    return 0;
}

int __init dom0_memory_map(struct domain *d, const struct dom0_memory *m)
{
    int rc = 0;

    for (unsigned int i = 0; i < m->nr && !rc; i++)
        rc = map_range(d, m->range[i].start, m->range[i].end, p2m_ram_rw);
    /* The BIOS's data page; the frame buffer, option ROMs and the BIOS. */
    if (!rc)
        rc = map_range(d, 0, 1, p2m_mmio_direct);
    if (!rc)
        rc = map_range(d, VGA_PFN, LOW_END_PFN, p2m_mmio_direct);
    for (unsigned int i = 0; i < boot_info.nr_mem && !rc; i++) {
        const struct boot_mem *r = &boot_info.mem[i];
        uint64_t start = max(PFN_DOWN(r->start), LOW_END_PFN);

        if (r->type == BOOT_MEM_ACPI || r->type == BOOT_MEM_NVS)
            rc = map_range(d, start, PFN_UP(r->end), p2m_mmio_direct);
    }
    return rc;
}

bool __init dom0_memory_has(const struct dom0_memory *m, paddr_t start, paddr_t end)
{
    for (unsigned int i = 0; i < m->nr; i++)
        if (PFN_DOWN(start) >= m->range[i].start && PFN_UP(end) <= m->range[i].end)
            return true;
    return false;
}

paddr_t __init dom0_memory_find_top(const struct dom0_memory *m, uint64_t size, paddr_t from,
                                    paddr_t below)
{
    uint64_t count = PFN_UP(size);

    for (unsigned int i = m->nr; i-- > 0;) {
        uint64_t start = max(m->range[i].start, PFN_UP(from));
        uint64_t end = min(m->range[i].end, PFN_DOWN(below));

        if (end > start && end - start >= count)
            return (end - count) << PAGE_SHIFT;
    }
    return 0;
}

paddr_t __init dom0_memory_find_low(const struct dom0_memory *m, uint64_t size, paddr_t from,
                                    paddr_t below)
{
    uint64_t count = PFN_UP(size);

    for (unsigned int i = 0; i < m->nr; i++) {
        uint64_t start = max(m->range[i].start, PFN_UP(from));
        uint64_t end = min(m->range[i].end, PFN_DOWN(below));

        if (end > start && end - start >= count)
            return start << PAGE_SHIFT;
    }
    return 0;
}

/* --- the map that dom0 is told ------------------------------------------------------ */

struct e820 {
    struct boot_mem *entry;
    unsigned int nr, max;
};

static void __init e820_append(struct e820 *e, paddr_t start, paddr_t end, uint32_t type)
{
    struct boot_mem *last = e->nr ? &e->entry[e->nr - 1] : NULL;

    if (start >= end)
        return;
    if (last && last->end == start && last->type == type) {
        last->end = end;
        return;
    }
    if (e->nr == e->max) {
        log_warning("dom0: memory map has more than %u entries, [%#lx, %#lx) is left out\n", e->max,
                    (unsigned long)start, (unsigned long)end);
        return;
    }
    e->entry[e->nr++] = (struct boot_mem){ start, end, type };
}

/* A piece of dom0's RAM, less the ACPI tables in it. */
static void __init e820_append_ram(struct e820 *e, paddr_t start, paddr_t end, paddr_t acpi,
                                   paddr_t acpi_end)
{
    if (acpi < start || acpi_end > end) {
        e820_append(e, start, end, BOOT_MEM_RAM);
        return;
    }
    e820_append(e, start, acpi, BOOT_MEM_RAM);
    e820_append(e, acpi, acpi_end, BOOT_MEM_ACPI);
    e820_append(e, acpi_end, end, BOOT_MEM_RAM);
}

unsigned int __init dom0_e820_build(const struct dom0_memory *m, paddr_t acpi, uint64_t acpi_size,
                                    struct boot_mem *e820, unsigned int max_entries)
{
    struct e820 e = { e820, 0, max_entries };
    unsigned int g = 0;

    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *r = &boot_info.mem[i];
        paddr_t at = r->start;

        if (r->type != BOOT_MEM_RAM) {
            e820_append(&e, r->start, r->end, r->type);
            continue;
        }
        /* Ranges given lie within the host's RAM regions, or go on in an adjacent one. */
        while (g < m->nr && m->range[g].start << PAGE_SHIFT < r->end) {
            paddr_t start = max(m->range[g].start << PAGE_SHIFT, at);
            paddr_t end = min(m->range[g].end << PAGE_SHIFT, r->end);

            e820_append(&e, at, start, BOOT_MEM_UNUSABLE);
            e820_append_ram(&e, start, end, acpi, acpi + acpi_size);
            at = end;
            if (m->range[g].end << PAGE_SHIFT > r->end)
                break;
            g++;
        }
        /* Not dom0's: said to be there, so that nothing else is put there. */
        e820_append(&e, at, r->end, BOOT_MEM_UNUSABLE);
    }
    return e.nr;
}
