/* SPDX-License-Identifier: MIT */
/*
 * Guests that call at random, with arguments that are nearly right, while dom0 maps their
 * memory and destroys them at any moment. The hypervisor stays, and gets all frames back.
 */
#include "lib.h"

#define MAILBOX_GFN (CHILD_BASE / PAGE_SIZE + 1)
#define PLAY_GFN    (CHILD_BASE / PAGE_SIZE + 8) /* pages that may come and go */
#define PLAY_PAGES  48
#define HELLO       0x600df00d
#define ROUNDS      16
#define SEED        4711

struct mailbox {
    volatile uint32_t hello, vcpus, calls, ok, domid, peer;
};

static uint64_t seed;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t pick(uint64_t n)
{
    return rnd() % n;
}

static bool rarely(void)
{
    return !pick(16);
}

/* --- the child ---------------------------------------------------------------------------------
 */

static struct mailbox *const mine = (struct mailbox *)(MAILBOX_GFN * PAGE_SIZE);
static uint64_t play_hole;

/* Frames of the playground, holes, and now and then something absurd. */
static uint64_t some_gfn(void)
{
    if (rarely())
        return rnd() >> pick(64);
    return pick(2) ? PLAY_GFN + pick(PLAY_PAGES) : (play_hole >> 12) + pick(64);
}

static domid_t some_domid(void)
{
    static const domid_t odd[] = { DOMID_IO, DOMID_XEN, DOMID_INVALID, 999, 0x7fff };

    switch (pick(8)) {
    case 0:
        return 0;
    case 1:
        return (domid_t)mine->domid;
    case 2:
        return (domid_t)mine->peer;
    case 3:
        return odd[pick(ARRAY_SIZE(odd))];
    default:
        return DOMID_SELF;
    }
}

static evtchn_port_t some_port(void)
{
    return rarely() ? (evtchn_port_t)rnd() : (evtchn_port_t)pick(40);
}

static long call_memory(void)
{
    static xen_pfn_t list[64];
    struct xen_memory_reservation r = { .nr_extents = pick(8),
                                        .extent_order = rarely() ? (unsigned int)pick(40) : 0 };
    struct xen_add_to_physmap x = { .size = (uint16_t)pick(8),
                                    .space = (unsigned int)pick(6),
                                    .idx = rarely() ? rnd() : pick(4) };
    struct xen_remove_from_physmap rm = { .domid = some_domid(), .gpfn = some_gfn() };

    for (unsigned int i = 0; i < ARRAY_SIZE(list); i++)
        list[i] = some_gfn();
    set_xen_guest_handle(r.extent_start, list);
    r.domid = some_domid();
    x.domid = some_domid();
    x.gpfn = some_gfn();
    if (x.space == XENMAPSPACE_gmfn || x.space == XENMAPSPACE_gmfn_range)
        x.idx = some_gfn();
    if (x.space == XENMAPSPACE_grant_table && rarely())
        x.idx |= XENMAPIDX_grant_table_status;
    switch (pick(5)) {
    case 0:
        return memory_op(XENMEM_decrease_reservation, &r);
    case 1:
        return memory_op(XENMEM_remove_from_physmap, &rm);
    case 2:
        return memory_op(XENMEM_add_to_physmap, &x);
    default:
        return memory_op(XENMEM_populate_physmap, &r);
    }
}

static long call_grant(void)
{
    union {
        struct gnttab_map_grant_ref map;
        struct gnttab_unmap_grant_ref unmap;
        struct gnttab_copy copy;
        struct gnttab_setup_table setup;
        struct gnttab_set_version version;
        struct gnttab_swap_grant_ref swap;
        struct gnttab_query_size size;
    } u;
    static uint64_t frames[64];

    memset(&u, 0, sizeof(u));
    switch (pick(8)) {
    case 0:
    case 1:
        u.map.host_addr = some_gfn() << 12;
        u.map.flags =
            rarely() ? (uint32_t)rnd() : GNTMAP_host_map | (pick(2) ? GNTMAP_readonly : 0);
        u.map.ref = (grant_ref_t)pick(rarely() ? 5000 : 16);
        u.map.dom = some_domid();
        return grant_op(GNTTABOP_map_grant_ref, &u, 1) ?: u.map.status;
    case 2:
        u.unmap.host_addr = pick(3) ? some_gfn() << 12 : 0;
        u.unmap.handle = (grant_handle_t)pick(rarely() ? 5000 : 20);
        return grant_op(GNTTABOP_unmap_grant_ref, &u, 1) ?: u.unmap.status;
    case 3:
        u.version.version = (uint32_t)pick(4);
        return grant_op(GNTTABOP_set_version, &u, 1);
    case 4:
        u.setup.dom = some_domid();
        u.setup.nr_frames = (uint32_t)pick(6);
        set_xen_guest_handle(u.setup.frame_list, frames);
        return grant_op(GNTTABOP_setup_table, &u, 1) ?: u.setup.status;
    case 5:
        u.swap.ref_a = (grant_ref_t)pick(20);
        u.swap.ref_b = (grant_ref_t)pick(20);
        return grant_op(GNTTABOP_swap_grant_ref, &u, 1) ?: u.swap.status;
    default:
        u.copy.len = (uint16_t)pick(5000);
        u.copy.flags = (uint16_t)pick(4);
        u.copy.source.domid = some_domid();
        u.copy.dest.domid = some_domid();
        u.copy.source.u.gmfn = u.copy.flags & GNTCOPY_source_gref ? pick(16) : some_gfn();
        /* Only into the playground: the child has to live. */
        u.copy.dest.u.gmfn = u.copy.flags & GNTCOPY_dest_gref ? pick(16) : PLAY_GFN + pick(48);
        u.copy.source.offset = (uint16_t)pick(3000);
        u.copy.dest.offset = (uint16_t)pick(3000);
        return grant_op(GNTTABOP_copy, &u, 1) ?: u.copy.status;
    }
}

