/* SPDX-License-Identifier: MIT */
/* NMIs of a guest, of which the CPU keeps no account (APM 2, 15.21.9 and 15.20). */
#include <hv/arch.h>

#include "x86/cpu/cpu.h"
#include "x86/svm/svm.h"

void svm_nmi_begins(struct svm_vcpu *s)
{
    s->nmi = NMI_IN_SERVICE;
    s->vmcb->intercept[3] |= INTERCEPT_IRET;
}

void svm_nmi_iret(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    s->nmi = NMI_IN_IRET;
    s->iret_rip = v->arch->rip;
    s->iret_rsp = v->arch->rsp;
    s->vmcb->intercept[3] &= ~INTERCEPT_IRET;
}

bool svm_nmi_allowed(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    if (s->vmcb->interrupt_shadow & 1)
        return false;
    if (s->nmi == NMI_IN_IRET && (v->arch->rip != s->iret_rip || v->arch->rsp != s->iret_rsp))
        s->nmi = NMI_OPEN;
    return s->nmi == NMI_OPEN;
}

/*
 * Before an event's handler: by an interrupt of the host, which is taken as soon as the event
 * is delivered. Behind an IRET or an interrupt shadow: by a single step. If that instruction
 * saves the flags, or faults, the guest sees TF in them.
 */
bool svm_request_nmi_window(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    if (v->arch->pending.valid) {
        arch_cpu_kick(this_cpu()->id);
        return true;
    }
    if (s->nmi == NMI_IN_SERVICE)
        return false;
    s->step = true;
    s->guest_steps = v->arch->rflags & X86_RFLAGS_TF;
    v->arch->rflags |= X86_RFLAGS_TF;
    return true;
}

void svm_step_ends(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;
    struct vmcb *b = s->vmcb;
    bool done = b->exitcode == EXIT_EXCEPTION(EXC_DB);
    bool iret = s->nmi == NMI_IN_IRET;

    s->step = false;
    if (done && iret)
        s->nmi = NMI_OPEN;
    if (s->guest_steps)
        return;
    if (done) {
        b->dr6 &= ~DR6_BS;
        if (!(b->dr6 & 0xf)) /* no breakpoint of the guest's own */
            v->arch->exit.reason = VMEXIT_NOTHING;
    }
    if (!done || !iret) /* IRET has loaded the guest's flags */
        v->arch->rflags &= ~X86_RFLAGS_TF;
}

void svm_reset(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    s->nmi = NMI_OPEN;
    s->step = false;
    s->vmcb->intercept[3] &= ~INTERCEPT_IRET;
    s->vmcb->interrupt_shadow = 0;
}
