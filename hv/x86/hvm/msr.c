/* SPDX-License-Identifier: MIT */
/* Model-specific registers of a guest. What is not here does not exist: #GP. */
#include <hv/log.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/hvm/vlapic.h"

#define MTRR_VAR_COUNT  8
#define MSR_MTRR_VAR0   0x200
#define MSR_AMD_SYSCFG  0xc0010010
#define MSR_K7_HWCR     0xc0010015
#define MSR_AMD_NB_CFG  0xc001001f
#define MSR_TSC_ADJUST  0x3b
#define MSR_PATCH_LEVEL 0x8b
#define MSR_LS_CFG      0xc0011020
#define MSR_DE_CFG      0xc0011029
#define MSR_MCG_CAP     0x179
#define MSR_MCG_STATUS  0x17a
#define MSR_PLATFORM_ID 0x17

/* The fixed-range MTRRs' place in mtrr_fixed; -1: none of them. */
static int mtrr_fixed_index(uint32_t msr)
{
    switch (msr) {
    case 0x250:
        return 0;
    case 0x258:
    case 0x259:
        return (int)(msr - 0x258) + 1;
    case 0x268 ... 0x26f:
        return (int)(msr - 0x268) + 3;
    default:
        return -1;
    }
}

static uint64_t *mtrr_place(struct vcpu *v, uint32_t msr)
{
    int i = mtrr_fixed_index(msr);

    if (i >= 0)
        return &v->arch->mtrr_fixed[i];
    if (msr >= MSR_MTRR_VAR0 && msr < MSR_MTRR_VAR0 + 2 * MTRR_VAR_COUNT)
        return &v->arch->mtrr_var[index_nospec(msr - MSR_MTRR_VAR0, 2 * MTRR_VAR_COUNT)];
    if (msr == MSR_MTRR_DEF_TYPE)
        return &v->arch->mtrr_def_type;
    return NULL;
}

bool hvm_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const uint64_t *mtrr;

    if (msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x400)
        return vlapic_msr_read(v, msr, value);
    switch (msr) {
    case MSR_APIC_BASE:
        *value = vlapic_base(v);
        return true;
    case MSR_EFER:
        *value = vendor->get_efer(v);
        return true;
    case MSR_TSC:
        *value = rdtsc() + v->arch->tsc_offset;
        return true;
    case MSR_TSC_DEADLINE:
        *value = vlapic_tsc_deadline(v);
        return true;
    case MSR_TSC_AUX:
        *value = v->arch->tsc_aux;
        return hvm_has_rdtscp();
    case MSR_MISC_ENABLE:
        *value = v->arch->misc_enable | 1u << 11 | 1u << 12; /* no BTS, no PEBS */
        return true;
    case MSR_MTRR_CAP:
        *value = MTRR_VAR_COUNT | 1u << 8 | 1u << 10; /* fixed ranges, write-combining */
        return true;
    case MSR_PLATFORM_ID:
    case MSR_PATCH_LEVEL:
    case MSR_AMD_SYSCFG:
    case MSR_K7_HWCR:
    case MSR_AMD_NB_CFG:
    case MSR_LS_CFG:
    case MSR_MCG_CAP:
    case MSR_MCG_STATUS:
    case MSR_DEBUGCTL:
    case MSR_TSC_ADJUST:
        *value = 0;
        return true;
    case MSR_SPEC_CTRL:
    case MSR_ARCH_CAPS:
        return spec_ctrl_msr_read(v, msr, value);
    case MSR_DE_CFG:
        *value = 2; /* LFENCE is serializing */
        return true;
    }
    mtrr = mtrr_place(v, msr);
    if (mtrr) {
        *value = *mtrr;
        return true;
    }
    return vendor->msr_read(v, msr, value);
}

#define EFER_ALLOWED (X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE)

static bool write_efer(struct vcpu *v, uint64_t value)
{
    uint64_t old = vendor->get_efer(v);

    if (value & ~EFER_ALLOWED)
        return false;
    if ((old ^ value) & X86_EFER_LME && vendor->get_cr(v, 0) & X86_CR0_PG)
        return false;
    vendor->set_efer(v, value);
    return true;
}

void hvm_load_tsc_aux(struct vcpu *v)
{
    struct arch_cpu *a = this_cpu()->arch;

    if (likely(a->tsc_aux == v->arch->tsc_aux) || !hvm_has_rdtscp())
        return;
    a->tsc_aux = v->arch->tsc_aux;
    wrmsr(MSR_TSC_AUX, a->tsc_aux);
}

bool hvm_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t *mtrr;

    if (msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x400)
        return vlapic_msr_write(v, msr, value);
    switch (msr) {
    case MSR_APIC_BASE:
        return vlapic_base_write(v, value);
    case MSR_EFER:
        return write_efer(v, value);
    case MSR_HYPERCALL:
        return hvm_hypercall_page(v, gfn(value >> PAGE_SHIFT));
    case MSR_TSC:
        vendor->set_tsc_offset(v, value - rdtsc());
        return true;
    case MSR_TSC_DEADLINE:
        vlapic_set_tsc_deadline(v, value);
        return true;
    case MSR_TSC_AUX:
        if (!hvm_has_rdtscp() || value >> 32)
            return false;
        v->arch->tsc_aux = value;
        hvm_load_tsc_aux(v);
        return true;
    case MSR_MISC_ENABLE:
        v->arch->misc_enable = value & 1; /* fast strings, the only bit that may be set */
        return true;
    case MSR_SPEC_CTRL:
        return spec_ctrl_msr_write(v, msr, value);
    case MSR_PATCH_LEVEL:
    case MSR_K7_HWCR:
    case MSR_AMD_NB_CFG: /* Linux sets CF8's extended registers: there is ECAM */
    case MSR_DE_CFG:
    case MSR_MCG_STATUS:
    case MSR_DEBUGCTL:
        return !value || msr == MSR_DE_CFG || msr == MSR_K7_HWCR || msr == MSR_AMD_NB_CFG;
    }
    mtrr = mtrr_place(v, msr);
    if (mtrr) {
        *mtrr = value;
        return true;
    }
    return vendor->msr_write(v, msr, value);
}
