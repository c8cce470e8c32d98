/* SPDX-License-Identifier: MIT */
/* What is told about vCPUs, event channels, grants and the scheduler, by a fake hypervisor. */
#include "test.h"

#include <errno.h>

#include "handle.h"
#include "hcall.h"
#include "hv/include/hv/stats_abi.h"

#define VCPUS 70u /* more than the library expects at first */

static struct pando handle;
static int sysctl_error, event_error, map_error;
static uint32_t vcpus, record_size, sched_id, pool, version;
static unsigned int asked;
static size_t mapped;
static uint32_t ports;
static grant_entry_v1_t v1[2 * 512];
static grant_entry_v2_t v2[2 * 256];
static grant_status_t status_of[2048];

static int setup(void **state)
{
    sysctl_error = event_error = map_error = 0;
    vcpus = VCPUS;
    record_size = PANDO_VCPU_STATS_SIZE_MIN;
    sched_id = XEN_SCHEDULER_CREDIT2;
    asked = pool = 0;
    version = 1;
    ports = 32;
    memset(v1, 0, sizeof(v1));
    memset(v2, 0, sizeof(v2));
    memset(status_of, 0, sizeof(status_of));
    return 0;
}

/* --- the hypervisor --- */

void *hcall_alloc(struct hcall *hcall, size_t size)
{
    return calloc(1, size);
}

void hcall_free(struct hcall *hcall, void *buf, size_t size)
{
    free(buf);
}

static int stats(struct pando_sysctl_vcpu_stats *s)
{
    struct pando_vcpu_record *list = (void *)(uintptr_t)s->buffer;

    asked++;
    assert_int_equal(s->version, PANDO_VCPU_STATS_VERSION);
    assert_int_equal(s->first_domid, 0);
    s->nr_vcpus = vcpus;
    s->nr_records = s->max_records < vcpus ? s->max_records : vcpus;
    for (uint32_t i = 0; i < s->nr_records; i++) {
        list[i] = (struct pando_vcpu_record){ .domid = (uint16_t)(i / 2),
                                              .vcpu = i % 2,
                                              .flags = i ? PANDO_VCPU_CREDIT : 0,
                                              .when_ns = 1000 + i,
                                              .time_ns = { i, 2, 3, 995 },
                                              .credit_ns = -5 };
    }
    s->record_size = record_size;
    return 0;
}

int hcall_sysctl(struct hcall *hcall, struct xen_sysctl *op)
{
    struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;

    if (sysctl_error) {
        return sysctl_error;
    }
    switch (op->cmd) {
    case PANDO_SYSCTL_vcpu_stats:
        return stats((void *)&op->u);
    case XEN_SYSCTL_cpupool_op:
        op->u.cpupool_op.cpupool_id = pool;
        op->u.cpupool_op.sched_id = sched_id;
        return 0;
    case XEN_SYSCTL_scheduler_op:
        assert_int_equal(s->sched_id, sched_id);
        assert_int_equal(s->cmd, XEN_SYSCTL_SCHEDOP_getinfo);
        if (sched_id == XEN_SCHEDULER_CREDIT) {
            s->u.sched_credit.tslice_ms = 30;
            s->u.sched_credit.ratelimit_us = 1000;
        } else if (sched_id == XEN_SCHEDULER_CREDIT2) {
            s->u.sched_credit2.ratelimit_us = 500;
        } else {
            return -EOPNOTSUPP;
        }
        return 0;
    default:
        fail_msg("unexpected sysctl %u", op->cmd);
        return -ENOSYS;
    }
}

int hcall_domctl(struct hcall *hcall, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

    assert_int_equal(op->cmd, XEN_DOMCTL_scheduler_op);
    assert_int_equal(op->domain, 5);
    assert_int_equal(s->cmd, XEN_DOMCTL_SCHEDOP_getinfo);
    if (sched_id == XEN_SCHEDULER_NULL) {
        return -EINVAL;
    }
    if (sched_id == XEN_SCHEDULER_RTDS) {
        s->u.rtds.period = 10000;
        s->u.rtds.budget = 4000;
    } else {
        s->u.credit.weight = 512;
        s->u.credit.cap = 50;
    }
    return 0;
}

int hcall_domain_info(struct hcall *hcall, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    *info = (struct xen_domctl_getdomaininfo){ .domain = 5, .cpupool = 0 };
    return domid == 5 ? 0 : -ESRCH;
}

int hcall_event(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    struct evtchn_status *s = arg;

    assert_int_equal(cmd, EVTCHNOP_status);
    assert_int_equal(s->dom, 5);
    assert_int_not_equal(s->port, 0);
    if (event_error && s->port == 4) {
        return event_error;
    }
    s->status = EVTCHNSTAT_closed;
    s->vcpu = s->port % 2;
    switch (s->port) {
    case 1:
        s->status = EVTCHNSTAT_interdomain;
        s->u.interdomain.dom = 0;
        s->u.interdomain.port = 17;
        break;
    case 3:
        s->status = EVTCHNSTAT_virq;
        s->u.virq = 9;
        break;
    case 6:
        s->status = EVTCHNSTAT_unbound;
        s->u.unbound.dom = 7;
        break;
    case 31:
        s->status = EVTCHNSTAT_ipi;
        break;
    }
    return s->port < ports ? 0 : -EINVAL;
}

