/* SPDX-License-Identifier: MIT */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/cpu/feature.h"
#include "x86/x86.h"

uint64_t cpu_features;

static uint64_t features_of_this_cpu(void)
{
    struct cpuid_regs f7 = { 0 }, f71 = { 0 }, fd = { 0 };
    uint32_t max = cpuid(0).a;

    if (max >= 7)
        f7 = cpuid_count(7, 0);
    if (max >= 7 && f7.a >= 1)
        f71 = cpuid_count(7, 1);
    if (max >= 0xd && cpuid(1).c & 1u << 26)
        fd = cpuid_count(0xd, 1);
    return (uint64_t)(f7.b >> 20 & 1) << FEATURE_SMAP | (uint64_t)(f7.d >> 4 & 1) << FEATURE_FSRM |
           (uint64_t)(f71.a >> 11 & 1) << FEATURE_FSRS | (uint64_t)(fd.a & 1) << FEATURE_XSAVEOPT;
}

void cpu_features_detect(void)
{
    cpu_features = features_of_this_cpu();
}

void cpu_features_init(void)
{
    uint64_t cr4 = read_cr4() | X86_CR4_PGE;
    struct cpuid_regs max = cpuid(0), f7 = { 0 };

    /* Its code was chosen by the boot CPU. */
    if (cpu_features & ((1UL << NR_CPU_FEATURES) - 1) & ~features_of_this_cpu())
        panic("CPU %u lacks features of CPU 0", this_cpu()->id);
    if (max.a >= 7)
        f7 = cpuid_count(7, 0);
    cr4 |= X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_MCE;
    if (cpuid(1).c & 1u << 26) /* XSAVE */
        cr4 |= X86_CR4_OSXSAVE;
    if (f7.b & 1u << 7)
        cr4 |= X86_CR4_SMEP;
    /*
     * No mapping of the hypervisor is a user's: guests have page tables of their own, and their
     * frames are reached by the direct map, which is the hypervisor's. So SMAP needs no window
     * (STAC and CLAC), costs nothing, and turns a user mapping that should not be into a fault.
     */
    if (f7.b & 1u << 20)
        cr4 |= X86_CR4_SMAP;
    if (f7.b & 1u)
        cr4 |= X86_CR4_FSGSBASE;
    write_cr4(cr4);
    write_cr0((read_cr0() | X86_CR0_WP | X86_CR0_NE | X86_CR0_MP | X86_CR0_ET) &
              ~(X86_CR0_EM | X86_CR0_TS | X86_CR0_CD | X86_CR0_NW | X86_CR0_AM));
    __asm__ __volatile__("fninit");
    if (cr4 & X86_CR4_OSXSAVE)
        __asm__ __volatile__("xsetbv" : : "a"(cpuid_count(0xd, 0).a & 7), "d"(0), "c"(0));
}
