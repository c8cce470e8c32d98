/* SPDX-License-Identifier: MIT */
/* The emulator's decoder against known encodings, and both halves against random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "x86/emulate/execute.h"

#define NONE INSN_NO_REG

struct encoding {
    const char *bytes; /* hexadecimal */
    uint8_t mode;
    struct insn expected;
};

#define I(o, f, s, ms, as, ...)                                                                    \
    {                                                                                              \
        .op = o, .form = f, .size = s, .mem_size = ms, .addr_size = as, __VA_ARGS__                \
    }
#define AT(b, x, sc, d) .base = b, .index = x, .scale = sc, .disp = (uint64_t)(int64_t)(d)

static const struct encoding encodings[] = {
    /* mov %eax, 0xb0(%rdi) */
    { "8987b0000000", 8,
      I(OP_MOV, FORM_MEM_REG, 4, 4, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RDI, NONE, 0, 0xb0)) },
    /* mov 0x20(%rip), %r9d */
    { "448b0d20000000", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 8, .seg = SEG_DS, .reg = REG_R9, .rip_relative = true,
        AT(NONE, NONE, 0, 0x20)) },
    /* mov %eax, 0xffffffffff5fc0b0 */
    { "890425b0c05fff", 8,
      I(OP_MOV, FORM_MEM_REG, 4, 4, 8, .seg = SEG_DS, .reg = REG_RAX,
        AT(NONE, NONE, 0, -0xa03f50)) },
    /* movl $0, 0xffffffffff5fc0b0 */
    { "c70425b0c05fff00000000", 8,
      I(OP_MOV, FORM_MEM_IMM, 4, 4, 8, .seg = SEG_DS, AT(NONE, NONE, 0, -0xa03f50)) },
    /* mov %ah, -1(%rbx); mov %spl, -1(%rbx) */
    { "8863ff", 8,
      I(OP_MOV, FORM_MEM_REG, 1, 1, 8, .seg = SEG_DS, .reg = REG_RAX, .high = true,
        AT(REG_RBX, NONE, 0, -1)) },
    { "408863ff", 8,
      I(OP_MOV, FORM_MEM_REG, 1, 1, 8, .seg = SEG_DS, .reg = REG_RSP, AT(REG_RBX, NONE, 0, -1)) },
    /* REX counts only right before the opcode */
    { "48668b00", 8,
      I(OP_MOV, FORM_REG_MEM, 2, 2, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RAX, NONE, 0, 0)) },
    { "66488b00", 8,
      I(OP_MOV, FORM_REG_MEM, 8, 8, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RAX, NONE, 0, 0)) },
    /* mov %fs:8(%r13,%r12,4), %rdx */
    { "644b8b54a508", 8,
      I(OP_MOV, FORM_REG_MEM, 8, 8, 8, .seg = SEG_FS, .reg = REG_RDX, AT(REG_R13, REG_R12, 2, 8)) },
    /* in long mode ES, CS, SS and DS overrides mean nothing */
    { "268b00", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RAX, NONE, 0, 0)) },
    /* mov (%rsp), %eax; mov (%rbp), %eax: by SS; mov (%r12), %eax */
    { "8b0424", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 8, .seg = SEG_SS, .reg = REG_RAX, AT(REG_RSP, NONE, 0, 0)) },
    { "8b4500", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 8, .seg = SEG_SS, .reg = REG_RAX, AT(REG_RBP, NONE, 0, 0)) },
    { "418b0424", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_R12, NONE, 0, 0)) },
    /* mov (%ebx), %eax */
    { "678b03", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 4, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RBX, NONE, 0, 0)) },
    /* movabs 0x1122334455667788, %eax; the same of 4 bytes of address */
    { "a18877665544332211", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 8, .seg = SEG_DS, .reg = REG_RAX,
        AT(NONE, NONE, 0, 0x1122334455667788)) },
    { "67a144332211", 8,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 4, .seg = SEG_DS, .reg = REG_RAX,
        AT(NONE, NONE, 0, 0x11223344)) },
    { "a2b000e0fe", 4,
      I(OP_MOV, FORM_MEM_REG, 1, 1, 4, .seg = SEG_DS, .reg = REG_RAX,
        AT(NONE, NONE, 0, (int32_t)0xfee000b0)) },
    /* movzbl 5(%rsi), %ecx; movzwq (%rax), %rax; movsbw (%rax), %ax; movslq (%rax), %rcx */
    { "0fb64e05", 8,
      I(OP_MOVZX, FORM_REG_MEM, 4, 1, 8, .seg = SEG_DS, .reg = REG_RCX, AT(REG_RSI, NONE, 0, 5)) },
    { "480fb700", 8,
      I(OP_MOVZX, FORM_REG_MEM, 8, 2, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RAX, NONE, 0, 0)) },
    { "660fbe00", 8,
      I(OP_MOVSX, FORM_REG_MEM, 2, 1, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RAX, NONE, 0, 0)) },
    { "486308", 8,
      I(OP_MOVSX, FORM_REG_MEM, 8, 4, 8, .seg = SEG_DS, .reg = REG_RCX, AT(REG_RAX, NONE, 0, 0)) },
    /* orl $-128, (%rax); andw $0x1234, (%rax); cmpb $1, (%rax); testl $0x100, 0xf0(%rax) */
    { "830880", 8,
      I(OP_OR, FORM_MEM_IMM, 4, 4, 8, .seg = SEG_DS, AT(REG_RAX, NONE, 0, 0),
        .imm = (uint64_t)-128) },
    { "6681203412", 8,
      I(OP_AND, FORM_MEM_IMM, 2, 2, 8, .seg = SEG_DS, AT(REG_RAX, NONE, 0, 0), .imm = 0x1234) },
    { "803801", 8,
      I(OP_CMP, FORM_MEM_IMM, 1, 1, 8, .seg = SEG_DS, AT(REG_RAX, NONE, 0, 0), .imm = 1) },
    { "f780f000000000010000", 8,
      I(OP_TEST, FORM_MEM_IMM, 4, 4, 8, .seg = SEG_DS, AT(REG_RAX, NONE, 0, 0xf0), .imm = 0x100) },
    { "f610", 8, I(OP_NOT, FORM_MEM, 1, 1, 8, .seg = SEG_DS, AT(REG_RAX, NONE, 0, 0)) },
    { "ff00", 8, I(OP_INC, FORM_MEM, 4, 4, 8, .seg = SEG_DS, AT(REG_RAX, NONE, 0, 0)) },
    /* lock btsl $3, (%rax); lock xadd %rdx, (%rax); lock cmpxchg %cl, (%rax) */
    { "f00fba2803", 8,
      I(OP_BTS, FORM_MEM_IMM, 4, 4, 8, .seg = SEG_DS, .lock = true, AT(REG_RAX, NONE, 0, 0),
        .imm = 3) },
    { "f0480fc110", 8,
      I(OP_XADD, FORM_MEM_REG, 8, 8, 8, .seg = SEG_DS, .lock = true, .reg = REG_RDX,
        AT(REG_RAX, NONE, 0, 0)) },
    { "f00fb008", 8,
      I(OP_CMPXCHG, FORM_MEM_REG, 1, 1, 8, .seg = SEG_DS, .lock = true, .reg = REG_RCX,
        AT(REG_RAX, NONE, 0, 0)) },
    /* movnti %eax, (%rdx) */
    { "0fc302", 8,
      I(OP_MOV, FORM_MEM_REG, 4, 4, 8, .seg = SEG_DS, .reg = REG_RAX, AT(REG_RDX, NONE, 0, 0)) },
    /* rep stosl; rep movsq by FS */
    { "f3ab", 8,
      I(OP_STOS, FORM_STRING, 4, 4, 8, .seg = SEG_DS, .rep = true, AT(NONE, NONE, 0, 0)) },
    { "f36448a5", 8,
      I(OP_MOVS, FORM_STRING, 8, 8, 8, .seg = SEG_FS, .rep = true, AT(NONE, NONE, 0, 0)) },
    /* 16-bit: mov %ax, -2(%bp,%si); mov 0x1234, %eax by 66; inc and dec of 32-bit mode are no REX
     */
    { "8942fe", 2,
      I(OP_MOV, FORM_MEM_REG, 2, 2, 2, .seg = SEG_SS, .reg = REG_RAX,
        AT(REG_RBP, REG_RSI, 0, -2)) },
    { "668b063412", 2,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 2, .seg = SEG_DS, .reg = REG_RAX, AT(NONE, NONE, 0, 0x1234)) },
    { "268b07", 2,
      I(OP_MOV, FORM_REG_MEM, 2, 2, 2, .seg = SEG_ES, .reg = REG_RAX, AT(REG_RBX, NONE, 0, 0)) },
    { "678b0424", 2,
      I(OP_MOV, FORM_REG_MEM, 2, 2, 4, .seg = SEG_SS, .reg = REG_RAX, AT(REG_RSP, NONE, 0, 0)) },
    /* 32-bit: mov 0x12345678, %eax: no RIP in it */
    { "8b0578563412", 4,
      I(OP_MOV, FORM_REG_MEM, 4, 4, 4, .seg = SEG_DS, .reg = REG_RAX,
        AT(NONE, NONE, 0, 0x12345678)) },
};