static long call_event(void)
{
    union {
        struct evtchn_alloc_unbound alloc;
        struct evtchn_bind_interdomain bind;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_ipi ipi;
        struct evtchn_bind_vcpu vcpu;
        struct evtchn_status status;
        struct evtchn_reset reset;
        struct evtchn_init_control init;
        struct evtchn_expand_array expand;
        struct evtchn_set_priority priority;
        evtchn_port_t port;
    } u;

    memset(&u, 0, sizeof(u));
    switch (pick(24)) {
    case 0 ... 2:
        u.alloc.dom = some_domid();
        u.alloc.remote_dom = some_domid();
        return event_op(EVTCHNOP_alloc_unbound, &u);
    case 3 ... 5:
        u.bind.remote_dom = some_domid();
        u.bind.remote_port = some_port();
        return event_op(EVTCHNOP_bind_interdomain, &u);
    case 6:
        u.virq.virq = (uint32_t)pick(26);
        u.virq.vcpu = (uint32_t)pick(3);
        return event_op(EVTCHNOP_bind_virq, &u);
    case 7:
        u.ipi.vcpu = (uint32_t)pick(3);
        return event_op(EVTCHNOP_bind_ipi, &u);
    case 8:
        u.vcpu.port = some_port();
        u.vcpu.vcpu = (uint32_t)pick(3);
        return event_op(EVTCHNOP_bind_vcpu, &u);
    case 9 ... 11:
        u.port = some_port();
        return event_op(EVTCHNOP_close, &u);
    case 12:
        u.status.dom = some_domid();
        u.status.port = some_port();
        return event_op(EVTCHNOP_status, &u);
    case 13:
        u.reset.dom = some_domid();
        return rarely() ? event_op(EVTCHNOP_reset, &u) : 0;
    case 14:
        u.init.control_gfn = some_gfn();
        u.init.offset = (uint32_t)(pick(2) ? 0 : pick(4200));
        u.init.vcpu = (uint32_t)pick(3);
        return event_op(EVTCHNOP_init_control, &u);
    case 15:
        u.expand.array_gfn = some_gfn();
        return event_op(EVTCHNOP_expand_array, &u);
    case 16:
        u.priority.port = some_port();
        u.priority.priority = (uint32_t)pick(20);
        return event_op(EVTCHNOP_set_priority, &u);
    case 17:
        u.port = some_port();
        return event_op(EVTCHNOP_unmask, &u);
    default:
        u.port = some_port();
        return event_op(EVTCHNOP_send, &u);
    }
}

static long call_other(void)
{
    static uint64_t buf[32];
    static const uint8_t numbers[] = { 0,
                                       __HYPERVISOR_platform_op,
                                       __HYPERVISOR_multicall,
                                       __HYPERVISOR_xen_version,
                                       __HYPERVISOR_console_io,
                                       __HYPERVISOR_vcpu_op,
                                       __HYPERVISOR_physdev_op,
                                       __HYPERVISOR_hvm_op,
                                       __HYPERVISOR_sysctl,
                                       __HYPERVISOR_domctl,
                                       __HYPERVISOR_memory_op };
    unsigned long nr = numbers[pick(ARRAY_SIZE(numbers))];
    uint64_t sub = rarely() ? rnd() : pick(40);

    for (unsigned int i = 0; i < ARRAY_SIZE(buf); i++)
        buf[i] = rarely() ? rnd() : pick(3) ? pick(8) : (uint64_t)buf;
    if (nr == __HYPERVISOR_multicall) { /* of what can't end the child */
        for (unsigned int i = 0; i < 4; i++)
            buf[i * 8] = pick(2) ? __HYPERVISOR_xen_version : __HYPERVISOR_hvm_op;
        return hcall2(multicall, buf, pick(5));
    }
    if (nr == __HYPERVISOR_console_io && sub == CONSOLEIO_write)
        return 0;
    if (nr == __HYPERVISOR_vcpu_op) {
        if (sub == VCPUOP_down || sub == VCPUOP_register_vcpu_info)
            return 0;
        return hypercall(nr, sub, pick(3), (uint64_t)buf, 0, 0);
    }
    return hypercall(nr, sub, rarely() ? rnd() : (uint64_t)buf, pick(4), pick(4), pick(4));
}

