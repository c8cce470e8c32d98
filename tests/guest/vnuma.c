/* SPDX-License-Identifier: MIT */
/*
 * Virtual nodes: set for a domain by its builder, and told to it (XENMEM_get_vnumainfo). The
 * host has one node here; where memory comes from is a matter of tests/system/numa.t.
 */
#include "lib.h"
#include "../../hv/include/hv/numa_abi.h"

#define BOX_GFN (CHILD_BASE / PAGE_SIZE + 1) /* of the child, mapped by its parent */
#define HELLO   0x600df00d
#define NODES   2u
#define VCPUS   2u
#define RANGES  3u

/* What a domain is told of its nodes, and what it got for too little room. */
struct told {
    struct xen_vnuma_topology_info info, too_small;
    int64_t rc, too_small_rc, pad_rc, nowhere_rc, other_rc;
    unsigned int distance[NODES * NODES], vcpu_node[VCPUS];
    xen_vmemrange_t range[RANGES];
};

struct box {
    volatile uint32_t hello;
    struct told told;
};

static struct xen_vnuma_topology_info ask_into(struct told *t, domid_t d)
{
    struct xen_vnuma_topology_info x = {
        .domid = d, .nr_vnodes = NODES, .nr_vcpus = VCPUS, .nr_vmemranges = RANGES
    };

    set_xen_guest_handle(x.vdistance.h, t->distance);
    set_xen_guest_handle(x.vcpu_to_vnode.h, t->vcpu_node);
    set_xen_guest_handle(x.vmemrange.h, t->range);
    return x;
}

static void ask(struct told *t, domid_t d)
{
    struct xen_vnuma_topology_info x = ask_into(t, d);

    t->too_small = (struct xen_vnuma_topology_info){ .domid = d };
    t->too_small_rc = memory_op(XENMEM_get_vnumainfo, &t->too_small);
    x.pad = 1;
    t->pad_rc = memory_op(XENMEM_get_vnumainfo, &x);
    x = ask_into(t, d);
    set_xen_guest_handle(x.vmemrange.h, (void *)NON_CANONICAL);
    t->nowhere_rc = memory_op(XENMEM_get_vnumainfo, &x);
    t->info = ask_into(t, d);
    t->rc = memory_op(XENMEM_get_vnumainfo, &t->info);
    x = ask_into(t, 0);
    t->other_rc = memory_op(XENMEM_get_vnumainfo, &x);
}

void child_main(uint64_t arg)
{
    struct box *box = (struct box *)(BOX_GFN * PAGE_SIZE);

    ask(&box->told, DOMID_SELF);
    barrier();
    box->hello = HELLO;
    for (;;)
        yield();
}

/* --- the parent ------------------------------------------------------------------------------ */

struct nodes {
    unsigned int distance[NODES * NODES], vcpu_node[VCPUS], pnode[NODES];
    xen_vmemrange_t range[RANGES];
};

static const struct nodes sane = {
    .distance = { 10, 21, 31, 10 },
    .vcpu_node = { 1, 0 },
    .pnode = { 0, ~0u },
    .range = { { 0, 0x10000, 0, 0 }, { 0x10000, 0x40000, 0, 1 }, { 1UL << 32, 5UL << 30, 0, 1 } },
};

static long set(domid_t d, struct nodes *n, unsigned int nodes, unsigned int vcpus,
                unsigned int ranges)
{
    struct xen_domctl op = { .u.vnuma = {
                                 .nr_vnodes = nodes, .nr_vcpus = vcpus, .nr_vmemranges = ranges } };

    set_xen_guest_handle(op.u.vnuma.vdistance, n->distance);
    set_xen_guest_handle(op.u.vnuma.vcpu_to_vnode, n->vcpu_node);
    set_xen_guest_handle(op.u.vnuma.vnode_to_pnode, n->pnode);
    set_xen_guest_handle(op.u.vnuma.vmemrange, n->range);
    return domctl(XEN_DOMCTL_setvnumainfo, d, &op);
}

static void test_bad_nodes(domid_t d)
{
    struct nodes n = sane;

    CHECK_EQUAL(set(d, &n, 0, VCPUS, RANGES), -E_EINVAL, "no nodes");
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, 0), -E_EINVAL, "no memory");
    CHECK_EQUAL(set(d, &n, NODES, VCPUS + 1, RANGES), -E_EINVAL, "another number of vCPUs");
    CHECK_EQUAL(set(d, &n, ~0u, VCPUS, RANGES), -E_EINVAL, "too many nodes");
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, 1u << 30), -E_EINVAL, "too many ranges");
    n.vcpu_node[1] = NODES;
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), -E_EINVAL, "a vCPU in no node");
    n = sane;
    n.pnode[0] = 1;
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), -E_EINVAL, "in a node that the host lacks");
    n = sane;
    n.range[2].nid = NODES;
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), -E_EINVAL, "memory in no node");
    n = sane;
    n.range[2].end = n.range[2].start;
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), -E_EINVAL, "a range of nothing");
    CHECK_EQUAL(set(d, (struct nodes *)NON_CANONICAL, NODES, VCPUS, RANGES), -E_EFAULT,
                "from nowhere");
}

