/* SPDX-License-Identifier: MIT */
/* ACPI tables: right ones are understood, broken ones never make the parser overrun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/boot.h>

struct boot_info boot_info;

/* Physical memory: 1 MiB. Each mapping is a copy of just its bytes: ASan sees overruns. */
#define PHYS_SIZE 0x100000u
static uint8_t phys[PHYS_SIZE];
static void *mapping[65536];
static unsigned int nr_mappings;

void *acpi_map(paddr_t pa, size_t len)
{
    void *p;

    if (pa > PHYS_SIZE || len > PHYS_SIZE - pa || nr_mappings == 65536)
        return NULL;
    p = malloc(len ? len : 1);
    memcpy(p, phys + pa, len);
    mapping[nr_mappings++] = p;
    return p;
}

static void unmap_all(void)
{
    while (nr_mappings)
        free(mapping[--nr_mappings]);
}

#define RSDP 0xf0010u
#define XSDT 0x10000u
#define MADT 0x11000u
#define FADT 0x12000u
#define DSDT 0x13000u
#define HPET 0x14000u
#define MCFG 0x15000u
#define SRAT 0x16000u
#define SLIT 0x17000u

static void fix_sum(uint32_t pa, uint32_t len, uint32_t at)
{
    phys[pa + at] = 0;
    phys[pa + at] = -acpi_sum(phys + pa, len);
}

static void table(uint32_t pa, const char *sig, const void *body, uint32_t body_len)
{
    struct acpi_header h = { .length = sizeof(h) + body_len, .revision = 1 };

    memcpy(h.signature, sig, 4);
    memcpy(phys + pa, &h, sizeof(h));
    if (body_len)
        memcpy(phys + pa + sizeof(h), body, body_len);
    fix_sum(pa, h.length, offsetof(struct acpi_header, checksum));
}

static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

static const uint8_t madt_body[] = {
    0x00, 0x00, 0xe0, 0xfe, 1, 0, 0,    0, /* local APICs, 8259 present */
    0,    8,    0,    0,    1, 0, 0,    0, /* uid 0, id 0, enabled */
    0,    8,    1,    2,    1, 0, 0,    0, /* uid 1, id 2, enabled */
    0,    8,    2,    4,    0, 0, 0,    0, /* unusable */
    0,    8,    3,    6,    2, 0, 0,    0, /* online capable */
    9,    16,   0,    0,    0, 1, 0,    0,    1,    0, 0, 0, 9, 0, 0, 0, /* x2APIC id 256, uid 9 */
    9,    16,   0,    0,    2, 0, 0,    0,    1,    0, 0, 0, 1, 0, 0, 0, /* id 2 again */
    1,    12,   7,    0,    0, 0, 0xc0, 0xfe, 0,    0, 0, 0,             /* IO-APIC */
    2,    10,   0,    0,    2, 0, 0,    0,    0,    0,                   /* IRQ 0 at GSI 2 */
    2,    10,   0,    9,    9, 0, 0,    0,    0x0d, 0,                   /* IRQ 9 high level */
    4,    6,    0xff, 5,    0, 1,                                        /* NMI at LINT1 of all */
};

static void build_fadt(void)
{
    uint8_t f[268 - 36] = { 0 };
    static const uint8_t aml[] = { 0x5b, 0x80, 0x08, '_', 'S',  '5', '_', 0x12,
                                   6,    4,    0x0a, 5,   0x0a, 7,   0,   0 };

#define F(off) (f + (off)-36)
    put32(F(40), DSDT);
    *F(46) = 9;
    put32(F(48), 0xb2);
    *F(52) = 0xa0;
    put32(F(56), 0x600);
    put32(F(64), 0x604);
    put32(F(76), 0x608);
    *F(88) = 4;
    *F(89) = 2;
    *F(91) = 4;
    put32(F(112), 1u << 8 | 1u << 10);
    F(116)[0] = ACPI_SPACE_IO;
    F(116)[1] = 8;
    put64(F(116) + 4, 0xcf9);
    *F(128) = 0x0f;
#undef F
    table(FADT, "FACP", f, sizeof(f));
    table(DSDT, "DSDT", aml, sizeof(aml));
}

