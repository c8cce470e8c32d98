/* SPDX-License-Identifier: MIT */
/* What a guest is to be interrupted with, in the order of precedence. */
#include <hv/arch.h>
#include <hv/event.h>

#include "x86/hvm/event_word.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic.h"

/* The event upcall by a vector of the domain's choice, which no local APIC sees. */
static bool upcall_pending(const struct vcpu *v)
{
    return v->domain->arch->callback_via == CALLBACK_VECTOR && !v->arch->upcall_vector &&
           vcpu_event_pending(v);
}

bool arch_vcpu_has_interrupt(struct vcpu *v)
{
    if ((v->arch->nmi_pending && vendor->nmi_allowed(v)) || upcall_pending(v))
        return true;
    return v->arch->apic_virtual ? vendor->apic_pending(v) : vlapic_pending_vector(v) >= 0;
}

static void inject(struct vcpu *v, uint8_t vector, enum event_type type)
{
    v->arch->pending = (struct x86_event){ .valid = true, .vector = vector, .type = type };
}

static void set_windows(struct vcpu *v, unsigned int want)
{
    unsigned int changed = v->arch->windows ^ want;

    if (likely(!changed))
        return;
    if (changed & WINDOW_INTERRUPT)
        vendor->request_interrupt_window(v, want & WINDOW_INTERRUPT);
    if (changed & WINDOW_TPR)
        vendor->request_tpr_window(v, want & WINDOW_TPR);
    v->arch->windows = (uint8_t)want;
}

static unsigned int window_of_vlapic(struct vcpu *v)
{
    int vector = v->arch->apic_virtual ? VLAPIC_NOTHING : vlapic_pending_vector(v);

    if (likely(vector == VLAPIC_NOTHING))
        return 0;
    return vector == VLAPIC_BELOW_TPR ? WINDOW_TPR : WINDOW_INTERRUPT;
}

static unsigned int window_wanted(struct vcpu *v)
{
    return upcall_pending(v) ? WINDOW_INTERRUPT : window_of_vlapic(v);
}

/* Whatever IF is. False: something else may be injected now. */
static bool inject_nmi_or_wait(struct vcpu *v)
{
    struct arch_vcpu *a = v->arch;

    if (a->pending.valid || !vendor->nmi_allowed(v))
        return vendor->request_nmi_window(v);
    /* A full barrier: vcpu_kick sees it, or we see later what it was called for. */
    (void)atomic_xchg(&a->halted_off, false);
    atomic_set_release(&a->nmi_pending, false);
    inject(v, 2, EVENT_NMI);
    return true;
}

/* Stays pending until the guest's handler clears it: no window for another meanwhile. */
static void inject_upcall(struct vcpu *v)
{
    inject(v, v->domain->arch->callback_vector, EVENT_INTERRUPT);
    set_windows(v, window_of_vlapic(v));
}

void hvm_inject_or_wait(struct vcpu *v)
{
    struct arch_vcpu *a = v->arch;
    bool nmi = unlikely(a->nmi_pending) && inject_nmi_or_wait(v);
    bool upcall = upcall_pending(v); /* once: it is the guest's memory */
    unsigned int window = upcall ? WINDOW_INTERRUPT : window_of_vlapic(v);

    if (window == WINDOW_INTERRUPT && !nmi && !a->pending.valid && vendor->interrupts_allowed(v)) {
        if (upcall) {
            inject_upcall(v);
            return;
        } else {
            uint8_t vector = (uint8_t)vlapic_pending_vector(v);

            vlapic_accept(v, vector);
            inject(v, vector, EVENT_INTERRUPT);
        }
        window = window_wanted(v);
    }
    set_windows(v, window);
}

void arch_vcpu_event_notify(struct vcpu *v)
{
    if (v->arch->upcall_vector)
        vlapic_set_irq(v, v->arch->upcall_vector, false);
    else if (v->domain->arch->callback_via == CALLBACK_VECTOR)
        vcpu_kick(v);
    else if (!v->arch->halted_off)
        vcpu_unblock(v);
}

bool hvm_event_interrupted(struct vcpu *v, uint32_t word, uint32_t error, uint64_t cr2)
{
    struct x86_event e = {
        .valid = true,
        .vector = EVENT_VECTOR(word),
        .type = (enum event_type)EVENT_TYPE(word),
        .has_error = word & EVENT_HAS_ERROR,
        .error = error,
        .cr2 = cr2,
    };

    if (e.type != EVENT_INTERRUPT && e.type != EVENT_NMI && e.type != EVENT_EXCEPTION)
        return false;
    if (e.type == EVENT_EXCEPTION && (e.vector == EXC_BP || e.vector == EXC_OF))
        return false;
    v->arch->pending = e;
    return true;
}

/* A fault while one was delivered makes a double fault by what the two are (APM 2, 8.2.9). */
static bool makes_double_fault(uint8_t first, uint8_t second)
{
    static const uint32_t contributory =
        1u << EXC_DE | 1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS | 1u << EXC_GP;

    if (first == EXC_PF)
        return second == EXC_PF || contributory >> second & 1;
    return contributory >> first & 1 && contributory >> second & 1;
}

void x86_inject_exception(struct vcpu *v, uint8_t vector, uint32_t error)
{
    static const uint32_t with_error = 1u << EXC_DF | 1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS |
                                       1u << EXC_GP | 1u << EXC_PF | 1u << EXC_AC;
    struct x86_event *e = &v->arch->pending;

    if (e->valid && e->type == EVENT_EXCEPTION) { /* a fault while a fault was delivered */
        if (e->vector == EXC_DF) {
            domain_crash(v->domain, "triple fault of vCPU %u at %#lx", v->id, v->arch->rip);
            return;
        }
        if (makes_double_fault(e->vector, vector)) {
            vector = EXC_DF;
            error = 0;
        }
    }
    *e = (struct x86_event){ .valid = true,
                             .vector = vector,
                             .type = EVENT_EXCEPTION,
                             .has_error = vector < 32 && with_error & 1u << vector,
                             .error = error };
}

void x86_inject_page_fault(struct vcpu *v, uint32_t error, vaddr_t cr2)
{
    x86_inject_exception(v, EXC_PF, error);
    v->arch->pending.cr2 = cr2;
}
