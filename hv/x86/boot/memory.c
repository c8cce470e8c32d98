/* SPDX-License-Identifier: MIT */
/*
 * Memory before the page allocator: a short list of ranges in use, and
 * allocation from the top of what is free.
 */
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/boot/boot_x86.h"
#include "x86/mm/paging.h"

#define MAX_USED 64

static struct boot_mem used[MAX_USED]; /* sorted by start, page-aligned */
static unsigned int nr_used;
static paddr_t alloc_limit = 1UL << 32; /* the boot page tables' reach */
paddr_t trampoline_paddr;

extern char image_end[];

static void mark_used(paddr_t start, paddr_t end)
{
    unsigned int i = nr_used;

    start = ROUND_DOWN(start, PAGE_SIZE);
    end = ROUND_UP(end, PAGE_SIZE);
    if (i && used[i - 1].end == start) { /* the common case, kept as one */
        used[i - 1].end = end;
        return;
    }
    if (nr_used == MAX_USED)
        panic("boot memory: more than %d ranges in use", MAX_USED);
    for (; i && used[i - 1].start > start; i--)
        used[i] = used[i - 1];
    used[i] = (struct boot_mem){ start, end, 0 };
    nr_used++;
    if (i + 1 < nr_used && used[i + 1].start == end) {
        used[i].end = used[i + 1].end;
        memmove(&used[i + 1], &used[i + 2], (nr_used - i - 2) * sizeof(used[0]));
        nr_used--;
    }
}

static void mark_unused(paddr_t start, paddr_t end)
{
    struct boot_mem old;
    unsigned int i = 0;

    while (i < nr_used && (used[i].start > start || used[i].end < end))
        i++;
    if (i == nr_used)
        return;
    old = used[i];
    memmove(&used[i], &used[i + 1], (nr_used - i - 1) * sizeof(used[0]));
    nr_used--;
    if (old.start < start)
        mark_used(old.start, start);
    if (old.end > end)
        mark_used(end, old.end);
}

/* The highest free place of @size in [start, end), or 0. */
static paddr_t fit_below(paddr_t start, paddr_t end, size_t size, size_t align)
{
    paddr_t top = end;

    for (unsigned int i = nr_used; i-- > 0;) {
        if (used[i].start >= top)
            continue;
        if (used[i].end < top) {
            paddr_t at = top - start >= size ? ROUND_DOWN(top - size, align) : 0;

            if (at >= start && at >= used[i].end && at)
                return at;
        }
        if (used[i].start <= start)
            return 0;
        top = used[i].start;
    }
    return top - start >= size && ROUND_DOWN(top - size, align) >= start
               ? ROUND_DOWN(top - size, align)
               : 0;
}

paddr_t boot_alloc(size_t size, size_t align)
{
    for (unsigned int i = boot_info.nr_mem; i-- > 0;) {
        const struct boot_mem *m = &boot_info.mem[i];
        paddr_t at, end = min(m->end, alloc_limit);

        /* Not below 1 MiB, and dom0's kernel wants the place from 16 MiB on. */
        if (m->type != BOOT_MEM_RAM || m->start >= end || m->start < 0x100000)
            continue;
        at = fit_below(ROUND_UP(m->start, PAGE_SIZE), ROUND_DOWN(end, PAGE_SIZE), size, align);
        if (!at)
            continue;
        mark_used(at, at + size);
        memset(paddr_to_virt(at), 0, size);
        return at;
    }
    panic("no %zu KiB of memory for the hypervisor's tables", size / 1024);
}

void boot_alloc_any(void)
{
    alloc_limit = DIRECT_MAP_END - DIRECT_MAP_BASE_ADDR;
}

/* Modules move to the top of memory: the low part is for dom0's kernel. */
static void move_modules(void)
{
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        struct boot_module *m = &boot_info.module[i];
        size_t size = m->end - m->start;
        paddr_t to = boot_alloc(ROUND_UP(size, PAGE_SIZE), PAGE_SIZE);

        memcpy(paddr_to_virt(to), paddr_to_virt(m->start), size);
        m->start = to;
        m->end = to + size;
    }
}

