/* SPDX-License-Identifier: MIT */
/* The VMCS's words about an exit (SDM 3, 28.2), in vendor-neutral ones. */
#include <hv/log.h>
#include <hv/string.h>

#include "x86/hvm/event_word.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic.h"
#include "x86/vmx/vmx.h"

void vmx_entry_failed(struct vcpu *v)
{
    /* 31.4: why VMLAUNCH or VMRESUME did nothing. */
    v->arch->exit.reason = VMEXIT_FAILED;
    v->arch->exit.failure = vmread(VMCS_INSTRUCTION_ERROR);
    log_domain(v->domain, LOG_ERROR,
               "vCPU %u: VM entry failed: instruction error %lu (controls or host state)\n", v->id,
               v->arch->exit.failure);
}

/* An event whose delivery the exit interrupted is delivered again (28.2.4). */
static void keep_interrupted_event(struct vcpu *v)
{
    uint32_t info = (uint32_t)vmread(VMCS_VECTORING_EVENT);

    if (likely(!(info & EVENT_VALID)))
        return;
    if (hvm_event_interrupted(v, info, (uint32_t)vmread(VMCS_VECTORING_ERROR), read_cr2()) &&
        EVENT_TYPE(info) == EVENT_NMI) /* it is not in service yet */
        vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
                vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~(uint64_t)BLOCKED_BY_NMI);
}

