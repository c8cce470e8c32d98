/* SPDX-License-Identifier: MIT */
/* The parts of dom0's builder (dom0_pvh.c), each testable on its own. */
#ifndef X86_BOOT_DOM0_H
#define X86_BOOT_DOM0_H

#include <hv/boot.h>
#include <hv/domain.h>

/* What the command line says of dom0, checked against the host. */
struct dom0_options {
    uint64_t pages;     /* memory at the start */
    uint64_t max_pages; /* what it may grow to */
    unsigned int vcpus;
};

/*
 * dom0_mem=SIZE,min:SIZE,max:SIZE (each part optional; SIZE without suffix is in
 * KiB) and dom0_max_vcpus=N or MIN-MAX. @host_pages and @free_pages are the
 * machine's, in frames. What can't be understood is logged and left at its default.
 */
void dom0_options_parse(struct dom0_options *o, uint64_t host_pages, uint64_t free_pages,
                        unsigned int host_cpus);

#define DOM0_MAX_RANGES 128

struct dom0_range {
    uint64_t start, end; /* frames, [start, end) */
};

/* RAM given to dom0, identity-mapped; sorted, neighbours joined. */
struct dom0_memory {
    uint64_t pages;
    unsigned int nr;
    struct dom0_range range[DOM0_MAX_RANGES];
};

/*
 * Gives @d about @pages frames: all RAM below 1 MiB but the trampoline's page,
 * then from 1 MiB upwards what is free. Fewer if there aren't as many.
 */
void dom0_memory_claim(struct domain *d, uint64_t pages, struct dom0_memory *m);

/* Maps it all where it is, and the firmware's tables; -ENOMEM. */
int dom0_memory_map(struct domain *d, const struct dom0_memory *m);

/* Is all of [start, end) (bytes) dom0's RAM? */
bool dom0_memory_has(const struct dom0_memory *m, paddr_t start, paddr_t end);

/*
 * The highest place of @size bytes, page-aligned, in dom0's RAM at or above
 * @from and below @below; 0 if there is none.
 */
paddr_t dom0_memory_find_top(const struct dom0_memory *m, uint64_t size, paddr_t from,
                             paddr_t below);

/* The lowest such place. */
paddr_t dom0_memory_find_low(const struct dom0_memory *m, uint64_t size, paddr_t from,
                             paddr_t below);

/*
 * What dom0 is told about physical addresses: its RAM, firmware regions as the
 * host's map has them, the host's other RAM as unusable, and [acpi, acpi + size)
 * as ACPI tables. Returns the number of entries, at most @max.
 */
unsigned int dom0_e820_build(const struct dom0_memory *m, paddr_t acpi, uint64_t acpi_size,
                             struct boot_mem *e820, unsigned int max);

/*
 * dom0's RSDP, XSDT and MADT into @dst, that dom0 sees at @at (the RSDP's
 * address). Bytes used, or -ENOSPC.
 */
long dom0_acpi_build(void *dst, size_t size, paddr_t at, unsigned int vcpus);

#endif
