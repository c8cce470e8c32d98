/* SPDX-License-Identifier: MIT */
/* The table of hypercalls, multicall, and calls that are preempted and go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/acpi.h>
#include <hv/boot.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/grant.h>
#include <hv/hypercall.h>
#include <hv/log_ring.h>
#include <hv/page_alloc.h>
#include <hv/pci.h>
#include <hv/softirq.h>
#include <hv/stats_abi.h>
#include <xen/physdev.h>
#include "fake_host.h"

#define NR 24

static struct domain *d[NR];
static unsigned int restarts, version_calls, preempted_op_calls;

/* --- the other hypercalls ------------------------------------------------------------------ */

long do_memory_op(unsigned long cmd, XEN_GUEST_HANDLE(void) arg)
{
    /* Stops half-way: @cmd counts down. */
    preempted_op_calls++;
    return cmd ? hypercall_continue(1, (uint64_t)(cmd - 1)) : 42;
}

long do_xen_version(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    version_calls++;
    return cmd + 1000;
}

long do_console_io(unsigned int cmd, unsigned int count, XEN_GUEST_HANDLE(char) buffer)
{
    return -ENOSYS;
}

int do_grant_table_op(unsigned int cmd, XEN_GUEST_HANDLE(void) uop, unsigned int count)
{
    return -ENOSYS;
}

int do_event_channel_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    return -ENOSYS;
}

long do_physdev_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    return -ENOSYS;
}

long do_hvm_op(unsigned long op, XEN_GUEST_HANDLE(void) arg)
{
    return -ENOSYS;
}

long do_platform_op(XEN_GUEST_HANDLE(void) arg)
{
    return -ENOSYS;
}

long do_domctl(XEN_GUEST_HANDLE(xen_domctl_t) arg)
{
    return -ENOSYS;
}

/* --- what sysctl tells of -------------------------------------------------------------------- */

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
    return 0;
}

uint64_t log_position(void)
{
    return 0;
}

void log_clear(void)
{
}

uint64_t page_alloc_total_of(unsigned int node)
{
    return 1000;
}

struct acpi_host acpi_host = { .nr_nodes = 1, .distance = { { 10 } } };
struct boot_info boot_info;
spinlock_t pci_lock = SPINLOCK_INIT(LOCK_PCI);

struct pci_device *pci_find(pci_sbdf_t sbdf)
{
    static struct pci_device bridge;

    return sbdf == PCI_SBDF(0, 0, 8) ? &bridge : NULL;
}

struct cpu_place arch_cpu_place(unsigned int cpu)
{
    return (struct cpu_place){ .core = cpu / 2 % 2, .socket = cpu / 4 };
}

uint64_t page_alloc_total(void)
{
    return 1000;
}

uint64_t page_alloc_free(int node)
{
    return 500;
}

uint64_t page_alloc_dirty(void)
{
    return 0;
}

uint64_t page_alloc_claimed(void)
{
    return 0;
}

int permission_host(void)
{
    return 0;
}

long arch_sysctl(struct xen_sysctl *op, bool *copyback)
{
    return -ENOSYS;
}

void arch_physinfo(struct xen_sysctl_physinfo *p)
{
}

/* --- the guest ----------------------------------------------------------------------------------
 */

static int set_up(void **state)
{
    fake_host_reset(2); /* one runs guests while the other ends them */
    for (unsigned int i = 0; i < NR; i++)
        d[i] = fake_domain_create(1);
    fake_settle();
    restarts = version_calls = preempted_op_calls = 0;
    return 0;
}

static int tear_down(void **state)
{
    fake_on_copy = NULL;
    for (unsigned int i = 0; i < NR; i++)
        fake_domain_kill(d[i]);
    fake_settle();
    return 0;
}

static void something_urgent(void)
{
    softirq_raise(SOFTIRQ_IRQ);
}

/* As the architecture does it: again and again, from the registers. */
static long call(uint64_t nr, uint64_t regs[6])
{
    struct hypercall_state *h = &current->hcall;
    long rc;

    for (;;) {
        h->nr = nr;
        memcpy(h->args, regs, sizeof(h->args));
        h->restart = false;
        rc = hypercall_dispatch();
        if (!h->restart)
            return rc;
        assert_int_equal(rc, -ERESTART);
        memcpy(regs, h->args, sizeof(h->args));
        restarts++;
        this_cpu()->softirq_pending = 0;
    }
}

