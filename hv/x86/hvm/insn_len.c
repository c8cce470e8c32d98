/* SPDX-License-Identifier: MIT */
/*
 * Where the CPU does not tell an exiting instruction's length (SVM without
 * NRIPS), it is found by looking: prefixes, then one of few opcodes of known
 * length.
 */
#include <hv/guest_copy.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"

static bool is_prefix(uint8_t b, bool long_mode)
{
    switch (b) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
        return true;
    default:
        return long_mode && (b & 0xf0) == 0x40; /* REX */
    }
}

/* Of the opcode at @p; 0 if it is none that exits with a fixed length. */
static unsigned int opcode_len(const uint8_t *p, unsigned int n)
{
    if (n >= 1 && p[0] == 0xf4) /* HLT */
        return 1;
    if (n >= 1 && p[0] == 0x90) /* PAUSE, behind its prefix */
        return 1;
    if (n < 2 || p[0] != 0x0f)
        return 0;
    switch (p[1]) {
    case 0x06: /* CLTS */
    case 0x08: /* INVD */
    case 0x09: /* WBINVD */
    case 0x30: /* WRMSR */
    case 0x31: /* RDTSC */
    case 0x32: /* RDMSR */
    case 0x33: /* RDPMC */
    case 0xa2: /* CPUID */
        return 2;
    case 0x01: /* VMMCALL, XSETBV, RDTSCP... */
    case 0x20: /* MOV to and from control registers */
    case 0x22:
        return n >= 3 ? 3 : 0;
    default:
        return 0;
    }
}

static unsigned int fetch(struct vcpu *v, uint8_t *buf, unsigned int size)
{
    struct x86_segment cs;
    vaddr_t at;
    unsigned int in_page;

    vendor->get_segment(v, SEG_CS, &cs);
    at = cs.attr & SEG_ATTR_L ? v->arch->rip : (uint32_t)(cs.base + v->arch->rip);
    in_page = (unsigned int)(PAGE_SIZE - (at & ~PAGE_MASK));
    if (!copy_from_guest_va(buf, at, size))
        return size;
    if (in_page < size && !copy_from_guest_va(buf, at, in_page))
        return in_page; /* the next page is not there; the instruction may end before it */
    return 0;
}

static unsigned int find_len(struct vcpu *v)
{
    uint8_t buf[15];
    bool is_64bit = vendor->get_mode(v).is_64bit;
    unsigned int n, i = 0, len;

    /* Without prefixes, as nearly always, three bytes say it. */
    n = fetch(v, buf, 3);
    len = opcode_len(buf, n);
    if (likely(len))
        return len;
    n = fetch(v, buf, sizeof(buf));
    while (i < n && is_prefix(buf[i], is_64bit))
        i++;
    len = opcode_len(buf + i, n - i);
    return len ? i + len : 0;
}

int hvm_cr_operand(struct vcpu *v)
{
    uint8_t buf[15], rex = 0;
    unsigned int n = fetch(v, buf, sizeof(buf)), i = 0;
    bool is_64bit = vendor->get_mode(v).is_64bit;
    int gpr;

    /* LOCK makes CR8 of CR0 outside long mode (APM 3, MOV CRn). */
    for (; i < n && is_prefix(buf[i], is_64bit); i++)
        rex = is_64bit && (buf[i] & 0xf0) == 0x40 ? buf[i] : 0;
    if (n - i < 2 || buf[i] != 0x0f)
        return -1;
    if (buf[i + 1] == 0x06)
        return HVM_CR_CLTS;
    if (n - i < 3)
        return -1;
    gpr = (buf[i + 2] & 7) | (rex & 1) << 3;
    if ((buf[i + 1] & ~2) == 0x20) /* MOV */
        return gpr;
    if (buf[i + 1] == 0x01 && (buf[i + 2] & 0xf8) == 0xf0) /* LMSW of a register */
        return gpr | HVM_CR_LMSW;
    return -1;
}

unsigned int hvm_decode_insn_len(struct vcpu *v)
{
    unsigned int len = find_len(v);

    if (!len) /* it was fetched a moment ago: another vCPU changed the page or its mapping */
        x86_inject_exception(v, EXC_GP, 0);
    return len;
}

void hvm_wrap_eip(struct vcpu *v)
{
    if (!vendor->get_mode(v).is_64bit)
        v->arch->rip = (uint32_t)v->arch->rip;
}
