/* SPDX-License-Identifier: MIT */
/* Several vCPUs: starting, stopping, what each registers; IPIs of the local APIC. */
#include "lib.h"

static struct vcpu_runstate_info *area;
static long ap_rc;

static void test_up_down(void)
{
    CHECK_EQUAL(nr_vcpus(), 2, "two vCPUs");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 0, NULL), 1, "vCPU 0 is up");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "vCPU 1 is down");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 2, NULL), -E_ENOENT, "there is no vCPU 2");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, ~0u, NULL), -E_ENOENT, "nor 2^32-1");
    CHECK_EQUAL(vcpu_op(VCPUOP_up, 1, NULL), -E_EINVAL, "up without a state is refused");
    CHECK(ap_start(1, NULL), "vCPU 1 starts in real mode by INIT and SIPI");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 1, NULL), 1, "it is up");
    CHECK(ap_start(1, NULL), "INIT and SIPI start it anew");
    CHECK_EQUAL(vcpu_op(VCPUOP_down, 1, NULL), 0, "down");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 1, NULL), 0, "it is down");
    CHECK_EQUAL(vcpu_op(VCPUOP_up, 1, NULL), 0, "up where it was");
    CHECK_EQUAL(vcpu_op(VCPUOP_is_up, 1, NULL), 1, "it is up");
    CHECK_EQUAL(vcpu_op(77, 0, NULL), -E_ENOSYS, "no such call");
}

static void nothing(void)
{
}

static volatile uint32_t ap_id, ap_base;

static void read_ap(void)
{
    ap_id = (uint32_t)apic_read(APIC_ID);
    ap_base = (uint32_t)rdmsr(MSR_APIC_BASE);
}

/* A shorthand, a destination, logical; each reaches whom it should. */
static void test_ipis(void)
{
    uint32_t *mine = cpus[0].irqs, *other = cpus[1].irqs;

    ap_run(1, read_ap);
    CHECK_EQUAL(ap_id, 2, "vCPU 1's APIC id is 2");
    CHECK_EQUAL(ap_base & 0x100, 0, "it isn't the boot processor");
    apic_write(APIC_ICR, 2UL << 32 | 0x51);
    CHECK(WAIT_FOR(ACCESS(other[0x51]) == 1, 3000), "IPI to vCPU 1");
    apic_write(APIC_ICR, 3UL << 18 | 0x52);
    CHECK(WAIT_FOR(ACCESS(other[0x52]) == 1, 3000), "all but self");
    CHECK_EQUAL(ACCESS(mine[0x52]), 0, "not self");
    apic_write(APIC_ICR, 2UL << 18 | 0x53);
    CHECK(WAIT_FOR(ACCESS(other[0x53]) == 1 && ACCESS(mine[0x53]) == 1, 3000), "all");
    apic_write(APIC_ICR, 0xffffffffUL << 32 | 0x54);
    CHECK(WAIT_FOR(ACCESS(other[0x54]) == 1 && ACCESS(mine[0x54]) == 1, 3000), "broadcast");
    apic_write(APIC_ICR, 0x4UL << 32 | 1 << 11 | 0x55);
    CHECK(WAIT_FOR(ACCESS(other[0x55]) == 1, 3000), "logical destination");
    CHECK_EQUAL(ACCESS(mine[0x55]), 0, "only that");
    apic_write(APIC_ICR, 99UL << 32 | 0x56);
    WAIT_FOR(false, 5);
    CHECK_EQUAL(ACCESS(mine[0x56]) + ACCESS(other[0x56]), 0, "to nobody");
}

static volatile uint32_t nmis;

static void on_nmi(struct frame *f)
{
    nmis++;
}

static void test_nmi(void)
{
    irq_handler[2] = on_nmi;
    apic_write(APIC_ICR, 2UL << 32 | 0x400);
    CHECK(WAIT_FOR(nmis == 1, 3000), "NMI to vCPU 1");
}

static void halt_off(void)
{
    irq_off();
    __asm__ __volatile__("hlt");
}

static void halt_on_pending(void)
{
    irq_off();
    apic_write(APIC_SELF_IPI, 0x59);
    halt();
}

static bool ap_sleeps(void)
{
    struct vcpu_runstate_info r;

    return !vcpu_op(VCPUOP_get_runstate_info, 1, &r) && r.state == RUNSTATE_blocked;
}

