/* SPDX-License-Identifier: MIT */
/* What virtual nodes must satisfy together, and with the rest of the configuration. */
#include <stdio.h>

#include "config_schema.h"

static bool has_vcpu(const struct pando_vnode_config *node, uint32_t vcpu)
{
    return node->vcpus_all || (node->vcpus[vcpu / 64] >> vcpu % 64 & 1);
}

/* A problem of a key of virtual node @i; @list is the value of vnuma. */
static void problem(struct config_reader *reader, const struct json *list, size_t i,
                    const char *key, const char *text)
{
    const struct json *node = list ? list->first : NULL;
    const struct json *value;
    char name[40];

    for (size_t n = i; node && n; n--)
        node = node->next;
    value = node ? json_member(node, key) : NULL;
    snprintf(name, sizeof(name), "vnuma[%zu].%s", i, key);
    config_problem(reader, value ? value : node, name, "%s", text);
}

static void check_vcpus(const struct config_vnuma *c)
{
    const struct pando_config *config = c->config;
    char text[160];

    for (size_t i = 0; i < config->vnode_count; i++) {
        const struct pando_vnode_config *node = &config->vnodes[i];

        for (uint32_t vcpu = config->maxvcpus; vcpu < PANDO_CPU_WORDS * 64; vcpu++) {
            if (node->vcpus_all || !has_vcpu(node, vcpu))
                continue;
            snprintf(text, sizeof(text), "found vCPU %u, but the guest's are 0 to %u", vcpu,
                     config->maxvcpus - 1);
            problem(c->reader, c->list, i, "vcpus", text);
            break;
        }
        for (uint32_t vcpu = 0; vcpu < config->maxvcpus; vcpu++) {
            size_t k = 0;

            while (k < i && !(has_vcpu(&config->vnodes[k], vcpu) && has_vcpu(node, vcpu)))
                k++;
            if (k == i)
                continue;
            snprintf(text, sizeof(text), "found vCPU %u, which vnuma[%zu] has already", vcpu, k);
            problem(c->reader, c->list, i, "vcpus", text);
            break;
        }
    }
    for (uint32_t vcpu = 0; vcpu < config->maxvcpus; vcpu++) {
        size_t k = 0;

        while (k < config->vnode_count && !has_vcpu(&config->vnodes[k], vcpu))
            k++;
        if (k == config->vnode_count) {
            config_problem(c->reader, c->list, "vnuma",
                           "vCPU %u is in none of the nodes; expected each of 0 to %u in one", vcpu,
                           config->maxvcpus - 1);
            return;
        }
    }
}

static void check_sizes(const struct config_vnuma *c)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < c->config->vnode_count; i++)
        sum += c->config->vnodes[i].size_mib;
    if (sum != c->config->maxmem_mib)
        config_problem(c->reader, c->list, "vnuma",
                       "found sizes of %llu MiB in all, expected the %llu MiB of %s",
                       (unsigned long long)sum, (unsigned long long)c->config->maxmem_mib,
                       c->config->maxmem_mib == c->config->memory_mib ? "memory" : "maxmem");
}

static void check_distances(const struct config_vnuma *c, size_t i)
{
    const struct pando_vnode_config *node = &c->config->vnodes[i];
    char text[160];

    if (!node->distance_count)
        return;
    if (node->distance_count != c->config->vnode_count) {
        snprintf(text, sizeof(text), "found %zu distances, expected %zu: one for each node",
                 node->distance_count, c->config->vnode_count);
        problem(c->reader, c->list, i, "vdistances", text);
        return;
    }
    for (size_t k = 0; k < node->distance_count; k++) {
        if ((k == i) == (node->distances[k] == 10))
            continue;
        snprintf(text, sizeof(text),
                 k == i ? "found %u for the node itself, expected 10"
                        : "found %u for vnuma[%zu], expected more than 10",
                 node->distances[k], k);
        problem(c->reader, c->list, i, "vdistances", text);
        return;
    }
}

void config_check_vnuma(const struct config_vnuma *c)
{
    /* What is wrong by itself is not compared with anything. */
    if (!c->config->vnode_count || config_has_problem(c->reader->problems, "vnuma"))
        return;
    if (!config_has_problem(c->reader->problems, "vcpus") &&
        !config_has_problem(c->reader->problems, "maxvcpus"))
        check_vcpus(c);
    if (!config_has_problem(c->reader->problems, "memory") &&
        !config_has_problem(c->reader->problems, "maxmem"))
        check_sizes(c);
    for (size_t i = 0; i < c->config->vnode_count; i++)
        check_distances(c, i);
}
