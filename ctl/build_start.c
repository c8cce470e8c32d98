/* SPDX-License-Identifier: MIT */
#include "build_start.h"

#include <string.h>

#include <xen/arch-x86/hvm/start_info.h>

struct block {
    struct hvm_start_info info;
    struct hvm_memmap_table_entry map[LAYOUT_MAP_MAX];
    struct hvm_modlist_entry module;
    char cmdline[];
};

size_t start_info_size(const char *cmdline)
{
    return sizeof(struct block) + (cmdline ? strlen(cmdline) : 0) + 1;
}

void start_info_build(void *buf, const struct layout *layout, const char *cmdline,
                      uint64_t initrd_size)
{
    struct block *block = buf;
    uint64_t at = layout->start_info;

    memset(block, 0, sizeof(*block));
    strcpy(block->cmdline, cmdline ? cmdline : "");
    block->info.magic = XEN_HVM_START_MAGIC_VALUE;
    block->info.version = 1;
    block->info.cmdline_paddr = at + offsetof(struct block, cmdline);
    block->info.rsdp_paddr = LAYOUT_ACPI;
    block->info.memmap_paddr = at + offsetof(struct block, map);
    block->info.memmap_entries = layout->map_count;
    for (unsigned int i = 0; i < layout->map_count; i++) {
        block->map[i].addr = layout->map[i].start;
        block->map[i].size = layout->map[i].size;
        block->map[i].type = layout->map[i].type;
    }
    if (layout->initrd) {
        block->info.nr_modules = 1;
        block->info.modlist_paddr = at + offsetof(struct block, module);
        block->module.paddr = layout->initrd;
        block->module.size = initrd_size;
    }
}
