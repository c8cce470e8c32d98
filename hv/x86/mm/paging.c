/* SPDX-License-Identifier: MIT */
#include <hv/boot.h>
#include <hv/lock.h>
#include <hv/log.h>
#include <hv/percpu.h>
#include <hv/softirq.h>
#include <hv/string.h>

#include "x86/cpu/insn.h"
#include "x86/mm/paging.h"
#include "x86/x86.h"

paddr_t hv_cr3;
static uint64_t *root;
static bool allocator_ready;
static bool has_1g;

static vaddr_t vmap_next = VMAP_BASE;
static spinlock_t vmap_lock = SPINLOCK_INIT(LOCK_VMAP);

extern char text_start[], text_end[], rodata_start[], rodata_end[], init_start[], init_end[];
extern char data_start[], image_end[];

static uint64_t *new_table(void)
{
    void *t;

    if (!allocator_ready)
        return paddr_to_virt(boot_alloc(PAGE_SIZE, PAGE_SIZE));
    t = hv_alloc_pages(0, ALLOC_ANY);
    if (!t)
        panic("no memory for the hypervisor's page tables");
    return t;
}

static uint64_t *next_level(uint64_t *entry)
{
    if (!(*entry & PTE_P))
        *entry = virt_to_paddr(new_table()) | PTE_P | PTE_W | PTE_A;
    BUG_ON(*entry & PTE_PS);
    return paddr_to_virt(*entry & PTE_ADDR);
}

/* Maps one page of 2^order frames. */
static void map_one(vaddr_t va, paddr_t pa, unsigned int order, uint64_t flags)
{
    uint64_t *t = root;
    unsigned int shift = 39;

    for (; shift > PAGE_SHIFT + order; shift -= 9)
        t = next_level(&t[va >> shift & 511]);
    BUG_ON(t[va >> shift & 511] & PTE_P);
    t[va >> shift & 511] = pa | flags | (order ? PTE_PS : 0);
}

static void map_range(vaddr_t va, paddr_t pa, size_t size, uint64_t flags)
{
    while (size) {
        unsigned int order = ORDER_4K;

        if (has_1g && size >= 1UL << 30 && !((va | pa) & ((1UL << 30) - 1)))
            order = ORDER_1G;
        else if (size >= 1UL << 21 && !((va | pa) & ((1UL << 21) - 1)))
            order = ORDER_2M;
        map_one(va, pa, order, flags);
        va += PAGE_SIZE << order;
        pa += PAGE_SIZE << order;
        size -= PAGE_SIZE << order;
    }
}

static paddr_t image_paddr(const void *p)
{
    return (vaddr_t)p - HV_IMAGE_BASE;
}

static void map_image_part(const char *start, const char *end, uint64_t flags)
{
    if (end > start)
        map_range((vaddr_t)start, image_paddr(start), (size_t)(end - start), flags);
}

static void map_direct(paddr_t start, paddr_t end)
{
    paddr_t ro_start = image_paddr(text_start), ro_end = image_paddr(rodata_end);
    paddr_t lo = min(end, max(start, ro_start)), hi = max(start, min(end, ro_end));

    if (lo >= hi) {
        map_range(DIRECT_MAP_BASE + start, start, end - start, MAP_RW);
        return;
    }
    /* The code and constants are not writable here either. */
    map_range(DIRECT_MAP_BASE + start, start, lo - start, MAP_RW);
    map_range(DIRECT_MAP_BASE + lo, lo, hi - lo, MAP_RO);
    map_range(DIRECT_MAP_BASE + hi, hi, end - hi, MAP_RW);
}

/* RAM, and what firmware keeps in RAM (ACPI tables). */
static bool in_direct_map(const struct boot_mem *m)
{
    return m->type == BOOT_MEM_RAM || m->type == BOOT_MEM_ACPI || m->type == BOOT_MEM_NVS;
}

/* Adjoining ranges are mapped as one, so that large pages fit. */
static void map_all_ram(void)
{
    paddr_t start = 0, end = 0;

    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];
        paddr_t s = ROUND_DOWN(m->start, PAGE_SIZE), e = ROUND_UP(m->end, PAGE_SIZE);

        if (!in_direct_map(m))
            continue;
        if (s > end) {
            map_direct(start, end);
            start = s;
        }
        end = max(end, e);
    }
    map_direct(start, end);
}

