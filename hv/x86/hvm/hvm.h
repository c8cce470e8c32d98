/* SPDX-License-Identifier: MIT */
/* What PVH and HVM guests share, whichever vendor's virtualization carries them. */
#ifndef X86_HVM_HVM_H
#define X86_HVM_HVM_H

#include <hv/event.h>

#include "x86/hvm/vendor.h"

/* exit.c: the table of exits. */
extern void (*const hvm_exit_handlers[NR_VMEXIT_REASONS])(struct vcpu *v);

static inline void hvm_handle_exit(struct vcpu *v)
{
    hvm_exit_handlers[v->arch->exit.reason](v);
}

/* exit_count.c: for tools, how many exits of each reason each CPU has seen. Negative errno. */
int hvm_exit_counts(struct xen_sysctl_perfc_op *op);

/* run.c: wakes the vCPU; if its guest runs on another CPU, sends that CPU @vector. */
void vcpu_notify(struct vcpu *v, uint8_t vector);

/* intr.c: the first of what waits, if the guest can take it, or else an exit when it can. */
void hvm_inject_or_wait(struct vcpu *v);

/*
 * Gives the guest what waits for it, just before an entry. Interrupts off. Nearly always it is
 * nothing, which must be found out fast; what is found to wait need not be deliverable.
 */
static inline void hvm_inject_pending(struct vcpu *v)
{
    const struct arch_vcpu *a = v->arch;

    if (unlikely(a->nmi_pending | a->windows | atomic_read(&a->irr_hint) | vcpu_event_pending(v)))
        hvm_inject_or_wait(v);
}

/* insn_len.c: the length of the exiting instruction, decoded; 0, and #GP injected: not readable. */
unsigned int hvm_decode_insn_len(struct vcpu *v);
/*
 * RIP has gone beyond 4 GiB: outside 64-bit mode it wraps around. Intel refuses an entry with
 * more than 32 bits (SDM 3, 27.3.1.4), and the code at the end may be that of a guest's user.
 */
void hvm_wrap_eip(struct vcpu *v);

/* CR4 as the guest sees it, whoever changes it. */
static inline void hvm_set_cr4(struct vcpu *v, uint64_t value)
{
    vendor->set_cr(v, 4, value);
    v->arch->osxsave = value & X86_CR4_OSXSAVE;
}

/* Goes on behind the exiting instruction; false: it can't be read, and #GP is injected. */
static inline bool hvm_skip_insn(struct vcpu *v)
{
    struct arch_vcpu *a = v->arch;
    uint64_t from = a->rip;
    unsigned int len = a->exit.insn_len;

    if (unlikely(!len)) {
        len = hvm_decode_insn_len(v);
        if (!len)
            return false;
    }
    a->rip = from + len;
    if (unlikely((a->rip ^ from) >> 32))
        hvm_wrap_eip(v);
    a->rflags &= ~X86_RFLAGS_RF;
    vendor->end_instruction(v);
    return true;
}

/*
 * The general register of the exiting MOV to or from a control register, or of an LMSW
 * (HVM_CR_LMSW), or HVM_CR_CLTS; -1: not readable, or an LMSW from memory.
 */
#define HVM_CR_LMSW 0x10
#define HVM_CR_CLTS 0x20
int hvm_cr_operand(struct vcpu *v);

/* cpuid.c */
struct cpuid_regs;
void hvm_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *r);
/* What all guests here may see; zero, or one vCPU, where the vCPU and its number decide. */
void hvm_cpuid_common(uint32_t leaf, uint32_t sub, struct cpuid_regs *r);
bool hvm_has_rdtscp(void);
/* Puts the vCPU's TSC_AUX on this CPU. */
void hvm_load_tsc_aux(struct vcpu *v);
/* XCR0 bits that guests may set. */
uint64_t hvm_xcr0_mask(void);

/* cr.c: moves to and from control registers that exited. */
void hvm_cr_write(struct vcpu *v);
void hvm_cr_read(struct vcpu *v);
/* Whether the guest may set CR4 to @value now: by CPUID, and in its mode. */
bool hvm_cr4_is_valid(struct vcpu *v, uint64_t value);

/* msr.c: false: #GP. */
bool hvm_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool hvm_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);

/* hypercall.c */
void hvm_hypercall(struct vcpu *v);
/* Fills the guest page at @g with the 64 entries; false: no such page. */
bool hvm_hypercall_page(struct vcpu *v, gfn_t g);

/* io.c: port I/O of a guest, and nested page faults. */
void hvm_io(struct vcpu *v);
void hvm_nested_fault(struct vcpu *v);

/* vcpu_state.c: register state of a vCPU that is about to start. */
void hvm_vcpu_set_pvh_entry(struct vcpu *v, uint32_t eip, uint32_t ebx);
void hvm_vcpu_set_real_mode(struct vcpu *v, uint16_t cs, uint16_t ip);

/* time.c: the wallclock in the shared info page. */
void hvm_wallclock_update(struct domain *d);

#define HVM_CPUID_BASE 0x40000000u
#define MSR_HYPERCALL  0x40000000u

#endif
