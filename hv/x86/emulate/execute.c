/* SPDX-License-Identifier: MIT */
#include "x86/emulate/execute.h"

#define FLAG_CF   0x001u
#define FLAG_PF   0x004u
#define FLAG_AF   0x010u
#define FLAG_ZF   0x040u
#define FLAG_SF   0x080u
#define FLAG_DF   0x400u
#define FLAG_OF   0x800u
#define FLAGS_ALL (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

static uint64_t mask_of(unsigned int size)
{
    return ~0UL >> (64 - size * 8);
}

static uint64_t sign_of(unsigned int size)
{
    return 1UL << (size * 8 - 1);
}

static uint64_t sign_extend(uint64_t v, unsigned int size)
{
    unsigned int shift = 64 - size * 8;

    return (uint64_t)((int64_t)(v << shift) >> shift);
}

/* Writes of 4 bytes clear the upper half, shorter ones leave the rest alone. */
static void set_part(uint64_t *reg, unsigned int size, uint64_t value)
{
    uint64_t keep = size < 4 ? ~mask_of(size) : 0;

    *reg = (*reg & keep) | (value & mask_of(size));
}

static uint64_t get_reg(const struct emulation *e)
{
    uint64_t v = e->gpr[e->insn.reg];

    return (e->insn.high ? v >> 8 : v) & mask_of(e->insn.size);
}

static void set_reg(struct emulation *e, uint64_t value)
{
    uint64_t *reg = &e->gpr[e->insn.reg];

    if (unlikely(e->insn.high))
        *reg = (*reg & ~0xff00UL) | (value & 0xff) << 8;
    else
        set_part(reg, e->insn.size, value);
}

/* --- flags --- */

static void set_flags(struct emulation *e, uint32_t which, uint32_t flags)
{
    e->rflags = (e->rflags & ~(uint64_t)which) | (flags & which);
}

static uint32_t flags_of_result(uint64_t r, unsigned int size)
{
    return (__builtin_parity(r & 0xff) ? 0 : FLAG_PF) | (r & mask_of(size) ? 0 : FLAG_ZF) |
           (r & sign_of(size) ? FLAG_SF : 0);
}

static uint64_t add(struct emulation *e, uint64_t a, uint64_t b, bool carry, uint32_t which)
{
    unsigned int size = e->insn.size;
    uint64_t r = (a + b + carry) & mask_of(size);
    bool out = carry ? r <= a : r < a;

    set_flags(e, which,
              flags_of_result(r, size) | (out ? FLAG_CF : 0) | ((a ^ b ^ r) & FLAG_AF) |
                  ((a ^ r) & (b ^ r) & sign_of(size) ? FLAG_OF : 0));
    return r;
}

static uint64_t subtract(struct emulation *e, uint64_t a, uint64_t b, bool borrow, uint32_t which)
{
    unsigned int size = e->insn.size;
    uint64_t r = (a - b - borrow) & mask_of(size);
    bool out = borrow ? a <= b : a < b;

    set_flags(e, which,
              flags_of_result(r, size) | (out ? FLAG_CF : 0) | ((a ^ b ^ r) & FLAG_AF) |
                  ((a ^ b) & (a ^ r) & sign_of(size) ? FLAG_OF : 0));
    return r;
}

static uint64_t logic(struct emulation *e, uint64_t r)
{
    set_flags(e, FLAGS_ALL, flags_of_result(r, e->insn.size));
    return r;
}

/* Operations of two operands that give a value for the first. */
static uint64_t combine(struct emulation *e, uint64_t a, uint64_t b)
{
    bool carry = e->rflags & FLAG_CF;

    switch (e->insn.op) {
    case OP_ADD:
        return add(e, a, b, false, FLAGS_ALL);
    case OP_ADC:
        return add(e, a, b, carry, FLAGS_ALL);
    case OP_OR:
        return logic(e, a | b);
    case OP_AND:
    case OP_TEST:
        return logic(e, a & b);
    case OP_XOR:
        return logic(e, a ^ b);
    case OP_SBB:
        return subtract(e, a, b, carry, FLAGS_ALL);
    default: /* OP_SUB, OP_CMP */
        return subtract(e, a, b, false, FLAGS_ALL);
    }
}

/* --- memory --- */

static bool read(struct emulation *e, uint64_t offset, uint64_t *v)
{
    return e->ops->read(e, e->insn.seg, offset, e->insn.mem_size, v);
}

static bool write(struct emulation *e, uint64_t offset, uint64_t v)
{
    return e->ops->write(e, e->insn.seg, offset, e->insn.mem_size, v & mask_of(e->insn.mem_size));
}

uint64_t insn_address(const struct emulation *e)
{
    const struct insn *i = &e->insn;
    uint64_t a = i->disp;

    if (i->base != INSN_NO_REG)
        a += e->gpr[i->base];
    if (i->index != INSN_NO_REG)
        a += e->gpr[i->index] << i->scale;
    if (i->rip_relative)
        a += e->rip + i->length;
    return a & mask_of(i->addr_size);
}

/* --- kinds of instructions --- */

static enum emulate_result result(bool ok)
{
    return ok ? EMULATE_DONE : EMULATE_STOPPED;
}

static enum emulate_result move(struct emulation *e)
{
    const struct insn *i = &e->insn;
    uint64_t at = insn_address(e), v;

    if (i->form != FORM_REG_MEM)
        return result(write(e, at, i->form == FORM_MEM_REG ? get_reg(e) : i->imm));
    if (!read(e, at, &v))
        return EMULATE_STOPPED;
    set_reg(e, i->op == OP_MOVSX ? sign_extend(v, i->mem_size) : v);
    return EMULATE_DONE;
}

