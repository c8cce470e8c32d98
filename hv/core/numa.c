/* SPDX-License-Identifier: MIT */
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/numa.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

unsigned int numa_nodes(void)
{
    return max(acpi_host.nr_nodes, page_alloc_nodes());
}

unsigned int numa_distance(unsigned int a, unsigned int b)
{
    return acpi_host.distance[index_nospec(a, MAX_NODES)][index_nospec(b, MAX_NODES)];
}

/* --- which nodes a domain's memory comes from ------------------------------------------------ */

static uint64_t all_nodes(void)
{
    return ~0UL >> (64 - page_alloc_nodes());
}

/* Those of @map that have memory. */
static uint64_t with_memory(uint64_t map)
{
    for (unsigned int i = 0; i < page_alloc_nodes(); i++)
        if (!page_alloc_total_of(i))
            map &= ~(1UL << i);
    return map & all_nodes();
}

/* The nodes of the CPUs in both sets, of those in @hard if there is none. */
static uint64_t nodes_of(const uint64_t *hard, const uint64_t *soft)
{
    uint64_t may = 0, prefers = 0;
    unsigned int i;

    for_each_online_cpu(i) {
        uint64_t node = 1UL << cpus[i]->node;

        if (!bit_test(hard, i))
            continue;
        may |= node;
        if (bit_test(soft, i))
            prefers |= node;
    }
    return prefers ? prefers : may;
}

void numa_update_affinity(struct domain *d)
{
    uint64_t map = 0;
    struct vcpu *v;

    if (d->node_affinity_set)
        return;
    for_each_vcpu(d, v)
        map |= nodes_of(v->hard_affinity, v->soft_affinity);
    map = with_memory(map);
    atomic_set(&d->node_affinity, map ? map : all_nodes());
}

int numa_set_affinity(struct domain *d, uint64_t map)
{
    map = with_memory(map);
    if (!map)
        return -EINVAL;
    d->node_affinity_set = map != with_memory(all_nodes());
    atomic_set(&d->node_affinity, map);
    numa_update_affinity(d);
    return 0;
}

/* Nodes with memory, the nearest to @node first. */
static void __init set_fallback(unsigned int node)
{
    unsigned int nodes = page_alloc_nodes();
    uint8_t order[MAX_NODES];

    for (unsigned int i = 0; i < nodes; i++) {
        unsigned int next = (node + i) % nodes, at = i;

        for (; at && numa_distance(node, next) < numa_distance(node, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)next;
    }
    page_alloc_set_fallback(node, order);
}

/* --- the log -----------------------------------------------------------------------------------
 */

struct line {
    char text[160];
    unsigned int used;
};

static void __init line_add(struct line *l, const char *separator, unsigned int from,
                            unsigned int to)
{
    char *at = l->text + l->used;
    size_t room = sizeof(l->text) - l->used;
    int n = from == to ? snprintf(at, room, "%s%u", separator, from)
                       : snprintf(at, room, "%s%u-%u", separator, from, to);

    l->used = min(l->used + (unsigned int)n, (unsigned int)sizeof(l->text) - 1);
}

static void __init list_cpus(struct line *l, unsigned int node)
{
    const char *separator = ", CPUs ";

    for (unsigned int i = 0; i < nr_cpus; i++) {
        unsigned int first = i;

        if (cpus[i]->node != node)
            continue;
        while (i + 1 < nr_cpus && cpus[i + 1]->node == node)
            i++;
        line_add(l, separator, first, i);
        separator = ",";
    }
    if (!l->used)
        l->used = (unsigned int)snprintf(l->text, sizeof(l->text), ", no CPUs");
}

/* Bytes of RAM in [@start, @end) that the SRAT says nothing of. */
static uint64_t __init not_covered(paddr_t start, paddr_t end)
{
    uint64_t bytes = 0;

    while (start < end) {
        paddr_t next = end;
        bool covered = false;

        for (unsigned int i = 0; i < acpi_host.nr_node_mems && !covered; i++) {
            const struct acpi_node_mem *m = &acpi_host.node_mem[i];

            covered = start >= m->start && start < m->end;
            if (covered)
                next = min(end, m->end);
            else if (m->start > start)
                next = min(next, m->start);
        }
        if (!covered)
            bytes += next - start;
        start = next;
    }
    return bytes;
}

static void __init warn_not_covered(void)
{
    uint64_t bytes = 0;

    for (unsigned int i = 0; acpi_host.nr_node_mems && i < boot_info.nr_mem; i++)
        if (boot_info.mem[i].type == BOOT_MEM_RAM)
            bytes += not_covered(boot_info.mem[i].start, boot_info.mem[i].end);
    if (bytes >> 20)
        log_warning("numa: SRAT does not say where %lu MiB of memory are; they count to the node "
                    "below them, or node 0\n",
                    bytes >> 20);
}

static void __init report(void)
{
    unsigned int nodes = numa_nodes();

    warn_not_covered();
    for (unsigned int a = 0; a < nodes; a++) {
        struct line near = { .used = 0 }, far = { .used = 0 };

        list_cpus(&near, a);
        for (unsigned int b = 0; b < nodes && nodes > 1; b++) {
            unsigned int d = numa_distance(a, b);

            line_add(&far, b ? " " : ", distances ", d, d);
        }
        log_info("numa: node %u: %lu MiB%s%s\n", a, page_alloc_total_of(a) >> 8, near.text,
                 far.text);
    }
}

void __init numa_init(void)
{
    for (unsigned int i = 0; i < numa_nodes(); i++)
        set_fallback(i);
    report();
}
