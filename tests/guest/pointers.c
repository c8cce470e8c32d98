/* SPDX-License-Identifier: MIT */
/* Bad addresses to each call that reads or writes the caller's memory. */
#include "lib.h"

enum shape { SUB_PTR, SUB_ID_PTR, SUB_LEN_PTR, PTR, PTR_LEN };

struct call {
    const char *name;
    unsigned long nr, sub;
    enum shape shape;
    long want; /* for an address that can't be read */
};

#define CALL(nr, sub, shape, want)                                                                 \
    {                                                                                              \
#sub, __HYPERVISOR_##nr, sub, shape, want                                                  \
    }

static const struct call calls[] = {
    CALL(xen_version, XENVER_extraversion, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_compile_info, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_capabilities, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_changeset, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_platform_parameters, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_get_features, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_guest_handle, SUB_PTR, -E_EFAULT),
    CALL(xen_version, XENVER_commandline, SUB_PTR, -E_EFAULT),
    /* These tell how many extents they have done. */
    CALL(memory_op, XENMEM_increase_reservation, SUB_PTR, 0),
    CALL(memory_op, XENMEM_decrease_reservation, SUB_PTR, 0),
    CALL(memory_op, XENMEM_populate_physmap, SUB_PTR, 0),
    CALL(memory_op, XENMEM_add_to_physmap, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_add_to_physmap_batch, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_remove_from_physmap, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_acquire_resource, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_current_reservation, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_maximum_reservation, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_maximum_gpfn, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_get_pod_target, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_claim_pages, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_memory_map, SUB_PTR, -E_EFAULT),
    CALL(memory_op, XENMEM_machine_memory_map, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_alloc_unbound, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_bind_interdomain, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_bind_virq, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_bind_ipi, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_bind_vcpu, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_close, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_send, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_status, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_unmask, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_reset, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_init_control, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_expand_array, SUB_PTR, -E_EFAULT),
    CALL(event_channel_op, EVTCHNOP_set_priority, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_map_grant_ref, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_unmap_grant_ref, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_setup_table, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_copy, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_query_size, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_set_version, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_get_status_frames, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_get_version, SUB_PTR, -E_EFAULT),
    CALL(grant_table_op, GNTTABOP_swap_grant_ref, SUB_PTR, -E_EFAULT),
    CALL(sched_op, SCHEDOP_shutdown, SUB_PTR, -E_EFAULT),
    CALL(sched_op, SCHEDOP_shutdown_code, SUB_PTR, -E_EFAULT),
    CALL(sched_op, SCHEDOP_poll, SUB_PTR, -E_EFAULT),
    CALL(sched_op, SCHEDOP_remote_shutdown, SUB_PTR, -E_EFAULT),
    CALL(vcpu_op, VCPUOP_get_runstate_info, SUB_ID_PTR, -E_EFAULT),
    CALL(vcpu_op, VCPUOP_register_runstate_memory_area, SUB_ID_PTR, -E_EFAULT),
    CALL(vcpu_op, VCPUOP_register_vcpu_time_memory_area, SUB_ID_PTR, -E_EFAULT),
    CALL(vcpu_op, VCPUOP_register_vcpu_info, SUB_ID_PTR, -E_EFAULT),
    CALL(vcpu_op, VCPUOP_set_singleshot_timer, SUB_ID_PTR, -E_EFAULT),
    CALL(vcpu_op, VCPUOP_set_periodic_timer, SUB_ID_PTR, -E_EFAULT),
    CALL(hvm_op, HVMOP_set_param, SUB_PTR, -E_EFAULT),
    CALL(hvm_op, HVMOP_get_param, SUB_PTR, -E_EFAULT),
    CALL(hvm_op, HVMOP_set_evtchn_upcall_vector, SUB_PTR, -E_EFAULT),
    CALL(console_io, CONSOLEIO_write, SUB_LEN_PTR, -E_EFAULT),
    { "domctl", __HYPERVISOR_domctl, 0, PTR, -E_EFAULT },
    { "sysctl", __HYPERVISOR_sysctl, 0, PTR, -E_EFAULT },
    { "platform_op", __HYPERVISOR_platform_op, 0, PTR, -E_EFAULT },
    { "multicall", __HYPERVISOR_multicall, 0, PTR_LEN, -E_EFAULT },
};

static long do_call(const struct call *c, const void *p)
{
    uint64_t a = (uint64_t)p;

    switch (c->shape) {
    case SUB_PTR:
        return hypercall(c->nr, c->sub, a, 1, 0, 0);
    case SUB_ID_PTR:
        return hypercall(c->nr, c->sub, 0, a, 0, 0);
    case SUB_LEN_PTR:
        return hypercall(c->nr, c->sub, 8, a, 0, 0);
    case PTR:
        return hypercall(c->nr, a, 0, 0, 0, 0);
    default:
        return hypercall(c->nr, a, 1, 0, 0, 0);
    }
}

static void test_unreadable(void)
{
    uint8_t *first = window_map(1, (uint64_t)page_get(), PTE_P | PTE_W);
    const struct {
        const char *what;
        const void *p;
    } at[] = {
        { "non-canonical", NON_CANONICAL },   { "not mapped", first + PAGE_SIZE },
        { "the highest", (void *)~0UL },      { "partly mapped", first + PAGE_SIZE - 1 },
        { "ending below 0", (void *)(-2UL) },
    };

    memset(first, 0, PAGE_SIZE);
    for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
        const struct call *c = &calls[i];
        long rc = c->want;

        for (unsigned int k = 0; k < ARRAY_SIZE(at) && rc == c->want; k++) {
            rc = do_call(c, at[k].p);
            if (rc != c->want)
                CHECK_EQUAL(rc, c->want, "%s, address %s", c->name, at[k].what);
        }
        if (rc == c->want)
            CHECK(true, "%s with bad addresses", c->name);
    }
}

