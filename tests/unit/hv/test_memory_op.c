/* SPDX-License-Identifier: MIT */
/* memory_op on the real allocator and p2m: results, accounts, references, preemption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/grant.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/numa.h>
#include <hv/vnuma.h>

#include "fake_mem.h"
#include "x86/x86.h"
#include "x86/mm/p2m_x86.h"

#define GRANT_FRAMES 4u

struct boot_info boot_info = {
    .nr_mem = 2, .mem = { { 0, 0xa0000, BOOT_MEM_RAM }, { 0x100000, 0x8000000, BOOT_MEM_RAM } }
};

struct acpi_host acpi_host;

static struct domain *host, *guest, *other;
static struct vcpu vcpus[3];
static struct arch_domain arch[3];
static unsigned int flushes, preempt_every, preempt_calls;
static struct page_info *grant_frames[3][GRANT_FRAMES];
static uint64_t free_before;

/* --- fakes: guest addresses are host pointers; address 0 and a page that faults --- */

static bool refused(uint64_t va)
{
    return va < PAGE_SIZE;
}

int copy_from_guest_va(void *dst, vaddr_t src, size_t len)
{
    if (refused(src))
        return -EFAULT;
    memcpy(dst, (const void *)src, len);
    return 0;
}

int copy_to_guest_va(vaddr_t dst, const void *src, size_t len)
{
    if (refused(dst))
        return -EFAULT;
    memcpy((void *)dst, src, len);
    return 0;
}

void arch_p2m_flush(struct domain *d)
{
    flushes++;
}

bool hypercall_preempt_check(void)
{
    return preempt_every && ++preempt_calls % preempt_every == 0;
}

int hypercall_continue(unsigned int n, ...)
{
    va_list ap;

    va_start(ap, n);
    current->hcall.args[0] = va_arg(ap, uint64_t);
    va_end(ap);
    return -ERESTART;
}

struct domain *domain_get_or_self(domid_t domid)
{
    return domain_get(domid == DOMID_SELF ? current->domain->domid : domid);
}

int permission_control(const struct domain *target)
{
    return current->domain->is_privileged ? 0 : -EPERM;
}

int permission_host(void)
{
    return current->domain->is_privileged ? 0 : -EPERM;
}

int grant_table_frame(struct domain *d, unsigned int idx, bool status, mfn_t *m)
{
    if (idx >= GRANT_FRAMES || status)
        return -EINVAL;
    *m = page_to_mfn(grant_frames[d->domid][idx]);
    return 0;
}

unsigned int grant_table_max_frames(const struct domain *d, bool status)
{
    return status ? 1 : GRANT_FRAMES;
}

/* --- a small world ------------------------------------------------------------------ */

static struct domain *domain_up(domid_t domid, unsigned int max_pages)
{
    struct domain *d = fake_domain_new(domid);

    d->max_pages = max_pages;
    d->arch = &arch[domid];
    memset(d->arch, 0, sizeof(*d->arch));
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    assert_int_equal(p2m_init(d), 0);
    d->shared_info_page = page_alloc(0, 0);
    assert_int_equal(domain_share_page(d, d->shared_info_page), 0);
    for (unsigned int i = 0; i < GRANT_FRAMES; i++) {
        grant_frames[domid][i] = page_alloc(0, 0);
        assert_int_equal(domain_share_page(d, grant_frames[domid][i]), 0);
    }
    vcpus[domid].domain = d;
    return d;
}

static void domain_unmap(struct domain *d)
{
    d->dying = DOMAIN_DYING;
    domain_claim_pages(d, 0);
    assert_int_equal(p2m_teardown(d), 0);
    domain_unshare_page(d, d->shared_info_page);
    for (unsigned int i = 0; i < GRANT_FRAMES; i++)
        domain_unshare_page(d, grant_frames[d->domid][i]);
}

static void domain_down(struct domain *d)
{
    p2m_free(d);
    hv_free(d->arch->e820);
    fake_domain_delete(d);
}

static int group_set_up(void **state)
{
    fake_mem_setup();
    return 0;
}

static int set_up(void **state)
{
    fake_mem_settle();
    free_before = page_alloc_free(-1);
    host = domain_up(0, 3000);
    host->is_privileged = true;
    guest = domain_up(1, 2000);
    other = domain_up(2, 2000);
    fake_cpu.curr = &vcpus[1];
    preempt_every = preempt_calls = 0;
    return 0;
}