/* An IRET that ends an NMI's service and faults has ended it all the same: but it is run again. */
static void block_nmi_again(void)
{
    vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

static void decode_debug(struct vcpu *v, uint32_t info)
{
    uint64_t causes = vmread(VMCS_EXIT_QUALIFICATION);
    bool shadow = vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);

    /* The CPU leaves DR6 and DR7.GD to us (28.1). */
    vmx_load_drs(v);
    write_dr6((read_dr6() & ~0xfUL) | (causes & 0x600f));
    vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~0x2000UL);
    if (EVENT_TYPE(info) == EVENT_INT1) { /* a trap, of an instruction that is not left yet */
        hvm_skip_insn(v);
    } else if (unlikely(shadow && v->arch->rflags & X86_RFLAGS_TF)) {
        /*
         * The entry is refused unless a step is pending, which the CPU notes at all exits but
         * this one (27.3.1.5). It goes with the #DB that is injected.
         */
        vmwrite(VMCS_GUEST_PENDING_DEBUG, vmread(VMCS_GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
    }
}

static void decode_exception(struct vcpu *v, struct vmexit *x)
{
    uint32_t info = (uint32_t)vmread(VMCS_EXIT_EVENT);

    if (EVENT_TYPE(info) == EVENT_NMI) { /* the host's; its handler's IRET lets the next one in */
        __asm__ __volatile__("int $2" : : : "memory");
        x->reason = VMEXIT_NOTHING;
        return;
    }
    if (EVENT_VECTOR(info) == EXC_MC) {
        __asm__ __volatile__("int $18" : : : "memory");
        x->reason = VMEXIT_NOTHING;
        return;
    }
    if (info & EVENT_NMI_UNBLOCKED && EVENT_VECTOR(info) != EXC_DF)
        block_nmi_again();
    if (EVENT_VECTOR(info) == EXC_DB)
        decode_debug(v, info);
    x->reason = VMEXIT_EXCEPTION;
    x->exception.vector = EVENT_VECTOR(info);
    x->exception.error = info & EVENT_HAS_ERROR ? (uint32_t)vmread(VMCS_EXIT_EVENT_ERROR) : 0;
    x->exception.cr2 = vmread(VMCS_EXIT_QUALIFICATION); /* of a #PF */
}

/* @qualification: of an EPT violation, or a full page-modification log. */
static void decode_unblocked(uint64_t qualification)
{
    if (qualification & EPT_VIOLATION_UNBLOCKED && !(vmread(VMCS_VECTORING_EVENT) & EVENT_VALID))
        block_nmi_again();
}

static void decode_ept_violation(struct vmexit *x)
{
    uint64_t q = vmread(VMCS_EXIT_QUALIFICATION);

    decode_unblocked(q);
    x->reason = VMEXIT_NESTED_FAULT;
    x->fault.gpa = vmread(VMCS_GUEST_PHYSICAL);
    x->fault.write = q & EPT_VIOLATION_WRITE;
    x->fault.fetch = q & EPT_VIOLATION_FETCH;
    x->fault.present = q & EPT_VIOLATION_RIGHTS;
    x->fault.table_walk = q & EPT_VIOLATION_LINEAR && !(q & EPT_VIOLATION_FINAL);
    x->insn_bytes = NULL;
    x->insn_len = 0; /* undefined for a violation */
}

/* One that the CPU does not do by itself (table 28-6). */
static void decode_apic_access(struct vmexit *x)
{
    uint64_t q = vmread(VMCS_EXIT_QUALIFICATION);

    x->reason = VMEXIT_APIC_ACCESS;
    x->fault.gpa = VLAPIC_DEFAULT_BASE + (q & 0xfff);
    x->fault.write = (q >> 12 & 15) == 1;
    x->fault.fetch = (q >> 12 & 15) == 2;
    x->fault.present = true;
    x->fault.table_walk = (q >> 12 & 15) > 3;
    x->insn_bytes = NULL;
}

static void decode_io(struct vmexit *x)
{
    uint64_t q = vmread(VMCS_EXIT_QUALIFICATION);

    x->reason = VMEXIT_IO;
    x->io.port = (uint16_t)(q >> 16);
    x->io.size = (uint8_t)((q & 7) + 1);
    x->io.in = q & 8;
    x->io.string = q & 0x10;
    x->io.rep = q & 0x20;
}

/* Table 28-3 */
static void decode_cr(struct vmexit *x)
{
    uint64_t q = vmread(VMCS_EXIT_QUALIFICATION);
    unsigned int access = q >> 4 & 3, reg = q >> 8 & 15;

    if (access > 1) { /* CLTS and LMSW reach bits only that are the guest's own */
        x->reason = VMEXIT_FAILED;
        x->failure = q;
        return;
    }
    x->reason = access ? VMEXIT_CR_READ : VMEXIT_CR_WRITE;
    x->cr.cr = q & 15;
    x->cr.gpr = (uint8_t)reg;
}

/* The CPU found the guest's state against its rules (27.3.1), which a tool may have set. */
static void report_entry_failure(struct vcpu *v, struct vmexit *x, uint32_t reason)
{
    static const char *const names[] = {
        [VMX_EXIT_BAD_GUEST_STATE] = "guest state",
        [VMX_EXIT_BAD_MSR] = "an MSR to load",
        [VMX_EXIT_MACHINE_CHECK] = "a machine check",
    };
    uint32_t basic = EXIT_REASON_BASIC(reason);
    struct domain *d = v->domain;

    x->reason = VMEXIT_FAILED;
    x->failure = reason;
    log_domain(d, LOG_ERROR, "vCPU %u: VM entry refused: %s, qualification %#lx\n", v->id,
               basic < ARRAY_SIZE(names) && names[basic] ? names[basic] : "?",
               vmread(VMCS_EXIT_QUALIFICATION));
    log_domain(
        d, LOG_ERROR,
        "cr0 %#lx cr3 %#lx cr4 %#lx efer %#lx rflags %#lx entry %#lx interruptibility %#lx\n",
        vmread(VMCS_GUEST_CR0), vmread(VMCS_GUEST_CR3), vmread(VMCS_GUEST_CR4),
        vmread(VMCS_GUEST_EFER), vmread(VMCS_GUEST_RFLAGS), vmread(VMCS_ENTRY_CONTROLS),
        vmread(VMCS_GUEST_INTERRUPTIBILITY));
    for (uint64_t s = 0; s < NR_SEGS; s++)
        log_domain(d, LOG_ERROR, "segment %lu: %#lx rights %#lx limit %#lx base %#lx\n", s,
                   vmread(VMCS_GUEST_SELECTOR + 2 * s), vmread(VMCS_GUEST_RIGHTS + 2 * s),
                   vmread(VMCS_GUEST_LIMIT + 2 * s), vmread(VMCS_GUEST_BASE + 2 * s));
}

/* Exits by an instruction, or before one, that say all by their number. */
static const uint8_t plain_exits[] = {
    [VMX_EXIT_CPUID] = VMEXIT_CPUID,      [VMX_EXIT_HLT] = VMEXIT_HLT,
    [VMX_EXIT_VMCALL] = VMEXIT_HYPERCALL, [VMX_EXIT_RDMSR] = VMEXIT_MSR_READ,
    [VMX_EXIT_WRMSR] = VMEXIT_MSR_WRITE,  [VMX_EXIT_PAUSE] = VMEXIT_PAUSE,
    [VMX_EXIT_XSETBV] = VMEXIT_XSETBV,    [VMX_EXIT_INVD] = VMEXIT_WBINVD,
    [VMX_EXIT_WBINVD] = VMEXIT_WBINVD,    [VMX_EXIT_GETSEC] = VMEXIT_UNDEFINED,
    [VMX_EXIT_RDPMC] = VMEXIT_UNDEFINED,  [VMX_EXIT_VMCLEAR... VMX_EXIT_VMXON] = VMEXIT_UNDEFINED,
    [VMX_EXIT_MWAIT] = VMEXIT_UNDEFINED,  [VMX_EXIT_MONITOR] = VMEXIT_UNDEFINED,
    [VMX_EXIT_INVEPT] = VMEXIT_UNDEFINED, [VMX_EXIT_INVVPID] = VMEXIT_UNDEFINED,
    [VMX_EXIT_VMFUNC] = VMEXIT_UNDEFINED, [VMX_EXIT_INTERRUPT_WINDOW] = VMEXIT_INTERRUPT_WINDOW,
};

/* The others. An event may have been under way. */
static __noinline void decode_other(struct vcpu *v, struct vmexit *x, uint32_t reason)
{
    if (unlikely(reason & EXIT_REASON_ENTRY_FAILED)) {
        report_entry_failure(v, x, reason);
        return;
    }
    keep_interrupted_event(v);
    switch (EXIT_REASON_BASIC(reason)) {
    case VMX_EXIT_INTERRUPT: /* unless it was acknowledged, it comes when interrupts are on */
        if (vmx_caps.posted)
            host_interrupt(EVENT_VECTOR(vmread(VMCS_EXIT_EVENT)));
        x->reason = VMEXIT_NOTHING;
        break;
    case VMX_EXIT_EPT_VIOLATION:
        decode_ept_violation(x);
        break;
    case VMX_EXIT_IO:
        decode_io(x);
        break;
    case VMX_EXIT_EXCEPTION:
        decode_exception(v, x);
        break;
    case VMX_EXIT_TRIPLE_FAULT:
        x->reason = VMEXIT_SHUTDOWN;
        break;
    case VMX_EXIT_CR:
        decode_cr(x);
        break;
    case VMX_EXIT_NMI_WINDOW:
        vmx_of(v)->proc &= ~PROC_NMI_WINDOW;
        vmwrite(VMCS_PROC_CONTROLS, vmx_of(v)->proc);
        x->reason = VMEXIT_NOTHING;
        break;
    case VMX_EXIT_DR:
        vmx_load_drs(v); /* and the instruction is executed again */
        x->reason = VMEXIT_NOTHING;
        break;
    case VMX_EXIT_PREEMPTION_TIMER:
        x->reason = VMEXIT_STAY_ENDED;
        break;
    case VMX_EXIT_TPR: /* low enough for what waits, or at least lower */
        x->reason = VMEXIT_NOTHING;
        break;
    case VMX_EXIT_APIC_ACCESS:
        decode_apic_access(x);
        break;
    case VMX_EXIT_APIC_WRITE:
        x->reason = VMEXIT_APIC_WRITE;
        x->apic.reg = (uint16_t)vmread(VMCS_EXIT_QUALIFICATION);
        break;
    case VMX_EXIT_EOI:
        x->reason = VMEXIT_APIC_EOI;
        x->apic.vector = (uint8_t)vmread(VMCS_EXIT_QUALIFICATION);
        break;
    case VMX_EXIT_PML_FULL: /* it is drained by now */
        decode_unblocked(vmread(VMCS_EXIT_QUALIFICATION));
        x->reason = VMEXIT_NOTHING;
        break;
    default:
        x->reason = VMEXIT_FAILED;
        x->failure = reason;
    }
}

void vmx_decode_exit(struct vcpu *v)
{
    struct vmexit *x = &v->arch->exit;
    uint32_t reason = (uint32_t)vmread(VMCS_EXIT_REASON);

    x->insn_len = (uint8_t)vmread(VMCS_INSTRUCTION_LENGTH);
    if (reason < ARRAY_SIZE(plain_exits) && plain_exits[reason])
        x->reason = (enum vmexit_reason)plain_exits[reason];
    else
        decode_other(v, x, reason);
}
