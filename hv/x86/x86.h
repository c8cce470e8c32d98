/* SPDX-License-Identifier: MIT */
/* What the x86 part keeps for each CPU, domain and vCPU. */
#ifndef X86_X86_H
#define X86_X86_H

#include <hv/domain.h>

#include "x86/mm/p2m_x86.h"

struct vlapic;
struct svm_vcpu;
struct vmx_vcpu;

/* General registers of a guest, in the order of their encoding. */
enum x86_reg {
    REG_RAX,
    REG_RCX,
    REG_RDX,
    REG_RBX,
    REG_RSP, /* kept in arch_vcpu.rsp instead: unused here */
    REG_RBP,
    REG_RSI,
    REG_RDI,
    REG_R8,
    REG_R9,
    REG_R10,
    REG_R11,
    REG_R12,
    REG_R13,
    REG_R14,
    REG_R15,
    NR_GPRS,
};

enum x86_seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, NR_SEGS };

/* A segment register with its hidden part. attr as in a VMCB (APM 2, 15.5.1): 12 bits, compressed.
 */
struct x86_segment {
    uint16_t sel, attr;
    uint32_t limit; /* bytes, expanded */
    uint64_t base;
};

#define SEG_ATTR_TYPE(a)  ((a)&0xf)
#define SEG_ATTR_S        0x010
#define SEG_ATTR_DPL(a)   (((a) >> 5) & 3)
#define SEG_ATTR_DPL_MASK 0x060
#define SEG_ATTR_P        0x080
#define SEG_ATTR_AVL      0x100
#define SEG_ATTR_L        0x200
#define SEG_ATTR_DB       0x400
#define SEG_ATTR_G        0x800

struct x86_table {
    uint16_t limit;
    uint64_t base;
};

/* What kind of code a vCPU executes now. */
struct x86_mode {
    bool is_64bit; /* CS.L, which means nothing outside long mode */
    uint8_t cpl;
};

/* What decides how a guest translates addresses now. */
struct x86_paging {
    uint64_t cr0, cr3, cr4, efer;
    uint64_t rflags;
    unsigned int cpl;
};

/* Vendor-neutral reasons of a vmexit. */
enum vmexit_reason {
    VMEXIT_NOTHING,    /* an interrupt or NMI of the host, or the back-end's own: handled already */
    VMEXIT_STAY_ENDED, /* it was in the guest as long as it may without an exit */
    VMEXIT_HYPERCALL,
    VMEXIT_CPUID,
    VMEXIT_HLT,
    VMEXIT_IO,
    VMEXIT_MSR_READ,
    VMEXIT_MSR_WRITE,
    VMEXIT_NESTED_FAULT, /* nested page fault, EPT violation or misconfiguration */
    VMEXIT_APIC_ACCESS,  /* to its page, where the CPU does most by itself; as NESTED_FAULT */
    VMEXIT_APIC_WRITE,   /* a register was written, and something follows from it */
    VMEXIT_APIC_EOI,     /* a level-triggered interrupt was ended */
    VMEXIT_INTERRUPT_WINDOW,
    VMEXIT_CR_READ,
    VMEXIT_CR_WRITE,
    VMEXIT_EXCEPTION,
    VMEXIT_SHUTDOWN, /* triple fault */
    VMEXIT_XSETBV,
    VMEXIT_RDTSC,
    VMEXIT_PAUSE,
    VMEXIT_WBINVD,
    VMEXIT_UNDEFINED, /* an instruction that a guest does not have: #UD */
    VMEXIT_FAILED,    /* the CPU refused the guest's state */
    NR_VMEXIT_REASONS,
};

struct vmexit {
    enum vmexit_reason reason;
    uint8_t insn_len; /* of the exiting instruction, when known; 0: not */
    /* NESTED_FAULT: its first bytes, as the CPU fetched them; NULL: not told. */
    uint8_t nr_insn_bytes;
    const uint8_t *insn_bytes;
    union {
        struct {
            paddr_t gpa;
            bool write, fetch, present;
            bool table_walk; /* met while walking the guest's own page tables */
        } fault;
        struct {
            uint16_t port;
            uint8_t size; /* 1, 2, 4 */
            bool in, string, rep;
        } io;
        struct {
            uint8_t cr, gpr; /* the MOV's other register; CR_GPR_UNKNOWN: not told */
        } cr;
        struct {
            uint8_t vector;
            uint32_t error;
            uint64_t cr2;
        } exception;
        struct {
            uint16_t reg;
            uint8_t vector;
        } apic;
        uint64_t failure; /* for the log */
    };
};

#define CR_GPR_UNKNOWN 0xff

/* An exception or interrupt to inject. */
enum event_type { EVENT_INTERRUPT = 0, EVENT_NMI = 2, EVENT_EXCEPTION = 3, EVENT_SOFT = 4 };
struct x86_event {
    bool valid, has_error;
    uint8_t vector;
    enum event_type type;
    uint32_t error;
    uint64_t cr2; /* for #PF */
};

#define EXC_DE             0
#define EXC_DB             1
#define EXC_NMI            2
#define EXC_BP             3
#define EXC_OF             4
#define EXC_UD             6
#define EXC_NM             7
#define EXC_DF             8
#define EXC_TS             10
#define EXC_NP             11
#define EXC_SS             12
#define EXC_GP             13
#define EXC_PF             14
#define EXC_MF             16
#define EXC_AC             17
#define EXC_MC             18
#define EXC_XM             19

