/* SPDX-License-Identifier: MIT */
/*
 * What tools ask of the hypervisor: the host's topology, its memory and its CPU, policies for
 * domains, and the news of a domain's end. And a guest that fills the log.
 */
#include "lib.h"
#include "../../hv/include/hv/stats_abi.h"

#define BOX_GFN (CHILD_BASE / PAGE_SIZE + 1) /* of the child, mapped by its parent */
#define HELLO   0x600df00d

enum role { TELL_CPUID, FLOOD_LOG, END };

struct box {
    volatile uint32_t hello;
    volatile uint32_t leaf1_c, leaf1_d, max_leaf;
    volatile int64_t stats_rc;
};

static struct pando_sysctl_vcpu_stats *stats_of(struct xen_sysctl *op, void *buffer, uint32_t max)
{
    struct pando_sysctl_vcpu_stats *s = (void *)&op->u;

    memset(op, 0, sizeof(*op));
    s->version = PANDO_VCPU_STATS_VERSION;
    s->record_size = sizeof(struct pando_vcpu_record);
    s->last_domid = DOMID_FIRST_RESERVED;
    s->max_records = max;
    s->buffer = (uint64_t)buffer;
    return s;
}

/* --- the child ------------------------------------------------------------------------ */

static void out(uint16_t port, uint8_t v)
{
    __asm__ __volatile__("outb %0, %1" : : "a"(v), "Nd"(port));
}

void child_main(uint64_t role)
{
    struct box *box = (struct box *)(BOX_GFN * PAGE_SIZE);
    struct sched_shutdown s = { .reason = SHUTDOWN_poweroff };
    struct cpuid r = cpuid(1, 0);
    struct xen_sysctl op;

    stats_of(&op, NULL, 0);
    box->stats_rc = sysctl(PANDO_SYSCTL_vcpu_stats, &op);
    box->leaf1_c = r.c;
    box->leaf1_d = r.d;
    box->max_leaf = cpuid(0, 0).a;
    barrier();
    box->hello = HELLO;
    for (unsigned int i = 0; role == FLOOD_LOG; i++) {
        out(0xe9, (uint8_t)('a' + i % 26));
        if (i % 40 == 39)
            out(0xe9, '\n');
    }
    while (role == TELL_CPUID)
        yield();
    sched_op(SCHEDOP_shutdown, &s);
}

/* --- the parent ----------------------------------------------------------------------------- */

static xen_cpuid_leaf_t leaf[128];

static void test_host(void)
{
    struct xen_sysctl op = { 0 };
    struct xen_sysctl_cputopo topo[8];
    struct xen_sysctl_meminfo mem;
    uint32_t distance = 0, cpus_there;
    uint64_t pages;

    CHECK_EQUAL(sysctl(XEN_SYSCTL_physinfo, &op), 0, "physinfo");
    cpus_there = op.u.physinfo.nr_cpus;
    pages = op.u.physinfo.total_pages;
    CHECK_EQUAL(op.u.physinfo.threads_per_core * op.u.physinfo.cores_per_socket, cpus_there,
                "threads and cores of the one socket");
    CHECK_EQUAL(op.u.physinfo.nr_nodes, 1, "one node");
    memset(&op, 0, sizeof(op));
    op.u.cputopoinfo.num_cpus = ARRAY_SIZE(topo);
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, topo);
    CHECK_EQUAL(sysctl(XEN_SYSCTL_cputopoinfo, &op), 0, "cputopoinfo");
    CHECK_EQUAL(op.u.cputopoinfo.num_cpus, cpus_there, "of each CPU");
    CHECK(topo[0].core != topo[1].core && topo[0].socket == topo[1].socket, "two cores");
    memset(&op, 0, sizeof(op));
    op.u.numainfo.num_nodes = 1;
    set_xen_guest_handle(op.u.numainfo.meminfo, &mem);
    set_xen_guest_handle(op.u.numainfo.distance, &distance);
    CHECK_EQUAL(sysctl(XEN_SYSCTL_numainfo, &op), 0, "numainfo");
    CHECK_EQUAL(mem.memsize, pages * PAGE_SIZE, "all memory is in node 0");
    CHECK_EQUAL(distance, 10, "its distance to itself");
    CHECK_EQUAL(sysctl(XEN_SYSCTL_coverage_op, &op), -E_ENOSYS, "coverage is not counted");
}

static uint32_t default_policy(void)
{
    struct xen_sysctl op = { .u.cpu_policy.index = XEN_SYSCTL_cpu_policy_hvm_default,
                             .u.cpu_policy.nr_leaves = ARRAY_SIZE(leaf) };

    set_xen_guest_handle(op.u.cpu_policy.leaves, leaf);
    CHECK_EQUAL(sysctl(XEN_SYSCTL_get_cpu_policy, &op), 0, "the default CPU policy");
    return op.u.cpu_policy.nr_leaves;
}

