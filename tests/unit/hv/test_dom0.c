/* SPDX-License-Identifier: MIT */
/* dom0's options, the choice of its memory, its memory map and its ACPI tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/p2m.h>

#include "x86/boot/boot_x86.h"
#include "x86/boot/dom0.h"

struct boot_info boot_info;
struct acpi_host acpi_host;
paddr_t trampoline_paddr;
uintptr_t unit_direct_map_base, unit_frame_table_base;

uint8_t acpi_sum(const void *p, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += ((const uint8_t *)p)[i];
    return sum;
}

unsigned int acpi_node_of(paddr_t pa)
{
    return 0;
}

/* A machine of up to 8 GiB: what the allocator has, and what dom0 sees. */
#define MACHINE_PAGES (8u << 18)
enum { FRAME_ABSENT, FRAME_FREE, FRAME_USED, FRAME_DOM0 };
static uint8_t frame[MACHINE_PAGES];
static uint8_t p2m[MACHINE_PAGES];

void page_alloc_add_range(mfn_t start, mfn_t end, unsigned int node)
{
    for (uint64_t i = start.v; i < end.v; i++) {
        assert_int_equal(frame[i], FRAME_ABSENT);
        frame[i] = FRAME_FREE;
    }
}

struct page_info *domain_page_alloc_exact(struct domain *d, mfn_t start, unsigned int order)
{
    uint64_t n = 1UL << order;

    assert_int_equal(start.v & (n - 1), 0);
    for (uint64_t i = start.v; i < start.v + n; i++)
        if (frame[i] != FRAME_FREE)
            return NULL;
    memset(frame + start.v, FRAME_DOM0, n);
    return (struct page_info *)frame; /* not NULL; not used */
}

int p2m_set(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t)
{
    assert_true(order == ORDER_4K || order == ORDER_2M || order == ORDER_1G);
    assert_int_equal(g.v, m.v);
    assert_int_equal(g.v & ((1UL << order) - 1), 0);
    for (uint64_t i = g.v; i < g.v + (1UL << order) && i < MACHINE_PAGES; i++) {
        assert_int_equal(p2m[i], 0);
        p2m[i] = t;
    }
    return 0;
}

#define MIB 0x100000UL
#define GIB 0x40000000UL

/* A PC with 5 GiB, 3 of them below the hole. */
static const struct boot_mem pc[] = {
    { 0, 0x9fc00, BOOT_MEM_RAM },
    { 0x9fc00, 0xa0000, BOOT_MEM_RESERVED },
    { 0xf0000, 0x100000, BOOT_MEM_RESERVED },
    { 0x100000, 3 * GIB - 0x24800, BOOT_MEM_RAM },
    { 3 * GIB - 0x24800, 3 * GIB - 0x4000, BOOT_MEM_ACPI },
    { 3 * GIB - 0x4000, 3 * GIB, BOOT_MEM_NVS },
    { 0xe0000000, 0xf0000000, BOOT_MEM_RESERVED },
    { 4 * GIB, 6 * GIB, BOOT_MEM_RAM },
};

static void use(paddr_t start, paddr_t end)
{
    memset(frame + (start >> 12), FRAME_USED, (end - start) >> 12);
}

static int setup(void **state)
{
    memset(&boot_info, 0, sizeof(boot_info));
    memcpy(boot_info.mem, pc, sizeof(pc));
    boot_info.nr_mem = ARRAY_SIZE(pc);
    trampoline_paddr = 0x8f000;
    memset(frame, FRAME_ABSENT, sizeof(frame));
    memset(p2m, 0, sizeof(p2m));
    for (unsigned int i = 3; i < ARRAY_SIZE(pc); i++)
        if (pc[i].type == BOOT_MEM_RAM)
            page_alloc_add_range(mfn(PFN_UP(pc[i].start)), mfn(PFN_DOWN(pc[i].end)), 0);
    use(2 * MIB, 6 * MIB); /* the hypervisor's image */
    return 0;
}

/* What was claimed is listed, and nothing else. */
static void check_memory(const struct dom0_memory *m)
{
    uint64_t count = 0, last = 0;

    for (unsigned int i = 0; i < m->nr; i++) {
        assert_true(m->range[i].start > last || i == 0);
        assert_true(m->range[i].start < m->range[i].end);
        for (uint64_t f = m->range[i].start; f < m->range[i].end; f++)
            assert_int_equal(frame[f], FRAME_DOM0);
        count += m->range[i].end - m->range[i].start;
        last = m->range[i].end;
    }
    assert_int_equal(count, m->pages);
    for (uint64_t f = 0; f < MACHINE_PAGES; f++)
        count -= frame[f] == FRAME_DOM0;
    assert_int_equal(count, 0);
}

