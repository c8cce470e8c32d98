/* SPDX-License-Identifier: MIT */
/* Registers in memory: the local APIC in xAPIC mode, the IO-APIC, PCI, and nothing. */
#include "lib.h"

#define LAPIC      0xfee00000UL
#define IOAPIC     0xfec00000UL
#define REG(a)     (*(volatile uint32_t *)(a))
#define REG8(a)    (*(volatile uint8_t *)(a))
#define REG64(a)   (*(volatile uint64_t *)(a))
#define XAPIC(r)   REG(LAPIC + ((r) << 4))
#define APIC_ICR2  0x31
#define NOWHERE    0xc800000UL    /* RAM that isn't dom0's (dom0_mem=96M) */
#define HYPERVISOR 0x200000UL     /* where its image is loaded: its beginning is not zeros */
#define UNMAPPED   0x2400000000UL /* beyond the page tables */

static void to_xapic(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    wrmsr(MSR_APIC_BASE, base & ~0xc00UL);
    wrmsr(MSR_APIC_BASE, (base & ~0xc00UL) | 0x800);
    CHECK_EQUAL(rdmsr(MSR_APIC_BASE) & 0xf00, 0x900, "xAPIC mode");
    xapic_mode = true;
    XAPIC(APIC_SVR) = 0x1ff;
}

static void test_off(void)
{
    CHECK_EQUAL(XAPIC(APIC_VERSION), ~0u, "in x2APIC mode nothing is at the local APIC's page");
    CHECK_EQUAL(REG(NOWHERE), ~0u, "memory that isn't there reads as all ones");
    CHECK_EQUAL(REG64(NOWHERE), ~0UL, "8 bytes of it too");
    CHECK_EQUAL(REG64(HYPERVISOR), ~0UL, "neither does the hypervisor's own");
    CHECK_EQUAL(REG64(HYPERVISOR + 0x10000), ~0UL, "nor its code");
    REG(NOWHERE) = 0x12345678;
    CHECK_EQUAL(REG(NOWHERE), ~0u, "and can't be written");
}

static void test_registers(void)
{
    uint32_t v;

    CHECK_EQUAL(XAPIC(APIC_ID), 0, "APIC id");
    CHECK_EQUAL(XAPIC(APIC_VERSION) & 0xff, 0x14, "version");
    XAPIC(APIC_TPR) = 0x35;
    CHECK_EQUAL(XAPIC(APIC_TPR), 0x35, "TPR");
    __asm__ __volatile__("orl $0x40, %0; andl $~1, %0" : "+m"(XAPIC(APIC_TPR)));
    CHECK_EQUAL(XAPIC(APIC_TPR), 0x74, "TPR after OR and AND");
    __asm__ __volatile__("addl $1, %0; incl %0; notl %0; negl %0" : "+m"(XAPIC(APIC_TPR)));
    CHECK_EQUAL(XAPIC(APIC_TPR), 0x77, "after ADD, INC, NOT and NEG");
    v = 0x22;
    __asm__ __volatile__("xchgl %0, %1" : "+m"(XAPIC(APIC_TPR)), "+r"(v));
    CHECK(v == 0x77 && XAPIC(APIC_TPR) == 0x22, "XCHG");
    __asm__ __volatile__("btsl $3, %0; btrl $1, %0" : "+m"(XAPIC(APIC_TPR)));
    CHECK_EQUAL(XAPIC(APIC_TPR), 0x28, "BTS, BTR");
    v = XAPIC(APIC_TPR);
    __asm__ __volatile__("movl %1, %%eax; lock cmpxchgl %2, %0"
                         : "+m"(XAPIC(APIC_TPR))
                         : "r"(v), "r"(0x11)
                         : "eax", "cc");
    CHECK_EQUAL(XAPIC(APIC_TPR), 0x11, "CMPXCHG");
    XAPIC(APIC_TPR) = 0;
    /* No CPU promises anything of it; those that read the APIC by themselves give what is there. */
    v = REG8(LAPIC + 0x30);
    CHECK(v == 0 || v == 0x14, "a byte of a register: nothing, or the byte");
    CHECK_EQUAL(REG(LAPIC + 0xff0), 0, "a register that does not exist");
}

