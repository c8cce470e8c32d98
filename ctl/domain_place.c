/* SPDX-License-Identifier: MIT */
/*
 * Where a guest is placed on a host of several NUMA nodes: which CPUs its vCPUs prefer, and with
 * that, where the hypervisor looks for its memory.
 */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "placement.h"

struct host {
    struct pando_node *nodes;
    size_t count;
    struct placement_node choice[PANDO_NODES_MAX];
};

static unsigned int count_cpus(const uint64_t *cpus)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < PANDO_CPU_WORDS; i++) {
        n += (unsigned int)__builtin_popcountll(cpus[i]);
    }
    return n;
}

static bool overlap(const uint64_t *a, const uint64_t *b)
{
    for (unsigned int i = 0; i < PANDO_CPU_WORDS; i++) {
        if (a[i] & b[i]) {
            return true;
        }
    }
    return false;
}

/* A vCPU that prefers some nodes weighs on each of these. */
static void add_vcpu(struct host *host, const struct pando_vcpu *vcpu)
{
    uint64_t cpus[PANDO_CPU_WORDS];
    size_t near = 0;

    for (unsigned int i = 0; i < PANDO_CPU_WORDS; i++) {
        cpus[i] = vcpu->hard[i] & vcpu->soft[i];
    }
    for (size_t i = 0; i < host->count; i++) {
        near += overlap(cpus, host->nodes[i].cpus);
    }
    for (size_t i = 0; i < host->count && near < host->count; i++) {
        if (overlap(cpus, host->nodes[i].cpus)) {
            host->choice[i].load += PLACEMENT_VCPU / near;
        }
    }
}