/* Whatever a test did: everything comes back. */
static int tear_down(void **state)
{
    fake_cpu.curr = &vcpus[0];
    preempt_every = 0;
    domain_unmap(host);
    domain_unmap(guest);
    domain_unmap(other);
    domain_down(host);
    domain_down(guest);
    domain_down(other);
    fake_cpu.curr = NULL;
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), free_before);
    assert_int_equal(page_alloc_claimed(), 0);
    return 0;
}

static void be(struct domain *d)
{
    fake_cpu.curr = &vcpus[d->domid];
}

static long op(unsigned long cmd, void *arg)
{
    long rc;

    current->hcall.args[0] = cmd;
    do
        rc = do_memory_op(current->hcall.args[0], (XEN_GUEST_HANDLE(void)){ arg });
    while (rc == -ERESTART);
    return rc;
}

static long reservation(unsigned int cmd, domid_t domid, xen_pfn_t *list, unsigned long nr,
                        unsigned int order, unsigned int flags)
{
    struct xen_memory_reservation r = {
        .nr_extents = nr, .extent_order = order, .mem_flags = flags, .domid = domid
    };

    r.extent_start.p = list;
    return op(cmd, &r);
}

static long populate(domid_t domid, uint64_t g, unsigned int order)
{
    return reservation(XENMEM_populate_physmap, domid, &g, 1, order, 0);
}

static long decrease(domid_t domid, uint64_t g, unsigned int order)
{
    return reservation(XENMEM_decrease_reservation, domid, &g, 1, order, 0);
}

static enum p2m_type type_at(struct domain *d, uint64_t g)
{
    enum p2m_type t;

    p2m_lookup(d, gfn(g), &t, NULL);
    return t;
}

static long add(domid_t domid, unsigned int space, uint64_t idx, uint64_t g)
{
    struct xen_add_to_physmap x = { .domid = domid, .space = space, .idx = idx, .gpfn = g };

    return op(XENMEM_add_to_physmap, &x);
}

static long remove_from(domid_t domid, uint64_t g)
{
    struct xen_remove_from_physmap x = { .domid = domid, .gpfn = g };

    return op(XENMEM_remove_from_physmap, &x);
}

/* --- growing and shrinking ---------------------------------------------------------------- */

static void test_populate_and_decrease(void **state)
{
    unsigned int order;

    assert_int_equal(populate(DOMID_SELF, 0x400, ORDER_2M), 1);
    assert_int_equal(guest->tot_pages, 512);
    p2m_lookup(guest, gfn(0x400), NULL, &order);
    assert_int_equal(order, ORDER_2M);
    assert_int_equal(populate(1, 0x7, 0), 1);
    assert_int_equal(populate(DOMID_SELF, 0x801, 2), 1); /* not aligned: page by page */
    assert_int_equal(guest->tot_pages, 517);
    flushes = 0;
    assert_int_equal(decrease(DOMID_SELF, 0x400, ORDER_2M), 1);
    assert_int_equal(flushes, 1);
    assert_int_equal(decrease(DOMID_SELF, 0x7, 0), 1);
    assert_int_equal(decrease(DOMID_SELF, 0x7, 0), 0); /* a hole by now */
    assert_int_equal(decrease(DOMID_SELF, 0x802, 0), 1);
    assert_int_equal(guest->tot_pages, 3);
    assert_int_equal(type_at(guest, 0x802), p2m_invalid);
    assert_int_equal(type_at(guest, 0x803), p2m_ram_rw);
}

static void test_new_memory_is_zeroed(void **state)
{
    struct page_info *pg;
    char *p;

    assert_int_equal(populate(DOMID_SELF, 5, 0), 1);
    pg = p2m_get_page(guest, gfn(5), NULL);
    p = page_to_virt(pg);
    memset(p, 0x42, PAGE_SIZE);
    page_put(pg);
    assert_int_equal(decrease(DOMID_SELF, 5, 0), 1);
    assert_int_equal(populate(DOMID_SELF, 6, 0), 1);
    p = mfn_to_virt(p2m_lookup(guest, gfn(6), NULL, NULL));
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(p[i], 0);
}

