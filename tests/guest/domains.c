/* SPDX-License-Identifier: MIT */
/*
 * Two domains: made by domctl, talking by events, grants and foreign mappings; then
 * one of them destroyed in the middle of each. What it had comes back, every frame.
 */
#include "lib.h"

/* What parent and child share: the second page of the child's own memory. */
struct mailbox {
    volatile uint32_t hello;    /* set by the child when it is up */
    volatile uint32_t port;     /* the child's, for the parent to bind */
    volatile uint32_t vcpu_ran; /* counts up while the child runs */
    volatile uint32_t result;
    volatile uint32_t command; /* the parent's */
    volatile uint32_t domid;   /* the child's own number */
    volatile int32_t status;
};

#define MAILBOX_GFN (CHILD_BASE / PAGE_SIZE + 1)
#define GRANTED_GFN (CHILD_BASE / PAGE_SIZE + 2) /* by grant 8, to the parent */
#define CHILD_REF   8
#define PARENT_REF  20
#define HELLO       0x600df00d

enum role { PEER, LOOP, SLEEP, POLL, CRASH, MAP_PARENT, DOWN, PRIVILEGE };

/* --- the child ------------------------------------------------------------------------------- */

static struct mailbox *const mine = (struct mailbox *)(MAILBOX_GFN * PAGE_SIZE);

static struct grant_entry_v1 *grant_table(void)
{
    uint64_t at = hole_alloc(1);
    struct xen_add_to_physmap x = { .domid = DOMID_SELF,
                                    .space = XENMAPSPACE_grant_table,
                                    .gpfn = at >> 12 };

    return memory_op(XENMEM_add_to_physmap, &x) ? NULL : (void *)at;
}

static void child_offers(void)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 0 };
    struct grant_entry_v1 *gt = grant_table();
    uint8_t *granted = (uint8_t *)(GRANTED_GFN * PAGE_SIZE);

    events_init();
    mine->result = (uint32_t)event_op(EVTCHNOP_alloc_unbound, &op);
    mine->port = op.port;
    event_unmask(op.port);
    memset(granted, 0x77, PAGE_SIZE);
    gt[CHILD_REF].frame = GRANTED_GFN;
    gt[CHILD_REF].domid = 0;
    barrier();
    gt[CHILD_REF].flags = GTF_permit_access;
    mine->domid = cpuid(0x40000004, 0).c;
    barrier();
    mine->hello = HELLO;
}

/* Answers each event with one, until it is told to end. */
static void child_peer(void)
{
    struct evtchn_send send = { .port = mine->port };
    uint32_t seen = 0;

    while (!mine->command) {
        if (ACCESS(event_count[mine->port]) != seen) {
            seen = ACCESS(event_count[mine->port]);
            event_op(EVTCHNOP_send, &send);
        }
        halt();
    }
}

static void child_maps_parent(void)
{
    uint64_t at = hole_alloc(1);
    struct gnttab_map_grant_ref op = {
        .host_addr = at, .flags = GNTMAP_host_map, .ref = PARENT_REF, .dom = 0
    };

    mine->result = (uint32_t)grant_op(GNTTABOP_map_grant_ref, &op, 1);
    mine->status = op.status;
    if (!op.status)
        *(volatile uint32_t *)at = HELLO;
    mine->command = HELLO;
    for (;;)
        mine->vcpu_ran++;
}

/* What only dom0 may do: -EPERM each. Reports the number of the first that isn't. */
static void child_tries_privileged(void)
{
    struct xen_domctl d = { 0 };
    struct xen_sysctl s = { 0 };
    struct xen_platform_op p = { .interface_version = XENPF_INTERFACE_VERSION };
    domid_t zero = 0;
    struct sched_remote_shutdown r = { .domain_id = 0, .reason = SHUTDOWN_poweroff };
    char c;

    mine->status = domctl(XEN_DOMCTL_getdomaininfo, 0, &d) != -E_EPERM        ? 1
                   : domctl(XEN_DOMCTL_destroydomain, 0, &d) != -E_EPERM      ? 2
                   : sysctl(XEN_SYSCTL_physinfo, &s) != -E_EPERM              ? 3
                   : hcall1(platform_op, &p) != -E_EPERM                      ? 4
                   : memory_op(XENMEM_current_reservation, &zero) != -E_EPERM ? 5
                   : sched_op(SCHEDOP_remote_shutdown, &r) != -E_EPERM        ? 6
                   : hcall3(console_io, CONSOLEIO_read, 1, &c) != -E_EPERM    ? 7
                   : memory_op(XENMEM_machine_memory_map, &p) >= 0            ? 8
                                                                              : 0;
    mine->command = HELLO;
}

