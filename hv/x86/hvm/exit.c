/* SPDX-License-Identifier: MIT */
/* Every reason for leaving a guest, and who handles it. */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/sched.h>
#include <hv/softirq.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/fpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/mmio.h"
#include "x86/hvm/vlapic.h"

static void exit_nothing(struct vcpu *v)
{
}

static void exit_cpuid(struct vcpu *v)
{
    uint64_t *g = v->arch->gpr;
    struct cpuid_regs r;

    if (!hvm_skip_insn(v))
        return;
    hvm_cpuid(v, (uint32_t)g[REG_RAX], (uint32_t)g[REG_RCX], &r);
    g[REG_RAX] = r.a;
    g[REG_RBX] = r.b;
    g[REG_RCX] = r.c;
    g[REG_RDX] = r.d;
}

/* Whether it can't go on by itself: it is down, or only an NMI or INIT could end its HLT. */
static bool is_halted(struct vcpu *v)
{
    uint32_t flags = atomic_read(&v->pause_flags);

    return flags & VPF_DOWN || (flags & VPF_BLOCKED && v->arch->halted_off);
}

/* With the last vCPU nobody is left to send another an NMI: that is how kernels halt a machine. */
static void shut_down_if_halted(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) {
        if (!is_halted(v))
            return;
    }
    domain_shutdown(d, SHUTDOWN_poweroff);
}

/* HLT with interrupts off: what is pending besides an NMI does not end it, nor what comes. */
static void halt(struct vcpu *v)
{
    v->arch->halted_off = true;
    atomic_or(&v->pause_flags, VPF_BLOCKED);
    if (atomic_read(&v->arch->nmi_pending) && vendor->nmi_allowed(v)) {
        atomic_and(&v->pause_flags, ~VPF_BLOCKED);
        return;
    }
    softirq_raise(SOFTIRQ_SCHEDULE);
    shut_down_if_halted(v->domain);
}

static void exit_hlt(struct vcpu *v)
{
    if (!hvm_skip_insn(v))
        return;
    if (v->arch->rflags & X86_RFLAGS_IF)
        vcpu_block();
    else
        halt(v);
}

static void exit_msr_read(struct vcpu *v)
{
    uint64_t *g = v->arch->gpr, value;

    if (!hvm_msr_read(v, (uint32_t)g[REG_RCX], &value)) {
        x86_inject_exception(v, EXC_GP, 0);
        return;
    }
    if (!hvm_skip_insn(v))
        return;
    g[REG_RAX] = (uint32_t)value;
    g[REG_RDX] = value >> 32;
}

static void exit_msr_write(struct vcpu *v)
{
    const uint64_t *g = v->arch->gpr;
    uint64_t value = (uint32_t)g[REG_RAX] | g[REG_RDX] << 32;

    if (!hvm_msr_write(v, (uint32_t)g[REG_RCX], value))
        x86_inject_exception(v, EXC_GP, 0);
    else
        hvm_skip_insn(v);
}

static void exit_window(struct vcpu *v)
{
    v->arch->windows &= (uint8_t)~WINDOW_INTERRUPT;
    vendor->request_interrupt_window(v, false);
}

static void exit_apic_access(struct vcpu *v)
{
    const struct vmexit *x = &v->arch->exit;

    if (!mmio_handle(v, x->fault.gpa, x->fault.write))
        mmio_unclaimed(v, x->fault.gpa, x->fault.write);
}

static void exit_apic_write(struct vcpu *v)
{
    vlapic_was_written(v, v->arch->exit.apic.reg);
}

static void exit_apic_eoi(struct vcpu *v)
{
    vlapic_level_ended(v, v->arch->exit.apic.vector);
}

static void exit_shutdown(struct vcpu *v)
{
    vendor->report(v);
    domain_crash(v->domain, "triple fault of vCPU %u at %#lx", v->id, v->arch->rip);
}

static void exit_xsetbv(struct vcpu *v)
{
    const uint64_t *g = v->arch->gpr;

    if (vendor->get_mode(v).cpl || (uint32_t)g[REG_RCX] ||
        !fpu_set_xcr0(v, (uint32_t)g[REG_RAX] | g[REG_RDX] << 32))
        x86_inject_exception(v, EXC_GP, 0);
    else
        hvm_skip_insn(v);
}

static void exit_wbinvd(struct vcpu *v)
{
    /* Only a domain with devices can have anything that caches must be flushed for. */
    if (v->domain->is_privileged)
        __asm__ __volatile__("wbinvd" : : : "memory");
    hvm_skip_insn(v);
}

static void exit_pause(struct vcpu *v)
{
    if (hvm_skip_insn(v))
        vcpu_yield();
}

static void exit_undefined(struct vcpu *v)
{
    x86_inject_exception(v, EXC_UD, 0);
}

/*
 * A guest can make the CPU deliver #DB or #AC for ever, with no interrupt in between. All others
 * on demand, but for those that instructions are there to raise (#BP, #OF).
 */
uint32_t hvm_exception_exits(void)
{
    uint32_t needed = 1u << EXC_MC | 1u << EXC_DB | 1u << EXC_AC;

    return cmdline_has("exceptions-exit") ? ~(1u << EXC_NMI | 1u << EXC_BP | 1u << EXC_OF) : needed;
}

/* One that is intercepted for the host's sake only: it is the guest's all the same. */
static void exit_exception(struct vcpu *v)
{
    const struct vmexit *x = &v->arch->exit;

    if (x->exception.vector == EXC_PF)
        x86_inject_page_fault(v, x->exception.error, x->exception.cr2);
    else
        x86_inject_exception(v, x->exception.vector, x->exception.error);
}

static void exit_failed(struct vcpu *v)
{
    vendor->report(v);
    domain_crash(v->domain, "vCPU %u: the CPU refuses its state (%#lx) at %#lx", v->id,
                 v->arch->exit.failure, v->arch->rip);
}

void (*const hvm_exit_handlers[NR_VMEXIT_REASONS])(struct vcpu *v) = {
    [VMEXIT_NOTHING] = exit_nothing,
    [VMEXIT_STAY_ENDED] = exit_nothing,
    [VMEXIT_HYPERCALL] = hvm_hypercall,
    [VMEXIT_CPUID] = exit_cpuid,
    [VMEXIT_HLT] = exit_hlt,
    [VMEXIT_IO] = hvm_io,
    [VMEXIT_MSR_READ] = exit_msr_read,
    [VMEXIT_MSR_WRITE] = exit_msr_write,
    [VMEXIT_NESTED_FAULT] = hvm_nested_fault,
    [VMEXIT_APIC_ACCESS] = exit_apic_access,
    [VMEXIT_APIC_WRITE] = exit_apic_write,
    [VMEXIT_APIC_EOI] = exit_apic_eoi,
    [VMEXIT_INTERRUPT_WINDOW] = exit_window,
    [VMEXIT_CR_READ] = hvm_cr_read,
    [VMEXIT_CR_WRITE] = hvm_cr_write,
    [VMEXIT_EXCEPTION] = exit_exception,
    [VMEXIT_SHUTDOWN] = exit_shutdown,
    [VMEXIT_XSETBV] = exit_xsetbv,
    [VMEXIT_RDTSC] = exit_undefined,
    [VMEXIT_PAUSE] = exit_pause,
    [VMEXIT_WBINVD] = exit_wbinvd,
    [VMEXIT_UNDEFINED] = exit_undefined,
    [VMEXIT_FAILED] = exit_failed,
};