static void unknown_numbers_are_refused(void **state)
{
    uint64_t regs[6] = { 0 };

    assert_int_equal(call(11, regs), -ENOSYS);
    assert_int_equal(call(1000, regs), -ENOSYS);
    assert_int_equal(call(~0UL, regs), -ENOSYS);
    assert_int_equal(call(__HYPERVISOR_xen_version, regs), 1000);
}

static void multicall_goes_on(void **state)
{
    struct multicall_entry e[3] = {
        { .op = __HYPERVISOR_xen_version, .args = { 1, 91, 92, 93, 94, 95 } },
        { .op = __HYPERVISOR_memory_op, .args = { 3, 81, 82, 83, 84, 85 } },
        { .op = __HYPERVISOR_xen_version, .args = { 2, 71, 72, 73, 74, 75 } },
    };
    uint64_t regs[6] = { (uint64_t)e, 3, 13, 14, 15, 16 };

    assert_int_equal(call(__HYPERVISOR_multicall, regs), 0);
    assert_int_equal(e[0].result, 1001);
    assert_int_equal(e[1].result, 42);
    assert_int_equal(e[2].result, 1002);
    assert_int_equal(version_calls, 2);
    assert_int_equal(preempted_op_calls, 4);
    assert_int_equal(restarts, 3);
    /* Registers that the multicall does not use stay the caller's. */
    for (unsigned int i = 2; i < 6; i++)
        assert_int_equal(regs[i], 11 + i);
    regs[0] = (uint64_t)e;
    regs[1] = 1;
    e[0].op = __HYPERVISOR_multicall;
    assert_int_equal(call(__HYPERVISOR_multicall, regs), 0);
    assert_int_equal((int64_t)e[0].result, -EINVAL);
}

static void a_long_list_is_told_in_pieces(void **state)
{
    struct xen_domctl_getdomaininfo list[NR + 1];
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_getdomaininfolist,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.getdomaininfolist = { .first_domain = 1, .max_domains = NR + 1 },
    };
    uint64_t regs[6] = { (uint64_t)&op };

    op.u.getdomaininfolist.buffer.p = list;
    fake_on_copy = something_urgent;
    this_cpu()->softirq_pending = 0;
    assert_int_equal(call(__HYPERVISOR_sysctl, regs), 0);
    assert_int_equal(restarts, NR);
    assert_int_equal(op.cmd, XEN_SYSCTL_getdomaininfolist);
    assert_int_equal(op.u.getdomaininfolist.num_domains, NR);
    assert_int_equal(op.u.getdomaininfolist.first_domain, 1);
    assert_int_equal(op.u.getdomaininfolist.max_domains, NR + 1);
    assert_ptr_equal(op.u.getdomaininfolist.buffer.p, list);
    for (unsigned int i = 0; i < NR; i++)
        assert_non_null(domain_get(list[i].domain));
    for (unsigned int i = 0; i < NR; i++) {
        assert_true(!i || list[i].domain > list[i - 1].domain);
        domain_put(domain_of_owner(list[i].domain));
    }
    fake_on_copy = NULL;
    op.u.getdomaininfolist.first_domain = list[NR - 2].domain;
    op.u.getdomaininfolist.max_domains = 1;
    assert_int_equal(call(__HYPERVISOR_sysctl, regs), 0);
    assert_int_equal(op.u.getdomaininfolist.num_domains, 1);
    assert_int_equal(list[0].domain, op.u.getdomaininfolist.first_domain);
}

static int sysctl(struct xen_sysctl *op, uint32_t cmd)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return (int)call(__HYPERVISOR_sysctl, (uint64_t[6]){ (uint64_t)op });
}

