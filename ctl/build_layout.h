/* SPDX-License-Identifier: MIT */
/*
 * Where everything is in a PVH guest's physical address space.
 *
 *   0                  RAM, up to 3 GiB (a multiple of 1 GiB, so that large guests are mapped by
 * the largest pages), with the kernel, the start info and the initrd in it LAYOUT_ACPI        ACPI
 * tables 0xfee00000         local APIC (the hypervisor's) LAYOUT_SPECIAL     pages for store and
 * console 4 GiB              the rest of the RAM
 */
#ifndef PANDO_BUILD_LAYOUT_H
#define PANDO_BUILD_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_LOW_END  0xc0000000ull /* the hole below 4 GiB starts here */
#define LAYOUT_HIGH     0x100000000ull
#define LAYOUT_ACPI     0xfc000000ull
#define LAYOUT_SPECIAL  0xfeff8000ull
#define LAYOUT_SPECIALS 8u /* pages */

/* Which of the special pages is what. */
#define LAYOUT_CONSOLE_GFN ((LAYOUT_SPECIAL >> 12) + 6)
#define LAYOUT_STORE_GFN   ((LAYOUT_SPECIAL >> 12) + 7)

#define LAYOUT_MAP_MAX     4

/* As in the BIOS's map and in the start info: XEN_HVM_MEMMAP_TYPE_* */
struct layout_range {
    uint64_t start, size;
    uint32_t type;
};

struct layout {
    uint64_t low_end;  /* RAM is [0, low_end) */
    uint64_t high_end; /* and [4 GiB, high_end), none if 4 GiB */
    uint64_t acpi_size;
    struct layout_range map[LAYOUT_MAP_MAX];
    unsigned int map_count;
    uint64_t start_info; /* where the start info is, its size is the caller's */
    uint64_t initrd;     /* 0 if there is none */
};

/*
 * Lays out a guest of @memory bytes (a multiple of 4 KiB) with @acpi_size bytes of ACPI tables, a
 * kernel that ends at @kernel_end, @info_size bytes of start info, and an initrd of @initrd_size.
 * False if they do not fit.
 */
bool layout_init(struct layout *layout, uint64_t memory, uint64_t acpi_size, uint64_t kernel_end,
                 uint64_t info_size, uint64_t initrd_size);

/*
 * Cuts a range of frames into the largest aligned extents: takes the next ones of one order (18, 9
 * or 0) from [*gfn, end), at most @max, and advances *gfn. Returns how many; 0 at the end. An
 * extent is at most of @max_order.
 */
size_t layout_extents(uint64_t *gfn, uint64_t end, unsigned int max_order, uint64_t *extents,
                      size_t max, unsigned int *order);

#endif