static long set_policy(domid_t d, uint32_t nr, uint32_t *err_leaf)
{
    struct xen_domctl op = { .u.cpu_policy.nr_leaves = nr };
    long rc;

    set_xen_guest_handle(op.u.cpu_policy.leaves, leaf);
    rc = domctl(XEN_DOMCTL_set_cpu_policy, d, &op);
    *err_leaf = op.u.cpu_policy.err_leaf;
    return rc;
}

static xen_cpuid_leaf_t *find(uint32_t nr, uint32_t number)
{
    for (uint32_t i = 0; i < nr; i++) {
        if (leaf[i].leaf == number)
            return &leaf[i];
    }
    die("leaf %#x is not in the policy", number);
}

static struct box *box_of(domid_t d)
{
    struct box *box = foreign_map(d, BOX_GFN);

    if (!box)
        die("the child's page can't be mapped");
    CHECK(WAIT_FOR(box->hello == HELLO, 3000), "the child comes up");
    return box;
}

static void test_policy(void)
{
    domid_t d = (domid_t)domain_create(1, 64);
    uint32_t nr = default_policy(), c = find(nr, 1)->c, err;
    struct box *box;

    find(nr, 1)->c |= 1u << 5;
    CHECK_EQUAL(set_policy(d, nr, &err), -E_EINVAL, "VMX can't be had");
    CHECK_EQUAL(err, 1, "which is in leaf 1");
    find(nr, 1)->c = c & ~1u;
    find(nr, 0)->a = 7;
    CHECK_EQUAL(set_policy(d, nr, &err), 0, "a policy without SSE3 and leaves above 7");
    CHECK_EQUAL(domain_start(d, TELL_CPUID), 0, "a child is started");
    box = box_of(d);
    CHECK_EQUAL(box->leaf1_c & 1, 0, "it sees no SSE3");
    CHECK_EQUAL(box->leaf1_c & ~(1u << 27), c & ~1u & ~(1u << 27), "but the rest");
    CHECK(box->leaf1_d >> 26 & 1, "SSE2 too");
    CHECK_EQUAL(box->max_leaf, 7, "and no leaf above 7");
    CHECK_EQUAL(set_policy(d, nr, &err), -E_EEXIST, "it is too late to change it");
    foreign_unmap(box);
    domain_destroy(d);
    domain_gone(d);
}

/* As stock tools create one. */
static void test_create(void)
{
    struct xen_domctl op = { .u.createdomain = { .ssidref = 12,
                                                 .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
                                                 .max_vcpus = 1,
                                                 .max_evtchn_port = 1023,
                                                 .max_grant_frames = -1,
                                                 .max_maptrack_frames = -1,
                                                 .grant_opts = 2,
                                                 .arch.emulation_flags = XEN_X86_EMU_LAPIC } };

    CHECK_EQUAL(domctl(XEN_DOMCTL_createdomain, 0xffff, &op), 0, "a domain of any number");
    CHECK(op.domain > 0 && op.domain < DOMID_FIRST_RESERVED, "it is %u", op.domain);
    domain_destroy(op.domain);
    CHECK(domain_gone(op.domain), "it is gone");
    op.u.createdomain.flags |= XEN_DOMCTL_CDF_iommu;
    CHECK_EQUAL(domctl(XEN_DOMCTL_createdomain, 0, &op), -E_EOPNOTSUPP, "none with an IOMMU");
    op.u.createdomain.flags &= ~(unsigned int)XEN_DOMCTL_CDF_iommu;
    op.u.createdomain.cpupool_id = 1;
    CHECK_EQUAL(domctl(XEN_DOMCTL_createdomain, 0, &op), -E_ESRCH, "nor in another pool");
}

