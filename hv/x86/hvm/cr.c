/* SPDX-License-Identifier: MIT */
/*
 * Control registers that a guest reaches by an exit: what the CPU checks on MOV to CR0, CR4 and
 * CR8 (SDM 3, 2.5; APM 2, 3.1) is checked here.
 */
#include "x86/cpu/apic_regs.h"
#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic.h"

static bool code_is_64bit(struct vcpu *v)
{
    struct x86_segment cs;

    vendor->get_segment(v, SEG_CS, &cs);
    return cs.attr & SEG_ATTR_L;
}

static bool cr0_is_valid(struct vcpu *v, uint64_t value)
{
    uint64_t old = vendor->get_cr(v, 0), efer = vendor->get_efer(v);

    if (value >> 32 || (value & X86_CR0_NW && !(value & X86_CR0_CD)) ||
        (value & X86_CR0_PG && !(value & X86_CR0_PE)))
        return false;
    if (!((old ^ value) & X86_CR0_PG) || !(efer & X86_EFER_LME))
        return true;
    if (value & X86_CR0_PG) /* into long mode */
        return vendor->get_cr(v, 4) & X86_CR4_PAE && !code_is_64bit(v);
    return !code_is_64bit(v); /* out of it */
}

uint64_t hvm_cr4_mask(void)
{
    struct cpuid_regs f7 = cpuid(0).a >= 7 ? cpuid_count(7, 0) : (struct cpuid_regs){ 0 };
    uint64_t mask = 0x7ff; /* VME to OSXMMEXCPT */

    if (f7.c & 1u << 2)
        mask |= X86_CR4_UMIP;
    if (f7.b & 1u)
        mask |= X86_CR4_FSGSBASE;
    if (hvm_xcr0_mask())
        mask |= X86_CR4_OSXSAVE;
    if (f7.b & 1u << 7)
        mask |= X86_CR4_SMEP;
    if (f7.b & 1u << 20)
        mask |= X86_CR4_SMAP;
    return mask;
}

static bool cr4_is_valid(struct vcpu *v, uint64_t value)
{
    return !(value & ~hvm_cr4_mask()) &&
           (value & X86_CR4_PAE || !(vendor->get_efer(v) & X86_EFER_LMA));
}

static bool cr_write(struct vcpu *v, unsigned int n, uint64_t value)
{
    switch (n) {
    case 0:
        if (!cr0_is_valid(v, value))
            return false;
        break;
    case 4:
        if (!cr4_is_valid(v, value))
            return false;
        break;
    case 8:
        return !(value & ~0xfUL) && vlapic_write(v, APIC_TPR, (uint32_t)value << 4);
    default:
        return false;
    }
    vendor->set_cr(v, n, value);
    return true;
}

/* The MOV's general register; NULL: it can't be told any more, and #GP was injected. */
static uint64_t *operand(struct vcpu *v)
{
    int gpr = v->arch->exit.cr.gpr;

    if (gpr == CR_GPR_UNKNOWN)
        gpr = hvm_mov_cr_gpr(v);
    if (gpr < 0) {
        /* It was fetched a moment ago: another vCPU changed the page or its mapping. */
        x86_inject_exception(v, EXC_GP, 0);
        return NULL;
    }
    return gpr == REG_RSP ? &v->arch->rsp : &v->arch->gpr[gpr & 15];
}

void hvm_cr_write(struct vcpu *v)
{
    const uint64_t *from = operand(v);
    uint64_t value;

    if (!from)
        return;
    value = code_is_64bit(v) ? *from : (uint32_t)*from;
    if (!cr_write(v, v->arch->exit.cr.cr, value))
        x86_inject_exception(v, EXC_GP, 0);
    else
        hvm_skip_insn(v);
}

void hvm_cr_read(struct vcpu *v)
{
    uint64_t *to = operand(v);

    if (to && hvm_skip_insn(v))
        *to = vendor->get_cr(v, v->arch->exit.cr.cr);
}
