/* SPDX-License-Identifier: MIT */
/* Registers of a local APIC (APM 2, table 16-2): the host's, and those that guests see. */
#ifndef X86_CPU_APIC_REGS_H
#define X86_CPU_APIC_REGS_H

#define APIC_ID       0x20
#define APIC_VERSION  0x30
#define APIC_TPR      0x80
#define APIC_PPR      0xa0
#define APIC_EOI      0xb0
#define APIC_LDR      0xd0
#define APIC_DFR      0xe0
#define APIC_SVR      0xf0
#define APIC_ISR      0x100
#define APIC_TMR      0x180
#define APIC_IRR      0x200
#define APIC_ESR      0x280
#define APIC_ICR      0x300
#define APIC_ICR2     0x310
#define APIC_LVTT     0x320
#define APIC_LVT_THRM 0x330
#define APIC_LVT_PMC  0x340
#define APIC_LINT0    0x350
#define APIC_LINT1    0x360
#define APIC_LVTERR   0x370
#define APIC_TMICT    0x380
#define APIC_TMCCT    0x390
#define APIC_TDCR     0x3e0
#define APIC_SELF_IPI 0x3f0

#define LVT_MASKED    0x10000u

#endif