/* Populating over memory replaces it; nothing is lost on the way. */
static void test_populate_over_memory(void **state)
{
    assert_int_equal(populate(DOMID_SELF, 0x400, 3), 1);
    assert_int_equal(populate(DOMID_SELF, 0x402, 0), 1);
    assert_int_equal(guest->tot_pages, 8);
    assert_int_equal(populate(DOMID_SELF, 0x400, ORDER_2M), 1);
    assert_int_equal(guest->tot_pages, 512);
    p2m_set(guest, gfn(9), mfn(0xfee00), 0, p2m_mmio_direct);
    assert_int_equal(populate(DOMID_SELF, 9, 0), 0);
    assert_int_equal(type_at(guest, 9), p2m_mmio_direct);
    assert_int_equal(guest->tot_pages, 512);
}

static void test_many_extents_with_preemption(void **state)
{
    static xen_pfn_t list[500];

    for (unsigned int i = 0; i < 500; i++)
        list[i] = 3 * i;
    preempt_every = 7;
    assert_int_equal(reservation(XENMEM_populate_physmap, DOMID_SELF, list, 500, 0, 0), 500);
    assert_int_equal(guest->tot_pages, 500);
    list[300] = 0x123456; /* a hole: it ends there */
    flushes = 0;
    assert_int_equal(reservation(XENMEM_decrease_reservation, DOMID_SELF, list, 500, 0, 0), 300);
    assert_int_equal(guest->tot_pages, 200);
    assert_true(flushes < 60); /* not one for each page */
}

static void test_limits(void **state)
{
    static xen_pfn_t list[4000];

    for (unsigned int i = 0; i < 4000; i++)
        list[i] = i;
    assert_int_equal(reservation(XENMEM_populate_physmap, DOMID_SELF, list, 4000, 0, 0), 2000);
    assert_int_equal(guest->tot_pages, 2000);
    assert_int_equal(reservation(XENMEM_populate_physmap, DOMID_SELF, NULL, 1, 0, 0), 0);
    assert_int_equal(op(XENMEM_populate_physmap, NULL), 0);
    assert_int_equal(populate(DOMID_SELF, 0, ORDER_1G), 0); /* not for an ordinary guest */
    assert_int_equal(decrease(DOMID_SELF, 0, 64), 0);
    list[0] = ~0UL;
    assert_int_equal(reservation(XENMEM_decrease_reservation, DOMID_SELF, list, 1, 0, 0), 0);
    list[0] = 1UL << 50;
    assert_int_equal(reservation(XENMEM_decrease_reservation, DOMID_SELF, list, 1, 0, 0), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, DOMID_SELF, list, ~0UL, 0, 0), 0);
    assert_int_equal(reservation(XENMEM_increase_reservation, DOMID_SELF, list, 1, 0, 0), 0);
    assert_int_equal(guest->tot_pages, 2000);
}

static void test_flags(void **state)
{
    xen_pfn_t g = 0x1000;

    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_exact_node(0)), 1);
    assert_true(p2m_lookup(guest, gfn(g), NULL, NULL).v < FAKE_NODE0_END);
    assert_int_equal(reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0,
                                 XENMEMF_node(1) | XENMEMF_address_bits(32)),
                     1);
    assert_in_range(p2m_lookup(guest, gfn(g), NULL, NULL).v, FAKE_NODE1_START, FAKE_NODE1_END);
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_exact_node(9)), 0);
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_populate_on_demand), 0);
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_address_bits(24)), 0);
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_address_bits(255)), 1);
}

/* setnodeaffinity: what the caller does not say, the domain's nodes do. */
static void test_node_affinity(void **state)
{
    xen_pfn_t g = 0x1000;

    guest->node_affinity = 1 << 1;
    assert_int_equal(populate(DOMID_SELF, g, 0), 1);
    assert_true(p2m_lookup(guest, gfn(g), NULL, NULL).v >= FAKE_NODE1_START);
    guest->node_affinity = 1 << 0;
    assert_int_equal(populate(DOMID_SELF, g, 0), 1);
    assert_true(p2m_lookup(guest, gfn(g), NULL, NULL).v < FAKE_NODE0_END);
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_exact_node(1)), 1);
    assert_true(p2m_lookup(guest, gfn(g), NULL, NULL).v >= FAKE_NODE1_START);
}