static void where_cpus_and_memory_are(void **state)
{
    struct xen_sysctl op = { 0 };
    struct xen_sysctl_cputopo topo[4] = { { 0 } };
    struct xen_sysctl_meminfo mem = { 0 };
    uint32_t distance = 0;

    /* No more CPUs really run: nobody asks them anything. */
    for (unsigned int i = 2; i < 4; i++)
        cpus[i] = cpus[0];
    nr_cpus = 4;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_physinfo), 0);
    assert_int_equal(op.u.physinfo.nr_cpus, 4);
    assert_int_equal(op.u.physinfo.threads_per_core, 2);
    assert_int_equal(op.u.physinfo.cores_per_socket, 2);
    assert_int_equal(op.u.physinfo.nr_nodes, 1);
    op = (struct xen_sysctl){ 0 };
    assert_int_equal(sysctl(&op, XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(op.u.cputopoinfo.num_cpus, 4);
    op.u.cputopoinfo.num_cpus = 3;
    op.u.cputopoinfo.cputopo.p = topo;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(op.u.cputopoinfo.num_cpus, 4);
    assert_int_equal(topo[2].core, 1);
    assert_int_equal(topo[3].core, 0); /* not written */
    nr_cpus = 2;
    op = (struct xen_sysctl){ 0 };
    assert_int_equal(sysctl(&op, XEN_SYSCTL_numainfo), 0);
    assert_int_equal(op.u.numainfo.num_nodes, 1);
    op.u.numainfo.meminfo.p = &mem;
    op.u.numainfo.distance.p = &distance;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_numainfo), 0);
    assert_int_equal(mem.memsize, 1000 << 12);
    assert_int_equal(mem.memfree, 500 << 12);
    assert_int_equal(distance, 10);
}

static void where_devices_are(void **state)
{
    struct physdev_pci_device devs[3] = { { .devfn = 8 }, { .devfn = 16 }, { .devfn = 8 } };
    uint32_t nodes[3] = { 99, 99, 99 };
    struct xen_sysctl op = { .u.pcitopoinfo.num_devs = 3 };

    assert_int_equal(sysctl(&op, XEN_SYSCTL_pcitopoinfo), -EINVAL);
    op.u.pcitopoinfo.devs.p = devs;
    op.u.pcitopoinfo.nodes.p = nodes;
    fake_on_copy = something_urgent; /* with the first result: the tool comes again */
    assert_int_equal(sysctl(&op, XEN_SYSCTL_pcitopoinfo), 0);
    assert_int_equal(op.u.pcitopoinfo.num_devs, 1);
    fake_on_copy = NULL;
    this_cpu()->softirq_pending = 0;
    op.u.pcitopoinfo.num_devs = 3;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_pcitopoinfo), 0);
    assert_int_equal(op.u.pcitopoinfo.num_devs, 3);
    assert_int_equal(nodes[0], 0);
    assert_int_equal(nodes[1], XEN_INVALID_DEV);
    assert_int_equal(nodes[2], 0);
}

static void the_schedulers_parameters(void **state)
{
    struct xen_sysctl op = { .u.scheduler_op = { .sched_id = XEN_SCHEDULER_CREDIT,
                                                 .cmd = XEN_SYSCTL_SCHEDOP_getinfo } };
    struct xen_sysctl_credit_schedule *credit = &op.u.scheduler_op.u.sched_credit;

    assert_int_equal(sysctl(&op, XEN_SYSCTL_scheduler_op), 0);
    assert_int_equal(credit->tslice_ms, 4);
    assert_int_equal(credit->ratelimit_us, 100);
    op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
    credit->ratelimit_us = 4001; /* longer than a slice */
    assert_int_equal(sysctl(&op, XEN_SYSCTL_scheduler_op), -EINVAL);
    credit->ratelimit_us = 100;
    credit->tslice_ms = 0;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_scheduler_op), -EINVAL);
    op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_scheduler_op), 0);
    assert_int_equal(credit->tslice_ms, 4);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_RTDS;
    assert_int_equal(sysctl(&op, XEN_SYSCTL_scheduler_op), -EINVAL);
}

/* --- Pando's own: what vCPUs have done --- */

static struct pando_sysctl_vcpu_stats *stats_of(struct xen_sysctl *op, void *buffer, uint32_t max)
{
    struct pando_sysctl_vcpu_stats *s = (void *)&op->u;

    *op = (struct xen_sysctl){ 0 };
    *s = (struct pando_sysctl_vcpu_stats){ .version = PANDO_VCPU_STATS_VERSION,
                                           .record_size = sizeof(struct pando_vcpu_record),
                                           .first_domid = 1,
                                           .last_domid = ~0u,
                                           .max_records = max,
                                           .buffer = (uint64_t)buffer };
    return s;
}