static void test_claim(void **state)
{
    struct dom0_memory m;

    dom0_memory_claim(NULL, 512 * MIB >> 12, &m);
    check_memory(&m);
    assert_int_equal(m.pages, 512 * MIB >> 12);
    assert_int_equal(m.nr, 4);
    assert_int_equal(m.range[0].start, 1);
    assert_int_equal(m.range[0].end, 0x8f);
    assert_int_equal(m.range[1].start, 0x90);
    assert_int_equal(m.range[1].end, 0x9f);
    assert_int_equal(m.range[2].start, 0x100);
    assert_int_equal(m.range[2].end, 0x200);
    assert_int_equal(m.range[3].start, 0x600);
    assert_int_equal(frame[0x8f], FRAME_ABSENT);
    assert_true(dom0_memory_has(&m, 16 * MIB, 400 * MIB));
    assert_false(dom0_memory_has(&m, 5 * MIB, 7 * MIB));
}

static void test_claim_beyond_the_hole(void **state)
{
    struct dom0_memory m;

    dom0_memory_claim(NULL, 4 * GIB >> 12, &m);
    check_memory(&m);
    assert_int_equal(m.pages, 4 * GIB >> 12);
    assert_int_equal(m.range[m.nr - 1].start, 4 * GIB >> 12);
}

static void test_claim_more_than_there_is(void **state)
{
    struct dom0_memory m;

    use(100 * MIB, 100 * MIB + 0x5000);
    dom0_memory_claim(NULL, 100 * GIB >> 12, &m);
    check_memory(&m);
    /* All but 11 frames beside the 5 in use: too small a piece. */
    for (uint64_t f = 0; f < MACHINE_PAGES; f++)
        if (f < 100 * MIB >> 12 || f >= (100 * MIB >> 12) + 16)
            assert_int_not_equal(frame[f], FRAME_FREE);
}

static void test_claim_fragments(void **state)
{
    struct dom0_memory m;

    for (paddr_t a = 16 * MIB; a < 64 * MIB; a += 0x20000)
        use(a, a + 0x1000);
    dom0_memory_claim(NULL, 64 * MIB >> 12, &m);
    check_memory(&m);
    assert_int_equal(m.nr, DOM0_MAX_RANGES);
}

static void test_map(void **state)
{
    struct dom0_memory m;

    dom0_memory_claim(NULL, 512 * MIB >> 12, &m);
    assert_int_equal(dom0_memory_map(NULL, &m), 0);
    for (uint64_t f = 0; f < MACHINE_PAGES; f++) {
        bool firmware = f == 0 || (f >= 0xa0 && f < 0x100) ||
                        (f >= (3 * GIB - 0x25000) >> 12 && f < 3 * GIB >> 12);

        if (frame[f] == FRAME_DOM0)
            assert_int_equal(p2m[f], p2m_ram_rw);
        else
            assert_int_equal(p2m[f], firmware ? p2m_mmio_direct : p2m_invalid);
    }
}

static void test_find(void **state)
{
    struct dom0_memory m;

    dom0_memory_claim(NULL, 4 * GIB >> 12, &m);
    assert_int_equal(dom0_memory_find_top(&m, 0x1800, 16 * MIB, 4 * GIB), 3 * GIB - 0x27000);
    assert_int_equal(dom0_memory_find_top(&m, 0x1000, 16 * MIB, 1 * GIB + 1), 1 * GIB - 0x1000);
    assert_int_equal(dom0_memory_find_top(&m, 4 * GIB, 16 * MIB, 4 * GIB), 0);
    assert_int_equal(dom0_memory_find_low(&m, 0x1800, 20 * MIB + 1, GIB), 20 * MIB + 0x1000);
    assert_int_equal(dom0_memory_find_low(&m, 2 * MIB, 1 * MIB, GIB), 6 * MIB);
    assert_int_equal(dom0_memory_find_low(&m, 2 * GIB, 1 * MIB, GIB), 0);
}

