/* SPDX-License-Identifier: MIT */
/* Multiboot 1 (0.6.96, section 3.3) and 2 (2.0, section 3.6) information into boot_info. */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/boot/boot_x86.h"

#define MB1_LOADER_MAGIC 0x2badb002
#define MB2_LOADER_MAGIC 0x36d76289

struct boot_info boot_info;

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4];
    uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, loader_name;
};

struct mb1_module {
    uint32_t start, end, cmdline, pad;
};

struct mb_mmap_entry {
    uint64_t addr, len;
    uint32_t type;
} __packed;

struct mb2_tag {
    uint32_t type, size;
};

/* All of it lies below 4 GiB, which the boot page tables map one to one. */
static const void *low(uint64_t paddr)
{
    return paddr_to_virt(paddr);
}

static void add_memory(uint64_t start, uint64_t len, uint32_t type)
{
    if (!len)
        return;
    if (boot_info.nr_mem == BOOT_MAX_MEM)
        panic("the firmware's memory map has more than %d entries", BOOT_MAX_MEM);
    boot_info.mem[boot_info.nr_mem++] = (struct boot_mem){ start, start + len, type };
}

static void add_module(uint32_t start, uint32_t end, const char *cmdline)
{
    struct boot_module *m = &boot_info.module[boot_info.nr_modules];

    if (boot_info.nr_modules == BOOT_MAX_MODULES)
        panic("more than %d boot modules", BOOT_MAX_MODULES);
    boot_info.nr_modules++;
    m->start = start;
    m->end = end;
    str_copy(m->cmdline, cmdline, sizeof(m->cmdline));
}

/* GRUB passes arguments only; QEMU puts the file's name before them. */
static const char *skip_file_name(const char *s)
{
    const char *blank = strchr(s, ' ');

    if (*s != '/' && (!strchr(s, '/') || (blank && strchr(s, '/') > blank)))
        return s;
    return blank ? blank + 1 : s + strlen(s);
}

static void parse_mb1(const struct mb1_info *mb)
{
    const struct mb1_module *mod = low(mb->mods_addr);

    if (mb->flags & 1u << 2)
        str_copy(boot_info.cmdline, skip_file_name(low(mb->cmdline)), sizeof(boot_info.cmdline));
    if (mb->flags & 1u << 9)
        str_copy(boot_info.loader, low(mb->loader_name), sizeof(boot_info.loader));
    for (uint32_t i = 0; mb->flags & 1u << 3 && i < mb->mods_count; i++)
        add_module(mod[i].start, mod[i].end,
                   mod[i].cmdline ? skip_file_name(low(mod[i].cmdline)) : "");
    if (!(mb->flags & 1u << 6))
        panic("the boot loader gave no memory map");
    for (uint32_t off = 0; off < mb->mmap_length;) {
        const uint32_t *size = low(mb->mmap_addr + off);
        const struct mb_mmap_entry *e = (const void *)(size + 1);

        add_memory(e->addr, e->len, e->type);
        off += *size + 4;
    }
}

/* The loader's own copy lies in memory that will be used again. */
static char rsdp_copy[64] __aligned(16);

static void parse_mb2_tag(const struct mb2_tag *t)
{
    const uint32_t *w = (const uint32_t *)(t + 1);

    switch (t->type) {
    case 1:
        str_copy(boot_info.cmdline, (const char *)w, sizeof(boot_info.cmdline));
        break;
    case 2:
        str_copy(boot_info.loader, (const char *)w, sizeof(boot_info.loader));
        break;
    case 3:
        add_module(w[0], w[1], (const char *)(w + 2));
        break;
    case 6:
        for (uint32_t off = 16; off + sizeof(struct mb_mmap_entry) <= t->size; off += w[0]) {
            const struct mb_mmap_entry *e = (const void *)((const char *)t + off);

            add_memory(e->addr, e->len, e->type);
        }
        break;
    case 12: /* EFI 64-bit system table */
        boot_info.efi_system_table = *(const uint64_t *)w;
        break;
    case 14: /* a copy of the RSDP, ACPI 1.0 or later; the later one wins */
        if (boot_info.rsdp)
            break;
        /* fall through */
    case 15:
        memcpy(rsdp_copy, w, min((size_t)t->size - sizeof(*t), sizeof(rsdp_copy)));
        boot_info.rsdp = (paddr_t)rsdp_copy - HV_IMAGE_BASE;
        break;
    }
}

static void parse_mb2(const void *info)
{
    uint32_t total = *(const uint32_t *)info;

    for (uint32_t off = 8; off + sizeof(struct mb2_tag) <= total;) {
        const struct mb2_tag *t = (const void *)((const char *)info + off);

        if (t->type == 0 || t->size < sizeof(*t))
            break;
        parse_mb2_tag(t);
        off += ROUND_UP(t->size, 8u);
    }
}

/* By start; where ranges overlap, the more restrictive type wins: it comes later. */
static void sort_memory(void)
{
    struct boot_mem *m = boot_info.mem, t;

    for (unsigned int i = 1; i < boot_info.nr_mem; i++) {
        for (unsigned int j = i; j && m[j - 1].start > m[j].start; j--) {
            t = m[j];
            m[j] = m[j - 1];
            m[j - 1] = t;
        }
    }
    for (unsigned int i = 0; i + 1 < boot_info.nr_mem; i++) {
        if (m[i].end > m[i + 1].start) {
            if (m[i].type == BOOT_MEM_RAM)
                m[i].end = m[i + 1].start;
            else
                m[i + 1].start = min(m[i].end, m[i + 1].end);
        }
    }
}

void multiboot_parse(uint32_t magic, uint32_t info)
{
    if (magic == MB1_LOADER_MAGIC)
        parse_mb1(low(info));
    else if (magic == MB2_LOADER_MAGIC)
        parse_mb2(low(info));
    else
        panic("not started by a multiboot loader (magic %#x)", magic);
    sort_memory();
}