void child_main(uint64_t arg)
{
    child_offers();
    switch (arg) {
    case PEER:
        child_peer();
        break;
    case LOOP:
        for (;;)
            mine->vcpu_ran++;
    case SLEEP:
        for (;;)
            halt();
    case POLL: {
        evtchn_port_t port = mine->port;
        struct sched_poll p = { .nr_ports = 1, .timeout = now() + 3600000 * MS };

        event_mask(port);
        hcall1(set_timer_op, now() + 3600000 * MS);
        set_xen_guest_handle(p.ports, &port);
        for (;;)
            sched_op(SCHEDOP_poll, &p);
    }
    case CRASH:
        __asm__ __volatile__("lidt %0; ud2" : : "m"((char[10]){ 0 }));
        break;
    case MAP_PARENT:
        child_maps_parent();
        break;
    case PRIVILEGE:
        child_tries_privileged();
        for (;;)
            halt();
    }
}

/* --- the parent ---------------------------------------------------------------------------------
 */

static struct grant_entry_v1 *table;

static struct mailbox *open_mailbox(domid_t d)
{
    struct mailbox *m = foreign_map(d, MAILBOX_GFN);

    if (!m)
        die("the mailbox of domain %u can't be mapped", d);
    return m;
}

/* A running child in @role, its mailbox mapped; 0: there is none, which was reported. */
static domid_t child_up(enum role role, struct mailbox **box)
{
    long d = domain_create(1, 64);
    long rc;

    if (d < 0) {
        CHECK_EQUAL(d, 1, "a domain is created");
        return 0;
    }
    rc = domain_start((domid_t)d, role);
    if (rc) {
        CHECK_EQUAL(rc, 0, "a domain is loaded and started");
        domain_destroy((domid_t)d);
        return 0;
    }
    *box = open_mailbox((domid_t)d);
    if (!WAIT_FOR((*box)->hello == HELLO, 3000)) {
        CHECK(false, "domain %ld comes up", d);
        return 0;
    }
    return (domid_t)d;
}

static evtchn_port_t bind_child(domid_t d, struct mailbox *box)
{
    struct evtchn_bind_interdomain op = { .remote_dom = d, .remote_port = box->port };

    if (event_op(EVTCHNOP_bind_interdomain, &op))
        return 0;
    event_unmask(op.local_port);
    return op.local_port;
}

static long close(evtchn_port_t port)
{
    struct evtchn_close op = { .port = port };

    return event_op(EVTCHNOP_close, &op);
}

static unsigned int port_status(evtchn_port_t port)
{
    struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

    return event_op(EVTCHNOP_status, &op) ? ~0u : op.status;
}

static int map_child(domid_t d, uint64_t at, grant_handle_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = at, .flags = GNTMAP_host_map, .ref = CHILD_REF, .dom = d
    };

    grant_op(GNTTABOP_map_grant_ref, &op, 1);
    *handle = op.handle;
    return op.status;
}

static int unmap_child(uint64_t at, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = { .host_addr = at, .handle = handle };

    grant_op(GNTTABOP_unmap_grant_ref, &op, 1);
    return op.status;
}

static uint64_t free_before;

/* Ends the case: all that the domain had is the host's again. */
static void expect_all_back(const char *what)
{
    uint64_t there = 0; /* looked at once: a CPU that fills its cache hides frames for a moment */

    WAIT_FOR((there = host_free_pages()) == free_before, 10000);
    CHECK_EQUAL(there, free_before, "%s: every frame came back", what);
    free_before = there;
}