static void build_numa(void)
{
    uint8_t srat[12 + 16 + 24 + 40 + 40] = { 0 }, slit[8 + 100] = { 0 };
    uint8_t *e = srat + 12;

    e[1] = 16; /* APIC id 0 in domain 5 */
    e[2] = 5;
    e[4] = 1;
    e += 16;
    e[0] = 2; /* APIC id 256 in domain 9 */
    e[1] = 24;
    put32(e + 4, 9);
    put32(e + 8, 256);
    e[12] = 1;
    e += 24;
    for (unsigned int i = 0; i < 2; i++, e += 40) {
        e[0] = 1;
        e[1] = 40;
        put32(e + 2, i ? 9 : 5);
        put64(e + 8, i ? 0x40000000 : 0);
        put64(e + 16, 0x40000000);
        e[28] = 1;
    }
    table(SRAT, "SRAT", srat, sizeof(srat));
    put64(slit, 10);
    memset(slit + 8, 33, 100);
    for (unsigned int i = 0; i < 10; i++)
        slit[8 + 11 * i] = 10;
    table(SLIT, "SLIT", slit, sizeof(slit));
}

static void build_xsdt(void)
{
    static const uint32_t listed[] = { FADT, MADT, HPET, MCFG, SRAT, SLIT };
    uint64_t entry[ARRAY_SIZE(listed)];

    for (unsigned int i = 0; i < ARRAY_SIZE(listed); i++)
        entry[i] = listed[i];
    table(XSDT, "XSDT", entry, sizeof(entry));
}

static void build_rsdp(unsigned int revision)
{
    struct acpi_rsdp r = { .revision = revision, .length = sizeof(r), .xsdt = XSDT, .rsdt = XSDT };

    memcpy(r.signature, "RSD PTR ", 8);
    memcpy(phys + RSDP, &r, sizeof(r));
    fix_sum(RSDP, 20, offsetof(struct acpi_rsdp, checksum));
    fix_sum(RSDP, sizeof(r), offsetof(struct acpi_rsdp, extended_checksum));
}

static int build(void **state)
{
    uint8_t hpet[20] = { 0 }, mcfg[8 + 32] = { 0 };

    unmap_all();
    memset(phys, 0, sizeof(phys));
    memset(&boot_info, 0, sizeof(boot_info));
    table(MADT, "APIC", madt_body, sizeof(madt_body));
    build_fadt();
    put64(hpet + 8, 0xfed00000);
    table(HPET, "HPET", hpet, sizeof(hpet));
    put64(mcfg + 8, 0xb0000000);
    mcfg[8 + 11] = 255;
    put64(mcfg + 24, 0x12345); /* not aligned: left out */
    table(MCFG, "MCFG", mcfg, sizeof(mcfg));
    build_numa();
    build_xsdt();
    build_rsdp(2);
    return 0;
}

static int cleanup(void **state)
{
    unmap_all();
    return 0;
}

static void test_madt(void **state)
{
    const struct acpi_host *a = &acpi_host;

    assert_int_equal(acpi_init(), 0);
    assert_int_equal(a->rsdp_paddr, RSDP);
    assert_int_equal(a->nr_tables, 6);
    assert_true(a->has_madt && a->has_8259);
    assert_int_equal(a->lapic_paddr, 0xfee00000);
    assert_int_equal(a->nr_cpus, 4);
    assert_int_equal(a->cpu[1].apic_id, 2);
    assert_int_equal(a->cpu[1].acpi_uid, 1);
    assert_true(a->cpu[1].enabled);
    assert_true(!a->cpu[2].enabled && a->cpu[2].online_capable);
    assert_int_equal(a->cpu[3].apic_id, 256);
    assert_int_equal(a->nr_ioapics, 1);
    assert_int_equal(a->ioapic[0].paddr, 0xfec00000);
    assert_int_equal(a->nr_overrides, 2);
    assert_int_equal(a->override[0].gsi, 2);
    assert_int_equal(a->override[1].polarity, ACPI_POLARITY_HIGH);
    assert_int_equal(a->override[1].trigger, ACPI_TRIGGER_LEVEL);
    assert_int_equal(a->nr_nmis, 1);
    assert_int_equal(a->nmi[0].acpi_uid, ~0u);
    assert_int_equal(a->nmi[0].lint, 1);
}

