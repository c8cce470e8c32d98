/* SPDX-License-Identifier: MIT */
/* From the root pointer to the list of tables (ACPI 6.4, 5.2.5 to 5.2.8). */
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/string.h>

/* Larger than any real table; bounds what a broken length makes us map and sum. */
#define ACPI_TABLE_MAX   (16u << 20)
#define RSDP_V1_SIZE     20

#define BDA_EBDA_SEGMENT 0x40e
#define BIOS_AREA_START  0xe0000
#define BIOS_AREA_END    0x100000

struct acpi_host acpi_host;

uint8_t acpi_sum(const void *p, size_t len)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    while (len--)
        sum += *b++;
    return sum;
}

/* Copies a valid root pointer at @pa to acpi_host.rsdp. */
static bool __init rsdp_read(paddr_t pa)
{
    struct acpi_rsdp *r = &acpi_host.rsdp;
    const void *p = acpi_map(pa, RSDP_V1_SIZE);

    if (!p || memcmp(p, "RSD PTR ", 8) || acpi_sum(p, RSDP_V1_SIZE))
        return false;
    memset(r, 0, sizeof(*r));
    memcpy(r, p, RSDP_V1_SIZE);
    if (r->revision >= 2) {
        p = acpi_map(pa, sizeof(*r));
        if (p)
            memcpy(r, p, sizeof(*r));
        /* The checksum covers r->length bytes, but what we use are these. */
        if (!p || (r->length == sizeof(*r) && acpi_sum(r, sizeof(*r)))) {
            log_warning("acpi: the root pointer's extended part is broken, using the RSDT\n");
            r->xsdt = 0;
        }
    }
    acpi_host.rsdp_paddr = pa;
    return true;
}

static bool __init rsdp_search(paddr_t start, paddr_t end)
{
    const uint8_t *p = acpi_map(start, end - start);

    for (paddr_t off = 0; p && start + off + RSDP_V1_SIZE <= end; off += 16)
        if (!memcmp(p + off, "RSD PTR ", 8) && rsdp_read(start + off))
            return true;
    return false;
}

static bool __init rsdp_find(void)
{
    const uint8_t *bda;
    paddr_t ebda;

    if (boot_info.rsdp && rsdp_read(boot_info.rsdp))
        return true;
    bda = acpi_map(BDA_EBDA_SEGMENT, 2);
    ebda = bda ? (paddr_t)(bda[0] | bda[1] << 8) << 4 : 0;
    if (ebda >= 0x400 && ebda < 0xa0000 && rsdp_search(ebda, ebda + 0x400))
        return true;
    return rsdp_search(BIOS_AREA_START, BIOS_AREA_END);
}

/* Maps the whole table at @pa; false if its length can't be right. */
static bool __init table_map(paddr_t pa, struct acpi_table *t)
{
    const struct acpi_header *h = acpi_map(pa, sizeof(*h));

    if (!h)
        return false;
    t->paddr = pa;
    t->length = h->length;
    if (t->length < sizeof(*h) || t->length > ACPI_TABLE_MAX) {
        log_warning("acpi: table at %#lx has length %u, ignored\n", (unsigned long)pa, t->length);
        return false;
    }
    t->header = acpi_map(pa, t->length);
    if (!t->header)
        return false;
    if (acpi_sum(t->header, t->length))
        log_warning("acpi: table %.4s has a wrong checksum\n", t->header->signature);
    return true;
}

/* Lists the tables that the root table with entries of @width bytes names. */
static bool __init tables_list(paddr_t root_pa, const char *signature, unsigned int width)
{
    struct acpi_table root;
    const uint8_t *entry;
    unsigned int count;

    if (!root_pa || !table_map(root_pa, &root) || memcmp(root.header->signature, signature, 4))
        return false;
    entry = (const uint8_t *)(root.header + 1);
    count = (root.length - sizeof(*root.header)) / width;
    for (; count; count--, entry += width) {
        uint64_t pa = 0;

        memcpy(&pa, entry, width);
        if (!pa)
            continue;
        if (acpi_host.nr_tables == ACPI_MAX_TABLES) {
            log_warning("acpi: more than %u tables, the rest is ignored\n", ACPI_MAX_TABLES);
            break;
        }
        if (table_map(pa, &acpi_host.table[acpi_host.nr_tables]))
            acpi_host.nr_tables++;
    }
    return acpi_host.nr_tables > 0;
}

static const struct acpi_table *__init table_find(const char *signature, unsigned int n)
{
    for (unsigned int i = 0; i < acpi_host.nr_tables; i++) {
        const struct acpi_table *t = &acpi_host.table[i];

        if (!memcmp(t->header->signature, signature, 4) && n-- == 0)
            return t;
    }
    return NULL;
}

const struct acpi_header *__init acpi_find_table(const char *signature, unsigned int n)
{
    const struct acpi_table *t = table_find(signature, n);

    return t ? t->header : NULL;
}

static void __init parse(const char *signature,
                         void (*parser)(const struct acpi_header *, uint32_t))
{
    const struct acpi_table *t = table_find(signature, 0);

    if (t)
        parser(t->header, t->length);
}

int __init acpi_init(void)
{
    memset(&acpi_host, 0, sizeof(acpi_host));
    acpi_host.nr_nodes = 1;
    acpi_host.distance[0][0] = 10;
    if (!rsdp_find()) {
        log_error("acpi: no root pointer (RSDP) found\n");
        return -ENODEV;
    }
    if (!tables_list(acpi_host.rsdp.xsdt, "XSDT", 8) &&
        !tables_list(acpi_host.rsdp.rsdt, "RSDT", 4)) {
        log_error("acpi: neither XSDT nor RSDT can be read\n");
        return -ENODEV;
    }
    parse("APIC", acpi_parse_madt);
    parse("FACP", acpi_parse_fadt);
    parse("HPET", acpi_parse_hpet);
    parse("MCFG", acpi_parse_mcfg);
    parse("SRAT", acpi_parse_srat); /* after the MADT: it says on which node each CPU is */
    parse("SLIT", acpi_parse_slit);
    log_info("acpi: %u tables, %u CPUs, %u IO-APICs, %u nodes\n", acpi_host.nr_tables,
             acpi_host.nr_cpus, acpi_host.nr_ioapics, acpi_host.nr_nodes);
    return 0;
}