/* What can be read but not written, for calls that answer. */
static void test_read_only(void)
{
    void *page = page_get();
    void *ro = window_map(2, (uint64_t)page, PTE_P);
    struct evtchn_alloc_unbound *alloc = page, probe = { .dom = DOMID_SELF };
    struct xen_domctl *dom = page;
    struct xen_sysctl *sys = page;
    struct xen_hvm_param *param = page;
    evtchn_port_t first;

    CHECK_EQUAL(hcall2(xen_version, XENVER_capabilities, ro), -E_EFAULT, "capabilities, read-only");
    CHECK_EQUAL(hcall2(xen_version, XENVER_get_features, ro), -E_EFAULT, "features, read-only");
    event_op(EVTCHNOP_alloc_unbound, &probe);
    first = probe.port;
    *alloc = (struct evtchn_alloc_unbound){ .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    CHECK_EQUAL(event_op(EVTCHNOP_alloc_unbound, ro), -E_EFAULT, "alloc_unbound, read-only");
    event_op(EVTCHNOP_alloc_unbound, &probe);
    CHECK_EQUAL(probe.port, first + 1, "no port was lost by it");
    CHECK_EQUAL(vcpu_op(VCPUOP_get_runstate_info, 0, ro), -E_EFAULT, "runstate, read-only");
    memset(page, 0, PAGE_SIZE);
    dom->cmd = XEN_DOMCTL_getdomaininfo;
    dom->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    CHECK_EQUAL(hcall1(domctl, ro), -E_EFAULT, "getdomaininfo, read-only");
    memset(page, 0, PAGE_SIZE);
    sys->cmd = XEN_SYSCTL_physinfo;
    sys->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    CHECK_EQUAL(hcall1(sysctl, ro), -E_EFAULT, "physinfo, read-only");
    memset(page, 0, PAGE_SIZE);
    param->domid = DOMID_SELF;
    param->index = HVM_PARAM_CALLBACK_IRQ;
    CHECK_EQUAL(hvm_op(HVMOP_get_param, ro), -E_EFAULT, "get_param, read-only");
}

/* Pointers within what is passed. */
static void test_inner(void)
{
    struct sched_poll poll = { .nr_ports = 1 };
    struct xen_sysctl s = { 0 };
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };
    struct xen_add_to_physmap_batch b = { .domid = DOMID_SELF, .size = 1 };
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
    struct xen_memory_map map = { .nr_entries = 100 };

    set_xen_guest_handle(poll.ports, NON_CANONICAL);
    CHECK_EQUAL(sched_op(SCHEDOP_poll, &poll), -E_EFAULT, "poll: bad list of ports");
    s.u.readconsole.count = 64;
    set_xen_guest_handle(s.u.readconsole.buffer, NON_CANONICAL);
    CHECK_EQUAL(sysctl(XEN_SYSCTL_readconsole, &s), -E_EFAULT, "readconsole: bad buffer");
    memset(&s, 0, sizeof(s));
    s.u.getdomaininfolist.max_domains = 4;
    set_xen_guest_handle(s.u.getdomaininfolist.buffer, NON_CANONICAL);
    CHECK_EQUAL(sysctl(XEN_SYSCTL_getdomaininfolist, &s), -E_EFAULT,
                "getdomaininfolist: bad buffer");
    set_xen_guest_handle(r.extent_start, NON_CANONICAL);
    CHECK_EQUAL(memory_op(XENMEM_populate_physmap, &r), 0, "populate: bad list does nothing");
    CHECK_EQUAL(memory_op(XENMEM_decrease_reservation, &r), 0, "decrease: bad list does nothing");
    set_xen_guest_handle(b.idxs, NON_CANONICAL);
    set_xen_guest_handle(b.gpfns, NON_CANONICAL);
    set_xen_guest_handle(b.errs, NON_CANONICAL);
    CHECK_EQUAL(memory_op(XENMEM_add_to_physmap_batch, &b), -E_EFAULT, "batch: bad lists");
    set_xen_guest_handle(setup.frame_list, NON_CANONICAL);
    CHECK(grant_op(GNTTABOP_setup_table, &setup, 1) == -E_EFAULT || setup.status,
          "setup_table: bad list");
    set_xen_guest_handle(map.buffer, NON_CANONICAL);
    CHECK_EQUAL(memory_op(XENMEM_memory_map, &map), -E_EFAULT, "memory_map: bad buffer");
}

/* A structure in two pages that are not neighbours in memory. */
static void test_crossing(void)
{
    uint8_t *a = page_get(), *unused = page_get(), *b = page_get();
    uint8_t *va = window_map(4, (uint64_t)a, PTE_P | PTE_W);
    struct xen_feature_info *f;
    struct vcpu_runstate_info *r;

    (void)unused;
    window_map(5, (uint64_t)b, PTE_P | PTE_W);
    f = (void *)(va + PAGE_SIZE - 4);
    *f = (struct xen_feature_info){ .submap_idx = 0 };
    CHECK_EQUAL(hcall2(xen_version, XENVER_get_features, f), 0, "features across two pages");
    CHECK(f->submap && *(uint32_t *)b == f->submap, "they are there");
    r = (void *)(va + PAGE_SIZE - 20);
    CHECK_EQUAL(vcpu_op(VCPUOP_get_runstate_info, 0, r), 0, "runstate across two pages");
    CHECK_EQUAL(r->state, RUNSTATE_running, "it is there");
}

void test_main(void)
{
    test_unreadable();
    test_read_only();
    test_inner();
    test_crossing();
}