static void test_fadt_and_hpet(void **state)
{
    const struct acpi_host *a = &acpi_host;

    assert_int_equal(acpi_init(), 0);
    assert_true(a->has_fadt);
    assert_int_equal(a->sci_irq, 9);
    assert_int_equal(a->pm_timer.address, 0x608);
    assert_int_equal(a->pm_timer.space, ACPI_SPACE_IO);
    assert_true(a->pm_timer_32bit);
    assert_int_equal(a->pm1a_control.address, 0x604);
    assert_int_equal(a->pm1b_control.address, 0);
    assert_true(a->has_s5);
    assert_int_equal(a->s5_type_a, 5);
    assert_int_equal(a->s5_type_b, 7);
    assert_true(a->has_reset);
    assert_int_equal(a->reset.address, 0xcf9);
    assert_int_equal(a->reset_value, 0x0f);
    assert_int_equal(a->hpet_paddr, 0xfed00000);
    assert_int_equal(a->nr_ecams, 1);
    assert_int_equal(a->ecam[0].bus_last, 255);
}

static void test_numa(void **state)
{
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.nr_nodes, 2);
    assert_int_equal(acpi_host.cpu[0].node, 0);
    assert_int_equal(acpi_host.cpu[3].node, 1);
    assert_int_equal(acpi_node_of(0x3fffffff), 0);
    assert_int_equal(acpi_node_of(0x40000000), 1);
    assert_int_equal(acpi_node_of(0x80000000), 0);
    assert_int_equal(acpi_host.distance[0][0], 10);
    assert_int_equal(acpi_host.distance[0][1], 33);
}

/* --- SRATs and SLITs that firmware gets wrong --- */

static uint8_t srat[12 + 300 * 40];
static unsigned int srat_used;

static void srat_start(void)
{
    memset(srat, 0, sizeof(srat));
    srat_used = 12;
}

static void srat_cpu(uint32_t apic_id, uint32_t domain)
{
    uint8_t *e = srat + srat_used;

    e[0] = 2;
    e[1] = 24;
    put32(e + 4, domain);
    put32(e + 8, apic_id);
    e[12] = 1;
    srat_used += 24;
}

static void srat_memory(uint32_t domain, uint64_t base, uint64_t size)
{
    uint8_t *e = srat + srat_used;

    e[0] = 1;
    e[1] = 40;
    put32(e + 2, domain);
    put64(e + 8, base);
    put64(e + 16, size);
    e[28] = 1;
    srat_used += 40;
}

/* In the place of the SRAT. */
static void srat_parse(int revision)
{
    table(0x20000, "SRAT", srat, srat_used);
    phys[0x20000 + 8] = revision;
    fix_sum(0x20000, sizeof(struct acpi_header) + srat_used, 9);
    memcpy(phys + XSDT + sizeof(struct acpi_header) + 4 * 8, &(uint64_t){ 0x20000 }, 8);
    assert_int_equal(acpi_init(), 0);
}

static void assert_one_node(void)
{
    assert_int_equal(acpi_host.nr_nodes, 1);
    assert_int_equal(acpi_host.nr_node_mems, 0);
    assert_int_equal(acpi_host.distance[0][0], 10);
    for (unsigned int i = 0; i < acpi_host.nr_cpus; i++)
        assert_int_equal(acpi_host.cpu[i].node, 0);
}

static void test_overlapping_ranges(void **state)
{
    srat_start();
    srat_cpu(0, 5);
    srat_cpu(256, 9);
    srat_memory(5, 0, 0x40000000);
    srat_memory(9, 0x3ffff000, 0x40000000);
    srat_parse(2);
    assert_one_node();
    /* Twice the same, in the same domain: no harm. */
    srat_start();
    srat_cpu(256, 9);
    srat_memory(9, 0, 0x40000000);
    srat_memory(9, 0x1000, 0x1000);
    srat_memory(5, 0x40000000, 0x1000);
    srat_parse(2);
    assert_int_equal(acpi_host.nr_nodes, 2);
    assert_int_equal(acpi_node_of(0x1000), 0);
}

static void test_nodes_with_only_one_thing(void **state)
{
    /* CPUs without memory, memory without CPUs. */
    srat_start();
    srat_cpu(256, 9);
    srat_memory(5, 0, 0x40000000);
    srat_parse(2);
    assert_int_equal(acpi_host.nr_nodes, 2);
    assert_int_equal(acpi_host.cpu[3].node, 0);
    assert_int_equal(acpi_node_of(0), 1);
    /* No memory anywhere: what would the nodes be good for? */
    srat_start();
    srat_cpu(0, 5);
    srat_cpu(256, 9);
    srat_memory(5, 0, 0);
    srat_memory(5, ~0xfffUL, 0x2000);
    srat_parse(2);
    assert_one_node();
    /* Nothing at all. */
    srat_start();
    srat_parse(2);
    assert_one_node();
}