static void all_vcpus_are_told_of_in_pieces(void **state)
{
    struct pando_vcpu_record list[NR + 1] = { { 0 } };
    struct xen_sysctl op;
    const struct pando_sysctl_vcpu_stats *s = stats_of(&op, list, NR + 1);
    unsigned int running = 0;

    fake_now += 12345;
    fake_on_copy = something_urgent;
    this_cpu()->softirq_pending = 0;
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), 0);
    assert_int_equal(op.cmd, PANDO_SYSCTL_vcpu_stats);
    assert_int_equal(restarts, NR - 1);
    assert_int_equal(s->nr_records, NR);
    assert_int_equal(s->nr_vcpus, NR);
    assert_int_equal(s->record_size, sizeof(list[0]));
    assert_int_equal(list[NR].when_ns, 0);
    for (unsigned int i = 0; i < NR; i++) {
        const uint64_t *time = list[i].time_ns;

        assert_int_equal(list[i].domid, d[i]->domid);
        assert_int_equal(list[i].vcpu, 0);
        assert_int_equal(list[i].flags, PANDO_VCPU_ONLINE | PANDO_VCPU_CREDIT);
        running += d[i]->vcpu[0]->is_running;
        assert_int_equal(list[i].state,
                         d[i]->vcpu[0]->is_running ? RUNSTATE_running : RUNSTATE_runnable);
        assert_int_equal(list[i].when_ns, fake_now);
        assert_int_equal(time[0] + time[1] + time[2] + time[3],
                         fake_now - d[i]->vcpu[0]->created_at);
        assert_true(time[list[i].state] >= 12345);
        assert_true(d[i]->vcpu[0]->is_running ? list[i].credit_ns <= 0 : list[i].credit_ns >= 0);
    }
    assert_int_equal(running, nr_cpus);
}

static void vcpus_of_some_domains(void **state)
{
    uint64_t list[2][10];
    struct xen_sysctl op;
    struct pando_sysctl_vcpu_stats *s = stats_of(&op, list, 2);

    memset(list, 0x5a, sizeof(list));
    s->record_size = sizeof(list[0]);
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), 0);
    assert_int_equal(s->nr_records, 2); /* there was no room for more */
    assert_int_equal(s->nr_vcpus, NR);
    assert_int_equal(s->record_size, PANDO_VCPU_STATS_SIZE_MIN);
    for (unsigned int i = 0; i < 2; i++) { /* nor anything to say in the rest of it */
        assert_int_equal(((struct pando_vcpu_record *)list[i])->domid, d[i]->domid);
        assert_int_equal(list[i][8], 0x5a5a5a5a5a5a5a5a);
        assert_int_equal(list[i][9], 0x5a5a5a5a5a5a5a5a);
    }
    s = stats_of(&op, NULL, 0);
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), 0);
    assert_int_equal(s->nr_vcpus, NR);
    s = stats_of(&op, list, 1);
    s->first_domid = s->last_domid = d[5]->domid;
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), 0);
    assert_int_equal(s->nr_vcpus, 1);
    assert_int_equal(((struct pando_vcpu_record *)list[0])->domid, d[5]->domid);
    s = stats_of(&op, list, 1);
    s->last_domid = 0;
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), 0);
    assert_int_equal(s->nr_vcpus, 0);
    s = stats_of(&op, list, 1);
    s->first_domid = ~0u;
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), 0);
    assert_int_equal(s->nr_vcpus, 0);
}

static void bad_wishes_for_statistics(void **state)
{
    static const uint32_t sizes[] = { 0, 56, 65, 1032, ~0u - 7 };
    struct pando_vcpu_record record = { .domid = 999 };
    struct xen_sysctl op;
    struct pando_sysctl_vcpu_stats *s = stats_of(&op, &record, 1);

    s->version++;
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), -EOPNOTSUPP);
    for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        s = stats_of(&op, &record, 1);
        s->record_size = sizes[i];
        assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats), -EINVAL);
    }
    stats_of(&op, &record, 1);
    assert_int_equal(sysctl(&op, PANDO_SYSCTL_vcpu_stats + 1), -ENOSYS);
    assert_int_equal(record.domid, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unknown_numbers_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(multicall_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_cpus_and_memory_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_devices_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_schedulers_parameters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_vcpus_are_told_of_in_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(vcpus_of_some_domains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_wishes_for_statistics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_list_is_told_in_pieces, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