static void test_halted(void)
{
    ap_begin(1, halt);
    WAIT_FOR(ap_sleeps(), 3000);
    CHECK(!ap_wait(1, 5), "vCPU 1 sleeps in HLT");
    apic_write(APIC_ICR, 2UL << 32 | 0x57);
    CHECK(ap_wait(1, 3000), "an IPI wakes it");
    ap_begin(1, halt_off);
    WAIT_FOR(ap_sleeps(), 3000);
    apic_write(APIC_ICR, 2UL << 32 | 0x58);
    CHECK(!ap_wait(1, 20), "not when its interrupts are off");
    CHECK_EQUAL(ACCESS(cpus[1].irqs[0x58]), 0, "it takes none");
    apic_write(APIC_ICR, 2UL << 32 | 0x400);
    CHECK(ap_wait(1, 3000), "but an NMI does");
    CHECK(WAIT_FOR(ACCESS(cpus[1].irqs[0x58]) == 1, 3000), "the interrupt was pending all along");
    ap_begin(1, halt_off);
    WAIT_FOR(ap_sleeps(), 3000);
    CHECK(ap_start(1, NULL), "INIT and SIPI wake it too");
    ap_run(1, halt_on_pending);
    CHECK_EQUAL(ACCESS(cpus[1].irqs[0x59]), 1, "HLT with interrupts on ends at once if one waits");
}

static void register_area(void)
{
    struct vcpu_register_runstate_memory_area op = { .addr.v = area };

    ap_rc = vcpu_op(VCPUOP_register_runstate_memory_area, 1, &op);
}

static void test_runstate(void)
{
    struct vcpu_register_runstate_memory_area op;
    struct vcpu_runstate_info r;
    uint64_t sum = 0;

    area = page_get();
    op.addr.v = area;
    CHECK_EQUAL(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &op), 0, "runstate area");
    CHECK_EQUAL(area->state, RUNSTATE_running, "it says running");
    CHECK_EQUAL(vcpu_op(VCPUOP_get_runstate_info, 0, &r), 0, "runstate");
    for (unsigned int i = 0; i < 4; i++)
        sum += r.time[i];
    CHECK(sum && sum <= now(), "the times' sum");
    area = page_get();
    ap_run(1, register_area);
    CHECK_EQUAL(ap_rc, 0, "the area of vCPU 1");
    ap_begin(1, halt);
    WAIT_FOR(ap_sleeps(), 3000);
    WAIT_FOR(false, 60);
    apic_write(APIC_ICR, 2UL << 32 | 0x57);
    CHECK(ap_wait(1, 3000), "vCPU 1 sleeps and wakes");
    CHECK(area->time[RUNSTATE_blocked] >= 5 * MS, "its blocked time");
    CHECK_EQUAL(vcpu_op(VCPUOP_get_runstate_info, 1, &r), 0, "runstate of vCPU 1");
    CHECK(r.state == RUNSTATE_running || r.state == RUNSTATE_runnable, "it wants to run");
}

static void test_vcpu_info(void)
{
    uint8_t *page = page_get();
    struct vcpu_register_vcpu_info op = { .mfn = 0xfffffff0 };
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct evtchn_send send;

    CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -E_EINVAL, "vcpu_info at no page");
    op.mfn = (uint64_t)page >> 12;
    op.offset = 4;
    CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -E_EINVAL, "vcpu_info unaligned");
    op.offset = PAGE_SIZE - 8;
    CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -E_EINVAL, "vcpu_info over the end");
    op.offset = 128;
    CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), 0, "vcpu_info");
    cpus[0].info = (struct vcpu_info *)(page + 128);
    CHECK(cpus[0].info->time.tsc_to_system_mul, "time is there");
    op.offset = 256;
    CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 0, &op), -E_EINVAL, "once only");
    event_op(EVTCHNOP_bind_ipi, &ipi);
    event_unmask(ipi.port);
    send.port = ipi.port;
    event_op(EVTCHNOP_send, &send);
    CHECK(WAIT_FOR(ACCESS(event_count[ipi.port]) == 1, 3000), "events come by it");
    op = (struct vcpu_register_vcpu_info){ .mfn = (uint64_t)page >> 12, .offset = 512 };
    CHECK_EQUAL(vcpu_op(VCPUOP_register_vcpu_info, 1, &op), -E_EINVAL, "not of one that runs");
}

void test_main(void)
{
    events_init();
    test_up_down();
    ap_run(1, nothing);
    test_ipis();
    test_nmi();
    test_halted();
    test_runstate();
    test_vcpu_info();
}
