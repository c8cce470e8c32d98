/* SPDX-License-Identifier: MIT */
/*
 * Instructions per operation, guest and hypervisor together: for a machine in which a tick
 * of the TSC is an instruction. Beside them what Xen 4.17 takes there, and our aim. The word
 * "more" adds operations that have neither, "two" is for a second vCPU.
 */
#include "lib.h"

#define ROUNDS       51
#define REF          8

#define OTHER_VECTOR 0x62

static uint32_t samples[ROUNDS];
static evtchn_port_t port;
static struct grant_entry_v1 *table;
static uint8_t *page, *other;
static uint64_t hole;
static xen_pfn_t balloon;

static void op_nothing(void)
{
}

static void op_version(void)
{
    hcall2(xen_version, XENVER_version, NULL);
}

static void op_unknown(void)
{
    hypercall(99, 0, 0, 0, 0, 0);
}

static void op_yield(void)
{
    sched_op(SCHEDOP_yield, NULL);
}

static void op_cpuid(void)
{
    cpuid(1, 0);
}

static void op_rdmsr(void)
{
    rdmsr(MSR_APIC_BASE);
}

/* The hypervisor does as much for dom0: one instruction. */
static void op_wbinvd(void)
{
    __asm__ __volatile__("wbinvd" : : : "memory");
}

static void op_ioapic_read(void)
{
    (void)*(volatile uint32_t *)0xfec00000;
}

static void op_apic_read(void)
{
    (void)*(volatile uint32_t *)0xfee00030;
}

static void op_tpr_write(void)
{
    *(volatile uint32_t *)0xfee00080 = 0;
}

static void op_send(void)
{
    struct evtchn_send op = { .port = port };

    event_op(EVTCHNOP_send, &op);
}

static void op_balloon(void)
{
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = DOMID_SELF };

    set_xen_guest_handle(r.extent_start, &balloon);
    memory_op(XENMEM_decrease_reservation, &r);
    memory_op(XENMEM_populate_physmap, &r);
    *(volatile uint8_t *)(balloon << 12) = 1;
}

static void op_copy(void)
{
    struct gnttab_copy op = { .len = PAGE_SIZE, .flags = GNTCOPY_source_gref };

    op.source.u.ref = REF;
    op.dest.u.gmfn = (uint64_t)other >> 12;
    op.dest.domid = DOMID_SELF;
    grant_op(GNTTABOP_copy, &op, 1);
    if (op.status)
        die("grant copy: %d", op.status);
}

static void op_map(void)
{
    struct gnttab_map_grant_ref m = { .host_addr = hole, .flags = GNTMAP_host_map, .ref = REF };
    struct gnttab_unmap_grant_ref u = { .host_addr = hole };

    grant_op(GNTTABOP_map_grant_ref, &m, 1);
    u.handle = m.handle;
    grant_op(GNTTABOP_unmap_grant_ref, &u, 1);
    if (m.status || u.status)
        die("grant map: %d, unmap: %d", m.status, u.status);
}

/* Until vCPU 1, which spins, has had an interrupt from here. */
static void op_interrupt_other(void)
{
    uint32_t n = ACCESS(cpus[1].irqs[OTHER_VECTOR]);

    apic_write(APIC_ICR, 2UL << 32 | OTHER_VECTOR);
    while (ACCESS(cpus[1].irqs[OTHER_VECTOR]) == n)
        ;
}

/* Clears what op_send has set, and no more. */
static void upcall(struct frame *f)
{
    shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
    shared_info->vcpu_info[0].evtchn_pending_sel = 0;
    shared_info->evtchn_pending[port / 64] = 0;
}

static uint32_t median(void)
{
    for (unsigned int i = 1; i < ROUNDS; i++) {
        for (unsigned int k = i; k && samples[k] < samples[k - 1]; k--) {
            uint32_t t = samples[k];

            samples[k] = samples[k - 1];
            samples[k - 1] = t;
        }
    }
    return samples[ROUNDS / 2];
}

static uint32_t measure(void (*op)(void))
{
    static volatile uint64_t start, end; /* warm, and out of registers' way */

    for (unsigned int i = 0; i < ROUNDS; i++) {
        start = rdtsc();
        op();
        end = rdtsc();
        samples[i] = (uint32_t)(end - start);
    }
    return median();
}

/* Bochs' debugger stops here, where it is told to. */
static void mark(void)
{
    __asm__ __volatile__("xchg %%bx, %%bx" : : : "memory");
}

/* And once more between marks, for a profile. */
static void report(const char *what, void (*op)(void), unsigned int aim, unsigned int reference)
{
    uint32_t n = measure(op) - measure(op_nothing);

    printf("BENCH %s|%u|%u|%u\n", what, n, aim, reference);
    mark();
    op();
    mark();
}

static void spin(void)
{
    irq_on();
    for (;;)
        ;
}

static void report_two(void)
{
    if (!ap_start(1, spin))
        die("vCPU 1 does not start");
    WAIT_FOR(false, 20);
    report("interrupt to a vCPU that runs, taken", op_interrupt_other, 0, 0);
}

static void prepare(void)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct xen_add_to_physmap x = { .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table };

    events_init();
    irq_handler[EVENT_VECTOR] = upcall;
    if (event_op(EVTCHNOP_bind_ipi, &ipi))
        die("no port");
    port = ipi.port;
    table = (void *)hole_alloc(1);
    x.gpfn = (uint64_t)table >> 12;
    if (memory_op(XENMEM_add_to_physmap, &x))
        die("no grant table");
    page = page_get();
    other = page_get();
    balloon = (uint64_t)page_get() >> 12;
    hole = hole_alloc(1);
    table[REF].frame = (uint32_t)((uint64_t)page >> 12);
    table[REF].domid = 0;
    barrier();
    table[REF].flags = GTF_permit_access;
}

static void to_xapic(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE) & ~0xc00UL;

    wrmsr(MSR_APIC_BASE, base);
    wrmsr(MSR_APIC_BASE, base | 0x800);
    *(volatile uint32_t *)0xfee000f0 = 0x1ff;
}

void test_main(void)
{
    if (option("two")) {
        report_two();
        return;
    }
    prepare();
    report("hypercall xen_version", op_version, 1400, 5814);
    report("hypercall, unknown number", op_unknown, 1400, 5776);
    report("yield, nothing else to run", op_yield, 2010, 8043);
    report("CPUID", op_cpuid, 1600, 10618);
    report("RDMSR of APIC_BASE", op_rdmsr, 1432, 5729);
    op_send();
    report("event send, already pending", op_send, 2400, 10129);
    event_unmask(port);
    irq_on();
    report("event send, delivered to self", op_send, 2400, 10338);
    irq_off();
    report("page ballooned out and in, touched", op_balloon, 11000, 44821);
    report("grant copy of 4 KiB", op_copy, 4000, 17523);
    report("grant map and unmap", op_map, 7000, 29732);
    if (option("more")) {
        report("exit and entry alone: WBINVD", op_wbinvd, 0, 0);
        report("EPT violation: IO-APIC read", op_ioapic_read, 0, 0);
    }
    to_xapic();
    report("local APIC read by MMIO", op_apic_read, 3500, 14735);
    report("local APIC TPR write by MMIO", op_tpr_write, 5513, 22053);
}
