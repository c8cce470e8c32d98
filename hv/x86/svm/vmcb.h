/* SPDX-License-Identifier: MIT */
/* The virtual machine control block: APM 2, appendix B. */
#ifndef X86_SVM_VMCB_H
#define X86_SVM_VMCB_H

#include <hv/types.h>

/* intercept[0]: a bit for reading each control register, above them one for writing it */
#define INTERCEPT_CR_READ(n)  (1u << (n))
#define INTERCEPT_CR_WRITE(n) (1u << (16 + (n)))
/* intercept[1]: accesses to debug registers */
#define INTERCEPT_DRS (~0u)
/* intercept[3], bits */
#define INTERCEPT_INTR        (1u << 0)
#define INTERCEPT_NMI         (1u << 1)
#define INTERCEPT_SMI         (1u << 2)
#define INTERCEPT_INIT        (1u << 3)
#define INTERCEPT_VINTR       (1u << 4)
#define INTERCEPT_CR0_SEL     (1u << 5) /* a write that changes more than TS and MP */
#define INTERCEPT_RDTSC       (1u << 14)
#define INTERCEPT_RDPMC       (1u << 15)
#define INTERCEPT_CPUID       (1u << 18)
#define INTERCEPT_IRET        (1u << 20)
#define INTERCEPT_INVD        (1u << 22)
#define INTERCEPT_PAUSE       (1u << 23)
#define INTERCEPT_HLT         (1u << 24)
#define INTERCEPT_INVLPGA     (1u << 26)
#define INTERCEPT_IOIO        (1u << 27)
#define INTERCEPT_MSR         (1u << 28)
#define INTERCEPT_TASK_SWITCH (1u << 29)
#define INTERCEPT_FERR_FREEZE (1u << 30)
#define INTERCEPT_SHUTDOWN    (1u << 31)
/* intercept[4], bits */
#define INTERCEPT_VMRUN   (1u << 0)
#define INTERCEPT_VMMCALL (1u << 1)
#define INTERCEPT_VMLOAD  (1u << 2)
#define INTERCEPT_VMSAVE  (1u << 3)
#define INTERCEPT_STGI    (1u << 4)
#define INTERCEPT_CLGI    (1u << 5)
#define INTERCEPT_SKINIT  (1u << 6)
#define INTERCEPT_WBINVD  (1u << 9)
#define INTERCEPT_MONITOR (1u << 10)
#define INTERCEPT_MWAIT   (3u << 11)
#define INTERCEPT_XSETBV  (1u << 13)
#define INTERCEPT_RDPRU   (1u << 14)

#define VINTR_TPR         0xffu /* CR8, while VINTR_MASKING is on */
#define VINTR_IRQ         (1u << 8)
#define VINTR_PRIO(p)     ((uint32_t)(p) << 16)
#define VINTR_IGN_TPR     (1u << 20)
#define VINTR_IRQ_NOW     (VINTR_IRQ | VINTR_IGN_TPR | VINTR_PRIO(0xf)) /* whatever TPR is */
#define VINTR_MASKING     (1u << 24)

#define EXIT_CR_READ(n)   (0x00 + (n))
#define EXIT_CR_WRITE(n)  (0x10 + (n))
#define EXIT_DR(n)        (0x20 + (n)) /* read; 16 more: written */
#define EXIT_EXCEPTION(n) (0x40 + (n))
#define EXIT_INTR         0x60
#define EXIT_NMI          0x61
#define EXIT_SMI          0x62
#define EXIT_INIT         0x63
#define EXIT_VINTR        0x64
#define EXIT_CR0_SEL      0x65
#define EXIT_RDTSC        0x6e
#define EXIT_RDPMC        0x6f
#define EXIT_CPUID        0x72
#define EXIT_IRET         0x74
#define EXIT_INVD         0x76
#define EXIT_PAUSE        0x77
#define EXIT_HLT          0x78
#define EXIT_INVLPGA      0x7a
#define EXIT_IOIO         0x7b
#define EXIT_MSR          0x7c
#define EXIT_TASK_SWITCH  0x7d
#define EXIT_SHUTDOWN     0x7f
#define EXIT_VMRUN        0x80
#define EXIT_VMMCALL      0x81
#define EXIT_SKINIT       0x86
#define EXIT_WBINVD       0x89
#define EXIT_MONITOR      0x8a
#define EXIT_MWAIT_COND   0x8c
#define EXIT_XSETBV       0x8d
#define EXIT_RDPRU        0x8e
#define EXIT_NPF          0x400
#define EXIT_INVALID      (~0UL)

/* exitinfo1 of a nested page fault (APM 2, 15.25.6) */
#define NPF_PRESENT    (1UL << 0)
#define NPF_WRITE      (1UL << 1)
#define NPF_FETCH      (1UL << 4)
#define NPF_TABLE_WALK (1UL << 33)

/* exitinfo1 of an access to a control register: by MOV, whose other register it names */
#define EXITINFO_MOV_CR (1UL << 63)

#define DR6_BS          0x4000UL /* single step */

struct vmcb_segment {
    uint16_t sel, attr;
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    uint32_t intercept[6];
    uint8_t reserved0[0x3c - 0x18];
    uint16_t pause_threshold, pause_count;
    uint64_t iopm, msrpm, tsc_offset;
    uint32_t asid;
    uint8_t tlb_control, reserved1[3];
    uint32_t vintr, vintr_vector;
    uint64_t interrupt_shadow;
    uint64_t exitcode, exitinfo1, exitinfo2, exitintinfo;
    uint64_t nested_enable;
    uint8_t reserved2[0xa8 - 0x98];
    uint64_t eventinj, nested_cr3, lbr_enable;
    uint32_t clean; /* stays 0: nothing of it is cached (APM 2, 15.15.1) */
    uint32_t reserved3;
    uint64_t next_rip;
    uint8_t insn_len, insn[15];
    uint8_t reserved4[0x400 - 0xe0];

    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved5[0x4cb - 0x4a0];
    uint8_t cpl;
    uint32_t reserved6;
    uint64_t efer;
    uint8_t reserved7[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved8[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t reserved9[0x5f8 - 0x5e0];
    uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    uint8_t reserved10[0x668 - 0x648];
    uint64_t pat, debugctl;
    uint8_t reserved11[0x1000 - 0x678];
};

_Static_assert(offsetof(struct vmcb, exitcode) == 0x70, "VMCB layout");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "VMCB layout");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "VMCB layout");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB layout");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "VMCB layout");
_Static_assert(sizeof(struct vmcb) == 0x1000, "VMCB layout");

#endif
