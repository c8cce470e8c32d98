/* SPDX-License-Identifier: MIT */
/* The hypervisor's own page tables. Mappings are made, and never changed later. */
#ifndef X86_MM_PAGING_H
#define X86_MM_PAGING_H

#include <hv/page_alloc.h>

#define PTE_P    0x001UL
#define PTE_W    0x002UL
#define PTE_U    0x004UL
#define PTE_PWT  0x008UL
#define PTE_PCD  0x010UL
#define PTE_A    0x020UL
#define PTE_D    0x040UL
#define PTE_PS   0x080UL
#define PTE_G    0x100UL
#define PTE_NX   (1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL

#define MAP_RW   (PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX)
#define MAP_RO   (PTE_P | PTE_A | PTE_G | PTE_NX)
#define MAP_RX   (PTE_P | PTE_A | PTE_G)
#define MAP_UC   (MAP_RW | PTE_PCD | PTE_PWT)

/* Boot: builds the tables from boot_info and switches to them. */
void paging_init(void);
/* From now on tables come from the page allocator. */
void paging_use_allocator(void);
/* The value of CR3, the same on all CPUs. */
extern paddr_t hv_cr3;

/*
 * Whether the frame at @pa is memory of the host, the hypervisor's own included, which the
 * allocator does not know (mfn_valid).
 */
bool host_ram_at(paddr_t pa);
/* Device registers, uncached, in vmap. Never unmapped. */
void *ioremap(paddr_t start, size_t size);
/*
 * Takes the pages of the boot's code and data out of the image, on all CPUs, and
 * returns their physical range. Other CPUs must be in cpu_loop.
 */
void paging_drop_init(paddr_t *start, paddr_t *end);
/* @pages frames of new memory with an unmapped page below; returns the top. */
vaddr_t stack_alloc(unsigned int pages);

/* Boot memory, before there is an allocator (boot/memory.c); zeroed. */
paddr_t boot_alloc(size_t size, size_t align);
/* After the switch to the final tables any memory can be reached, not only the first 4 GiB. */
void boot_alloc_any(void);

#endif
