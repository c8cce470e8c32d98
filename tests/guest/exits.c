/* SPDX-License-Identifier: MIT */
/*
 * What exits and what doesn't, by the hypervisor's own counters. The words say what the
 * processor has: "apicv", "posted", "stay" (a longest stay in the guest), "pause" (loops of
 * PAUSE exit). Then there must be no exits at all; without, as many as there are instructions.
 */
#include "lib.h"

#define MAX_REASONS 32
#define MAX_CPUS    4
#define ROUNDS      20 /* the host's own interrupts may fall into some */

static xen_sysctl_perfc_desc_t desc[MAX_REASONS];
static unsigned int nr_reasons, nr_cpus;

struct counts {
    xen_sysctl_perfc_val_t of[MAX_REASONS * MAX_CPUS];
};

static struct counts before, after;

static long query(struct counts *c, bool names)
{
    struct xen_sysctl op = { .u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_query };
    long rc;

    if (c)
        set_xen_guest_handle(op.u.perfc_op.val, c->of);
    if (names)
        set_xen_guest_handle(op.u.perfc_op.desc, desc);
    rc = sysctl(XEN_SYSCTL_perfc_op, &op);
    nr_reasons = op.u.perfc_op.nr_counters;
    nr_cpus = op.u.perfc_op.nr_vals / nr_reasons;
    return rc;
}

/* Of all CPUs, between the two queries. */
static uint32_t counted(unsigned int reason)
{
    uint32_t sum = 0;

    for (unsigned int i = reason * nr_cpus; i < (reason + 1) * nr_cpus; i++)
        sum += after.of[i] - before.of[i];
    return sum;
}

static unsigned int reason_of(const char *name)
{
    for (unsigned int r = 0; r < nr_reasons; r++) {
        if (strlen(desc[r].name) == strlen(name) && !memcmp(desc[r].name, name, strlen(name)))
            return r;
    }
    die("there is no counter \"%s\"", name);
}

static uint32_t exits(const char *name)
{
    return counted(reason_of(name));
}

/* But for the second query, and those of @except (NULL: no others). */
static uint32_t all_exits_but(const char *except)
{
    uint32_t sum = 0;

    for (unsigned int r = 0; r < nr_reasons; r++)
        sum += counted(r);
    return sum - 1 - (except ? exits(except) : 0);
}

/* The fewest exits, but for those of @except, that @fn came with. */
static uint32_t fewest(void (*fn)(void), const char *except)
{
    uint32_t least = ~0u;

    for (unsigned int i = 0; i < ROUNDS && least; i++) {
        uint32_t n;

        query(&before, false);
        fn();
        query(&after, false);
        n = all_exits_but(except);
        least = n < least ? n : least;
    }
    return least;
}

static void test_counters(void)
{
    struct xen_sysctl op = { .u.perfc_op.cmd = 77 };

    CHECK_EQUAL(query(NULL, false), 0, "how many counters there are");
    CHECK(nr_reasons > 10 && nr_reasons <= MAX_REASONS && nr_cpus == 2, "%u, of %u CPUs",
          nr_reasons, nr_cpus);
    CHECK_EQUAL(query(&before, true), 0, "their names and values");
    CHECK_EQUAL(desc[0].nr_vals, nr_cpus, "a value for each CPU");
    query(&before, false); /* what is printed exits, too */
    for (unsigned int i = 0; i < 100; i++)
        cpuid(0, 0);
    for (unsigned int i = 0; i < 10; i++)
        rdmsr(MSR_APIC_BASE);
    query(&after, false);
    CHECK_EQUAL(exits("exits: CPUID"), 100, "CPUID, 100 times");
    CHECK_EQUAL(exits("exits: RDMSR"), 10, "RDMSR, 10 times");
    CHECK_EQUAL(exits("exits: hypercall"), 1, "one hypercall");
    CHECK_EQUAL(sysctl(XEN_SYSCTL_perfc_op, &op), -E_EOPNOTSUPP, "no such operation on them");
}

static void read_registers(void)
{
    static const uint8_t regs[] = { APIC_ID,  APIC_VERSION, APIC_TPR, APIC_LDR,     APIC_SVR,
                                    APIC_ISR, APIC_IRR,     APIC_ESR, APIC_INITIAL, APIC_DIVIDE };

    for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++)
        apic_read(regs[i]);
}

