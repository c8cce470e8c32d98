/* SPDX-License-Identifier: MIT */
/* What CPUID tells a guest: the host's features that it may use, and our own leaves. */
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/cpu_policy.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/hvm/vlapic.h"

#include <xen/arch-x86/cpuid.h>

#define BIT(n) (1u << (n))

/* Leaf 1: taken away are MONITOR, VMX, SMX, EST, TM2, debug store, xTPR, PDCM, DCA, PCID. */
#define LEAF1_ECX_HIDDEN                                                                           \
    (BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(14) | BIT(15) |  \
     BIT(17) | BIT(18))
#define LEAF1_ECX_X2APIC       BIT(21)
#define LEAF1_ECX_TSC_DEADLINE BIT(24)
#define LEAF1_ECX_OSXSAVE      BIT(27)
#define LEAF1_ECX_HYPERVISOR   BIT(31)
/* Debug store, thermal, TM, PBE, PN, IA64. */
#define LEAF1_EDX_HIDDEN (BIT(18) | BIT(21) | BIT(22) | BIT(29) | BIT(30) | BIT(31))
#define LEAF1_EDX_APIC   BIT(9)

/* Leaf 7: what needs nothing from the hypervisor. */
#define LEAF7_EBX                                                                                  \
    (BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(20) | BIT(23) | \
     BIT(24) | BIT(29))
#define LEAF7_ECX (BIT(2) /* UMIP */)

/* 8000_0001: SVM, SKINIT, OSVW, IBS, WDT, topology and performance extensions, MONITORX. */
#define LEAF_EXT1_ECX_HIDDEN                                                                       \
    (BIT(2) | BIT(3) | BIT(9) | BIT(10) | BIT(12) | BIT(13) | BIT(15) | BIT(22) | BIT(23) |        \
     BIT(24) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(30))
#define LEAF_EXT1_EDX_RDTSCP BIT(27)

/* Of a vCPU; NULL: what all have in common, without what one's state decides. */
static void leaf_1(struct vcpu *v, struct cpuid_regs *r)
{
    r->b &= 0x0000ff00;
    r->c &= ~(LEAF1_ECX_HIDDEN | LEAF1_ECX_OSXSAVE);
    r->c |= LEAF1_ECX_X2APIC | LEAF1_ECX_TSC_DEADLINE | LEAF1_ECX_HYPERVISOR;
    r->d &= ~LEAF1_EDX_HIDDEN;
    if (!v)
        return;
    r->b |= vlapic_id(v) << 24 | (v->domain->max_vcpus & 0xff) << 16;
    if (v->arch->osxsave)
        r->c |= LEAF1_ECX_OSXSAVE;
    if (!(vlapic_base(v) & 0x800))
        r->d &= ~LEAF1_EDX_APIC;
}

/* Two levels: one thread a core, all cores in one package. APIC ids are even. */
static void leaf_topology(struct vcpu *v, uint32_t sub, struct cpuid_regs *r)
{
    *r = (struct cpuid_regs){ .c = sub & 0xff, .d = v ? vlapic_id(v) : 0 };
    if (sub == 0) {
        r->a = 1;
        r->b = 1;
        r->c |= 1 << 8;
    } else if (sub == 1) {
        r->a = 9;
        r->b = v ? v->domain->max_vcpus : 1;
        r->c |= 2 << 8;
    }
}

static void leaf_xsave(uint32_t sub, struct cpuid_regs *r)
{
    uint64_t mask = hvm_xcr0_mask();

    if (!mask) {
        *r = (struct cpuid_regs){ 0 };
    } else if (sub == 0) {
        r->a &= (uint32_t)mask;
        r->d = 0;
        r->c = mask & 4 ? 832 : 576;
        r->b = min(r->b, r->c);
    } else if (sub == 1) {
        *r = (struct cpuid_regs){ .a = r->a & (BIT(0) | BIT(2)) }; /* XSAVEOPT, XGETBV(1) */
    } else if (sub > 63 || !(mask >> sub & 1)) {
        *r = (struct cpuid_regs){ 0 };
    }
}