static void test_e820(void **state)
{
    struct dom0_memory m;
    struct boot_mem e[64];
    unsigned int n;
    paddr_t acpi;
    static const struct boot_mem expected[] = {
        { 0, 0x1000, BOOT_MEM_UNUSABLE },
        { 0x1000, 0x8f000, BOOT_MEM_RAM },
        { 0x8f000, 0x90000, BOOT_MEM_UNUSABLE },
        { 0x90000, 0x9f000, BOOT_MEM_RAM },
        { 0x9f000, 0x9fc00, BOOT_MEM_UNUSABLE },
        { 0x9fc00, 0xa0000, BOOT_MEM_RESERVED },
        { 0xf0000, 0x100000, BOOT_MEM_RESERVED },
        { 0x100000, 0x200000, BOOT_MEM_RAM },
        { 0x200000, 0x600000, BOOT_MEM_UNUSABLE },
        { 0x600000, 0, BOOT_MEM_RAM },
        { 0, 0, BOOT_MEM_ACPI },
        { 0, 3 * GIB - 0x24800, BOOT_MEM_UNUSABLE },
        { 3 * GIB - 0x24800, 3 * GIB - 0x4000, BOOT_MEM_ACPI },
        { 3 * GIB - 0x4000, 3 * GIB, BOOT_MEM_NVS },
        { 0xe0000000, 0xf0000000, BOOT_MEM_RESERVED },
        { 4 * GIB, 6 * GIB, BOOT_MEM_UNUSABLE },
    };

    dom0_memory_claim(NULL, 512 * MIB >> 12, &m);
    acpi = dom0_memory_find_top(&m, 0x1000, 16 * MIB, 4 * GIB);
    n = dom0_e820_build(&m, acpi, 0x1000, e, ARRAY_SIZE(e));
    assert_int_equal(n, ARRAY_SIZE(expected));
    for (unsigned int i = 0; i < n; i++) {
        assert_int_equal(e[i].type, expected[i].type);
        if (expected[i].start || i == 0)
            assert_int_equal(e[i].start, expected[i].start);
        else
            assert_int_equal(e[i].start, e[i - 1].end);
        if (expected[i].end)
            assert_int_equal(e[i].end, expected[i].end);
    }
    assert_int_equal(e[10].start, acpi);
    assert_int_equal(e[10].end, acpi + 0x1000);
    assert_int_equal(dom0_e820_build(&m, acpi, 0x1000, e, 5), 5);
}

static void options(const char *cmdline, uint64_t host_mib, struct dom0_options *o)
{
    strcpy(boot_info.cmdline, cmdline);
    dom0_options_parse(o, host_mib << 8, (host_mib - 32) << 8, 4);
}

static void test_options(void **state)
{
    struct dom0_options o;

    options("", 2048, &o);
    assert_int_equal(o.pages, 512 << 8);
    assert_int_equal(o.max_pages, 2048 << 8);
    assert_int_equal(o.vcpus, 4);
    options("", 8192, &o);
    assert_int_equal(o.pages, 2048 << 8);
    options("", 1 << 20, &o);
    assert_int_equal(o.pages, 4096 << 8);
    options("dom0_mem=768M dom0_max_vcpus=2", 2048, &o);
    assert_int_equal(o.pages, 768 << 8);
    assert_int_equal(o.vcpus, 2);
    options("dom0_mem=524288 dom0_max_vcpus=6", 2048, &o);
    assert_int_equal(o.pages, 512 << 8);
    assert_int_equal(o.vcpus, 6);
    options("dom0_mem=min:1G,max:1500M,256M dom0_max_vcpus=1-3", 4096, &o);
    assert_int_equal(o.pages, 1024 << 8);
    assert_int_equal(o.max_pages, 1500 << 8);
    assert_int_equal(o.vcpus, 3);
    options("dom0_mem=3G,max:1G", 4096, &o);
    assert_int_equal(o.pages, 1024 << 8);
    options("dom0_mem=100G", 1024, &o);
    assert_true(o.pages < 1024 << 8 && o.pages > 900 << 8);
}

static void test_wrong_options(void **state)
{
    static const char *const wrong[] = { "dom0_max_vcpus=",    "dom0_max_vcpus=x",
                                         "dom0_max_vcpus=2x",  "dom0_max_vcpus=0",
                                         "dom0_max_vcpus=3-2", "dom0_max_vcpus=1-" };
    struct dom0_options o;

    for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
        options(wrong[i], 2048, &o);
        assert_int_equal(o.vcpus, 4);
    }
    options("dom0_max_vcpus=99999999999", 2048, &o);
    assert_int_equal(o.vcpus, MAX_VCPUS_PER_DOMAIN);
    options("dom0_mem=lots", 2048, &o);
    assert_int_equal(o.pages, 512 << 8);
    options("dom0_mem=,max:1G,", 8192, &o);
    assert_int_equal(o.pages, 1024 << 8);
    options("dom0_mem=1", 2048, &o); /* KiB: less than a page */
    assert_int_equal(o.pages, 512 << 8);
}

static void add_table(const char *signature, paddr_t pa)
{
    struct acpi_header *h = calloc(1, sizeof(*h));

    memcpy(h->signature, signature, 4);
    acpi_host.table[acpi_host.nr_tables++] =
        (struct acpi_table){ .paddr = pa, .header = h, .length = sizeof(*h) };
}