static void test_too_many_nodes(void **state)
{
    srat_start();
    for (unsigned int i = 0; i < MAX_NODES + 10; i++)
        srat_memory(1000 + i, (uint64_t)i << 30, 1UL << 30);
    srat_cpu(0, 1000 + MAX_NODES - 1);
    srat_cpu(256, 1000 + MAX_NODES);
    srat_parse(2);
    assert_int_equal(acpi_host.nr_nodes, MAX_NODES);
    assert_int_equal(acpi_host.cpu[0].node, MAX_NODES - 1);
    assert_int_equal(acpi_host.cpu[3].node, 0);
    assert_int_equal(acpi_node_of((uint64_t)(MAX_NODES - 1) << 30), MAX_NODES - 1);
    assert_int_equal(acpi_node_of((uint64_t)MAX_NODES << 30), 0);
    /* The SLIT has 10 domains: none of these. */
    assert_int_equal(acpi_host.distance[0][1], 20);
}

static void test_too_many_ranges(void **state)
{
    srat_start();
    for (unsigned int i = 0; i < ACPI_MAX_NODE_MEMS + 50; i++)
        srat_memory(i % 2, (uint64_t)i << 20, 1UL << 20);
    srat_parse(2);
    assert_int_equal(acpi_host.nr_nodes, 2);
    assert_int_equal(acpi_host.nr_node_mems, ACPI_MAX_NODE_MEMS);
}

static void test_srat_details(void **state)
{
    srat_start();
    srat_cpu(256, 9);
    srat_cpu(256, 5); /* twice: the first counts */
    srat_cpu(77, 3);  /* no such CPU: no node for it */
    srat_memory(0x105, 0, 0x1000);
    srat_memory(0x9, 0x1000, 0x1000);
    srat_parse(2);
    assert_int_equal(acpi_host.nr_nodes, 2);
    assert_int_equal(acpi_host.cpu[3].node, 0);
    assert_int_equal(acpi_node_of(0), 1);
    assert_int_equal(acpi_node_of(0x1000), 0);
    /* In revision 1, a domain is its low 8 bits. */
    srat_start();
    srat_memory(0x105, 0, 0x1000);
    srat_memory(0x205, 0x1000, 0x1000);
    srat_parse(1);
    assert_int_equal(acpi_host.nr_nodes, 1);
    srat_parse(2);
    assert_int_equal(acpi_host.nr_nodes, 2);
}

static void slit_set(unsigned int from, unsigned int to, uint8_t distance)
{
    phys[SLIT + sizeof(struct acpi_header) + 8 + 10 * from + to] = distance;
    assert_int_equal(acpi_init(), 0);
}

/* One distance that can't be: none of them is believed. */
static void test_broken_slits(void **state)
{
    slit_set(5, 9, 9);
    assert_int_equal(acpi_host.distance[1][0], 20);
    slit_set(5, 9, 10); /* as near as itself */
    assert_int_equal(acpi_host.distance[1][0], 20);
    slit_set(5, 9, 255); /* no way there: that may be */
    assert_int_equal(acpi_host.distance[0][1], 255);
    assert_int_equal(acpi_host.distance[1][0], 33);
    slit_set(9, 9, 11); /* not at itself */
    assert_int_equal(acpi_host.distance[0][1], 20);
    slit_set(9, 9, 10);
    slit_set(3, 3, 0); /* of domains that there aren't */
    assert_int_equal(acpi_host.distance[0][1], 255);
    put64(phys + SLIT + sizeof(struct acpi_header), 9); /* domain 9 isn't in it */
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.distance[0][1], 20);
    put64(phys + SLIT + sizeof(struct acpi_header), 11); /* longer than its table */
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.distance[0][1], 20);
    put64(phys + SLIT + sizeof(struct acpi_header), 1UL << 32); /* whose square is 0 */
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.distance[0][1], 20);
}

static void test_no_slit(void **state)
{
    memcpy(phys + SLIT, "XXXX", 4);
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.nr_nodes, 2);
    assert_int_equal(acpi_host.distance[0][0], 10);
    assert_int_equal(acpi_host.distance[1][0], 20);
}