/* A guest that goes away meanwhile, or can't be asked, weighs nothing. */
static void add_guests(pando_t *pando, struct host *host)
{
    struct pando_domain *list;
    size_t count;

    if (pando_domain_list(pando, &list, &count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct pando_vcpu *vcpus;
        size_t vcpu_count;

        if (pando_vcpu_list(pando, list[i].id, &vcpus, &vcpu_count)) {
            continue;
        }
        for (size_t v = 0; v < vcpu_count; v++) {
            if (vcpus[v].online) {
                add_vcpu(host, &vcpus[v]);
            }
        }
        free(vcpus);
    }
    free(list);
}

static enum pando_code host_get(pando_t *pando, struct host *host)
{
    enum pando_code code = pando_node_list(pando, &host->nodes, &host->count);

    if (code) {
        return code;
    }
    for (size_t i = 0; i < host->count; i++) {
        struct placement_node *to = &host->choice[i];

        *to = (struct placement_node){ .free_kib = host->nodes[i].free_kib,
                                       .cpus = count_cpus(host->nodes[i].cpus) };
        for (size_t k = 0; k < host->count; k++) {
            to->distance[k] = host->nodes[i].distance[host->nodes[k].id];
        }
    }
    if (host->count > 1) {
        add_guests(pando, host);
    }
    return PANDO_OK;
}

static int find_node(const struct host *host, uint32_t id)
{
    for (size_t i = 0; i < host->count; i++) {
        if (host->nodes[i].id == id) {
            return (int)i;
        }
    }
    return -1;
}

static enum pando_code fail_node(const struct host *host, size_t vnode, uint32_t pnode)
{
    char key[40];

    snprintf(key, sizeof(key), "vnuma[%zu].pnode", vnode);
    if (host->count == 1) {
        return pando_fail(PANDO_E_INVALID, key, "found %u, but the host's only node is %u", pnode,
                          host->nodes[0].id);
    }
    return pando_fail(PANDO_E_INVALID, key,
                      "found %u, which is no node of the host; `pando info` lists its %zu nodes",
                      pnode, host->count);
}

static enum pando_code fail_size(const struct host *host, size_t vnode, int node, uint64_t mib)
{
    uint64_t most = 0;
    char key[40];

    snprintf(key, sizeof(key), "vnuma[%zu].size", vnode);
    if (node >= 0) {
        return pando_fail(PANDO_E_NO_MEMORY, key,
                          "found %llu MiB, but of node %u of the host only %llu MiB are free",
                          (unsigned long long)mib, host->nodes[node].id,
                          (unsigned long long)host->choice[node].free_kib / 1024);
    }
    for (size_t i = 0; i < host->count; i++) {
        most = host->choice[i].free_kib > most ? host->choice[i].free_kib : most;
    }
    return pando_fail(PANDO_E_NO_MEMORY, key,
                      "found %llu MiB, but no node of the host has more than %llu MiB free",
                      (unsigned long long)mib, (unsigned long long)most / 1024);
}

/* Takes what virtual node @i needs from a node of the host, and its CPUs for its vCPUs. */
static enum pando_code place_vnode(struct host *host, const struct pando_config *config, size_t i,
                                   struct domain_place *place)
{
    const struct pando_vnode_config *vnode = &config->vnodes[i];
    uint64_t kib = vnode->size_mib * 1024;
    int node;

    if (vnode->pnode == PANDO_PNODE_ANY) {
        node = placement_roomiest(host->choice, host->count, kib);
    } else {
        node = find_node(host, vnode->pnode);
        if (node < 0) {
            return fail_node(host, i, vnode->pnode);
        }
    }
    if (node < 0 || host->choice[node].free_kib < kib) {
        return fail_size(host, i, node, vnode->size_mib);
    }
    host->choice[node].free_kib -= kib;
    place->pnode[i] = host->nodes[node].id;
    memcpy(place->cpus[i], host->nodes[node].cpus, sizeof(place->cpus[i]));
    return PANDO_OK;
}

static enum pando_code place_vnodes(struct host *host, const struct pando_config *config,
                                    struct domain_place *place)
{
    enum pando_code code = PANDO_OK;

    /* Those first that leave no choice. */
    for (int any = 0; any < 2; any++) {
        for (size_t i = 0; i < config->vnode_count && !code; i++) {
            if ((config->vnodes[i].pnode == PANDO_PNODE_ANY) == any) {
                code = place_vnode(host, config, i, place);
            }
        }
    }
    place->prefers = host->count > 1 && config->cpus_all;
    return code;
}

static void place_whole(struct host *host, const struct pando_config *config, uint64_t kib,
                        struct domain_place *place)
{
    uint64_t map = placement_choose(host->choice, host->count, kib, config->maxvcpus);

    if (!map || (unsigned int)__builtin_popcountll(map) == host->count) {
        return; /* anywhere */
    }
    for (size_t i = 0; i < host->count; i++) {
        for (unsigned int w = 0; map >> i & 1 && w < PANDO_CPU_WORDS; w++) {
            place->cpus[0][w] |= host->nodes[i].cpus[w];
        }
    }
    place->prefers = count_cpus(place->cpus[0]) > 0;
}

enum pando_code domain_place(pando_t *pando, const struct pando_config *config, uint64_t kib,
                             struct domain_place *place)
{
    struct host host;
    enum pando_code code;

    memset(place, 0, sizeof(*place));
    /* Whoever says where its vCPUs may run has placed it. */
    if (!config->vnode_count && !config->cpus_all) {
        return PANDO_OK;
    }
    code = host_get(pando, &host);
    if (code) { /* without virtual nodes, it does without */
        return config->vnode_count ? code : PANDO_OK;
    }
    if (config->vnode_count) {
        code = place_vnodes(&host, config, place);
    } else if (host.count > 1 && host.count <= PANDO_NODES_MAX) {
        place_whole(&host, config, kib, place);
    }
    free(host.nodes);
    return code;
}

static size_t vnode_of(const struct pando_config *config, uint32_t vcpu)
{
    for (size_t i = 0; i < config->vnode_count; i++) {
        const struct pando_vnode_config *node = &config->vnodes[i];

        if (node->vcpus_all || (node->vcpus[vcpu / 64] >> vcpu % 64 & 1)) {
            return i;
        }
    }
    return 0;
}

enum pando_code domain_place_vcpus(pando_t *pando, uint32_t domid,
                                   const struct pando_config *config,
                                   const struct domain_place *place)
{
    struct xen_domctl op = { 0 };
    size_t size = sizeof(place->cpus[0]);
    uint64_t *map;
    int err = 0;

    if (!place->prefers) {
        return PANDO_OK;
    }
    map = hcall_alloc(pando->hcall, size);
    if (!map) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    for (uint32_t i = 0; i < config->maxvcpus && !err; i++) {
        memcpy(map, place->cpus[vnode_of(config, i)], size);
        if (!count_cpus(map)) { /* a node without CPUs: nothing is near to it */
            continue;
        }
        op.cmd = XEN_DOMCTL_setvcpuaffinity;
        op.domain = (domid_t)domid;
        op.u.vcpuaffinity.vcpu = i;
        op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_SOFT;
        op.u.vcpuaffinity.cpumap_soft.nr_bits = (uint32_t)size * 8;
        set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, (uint8_t *)map);
        err = hcall_domctl(pando->hcall, &op);
    }
    hcall_free(pando->hcall, map, size);
    return err ? pando_fail_hcall("placing the guest on a node of the host", err) : PANDO_OK;
}