#define X86_CR0_PE         0x00000001UL
#define X86_CR0_MP         0x00000002UL
#define X86_CR0_EM         0x00000004UL
#define X86_CR0_TS         0x00000008UL
#define X86_CR0_ET         0x00000010UL
#define X86_CR0_NE         0x00000020UL
#define X86_CR0_WP         0x00010000UL
#define X86_CR0_AM         0x00040000UL
#define X86_CR0_NW         0x20000000UL
#define X86_CR0_CD         0x40000000UL
#define X86_CR0_PG         0x80000000UL

#define X86_CR4_PSE        0x00000010UL
#define X86_CR4_PAE        0x00000020UL
#define X86_CR4_MCE        0x00000040UL
#define X86_CR4_PGE        0x00000080UL
#define X86_CR4_OSFXSR     0x00000200UL
#define X86_CR4_OSXMMEXCPT 0x00000400UL
#define X86_CR4_UMIP       0x00000800UL
#define X86_CR4_FSGSBASE   0x00010000UL
#define X86_CR4_OSXSAVE    0x00040000UL
#define X86_CR4_SMEP       0x00100000UL
#define X86_CR4_SMAP       0x00200000UL

#define X86_EFER_SCE       0x0001UL
#define X86_EFER_LME       0x0100UL
#define X86_EFER_LMA       0x0400UL
#define X86_EFER_NXE       0x0800UL
#define X86_EFER_SVME      0x1000UL

#define X86_RFLAGS_CF      0x00000001UL
#define X86_RFLAGS_FIXED   0x00000002UL
#define X86_RFLAGS_ZF      0x00000040UL
#define X86_RFLAGS_TF      0x00000100UL
#define X86_RFLAGS_IF      0x00000200UL
#define X86_RFLAGS_DF      0x00000400UL
#define X86_RFLAGS_RF      0x00010000UL
#define X86_RFLAGS_VM      0x00020000UL
#define X86_RFLAGS_AC      0x00040000UL

struct arch_vcpu {
    uint64_t gpr[NR_GPRS];     /* the assembly entry knows that these come first */
    uint64_t spec_ctrl;        /* MSR_SPEC_CTRL as the guest set it; entry.inc knows its place */
    uint64_t rip, rsp, rflags; /* current between exit and entry; written back at entry */

    struct vmexit exit;
    struct x86_event pending; /* to be injected at the next entry */

    struct p2m_view view; /* of its memory, where it was looked at last; only while it is current */

    struct vlapic *vlapic;
    void *fpu; /* XSAVE area, 64-byte aligned */
    uint64_t xcr0;
    bool osxsave;        /* CR4's: asked by each CPUID */
    uint64_t tsc_offset; /* guest's TSC = host's + this */
    uint64_t tsc_aux;
    uint64_t tlb_generation; /* of the domain's, that this vCPU's translations are from */
    uint64_t mtrr_def_type, mtrr_var[16], mtrr_fixed[11]; /* stored; nested paging ignores them */
    uint64_t misc_enable;
    uint8_t upcall_vector; /* HVMOP_set_evtchn_upcall_vector; 0: the domain's callback */
    bool nmi_pending;
    bool irr_hint;      /* something may be in the vlapic's IRR, or posted; set after the bit is */
    bool apic_virtual;  /* the CPU delivers what is in IRR (vendor_ops.apic_*) */
    bool halted_off;    /* in HLT with interrupts off, which an NMI alone ends */
    bool wait_for_sipi; /* INIT was received, or it never ran */
    uint16_t start_up;  /* vector of a start-up IPI that was not acted on yet, and 1; 0: none */
    uint8_t windows;    /* WINDOW_*: what exits were asked for, to inject something */

    union { /* the vendor's own */
        struct svm_vcpu *svm;
        struct vmx_vcpu *vmx;
    };
};

#define WINDOW_INTERRUPT 1u /* when the guest can take an interrupt */
#define WINDOW_TPR       2u /* when it writes CR8 */

enum callback_via { CALLBACK_NONE, CALLBACK_GSI, CALLBACK_PCI_INTX, CALLBACK_VECTOR };

struct arch_domain {
    enum callback_via callback_via;
    uint8_t callback_vector;
    struct vioapic *vioapic; /* NULL: none (PVH guests) */
    struct vpci *vpci;       /* dom0's PCI; NULL: none */
    uint32_t nr_e820;
    struct boot_mem *e820;         /* XENMEM_memory_map's answer */
    unsigned int paddr_bits;       /* width of a guest physical address */
    struct cpu_policy *cpu_policy; /* NULL: nothing was taken away for this domain */
    void *apic_page;         /* where APICs that the CPU works on appear to guests; NULL: nowhere */
    uint8_t *ioport_traps;   /* 12 KiB, a bit a port: set, it exits. NULL: all do */
    uint64_t spec_id;        /* spec_ctrl.h */
    bool log_by_cpu;         /* the vendor's own: between its log_start and log_stop; atomic */
    uint64_t tlb_generation; /* counts p2m changes that took a translation away; atomic */
};

/* Injects a hardware exception (#PF: with its cr2), or #DF when one was being delivered. */
void x86_inject_exception(struct vcpu *v, uint8_t vector, uint32_t error);
void x86_inject_page_fault(struct vcpu *v, uint32_t error, vaddr_t cr2);

#endif