static unsigned int from_hex(const char *s, uint8_t *to)
{
    unsigned int n = 0, b;

    for (; sscanf(s, "%2x", &b) == 1; s += 2)
        to[n++] = (uint8_t)b;
    return n;
}

static void assert_same(const struct insn *a, const struct insn *b, const char *what)
{
    if (a->length == b->length && a->op == b->op && a->form == b->form && a->size == b->size &&
        a->mem_size == b->mem_size && a->addr_size == b->addr_size && a->lock == b->lock &&
        a->rep == b->rep && a->seg == b->seg && a->reg == b->reg && a->high == b->high &&
        a->base == b->base && a->index == b->index && a->scale == b->scale &&
        a->rip_relative == b->rip_relative && a->disp == b->disp && a->imm == b->imm)
        return;
    fail_msg("%s: op %u form %u len %u size %u/%u/%u seg %u reg %u base %u index %u disp %#lx",
             what, a->op, a->form, a->length, a->size, a->mem_size, a->addr_size, a->seg, a->reg,
             a->base, a->index, a->disp);
}

static void decodes_encodings(void **state)
{
    for (unsigned int k = 0; k < ARRAY_SIZE(encodings); k++) {
        const struct encoding *e = &encodings[k];
        struct insn expected = e->expected, i;
        uint8_t bytes[32];

        expected.length = (uint8_t)from_hex(e->bytes, bytes);
        /* Not a byte more or less decides. */
        for (unsigned int n = 0; n < expected.length; n++)
            assert_int_equal(insn_decode(&i, bytes, n, e->mode), DECODE_TRUNCATED);
        assert_int_equal(insn_decode(&i, bytes, expected.length, e->mode), DECODE_OK);
        assert_same(&i, &expected, e->bytes);
        memset(bytes + expected.length, 0xcc, 4);
        assert_int_equal(insn_decode(&i, bytes, expected.length + 4, e->mode), DECODE_OK);
        assert_same(&i, &expected, e->bytes);
    }
}

