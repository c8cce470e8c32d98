/* SPDX-License-Identifier: MIT */
#include "placement.h"

#include <stdbool.h>

/* A set of nodes, and what they have together. */
struct set {
    uint64_t map, free_kib, load;
    unsigned int cpus, nodes;
};

static void set_add(struct set *s, const struct placement_node *nodes, size_t i)
{
    s->map |= UINT64_C(1) << i;
    s->free_kib += nodes[i].free_kib;
    s->load += nodes[i].load;
    s->cpus += nodes[i].cpus;
    s->nodes++;
}

/* Whether @a has less to do for each CPU; what has no CPUs comes last. */
static bool less_loaded(uint64_t a_load, unsigned int a_cpus, uint64_t b_load, unsigned int b_cpus)
{
    if (!a_cpus || !b_cpus) {
        return a_cpus > b_cpus;
    }
    return a_load * b_cpus < b_load * a_cpus;
}

static bool better(const struct set *a, const struct set *b)
{
    if (a->nodes != b->nodes) {
        return a->nodes < b->nodes;
    }
    if (less_loaded(a->load, a->cpus, b->load, b->cpus)) {
        return true;
    }
    return !less_loaded(b->load, b->cpus, a->load, a->cpus) && a->free_kib > b->free_kib;
}

/* Of those that are not in the set, the nearest to @seed; of several, the least loaded. */
static size_t next_near(const struct placement_node *nodes, size_t count, uint64_t map, size_t seed)
{
    size_t best = count;

    for (size_t i = 0; i < count; i++) {
        if (map >> i & 1) {
            continue;
        }
        if (best == count || nodes[seed].distance[i] < nodes[seed].distance[best] ||
            (nodes[seed].distance[i] == nodes[seed].distance[best] &&
             less_loaded(nodes[i].load, nodes[i].cpus, nodes[best].load, nodes[best].cpus))) {
            best = i;
        }
    }
    return best;
}

/* From @seed on, near ones are added until it is enough. False: it never is. */
static bool grow(struct set *s, const struct placement_node *nodes, size_t count, size_t seed,
                 uint64_t kib, unsigned int cpus)
{
    size_t i = seed;

    *s = (struct set){ 0 };
    while (i < count) {
        set_add(s, nodes, i);
        if (s->free_kib >= kib && s->cpus >= cpus) {
            return true;
        }
        i = next_near(nodes, count, s->map, seed);
    }
    return false;
}

uint64_t placement_choose(const struct placement_node *nodes, size_t count, uint64_t kib,
                          unsigned int vcpus)
{
    struct set best = { 0 }, s;
    unsigned int cpus = 0;

    for (size_t i = 0; i < count; i++) {
        cpus += nodes[i].cpus;
    }
    cpus = vcpus < cpus ? vcpus : cpus;
    for (size_t seed = 0; seed < count; seed++) {
        if (grow(&s, nodes, count, seed, kib, cpus) && (!best.nodes || better(&s, &best))) {
            best = s;
        }
    }
    return best.map;
}

int placement_roomiest(const struct placement_node *nodes, size_t count, uint64_t kib)
{
    int best = -1;

    for (size_t i = 0; i < count; i++) {
        if (nodes[i].free_kib >= kib && (best < 0 || nodes[i].free_kib > nodes[best].free_kib)) {
            best = (int)i;
        }
    }
    return best;
}