/* The vCPUs' CPUs say which nodes, until a tool does. */
static void test_node_affinity_of_vcpus(void **state)
{
    struct vcpu *list[2] = { &vcpus[1], &vcpus[2] };
    static struct cpu cpu1 = { .node = 1 };

    guest->vcpu = list;
    guest->max_vcpus = 2;
    cpus[1] = &cpu1;
    nr_cpus = 2;
    for (unsigned int i = 0; i < 2; i++)
        list[i]->hard_affinity[0] = list[i]->soft_affinity[0] = ~0UL;
    numa_update_affinity(guest);
    assert_int_equal(guest->node_affinity, 3);
    list[0]->soft_affinity[0] = list[1]->soft_affinity[0] = 1 << 1;
    numa_update_affinity(guest);
    assert_int_equal(guest->node_affinity, 2);
    list[1]->hard_affinity[0] = 1 << 0; /* what it can't have, it doesn't prefer */
    numa_update_affinity(guest);
    assert_int_equal(guest->node_affinity, 3);
    assert_int_equal(numa_set_affinity(guest, 4), -EINVAL);
    assert_int_equal(numa_set_affinity(guest, 5), 0);
    numa_update_affinity(guest);
    assert_int_equal(guest->node_affinity, 1);
    list[1]->hard_affinity[0] = 1 << 1;
    assert_int_equal(numa_set_affinity(guest, 3), 0); /* as the vCPUs have it, again */
    assert_int_equal(guest->node_affinity, 2);
    nr_cpus = 1;
    guest->vcpu = NULL;
    guest->max_vcpus = 0;
}

/* The node's memory, then another's; of a large extent, nothing of another's. */
static void test_memory_of_a_full_node(void **state)
{
    static xen_pfn_t list[4096];
    uint64_t free0;

    be(host);
    other->node_affinity = 1;
    other->max_pages = 6000;
    free0 = page_alloc_free(0);
    for (unsigned int i = 0; i < 4096; i++)
        list[i] = 0x10000 + i;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, list, free0 + 100, 0, 0), free0 + 100);
    assert_in_range(other->node_pages[0], free0 - 8, free0);
    assert_int_equal(other->node_pages[0] + other->node_pages[1], other->tot_pages);
    assert_int_equal(reservation(XENMEM_decrease_reservation, 2, list, free0 + 100, 0, 0),
                     free0 + 100);
    assert_int_equal(other->node_pages[0] + other->node_pages[1], 0);
}

/* --- virtual nodes ---------------------------------------------------------------------------- */

struct nodes {
    unsigned int distance[4], vcpu_node[3], pnode[2];
    xen_vmemrange_t range[3];
    struct xen_domctl_vnuma op;
};

static void nodes_init(struct nodes *n)
{
    *n = (struct nodes){ .distance = { 10, 21, 21, 10 },
                         .vcpu_node = { 0, 1, 1 },
                         .pnode = { 1, 0 },
                         .range = { { 0, 0x100000, 0, 0 },
                                    { 0x100000, 0x200000, 0, 1 },
                                    { 0x100000000, 0x100100000, 0, 1 } },
                         .op = { .nr_vnodes = 2, .nr_vmemranges = 3, .nr_vcpus = 3 } };
    n->op.vdistance.p = n->distance;
    n->op.vcpu_to_vnode.p = n->vcpu_node;
    n->op.vnode_to_pnode.p = n->pnode;
    n->op.vmemrange.p = n->range;
}

static void test_setting_virtual_nodes(void **state)
{
    struct nodes n;

    acpi_host.nr_nodes = 2;
    guest->max_vcpus = 3;
    nodes_init(&n);
#define REFUSED(change)                                                                            \
    nodes_init(&n);                                                                                \
    change;                                                                                        \
    assert_int_equal(vnuma_set(guest, &n.op), -EINVAL)
    REFUSED(n.op.nr_vnodes = 0);
    REFUSED(n.op.nr_vmemranges = 0);
    REFUSED(n.op.nr_vcpus = 2);
    REFUSED(n.op.pad = 1);
    REFUSED(n.op.nr_vnodes = VNUMA_MAX_NODES + 1);
    REFUSED(n.op.nr_vmemranges = VNUMA_MAX_RANGES + 1);
    REFUSED(n.op.nr_vnodes = ~0u);
    REFUSED(n.vcpu_node[2] = 2);
    REFUSED(n.pnode[1] = 2);
    REFUSED(n.range[0].flags = 1);
    REFUSED(n.range[0].nid = 2);
    REFUSED(n.range[1].end = n.range[1].start);
    nodes_init(&n);
    n.op.vmemrange.p = NULL;
    assert_int_equal(vnuma_set(guest, &n.op), -EFAULT);
    assert_int_equal(vnuma_pnode(guest, 9), VNUMA_ANY_NODE);
    nodes_init(&n);
    n.pnode[1] = ~0u;
    assert_int_equal(vnuma_set(guest, &n.op), 0);
    assert_int_equal(vnuma_pnode(guest, 0), 1);
    assert_int_equal(vnuma_pnode(guest, 1), VNUMA_ANY_NODE);
    assert_int_equal(vnuma_pnode(guest, 2), -EINVAL);
    vnuma_free(guest);
}