static void refuses_the_rest(void **state)
{
    static const struct {
        const char *bytes;
        uint8_t mode;
    } bad[] = {
        { "89c0", 8 }, /* no memory operand */
        { "cc", 8 },         { "0f0b", 8 },     { "0f01d9", 8 }, { "ff10", 8 }, /* call */
        { "f620", 8 },                                                          /* mul */
        { "c708000000", 8 }, { "0fba0001", 8 },                                 /* group 8, reg 0 */
        { "6300", 4 },                                                          /* arpl */
        { "d900", 8 },       { "660f6f00", 8 }, { "c4e1", 8 },   { "62f1", 8 },
    };
    uint8_t bytes[20];
    struct insn i;

    for (unsigned int k = 0; k < ARRAY_SIZE(bad); k++) {
        unsigned int n = from_hex(bad[k].bytes, bytes);

        assert_int_equal(insn_decode(&i, bytes, n, bad[k].mode), DECODE_UNKNOWN);
    }
    memset(bytes, 0x66, sizeof(bytes)); /* an instruction has 15 bytes at the most */
    bytes[14] = 0x89;
    assert_int_equal(insn_decode(&i, bytes, 15, 8), DECODE_UNKNOWN);
    assert_int_equal(insn_decode(&i, bytes, 14, 8), DECODE_TRUNCATED);
    memcpy(bytes + 13, "\x89\x00", 2);
    assert_int_equal(insn_decode(&i, bytes, 15, 8), DECODE_OK);
    assert_int_equal(i.length, 15);
}

