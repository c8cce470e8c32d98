/* SPDX-License-Identifier: MIT */
/* Model-specific registers, and the local APIC's in x2APIC mode. */
#include "lib.h"

#define MSR_TSC       0x10
#define MSR_SPEC_CTRL 0x48
#define MSR_PRED_CMD  0x49
#define MSR_ARCH_CAPS 0x10a
#define MSR_FLUSH_CMD 0x10b
#define MSR_MTRR_CAP  0xfe
#define MSR_MTRR_DEF  0x2ff
#define MSR_STAR      0xc0000081
#define MSR_LSTAR     0xc0000082
#define MSR_FS_BASE   0xc0000100
#define MSR_KERNEL_GS 0xc0000102
#define MSR_VM_CR     0xc0010114
#define MSR_VM_HSAVE  0xc0010117

#define EFER_LME      0x100UL
#define EFER_LMA      0x400UL
#define EFER_NXE      0x800UL
#define EFER_SVME     0x1000UL

static void test_unknown(void)
{
    static const uint32_t unknown[] = { 0x12345,      0x40000001, 0x40000105, 0x4b564d00,
                                        0xc0010fff,   0x7fffffff, 0xffffffff, 0x480,
                                        MSR_VM_HSAVE, 0xc0000fff, 0x570,      0xd90 };
    uint64_t v;

    for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++) {
        CHECK(!rdmsr_safe(unknown[i], &v), "reading %#x: #GP", unknown[i]);
        CHECK(!wrmsr_safe(unknown[i], 0), "writing %#x: #GP", unknown[i]);
    }
    CHECK_EQUAL(this_cpu()->trap.error, 0, "error code of that #GP");
}

static void test_efer(void)
{
    uint64_t efer = rdmsr(MSR_EFER);

    CHECK((efer & (EFER_LME | EFER_LMA)) == (EFER_LME | EFER_LMA), "long mode is on");
    CHECK(!(efer & EFER_SVME), "SVME isn't seen");
    CHECK(!wrmsr_safe(MSR_EFER, efer | EFER_SVME), "it can't be set");
    CHECK(!wrmsr_safe(MSR_EFER, efer & ~EFER_LME), "LME can't be cleared under paging");
    CHECK(!wrmsr_safe(MSR_EFER, efer | 1UL << 40), "reserved bits can't be set");
    CHECK(wrmsr_safe(MSR_EFER, efer & ~EFER_NXE), "NXE can be cleared");
    CHECK_EQUAL(rdmsr(MSR_EFER), efer & ~EFER_NXE, "and is");
    wrmsr(MSR_EFER, efer);
    CHECK_EQUAL(rdmsr(MSR_EFER), efer, "set again");
}

static void test_system(void)
{
    uint64_t v, pat = rdmsr(MSR_PAT);

    CHECK_EQUAL(pat, 0x0007040600070406UL, "PAT at first");
    CHECK(wrmsr_safe(MSR_PAT, 0x0007050600070106UL), "PAT can be written");
    CHECK_EQUAL(rdmsr(MSR_PAT), 0x0007050600070106UL, "and read");
    wrmsr(MSR_PAT, pat);
    CHECK(rdmsr_safe(MSR_MTRR_CAP, &v) && (v & 0xff) <= 8, "MTRRs");
    CHECK(rdmsr_safe(MSR_MTRR_DEF, &v), "their default type");
    CHECK(wrmsr_safe(MSR_STAR, 0x0023001000000000UL), "STAR");
    CHECK_EQUAL(rdmsr(MSR_STAR), 0x0023001000000000UL, "STAR is kept");
    CHECK(wrmsr_safe(MSR_LSTAR, 0xffff800000001234UL), "LSTAR");
    CHECK_EQUAL(rdmsr(MSR_LSTAR), 0xffff800000001234UL, "LSTAR is kept");
    CHECK(wrmsr_safe(MSR_FS_BASE, 0x123456789000UL), "FS_BASE");
    CHECK_EQUAL(rdmsr(MSR_FS_BASE), 0x123456789000UL, "FS_BASE is kept");
    CHECK(wrmsr_safe(MSR_KERNEL_GS, 0x1000), "KERNEL_GS_BASE");
    CHECK_EQUAL(rdmsr(MSR_KERNEL_GS), 0x1000, "KERNEL_GS_BASE is kept");
    v = rdmsr(MSR_TSC);
    CHECK(rdtsc() - v < 1000000000UL, "the TSC by MSR is that of RDTSC");
}

