/* SPDX-License-Identifier: MIT */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/spec_ctrl.h"

_Static_assert(offsetof(struct arch_vcpu, spec_ctrl) == 8 * 16, "entry.inc");

uint32_t spec_ctrl_host;
static struct spec_cpu cpu;
static struct spec_decision decision;

/* The domain that each CPU ran last. One that is gone by now may have left something all the same.
 */
static uint64_t last_id[MAX_CPUS];

static enum spec_option read_option(void)
{
    char option[16];

    if (!cmdline_get("spec-ctrl", option, sizeof(option)))
        return SPEC_BY_CPU;
    if (!strcmp(option, "off"))
        return SPEC_NONE;
    if (!strcmp(option, "on"))
        return SPEC_ALL;
    log_warning("spec-ctrl=%s: expected on or off, ignored\n", option);
    return SPEC_BY_CPU;
}

static bool has_spec_ctrl_msr(void)
{
    return cpu.leaf7_d & (LEAF7_D_IBRS | LEAF7_D_STIBP | LEAF7_D_SSBD) ||
           cpu.ext8_b & (EXT8_B_IBRS | EXT8_B_STIBP | EXT8_B_SSBD);
}

static void set(bool wanted, unsigned int feature)
{
    if (wanted)
        cpu_feature_set(feature);
}

static void choose_code(const struct spec_decision *d)
{
    set(d->ibpb_exit, FEATURE_SPEC_IBPB_EXIT);
    set(d->ibrs_exit, FEATURE_SPEC_IBRS_EXIT);
    set(d->refill_return_stack, FEATURE_SPEC_REFILL);
    set(d->call_once, FEATURE_SPEC_CALL);
    set(d->forget_history, FEATURE_SPEC_HISTORY);
    set(d->ibpb_exit || d->ibrs_exit || d->refill_return_stack || d->call_once || d->forget_history,
        FEATURE_SPEC_EXIT);
    set(d->verw, FEATURE_SPEC_VERW);
    set(d->l1d_flush, FEATURE_SPEC_L1D);
    set(d->clear_divider, FEATURE_SPEC_DIVIDER);
    set(d->clear_divider || d->ibrs_exit, FEATURE_SPEC_ENTRY);
    set(d->ibpb_switch, FEATURE_SPEC_IBPB);
    set(d->retpoline, FEATURE_SPEC_RETPOLINE);
    set(has_spec_ctrl_msr() && !d->ibrs_exit, FEATURE_SPEC_CTRL);
}

void spec_ctrl_init(void)
{
    enum spec_option option = read_option();
    char words[256];

    spec_cpu_read(&cpu);
    decision = spec_decide(&cpu, option);
    spec_ctrl_host = decision.spec_ctrl;
    choose_code(&decision);
    log_info("CPU: family %#x model %#x stepping %u, microcode %#x; 7/0 EDX %#x, 7/2 EDX %#x, "
             "8000_0008 EBX %#x, 8000_0021 EAX %#x ECX %#x, ARCH_CAPABILITIES %#lx\n",
             cpu.family, cpu.model, cpu.stepping, cpu.microcode, cpu.leaf7_d, cpu.leaf72_d,
             cpu.ext8_b, cpu.ext21_a, cpu.ext21_c, cpu.arch_caps);
    spec_describe(&decision, words, sizeof(words));
    log_info("speculation: %s%s\n", words,
             option == SPEC_ALL    ? " (spec-ctrl=on)"
             : option == SPEC_NONE ? " (spec-ctrl=off)"
                                   : "");
    for (unsigned int i = 0; i < NR_SPEC_GAPS; i++) {
        if (decision.gaps >> i & 1)
            log_warning("speculation: %s\n", spec_gap_words(i));
    }
}

void spec_ctrl_init_cpu(void)
{
    spec_cpu_init(&decision);
}

uint64_t spec_ctrl_new_id(void)
{
    static uint64_t last;

    return atomic_inc(&last);
}

void spec_ctrl_barrier(const struct vcpu *next)
{
    uint64_t *last = &last_id[this_cpu()->id];

    if (*last == next->domain->arch->spec_id)
        return;
    *last = next->domain->arch->spec_id;
    wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
}

unsigned int spec_ctrl_direct_msrs(uint32_t list[2])
{
    unsigned int n = 0;

    if (cpu.leaf7_d & LEAF7_D_IBRS || cpu.ext8_b & EXT8_B_IBPB)
        list[n++] = MSR_PRED_CMD;
    if (decision.ibrs_exit)
        list[n++] = MSR_SPEC_CTRL;
    return n;
}

/* The bits of MSR_SPEC_CTRL that CPUID tells this guest of. Intel: STIBP is ignored, not refused.
 */
static uint64_t guest_mask(struct vcpu *v)
{
    struct cpuid_regs f7, e8;
    uint64_t mask = 0;

    hvm_cpuid(v, 7, 0, &f7);
    hvm_cpuid(v, 0x80000008, 0, &e8);
    if (f7.d & LEAF7_D_IBRS || e8.b & EXT8_B_IBRS)
        mask |= SPEC_CTRL_IBRS | SPEC_CTRL_STIBP;
    if (f7.d & LEAF7_D_STIBP || e8.b & EXT8_B_STIBP)
        mask |= SPEC_CTRL_STIBP;
    if (f7.d & LEAF7_D_SSBD || e8.b & EXT8_B_SSBD)
        mask |= SPEC_CTRL_SSBD;
    return mask;
}

/* What is so for the host's CPU is so for a guest's. The L1D is flushed for it: it need not. */
#define GUEST_CAPS                                                                                 \
    (CAPS_RDCL_NO | CAPS_IBRS_ALL | CAPS_RSBA | CAPS_SSB_NO | CAPS_MDS_NO | CAPS_PSCHANGE_NO |     \
     CAPS_TAA_NO | CAPS_SBDR_SSDP_NO | CAPS_FBSDP_NO | CAPS_PSDP_NO | CAPS_FB_CLEAR | CAPS_RRSBA | \
     CAPS_BHI_NO | CAPS_PBRSB_NO | CAPS_GDS_NO | CAPS_RFDS_NO | CAPS_RFDS_CLEAR | CAPS_ITS_NO)

bool spec_ctrl_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    struct cpuid_regs f7;

    if (msr == MSR_ARCH_CAPS) {
        hvm_cpuid(v, 7, 0, &f7);
        *value = (cpu.arch_caps & GUEST_CAPS) | CAPS_SKIP_L1D;
        return f7.d & LEAF7_D_ARCH_CAPS;
    }
    *value = v->arch->spec_ctrl;
    return guest_mask(v);
}

bool spec_ctrl_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t mask = guest_mask(v);

    if (msr != MSR_SPEC_CTRL || !mask || value & ~mask)
        return false;
    v->arch->spec_ctrl = value;
    return true;
}
