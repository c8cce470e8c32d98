/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include "x86/cpu/alternative.h"
#include "x86/cpu/cpu.h"
#include "x86/hvm/fpu.h"
#include "x86/hvm/hvm.h"

#define FCW_RESET 0x37f

#define XCR0_X87  1UL
#define XCR0_SSE  2UL
#define XCR0_AVX  4UL

static bool has_xsave(void)
{
    return read_cr4() & X86_CR4_OSXSAVE;
}

uint64_t hvm_xcr0_mask(void)
{
    static uint64_t mask;

    if (!mask && has_xsave()) {
        struct cpuid_regs r = cpuid_count(0xd, 0);

        mask = r.a & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
    }
    return mask;
}

static uint64_t get_xcr0(void)
{
    uint32_t lo, hi;

    __asm__ __volatile__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return lo | (uint64_t)hi << 32;
}

static void set_xcr0(uint64_t v)
{
    __asm__ __volatile__("xsetbv" : : "a"((uint32_t)v), "d"((uint32_t)(v >> 32)), "c"(0));
}

/* x87, SSE and AVX take 832 bytes; the area is a page, for what comes. */
int fpu_create(struct vcpu *v)
{
    v->arch->fpu = hv_alloc_pages(0, ALLOC_ANY);
    if (!v->arch->fpu)
        return -ENOMEM;
    fpu_reset(v);
    return 0;
}

void fpu_destroy(struct vcpu *v)
{
    if (v->arch->fpu)
        hv_free_pages(v->arch->fpu, 0);
    v->arch->fpu = NULL;
}

void fpu_reset(struct vcpu *v)
{
    uint8_t *area = v->arch->fpu;

    memset(area, 0, PAGE_SIZE);
    *(uint16_t *)area = FCW_RESET;
    *(uint32_t *)(area + 24) = 0x1f80; /* MXCSR */
    v->arch->xcr0 = XCR0_X87;
}

void fpu_legacy_image(const void *xsave_area, uint64_t there, void *fxsave)
{
    uint8_t *to = fxsave;

    memcpy(to, xsave_area, 512);
    if (!(there & XCR0_X87)) {
        memset(to, 0, 24);
        *(uint16_t *)fxsave = FCW_RESET;
        memset(to + 32, 0, 128);
    }
    if (!(there & XCR0_SSE)) /* but for MXCSR, which is always written */
        memset(to + 160, 0, 256);
}

void fpu_get_legacy(const struct vcpu *v, void *fxsave)
{
    const uint8_t *area = v->arch->fpu;
    uint64_t there = XCR0_X87 | XCR0_SSE;

    if (hvm_xcr0_mask())
        memcpy(&there, area + 512, sizeof(there)); /* XSTATE_BV */
    fpu_legacy_image(area, there, fxsave);
}

/* The FXSAVE image of a save record; bits of MXCSR that do not exist would fault. */
void fpu_set_legacy(struct vcpu *v, const void *fxsave)
{
    uint8_t *area = v->arch->fpu;

    memcpy(area, fxsave, 512);
    *(uint32_t *)(area + 24) &= 0xffff;
    if (hvm_xcr0_mask())
        *(uint64_t *)(area + 512) = XCR0_X87 | XCR0_SSE; /* XSTATE_BV */
}

/*
 * AMD's FXRSTOR and XRSTOR leave the addresses of the last x87 instruction as they are
 * unless an exception is pending, on CPUs without this bit: the next guest would see the
 * last one's.
 */
#define CPUID_XSAVEERPTR 4u

static void forget_x87_addresses(void)
{
    static const int32_t anything;
    static int8_t leaks = -1;

    if (unlikely(leaks < 0))
        leaks = !(cpuid(0x80000008).b & CPUID_XSAVEERPTR);
    if (leaks)
        __asm__ __volatile__("fnclex; emms; fildl %0" : : "m"(anything));
}

void fpu_load(struct vcpu *v)
{
    uint64_t mask = hvm_xcr0_mask();

    forget_x87_addresses();

    if (!mask) {
        __asm__ __volatile__("fxrstor64 (%0)" : : "r"(v->arch->fpu) : "memory");
        return;
    }
    set_xcr0(mask);
    __asm__ __volatile__("xrstor64 (%0)"
                         :
                         : "r"(v->arch->fpu), "a"((uint32_t)mask), "d"(0)
                         : "memory");
    if (v->arch->xcr0 != mask)
        set_xcr0(v->arch->xcr0);
}

void fpu_save(struct vcpu *v)
{
    uint64_t mask = hvm_xcr0_mask();

    if (!mask) {
        __asm__ __volatile__("fxsave64 (%0)" : : "r"(v->arch->fpu) : "memory");
        return;
    }
    /* Not what XSETBV's exit left: QEMU's TCG lets the guest execute it. */
    v->arch->xcr0 = get_xcr0();
    if (v->arch->xcr0 != mask)
        set_xcr0(mask);
    /* What was not changed since fpu_load, and what is as after a reset, is not written. */
    __asm__ __volatile__(ALTERNATIVE("xsave64 (%0)", "xsaveopt64 (%0)", FEATURE_XSAVEOPT)
                         :
                         : "r"(v->arch->fpu), "a"((uint32_t)mask), "d"(0)
                         : "memory");
}

bool fpu_set_xcr0(struct vcpu *v, uint64_t value)
{
    uint64_t mask = hvm_xcr0_mask();

    if (!mask || value & ~mask || !(value & XCR0_X87))
        return false;
    if (value & XCR0_AVX && !(value & XCR0_SSE))
        return false;
    v->arch->xcr0 = value;
    set_xcr0(value);
    return true;
}
