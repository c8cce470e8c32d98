/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "hcall.h"

/* What is asked for of the nodes, with buffers for the hypervisor to fill in. */
struct node_query {
    xen_sysctl_meminfo_t info[PANDO_NODES_MAX];
    uint32_t distance[PANDO_NODES_MAX * PANDO_NODES_MAX];
};

/* Asks for what @q has room for; *count becomes how many nodes there are. */
static int get_nodes(pando_t *pando, struct node_query *q, uint32_t *count)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_numainfo };
    int err;

    op.u.numainfo.num_nodes = PANDO_NODES_MAX;
    set_xen_guest_handle(op.u.numainfo.meminfo, q->info);
    set_xen_guest_handle(op.u.numainfo.distance, q->distance);
    err = hcall_sysctl(pando->hcall, &op);
    if (!err && op.u.numainfo.num_nodes > PANDO_NODES_MAX) {
        err = -EPROTO;
    }
    *count = op.u.numainfo.num_nodes;
    return err;
}

/* CPUs asked for at the most: as many as a set of them has. */
#define CPUS_MAX (PANDO_CPU_WORDS * 64u)

/* Adds each CPU to its node's set. A hypervisor that doesn't tell leaves the sets empty. */
static void add_cpus(pando_t *pando, struct pando_node *nodes, uint32_t count)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_cputopoinfo };
    size_t size = CPUS_MAX * sizeof(xen_sysctl_cputopo_t);
    xen_sysctl_cputopo_t *topo = hcall_alloc(pando->hcall, size);

    if (!topo) {
        return;
    }
    op.u.cputopoinfo.num_cpus = CPUS_MAX;
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, topo);
    if (hcall_sysctl(pando->hcall, &op)) {
        op.u.cputopoinfo.num_cpus = 0;
    }
    for (uint32_t cpu = 0; cpu < op.u.cputopoinfo.num_cpus && cpu < CPUS_MAX; cpu++) {
        for (uint32_t i = 0; i < count; i++) {
            if (topo[cpu].core != XEN_INVALID_CORE_ID && nodes[i].id == topo[cpu].node) {
                nodes[i].cpus[cpu / 64] |= UINT64_C(1) << cpu % 64;
            }
        }
    }
    hcall_free(pando->hcall, topo, size);
}

/* What is told of node @id, of @count. */
static void set_node(struct pando_node *node, const struct node_query *q, uint32_t id,
                     uint32_t count)
{
    node->id = id;
    node->memory_kib = q->info[id].memsize >> 10;
    node->free_kib = q->info[id].memfree >> 10;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t distance = q->distance[id * count + i];

        node->distance[i] = distance <= UINT8_MAX ? (uint8_t)distance : 0;
    }
}

enum pando_code pando_node_list(pando_t *pando, struct pando_node **list, size_t *count)
{
    struct node_query *q = hcall_alloc(pando->hcall, sizeof(*q));
    struct pando_node *nodes = NULL;
    uint32_t have = 0, used = 0;
    int err = q ? get_nodes(pando, q, &have) : -ENOMEM;

    if (!err) {
        nodes = calloc(have + 1u, sizeof(*nodes));
        err = nodes ? 0 : -ENOMEM;
    }
    for (uint32_t i = 0; !err && i < have; i++) {
        if (q->info[i].memsize != XEN_INVALID_MEM_SZ && q->info[i].memsize) {
            set_node(&nodes[used++], q, i, have);
        }
    }
    if (q) {
        hcall_free(pando->hcall, q, sizeof(*q));
    }
    if (err) {
        return pando_fail_hcall("asking what memory the nodes have", err);
    }
    add_cpus(pando, nodes, used);
    *list = nodes;
    *count = used;
    return PANDO_OK;
}

enum pando_code pando_domain_nodes(pando_t *pando, uint32_t domid, uint64_t **kib, size_t *count)
{
    uint64_t *list = calloc(PANDO_NODES_MAX, sizeof(*list));
    size_t have = PANDO_NODES_MAX;
    int err = list ? hcall_domain_nodes(pando->hcall, domid, list, &have) : -ENOMEM;

    if (!err && have > PANDO_NODES_MAX) {
        err = -EPROTO;
    }
    for (size_t i = 0; !err && i < have; i++) {
        list[i] *= XEN_PAGE_SIZE / 1024;
    }
    if (!err) {
        *kib = list;
        *count = have;
        return PANDO_OK;
    }
    free(list);
    if (err == -ESRCH) {
        return pando_fail_no_domain(domid);
    }
    if (err == -ENOSYS) {
        return pando_fail(PANDO_E_UNSUPPORTED, NULL,
                          "this hypervisor does not tell in which nodes a guest's memory is");
    }
    return pando_fail_hcall("asking in which nodes the guest's memory is", err);
}

enum pando_code pando_cache_check(pando_t *pando)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_psr_cmt_op };
    int err;

    op.u.psr_cmt_op.cmd = XEN_SYSCTL_PSR_CMT_enabled;
    err = hcall_sysctl(pando->hcall, &op);
    if (err == -ENOSYS) {
        return pando_fail(PANDO_E_UNSUPPORTED, NULL,
                          "this hypervisor does not measure cache and memory bandwidth");
    }
    if (err == -ENODEV || err == -EOPNOTSUPP || (!err && !op.u.psr_cmt_op.u.data)) {
        return pando_fail(PANDO_E_UNSUPPORTED, NULL,
                          "this CPU cannot measure who uses its caches and memory bandwidth "
                          "(Intel's RDT, AMD's PQOS)");
    }
    return err ? pando_fail_hcall("asking whether caches are measured", err) : PANDO_OK;
}
