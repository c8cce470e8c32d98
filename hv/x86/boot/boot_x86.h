/* SPDX-License-Identifier: MIT */
/* Steps of the x86 boot, in the order in which main.c takes them. */
#ifndef X86_BOOT_BOOT_X86_H
#define X86_BOOT_BOOT_X86_H

#include <hv/types.h>

void boot_main(uint32_t magic, uint32_t info);
void multiboot_parse(uint32_t magic, uint32_t info);

/* memory.c: what is in use at boot, before the allocator has the rest. */
void boot_memory_init(void);
void boot_memory_to_allocator(void);
/* The rest, where dom0's kernel goes; just before dom0 is built. */
void boot_kernel_area_to_allocator(void);
/* Gives the boot modules' memory to the allocator, once dom0 is built. */
void boot_modules_release(void);
/* Gives back code and data that only the boot needed. */
void boot_init_release(void);

/* The page below 640 KiB on which other CPUs start; dom0 does not get it. */
extern paddr_t trampoline_paddr;

#endif