/* --- memory that fails at the n-th access --- */

static int accesses_left;

static bool fuzz_read(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                      uint64_t *value)
{
    assert_true(size == 1 || size == 2 || size == 4 || size == 8);
    assert_true(seg <= SEG_GS);
    *value = (uint64_t)rand() & (~0UL >> (64 - size * 8));
    return accesses_left-- > 0;
}

static bool fuzz_write(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                       uint64_t value)
{
    assert_true(size == 1 || size == 2 || size == 4 || size == 8);
    assert_true(seg <= SEG_GS && !(size < 8 && value >> size * 8));
    return accesses_left-- > 0;
}

static const struct emulate_ops fuzz_ops = { fuzz_read, fuzz_write };

static void execute_random(const struct insn *i)
{
    uint64_t gpr[NR_GPRS], before[NR_GPRS];
    struct emulation e = { .insn = *i, .ops = &fuzz_ops, .gpr = gpr, .rip = 0x1000 };
    bool fails = rand() & 1;

    for (unsigned int r = 0; r < NR_GPRS; r++)
        before[r] = gpr[r] = (uint64_t)rand() << (rand() % 40);
    e.rflags = (uint64_t)rand() & 0xcd5;
    accesses_left = fails ? 0 : 1000;
    if (fails && !(i->rep && !(gpr[REG_RCX] & (~0UL >> (64 - i->addr_size * 8))))) {
        uint64_t flags = e.rflags;

        assert_int_equal(insn_execute(&e), EMULATE_STOPPED);
        assert_memory_equal(gpr, before, sizeof(gpr));
        assert_int_equal(e.rflags, flags);
    } else {
        enum emulate_result r = insn_execute(&e);

        assert_true(r == EMULATE_DONE || (r == EMULATE_AGAIN && i->rep));
    }
}

static void survives_random_bytes(void **state)
{
    static const uint8_t modes[] = { 2, 4, 8 };
    unsigned int decoded = 0;

    srand(4711);
    for (unsigned int k = 0; k < 300000; k++) {
        unsigned int n = (unsigned int)rand() % 17;
        uint8_t *bytes = malloc(n + !n), mode = modes[rand() % 3];
        struct insn i, again;

        for (unsigned int b = 0; b < n; b++)
            bytes[b] = (uint8_t)(rand() >> 7);
        if (n && rand() % 4 == 0)
            bytes[0] = 0x0f;
        if (insn_decode(&i, bytes, n, mode) == DECODE_OK) {
            decoded++;
            assert_in_range(i.length, 1, n);
            assert_in_range(i.op, OP_ADD, OP_LODS);
            assert_int_equal(insn_decode(&again, bytes, i.length, mode), DECODE_OK);
            assert_same(&again, &i, "cut");
            assert_int_equal(insn_decode(&again, bytes, i.length - 1, mode), DECODE_TRUNCATED);
            execute_random(&i);
        }
        free(bytes);
    }
    assert_true(decoded > 10000);
}

static void repeats_in_pieces(void **state)
{
    uint64_t gpr[NR_GPRS] = { [REG_RCX] = EMULATE_MAX_REP + 3, [REG_RDI] = 0x1000 };
    struct emulation e = { .ops = &fuzz_ops, .gpr = gpr };

    assert_int_equal(insn_decode(&e.insn, (const uint8_t *)"\xf3\xaa", 2, 8), DECODE_OK);
    accesses_left = 1 << 20;
    assert_int_equal(insn_execute(&e), EMULATE_AGAIN);
    assert_int_equal(gpr[REG_RCX], 3);
    accesses_left = 2;
    assert_int_equal(insn_execute(&e), EMULATE_STOPPED);
    assert_int_equal(gpr[REG_RCX], 1);
    assert_int_equal(gpr[REG_RDI], 0x1000 + EMULATE_MAX_REP + 2);
    accesses_left = 1;
    assert_int_equal(insn_execute(&e), EMULATE_DONE);
    assert_int_equal(gpr[REG_RCX], 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_encodings),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(survives_random_bytes),
        cmocka_unit_test(repeats_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
