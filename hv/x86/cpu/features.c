/* SPDX-License-Identifier: MIT */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/x86.h"

void cpu_features_init(void)
{
    uint64_t cr4 = read_cr4() | X86_CR4_PGE;
    struct cpuid_regs max = cpuid(0), f7 = { 0 };

    if (max.a >= 7)
        f7 = cpuid_count(7, 0);
    cr4 |= X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_MCE;
    if (cpuid(1).c & 1u << 26) /* XSAVE */
        cr4 |= X86_CR4_OSXSAVE;
    if (f7.b & 1u << 7)
        cr4 |= X86_CR4_SMEP;
    /* The hypervisor has no user mappings: SMAP costs nothing, and catches what goes astray. */
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