static void end_child(domid_t d, struct mailbox *box, const char *what)
{
    CHECK_EQUAL(domain_destroy(d), 0, "%s: destroyed", what);
    CHECK_EQUAL(foreign_unmap(box), 0, "%s: its page unmapped", what);
    CHECK(domain_gone(d), "%s: gone", what);
    expect_all_back(what);
}

static void test_life(void)
{
    struct mailbox *box;
    domid_t d = child_up(PEER, &box);
    struct evtchn_send send;
    struct xen_domctl_getdomaininfo info;
    uint32_t ran = 0;

    if (!d)
        return;
    CHECK_EQUAL(box->domid, d, "it knows its number");
    send.port = bind_child(d, box);
    CHECK(send.port, "its port is bound");
    WAIT_FOR(ACCESS(event_count[send.port]) != 0, 100);
    for (unsigned int i = 0; i < 20; i++) {
        uint32_t n = ACCESS(event_count[send.port]);

        event_op(EVTCHNOP_send, &send);
        if (WAIT_FOR(ACCESS(event_count[send.port]) != n, 10000))
            ran++;
    }
    CHECK_EQUAL(ran, 20, "20 events there and back");
    CHECK(domain_info(d, &info), "getdomaininfo");
    CHECK(!(info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying | XEN_DOMINF_paused)),
          "it is well");
    CHECK_EQUAL(info.nr_online_vcpus, 1, "with one vCPU");
    CHECK_EQUAL(domain_pause(d), 0, "pause");
    event_op(EVTCHNOP_send, &send);
    ran = ACCESS(event_count[send.port]);
    WAIT_FOR(false, 20);
    CHECK_EQUAL(ACCESS(event_count[send.port]), ran, "paused, it does not answer");
    CHECK_EQUAL(domain_unpause(d), 0, "unpause");
    CHECK(WAIT_FOR(ACCESS(event_count[send.port]) == ran + 1, 1000), "it answers now");
    box->command = 1;
    event_op(EVTCHNOP_send, &send);
    CHECK(WAIT_FOR(domain_info(d, &info) && info.flags & XEN_DOMINF_shutdown, 2000),
          "it shuts down");
    CHECK_EQUAL(info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, SHUTDOWN_poweroff,
                "its reason");
    close(send.port);
    end_child(d, box, "after its end");
}

static void test_grants(void)
{
    struct mailbox *box;
    domid_t d = child_up(PEER, &box);
    uint64_t at = hole_alloc(1);
    struct gnttab_copy copy = { .len = PAGE_SIZE, .flags = GNTCOPY_source_gref };
    uint8_t *to = page_get();
    grant_handle_t h;

    if (!d)
        return;
    CHECK_EQUAL(map_child(d, at, &h), GNTST_okay, "its page is mapped");
    CHECK_EQUAL(*(volatile uint32_t *)at, 0x77777777, "it is that");
    copy.source.u.ref = CHILD_REF;
    copy.source.domid = d;
    copy.dest.u.gmfn = (uint64_t)to >> 12;
    copy.dest.domid = DOMID_SELF;
    grant_op(GNTTABOP_copy, &copy, 1);
    CHECK_EQUAL(copy.status, GNTST_okay, "and copied");
    CHECK(to[0] == 0x77 && to[PAGE_SIZE - 1] == 0x77, "it is the same");
    CHECK_EQUAL(domain_destroy(d), 0, "grant mapped: destroyed");
    CHECK_EQUAL(*(volatile uint32_t *)at, 0x77777777, "grant mapped: the page is still there");
    copy.status = 0;
    grant_op(GNTTABOP_copy, &copy, 1);
    CHECK(copy.status < 0, "grant mapped: no more copies of it");
    CHECK_EQUAL(unmap_child(at, h), GNTST_okay, "grant mapped: unmapped");
    foreign_unmap(box);
    CHECK(domain_gone(d), "grant mapped: gone");
    expect_all_back("grant mapped");
}

