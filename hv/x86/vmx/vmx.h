/* SPDX-License-Identifier: MIT */
/* Inside of the VMX back-end. */
#ifndef X86_VMX_VMX_H
#define X86_VMX_VMX_H

#include <hv/percpu.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/asid.h"
#include "x86/hvm/vendor.h"
#include "x86/vmx/vmcs.h"

/* MSRs that the host has no use for: on the CPU as long as the vCPU is. */
enum vmx_switched_msr {
    VMX_MSR_STAR,
    VMX_MSR_LSTAR,
    VMX_MSR_CSTAR,
    VMX_MSR_SFMASK,
    VMX_MSR_KERNEL_GS,
    NR_VMX_MSRS,
};
extern const uint32_t vmx_switched_msrs[NR_VMX_MSRS];

struct posted;

struct vmx_vcpu {
    void *vmcs;
    paddr_t vmcs_paddr;
    bool launched;    /* the next entry is a VMRESUME: 25.1 */
    bool access;      /* another CPU is at the VMCS of a vCPU that does not run */
    bool invept;      /* translations of the p2m are to be dropped at the next entry */
    unsigned int cpu; /* it was loaded on last; NO_CPU: none */
    struct asid vpid;
    uint64_t host_rsp;         /* what the VMCS has; entry.S keeps it */
    uint64_t rsp, rflags;      /* the guest's, as the VMCS has them */
    uint32_t proc, secondary;  /* processor-based controls, as in the VMCS */
    uint64_t cr2;              /* unless loaded: the VMCS has none */
    bool tpr_window;           /* a lower task priority is waited for */
    struct posted *posted;     /* its descriptor of interrupts to come; NULL without APICv */
    uint64_t *pml;             /* where the CPU is to log writes; NULL: nowhere */
    uint64_t *pml_now;         /* the same, as in the VMCS */
    uint64_t msr[NR_VMX_MSRS]; /* unless loaded */
    uint64_t dr[4], dr6;       /* DR0-3 and 6, unless they are on the CPU */
    bool drs_loaded;           /* they are, and accesses don't exit */
};

#define NO_CPU (~0u)

/* CR0: caching is not a guest's to switch off. CR4: what it may change without an exit. */
#define VMX_CR0_MASK  (X86_CR0_CD | X86_CR0_NW | X86_CR0_NE)
#define VMX_CR4_GUEST 0x003107bfUL /* without MCE, VMXE, SMXE, PCIDE, OSXSAVE, and later ones */

/* What this CPU can do: caps.c, SDM 3 appendix A. The same on all CPUs. */
struct vmx_caps {
    uint32_t revision; /* of the VMCS */
    /* The controls as Pando uses them: what must be set, what it wants, what there is. */
    uint32_t pin, proc, secondary, exit, entry;
    uint64_t cr0_fixed1, cr4_fixed1; /* bits that must be set (an unrestricted guest: not PE, PG) */
    bool ept_1g, ept_2m, ept_ad, invept_single, invvpid_single;
    bool small_code;       /* see ept.c */
    uint32_t longest_stay; /* in a guest, in ticks of the preemption timer; 0: there is none */
    bool apicv;  /* the CPU works on the virtual APIC by itself: registers, delivery, both modes */
    bool posted; /* and takes posted interrupts */
    bool pml;    /* it logs which pages a guest writes to */
};
extern struct vmx_caps vmx_caps;
/* Fills vmx_caps; says what is missing for guests, or NULL. */
const char *vmx_caps_read(void);
/* One paragraph for the boot log. */
void vmx_caps_print(void);

/* --- vmcs.c: access to a VMCS ----------------------------------------------------------------- */

