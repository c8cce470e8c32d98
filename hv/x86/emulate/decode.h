/* SPDX-License-Identifier: MIT */
/*
 * The first half of the instruction emulator: bytes to a description of what is
 * to be done (APM 3). Only instructions with a memory operand that kernels use
 * on device registers; nothing else is of interest here.
 */
#ifndef X86_EMULATE_DECODE_H
#define X86_EMULATE_DECODE_H

#include "x86/x86.h"

#define INSN_MAX_LENGTH 15

enum insn_op {
    OP_NONE,
    OP_ADD, /* in the order of their encoding, up to OP_CMP */
    OP_OR,
    OP_ADC,
    OP_SBB,
    OP_AND,
    OP_SUB,
    OP_XOR,
    OP_CMP,
    OP_TEST,
    OP_NOT,
    OP_NEG,
    OP_INC,
    OP_DEC,
    OP_MOV,
    OP_MOVZX,
    OP_MOVSX,
    OP_XCHG,
    OP_CMPXCHG,
    OP_XADD,
    OP_BT,
    OP_BTS,
    OP_BTR,
    OP_BTC,
    OP_MOVS,
    OP_STOS,
    OP_LODS,
    NR_INSN_OPS,
};

/* Which operands there are, destination first. Memory is always one of them. */
enum insn_form {
    FORM_NONE,
    FORM_MEM_REG,
    FORM_REG_MEM,
    FORM_MEM_IMM,
    FORM_MEM,
    FORM_STRING, /* [rDI] and [rSI] or the accumulator, as the operation says */
};

#define INSN_NO_REG 0xff

struct insn {
    uint8_t length;    /* bytes */
    uint8_t op, form;  /* enum insn_op, insn_form */
    uint8_t size;      /* bytes of the operands: 1, 2, 4, 8 */
    uint8_t mem_size;  /* bytes accessed in memory: other than size for MOVZX and MOVSX */
    uint8_t addr_size; /* 2, 4, 8 */
    bool lock, rep;
    uint8_t seg; /* enum x86_seg: of the memory operand (of [rSI] for strings) */
    /* The register operand; high: AH, CH, DH or BH, then reg is that of the whole register. */
    uint8_t reg;
    bool high;
    /* Effective address: base + index << scale + disp (+ the next instruction's address). */
    uint8_t base, index, scale; /* INSN_NO_REG: none */
    bool rip_relative;
    uint64_t disp;
    uint64_t imm; /* sign-extended */
};

enum decode_result {
    DECODE_OK,
    DECODE_TRUNCATED, /* it goes on behind the bytes given */
    DECODE_UNKNOWN,
};

/*
 * Decodes the instruction at @bytes, of which @n are there. @mode: size in bytes
 * of the code segment's addresses (2, 4; 8: long mode).
 */
enum decode_result insn_decode(struct insn *insn, const uint8_t *bytes, unsigned int n,
                               unsigned int mode);

#endif