static void test_event_bound(void)
{
    struct mailbox *box;
    domid_t d = child_up(PEER, &box);
    struct evtchn_send send;

    if (!d)
        return;
    send.port = bind_child(d, box);
    CHECK_EQUAL(domain_destroy(d), 0, "event bound: destroyed");
    CHECK_EQUAL(port_status(send.port), EVTCHNSTAT_unbound, "event bound: our end is unbound");
    CHECK_EQUAL(event_op(EVTCHNOP_send, &send), 0, "event bound: sending goes nowhere");
    CHECK_EQUAL(close(send.port), 0, "event bound: closed");
    foreign_unmap(box);
    CHECK(domain_gone(d), "event bound: gone");
    expect_all_back("event bound");
}

static void test_running(void)
{
    struct mailbox *box;
    domid_t d = child_up(LOOP, &box);
    uint32_t n;

    if (!d)
        return;
    n = box->vcpu_ran;
    CHECK(WAIT_FOR(box->vcpu_ran != n, 1000), "it runs in a loop");
    CHECK_EQUAL(domain_destroy(d), 0, "running: destroyed");
    n = box->vcpu_ran;
    WAIT_FOR(false, 5);
    CHECK_EQUAL(box->vcpu_ran, n, "running: stopped");
    foreign_unmap(box);
    CHECK(domain_gone(d), "running: gone");
    expect_all_back("running");
}

static void test_sleeping(void)
{
    struct mailbox *box;
    domid_t d = child_up(SLEEP, &box);

    if (d)
        end_child(d, box, "in HLT");
    d = child_up(POLL, &box);
    WAIT_FOR(false, 5);
    if (d)
        end_child(d, box, "in poll with timers");
}

static void test_crash(void)
{
    struct mailbox *box;
    domid_t d = child_up(CRASH, &box);
    struct xen_domctl_getdomaininfo info;

    if (!d)
        return;
    CHECK(WAIT_FOR(domain_info(d, &info) && info.flags & XEN_DOMINF_shutdown, 2000),
          "a triple fault ends it");
    CHECK_EQUAL(info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, SHUTDOWN_crash,
                "its reason");
    end_child(d, box, "crashed");
}

/* It never gets as far as its first instruction; the host does not fall with it. */
static void test_refused(void)
{
    long d = domain_create(1, 64);
    struct xen_domctl_getdomaininfo info;

    CHECK_EQUAL(domain_start_refused((domid_t)d), 0, "a state that no CPU enters");
    CHECK(WAIT_FOR(domain_info((domid_t)d, &info) && info.flags & XEN_DOMINF_shutdown, 2000),
          "it ends the domain");
    CHECK_EQUAL(info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, SHUTDOWN_crash,
                "its reason");
    CHECK_EQUAL(domain_destroy((domid_t)d), 0, "refused: destroyed");
    CHECK(domain_gone((domid_t)d), "refused: gone");
    expect_all_back("refused");
}

/* The child maps a page of ours; it is ours again when the child is gone. */
static void test_maps_parent(void)
{
    uint32_t *page = page_get();
    struct mailbox *box;
    domid_t d = child_up(MAP_PARENT, &box);

    if (!d)
        return;
    end_child(d, box, "refused grant");
    CHECK_EQUAL(table[PARENT_REF].flags & (GTF_reading | GTF_writing), 0, "it is not in use");
    table[PARENT_REF].frame = (uint32_t)((uint64_t)page >> 12);
    table[PARENT_REF].domid = (domid_t)(d + 1);
    barrier();
    table[PARENT_REF].flags = GTF_permit_access;
    d = child_up(MAP_PARENT, &box);
    if (!d)
        return;
    CHECK(WAIT_FOR(box->command == HELLO, 2000) && !box->status, "the child maps our page");
    CHECK_EQUAL(ACCESS(*page), HELLO, "and writes it");
    CHECK_EQUAL(table[PARENT_REF].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing,
                "it is in use");
    end_child(d, box, "our page mapped");
    CHECK_EQUAL(table[PARENT_REF].flags, GTF_permit_access, "our page is not in use any more");
}

