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
/* What is wrong is told once, not for each entry. */
static __initdata bool told_domains, told_ranges;
static __initdata uint64_t cpu_placed[MAX_CPUS / 64];

static int __init node_of_domain(uint32_t domain)
{
    for (unsigned int i = 0; i < nodes_seen; i++)
        if (node_domain[i] == domain)
            return i;
    if (nodes_seen == MAX_NODES) {
        if (!told_domains)
            log_warning("acpi: SRAT has more than %u proximity domains; what is in domain %u "
                        "and further ones counts as node 0\n",
                        MAX_NODES, domain);
        told_domains = true;
        return -1;
    }
    node_domain[nodes_seen] = domain;
    return nodes_seen++;
}

static void __init set_cpu_node(uint32_t apic_id, uint32_t domain)
{
    for (unsigned int i = 0; i < acpi_host.nr_cpus; i++) {
        struct acpi_cpu *c = &acpi_host.cpu[i];
        int node;

        if (c->apic_id != apic_id)
            continue;
        if (cpu_placed[i / 64] & 1UL << i % 64) {
            log_warning("acpi: SRAT has the CPU with APIC id %u twice, the first counts\n",
                        apic_id);
            return;
        }
        cpu_placed[i / 64] |= 1UL << i % 64;
        node = node_of_domain(domain);
        if (node >= 0)
            c->node = node;
        return;
    }
}

static void __init add_memory(const struct srat_memory *e, uint32_t domain)
{
    int node;

    if (!e->size)
        return;
    if (e->base + e->size < e->base) {
        log_warning("acpi: SRAT range at %#lx of %#lx bytes ends nowhere, ignored\n",
                    (unsigned long)e->base, (unsigned long)e->size);
        return;
    }
    if (acpi_host.nr_node_mems == ACPI_MAX_NODE_MEMS) {
        if (!told_ranges)
            log_warning("acpi: SRAT has more than %u memory ranges, the rest is ignored\n",
                        ACPI_MAX_NODE_MEMS);
        told_ranges = true;
        return;
    }
    node = node_of_domain(domain);
    if (node < 0)
        return;
    acpi_host.node_mem[acpi_host.nr_node_mems++] =
        (struct acpi_node_mem){ .start = e->base, .end = e->base + e->size, .node = node };
}

static void __init parse_entry(const uint8_t *e, unsigned int length, unsigned int revision)
{
    union {
        uint8_t raw[48];
        struct srat_lapic lapic;
        struct srat_memory memory;
        struct srat_x2apic x2apic;
    } u = { .raw = { 0 } };
    /* Before revision 2 a domain had 8 bits, and nothing in particular behind them. */
    uint32_t mask = revision < 2 ? 0xff : ~0u;

    memcpy(u.raw, e, min(length, (unsigned int)sizeof(u)));
    switch (u.raw[0]) {
    case SRAT_LAPIC:
        if (length >= sizeof(u.lapic) && (u.lapic.flags & SRAT_ENABLED))
            set_cpu_node(u.lapic.apic_id, mask & (u.lapic.domain_low | u.lapic.domain_high[0] << 8 |
                                                  u.lapic.domain_high[1] << 16 |
                                                  (uint32_t)u.lapic.domain_high[2] << 24));
        break;
    case SRAT_MEMORY:
        if (length >= sizeof(u.memory) && (u.memory.flags & SRAT_ENABLED))
            add_memory(&u.memory, u.memory.domain & mask);
        break;
    case SRAT_X2APIC:
        if (length >= sizeof(u.x2apic) && (u.x2apic.flags & SRAT_ENABLED))
            set_cpu_node(u.x2apic.apic_id, u.x2apic.domain);
        break;
    }
}

/* Memory that is said to be in two nodes: who says that may be wrong about all of it. */
static bool __init has_overlap(void)
{
    for (unsigned int i = 0; i < acpi_host.nr_node_mems; i++) {
        for (unsigned int k = 0; k < i; k++) {
            const struct acpi_node_mem *a = &acpi_host.node_mem[k], *b = &acpi_host.node_mem[i];

            if (a->node == b->node || a->start >= b->end || b->start >= a->end)
                continue;
            log_warning("acpi: SRAT has %#lx-%#lx in proximity domain %u and %#lx-%#lx in %u: "
                        "ignored, all is one node\n",
                        (unsigned long)a->start, (unsigned long)a->end, node_domain[a->node],
                        (unsigned long)b->start, (unsigned long)b->end, node_domain[b->node]);
            return true;
        }
    }
    return false;
}

static void __init forget(void)
{
    nodes_seen = acpi_host.nr_node_mems = 0;
    told_domains = told_ranges = false;
    memset(cpu_placed, 0, sizeof(cpu_placed));
    for (unsigned int i = 0; i < acpi_host.nr_cpus; i++)
        acpi_host.cpu[i].node = 0;
}

void __init acpi_parse_srat(const struct acpi_header *h, uint32_t length)
{
    uint32_t off = SRAT_ENTRIES;

    forget();
    while (length >= off + 2) {
        const uint8_t *e = (const uint8_t *)h + off;
        unsigned int entry_length = e[1];

        if (entry_length < 2 || entry_length > length - off) {
            log_warning("acpi: SRAT entry at %u has length %u, the rest is ignored\n", off,
                        entry_length);
            break;
        }
        parse_entry(e, entry_length, h->revision);
        off += entry_length;
    }
    if (has_overlap())
        forget();
    if (nodes_seen && !acpi_host.nr_node_mems) {
        log_warning("acpi: SRAT says of no memory where it is: ignored, all is one node\n");
        forget();
    }
    acpi_host.nr_nodes = max(nodes_seen, 1u);
    for (unsigned int a = 0; a < acpi_host.nr_nodes; a++)
        for (unsigned int b = 0; b < acpi_host.nr_nodes; b++)
            acpi_host.distance[a][b] = a == b ? DISTANCE_LOCAL : DISTANCE_REMOTE;
}

/* The distance between two nodes by a SLIT of @count localities; 0, with a log line: none. */
static uint8_t __init slit_distance(const uint8_t *matrix, uint64_t count, unsigned int a,
                                    unsigned int b)
{
    uint32_t from = node_domain[a], to = node_domain[b];
    uint8_t d;

    if (from >= count || to >= count) {
        log_warning("acpi: SLIT has no proximity domain %u: ignored\n", max(from, to));
        return 0;
    }
    d = matrix[from * count + to];
    /* Below 10 is reserved; a node itself, and nothing else, is at 10. */
    if (d >= DISTANCE_LOCAL && (a == b) == (d == DISTANCE_LOCAL))
        return d;
    log_warning("acpi: SLIT has %u for proximity domain %u from %u: ignored\n", d, to, from);
    return 0;
}

/* All of a SLIT or nothing: the distances are to be compared with each other. */
void __init acpi_parse_slit(const struct acpi_header *h, uint32_t length)
{
    static __initdata uint8_t distance[MAX_NODES][MAX_NODES];
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
            distance[a][b] = slit_distance(matrix, count, a, b);
            if (!distance[a][b])
                return;
        }
    }
    for (unsigned int a = 0; a < nodes_seen; a++)
        memcpy(acpi_host.distance[a], distance[a], nodes_seen);
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
