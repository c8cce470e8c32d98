/* SPDX-License-Identifier: MIT */
/* A guest's registers, as they are kept in its VMCS (SDM 3, 25.4). */
#include <hv/string.h>

#include "x86/cpu/apic_regs.h"
#include "x86/hvm/vlapic.h"
#include "x86/mm/p2m_x86.h"
#include "x86/vmx/vmx.h"

/* A new VPID: the guest's own translations are forgotten. */
static void flush_linear(struct vcpu *v)
{
    asid_forget(&vmx_of(v)->vpid);
}

static __noinline uint64_t seen_absent(struct vcpu *v, uint64_t reg, uint64_t mask, uint64_t shadow)
{
    return (vmx_read_absent(v, reg) & ~mask) | (vmx_read_absent(v, shadow) & mask);
}

/* A control register as the guest sees it: bits in the mask are the shadow's (25.6.6). */
static uint64_t seen(struct vcpu *v, uint64_t reg, uint64_t mask, uint64_t shadow)
{
    if (unlikely(v != current))
        return seen_absent(v, reg, mask, shadow);
    return (vmread(reg) & ~mask) | (vmread(shadow) & mask);
}

uint64_t vmx_get_cr(struct vcpu *v, unsigned int n)
{
    switch (n) {
    case 0:
        return seen(v, VMCS_GUEST_CR0, VMX_CR0_MASK | vmx_caps.cr0_fixed1, VMCS_CR0_SHADOW);
    case 2:
        return v == current ? read_cr2() : vmx_of(v)->cr2;
    case 3:
        return vmx_read(v, VMCS_GUEST_CR3);
    case 8:
        return *((const uint8_t *)vlapic_page(v) + APIC_TPR) >> 4;
    default:
        return seen(v, VMCS_GUEST_CR4, ~VMX_CR4_GUEST, VMCS_CR4_SHADOW);
    }
}

/* LMA follows PG as long as LME is set, and the entry has to be told (27.3.1.1). */
static void update_lma(struct vcpu *v)
{
    uint64_t efer = vmx_read(v, VMCS_GUEST_EFER);
    uint32_t entry = (uint32_t)vmx_read(v, VMCS_ENTRY_CONTROLS);

    if (vmx_read(v, VMCS_GUEST_CR0) & X86_CR0_PG && efer & X86_EFER_LME) {
        efer |= X86_EFER_LMA;
        entry |= ENTRY_LONG_MODE;
    } else {
        efer &= ~X86_EFER_LMA;
        entry &= ~ENTRY_LONG_MODE;
    }
    vmx_write(v, VMCS_GUEST_EFER, efer);
    vmx_write(v, VMCS_ENTRY_CONTROLS, entry);
}

/* Without long mode PAE paging goes by four entries that the CPU has read in advance (27.3.2.4). */
static void load_pdptes(struct vcpu *v)
{
    uint64_t cr3 = vmx_read(v, VMCS_GUEST_CR3), entry[4];

    if (!(vmx_read(v, VMCS_GUEST_CR0) & X86_CR0_PG) ||
        !(vmx_read(v, VMCS_GUEST_CR4) & X86_CR4_PAE) || vmx_read(v, VMCS_GUEST_EFER) & X86_EFER_LMA)
        return;
    if (!p2m_read(v->domain, cr3 & 0xffffffe0, entry, sizeof(entry)))
        return;
    for (unsigned int i = 0; i < 4; i++)
        vmx_write(v, VMCS_GUEST_PDPTE + i * 2, entry[i]);
}

void vmx_set_cr(struct vcpu *v, unsigned int n, uint64_t value)
{
    switch (n) {
    case 0:
        vmx_write(v, VMCS_CR0_SHADOW, value | X86_CR0_ET);
        vmx_write(v, VMCS_GUEST_CR0,
                  (value & ~(X86_CR0_CD | X86_CR0_NW)) | X86_CR0_ET | vmx_caps.cr0_fixed1);
        update_lma(v);
        break;
    case 2:
        vmx_of(v)->cr2 = value;
        if (v == current)
            write_cr2(value);
        return;
    case 8:
        return; /* it is the virtual APIC's TPR, which the caller has set */
    case 3:
        vmx_write(v, VMCS_GUEST_CR3, value);
        break;
    case 4:
        vmx_write(v, VMCS_CR4_SHADOW, value);
        vmx_write(v, VMCS_GUEST_CR4, value | vmx_caps.cr4_fixed1 | X86_CR4_MCE);
        break;
    }
    load_pdptes(v);
    flush_linear(v);
}

uint64_t vmx_get_efer(struct vcpu *v)
{
    return vmx_read(v, VMCS_GUEST_EFER);
}

void vmx_set_efer(struct vcpu *v, uint64_t value)
{
    vmx_write(v, VMCS_GUEST_EFER, value & ~X86_EFER_LMA);
    update_lma(v);
    flush_linear(v);
}

/*
 * Access rights are an attribute whose upper four bits stand four further up. A segment that
 * is not present is unusable: its other fields mean nothing then.
 */
static uint32_t rights_of(uint16_t attr, uint32_t limit)
{
    if (!(attr & SEG_ATTR_P))
        return RIGHTS_UNUSABLE;
    /* The granularity has to fit the limit (27.3.1.2). */
    if (limit >> 20)
        attr |= SEG_ATTR_G;
    else if ((limit & 0xfff) != 0xfff)
        attr = (uint16_t)(attr & ~SEG_ATTR_G);
    return (attr & 0xffu) | (attr & 0xf00u) << 4;
}