static void test_privilege(void)
{
    struct mailbox *box;
    domid_t d = child_up(PRIVILEGE, &box);

    if (!d)
        return;
    WAIT_FOR(box->command == HELLO, 2000);
    CHECK(box->command == HELLO && !box->status, "a guest may do none of %d privileged calls: %d",
          8, box->status);
    end_child(d, box, "unprivileged");
}

/* --- how CPUs are given ------------------------------------------------------------------ */

static unsigned int host_cpus(void)
{
    struct xen_sysctl op = { 0 };

    return sysctl(XEN_SYSCTL_physinfo, &op) ? 0 : op.u.physinfo.nr_cpus;
}

static long set_affinity(domid_t d, uint8_t map)
{
    struct xen_domctl op = { 0 };

    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, &map);
    return domctl(XEN_DOMCTL_setvcpuaffinity, d, &op);
}

static unsigned int vcpu_cpu(domid_t d)
{
    struct xen_domctl op = { 0 };

    return domctl(XEN_DOMCTL_getvcpuinfo, d, &op) ? ~0u : op.u.getvcpuinfo.cpu;
}

/* A running vCPU is taken from one CPU to another, and runs there. */
static void test_migration(void)
{
    unsigned int n_cpus = host_cpus(), moves = 0;
    struct mailbox *box;
    domid_t d;

    if (n_cpus < 2) {
        skip("a vCPU moves between CPUs", "there is one CPU");
        return;
    }
    d = child_up(LOOP, &box);
    if (!d)
        return;
    for (unsigned int i = 0; i < 16; i++) {
        uint32_t n;

        if (set_affinity(d, (uint8_t)(1u << i % n_cpus)))
            break;
        if (!WAIT_FOR(vcpu_cpu(d) == i % n_cpus, 3000))
            break;
        n = box->vcpu_ran;
        if (!WAIT_FOR(box->vcpu_ran != n, 3000))
            break;
        moves++;
    }
    CHECK_EQUAL(moves, 16, "a vCPU moves between CPUs");
    CHECK_EQUAL(set_affinity(d, 0), -E_EINVAL, "to no CPU");
    end_child(d, box, "moved");
}

/* Two that want all of one CPU get about as much each. */
static void test_fairness(void)
{
    struct mailbox *box[2];
    struct xen_domctl_getdomaininfo before[2], after[2];
    domid_t d[2];
    uint64_t t[2];

    for (unsigned int i = 0; i < 2; i++) {
        d[i] = child_up(LOOP, &box[i]);
        if (!d[i])
            return;
        set_affinity(d[i], 1);
    }
    for (unsigned int i = 0; i < 2; i++)
        domain_info(d[i], &before[i]);
    WAIT_FOR(false, 1000);
    for (unsigned int i = 0; i < 2; i++) {
        domain_info(d[i], &after[i]);
        t[i] = (after[i].cpu_time - before[i].cpu_time) / MS;
    }
    CHECK(t[0] < 2 * t[1] + 50 && t[1] < 2 * t[0] + 50, "two share a CPU: %lu and %lu ms", t[0],
          t[1]);
    CHECK(t[0] + t[1] > 100, "and it is used");
    CHECK_EQUAL(domain_destroy(d[0]), 0, "one is destroyed");
    foreign_unmap(box[0]);
    end_child(d[1], box[1], "and the other");
}

/* Domains that never ran, in every stage of being made. */
static void test_half_made(void)
{
    long d = domain_create(2, 64);
    void *page;

    CHECK(d > 0, "created only");
    CHECK_EQUAL(domain_destroy((domid_t)d), 0, "created only: destroyed");
    CHECK(domain_gone((domid_t)d), "created only: gone");
    expect_all_back("created only");
    d = domain_create(1, 64);
    CHECK_EQUAL(domain_populate((domid_t)d, 0x400, 48, 0), 48, "populated");
    CHECK_EQUAL(domain_populate((domid_t)d, 0x600, 512, 0) < 512, true, "not over its limit");
    page = foreign_map((domid_t)d, 0x400);
    CHECK(page && !foreign_map((domid_t)d, 0x5ff), "a page is mapped, a hole isn't");
    CHECK_EQUAL(domain_destroy((domid_t)d), 0, "populated: destroyed");
    *(volatile uint32_t *)page = 1;
    CHECK_EQUAL(foreign_unmap(page), 0, "populated: the page unmapped");
    CHECK(domain_gone((domid_t)d), "populated: gone");
    expect_all_back("populated");
    CHECK_EQUAL(domain_destroy(999), -E_ESRCH, "no such domain");
    CHECK_EQUAL(domain_destroy(0), -E_EINVAL, "dom0 does not destroy itself");
}

