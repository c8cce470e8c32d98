/* SPDX-License-Identifier: MIT */
/* What CPUID says, and what it must not say. */
#include "lib.h"

#include <xen/arch-x86/cpuid.h>

#define BASE 0x40000000u

static bool has(uint32_t reg, unsigned int bit)
{
    return reg >> bit & 1;
}

static void test_hypervisor(void)
{
    struct cpuid r = cpuid(BASE, 0);

    CHECK(r.b == XEN_CPUID_SIGNATURE_EBX && r.c == XEN_CPUID_SIGNATURE_ECX &&
              r.d == XEN_CPUID_SIGNATURE_EDX,
          "signature");
    CHECK(r.a >= BASE + 4 && r.a < BASE + 0x100, "highest leaf %#x", r.a);
    CHECK_EQUAL(cpuid(BASE + 1, 0).a, 4 << 16 | 17, "version 4.17");
    r = cpuid(BASE + 2, 0);
    CHECK_EQUAL(r.a, 1, "one hypercall page");
    CHECK_EQUAL(r.b, BASE, "its MSR");
    r = cpuid(BASE + 3, 0);
    CHECK(r.c > 100000, "TSC frequency %u kHz", r.c);
    r = cpuid(BASE + 4, 0);
    CHECK(r.a & XEN_HVM_CPUID_VCPU_ID_PRESENT && r.b == 0, "vCPU's number");
    CHECK(r.a & XEN_HVM_CPUID_DOMID_PRESENT && r.c == 0, "domain's number");
    r = cpuid(BASE + 0x100, 0);
    CHECK(!(r.a | r.b | r.c | r.d), "nothing at %#x", BASE + 0x100);
    r = cpuid(0x50000000, 0);
    CHECK(!(r.a | r.b | r.c | r.d), "nothing at 0x50000000");
}

static void test_basic(void)
{
    struct cpuid r = cpuid(0, 0);

    CHECK(r.a >= 0xb && r.a <= 0xd, "highest basic leaf %#x", r.a);
    CHECK(r.b == 0x68747541 || r.b == 0x756e6547, "vendor");
    r = cpuid(1, 0);
    CHECK(has(r.c, 31), "a hypervisor is there");
    CHECK(has(r.c, 21), "x2APIC");
    CHECK(has(r.c, 24), "TSC deadline");
    CHECK(has(r.d, 9), "local APIC");
    CHECK(!has(r.c, 3) && !has(r.c, 5) && !has(r.c, 6), "no MONITOR, VMX, SMX");
    CHECK(!has(r.c, 15) && !has(r.c, 17), "no PDCM, PCID");
    CHECK_EQUAL(r.b >> 24, 0, "APIC id");
    r = cpuid(7, 0);
    CHECK(!has(r.b, 2) && !has(r.b, 10) && !has(r.b, 12) && !has(r.b, 15),
          "no TSC adjust, INVPCID, monitoring or allocation of caches");
    r = cpuid(7, 1);
    CHECK(!(r.a | r.b | r.c | r.d), "leaf 7 has one part");
    r = cpuid(0xb, 0);
    CHECK_EQUAL(r.d, apic_read(APIC_ID), "x2APIC id in leaf 0xb");
    r = cpuid(0xa, 0);
    CHECK(!(r.a | r.b | r.c | r.d), "no performance counters");
}

static void test_extended(void)
{
    struct cpuid r = cpuid(0x80000000, 0);

    CHECK(r.a >= 0x80000008 && r.a < 0x80000100, "highest extended leaf %#x", r.a);
    r = cpuid(0x80000001, 0);
    CHECK(!has(r.c, 2), "no SVM");
    CHECK(!has(r.c, 10) && !has(r.c, 12) && !has(r.c, 13), "no IBS, SKINIT, watchdog");
    CHECK(has(r.d, 29), "long mode");
    r = cpuid(0x8000000a, 0);
    CHECK(!(r.a | r.b | r.c | r.d), "no SVM features");
    r = cpuid(0x80000008, 0);
    CHECK((r.a & 0xff) >= 36 && (r.a & 0xff) <= 52, "%u physical address bits", r.a & 0xff);
}

static void set_cr4(uint64_t v)
{
    __asm__ __volatile__("mov %0, %%cr4" : : "r"(v) : "memory");
}

static uint64_t get_cr4(void)
{
    uint64_t v;

    __asm__ __volatile__("mov %%cr4, %0" : "=r"(v));
    return v;
}

static void test_xsave(void)
{
    if (!has(cpuid(1, 0).c, 26)) {
        skip("OSXSAVE follows CR4", "no XSAVE here");
        return;
    }
    CHECK(!has(cpuid(1, 0).c, 27), "OSXSAVE is off at first");
    set_cr4(get_cr4() | 1 << 18);
    CHECK(has(cpuid(1, 0).c, 27), "OSXSAVE follows CR4");
    CHECK(cpuid(0xd, 0).a & 3, "x87 and SSE can be saved");
    CHECK(cpuid(0xd, 0).c >= 576, "size of the save area");
}

/* The instruction in other forms, which have to be skipped as long as they are. */
static void test_encodings(void)
{
    uint8_t *a = page_get(), *b = page_get();
    uint8_t *va = window_map(0, (uint64_t)a, PTE_P | PTE_W | PTE_U);
    uint32_t leaf = BASE, ebx, ecx, edx;
    uint64_t rax = 0xffffffff00000000UL | BASE, rbx = ~0UL, rcx = 0, rdx = ~0UL;

    __asm__ __volatile__(".byte 0x66, 0x66, 0x2e, 0x0f, 0xa2"
                         : "+a"(leaf), "=b"(ebx), "=c"(ecx), "=d"(edx));
    CHECK_EQUAL(ebx, XEN_CPUID_SIGNATURE_EBX, "with prefixes");
    leaf = BASE;
    __asm__ __volatile__(".byte 0xf3, 0x48, 0x0f, 0xa2"
                         : "+a"(leaf), "=b"(ebx), "=c"(ecx), "=d"(edx));
    CHECK_EQUAL(ebx, XEN_CPUID_SIGNATURE_EBX, "with REP and REX");
    __asm__ __volatile__("cpuid" : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx));
    CHECK(!(rax >> 32 | rbx >> 32 | rcx >> 32 | rdx >> 32), "upper halves are zero");

    window_map(1, (uint64_t)b, PTE_P | PTE_W | PTE_U);
    va[PAGE_SIZE - 1] = 0x0f;
    va[PAGE_SIZE] = 0xa2;
    va[PAGE_SIZE + 1] = 0xc3;
    leaf = BASE;
    __asm__ __volatile__("call *%[at]"
                         : "+a"(leaf), "=b"(ebx), "=c"(ecx), "=d"(edx)
                         : [at] "r"(va + PAGE_SIZE - 1));
    CHECK_EQUAL(ebx, XEN_CPUID_SIGNATURE_EBX, "across two pages");
}

static uint32_t user_ebx;

static void user_cpuid(void)
{
    user_ebx = cpuid(BASE, 0).b;
    __asm__ __volatile__("int $0x80");
}

void test_main(void)
{
    test_hypervisor();
    test_basic();
    test_extended();
    test_encodings();
    CHECK(user_call(user_cpuid) == 0x80 && user_ebx == XEN_CPUID_SIGNATURE_EBX, "in user mode");
    test_xsave();
}
