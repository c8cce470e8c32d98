/* SPDX-License-Identifier: MIT */
/* What the boot loader told, in the hypervisor's own form; boot only. */
#ifndef HV_BOOT_H
#define HV_BOOT_H

#include <hv/page_alloc.h>

/* Types as in E820 (ACPI 6.4, 15.1). */
#define BOOT_MEM_RAM      1
#define BOOT_MEM_RESERVED 2
#define BOOT_MEM_ACPI     3
#define BOOT_MEM_NVS      4
#define BOOT_MEM_UNUSABLE 5

struct boot_mem {
    paddr_t start, end; /* [start, end), bytes */
    uint32_t type;
};

struct boot_module {
    paddr_t start, end;
    char cmdline[1024];
};

#define BOOT_MAX_MEM     256
#define BOOT_MAX_MODULES 8

struct boot_info {
    char cmdline[1024];
    char loader[64];
    unsigned int nr_mem, nr_modules;
    struct boot_mem mem[BOOT_MAX_MEM];           /* the firmware's map, sorted, no overlaps */
    struct boot_module module[BOOT_MAX_MODULES]; /* 0: dom0's kernel, 1: its initrd */
    paddr_t rsdp;                                /* 0: not told, search the BIOS areas */
    paddr_t efi_system_table;
};

extern struct boot_info boot_info;

/*
 * The hypervisor's command line: "name=value" or "name". The value (up to the
 * next blank) into @buf; false if the option is not there.
 */
bool cmdline_get(const char *name, char *buf, size_t size);
bool cmdline_has(const char *name);
/* Bytes, with suffix k, M, G or T; plain numbers are of @unit. -EINVAL with a log line. */
int cmdline_parse_size(const char *s, uint64_t unit, uint64_t *bytes);

/*
 * Contiguous memory for the time of boot, page-aligned, not zeroed; from the top
 * of RAM, so that dom0's part of it stays free. NULL if there is none.
 */
void *boot_scratch_alloc(size_t size);
void boot_scratch_free(void *p);

/* Builds dom0 from modules 0 and 1 and boot_info, or panics with the reason. */
struct domain *dom0_build(void);

#endif