static void test_telling_of_virtual_nodes(void **state)
{
    struct nodes n, told = { .distance = { 0 } };
    struct xen_vnuma_topology_info x = { .domid = DOMID_SELF };

    acpi_host.nr_nodes = 2;
    guest->max_vcpus = 3;
    assert_int_equal(op(XENMEM_get_vnumainfo, &x), -EOPNOTSUPP);
    nodes_init(&n);
    assert_int_equal(vnuma_set(guest, &n.op), 0);
    assert_int_equal(vnuma_set(guest, &n.op), 0);
    x.pad = 1;
    assert_int_equal(op(XENMEM_get_vnumainfo, &x), -EINVAL);
    x.pad = 0;
    x.nr_vnodes = 2;
    x.nr_vcpus = 3;
    x.nr_vmemranges = 2; /* one too few */
    x.vdistance.h.p = told.distance;
    x.vcpu_to_vnode.h.p = told.vcpu_node;
    x.vmemrange.h.p = told.range;
    assert_int_equal(op(XENMEM_get_vnumainfo, &x), -ENOBUFS);
    assert_int_equal(x.nr_vnodes, 2);
    assert_int_equal(x.nr_vcpus, 3);
    assert_int_equal(x.nr_vmemranges, 3);
    assert_int_equal(told.distance[0], 0);
    x.nr_vcpus = 100;
    assert_int_equal(op(XENMEM_get_vnumainfo, &x), 0);
    assert_int_equal(x.nr_vcpus, 3);
    assert_memory_equal(told.distance, n.distance, sizeof(n.distance));
    assert_memory_equal(told.vcpu_node, n.vcpu_node, sizeof(n.vcpu_node));
    assert_memory_equal(told.range, n.range, sizeof(n.range));
    x.vmemrange.h.p = NULL;
    assert_int_equal(op(XENMEM_get_vnumainfo, &x), -EFAULT);
    x.domid = 2;
    assert_int_equal(op(XENMEM_get_vnumainfo, &x), -EPERM);
    vnuma_free(guest);
}

/* Memory for a virtual node comes from the host's node that it is on. */
static void test_memory_of_virtual_nodes(void **state)
{
    xen_pfn_t g = 0x1000;
    struct nodes n;

    acpi_host.nr_nodes = 2;
    guest->max_vcpus = 3;
    nodes_init(&n);
    assert_int_equal(vnuma_set(guest, &n.op), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0,
                                 XENMEMF_exact_node(0) | XENMEMF_vnode),
                     1);
    assert_int_equal(guest->node_pages[1], 1);
    g++;
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_node(1) | XENMEMF_vnode),
        1);
    assert_int_equal(guest->node_pages[0], 1);
    assert_int_equal(
        reservation(XENMEM_populate_physmap, DOMID_SELF, &g, 1, 0, XENMEMF_node(2) | XENMEMF_vnode),
        0);
    vnuma_free(guest);
}

static void test_permissions(void **state)
{
    struct xen_memory_domain dom = { .domid = 2 };
    struct xen_mem_acquire_resource res = { .domid = 2 };

    assert_int_equal(populate(2, 0, 0), -EPERM);
    assert_int_equal(decrease(2, 0, 0), -EPERM);
    assert_int_equal(add(2, XENMAPSPACE_shared_info, 0, 5), -EPERM);
    assert_int_equal(remove_from(2, 5), -EPERM);
    assert_int_equal(op(XENMEM_current_reservation, &dom), -EPERM);
    assert_int_equal(op(XENMEM_acquire_resource, &res), -EPERM);
    assert_int_equal(populate(7, 0, 0), 0);
    assert_int_equal(add(7, XENMAPSPACE_shared_info, 0, 5), -ESRCH);
    be(host);
    assert_int_equal(populate(2, 0, 0), 1);
    assert_int_equal(op(XENMEM_current_reservation, &dom), 1);
    other->dying = DOMAIN_DYING;
    assert_int_equal(populate(2, 1, 0), 0);
    assert_int_equal(op(XENMEM_current_reservation, &dom), -ESRCH);
}

#define MODEL_GFNS 1024u

