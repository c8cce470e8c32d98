/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's address space (x86-64). All of it lies in the range that the
 * guest interface reserves for a hypervisor in a PV guest's address space,
 * 0xffff800000000000-0xffff87ffffffffff, so that PV guests can share page tables
 * with it.
 *
 *   0xffff800000000000  256 GiB  machine-to-physical table, readable by PV guests
 *   0xffff820000000000  512 GiB  frame table, 16 bytes a frame
 *   0xffff82c000000000   64 GiB  vmap: device registers, stacks with guard pages
 *   0xffff82d000000000    1 GiB  image: text r-x, rodata r--, data rw-
 *   0xffff830000000000    5 TiB  direct map of RAM: rw-, the image's text and rodata r--
 */
#ifndef HV_LAYOUT_H
#define HV_LAYOUT_H

#ifdef __ASSEMBLY__
#define UL_(x) x
#else
#define UL_(x) x##UL
#endif

#define FRAME_TABLE_BASE_ADDR UL_(0xffff820000000000)
#define VMAP_BASE             UL_(0xffff82c000000000)
#define VMAP_END              UL_(0xffff82d000000000)
#define HV_IMAGE_BASE         UL_(0xffff82d000000000)
#define DIRECT_MAP_BASE_ADDR  UL_(0xffff830000000000)
#define DIRECT_MAP_END        UL_(0xffff880000000000)

/* Where the image is loaded: its virtual address is HV_IMAGE_BASE + physical address. */
#define HV_LOAD_PADDR UL_(0x200000)

#ifndef __ASSEMBLY__
#ifdef UNIT_TEST
#include <stdint.h>
extern uintptr_t unit_direct_map_base, unit_frame_table_base;
#define DIRECT_MAP_BASE  unit_direct_map_base
#define FRAME_TABLE_BASE unit_frame_table_base
#else
#define DIRECT_MAP_BASE  DIRECT_MAP_BASE_ADDR
#define FRAME_TABLE_BASE FRAME_TABLE_BASE_ADDR
#endif
#endif

#endif
