/* SPDX-License-Identifier: MIT */
/*
 * Control registers that a guest reaches by an exit: what the CPU checks on MOV to CR0, CR4 and
 * CR8 (SDM 3, 2.5; APM 2, 3.1) is checked here.
 */
#include "x86/cpu/apic_regs.h"
#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic.h"

static bool cr0_is_valid(struct vcpu *v, uint64_t value)
{
    uint64_t old = vendor->get_cr(v, 0), efer = vendor->get_efer(v);

    if (value >> 32 || (value & X86_CR0_NW && !(value & X86_CR0_CD)) ||
        (value & X86_CR0_PG && !(value & X86_CR0_PE)))
        return false;
    if (!((old ^ value) & X86_CR0_PG) || !(efer & X86_EFER_LME))
        return true;
    if (value & X86_CR0_PG) /* into long mode */
        return vendor->get_cr(v, 4) & X86_CR4_PAE && !vendor->get_mode(v).is_64bit;
    return !vendor->get_mode(v).is_64bit; /* out of it */
}

/* Bits of CR4 whose features CPUID tells it of. */
static uint64_t cr4_mask(struct vcpu *v)
{
    uint64_t mask = 0x7ff; /* VME to OSXMMEXCPT */
    struct cpuid_regs f1, f7;

    hvm_cpuid(v, 1, 0, &f1);
    hvm_cpuid(v, 7, 0, &f7);
    if (f1.c & 1u << 26)
        mask |= X86_CR4_OSXSAVE;
    if (f7.b & 1u)
        mask |= X86_CR4_FSGSBASE;
    if (f7.b & 1u << 7)
        mask |= X86_CR4_SMEP;
    if (f7.b & 1u << 20)
        mask |= X86_CR4_SMAP;
    if (f7.c & 1u << 2)
        mask |= X86_CR4_UMIP;
    return mask;
}

bool hvm_cr4_is_valid(struct vcpu *v, uint64_t value)
{
    return !(value & ~cr4_mask(v)) &&
           (value & X86_CR4_PAE || !(vendor->get_efer(v) & X86_EFER_LMA));
}

static bool is_valid(struct vcpu *v, unsigned int n, uint64_t value)
{
    switch (n) {
    case 0:
        return cr0_is_valid(v, value);
    case 4:
        return hvm_cr4_is_valid(v, value);
    case 8:
        return !(value & ~0xfUL);
    default:
        return false;
    }
}

/* The instruction's general register, or what else hvm_cr_operand says; < 0: #GP was injected. */
static int operand(struct vcpu *v)
{
    int gpr = v->arch->exit.cr.gpr;

    if (gpr == CR_GPR_UNKNOWN)
        gpr = hvm_cr_operand(v);
    if (gpr < 0) /* it was fetched a moment ago: another vCPU changed the page, or its mapping */
        x86_inject_exception(v, EXC_GP, 0);
    return gpr;
}

static uint64_t *register_of(struct vcpu *v, int gpr)
{
    gpr &= 15;
    return gpr == REG_RSP ? &v->arch->rsp : &v->arch->gpr[gpr];
}

void hvm_cr_write(struct vcpu *v)
{
    unsigned int n = v->arch->exit.cr.cr;
    int gpr = operand(v);
    uint64_t value;

    if (gpr < 0)
        return;
    value = *register_of(v, gpr);
    if (gpr & HVM_CR_CLTS)
        value = vendor->get_cr(v, 0) & ~X86_CR0_TS;
    else if (gpr & HVM_CR_LMSW) /* four bits, of which PE can be set only (APM 3, LMSW) */
        value = (vendor->get_cr(v, 0) & ~0xeUL) | (value & 0xf);
    else if (!vendor->get_mode(v).is_64bit)
        value = (uint32_t)value;
    if (!is_valid(v, n, value))
        x86_inject_exception(v, EXC_GP, 0);
    else if (!hvm_skip_insn(v)) /* it is read where it was before the write */
        return;
    else if (n == 8)
        vlapic_write(v, APIC_TPR, (uint32_t)value << 4);
    else if (n == 4)
        hvm_set_cr4(v, value);
    else
        vendor->set_cr(v, n, value);
}

void hvm_cr_read(struct vcpu *v)
{
    int gpr = operand(v);

    if (gpr >= 0 && hvm_skip_insn(v))
        *register_of(v, gpr) = vendor->get_cr(v, v->arch->exit.cr.cr);
}
