/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "hcall.h"

/* Nodes asked for at the most; a hypervisor's answer is believed up to that. */
#define NODES_MAX 256u

/* Asks for what @count nodes have, into @info; *count becomes how many there are. */
static int get_nodes(pando_t *pando, xen_sysctl_meminfo_t *info, uint32_t *count)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_numainfo };
    int err;

    op.u.numainfo.num_nodes = *count;
    set_xen_guest_handle(op.u.numainfo.meminfo, info);
    err = hcall_sysctl(pando->hcall, &op);
    if (!err && op.u.numainfo.num_nodes > *count) {
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

enum pando_code pando_node_list(pando_t *pando, struct pando_node **list, size_t *count)
{
    size_t size = NODES_MAX * sizeof(xen_sysctl_meminfo_t);
    xen_sysctl_meminfo_t *info = hcall_alloc(pando->hcall, size);
    struct pando_node *nodes = NULL;
    uint32_t have = NODES_MAX, used = 0;
    int err = info ? get_nodes(pando, info, &have) : -ENOMEM;

    if (!err) {
        nodes = calloc(have + 1u, sizeof(*nodes));
        err = nodes ? 0 : -ENOMEM;
    }
    for (uint32_t i = 0; !err && i < have; i++) {
        if (info[i].memsize == XEN_INVALID_MEM_SZ || !info[i].memsize) {
            continue;
        }
        nodes[used].id = i;
        nodes[used].memory_kib = info[i].memsize >> 10;
        nodes[used].free_kib = info[i].memfree >> 10;
        used++;
    }
    if (info) {
        hcall_free(pando->hcall, info, size);
    }
    if (err) {
        return pando_fail_hcall("asking what memory the nodes have", err);
    }
    add_cpus(pando, nodes, used);
    *list = nodes;
    *count = used;
    return PANDO_OK;
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