static void test_placement(void)
{
    domid_t d = (domid_t)domain_create(1, 64);
    uint8_t map = 2;
    struct xen_domctl op = { .u.nodeaffinity.nodemap.nr_bits = 8 };

    set_xen_guest_handle(op.u.nodeaffinity.nodemap.bitmap, &map);
    CHECK_EQUAL(domctl(XEN_DOMCTL_setnodeaffinity, d, &op), -E_EINVAL, "no such node");
    map = 3;
    CHECK_EQUAL(domctl(XEN_DOMCTL_setnodeaffinity, d, &op), 0, "node 0, and one that isn't there");
    map = 0;
    CHECK_EQUAL(domctl(XEN_DOMCTL_getnodeaffinity, d, &op), 0, "asked for");
    CHECK_EQUAL(map, 1, "it is node 0");
    memset(&op, 0, sizeof(op));
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    CHECK_EQUAL(domctl(XEN_DOMCTL_scheduler_op, d, &op), 0, "its weight");
    CHECK_EQUAL(op.u.scheduler_op.u.credit.weight, 256, "unless told");
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    op.u.scheduler_op.u.credit.weight = 512;
    op.u.scheduler_op.u.credit.cap = 50;
    CHECK_EQUAL(domctl(XEN_DOMCTL_scheduler_op, d, &op), 0, "another, and a cap");
    op.u.scheduler_op.u.credit.weight = 0;
    CHECK_EQUAL(domctl(XEN_DOMCTL_scheduler_op, d, &op), -E_EINVAL, "no weight");
    op.u.scheduler_op.u.credit.weight = 1;
    op.u.scheduler_op.u.credit.cap = 101;
    CHECK_EQUAL(domctl(XEN_DOMCTL_scheduler_op, d, &op), -E_EINVAL, "more than its vCPU can use");
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    CHECK_EQUAL(domctl(XEN_DOMCTL_scheduler_op, d, &op), 0, "asked for");
    CHECK_EQUAL(op.u.scheduler_op.u.credit.weight, 512, "the weight is as set");
    CHECK_EQUAL(op.u.scheduler_op.u.credit.cap, 50, "and the cap");
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_RTDS;
    CHECK_EQUAL(domctl(XEN_DOMCTL_scheduler_op, d, &op), -E_EINVAL, "another scheduler's");
    memset(&op, 0, sizeof(op));
    op.u.paging_mempool.size = 2 << 20;
    CHECK_EQUAL(domctl(XEN_DOMCTL_set_paging_mempool_size, d, &op), 0, "2 MiB of page tables");
    CHECK_EQUAL(domctl(XEN_DOMCTL_get_paging_mempool_size, d, &op), 0, "asked for");
    CHECK_EQUAL(op.u.paging_mempool.size, 2 << 20, "are the limit");
    domain_destroy(d);
    domain_gone(d);
}

/* Until news come that find @flag set: those of an earlier domain's end may come first. */
static bool news_that(domid_t d, uint32_t flag, const uint32_t *news, uint32_t seen)
{
    struct xen_domctl_getdomaininfo info;

    for (int i = 0; i < 3 && WAIT_FOR(ACCESS(*news) != seen, 3000); i++) {
        seen = ACCESS(*news);
        if (domain_info(d, &info) && info.flags & flag)
            return true;
    }
    return false;
}

/* Its shutdown, its death, and that it is gone: VIRQ_DOM_EXC each time, when it is so. */
static void test_news(void)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_DOM_EXC };
    struct xen_domctl_getdomaininfo info;
    domid_t d = (domid_t)domain_create(1, 64);
    uint32_t *news, n;
    struct box *box;

    CHECK_EQUAL(event_op(EVTCHNOP_bind_virq, &bind), 0, "VIRQ_DOM_EXC is bound");
    event_unmask(bind.port);
    news = &event_count[bind.port];
    n = ACCESS(*news);
    CHECK_EQUAL(domain_start(d, END), 0, "a child is started");
    CHECK(news_that(d, XEN_DOMINF_shutdown, news, n), "news: it is shut down");
    CHECK(domain_info(d, &info) && !(info.flags & XEN_DOMINF_running), "and does not run");
    box = foreign_map(d, BOX_GFN);
    n = ACCESS(*news);
    CHECK_EQUAL(domain_destroy(d), 0, "destroyed");
    CHECK(news_that(d, XEN_DOMINF_dying, news, n), "news: it is dying, as a page is mapped");
    n = ACCESS(*news);
    foreign_unmap(box);
    CHECK(WAIT_FOR(ACCESS(*news) != n, 3000), "news");
    CHECK(!domain_info(d, &info), "it is gone");
}

/* Of @nr records, that of a vCPU. */
static const struct pando_vcpu_record *stats_find(const struct pando_vcpu_record *list, uint32_t nr,
                                                  domid_t d, unsigned int vcpu)
{
    for (uint32_t i = 0; i < nr; i++) {
        if (list[i].domid == d && list[i].vcpu == vcpu)
            return &list[i];
    }
    die("no record of d%uv%u", d, vcpu);
}

static uint64_t age(const struct pando_vcpu_record *s)
{
    return s->time_ns[0] + s->time_ns[1] + s->time_ns[2] + s->time_ns[3];
}

static void test_bad_stats(void)
{
    struct pando_vcpu_record list[8];
    struct xen_sysctl op;

    stats_of(&op, list, ARRAY_SIZE(list))->version = PANDO_VCPU_STATS_VERSION + 1;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), -E_EOPNOTSUPP, "of another version");
    stats_of(&op, list, ARRAY_SIZE(list))->record_size = PANDO_VCPU_STATS_SIZE_MIN - 8;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), -E_EINVAL, "in records that are too small");
    stats_of(&op, list, ARRAY_SIZE(list))->record_size = ~7u;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), -E_EINVAL, "in huge ones");
    stats_of(&op, NON_CANONICAL, ARRAY_SIZE(list));
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), -E_EFAULT, "to nowhere");
    stats_of(&op, (void *)~7UL, ~0u)->record_size = PANDO_VCPU_STATS_SIZE_MAX;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), -E_EFAULT, "around the end of memory");
    stats_of(&op, list, ARRAY_SIZE(list))->first_domid = ~0u;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), 0, "of no domain");
    CHECK_EQUAL(((struct pando_sysctl_vcpu_stats *)&op.u)->nr_vcpus, 0, "it has no vCPUs");
}

