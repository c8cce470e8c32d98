/* SPDX-License-Identifier: MIT */
/*
 * System Resource Affinity Table and System Locality Information Table
 * (ACPI 6.4, 5.2.16 and 5.2.17): which CPU and which memory is where, how far.
 */
#include <hv/acpi.h>
#include <hv/log.h>
#include <hv/string.h>

#define SRAT_ENTRIES (sizeof(struct acpi_header) + 12)

enum { SRAT_LAPIC = 0, SRAT_MEMORY = 1, SRAT_X2APIC = 2 };

struct srat_lapic {
    uint8_t type, length, domain_low, apic_id;
    uint32_t flags;
    uint8_t sapic_eid, domain_high[3];
    uint32_t clock_domain;
} __packed;

struct srat_memory {
    uint8_t type, length;
    uint32_t domain;
    uint16_t reserved0;
    uint64_t base, size;
    uint32_t reserved1, flags;
    uint64_t reserved2;
} __packed;

struct srat_x2apic {
    uint8_t type, length;
    uint16_t reserved0;
    uint32_t domain, apic_id, flags, clock_domain, reserved1;
} __packed;

#define SRAT_ENABLED    0x1

#define DISTANCE_LOCAL  10
#define DISTANCE_REMOTE 20

/* Proximity domain of each node: nodes are numbered as their domains appear. */
static __initdata uint32_t node_domain[MAX_NODES];
static __initdata unsigned int nodes_seen;

static int __init node_of_domain(uint32_t domain)
{
    for (unsigned int i = 0; i < nodes_seen; i++)
        if (node_domain[i] == domain)
            return i;
    if (nodes_seen == MAX_NODES) {
        log_warning("acpi: proximity domain %u ignored: more than %u\n", domain, MAX_NODES);
        return -1;
    }
    node_domain[nodes_seen] = domain;
    return nodes_seen++;
}

static void __init set_cpu_node(uint32_t apic_id, uint32_t domain)
{
    for (unsigned int i = 0; i < acpi_host.nr_cpus; i++) {
        struct acpi_cpu *c = &acpi_host.cpu[i];

        if (c->apic_id == apic_id) {
            int node = node_of_domain(domain);

            if (node >= 0)
                c->node = node;
            return;
        }
    }
}

static void __init add_memory(const struct srat_memory *e)
{
    int node;

    if (!e->size || e->base + e->size < e->base)
        return;
    if (acpi_host.nr_node_mems == ACPI_MAX_NODE_MEMS) {
        log_warning("acpi: SRAT has more than %u memory ranges\n", ACPI_MAX_NODE_MEMS);
        return;
    }
    node = node_of_domain(e->domain);
    if (node < 0)
        return;
    acpi_host.node_mem[acpi_host.nr_node_mems++] =
        (struct acpi_node_mem){ .start = e->base, .end = e->base + e->size, .node = node };
}

static void __init parse_entry(const uint8_t *e, unsigned int length)
{
    union {
        uint8_t raw[48];
        struct srat_lapic lapic;
        struct srat_memory memory;
        struct srat_x2apic x2apic;
    } u = { .raw = { 0 } };

    memcpy(u.raw, e, min(length, (unsigned int)sizeof(u)));
    switch (u.raw[0]) {
    case SRAT_LAPIC:
        if (length >= sizeof(u.lapic) && (u.lapic.flags & SRAT_ENABLED))
            set_cpu_node(u.lapic.apic_id, u.lapic.domain_low | u.lapic.domain_high[0] << 8 |
                                              u.lapic.domain_high[1] << 16 |
                                              (uint32_t)u.lapic.domain_high[2] << 24);
        break;
    case SRAT_MEMORY:
        if (length >= sizeof(u.memory) && (u.memory.flags & SRAT_ENABLED))
            add_memory(&u.memory);
        break;
    case SRAT_X2APIC:
        if (length >= sizeof(u.x2apic) && (u.x2apic.flags & SRAT_ENABLED))
            set_cpu_node(u.x2apic.apic_id, u.x2apic.domain);
        break;
    }
}

void __init acpi_parse_srat(const struct acpi_header *h, uint32_t length)
{
    uint32_t off = SRAT_ENTRIES;

    nodes_seen = 0;
    while (length >= off + 2) {
        const uint8_t *e = (const uint8_t *)h + off;
        unsigned int entry_length = e[1];

        if (entry_length < 2 || entry_length > length - off) {
            log_warning("acpi: SRAT entry at %u has length %u, the rest is ignored\n", off,
                        entry_length);
            break;
        }
        parse_entry(e, entry_length);
        off += entry_length;
    }
    acpi_host.nr_nodes = max(nodes_seen, 1u);
    for (unsigned int a = 0; a < acpi_host.nr_nodes; a++)
        for (unsigned int b = 0; b < acpi_host.nr_nodes; b++)
            acpi_host.distance[a][b] = a == b ? DISTANCE_LOCAL : DISTANCE_REMOTE;
}

void __init acpi_parse_slit(const struct acpi_header *h, uint32_t length)
{
    const uint8_t *matrix = (const uint8_t *)(h + 1) + 8;
    uint64_t count;

    if (length < sizeof(*h) + 8)
        return;
    memcpy(&count, h + 1, 8);
    if (count > 0xffff || length - sizeof(*h) - 8 < count * count) {
        log_warning("acpi: SLIT of %lu localities doesn't fit its table, ignored\n",
                    (unsigned long)count);
        return;
    }
    for (unsigned int a = 0; a < nodes_seen; a++) {
        for (unsigned int b = 0; b < nodes_seen; b++) {
            uint8_t d;

            if (node_domain[a] >= count || node_domain[b] >= count)
                continue;
            d = matrix[node_domain[a] * count + node_domain[b]];
            /* Below 10 is reserved; only a node itself is at 10. */
            if (d >= DISTANCE_LOCAL && (a == b) == (d == DISTANCE_LOCAL))
                acpi_host.distance[a][b] = d;
        }
    }
}

unsigned int acpi_node_of(paddr_t pa)
{
    for (unsigned int i = 0; i < acpi_host.nr_node_mems; i++) {
        const struct acpi_node_mem *m = &acpi_host.node_mem[i];

        if (pa >= m->start && pa < m->end)
            return m->node;
    }
    return 0;
}