/* Frame-table entries of all RAM; in whole 4 KiB pages, 256 frames each. */
static void map_frame_table(void)
{
    vaddr_t done = FRAME_TABLE_BASE;

    for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
        const struct boot_mem *m = &boot_info.mem[i];
        vaddr_t s, e;

        if (m->type != BOOT_MEM_RAM)
            continue;
        s = FRAME_TABLE_BASE + PFN_DOWN(m->start) * sizeof(struct page_info);
        e = FRAME_TABLE_BASE + PFN_UP(m->end) * sizeof(struct page_info);
        s = max(done, ROUND_DOWN(s, PAGE_SIZE));
        e = ROUND_UP(e, PAGE_SIZE);
        while (s < e) {
            bool large = !(s & ((1UL << 21) - 1)) && e - s >= 1UL << 21;
            size_t size = large ? 1UL << 21 : PAGE_SIZE;

            map_range(s, boot_alloc(size, size), size, MAP_RW);
            s += size;
        }
        done = max(done, e);
    }
}

void paging_init(void)
{
    has_1g = cpuid(0x80000001).d & 1u << 26;
    root = new_table();
    hv_cr3 = virt_to_paddr(root);

    map_image_part(text_start, text_end, MAP_RX);
    map_image_part(rodata_start, rodata_end, MAP_RO);
    map_image_part(init_start, init_end, MAP_RX | PTE_W); /* gone after boot */
    map_image_part(data_start, image_end, MAP_RW);
    map_all_ram();
    write_cr4(read_cr4() | 0x80); /* PGE */
    write_cr3(hv_cr3);
    boot_alloc_any();
    map_frame_table();
}

void paging_use_allocator(void)
{
    allocator_ready = true;
}

static vaddr_t vmap_take(size_t size)
{
    vaddr_t va = vmap_next;

    vmap_next += size + PAGE_SIZE; /* a hole behind each */
    if (vmap_next >= VMAP_END)
        panic("the hypervisor's vmap area is used up");
    return va;
}

void *ioremap(paddr_t start, size_t size)
{
    paddr_t first = ROUND_DOWN(start, PAGE_SIZE);
    size_t whole = ROUND_UP(start + size, PAGE_SIZE) - first;
    vaddr_t va;

    spin_lock(&vmap_lock);
    va = vmap_take(whole);
    map_range(va, first, whole, MAP_UC);
    spin_unlock(&vmap_lock);
    return (void *)(va + (start - first));
}

static unsigned int flushes_left;

static void flush_softirq(void)
{
    uint64_t cr4 = read_cr4();

    write_cr4(cr4 & ~X86_CR4_PGE); /* global translations too */
    write_cr4(cr4);
    atomic_dec(&flushes_left);
}

static void flush_all_cpus(void)
{
    unsigned int i;

    softirq_set_handler(SOFTIRQ_FLUSH, flush_softirq);
    flushes_left = nr_cpus;
    for_each_online_cpu(i)
        softirq_raise_on(i, SOFTIRQ_FLUSH);
    softirq_run();
    while (atomic_read(&flushes_left))
        cpu_pause();
}

void paging_drop_init(paddr_t *start, paddr_t *end)
{
    for (vaddr_t va = (vaddr_t)init_start; va < (vaddr_t)init_end; va += PAGE_SIZE) {
        uint64_t *t = root;

        for (unsigned int shift = 39; shift > PAGE_SHIFT; shift -= 9)
            t = next_level(&t[va >> shift & 511]);
        t[va >> PAGE_SHIFT & 511] = 0;
    }
    flush_all_cpus();
    *start = image_paddr(init_start);
    *end = image_paddr(init_end);
}

vaddr_t stack_alloc(unsigned int pages)
{
    vaddr_t va;

    spin_lock(&vmap_lock);
    va = vmap_take((pages + 1) * PAGE_SIZE) + PAGE_SIZE;
    for (unsigned int i = 0; i < pages; i++) {
        void *p = hv_alloc_pages(0, ALLOC_ANY);

        if (!p)
            panic("no memory for a stack");
        map_one(va + i * PAGE_SIZE, virt_to_paddr(p), ORDER_4K, MAP_RW);
    }
    spin_unlock(&vmap_lock);
    return va + pages * PAGE_SIZE;
}
