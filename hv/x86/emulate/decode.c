/* SPDX-License-Identifier: MIT */
#include <hv/string.h>

#include "x86/emulate/decode.h"

/* opcode.flags */
#define BYTE  0x01 /* operands of one byte */
#define IMM8  0x02 /* the immediate has one byte */
#define SRC8  0x04 /* memory operand of one, two, four bytes */
#define SRC16 0x08
#define SRC32 0x10
#define MOFFS 0x20 /* address in the instruction, the register is the accumulator */
#define LONG  0x40 /* exists in long mode only */

/* Operations that the reg field of ModRM tells: opcode.op is one of these. */
enum { GROUP1 = NR_INSN_OPS, GROUP3, GROUP4, GROUP8, GROUP11, GROUP_END };

static const uint8_t groups[GROUP_END - GROUP1][8] = {
    [GROUP1 - GROUP1] = { OP_ADD, OP_OR, OP_ADC, OP_SBB, OP_AND, OP_SUB, OP_XOR, OP_CMP },
    [GROUP3 - GROUP1] = { OP_TEST, OP_TEST, OP_NOT, OP_NEG },
    [GROUP4 - GROUP1] = { OP_INC, OP_DEC },
    [GROUP8 - GROUP1] = { [4] = OP_BT, OP_BTS, OP_BTR, OP_BTC },
    [GROUP11 - GROUP1] = { OP_MOV },
};

struct opcode {
    uint8_t op, form, flags;
};

#define ALU(first, op)                                                                             \
    [first] = { op, FORM_MEM_REG, BYTE }, [(first) + 1] = { op, FORM_MEM_REG },                    \
    [(first) + 2] = { op, FORM_REG_MEM, BYTE }, [(first) + 3] = { op, FORM_REG_MEM }

static const struct opcode one_byte[256] = {
    ALU(0x00, OP_ADD),
    ALU(0x08, OP_OR),
    ALU(0x10, OP_ADC),
    ALU(0x18, OP_SBB),
    ALU(0x20, OP_AND),
    ALU(0x28, OP_SUB),
    ALU(0x30, OP_XOR),
    ALU(0x38, OP_CMP),
    [0x63] = { OP_MOVSX, FORM_REG_MEM, SRC32 | LONG },
    [0x80] = { GROUP1, FORM_MEM_IMM, BYTE | IMM8 },
    [0x81] = { GROUP1, FORM_MEM_IMM },
    [0x83] = { GROUP1, FORM_MEM_IMM, IMM8 },
    [0x84] = { OP_TEST, FORM_MEM_REG, BYTE },
    [0x85] = { OP_TEST, FORM_MEM_REG },
    [0x86] = { OP_XCHG, FORM_MEM_REG, BYTE },
    [0x87] = { OP_XCHG, FORM_MEM_REG },
    [0x88] = { OP_MOV, FORM_MEM_REG, BYTE },
    [0x89] = { OP_MOV, FORM_MEM_REG },
    [0x8a] = { OP_MOV, FORM_REG_MEM, BYTE },
    [0x8b] = { OP_MOV, FORM_REG_MEM },
    [0xa0] = { OP_MOV, FORM_REG_MEM, BYTE | MOFFS },
    [0xa1] = { OP_MOV, FORM_REG_MEM, MOFFS },
    [0xa2] = { OP_MOV, FORM_MEM_REG, BYTE | MOFFS },
    [0xa3] = { OP_MOV, FORM_MEM_REG, MOFFS },
    [0xa4] = { OP_MOVS, FORM_STRING, BYTE },
    [0xa5] = { OP_MOVS, FORM_STRING },
    [0xaa] = { OP_STOS, FORM_STRING, BYTE },
    [0xab] = { OP_STOS, FORM_STRING },
    [0xac] = { OP_LODS, FORM_STRING, BYTE },
    [0xad] = { OP_LODS, FORM_STRING },
    [0xc6] = { GROUP11, FORM_MEM_IMM, BYTE | IMM8 },
    [0xc7] = { GROUP11, FORM_MEM_IMM },
    [0xf6] = { GROUP3, FORM_MEM, BYTE | IMM8 },
    [0xf7] = { GROUP3, FORM_MEM },
    [0xfe] = { GROUP4, FORM_MEM, BYTE },
    [0xff] = { GROUP4, FORM_MEM },
};

