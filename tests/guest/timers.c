/* SPDX-License-Identifier: MIT */
/* Time and timers: the hypervisor's, and the local APIC's. */
#include "lib.h"

#define TIMER_VECTOR 0x61
#define ONE_SHOT     (0UL << 17)
#define PERIODIC     (1UL << 17)
#define DEADLINE     (2UL << 17)
#define MASKED       (1UL << 16)

static evtchn_port_t timer_port;

static void bind_timer(void)
{
    struct evtchn_bind_virq op = { .virq = VIRQ_TIMER, .vcpu = 0 };

    if (event_op(EVTCHNOP_bind_virq, &op))
        die("the timer VIRQ can't be bound");
    timer_port = op.port;
    event_unmask(timer_port);
}

static uint32_t events(void)
{
    return ACCESS(event_count[timer_port]);
}

static uint32_t irqs(void)
{
    return ACCESS(this_cpu()->irqs[TIMER_VECTOR]);
}

/* Lets @ms milliseconds go by. */
static void pass(unsigned int ms)
{
    WAIT_FOR(false, ms);
}

static void test_singleshot(void)
{
    struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = now() + 5 * MS };
    uint32_t n = events();
    bool late;
    long rc;

    CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 0, &op), 0, "single shot in 5 ms");
    CHECK(WAIT_FOR(events() != n, 3000), "comes");
    CHECK(now() >= op.timeout_abs_ns, "not too early");
    pass(10);
    CHECK_EQUAL(events(), n + 1, "once");
    op.timeout_abs_ns = now() - MS;
    vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
    CHECK(WAIT_FOR(events() == n + 2, 3000), "a time gone by: at once");
    op.flags = VCPU_SSHOTTMR_future;
    CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 0, &op), -E_ETIME, "or refused");
    do { /* anew if this vCPU did not get to the stop in time */
        op = (struct vcpu_set_singleshot_timer){ .timeout_abs_ns = now() + 20 * MS };
        vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
        rc = vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
        late = now() > op.timeout_abs_ns;
        pass(1); /* what came because of that is counted before */
        n = events() - 2;
    } while (late);
    CHECK_EQUAL(rc, 0, "stopped");
    pass(40);
    CHECK_EQUAL(events(), n + 2, "it does not come");
    CHECK_EQUAL(vcpu_op(VCPUOP_set_singleshot_timer, 1, &op), -E_EINVAL, "another vCPU's timer");
}

static void test_set_timer_op(void)
{
    uint32_t n = events();
    uint64_t end;
    long rc;

    CHECK_EQUAL(hcall1(set_timer_op, now() + 3 * MS), 0, "set_timer_op");
    CHECK(WAIT_FOR(events() == n + 1, 3000), "comes");
    do {
        end = now() + 20 * MS;
        hcall1(set_timer_op, end);
        rc = hcall1(set_timer_op, 0);
        n = events() - 1;
    } while (now() > end);
    CHECK_EQUAL(rc, 0, "0 stops it");
    pass(40);
    CHECK_EQUAL(events(), n + 1, "it does not come");
    hcall1(set_timer_op, ~0UL);
    pass(5);
    CHECK_EQUAL(events(), n + 1, "the end of time does not come");
    hcall1(set_timer_op, 0);
}

