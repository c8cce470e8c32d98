/* SPDX-License-Identifier: MIT */
/* Inside of the SVM back-end. */
#ifndef X86_SVM_SVM_H
#define X86_SVM_SVM_H

#include "x86/hvm/asid.h"
#include "x86/hvm/vendor.h"
#include "x86/svm/vmcb.h"

struct svm_vcpu {
    struct vmcb *vmcb;
    paddr_t vmcb_paddr;
    struct asid asid;
    uint64_t entered_rip; /* for svm_report */
    uint64_t dr[4];       /* DR0-3, unless they are on the CPU */
    bool drs_loaded;      /* they are, and accesses don't exit */
    uint64_t cr0_seen,
        cr4_seen;    /* bits that are not in the VMCB's registers as the guest set them */
    bool tpr_window; /* an interrupt waits for a lower CR8 */
    enum {
        NMI_OPEN,
        NMI_IN_SERVICE, /* none may come before an IRET, which exits */
        NMI_IN_IRET     /* that IRET, at iret_rip, is to be executed yet */
    } nmi;
    uint64_t iret_rip, iret_rsp;
    bool step, guest_steps; /* an exit after one instruction is wanted; by the guest as well */
};

/* CPUID 8000_000A EDX */
#define SVM_FEATURE_NPT           (1u << 0)
#define SVM_FEATURE_NRIPS         (1u << 3)
#define SVM_FEATURE_FLUSH_BY_ASID (1u << 6)
#define SVM_FEATURE_DECODE_ASSIST (1u << 7)
#define SVM_FEATURE_PAUSE_FILTER  (1u << 10)

extern uint32_t svm_features;

static inline struct vmcb *vmcb_of(const struct vcpu *v)
{
    return v->arch->svm->vmcb;
}

/*
 * entry.S: loads @gpr (arch_vcpu.gpr), enters, saves them. Called with interrupts
 * off, and so it returns; inside, physical interrupts make the guest exit.
 */
void svm_enter(uint64_t *gpr, paddr_t guest_vmcb, paddr_t host_vmcb);

/* exit.c: VMCB to v->arch->exit. */
void svm_decode_exit(struct vcpu *v);
void svm_report(struct vcpu *v);
/* EFER.LMA, which follows CR0.PG and EFER.LME. */
void svm_update_lma(struct vmcb *b);
/* It wants its debug registers: puts them on this CPU. */
void svm_load_drs(struct vcpu *v);
/*
 * nmi.c. The CPU does not tell when a guest has returned from an NMI (but for its IRET), and
 * has no window for them: it is made to exit after one instruction where that must be known.
 */
bool svm_nmi_allowed(struct vcpu *v);
bool svm_request_nmi_window(struct vcpu *v);
void svm_reset(struct vcpu *v);
/* One is injected at this entry. */
void svm_nmi_begins(struct svm_vcpu *s);
/* The IRET from one exited. */
void svm_nmi_iret(struct vcpu *v);
/* The exit after svm_request_nmi_window has asked for one instruction. */
void svm_step_ends(struct vcpu *v);

#endif