int hcall_grant(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    struct gnttab_query_size *query = arg;

    if (cmd == GNTTABOP_get_version) {
        ((struct gnttab_get_version *)arg)->version = version;
        return 0;
    }
    assert_int_equal(cmd, GNTTABOP_query_size);
    query->nr_frames = 2;
    query->max_nr_frames = 64;
    query->status = query->dom == 5 ? GNTST_okay : GNTST_bad_domain;
    return 0;
}

int hcall_map_resource(struct hcall *hcall, uint32_t domid, uint32_t type, uint32_t id,
                       uint32_t frame, size_t count, void **address)
{
    bool is_status = id == XENMEM_resource_grant_table_id_status;

    assert_int_equal(type, XENMEM_resource_grant_table);
    assert_int_equal(frame, 0);
    assert_int_equal(count, is_status ? 1 : 2);
    if (map_error && is_status == (version == 2)) {
        return map_error;
    }
    mapped += count;
    *address = is_status ? (void *)status_of : version == 1 ? (void *)v1 : (void *)v2;
    return 0;
}

void hcall_unmap(void *address, size_t count)
{
    mapped -= count;
}

/* --- tests --- */

static void times_of_all_vcpus(void **state)
{
    struct pando_vcpu_times *list;
    size_t count;

    assert_int_equal(hcall_vcpu_times(NULL, &list, &count), 0);
    assert_int_equal(asked, 2); /* again, with more room */
    assert_int_equal(count, VCPUS);
    for (uint32_t i = 0; i < VCPUS; i++) {
        assert_int_equal(list[i].domid, i / 2);
        assert_int_equal(list[i].vcpu, i % 2);
        assert_int_equal(list[i].when_ns, 1000 + i);
        assert_int_equal(list[i].running_ns, i);
        assert_int_equal(list[i].runnable_ns, 2);
        assert_int_equal(list[i].blocked_ns, 3);
        assert_int_equal(list[i].offline_ns, 995);
        assert_int_equal(list[i].has_credit, i != 0);
    }
    assert_int_equal(list[1].credit_ns, -5);
    free(list);
    vcpus = 0;
    assert_int_equal(hcall_vcpu_times(NULL, &list, &count), 0);
    assert_int_equal(count, 0);
    free(list);
}

/* Another hypervisor, and one that is broken. */
static void times_are_not_made_up(void **state)
{
    struct pando_vcpu_times *list;
    size_t count;

    sysctl_error = -ENOSYS;
    assert_int_equal(hcall_vcpu_times(NULL, &list, &count), -ENOSYS);
    sysctl_error = 0;
    record_size = PANDO_VCPU_STATS_SIZE_MIN - 8;
    assert_int_equal(hcall_vcpu_times(NULL, &list, &count), -EPROTO);
    record_size = PANDO_VCPU_STATS_SIZE_MIN;
    vcpus = ~0u;
    assert_int_equal(hcall_vcpu_times(NULL, &list, &count), -EPROTO);
}

static void channels_up_to_the_last(void **state)
{
    struct pando_channel *list;
    size_t count;

    assert_int_equal(pando_channel_list(&handle, 5, &list, &count), PANDO_OK);
    assert_int_equal(count, 4);
    assert_int_equal(list[0].port, 1);
    assert_string_equal(pando_channel_name(list[0].kind), "interdomain");
    assert_int_equal(list[0].vcpu, 1);
    assert_int_equal(list[0].remote, 0);
    assert_int_equal(list[0].remote_port, 17);
    assert_int_equal(list[1].kind, PANDO_CHANNEL_VIRQ);
    assert_int_equal(list[1].irq, 9);
    assert_int_equal(list[2].kind, PANDO_CHANNEL_UNBOUND);
    assert_int_equal(list[2].remote, 7);
    assert_string_equal(pando_channel_name(list[3].kind), "ipi");
    free(list);
    ports = 1;
    assert_int_equal(pando_channel_list(&handle, 5, &list, &count), PANDO_OK);
    assert_int_equal(count, 0);
    free(list);
    ports = 32;
    event_error = -ESRCH; /* it goes meanwhile */
    assert_int_equal(pando_channel_list(&handle, 5, &list, &count), PANDO_E_NOT_FOUND);
    event_error = -ENOSYS;
    assert_int_equal(pando_channel_list(&handle, 5, &list, &count), PANDO_E_UNSUPPORTED);
    event_error = 0;
    ports = ~0u; /* it never ends */
    assert_int_equal(pando_channel_list(&handle, 5, &list, &count), PANDO_OK);
    free(list);
}