/* Behind 0F. */
static const struct opcode two_byte[256] = {
    [0xa3] = { OP_BT, FORM_MEM_REG },
    [0xab] = { OP_BTS, FORM_MEM_REG },
    [0xb0] = { OP_CMPXCHG, FORM_MEM_REG, BYTE },
    [0xb1] = { OP_CMPXCHG, FORM_MEM_REG },
    [0xb3] = { OP_BTR, FORM_MEM_REG },
    [0xb6] = { OP_MOVZX, FORM_REG_MEM, SRC8 },
    [0xb7] = { OP_MOVZX, FORM_REG_MEM, SRC16 },
    [0xba] = { GROUP8, FORM_MEM_IMM, IMM8 },
    [0xbb] = { OP_BTC, FORM_MEM_REG },
    [0xbe] = { OP_MOVSX, FORM_REG_MEM, SRC8 },
    [0xbf] = { OP_MOVSX, FORM_REG_MEM, SRC16 },
    [0xc0] = { OP_XADD, FORM_MEM_REG, BYTE },
    [0xc1] = { OP_XADD, FORM_MEM_REG },
    [0xc3] = { OP_MOV, FORM_MEM_REG }, /* MOVNTI */
};

struct reader {
    const uint8_t *bytes;
    unsigned int n, at;
    bool ran_out;
};

static uint8_t take_byte(struct reader *r)
{
    if (unlikely(r->at >= r->n)) {
        r->ran_out = true;
        return 0;
    }
    return r->bytes[r->at++];
}

/* Little-endian, sign-extended. */
static uint64_t take(struct reader *r, unsigned int size)
{
    uint64_t v = 0;

    for (unsigned int i = 0; i < size; i++)
        v |= (uint64_t)take_byte(r) << i * 8;
    switch (size) {
    case 1:
        return (uint64_t)(int64_t)(int8_t)v;
    case 2:
        return (uint64_t)(int64_t)(int16_t)v;
    case 4:
        return (uint64_t)(int64_t)(int32_t)v;
    default:
        return v;
    }
}

struct prefixes {
    bool operand, address, lock, rep;
    uint8_t rex;
    int seg; /* -1: none */
};

#define REX_W 8
#define REX_R 4
#define REX_X 2
#define REX_B 1

static bool take_prefix(struct prefixes *p, uint8_t b, bool long_mode)
{
    switch (b) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        if (!long_mode)
            p->seg = b >> 3 & 3; /* ES, CS, SS, DS */
        return true;
    case 0x64:
    case 0x65:
        p->seg = b - 0x64 + SEG_FS;
        return true;
    case 0x66:
        p->operand = true;
        return true;
    case 0x67:
        p->address = true;
        return true;
    case 0xf0:
        p->lock = true;
        return true;
    case 0xf2:
    case 0xf3:
        p->rep = true;
        return true;
    default:
        return false;
    }
}

/* Prefixes, and the first byte of the opcode behind them. REX counts right before that only. */
static uint8_t take_prefixes(struct reader *r, struct prefixes *p, bool long_mode)
{
    for (;;) {
        uint8_t b = take_byte(r);

        if (long_mode && (b & 0xf0) == 0x40)
            p->rex = b;
        else if (take_prefix(p, b, long_mode))
            p->rex = 0;
        else
            return b;
        if (r->ran_out)
            return b;
    }
}

/* APM 3, table A-35: 16-bit addressing. */
static void take_address16(struct reader *r, struct insn *i, uint8_t mod, uint8_t rm)
{
    static const uint8_t bases[8] = { REG_RBX, REG_RBX, REG_RBP, REG_RBP,
                                      REG_RSI, REG_RDI, REG_RBP, REG_RBX };
    static const uint8_t indices[8] = { REG_RSI,     REG_RDI,     REG_RSI,     REG_RDI,
                                        INSN_NO_REG, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG };

    if (mod == 0 && rm == 6) {
        i->disp = take(r, 2);
        return;
    }
    i->base = bases[rm];
    i->index = indices[rm];
    if (i->base == REG_RBP)
        i->seg = SEG_SS;
    i->disp = take(r, mod); /* no, one or two bytes */
}