/* The CPU's own controls of speculation, for the guest's use; what CPUID hides is not there. */
static void test_spec_ctrl(void)
{
    uint32_t intel = cpuid(7, 0).d, amd = cpuid(0x80000008, 0).b;
    bool ibrs = intel >> 26 & 1 || amd >> 14 & 1, ssbd = intel >> 31 & 1 || amd >> 24 & 1;
    bool ibpb = intel >> 26 & 1 || amd >> 12 & 1, caps = intel >> 29 & 1;
    uint64_t v = 0;

    CHECK(!rdmsr_safe(MSR_PRED_CMD, &v), "PRED_CMD can't be read");
    CHECK(wrmsr_safe(MSR_PRED_CMD, 1) == ibpb, "IBPB %s", ibpb ? "" : "is not there: #GP");
    CHECK(rdmsr_safe(MSR_ARCH_CAPS, &v) == caps, "ARCH_CAPABILITIES %s",
          caps ? "" : "is not there");
    CHECK(!caps || v & 1 << 3, "the L1D need not be flushed by a guest");
    CHECK(!wrmsr_safe(MSR_ARCH_CAPS, v), "ARCH_CAPABILITIES can't be written");
    CHECK(!wrmsr_safe(MSR_FLUSH_CMD, 1), "FLUSH_CMD is not there");
    CHECK(!wrmsr_safe(MSR_SPEC_CTRL, 1UL << 20), "reserved bits of SPEC_CTRL");
    CHECK(wrmsr_safe(MSR_SPEC_CTRL, 4) == ssbd, "SSBD %s", ssbd ? "" : "is not there: #GP");
    if (!ibrs)
        return;
    for (uint64_t want = 0; want < 4; want++) {
        wrmsr(MSR_SPEC_CTRL, want);
        cpuid(0, 0); /* an exit */
        CHECK_EQUAL(rdmsr(MSR_SPEC_CTRL), want, "SPEC_CTRL is kept, beyond exits");
    }
    wrmsr(MSR_SPEC_CTRL, 0);
}

static void user_rdmsr(void)
{
    rdmsr(MSR_EFER);
    __asm__ __volatile__("int $0x80");
}

static void user_wrmsr(void)
{
    wrmsr(MSR_PAT, 0);
    __asm__ __volatile__("int $0x80");
}

static void test_apic_base(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    CHECK_EQUAL(base & 0xf00, 0xd00, "enabled, x2APIC, boot vCPU");
    CHECK_EQUAL(base & 0xffffff000UL, 0xfee00000UL, "at its usual address");
    CHECK(!wrmsr_safe(MSR_APIC_BASE, base & ~0x400UL), "x2APIC to xAPIC: #GP");
    CHECK(!wrmsr_safe(MSR_APIC_BASE, base & ~0x800UL), "EXTD without EN: #GP");
    CHECK(!wrmsr_safe(MSR_APIC_BASE, base | 1), "reserved bits: #GP");
}

static void test_x2apic(void)
{
    static const uint16_t none[] = { 0x00, 0x01, 0x04, 0x0c, 0x0e, 0x2e, 0x31, 0x40, 0x3fe & 0xff };
    uint64_t v;

    CHECK_EQUAL(apic_read(APIC_ID), 0, "id");
    CHECK(!wrmsr_safe(0x800 + APIC_ID, 1), "the id can't be written");
    CHECK((apic_read(APIC_VERSION) & 0xff) >= 0x10, "version %#lx", apic_read(APIC_VERSION));
    CHECK_EQUAL(apic_read(APIC_LDR), 1, "logical id");
    CHECK(!wrmsr_safe(0x800 + APIC_LDR, 1), "the logical id can't be written");
    for (unsigned int i = 0; i < ARRAY_SIZE(none); i++)
        CHECK(!rdmsr_safe(0x800u + none[i], &v), "no register %#x: #GP", none[i]);
    apic_write(APIC_TPR, 0x50);
    CHECK_EQUAL(apic_read(APIC_TPR), 0x50, "TPR");
    CHECK_EQUAL(apic_read(APIC_PPR), 0x50, "PPR follows it");
    apic_write(APIC_TPR, 0);
    CHECK(!wrmsr_safe(0x800 + APIC_TPR, 0x100), "TPR has 8 bits");
    CHECK(!wrmsr_safe(0x800 + APIC_EOI, 1), "EOI takes 0");
    CHECK(!wrmsr_safe(0x800 + APIC_ESR, 1), "ESR takes 0");
    CHECK(!rdmsr_safe(0x800 + APIC_EOI, &v), "EOI can't be read");
    CHECK(!rdmsr_safe(0x800 + APIC_SELF_IPI, &v), "SELF_IPI can't be read");
    CHECK(!wrmsr_safe(0x800 + APIC_IRR, 0), "IRR can't be written");
    apic_write(APIC_INITIAL, 0);
    CHECK_EQUAL(apic_read(APIC_CURRENT), 0, "the timer stands");
}

static void test_self_ipi(void)
{
    struct cpu *c = this_cpu();

    apic_write(APIC_SELF_IPI, 0x41);
    CHECK(apic_read(APIC_IRR + 2) & 1 << 1, "a self IPI waits in IRR");
    irq_on();
    irq_off();
    CHECK_EQUAL(ACCESS(c->irqs[0x41]), 1, "and is taken");
    CHECK(!(apic_read(APIC_IRR + 2) | apic_read(APIC_ISR + 2)), "and ended");
    apic_write(APIC_TPR, 0x50);
    apic_write(APIC_ICR, 0x40000 | 0x42);
    irq_on();
    irq_off();
    CHECK_EQUAL(ACCESS(c->irqs[0x42]), 0, "TPR holds it back");
    irq_on();
    apic_write(APIC_TPR, 0);
    __asm__ __volatile__("nop");
    irq_off();
    CHECK_EQUAL(ACCESS(c->irqs[0x42]), 1, "until it is lowered");
}

void test_main(void)
{
    test_unknown();
    test_efer();
    test_system();
    test_spec_ctrl();
    CHECK_EQUAL(user_call(user_rdmsr), 13, "RDMSR in user mode: #GP");
    CHECK_EQUAL(user_call(user_wrmsr), 13, "WRMSR in user mode: #GP");
    test_apic_base();
    test_x2apic();
    test_self_ipi();
}