static void make_host(void)
{
    static const char *const names[] = { "FACP", "APIC", "SRAT", "SSDT", "DMAR", "MCFG", "HPET" };

    memset(&acpi_host, 0, sizeof(acpi_host));
    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        add_table(names[i], 0x1000 * (i + 1));
    acpi_host.nr_ioapics = 2;
    acpi_host.ioapic[0] = (struct acpi_ioapic){ 3, 0xfec00000, 0 };
    acpi_host.ioapic[1] = (struct acpi_ioapic){ 4, 0xfec10000, 24 };
    acpi_host.nr_overrides = 1;
    acpi_host.override[0] =
        (struct acpi_irq_override){ 9, 9, ACPI_POLARITY_HIGH, ACPI_TRIGGER_LEVEL };
}

static void free_host(void)
{
    while (acpi_host.nr_tables)
        free((void *)acpi_host.table[--acpi_host.nr_tables].header);
}

#define AT 0x7fff0000UL

static void test_acpi(void **state)
{
    uint8_t *out = malloc(PAGE_SIZE);
    const struct acpi_rsdp *r = (void *)out;
    const struct acpi_header *xsdt, *madt;
    const uint8_t *e;
    uint64_t entry[4];

    make_host();
    assert_true(dom0_acpi_build(out, PAGE_SIZE, AT, 3) > 0);
    assert_memory_equal(r->signature, "RSD PTR ", 8);
    assert_int_equal(acpi_sum(r, 20), 0);
    assert_int_equal(acpi_sum(r, sizeof(*r)), 0);
    xsdt = (void *)(out + (r->xsdt - AT));
    assert_memory_equal(xsdt->signature, "XSDT", 4);
    assert_int_equal(acpi_sum(xsdt, xsdt->length), 0);
    assert_int_equal(xsdt->length, sizeof(*xsdt) + sizeof(entry));
    memcpy(entry, xsdt + 1, sizeof(entry));
    assert_int_equal(entry[1], 0x1000); /* FACP */
    assert_int_equal(entry[2], 0x4000); /* SSDT */
    assert_int_equal(entry[3], 0x6000); /* MCFG */
    madt = (void *)(out + (entry[0] - AT));
    assert_memory_equal(madt->signature, "APIC", 4);
    assert_int_equal(acpi_sum(madt, madt->length), 0);
    assert_int_equal(madt->length, 44 + 3 * 8 + 2 * 12 + 10);
    e = (const uint8_t *)madt + 44;
    assert_int_equal(e[8 + 2], 1); /* uid */
    assert_int_equal(e[8 + 3], 2); /* APIC id */
    assert_int_equal(e[16 + 3], 4);
    assert_int_equal(e[24], 1); /* IO-APIC */
    assert_int_equal(e[24 + 2], 3);
    assert_int_equal(e[48], 2); /* override */
    assert_int_equal(e[48 + 3], 9);
    assert_int_equal(e[48 + 8], 0x0d);
    free(out);
    free_host();
}

static void test_acpi_space(void **state)
{
    long full;

    make_host();
    for (unsigned int i = acpi_host.nr_tables; i < ACPI_MAX_TABLES; i++)
        add_table("SSDT", i);
    acpi_host.nr_ioapics = ACPI_MAX_IOAPICS;
    acpi_host.nr_overrides = ACPI_MAX_OVERRIDES;
    for (size_t size = 0; size < PAGE_SIZE; size++) {
        uint8_t *out = malloc(size + 1);

        full = dom0_acpi_build(out, size, AT, MAX_VCPUS_PER_DOMAIN);
        free(out);
        if (full >= 0) {
            assert_int_equal(full, size);
            break;
        }
        assert_int_equal(full, -ENOSPC);
    }
    assert_true(full > 0); /* the largest host's tables fit into a page */
    free_host();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_claim, setup),
        cmocka_unit_test_setup(test_claim_beyond_the_hole, setup),
        cmocka_unit_test_setup(test_claim_more_than_there_is, setup),
        cmocka_unit_test_setup(test_claim_fragments, setup),
        cmocka_unit_test_setup(test_map, setup),
        cmocka_unit_test_setup(test_find, setup),
        cmocka_unit_test_setup(test_e820, setup),
        cmocka_unit_test_setup(test_options, setup),
        cmocka_unit_test_setup(test_wrong_options, setup),
        cmocka_unit_test(test_acpi),
        cmocka_unit_test(test_acpi_space),
    };

    return cmocka_run_group_tests_name("hv-dom0", tests, NULL, NULL);
}