static void grants_of_version_1(void **state)
{
    struct pando_grant_table t;

    v1[1] = (grant_entry_v1_t){ GTF_permit_access | GTF_readonly, 0, 0x1234 };
    v1[513] = (grant_entry_v1_t){ GTF_permit_access | GTF_reading | GTF_writing, 3, 0x42 };
    v1[514] = (grant_entry_v1_t){ GTF_accept_transfer, 4, 0 };
    v1[515] = (grant_entry_v1_t){ GTF_reading, 4, 1 }; /* nothing is granted by it */
    assert_int_equal(pando_grant_table(&handle, 5, &t), PANDO_OK);
    assert_int_equal(t.frames, 2);
    assert_int_equal(t.max_frames, 64);
    assert_int_equal(t.version, 1);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.list[0].ref, 1);
    assert_int_equal(t.list[0].frame, 0x1234);
    assert_true(t.list[0].read_only && !t.list[0].in_use);
    assert_int_equal(t.list[1].ref, 513);
    assert_int_equal(t.list[1].domid, 3);
    assert_true(!t.list[1].read_only && t.list[1].in_use);
    assert_string_equal(pando_grant_name(t.list[2].kind), "transfer");
    assert_int_equal(mapped, 0);
    free(t.list);
    assert_int_equal(pando_grant_table(&handle, 6, &t), PANDO_E_NOT_FOUND);
    map_error = -EOPNOTSUPP;
    assert_int_equal(pando_grant_table(&handle, 5, &t), PANDO_E_UNSUPPORTED);
    assert_int_equal(mapped, 0);
    version = 3;
    assert_int_equal(pando_grant_table(&handle, 5, &t), PANDO_E_HYPERVISOR);
}

static void grants_of_version_2(void **state)
{
    struct pando_grant_table t;

    version = 2;
    v2[300].full_page.hdr = (grant_entry_header_t){ GTF_permit_access, 9 };
    v2[300].full_page.frame = 0x123456789a;
    status_of[300] = GTF_reading;
    v2[301].transitive.hdr = (grant_entry_header_t){ GTF_transitive, 8 };
    v2[301].transitive.gref = 77;
    assert_int_equal(pando_grant_table(&handle, 5, &t), PANDO_OK);
    assert_int_equal(t.count, 2);
    assert_int_equal(t.list[0].ref, 300);
    assert_int_equal(t.list[0].domid, 9);
    assert_true(t.list[0].frame == 0x123456789a);
    assert_true(t.list[0].in_use);
    assert_string_equal(pando_grant_name(t.list[1].kind), "transitive");
    assert_int_equal(t.list[1].frame, 0);
    assert_int_equal(mapped, 0);
    free(t.list);
    map_error = -ENOMEM;
    assert_int_equal(pando_grant_table(&handle, 5, &t), PANDO_E_NO_MEMORY);
    assert_int_equal(mapped, 0);
}

static void schedulers(void **state)
{
    struct pando_scheduler s;

    assert_int_equal(pando_scheduler_info(&handle, 5, &s), PANDO_OK);
    assert_string_equal(s.name, "credit2");
    assert_int_equal(s.ratelimit_us, 500);
    assert_int_equal(s.timeslice_us, 0);
    assert_true(s.weighted && !s.reserved);
    sched_id = XEN_SCHEDULER_CREDIT;
    assert_int_equal(pando_scheduler_info(&handle, 5, &s), PANDO_OK);
    assert_string_equal(s.name, "credit");
    assert_int_equal(s.timeslice_us, 30000);
    assert_int_equal(s.weight, 512);
    assert_int_equal(s.cap, 50);
    sched_id = XEN_SCHEDULER_RTDS;
    assert_int_equal(pando_scheduler_info(&handle, 5, &s), PANDO_OK);
    assert_true(s.reserved && !s.weighted);
    assert_int_equal(s.period_us, 10000);
    assert_int_equal(s.budget_us, 4000);
    sched_id = XEN_SCHEDULER_NULL;
    assert_int_equal(pando_scheduler_info(&handle, 5, &s), PANDO_OK);
    assert_string_equal(s.name, "null");
    assert_true(!s.weighted && !s.reserved);
    sched_id = 99;
    assert_int_equal(pando_scheduler_info(&handle, 5, &s), PANDO_OK);
    assert_string_equal(s.name, "99");
    pool = 3; /* it answers for another pool: the domain's is gone */
    assert_int_equal(pando_scheduler_info(&handle, 5, &s), PANDO_E_HYPERVISOR);
    assert_int_equal(pando_scheduler_info(&handle, 6, &s), PANDO_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(times_of_all_vcpus, setup),
        cmocka_unit_test_setup(times_are_not_made_up, setup),
        cmocka_unit_test_setup(channels_up_to_the_last, setup),
        cmocka_unit_test_setup(grants_of_version_1, setup),
        cmocka_unit_test_setup(grants_of_version_2, setup),
        cmocka_unit_test_setup(schedulers, setup),
    };

    return cmocka_run_group_tests_name("ctl-stats", tests, NULL, NULL);
}