static void leaf_hypervisor(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
    *r = (struct cpuid_regs){ 0 };
    switch (leaf - HVM_CPUID_BASE) {
    case 0:
        r->a = HVM_CPUID_BASE + 4;
        r->b = XEN_CPUID_SIGNATURE_EBX;
        r->c = XEN_CPUID_SIGNATURE_ECX;
        r->d = XEN_CPUID_SIGNATURE_EDX;
        break;
    case 1:
        r->a = 4 << 16 | 17;
        break;
    case 2:
        r->a = 1; /* pages of hypercall entries */
        r->b = MSR_HYPERCALL;
        break;
    case 3:
        if (sub == 0) {
            r->c = (uint32_t)tsc_khz;
        } else if (sub == 1) {
            uint64_t offset = v->arch->tsc_offset;

            r->a = (uint32_t)offset;
            r->b = (uint32_t)(offset >> 32);
            r->c = tsc_to_ns_mul;
            r->d = (uint32_t)(int32_t)tsc_to_ns_shift;
        } else if (sub == 2) {
            r->a = (uint32_t)tsc_khz;
        }
        break;
    case 4:
        r->a = XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT |
               XEN_HVM_CPUID_UPCALL_VECTOR;
        if (v->arch->apic_virtual)
            r->a |= XEN_HVM_CPUID_APIC_ACCESS_VIRT | XEN_HVM_CPUID_X2APIC_VIRT;
        r->b = v->id;
        r->c = v->domain->domid;
        break;
    }
}

static void leaf_extended(struct vcpu *v, uint32_t leaf, struct cpuid_regs *r)
{
    switch (leaf) {
    case 0x80000000:
        r->a = min(r->a, 0x80000021u);
        break;
    case 0x80000001:
        r->c &= ~LEAF_EXT1_ECX_HIDDEN;
        if (!hvm_has_rdtscp())
            r->d &= ~LEAF_EXT1_EDX_RDTSCP;
        break;
    case 0x80000002 ... 0x80000006:
        break;
    case 0x80000007:
        *r = (struct cpuid_regs){ .d = r->d & BIT(8) }; /* invariant TSC */
        break;
    case 0x80000008:
        *r = (struct cpuid_regs){ .a = r->a & 0xffff,
                                  .b = r->b & (BIT(0) /* CLZERO */ | SPEC_GUEST_EXT8_B) };
        break;
    case 0x80000021:
        *r = (struct cpuid_regs){ .a = r->a & SPEC_GUEST_EXT21_A, .c = r->c & SPEC_GUEST_EXT21_C };
        break;
    default:
        *r = (struct cpuid_regs){ 0 };
    }
}

/* @v: as of leaf_1. */
static inline __attribute__((always_inline)) void native_leaf(struct vcpu *v, uint32_t leaf,
                                                              uint32_t sub, struct cpuid_regs *r)
{
    *r = cpuid_count(leaf, sub);
    if (leaf >= 0x80000000) {
        leaf_extended(v, leaf, r);
        return;
    }
    switch (leaf) {
    case 0:
        r->a = max(min(r->a, 0xdu), 0xbu);
        break;
    case 1:
        leaf_1(v, r);
        break;
    case 2:
    case 4:
        if (leaf == 4)
            r->a &= 0x3fff; /* no sharing of caches is told */
        break;
    case 7:
        *r = sub ? (struct cpuid_regs){ 0 }
                 : (struct cpuid_regs){ .b = r->b & LEAF7_EBX,
                                        .c = r->c & LEAF7_ECX,
                                        .d = r->d & SPEC_GUEST_LEAF7_D };
        break;
    case 0xb:
        leaf_topology(v, sub, r);
        break;
    case 0xd:
        leaf_xsave(sub, r);
        break;
    default:
        *r = (struct cpuid_regs){ 0 };
    }
}

void hvm_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
    const struct cpu_policy *policy;

    if (leaf >> 16 == HVM_CPUID_BASE >> 16) {
        leaf_hypervisor(v, leaf, sub, r);
        return;
    }
    native_leaf(v, leaf, sub, r);
    policy = ACCESS_ONCE(v->domain->arch->cpu_policy);
    if (unlikely(policy))
        cpu_policy_apply(policy, leaf, sub, r);
}

void hvm_cpuid_common(uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
    native_leaf(NULL, leaf, sub, r);
}

/* Its MSR is switched with the vCPU where the host has it (msr.c). */
bool hvm_has_rdtscp(void)
{
    static int8_t has = -1; /* asked at each switch: CPUID is slow */

    if (unlikely(has < 0))
        has = !!(cpuid(0x80000001).d & LEAF_EXT1_EDX_RDTSCP);
    return has;
}