static void test_rsdt_of_revision_0(void **state)
{
    uint32_t entry[] = { FADT, 0, MADT };

    build_rsdp(0);
    table(XSDT, "RSDT", entry, sizeof(entry));
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.nr_tables, 2);
    assert_non_null(acpi_find_table("APIC", 0));
    assert_null(acpi_find_table("APIC", 1));
    assert_int_equal(acpi_host.nr_nodes, 1);
}

static void test_no_acpi(void **state)
{
    phys[RSDP + 9] ^= 1; /* the checksum is wrong now */
    assert_int_not_equal(acpi_init(), 0);
    boot_info.rsdp = 0xffffffff000; /* outside of memory */
    assert_int_not_equal(acpi_init(), 0);
}

static void test_lengths_that_lie(void **state)
{
    static const uint32_t where[] = { MADT, FADT, DSDT, HPET, MCFG, SRAT, SLIT, XSDT };

    for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
        struct acpi_header h;

        build(NULL);
        memcpy(&h, phys + where[i], sizeof(h));
        for (uint32_t len = 0; len < h.length; len++) {
            put32(phys + where[i] + 4, len);
            acpi_init();
        }
        put32(phys + where[i] + 4, 0xffffffff);
        acpi_init();
        put32(phys + where[i] + 4, PHYS_SIZE - where[i] + 1);
        acpi_init();
        unmap_all();
    }
}

/* Every byte of every table, set to values that hurt: nothing may overrun. */
static void test_broken_bytes(void **state)
{
    static const uint32_t where[] = { MADT, FADT, DSDT, HPET, MCFG, SRAT, SLIT };
    static const uint8_t value[] = { 0x00, 0x01, 0x7f, 0xff };

    for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
        struct acpi_header h;

        build(NULL);
        memcpy(&h, phys + where[i], sizeof(h));
        for (uint32_t off = sizeof(h); off < h.length; off++) {
            uint8_t old = phys[where[i] + off];

            for (unsigned int v = 0; v < sizeof(value); v++) {
                phys[where[i] + off] = value[v];
                acpi_init();
            }
            phys[where[i] + off] = old;
            unmap_all();
        }
    }
}

static void test_more_than_fits(void **state)
{
    static uint8_t body[8 + 300 * 8 + 100 * 12];
    uint8_t *e = body + 8;

    for (unsigned int i = 0; i < 300; i++, e += 8) {
        e[1] = 8;
        e[3] = i < 255 ? i : 0;
        e[4] = 1;
    }
    for (unsigned int i = 0; i < 100; i++, e += 12) {
        e[0] = 1;
        e[1] = 12;
    }
    table(0x20000, "APIC", body, sizeof(body));
    memcpy(phys + XSDT + sizeof(struct acpi_header) + 8, &(uint64_t){ 0x20000 }, 8);
    assert_int_equal(acpi_init(), 0);
    assert_int_equal(acpi_host.nr_cpus, 255);
    assert_int_equal(acpi_host.nr_ioapics, ACPI_MAX_IOAPICS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_madt, build, cleanup),
        cmocka_unit_test_setup_teardown(test_fadt_and_hpet, build, cleanup),
        cmocka_unit_test_setup_teardown(test_numa, build, cleanup),
        cmocka_unit_test_setup_teardown(test_overlapping_ranges, build, cleanup),
        cmocka_unit_test_setup_teardown(test_nodes_with_only_one_thing, build, cleanup),
        cmocka_unit_test_setup_teardown(test_too_many_nodes, build, cleanup),
        cmocka_unit_test_setup_teardown(test_too_many_ranges, build, cleanup),
        cmocka_unit_test_setup_teardown(test_srat_details, build, cleanup),
        cmocka_unit_test_setup_teardown(test_broken_slits, build, cleanup),
        cmocka_unit_test_setup_teardown(test_no_slit, build, cleanup),
        cmocka_unit_test_setup_teardown(test_rsdt_of_revision_0, build, cleanup),
        cmocka_unit_test_setup_teardown(test_no_acpi, build, cleanup),
        cmocka_unit_test_setup_teardown(test_lengths_that_lie, build, cleanup),
        cmocka_unit_test_setup_teardown(test_broken_bytes, build, cleanup),
        cmocka_unit_test_setup_teardown(test_more_than_fits, build, cleanup),
    };

    return cmocka_run_group_tests_name("hv-acpi", tests, NULL, NULL);
}