static void make_grants(void)
{
    struct xen_add_to_physmap x = { .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table };
    struct grant_entry_v1 *gt = (void *)hole_alloc(1);

    x.gpfn = (uint64_t)gt >> 12;
    if (memory_op(XENMEM_add_to_physmap, &x))
        return;
    for (unsigned int i = 8; i < 16; i++) {
        gt[i].frame = (uint32_t)(PLAY_GFN + pick(PLAY_PAGES));
        gt[i].domid = (domid_t)(pick(2) ? 0 : mine->peer);
        gt[i].flags = GTF_permit_access;
    }
}

static void call_forever(void)
{
    static long (*const kinds[])(void) = { call_memory, call_grant, call_event, call_other };

    for (;;) {
        if (kinds[pick(ARRAY_SIZE(kinds))]() >= 0)
            mine->ok++;
        mine->calls++;
    }
}

/* On two vCPUs, which change each other's arguments: they share the buffers. */
void child_main(uint64_t arg)
{
    seed = arg;
    play_hole = hole_alloc(64);
    mine->domid = cpuid(0x40000004, 0).c;
    make_grants();
    mine->vcpus = ap_start(1, call_forever) ? 2 : 1;
    mine->hello = HELLO;
    call_forever();
}

/* --- the parent
 * ------------------------------------------------------------------------------------ */

struct victim {
    domid_t d;
    struct mailbox *box;
};

static struct victim start(uint64_t arg)
{
    struct victim v = { 0 };
    long d = domain_create(2, 64);

    if (d > 0 && domain_start((domid_t)d, arg)) {
        domain_destroy((domid_t)d);
        d = 0;
    }
    if (d <= 0)
        return v;
    v.d = (domid_t)d;
    v.box = foreign_map(v.d, MAILBOX_GFN);
    return v;
}

/* Whatever can be mapped of it for a moment. */
static void meddle(domid_t d)
{
    static uint64_t hole;
    void *p = foreign_map(d, PLAY_GFN + pick(PLAY_PAGES));
    struct gnttab_map_grant_ref m = { .flags = GNTMAP_host_map, .ref = 8 + (uint32_t)pick(8) };
    struct gnttab_unmap_grant_ref u = { 0 };

    if (p) {
        *(volatile uint32_t *)p = 1;
        foreign_unmap(p);
    }
    if (!hole)
        hole = hole_alloc(1);
    m.host_addr = u.host_addr = hole;
    m.dom = d;
    if (!grant_op(GNTTABOP_map_grant_ref, &m, 1) && !m.status) {
        *(volatile uint32_t *)m.host_addr = 2;
        u.handle = m.handle;
        grant_op(GNTTABOP_unmap_grant_ref, &u, 1);
    }
    if (!pick(8)) {
        domain_pause(d);
        domain_unpause(d);
    }
}

static unsigned int two_vcpus;

static bool round_of(unsigned int i, uint32_t *calls)
{
    struct victim v[2] = { start(SEED + i * 2), start(SEED + i * 2 + 1) };
    uint64_t end;

    if (!v[0].box || !v[1].box)
        return false;
    v[0].box->peer = v[1].d;
    v[1].box->peer = v[0].d;
    end = now() + 100 * MS + pick(100) * MS;
    while (now() < end) {
        meddle(v[pick(2)].d);
        yield();
    }
    for (unsigned int k = 0; k < 2; k++) {
        *calls += v[k].box->calls;
        two_vcpus += v[k].box->vcpus == 2;
        if (domain_destroy(v[k].d))
            return false;
        foreign_unmap(v[k].box);
    }
    return domain_gone(v[0].d) && domain_gone(v[1].d);
}

void test_main(void)
{
    uint64_t before = 0;
    uint32_t calls = 0;
    unsigned int i;

    wait_yields = true;
    seed = SEED;
    for (i = 0; i < ROUNDS; i++) {
        if (i == 4) /* by now the hypervisor has what it keeps for dom0 */
            before = host_free_pages();
        if (!round_of(i, &calls))
            break;
    }
    CHECK_EQUAL(i, ROUNDS, "rounds of two guests at a time");
    CHECK(calls > 1000, "%u calls", calls);
    CHECK(two_vcpus > ROUNDS / 2, "%u of %u guests had both vCPUs running", two_vcpus, 2 * ROUNDS);
    /* The hypervisor's heap may hold a page or two more by now than before. */
    WAIT_FOR(host_free_pages() + 2 >= before, 2000);
    CHECK(host_free_pages() + 2 >= before, "the frames came back: %lu of %lu", host_free_pages(),
          before);
}