/* A guest that moves memory in and out at random; the account agrees with a bitmap. */
static void test_random_against_a_model(void **state)
{
    static bool there[MODEL_GFNS];
    unsigned int pages = 0;

    memset(there, 0, sizeof(there));
    fake_seed = 99;
    for (unsigned int step = 0; step < 6000; step++) {
        unsigned int order = fake_random() % 4 ? 0 : fake_random() % 10;
        uint64_t g = fake_random() % MODEL_GFNS >> order << order, n = 1UL << order;
        unsigned int present = 0;

        for (uint64_t i = 0; i < n; i++)
            present += there[g + i];
        if (fake_random() % 2) {
            if (pages - present + n > 2000)
                continue;
            if (pages + n > 2000)
                continue;
            assert_int_equal(populate(DOMID_SELF, g, order), 1);
            pages += n - present;
            memset(&there[g], true, n);
        } else if (present == n) {
            assert_int_equal(decrease(DOMID_SELF, g, order), 1);
            pages -= n;
            memset(&there[g], false, n);
        } else if (!order) {
            assert_int_equal(decrease(DOMID_SELF, g, order), 0);
        }
        assert_int_equal(guest->tot_pages, pages);
        g = fake_random() % MODEL_GFNS;
        assert_int_equal(type_at(guest, g), there[g] ? p2m_ram_rw : p2m_invalid);
    }
}

/* --- placing things ---------------------------------------------------------------------- */

static void test_shared_info_and_grant_frames(void **state)
{
    assert_int_equal(populate(DOMID_SELF, 0x10, 0), 1);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 0, 0x10), 0); /* memory gives way */
    assert_int_equal(guest->tot_pages, 0);
    assert_int_equal(p2m_lookup(guest, gfn(0x10), NULL, NULL).v,
                     page_to_mfn(guest->shared_info_page).v);
    assert_int_equal(guest->shared_info_page->refs, 2);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_shared_info, 1, 0x11), -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 2, 0x10), 0);
    assert_int_equal(guest->shared_info_page->refs, 1);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, GRANT_FRAMES, 0x12), -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 1UL << 32, 0x12), -EINVAL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_grant_table, 0, 1UL << 45), -EINVAL);
    assert_int_equal(grant_frames[1][0]->refs, 1);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn_foreign, 0, 0x12), -ENOSYS);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_dev_mmio, 0, 0x12), -EINVAL);
    assert_int_equal(decrease(DOMID_SELF, 0x10, 0), 0); /* not the guest's memory */
    assert_int_equal(remove_from(DOMID_SELF, 0x10), 0);
    assert_int_equal(grant_frames[1][2]->refs, 1);
    assert_int_equal(remove_from(DOMID_SELF, 0x10), -ENOENT);
    assert_int_equal(remove_from(DOMID_SELF, ~0UL), -ENOENT);
}

static void test_moving_pages(void **state)
{
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_range, .idx = 0, .gpfn = 100, .size = 20
    };
    mfn_t m;

    assert_int_equal(populate(DOMID_SELF, 0, 4), 1);
    m = p2m_lookup(guest, gfn(3), NULL, NULL);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, 3, 77), 0);
    assert_int_equal(p2m_lookup(guest, gfn(77), NULL, NULL).v, m.v);
    assert_int_equal(type_at(guest, 3), p2m_invalid);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, 3, 77), -EINVAL); /* nothing there */
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, 77, 77), 0);
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, 77, 3), 0);
    assert_int_equal(guest->tot_pages, 16);
    preempt_every = 3;
    assert_int_equal(op(XENMEM_add_to_physmap, &x), -EINVAL); /* 16 of 20 are there */
    assert_int_equal(type_at(guest, 115), p2m_ram_rw);
    assert_int_equal(type_at(guest, 15), p2m_invalid);
    assert_int_equal(guest->tot_pages, 16);
    /* Out of the guest's reach: it stays where it was. */
    assert_int_equal(add(DOMID_SELF, XENMAPSPACE_gmfn, 115, 1UL << 45), -EINVAL);
    assert_int_equal(type_at(guest, 115), p2m_ram_rw);
    assert_int_equal(guest->tot_pages, 16);
}