static void take_address(struct reader *r, struct insn *i, uint8_t mod, uint8_t rm, uint8_t rex,
                         bool long_mode)
{
    if (rm == 4) {
        uint8_t sib = take_byte(r);

        i->scale = sib >> 6;
        i->index = (sib >> 3 & 7) | (rex & REX_X ? 8 : 0);
        if (i->index == REG_RSP)
            i->index = INSN_NO_REG;
        rm = sib & 7;
    } else if (mod == 0 && rm == 5 && long_mode) {
        i->rip_relative = true;
    }
    if (mod == 0 && rm == 5) {
        i->disp = take(r, 4);
        return;
    }
    i->base = rm | (rex & REX_B ? 8 : 0);
    if (i->base == REG_RSP || i->base == REG_RBP)
        i->seg = SEG_SS;
    i->disp = take(r, mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

static void set_register(struct insn *i, uint8_t reg, uint8_t rex)
{
    i->reg = reg | (rex & REX_R ? 8 : 0);
    if (i->size == 1 && !rex && reg >= 4) {
        i->reg = reg - 4;
        i->high = true;
    }
}

/* ModRM and what hangs on it; false: no memory operand, or not an instruction. */
static bool take_modrm(struct reader *r, struct insn *i, const struct opcode *o, uint8_t rex,
                       bool long_mode)
{
    uint8_t modrm = take_byte(r), mod = modrm >> 6, reg = modrm >> 3 & 7;

    if (r->ran_out)
        return true;
    if (mod == 3)
        return false;
    if (o->op >= GROUP1) {
        i->op = groups[o->op - GROUP1][reg];
        if (i->op == OP_NONE)
            return false;
        if (o->op == GROUP3 && i->op == OP_TEST)
            i->form = FORM_MEM_IMM;
    } else {
        set_register(i, reg, rex);
    }
    if (i->addr_size == 2)
        take_address16(r, i, mod, modrm & 7);
    else
        take_address(r, i, mod, modrm & 7, rex, long_mode);
    return true;
}

static unsigned int mem_size(const struct opcode *o, unsigned int size)
{
    return o->flags & SRC8 ? 1 : o->flags & SRC16 ? 2 : o->flags & SRC32 ? 4 : size;
}

/* What follows the opcode. */
static bool take_operands(struct reader *r, struct insn *i, const struct opcode *o, uint8_t rex,
                          bool long_mode)
{
    if (o->flags & MOFFS)
        i->disp = take(r, i->addr_size);
    else if (i->form != FORM_STRING && !take_modrm(r, i, o, rex, long_mode))
        return false;
    if (i->form == FORM_MEM_IMM)
        i->imm = take(r, o->flags & IMM8 ? 1 : min(i->size, (uint8_t)4));
    return true;
}

enum decode_result insn_decode(struct insn *i, const uint8_t *bytes, unsigned int n,
                               unsigned int mode)
{
    struct reader r = { bytes, min(n, (unsigned int)INSN_MAX_LENGTH), 0, false };
    struct prefixes p = { .seg = -1 };
    bool long_mode = mode == 8;
    const struct opcode *o;
    uint8_t b = take_prefixes(&r, &p, long_mode);

    o = b == 0x0f ? &two_byte[take_byte(&r)] : &one_byte[b];
    if (!r.ran_out && (o->form == FORM_NONE || (o->flags & LONG && !long_mode)))
        return DECODE_UNKNOWN;
    *i = (struct insn){ .op = o->op,
                        .form = o->form,
                        .seg = SEG_DS,
                        .base = INSN_NO_REG,
                        .index = INSN_NO_REG,
                        .lock = p.lock,
                        .rep = p.rep && o->form == FORM_STRING };
    if (o->flags & BYTE)
        i->size = 1;
    else if (p.rex & REX_W)
        i->size = 8;
    else
        i->size = p.operand != (mode == 2) ? 2 : 4;
    i->mem_size = mem_size(o, i->size);
    i->addr_size = !p.address ? mode : mode == 4 ? 2 : 4;
    if (!r.ran_out && !take_operands(&r, i, o, p.rex, long_mode))
        return DECODE_UNKNOWN;
    if (r.ran_out)
        return n < INSN_MAX_LENGTH ? DECODE_TRUNCATED : DECODE_UNKNOWN;
    if (p.seg >= 0)
        i->seg = p.seg;
    i->length = r.at;
    return DECODE_OK;
}