static void check_told(const struct told *t, const char *whom)
{
    CHECK_EQUAL(t->rc, 0, "%s is told", whom);
    CHECK_EQUAL(t->info.nr_vnodes, NODES, "nodes");
    CHECK_EQUAL(t->info.nr_vcpus, VCPUS, "vCPUs");
    CHECK_EQUAL(t->info.nr_vmemranges, RANGES, "ranges");
    CHECK(!memcmp(t->distance, sane.distance, sizeof(t->distance)), "the distances");
    CHECK(!memcmp(t->vcpu_node, sane.vcpu_node, sizeof(t->vcpu_node)), "each vCPU's node");
    CHECK(!memcmp(t->range, sane.range, sizeof(t->range)), "where its memory is");
    CHECK_EQUAL(t->too_small_rc, -E_ENOBUFS, "%s has too little room", whom);
    CHECK_EQUAL(t->too_small.nr_vnodes, NODES, "is told for how many nodes");
    CHECK_EQUAL(t->too_small.nr_vcpus, VCPUS, "for how many vCPUs");
    CHECK_EQUAL(t->too_small.nr_vmemranges, RANGES, "for how many ranges");
    CHECK_EQUAL(t->pad_rc, -E_EINVAL, "padding is no field");
    CHECK_EQUAL(t->nowhere_rc, -E_EFAULT, "into nowhere");
}

static uint64_t frames_of(domid_t d)
{
    struct xen_sysctl op = { 0 };
    struct pando_sysctl_domain_nodes *n = (void *)&op.u;
    uint64_t frames[4] = { 0 };

    *n = (struct pando_sysctl_domain_nodes){ .version = PANDO_DOMAIN_NODES_VERSION,
                                             .domid = d,
                                             .max_nodes = ARRAY_SIZE(frames),
                                             .buffer = (uint64_t)frames };
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_domain_nodes, &op), 0, "where its memory is");
    CHECK_EQUAL(n->nr_nodes, 1, "the host has one node");
    return frames[0];
}

static void test_bad_questions(void)
{
    struct xen_sysctl op = { 0 };
    struct pando_sysctl_domain_nodes *n = (void *)&op.u;

    n->domid = 77;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_domain_nodes, &op), -E_EOPNOTSUPP, "of another version");
    n->version = PANDO_DOMAIN_NODES_VERSION;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_domain_nodes, &op), -E_ESRCH, "of a domain there isn't");
    n->domid = 0;
    n->max_nodes = ~0u;
    n->buffer = (uint64_t)NON_CANONICAL;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_domain_nodes, &op), -E_EFAULT, "to nowhere");
}

/* What was set, and set again, goes with the domain. */
static void test_nothing_stays(void)
{
    uint64_t before;

    do { /* until the earlier ones' structures have gone */
        before = host_free_pages();
        WAIT_FOR(false, 500);
    } while (host_free_pages() != before);
    for (int i = 0; i < 8; i++) {
        domid_t d = (domid_t)domain_create(VCPUS, 64);
        struct nodes n = sane;

        CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), 0, "nodes");
        CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), 0, "others");
        domain_destroy(d);
        CHECK(domain_gone(d), "it is gone");
    }
    /* A CPU that fills its cache hides frames for a moment. */
    CHECK(WAIT_FOR(host_free_pages() == before, 10000), "every frame came back");
}

void test_main(void)
{
    struct xen_vnuma_topology_info x = { .domid = DOMID_SELF };
    domid_t d = (domid_t)domain_create(VCPUS, 64);
    struct nodes n = sane;
    struct told t = { 0 };
    struct box *box;

    events_init();
    wait_yields = true;
    CHECK_EQUAL(memory_op(XENMEM_get_vnumainfo, &x), -E_EOPNOTSUPP, "dom0 has no virtual nodes");
    test_bad_nodes(d);
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), 0, "two nodes");
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), 0, "and once more");
    n.pnode[0] = 1;
    CHECK_EQUAL(set(d, &n, NODES, VCPUS, RANGES), -E_EINVAL, "then none that can't be");
    ask(&t, d);
    check_told(&t, "the tool");
    CHECK_EQUAL(t.other_rc, -E_EOPNOTSUPP, "of itself there is nothing");
    CHECK_EQUAL(domain_start(d, 0), 0, "the child starts");
    box = foreign_map(d, BOX_GFN);
    if (!box)
        die("the child's page can't be mapped");
    CHECK(WAIT_FOR(box->hello == HELLO, 3000), "the child comes up");
    check_told(&box->told, "the child");
    CHECK_EQUAL(box->told.other_rc, -E_EPERM, "not about others");
    CHECK(frames_of(d) > 0, "it has memory");
    test_bad_questions();
    foreign_unmap(box);
    domain_destroy(d);
    CHECK(domain_gone(d), "it is gone");
    test_nothing_stays();
}