static void test_foreign_mappings(void **state)
{
    xen_ulong_t idxs[4] = { 5, 6, 0x9999, 7 };
    xen_pfn_t gpfns[4] = { 0x100, 0x101, 0x102, 0x103 };
    int errs[4] = { 1, 1, 1, 1 };
    struct xen_add_to_physmap_batch x = { .domid = DOMID_SELF,
                                          .space = XENMAPSPACE_gmfn_foreign,
                                          .size = 4 };
    struct page_info *pg;

    x.u.foreign_domid = 1;
    x.idxs.p = idxs;
    x.gpfns.p = gpfns;
    x.errs.p = errs;
    populate(DOMID_SELF, 5, 0);
    populate(DOMID_SELF, 6, 0);
    p2m_set(guest, gfn(7), mfn(0xfee00), 0, p2m_mmio_direct);
    x.u.foreign_domid = 2;
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), -EPERM);
    x.u.foreign_domid = 1;
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), -EPERM);

    be(host);
    preempt_every = 2;
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), 0);
    assert_int_equal(errs[0], 0);
    assert_int_equal(errs[1], 0);
    assert_int_equal(errs[2], -EINVAL);
    assert_int_equal(errs[3], -EINVAL);
    assert_int_equal(type_at(host, 0x101), p2m_foreign);
    pg = p2m_get_page(host, gfn(0x100), NULL);
    assert_int_equal(pg->owner, 1);
    page_put(pg);
    assert_int_equal(pg->refs, 2);

    /* The guest gives it up; dom0 still has it until it unmaps. */
    be(guest);
    assert_int_equal(decrease(DOMID_SELF, 5, 0), 1);
    assert_int_equal(guest->tot_pages, 2);
    be(host);
    assert_int_equal(remove_from(DOMID_SELF, 0x100), 0);
    assert_int_equal(guest->tot_pages, 1);

    x.u.foreign_domid = 0; /* the caller itself */
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), 0);
    assert_int_equal(errs[1], -EINVAL);
    x.u.foreign_domid = 7;
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), -ESRCH);
    x.u.foreign_domid = 1;
    x.errs.p = NULL;
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), -EFAULT);
    x.space = XENMAPSPACE_gmfn_range;
    assert_int_equal(op(XENMEM_add_to_physmap_batch, &x), -EINVAL);
    /* 0x101 stays mapped: teardown gives it back. */
}

static void test_acquire_resource(void **state)
{
    xen_pfn_t list[3] = { 0x200, 0x201, 1UL << 45 };
    struct xen_mem_acquire_resource x = { .domid = 1, .type = XENMEM_resource_grant_table };

    be(host);
    assert_int_equal(op(XENMEM_acquire_resource, &x), 0);
    assert_int_equal(x.nr_frames, GRANT_FRAMES);
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EINVAL); /* frames, but no list */
    x.frame_list.p = list;
    x.nr_frames = 2;
    x.frame = 1;
    assert_int_equal(op(XENMEM_acquire_resource, &x), 0);
    assert_int_equal(p2m_lookup(host, gfn(0x201), NULL, NULL).v, page_to_mfn(grant_frames[1][2]).v);
    assert_int_equal(remove_from(DOMID_SELF, 0x201), 0);
    x.nr_frames = 3;
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EIO); /* the third has nowhere to go */
    x.frame = 3;
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EINVAL);
    x.frame = ~0UL;
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EINVAL);
    x.id = 9;
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EINVAL);
    x.type = XENMEM_resource_ioreq_server;
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EOPNOTSUPP);
    x.pad = 1;
    assert_int_equal(op(XENMEM_acquire_resource, &x), -EINVAL);
}

/* --- figures --------------------------------------------------------------------------------- */

static void test_figures(void **state)
{
    struct xen_memory_domain dom = { .domid = DOMID_SELF };
    struct xen_pod_target pod = { .domid = 1, .target_pages = 100 };
    struct xen_reserved_device_memory_map rdm = { .nr_entries = 5, .flags = XENMEM_RDM_ALL };

    populate(DOMID_SELF, 0x321, 0);
    assert_int_equal(op(XENMEM_current_reservation, &dom), 1);
    assert_int_equal(op(XENMEM_maximum_reservation, &dom), 2000);
    assert_int_equal(op(XENMEM_maximum_gpfn, &dom), 0x321);
    assert_int_equal(op(XENMEM_maximum_gpfn, NULL), -EFAULT);
    assert_int_equal(op(XENMEM_maximum_ram_page, NULL), FAKE_HIGH_END - 1);
    assert_int_equal(op(XENMEM_get_sharing_freed_pages, NULL), 0);
    assert_int_equal(op(XENMEM_get_vnumainfo, NULL), -EFAULT);
    assert_int_equal(op(XENMEM_exchange, NULL), -ENOSYS);
    assert_int_equal(op(XENMEM_sharing_op, NULL), -ENOSYS);
    assert_int_equal(op(63, NULL), -ENOSYS);
    assert_int_equal(op(XENMEM_set_pod_target, &pod), -EPERM);
    assert_int_equal(op(XENMEM_reserved_device_memory_map, &rdm), -EPERM);
    be(host);
    assert_int_equal(op(XENMEM_set_pod_target, &pod), 0);
    assert_int_equal(op(XENMEM_get_pod_target, &pod), 0);
    assert_int_equal(pod.tot_pages, 1);
    assert_int_equal(pod.pod_entries, 0);
    pod.target_pages = 2001;
    assert_int_equal(op(XENMEM_set_pod_target, &pod), -EINVAL);
    assert_int_equal(op(XENMEM_reserved_device_memory_map, &rdm), 0);
    assert_int_equal(rdm.nr_entries, 0);
}

