/* SPDX-License-Identifier: MIT */
#include "build_layout.h"

#include <string.h>

#include <xen/arch-x86/hvm/start_info.h>

#define PAGE       4096ull
#define LARGE_PAGE 0x200000ull

/* Linux reaches what the start info points to through its first, static, map of 1 GiB. */
#define INFO_END 0x40000000ull

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static void map_add(struct layout *layout, uint64_t start, uint64_t size, uint32_t type)
{
    if (size) {
        layout->map[layout->map_count++] = (struct layout_range){ start, size, type };
    }
}

bool layout_init(struct layout *layout, uint64_t memory, uint64_t acpi_size, uint64_t kernel_end,
                 uint64_t info_size, uint64_t initrd_size)
{
    uint64_t end;

    memset(layout, 0, sizeof(*layout));
    layout->low_end = memory < LAYOUT_LOW_END ? memory : LAYOUT_LOW_END;
    layout->high_end = LAYOUT_HIGH + (memory - layout->low_end);
    layout->acpi_size = align_up(acpi_size, PAGE);

    layout->start_info = align_up(kernel_end, PAGE);
    end = align_up(layout->start_info + info_size, PAGE);
    if (end > INFO_END || end > layout->low_end) {
        return false;
    }
    if (initrd_size) {
        layout->initrd = align_up(end, LARGE_PAGE);
        if (layout->initrd >= layout->low_end || initrd_size > layout->low_end - layout->initrd) {
            /* A small guest can't afford the gap. */
            layout->initrd = end;
            if (initrd_size > layout->low_end - end) {
                return false;
            }
        }
    }
    map_add(layout, 0, layout->low_end, XEN_HVM_MEMMAP_TYPE_RAM);
    map_add(layout, LAYOUT_ACPI, layout->acpi_size, XEN_HVM_MEMMAP_TYPE_ACPI);
    map_add(layout, LAYOUT_SPECIAL, LAYOUT_SPECIALS * PAGE, XEN_HVM_MEMMAP_TYPE_RESERVED);
    map_add(layout, LAYOUT_HIGH, layout->high_end - LAYOUT_HIGH, XEN_HVM_MEMMAP_TYPE_RAM);
    return true;
}

static unsigned int extent_order(uint64_t gfn, uint64_t end, unsigned int max_order)
{
    static const unsigned int orders[] = { 18, 9 };

    for (unsigned int i = 0; i < 2; i++) {
        uint64_t pages = 1ull << orders[i];

        if (orders[i] <= max_order && !(gfn & (pages - 1)) && end - gfn >= pages) {
            return orders[i];
        }
    }
    return 0;
}

size_t layout_extents(uint64_t *gfn, uint64_t end, unsigned int max_order, uint64_t *extents,
                      size_t max, unsigned int *order)
{
    size_t count = 0;

    if (*gfn >= end) {
        return 0;
    }
    *order = extent_order(*gfn, end, max_order);
    while (count < max && *gfn < end && extent_order(*gfn, end, max_order) == *order) {
        extents[count++] = *gfn;
        *gfn += 1ull << *order;
    }
    return count;
}
