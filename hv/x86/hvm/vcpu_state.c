/* SPDX-License-Identifier: MIT */
/* The register state in which a vCPU starts. */
#include <hv/string.h>

#include "x86/hvm/fpu.h"
#include "x86/hvm/hvm.h"

static void reset(struct vcpu *v)
{
    static const struct x86_table no_table = { 0, 0 };
    struct x86_segment ldtr = { 0, 0x82, 0xffff, 0 }, tr = { 0, 0x8b, 0xffff, 0 };

    memset(v->arch->gpr, 0, sizeof(v->arch->gpr));
    v->arch->rflags = X86_RFLAGS_FIXED;
    v->arch->rsp = 0;
    v->arch->pending.valid = false;
    v->arch->nmi_pending = false;
    v->arch->halted_off = false;
    vendor->reset(v);
    vendor->set_segment(v, SEG_LDTR, &ldtr);
    vendor->set_segment(v, SEG_TR, &tr);
    vendor->set_table(v, false, &no_table);
    vendor->set_table(v, true, &no_table);
    vendor->set_efer(v, 0);
    vendor->set_cr(v, 3, 0);
    hvm_set_cr4(v, 0);
    vendor->set_dr7(v, 0x400);
    vendor->msr_write(v, 0x277, 0x0007040600070406UL); /* PAT */
    fpu_reset(v);
}

/* Flat 32-bit protected mode, paging off (the PVH entry; <xen/arch-x86/hvm/start_info.h>). */
void hvm_vcpu_set_pvh_entry(struct vcpu *v, uint32_t eip, uint32_t ebx)
{
    struct x86_segment code = { 8, 0xc9b, ~0u, 0 }, data = { 16, 0xc93, ~0u, 0 };
    struct x86_segment tr = { 0, 0x8b, 0x67, 0 };

    reset(v);
    vendor->set_cr(v, 0, X86_CR0_PE | X86_CR0_ET);
    vendor->set_segment(v, SEG_CS, &code);
    for (enum x86_seg s = SEG_ES; s <= SEG_GS; s++) {
        if (s != SEG_CS)
            vendor->set_segment(v, s, &data);
    }
    vendor->set_segment(v, SEG_TR, &tr);
    v->arch->rip = eip;
    v->arch->gpr[REG_RBX] = ebx;
}

void hvm_vcpu_set_real_mode(struct vcpu *v, uint16_t cs, uint16_t ip)
{
    struct x86_segment code = { cs, 0x9b, 0xffff, (uint64_t)cs << 4 };
    struct x86_segment data = { 0, 0x93, 0xffff, 0 };

    reset(v);
    vendor->set_cr(v, 0, X86_CR0_ET);
    vendor->set_segment(v, SEG_CS, &code);
    for (enum x86_seg s = SEG_ES; s <= SEG_GS; s++) {
        if (s != SEG_CS)
            vendor->set_segment(v, s, &data);
    }
    v->arch->rip = ip;
}