static void test_claims(void **state)
{
    be(host);
    assert_int_equal(reservation(XENMEM_claim_pages, 1, NULL, 1000, 0, 0), 0);
    assert_int_equal(page_alloc_claimed(), 1000);
    assert_int_equal(reservation(XENMEM_claim_pages, 1, NULL, 1000, 1, 0), -EINVAL);
    assert_int_equal(reservation(XENMEM_claim_pages, 1, NULL, 0, 0, 0), 0);
    assert_int_equal(page_alloc_claimed(), 0);
    assert_int_equal(reservation(XENMEM_claim_pages, 1, NULL, 1000, 0, 0), 0);
    be(guest);
    assert_int_equal(reservation(XENMEM_claim_pages, 1, NULL, 100, 0, 0), -EPERM);
}

static void test_memory_maps(void **state)
{
    struct {
        uint64_t start, size;
        uint32_t type;
    } __packed e[4] = { { 0, 0x9f000, 1 }, { 0x100000, 0x700000, 1 }, { 0xfeff8000, 0x8000, 2 } };
    struct xen_foreign_memory_map set = { .domid = 1, .map = { .nr_entries = 3 } };
    struct xen_memory_map map = { .nr_entries = 2 };

    set.map.buffer.p = e;
    map.buffer.p = e;
    assert_int_equal(op(XENMEM_memory_map, &map), -ENOSYS); /* none was set */
    assert_int_equal(op(XENMEM_machine_memory_map, &map), -EPERM);
    be(host);
    assert_int_equal(op(XENMEM_set_memory_map, &set), 0);
    assert_int_equal(op(XENMEM_set_memory_map, &set), 0);
    set.map.nr_entries = 10000;
    assert_int_equal(op(XENMEM_set_memory_map, &set), -EINVAL);
    be(guest);
    memset(e, 0xff, sizeof(e));
    assert_int_equal(op(XENMEM_memory_map, &map), 0);
    assert_int_equal(map.nr_entries, 2);
    assert_int_equal(e[1].start, 0x100000);
    assert_int_equal(e[1].size, 0x700000);
    assert_int_equal(e[2].type, 0xffffffff);
    map.nr_entries = 100;
    assert_int_equal(op(XENMEM_memory_map, &map), 0);
    assert_int_equal(map.nr_entries, 3);
    assert_int_equal(e[2].type, 2);
    be(host);
    map.buffer.p = NULL;
    assert_int_equal(op(XENMEM_machine_memory_map, &map), 0);
    assert_int_equal(map.nr_entries, 2);
    map.buffer.p = e;
    assert_int_equal(op(XENMEM_machine_memory_map, &map), 0);
    assert_int_equal(e[1].size, 0x7f00000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_populate_and_decrease),
        TEST(test_new_memory_is_zeroed),
        TEST(test_populate_over_memory),
        TEST(test_many_extents_with_preemption),
        TEST(test_limits),
        TEST(test_flags),
        TEST(test_node_affinity),
        TEST(test_node_affinity_of_vcpus),
        TEST(test_memory_of_a_full_node),
        TEST(test_setting_virtual_nodes),
        TEST(test_telling_of_virtual_nodes),
        TEST(test_memory_of_virtual_nodes),
        TEST(test_permissions),
        TEST(test_random_against_a_model),
        TEST(test_shared_info_and_grant_frames),
        TEST(test_moving_pages),
        TEST(test_foreign_mappings),
        TEST(test_acquire_resource),
        TEST(test_figures),
        TEST(test_claims),
        TEST(test_memory_maps),
    };

    return cmocka_run_group_tests(tests, group_set_up, NULL);
}