static void test_periodic(void)
{
    struct vcpu_set_periodic_timer op = { .period_ns = 5 * MS };
    uint64_t start = now();
    uint32_t n = events();

    CHECK_EQUAL(vcpu_op(VCPUOP_set_periodic_timer, 0, &op), 0, "every 5 ms");
    CHECK(WAIT_FOR(events() - n >= 4, 3000), "four times");
    CHECK(now() - start >= 20 * MS, "not too early");
    CHECK_EQUAL(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stopped");
    n = events();
    pass(15);
    CHECK(events() - n <= 1, "it comes no more");
    op.period_ns = 1000;
    CHECK_EQUAL(vcpu_op(VCPUOP_set_periodic_timer, 0, &op), -E_EINVAL, "a period of 1 us");
}

static void test_halt(void)
{
    uint64_t start = now(), slept;
    uint32_t n = events();
    struct vcpu_runstate_info before, after;

    vcpu_op(VCPUOP_get_runstate_info, 0, &before);
    hcall1(set_timer_op, start + 60 * MS);
    while (events() == n)
        halt();
    slept = now() - start;
    vcpu_op(VCPUOP_get_runstate_info, 0, &after);
    CHECK(slept >= 60 * MS, "HLT is ended by the timer");
    CHECK(after.time[RUNSTATE_blocked] - before.time[RUNSTATE_blocked] >= 15 * MS,
          "it was blocked");
    /* One that is there already does not let it sleep. */
    hcall1(set_timer_op, now());
    pass(0);
    n = events();
    start = now();
    hcall1(set_timer_op, start + 1);
    while (events() == n)
        halt();
    CHECK(now() - start < 3000 * MS, "an interrupt just before HLT isn't lost");
}

static void test_lapic(void)
{
    uint32_t n = irqs(), count;
    uint64_t start;
    bool late;

    apic_write(APIC_DIVIDE, 0xb); /* by 1 */
    apic_write(APIC_TIMER, ONE_SHOT | TIMER_VECTOR);
    apic_write(APIC_INITIAL, 1000000);
    CHECK(WAIT_FOR(irqs() == n + 1, 3000), "APIC timer, one shot");
    pass(5);
    CHECK_EQUAL(irqs(), n + 1, "once");
    CHECK_EQUAL(apic_read(APIC_CURRENT), 0, "it stands");
    apic_write(APIC_INITIAL, 0xffffffff);
    count = (uint32_t)apic_read(APIC_CURRENT);
    pass(1);
    CHECK((uint32_t)apic_read(APIC_CURRENT) < count, "it counts down");
    apic_write(APIC_INITIAL, 0);

    n = irqs();
    apic_write(APIC_TIMER, PERIODIC | TIMER_VECTOR);
    apic_write(APIC_INITIAL, 2000000);
    CHECK(WAIT_FOR(irqs() >= n + 4, 1000), "periodic");
    apic_write(APIC_TIMER, PERIODIC | MASKED | TIMER_VECTOR);
    pass(5);
    n = irqs();
    pass(30);
    CHECK_EQUAL(irqs(), n, "masked");
    apic_write(APIC_INITIAL, 0);

    apic_write(APIC_TIMER, DEADLINE | TIMER_VECTOR);
    start = rdtsc();
    wrmsr(MSR_TSC_DEADLINE, start + (1UL << 36));
    CHECK_EQUAL(rdmsr(MSR_TSC_DEADLINE), start + (1UL << 36), "TSC deadline is kept");
    wrmsr(MSR_TSC_DEADLINE, start + 5000000);
    CHECK(WAIT_FOR(irqs() == n + 1, 3000), "TSC deadline");
    CHECK(rdtsc() >= start + 5000000, "not too early");
    CHECK_EQUAL(rdmsr(MSR_TSC_DEADLINE), 0, "and is 0 then");
    wrmsr(MSR_TSC_DEADLINE, 1);
    CHECK(WAIT_FOR(irqs() == n + 2, 3000), "a deadline gone by: at once");
    do {
        start = rdtsc() + 50000000;
        wrmsr(MSR_TSC_DEADLINE, start);
        wrmsr(MSR_TSC_DEADLINE, 0);
        late = rdtsc() > start;
        pass(1);
        n = irqs();
    } while (late);
    pass(50);
    CHECK_EQUAL(irqs(), n, "0 disarms it");
}

/* Spins until its timer comes, then sleeps until it comes again. */
static void own_timer(void)
{
    uint32_t n = irqs();

    apic_write(APIC_DIVIDE, 0xb);
    apic_write(APIC_TIMER, ONE_SHOT | TIMER_VECTOR);
    apic_write(APIC_INITIAL, 1000000);
    irq_on();
    while (irqs() == n)
        ;
    irq_off();
    apic_write(APIC_INITIAL, 1000000);
    while (irqs() == n + 1)
        halt();
}

static void test_other_lapic(void)
{
    ap_begin(1, own_timer);
    CHECK(ap_wait(1, 3000), "APIC timer of vCPU 1, while it spins and while it sleeps");
}

/* --- the clock seen from two vCPUs --- */

static volatile uint64_t latest;
static volatile bool stop, went_back;
static unsigned int rounds;

/* Publishes its time, and looks whether the other's was later than its own. */
static void clock_worker(void)
{
    for (unsigned int i = 0; i < 20000 && !stop; i++) {
        uint64_t seen = latest, t = now();

        if (t < seen)
            went_back = true;
        latest = t;
        rounds++;
    }
}

static void test_clock(void)
{
    uint64_t a = now(), tsc = rdtsc(), b;
    uint32_t khz = cpuid(0x40000003, 0).c;

    pass(50);
    b = now() - a;
    tsc = (rdtsc() - tsc) * 1000000 / khz;
    CHECK(tsc > b - b / 20 && tsc < b + b / 20, "the TSC agrees with time: %lu and %lu ns", tsc, b);
    ap_begin(1, clock_worker);
    clock_worker();
    ap_wait(1, 5000);
    CHECK(!went_back, "time never goes back between vCPUs (%u looks)", rounds);
}

void test_main(void)
{
    events_init();
    bind_timer();
    CHECK(ap_start(1, NULL), "vCPU 1 starts");
    test_singleshot();
    test_set_timer_op();
    test_periodic();
    test_halt();
    test_lapic();
    test_other_lapic();
    test_clock();
}