static enum emulate_result arithmetic(struct emulation *e)
{
    const struct insn *i = &e->insn;
    uint64_t at = insn_address(e), old_flags = e->rflags, mem, other, r;
    bool result_is_dropped = i->op == OP_CMP || i->op == OP_TEST;

    if (!read(e, at, &mem))
        return EMULATE_STOPPED;
    other = i->form == FORM_MEM_IMM ? i->imm & mask_of(i->size) : get_reg(e);
    r = i->form == FORM_REG_MEM ? combine(e, other, mem) : combine(e, mem, other);
    if (result_is_dropped)
        return EMULATE_DONE;
    if (i->form == FORM_REG_MEM) {
        set_reg(e, r);
    } else if (!write(e, at, r)) {
        e->rflags = old_flags;
        return EMULATE_STOPPED;
    }
    return EMULATE_DONE;
}

static enum emulate_result unary(struct emulation *e)
{
    uint64_t at = insn_address(e), old_flags = e->rflags, v;

    if (!read(e, at, &v))
        return EMULATE_STOPPED;
    switch (e->insn.op) {
    case OP_NOT:
        v = ~v;
        break;
    case OP_NEG:
        v = subtract(e, 0, v, false, FLAGS_ALL);
        break;
    case OP_INC:
        v = add(e, v, 1, false, FLAGS_ALL & ~FLAG_CF);
        break;
    default: /* OP_DEC */
        v = subtract(e, v, 1, false, FLAGS_ALL & ~FLAG_CF);
    }
    if (write(e, at, v))
        return EMULATE_DONE;
    e->rflags = old_flags;
    return EMULATE_STOPPED;
}

/* XCHG, XADD, CMPXCHG: memory and a register both may change. */
static enum emulate_result exchange(struct emulation *e)
{
    unsigned int size = e->insn.size;
    uint64_t at = insn_address(e), old_flags = e->rflags, *acc = &e->gpr[REG_RAX];
    uint64_t reg = get_reg(e), mem, to_mem = reg;

    if (!read(e, at, &mem))
        return EMULATE_STOPPED;
    if (e->insn.op == OP_XADD)
        to_mem = add(e, mem, reg, false, FLAGS_ALL);
    if (e->insn.op == OP_CMPXCHG && subtract(e, *acc & mask_of(size), mem, false, FLAGS_ALL))
        to_mem = mem;
    if (!write(e, at, to_mem)) {
        e->rflags = old_flags;
        return EMULATE_STOPPED;
    }
    if (e->insn.op != OP_CMPXCHG)
        set_reg(e, mem);
    else if (!(e->rflags & FLAG_ZF))
        set_part(acc, size, mem);
    return EMULATE_DONE;
}

/* A bit number in a register reaches beyond the operand, in both directions. */
static enum emulate_result bit(struct emulation *e)
{
    const struct insn *i = &e->insn;
    unsigned int bits = i->size * 8;
    uint64_t at = insn_address(e), n = i->imm, v, m;

    if (i->form == FORM_MEM_REG) {
        n = sign_extend(get_reg(e), i->size);
        at += (uint64_t)((int64_t)n >> (i->size == 8 ? 6 : i->size == 4 ? 5 : 4)) * i->size;
        at &= mask_of(i->addr_size);
    }
    m = 1UL << (n & (bits - 1));
    if (!read(e, at, &v))
        return EMULATE_STOPPED;
    n = v & m;
    if ((i->op == OP_BTS && !write(e, at, v | m)) || (i->op == OP_BTR && !write(e, at, v & ~m)) ||
        (i->op == OP_BTC && !write(e, at, v ^ m)))
        return EMULATE_STOPPED;
    set_flags(e, FLAG_CF, n ? FLAG_CF : 0);
    return EMULATE_DONE;
}

static bool string_once(struct emulation *e)
{
    const struct insn *i = &e->insn;
    uint64_t addr = mask_of(i->addr_size), v = e->gpr[REG_RAX] & mask_of(i->size);
    uint64_t step = e->rflags & FLAG_DF ? -(uint64_t)i->size : i->size;

    if (i->op != OP_STOS && !read(e, e->gpr[REG_RSI] & addr, &v))
        return false;
    if (i->op == OP_LODS)
        set_part(&e->gpr[REG_RAX], i->size, v);
    else if (!e->ops->write(e, SEG_ES, e->gpr[REG_RDI] & addr, i->size, v))
        return false;
    if (i->op != OP_STOS)
        set_part(&e->gpr[REG_RSI], i->addr_size, e->gpr[REG_RSI] + step);
    if (i->op != OP_LODS)
        set_part(&e->gpr[REG_RDI], i->addr_size, e->gpr[REG_RDI] + step);
    return true;
}

static enum emulate_result string(struct emulation *e)
{
    const struct insn *i = &e->insn;
    uint64_t *rcx = &e->gpr[REG_RCX];

    if (!i->rep)
        return result(string_once(e));
    for (unsigned int n = 0; *rcx & mask_of(i->addr_size); n++) {
        if (n == EMULATE_MAX_REP)
            return EMULATE_AGAIN;
        if (!string_once(e))
            return EMULATE_STOPPED;
        set_part(rcx, i->addr_size, *rcx - 1);
    }
    return EMULATE_DONE;
}

enum emulate_result insn_execute(struct emulation *e)
{
    switch (e->insn.op) {
    case OP_MOV:
    case OP_MOVZX:
    case OP_MOVSX:
        return move(e);
    case OP_ADD ... OP_TEST:
        return arithmetic(e);
    case OP_NOT ... OP_DEC:
        return unary(e);
    case OP_XCHG ... OP_XADD:
        return exchange(e);
    case OP_BT ... OP_BTC:
        return bit(e);
    default:
        return string(e);
    }
}
