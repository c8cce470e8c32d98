/* SPDX-License-Identifier: MIT */
/* What the CPU says of itself for spec_decide(), and the MSRs that follow from the decision. */
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/cpu/speculation.h"

#define MSR_PATCH_LEVEL 0x8b
#define MSR_TSX_CTRL    0x122
#define TSX_RTM_DISABLE 1UL
#define TSX_CPUID_CLEAR 2UL
#define MSR_DE_CFG      0xc0011029
#define DE_CFG_LFENCE   (1UL << 1)
#define DE_CFG_ZENBLEED (1UL << 9)
#define MSR_BP_CFG      0xc001102e
#define BP_SPEC_REDUCE  (1UL << 4)
#define EFER_AUTO_IBRS  (1UL << 21)

static enum spec_maker maker_of(const struct cpuid_regs *r)
{
    char name[13] = "";

    memcpy(name, &r->b, 4);
    memcpy(name + 4, &r->d, 4);
    memcpy(name + 8, &r->c, 4);
    if (!strcmp(name, "GenuineIntel"))
        return SPEC_INTEL;
    return !strcmp(name, "AuthenticAMD") || !strcmp(name, "HygonGenuine") ? SPEC_AMD : SPEC_OTHER;
}

/* SDM 2, CPUID, leaf 1, which AMD follows. */
static void read_model(struct spec_cpu *c, uint32_t signature)
{
    c->stepping = signature & 15;
    c->model = signature >> 4 & 15;
    c->family = signature >> 8 & 15;
    if (c->family == 6 || c->family == 15)
        c->model |= (signature >> 16 & 15) << 4;
    if (c->family == 15)
        c->family += signature >> 20 & 0xff;
}

static bool has_smt(const struct spec_cpu *c, uint32_t max, uint32_t max_ext)
{
    if (max >= 0xb && (cpuid_count(0xb, 0).c >> 8 & 0xff) == 1)
        return (cpuid_count(0xb, 0).b & 0xffff) > 1;
    return c->maker == SPEC_AMD && max_ext >= 0x8000001e && cpuid(0x8000001e).b >> 8 & 0xff;
}

/* Intel: filled in by CPUID, in the high half (SDM 3, 10.11.7.1). AMD: it is there. */
static uint32_t read_microcode(const struct spec_cpu *c)
{
    uint64_t v = 0;

    if (c->maker == SPEC_INTEL)
        wrmsr_safe(MSR_PATCH_LEVEL, 0);
    cpuid(1);
    rdmsr_safe(MSR_PATCH_LEVEL, &v);
    return (uint32_t)(c->maker == SPEC_INTEL ? v >> 32 : v);
}

void spec_cpu_read(struct spec_cpu *c)
{
    struct cpuid_regs r = cpuid(0);
    uint32_t max = r.a, max_ext = cpuid(0x80000000).a;

    *c = (struct spec_cpu){ .maker = maker_of(&r) };
    read_model(c, cpuid(1).a);
    c->microcode = read_microcode(c);
    c->smt = has_smt(c, max, max_ext);
    if (max >= 7) {
        r = cpuid_count(7, 0);
        c->leaf7_b = r.b;
        c->leaf7_d = r.d;
        if (r.a >= 2)
            c->leaf72_d = cpuid_count(7, 2).d;
    }
    if (max_ext >= 0x80000008)
        c->ext8_b = cpuid(0x80000008).b;
    if (max_ext >= 0x80000021) {
        r = cpuid(0x80000021);
        c->ext21_a = r.a;
        c->ext21_c = r.c;
    }
    if (c->leaf7_d & LEAF7_D_ARCH_CAPS)
        rdmsr_safe(MSR_ARCH_CAPS, &c->arch_caps);
}

static void set_bits(uint32_t msr, bool wanted, uint64_t bits)
{
    uint64_t v;

    if (wanted && rdmsr_safe(msr, &v) && (v & bits) != bits)
        wrmsr_safe(msr, v | bits);
}

void spec_cpu_init(const struct spec_decision *d)
{
    set_bits(MSR_EFER, d->auto_ibrs, EFER_AUTO_IBRS);
    set_bits(MSR_BP_CFG, d->bp_spec_reduce, BP_SPEC_REDUCE);
    set_bits(MSR_TSX_CTRL, d->tsx_off, TSX_RTM_DISABLE | TSX_CPUID_CLEAR);
    set_bits(MSR_DE_CFG, d->lfence_serializes, DE_CFG_LFENCE);
    set_bits(MSR_DE_CFG, d->zenbleed, DE_CFG_ZENBLEED);
    if (d->spec_ctrl)
        wrmsr(MSR_SPEC_CTRL, d->spec_ctrl);
}