static void test_string(void)
{
    static uint32_t copy[8];
    void *to = copy;
    uint64_t from = LAPIC + 0x80, count = 8;

    XAPIC(APIC_TPR) = 0x20;
    __asm__ __volatile__("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    CHECK(copy[0] == 0x20 && !count && from == LAPIC + 0xa0 && to == copy + 8, "REP MOVS");
    to = (void *)(LAPIC + 0x80);
    __asm__ __volatile__("stosl" : "+D"(to) : "a"(0x40) : "memory");
    CHECK_EQUAL(XAPIC(APIC_TPR), 0x40, "STOS");
    XAPIC(APIC_TPR) = 0;
}

static uint64_t fault_rdi, fault_rcx;

static void copy_to_nowhere(void *arg)
{
    __asm__ __volatile__("rep movsl" : : "D"(UNMAPPED), "S"(LAPIC + 0x80), "c"(4) : "memory");
}

static void test_fault(void)
{
    CHECK_EQUAL(trap_call(copy_to_nowhere, NULL), 14, "a copy to where nothing is mapped: #PF");
    fault_rdi = this_cpu()->trap.rdi;
    fault_rcx = this_cpu()->trap.rcx;
    CHECK_EQUAL(this_cpu()->trap_cr2, UNMAPPED, "its address");
    CHECK_EQUAL(this_cpu()->trap.error, 2, "its error code: a write");
    CHECK(fault_rdi == UNMAPPED && fault_rcx == 4, "nothing was done");
}

static void test_interrupts(void)
{
    uint32_t *irqs = this_cpu()->irqs;

    irq_on();
    XAPIC(APIC_ICR) = 1u << 18 | 0x61; /* to self */
    CHECK(WAIT_FOR(ACCESS(irqs[0x61]) == 1, 200), "IPI to self");
    irq_off();
    XAPIC(APIC_LDR) = 0x02000000;
    XAPIC(APIC_ICR2) = 0x02000000;
    irq_on();
    XAPIC(APIC_ICR) = 0x800 | 0x62;
    CHECK(WAIT_FOR(ACCESS(irqs[0x62]) == 1, 200), "IPI to a logical destination");
    irq_off();
    CHECK_EQUAL(XAPIC(APIC_ISR + 3), 0, "both are ended");
}

static uint32_t ioapic_read(uint32_t reg)
{
    REG(IOAPIC) = reg;
    return REG(IOAPIC + 0x10);
}

static void ioapic_write(uint32_t reg, uint32_t v)
{
    REG(IOAPIC) = reg;
    REG(IOAPIC + 0x10) = v;
}

static void test_ioapic(void)
{
    CHECK_EQUAL(ioapic_read(1) >> 16, 23, "24 lines");
    CHECK_EQUAL(ioapic_read(0x10 + 2 * 5), 0x10000, "masked at first");
    ioapic_write(0x10 + 2 * 5, ~0u);
    CHECK_EQUAL(ioapic_read(0x10 + 2 * 5), 0x1afff, "what can't be written of an entry");
    ioapic_write(0x11 + 2 * 5, ~0u);
    CHECK_EQUAL(ioapic_read(0x11 + 2 * 5), 0xff000000, "destination");
    ioapic_write(0x10 + 2 * 5, 0x10000);
    CHECK_EQUAL(ioapic_read(0x10 + 2 * 24), 0, "no 25th line");
}

static void test_cost(void)
{
    uint64_t start = rdtsc(), end;

    for (unsigned int i = 0; i < 1000; i++)
        (void)XAPIC(APIC_ID);
    end = rdtsc();
    printf("# local APIC read by MMIO: %lu\n", (end - start) / 1000);
    start = rdtsc();
    for (unsigned int i = 0; i < 1000; i++)
        XAPIC(APIC_TPR) = 0;
    end = rdtsc();
    printf("# local APIC write by MMIO: %lu\n", (end - start) / 1000);
}

void child_main(uint64_t arg)
{
}

void test_main(void)
{
    test_off();
    to_xapic();
    test_registers();
    test_string();
    test_fault();
    test_interrupts();
    test_ioapic();
    test_cost();
}