static void interrupt_self(void)
{
    irq_on();
    for (unsigned int i = 0; i < 10; i++) {
        uint32_t n = ACCESS(cpus[0].irqs[0x61]);

        apic_write(APIC_SELF_IPI, 0x61);
        while (ACCESS(cpus[0].irqs[0x61]) == n)
            ;
    }
    irq_off();
}

static void test_apic(void)
{
    bool apicv = option("apicv");

    CHECK_EQUAL(cpuid(0x40000004, 0).a & 3, apicv ? 3 : 0, "CPUID says whether APICv is there");
    if (apicv) {
        CHECK_EQUAL(fewest(read_registers, NULL), 0, "registers of the APIC: no exit");
        CHECK_EQUAL(fewest(interrupt_self, NULL), 0, "interrupts sent to oneself: no exit");
    } else {
        CHECK(fewest(read_registers, NULL) >= 10, "registers of the APIC: an exit each");
        CHECK(fewest(interrupt_self, NULL) >= 10, "interrupts sent to oneself: an exit each");
    }
}

/* Of the other vCPU: what it waits for, and whether it is there. */
static volatile bool quit, ready;

/* Without PAUSE, which may exit. */
static void spin_open(void)
{
    irq_on();
    ready = true;
    while (!quit)
        ;
    irq_off();
}

static void interrupt_other(void)
{
    for (unsigned int i = 0; i < 10; i++) {
        uint32_t n = ACCESS(cpus[1].irqs[0x62]);

        apic_write(APIC_ICR, 2UL << 32 | 0x62);
        while (ACCESS(cpus[1].irqs[0x62]) == n)
            ;
    }
}

static void begin(void (*fn)(void))
{
    ready = quit = false;
    ap_begin(1, fn);
    CHECK(WAIT_FOR(ready, 3000), "vCPU 1 is there");
}

static bool end(void)
{
    quit = true;
    return ap_wait(1, 3000);
}

/* The sender's exits are its writes of the command register. */
static void test_posted(void)
{
    uint32_t n;

    begin(spin_open);
    n = fewest(interrupt_other, "exits: WRMSR");
    if (option("posted"))
        CHECK_EQUAL(n, 0, "interrupts for a vCPU that runs: no exit of it");
    else
        CHECK(n >= 10, "interrupts for a vCPU that runs: it exits for each (%u)", n);
    CHECK(end(), "it ends");
}

/*
 * Enters the guest with interrupts off, and leaves it so. Bochs keeps an entered guest's exits
 * for the host's interrupts back as long as IF does not change; other processors don't.
 */
static void spin_closed(void)
{
    bool by_pause = option("pause") && !option("stay");

    irq_off();
    cpuid(0, 0);
    ready = true;
    while (!quit) {
        if (by_pause)
            __asm__ __volatile__("pause");
    }
}

static long give_up(void *page)
{
    uint64_t gfn = (uint64_t)page / PAGE_SIZE;
    struct xen_remove_from_physmap x = { .domid = DOMID_SELF, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &x);
}

static void test_stay(void)
{
    begin(spin_closed);
    for (unsigned int i = 0; i < 10; i++)
        CHECK_EQUAL(give_up(page_get()), 0, "a page goes, although vCPU 1 spins with IF clear");
    query(&before, false);
    WAIT_FOR(false, 20);
    query(&after, false);
    CHECK(end(), "vCPU 1 ends");
    if (option("stay"))
        CHECK(exits("exits: end of the longest stay") >= 10, "its stays in the guest were bounded");
    else
        CHECK_EQUAL(exits("exits: end of the longest stay"), 0, "nothing bounds its stays");
    if (option("pause"))
        CHECK(exits("exits: loop of PAUSE") >= 10, "waiting by PAUSE exits");
    else
        CHECK_EQUAL(exits("exits: loop of PAUSE"), 0, "PAUSE does not exit");
}

void test_main(void)
{
    test_counters();
    test_apic(); /* alone: another vCPU's exits would be counted too */
    if (!ap_start(1, NULL))
        die("vCPU 1 does not start");
    test_posted();
    test_stay();
}