void boot_memory_init(void)
{
    struct boot_mem old[BOOT_MAX_MODULES];

    trampoline_paddr = 0;
    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];

        if (m->type == BOOT_MEM_RAM && m->start < 0x90000 && m->end - m->start >= 0x10000)
            trampoline_paddr = ROUND_DOWN(min(m->end, 0x90000UL), PAGE_SIZE) - PAGE_SIZE;
    }
    if (!trampoline_paddr)
        panic("no memory below 640 KiB for the start of other CPUs");

    mark_used(HV_LOAD_PADDR, (paddr_t)image_end - HV_IMAGE_BASE);
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        old[i] = (struct boot_mem){ ROUND_DOWN(boot_info.module[i].start, PAGE_SIZE),
                                    ROUND_UP(boot_info.module[i].end, PAGE_SIZE), 0 };
        used[nr_used++] = old[i];
    }
    for (unsigned int i = 1; i < nr_used; i++) { /* sort */
        for (unsigned int j = i; j && used[j - 1].start > used[j].start; j--) {
            struct boot_mem t = used[j];

            used[j] = used[j - 1];
            used[j - 1] = t;
        }
    }
    move_modules();
    for (unsigned int i = 0; i < boot_info.nr_modules; i++)
        mark_unused(old[i].start, old[i].end);
}

/* One range to the allocator, cut where it passes from one NUMA node to another. */
static void add_range(paddr_t start, paddr_t end)
{
    while (start < end) {
        unsigned int node = acpi_node_of(start);
        paddr_t stop = end;

        for (unsigned int i = 0; i < acpi_host.nr_node_mems; i++) {
            const struct acpi_node_mem *m = &acpi_host.node_mem[i];

            if (m->start > start && m->node != node)
                stop = min(stop, ROUND_DOWN(m->start, PAGE_SIZE));
        }
        stop = max(stop, start + PAGE_SIZE);
        page_alloc_add_range(paddr_to_mfn(start), paddr_to_mfn(stop), node);
        start = stop;
    }
}

/* Hands out [start, end) except what is in use; the first megabyte stays out (dom0's). */
static void give(paddr_t start, paddr_t end)
{
    for (unsigned int i = 0; i < nr_used && start < end; i++) {
        if (used[i].end <= start || used[i].start >= end)
            continue;
        if (used[i].start > start)
            add_range(start, used[i].start);
        start = used[i].end;
    }
    if (start < end)
        add_range(start, end);
}

/* The part of RAM within [low, high). */
static void give_between(paddr_t low, paddr_t high)
{
    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];

        if (m->type == BOOT_MEM_RAM)
            give(max(low, ROUND_UP(m->start, PAGE_SIZE)), min(high, ROUND_DOWN(m->end, PAGE_SIZE)));
    }
}

/* Where dom0's kernel is linked to stand: nothing else may have taken a frame there before. */
#define KERNEL_AREA_START (16UL << 20)
#define KERNEL_AREA_END   (128UL << 20)

void boot_memory_to_allocator(void)
{
    give_between(0x100000, KERNEL_AREA_START);
    give_between(KERNEL_AREA_END, ~0UL);
}

void boot_kernel_area_to_allocator(void)
{
    give_between(KERNEL_AREA_START, KERNEL_AREA_END);
}

void boot_init_release(void)
{
    paddr_t start, end;

    paging_drop_init(&start, &end);
    add_range(start, end);
    log_info("boot: %lu KiB of code and data given back\n", (end - start) / 1024);
}

void boot_modules_release(void)
{
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        struct boot_module *m = &boot_info.module[i];

        add_range(m->start, ROUND_UP(m->end, PAGE_SIZE));
    }
    boot_info.nr_modules = 0;
}