/* What vCPUs have done, by Pando's own call; the child runs all the time that it gets. */
static void test_stats(void)
{
    domid_t d = (domid_t)domain_create(2, 64);
    struct pando_vcpu_record first[8] = { 0 }, second[8] = { 0 };
    const struct pando_vcpu_record *a, *b;
    struct pando_sysctl_vcpu_stats *s;
    struct xen_sysctl op;
    struct box *box;

    CHECK_EQUAL(domain_start(d, TELL_CPUID), 0, "a child of two vCPUs, one of them up");
    box = box_of(d);
    CHECK_EQUAL(box->stats_rc, -E_EPERM, "it may not ask about others");
    s = stats_of(&op, first, ARRAY_SIZE(first));
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), 0, "what all vCPUs have done");
    CHECK_EQUAL(s->nr_records, 3, "three of them");
    CHECK_EQUAL(s->nr_vcpus, 3, "which are all");
    CHECK_EQUAL(s->record_size, sizeof(first[0]), "all of it");
    WAIT_FOR(false, 50);
    s = stats_of(&op, second, ARRAY_SIZE(second));
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), 0, "and later");
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(second[i].when_ns > first[i].when_ns, "time has passed");
        CHECK_EQUAL(age(&second[i]) - age(&first[i]), second[i].when_ns - first[i].when_ns,
                    "which it was in some state all of");
    }
    a = stats_find(first, 3, d, 0);
    b = stats_find(second, 3, d, 0);
    CHECK(b->flags & PANDO_VCPU_ONLINE, "the child's first is up");
    CHECK(b->time_ns[RUNSTATE_running] > a->time_ns[RUNSTATE_running], "and has run");
    CHECK_EQUAL(b->time_ns[RUNSTATE_blocked], a->time_ns[RUNSTATE_blocked], "it never sleeps");
    a = stats_find(first, 3, d, 1);
    b = stats_find(second, 3, d, 1);
    CHECK(!(b->flags & PANDO_VCPU_ONLINE) && b->state == RUNSTATE_offline, "its second is not");
    CHECK_EQUAL(b->time_ns[RUNSTATE_running], 0, "and has never run");
    s = stats_of(&op, second, 1);
    s->first_domid = s->last_domid = d;
    CHECK_EQUAL(sysctl(PANDO_SYSCTL_vcpu_stats, &op), 0, "the child alone, with too little room");
    CHECK(s->nr_records == 1 && s->nr_vcpus == 2, "one of two");
    CHECK_EQUAL(second[0].domid, d, "its own");
    foreign_unmap(box);
    domain_destroy(d);
    domain_gone(d);
}

static uint64_t lines_of(domid_t d)
{
    static char text[65536 + 16384];
    struct xen_sysctl op = { .u.readconsole = { .count = sizeof(text) } };
    char prefix[16];
    uint64_t n = 0;

    set_xen_guest_handle(op.u.readconsole.buffer, text);
    if (sysctl(XEN_SYSCTL_readconsole, &op))
        return 0;
    snprintf(prefix, sizeof(prefix), "d%u: ", d);
    for (uint32_t i = 0; i + strlen(prefix) < op.u.readconsole.count; i++)
        n += !memcmp(text + i, prefix, strlen(prefix));
    return n;
}

/*
 * Each character is an exit; lines are what costs others. There are 50, then 10 a second,
 * each behind one that tells how many were left out.
 */
static void test_flood(void)
{
    domid_t d = (domid_t)domain_create(1, 64);
    struct box *box;
    uint64_t start = now();

    CHECK_EQUAL(domain_start(d, FLOOD_LOG), 0, "a child floods the log");
    box = box_of(d);
    CHECK(WAIT_FOR(lines_of(d) >= 50, 5000), "its first lines are there");
    WAIT_FOR(false, 1000);
    CHECK(lines_of(d) <= 50 + 3 + 2 * (now() - start) / (100 * MS), "then few: %lu in all",
          lines_of(d));
    foreign_unmap(box);
    domain_destroy(d);
    CHECK(domain_gone(d), "it is gone");
}

void test_main(void)
{
    events_init();
    wait_yields = true;
    test_host();
    test_policy();
    test_create();
    test_placement();
    test_news();
    test_stats();
    test_bad_stats();
    test_flood();
}