/* Of the VMCS that is current on this CPU. */
static inline uint64_t vmread(uint64_t field)
{
    uint64_t value;

    __asm__ __volatile__("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
    return value;
}

static inline void vmwrite(uint64_t field, uint64_t value)
{
    __asm__ __volatile__("vmwrite %0, %1" : : "r"(value), "r"(field) : "cc", "memory");
}

/* Of one that does not run: its VMCS is made current for the moment. */
uint64_t vmx_read_absent(struct vcpu *v, uint64_t field);
void vmx_write_absent(struct vcpu *v, uint64_t field, uint64_t value);

/* Of a vCPU that runs here, or nowhere. */
static inline uint64_t vmx_read(struct vcpu *v, uint64_t field)
{
    return likely(v == current) ? vmread(field) : vmx_read_absent(v, field);
}

static inline void vmx_write(struct vcpu *v, uint64_t field, uint64_t value)
{
    if (likely(v == current))
        vmwrite(field, value);
    else
        vmx_write_absent(v, field, value);
}

/* Makes it current on this CPU, or takes it out of the CPU's hands (VMCLEAR). */
void vmcs_load(struct vmx_vcpu *s);
void vmcs_unload(struct vmx_vcpu *s);
/* For many accesses at once to that of a vCPU that does not run: current meanwhile. */
void vmcs_borrow(struct vmx_vcpu *s);
void vmcs_give_back(struct vmx_vcpu *s);

/* --- state.c: the guest's registers, for vendor_ops ----------------------------------------------
 */

struct x86_mode vmx_get_mode(struct vcpu *v);
void vmx_get_paging(struct vcpu *v, struct x86_paging *p);
uint64_t vmx_get_cr(struct vcpu *v, unsigned int n);
void vmx_set_cr(struct vcpu *v, unsigned int n, uint64_t value);
uint64_t vmx_get_efer(struct vcpu *v);
void vmx_set_efer(struct vcpu *v, uint64_t value);
void vmx_get_segment(struct vcpu *v, enum x86_seg s, struct x86_segment *seg);
void vmx_set_segment(struct vcpu *v, enum x86_seg s, const struct x86_segment *seg);
void vmx_get_table(struct vcpu *v, bool idt, struct x86_table *t);
void vmx_set_table(struct vcpu *v, bool idt, const struct x86_table *t);
uint64_t vmx_get_dr7(struct vcpu *v);
void vmx_set_dr7(struct vcpu *v, uint64_t value);
bool vmx_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool vmx_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);

/* --- apicv.c -------------------------------------------------------------------------------- */

extern uint8_t *vmx_msr_bitmap; /* 4 KiB, of all vCPUs that are not in x2APIC mode */
/* At boot, behind the MSR bitmap, of which x2APIC mode has another. 0 or -ENOMEM. */
int vmx_apic_init(const void *msr_bitmap);
int vmx_apic_create(struct vcpu *v);
void vmx_apic_destroy(struct vcpu *v);
/* What was requested of the APIC before a reset is forgotten. */
void vmx_apic_reset(struct vcpu *v);
/* What came for it meanwhile (irr_hint) is told to the CPU, before an entry. */
void vmx_apic_enter(struct vcpu *v);
/* vendor_ops */
void vmx_apic_mode_changed(struct vcpu *v);
bool vmx_apic_post(struct vcpu *v, uint8_t vector);
bool vmx_apic_pending(struct vcpu *v);

/* --- pml.c --------------------------------------------------------------------------------------
 */

/* vendor_ops */
int vmx_log_start(struct domain *d);
void vmx_log_stop(struct domain *d);
/* Before an entry behind a flush: the VMCS is to log, or not any more, as the domain is. */
void vmx_log_follow(struct vcpu *v);
/* After each exit, if pml_now: what was logged is dirty. */
void vmx_log_drain(struct vcpu *v);
/* A vCPU's end. */
void vmx_log_free(struct vcpu *v);

/* --- exit.c, entry.S ---------------------------------------------------------------------------
 */

/* The VMCS's words about an exit, in vendor-neutral ones: v->arch->exit. */
void vmx_decode_exit(struct vcpu *v);
/* An entry that the CPU refused: VMfailValid or VMfailInvalid (31.2). */
void vmx_entry_failed(struct vcpu *v);

/*
 * Loads @gpr (arch_vcpu.gpr), enters, saves them: 0 after an exit, another if there was no
 * entry. Called with interrupts off, and so it returns. @host_rsp: vmx_vcpu.host_rsp.
 */
int vmx_enter(uint64_t *gpr, bool launched, uint64_t *host_rsp);
/* Where the CPU goes on after an exit. */
extern char vmx_exit_point[];

/* Puts the debug registers on this CPU. */
void vmx_load_drs(struct vcpu *v);

static inline struct vmx_vcpu *vmx_of(const struct vcpu *v)
{
    return v->arch->vmx;
}

#endif