static volatile domid_t victim;
static volatile bool stop;
static volatile long populated;

/* On vCPU 1: memory for the domain, in and out, as fast as it goes. */
static void keep_populating(void)
{
    while (!stop) {
        long rc = domain_populate(victim, 0x1000, 40, 0);

        if (rc > 0)
            populated += rc;
    }
}

static void keep_mapping(void)
{
    uint64_t at = hole_alloc(1);
    grant_handle_t h;

    while (!stop) {
        if (map_child(victim, at, &h) == GNTST_okay) {
            populated++;
            unmap_child(at, h);
        }
    }
}

static volatile long other_rc;

static void destroy_too(void)
{
    populated = 1;
    other_rc = domain_destroy(victim);
}

static void destroy_under(void (*work)(void), enum role role, const char *what)
{
    struct mailbox *box;
    domid_t d = child_up(role, &box);
    long rc;

    if (!d)
        return;
    victim = d;
    stop = false;
    populated = 0;
    ap_begin(1, work);
    WAIT_FOR(populated > 0, 5000);
    rc = domain_destroy(d);
    CHECK(!rc || (work == destroy_too && rc == -E_ESRCH), "%s: destroyed: %ld", what, rc);
    stop = true;
    CHECK(ap_wait(1, 3000), "%s: the other vCPU went on", what);
    CHECK(populated > 0, "%s: it had done something", what);
    foreign_unmap(box);
    CHECK(domain_gone(d), "%s: gone", what);
    expect_all_back(what);
}

static void test_many(void)
{
    unsigned int n;

    for (n = 0; n < 30; n++) {
        struct mailbox *box;
        domid_t d = child_up(n % 2 ? LOOP : SLEEP, &box);

        if (!d || domain_destroy(d) || foreign_unmap(box) || !domain_gone(d))
            break;
    }
    CHECK_EQUAL(n, 30, "30 domains, one after the other");
    expect_all_back("30 domains");
}

/* Destroys one, so that what the hypervisor keeps for later is there already. */
static void warm_up(enum role role)
{
    struct mailbox *box;
    domid_t d = child_up(role, &box);
    evtchn_port_t port;
    uint64_t at = hole_alloc(1);
    grant_handle_t h;

    if (!d)
        return;
    port = bind_child(d, box);
    map_child(d, at, &h);
    unmap_child(at, h);
    close(port);
    domain_destroy(d);
    foreign_unmap(box);
    CHECK(domain_gone(d), "the first domain came and went");
}

void test_main(void)
{
    events_init();
    wait_yields = true;
    CHECK(ap_start(1, NULL), "vCPU 1 starts");
    table = grant_table();
    warm_up(PEER);
    warm_up(MAP_PARENT);
    do { /* the last one's structures go when every CPU has had a look */
        free_before = host_free_pages();
        WAIT_FOR(false, 500);
    } while (host_free_pages() != free_before);
    test_life();
    test_grants();
    test_event_bound();
    test_running();
    test_sleeping();
    test_crash();
    test_refused();
    test_privilege();
    test_maps_parent();
    test_half_made();
    test_migration();
    test_fairness();
    destroy_under(keep_populating, SLEEP, "while it is populated");
    destroy_under(keep_mapping, LOOP, "while it is mapped");
    destroy_under(destroy_too, LOOP, "by two at once");
    CHECK(!other_rc || other_rc == -E_ESRCH, "the other one: %ld", other_rc);
    test_many();
}