static uint16_t attr_of(uint32_t rights)
{
    uint16_t attr = (uint16_t)((rights & 0xff) | (rights >> 4 & 0xf00));

    return rights & RIGHTS_UNUSABLE ? (uint16_t)(attr & ~SEG_ATTR_P) : attr;
}

void vmx_get_segment(struct vcpu *v, enum x86_seg s, struct x86_segment *seg)
{
    uint64_t n = (uint64_t)s * 2;

    seg->sel = (uint16_t)vmx_read(v, VMCS_GUEST_SELECTOR + n);
    seg->attr = attr_of((uint32_t)vmx_read(v, VMCS_GUEST_RIGHTS + n));
    seg->limit = (uint32_t)vmx_read(v, VMCS_GUEST_LIMIT + n);
    seg->base = vmx_read(v, VMCS_GUEST_BASE + n);
}

void vmx_set_segment(struct vcpu *v, enum x86_seg s, const struct x86_segment *seg)
{
    uint64_t n = (uint64_t)s * 2;

    vmx_write(v, VMCS_GUEST_SELECTOR + n, seg->sel);
    vmx_write(v, VMCS_GUEST_RIGHTS + n, rights_of(seg->attr, seg->limit));
    vmx_write(v, VMCS_GUEST_LIMIT + n, seg->limit);
    vmx_write(v, VMCS_GUEST_BASE + n, seg->base);
}

void vmx_get_table(struct vcpu *v, bool idt, struct x86_table *t)
{
    t->limit = (uint16_t)vmx_read(v, idt ? VMCS_GUEST_IDTR_LIMIT : VMCS_GUEST_GDTR_LIMIT);
    t->base = vmx_read(v, idt ? VMCS_GUEST_IDTR_BASE : VMCS_GUEST_GDTR_BASE);
}

void vmx_set_table(struct vcpu *v, bool idt, const struct x86_table *t)
{
    vmx_write(v, idt ? VMCS_GUEST_IDTR_LIMIT : VMCS_GUEST_GDTR_LIMIT, t->limit);
    vmx_write(v, idt ? VMCS_GUEST_IDTR_BASE : VMCS_GUEST_GDTR_BASE, t->base);
}

struct x86_mode vmx_get_mode(struct vcpu *v)
{
    uint32_t cs = (uint32_t)vmread(VMCS_GUEST_RIGHTS + SEG_CS * 2);
    uint32_t ss = (uint32_t)vmread(VMCS_GUEST_RIGHTS + SEG_SS * 2);

    return (struct x86_mode){ .is_64bit = cs & RIGHTS_L, .cpl = SEG_ATTR_DPL(ss) };
}

void vmx_get_paging(struct vcpu *v, struct x86_paging *p)
{
    bool absent = v != current;

    if (unlikely(absent))
        vmcs_borrow(vmx_of(v));
    p->cr0 = vmread(VMCS_GUEST_CR0);
    p->cr3 = vmread(VMCS_GUEST_CR3);
    p->cr4 = vmread(VMCS_GUEST_CR4);
    p->efer = vmread(VMCS_GUEST_EFER);
    p->rflags = v->arch->rflags;
    p->cpl = SEG_ATTR_DPL((uint32_t)vmread(VMCS_GUEST_RIGHTS + SEG_SS * 2));
    if (unlikely(absent))
        vmcs_give_back(vmx_of(v));
}

uint64_t vmx_get_dr7(struct vcpu *v)
{
    return vmx_read(v, VMCS_GUEST_DR7);
}

void vmx_set_dr7(struct vcpu *v, uint64_t value)
{
    vmx_write(v, VMCS_GUEST_DR7, value);
}

/* The field of an MSR that the VMCS keeps; 0: none. */
static uint64_t msr_field(uint32_t msr)
{
    switch (msr) {
    case MSR_FS_BASE:
        return VMCS_GUEST_BASE + SEG_FS * 2;
    case MSR_GS_BASE:
        return VMCS_GUEST_BASE + SEG_GS * 2;
    case MSR_SYSENTER_CS:
        return VMCS_GUEST_SYSENTER_CS;
    case MSR_SYSENTER_ESP:
        return VMCS_GUEST_SYSENTER_ESP;
    case MSR_SYSENTER_EIP:
        return VMCS_GUEST_SYSENTER_EIP;
    case MSR_PAT:
        return VMCS_GUEST_PAT;
    default:
        return 0;
    }
}

/* The place of one that is on the CPU while the vCPU runs; NULL: none of them. */
static uint64_t *switched_msr(struct vcpu *v, uint32_t msr)
{
    for (unsigned int i = 0; i < NR_VMX_MSRS; i++) {
        if (vmx_switched_msrs[i] == msr)
            return &vmx_of(v)->msr[i];
    }
    return NULL;
}

bool vmx_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const uint64_t *place = switched_msr(v, msr);

    if (place)
        *value = v == current ? rdmsr(msr) : *place;
    else if (msr_field(msr))
        *value = vmx_read(v, msr_field(msr));
    else
        return false;
    return true;
}

bool vmx_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t *place = switched_msr(v, msr);

    if (place && v == current)
        return wrmsr_safe(msr, value);
    if (place)
        *place = value;
    else if (msr_field(msr))
        vmx_write(v, msr_field(msr), value);
    else
        return false;
    return true;
}
