/* SPDX-License-Identifier: MIT */
/* What the emulator does, against what the CPU does with the same instruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "x86/emulate/execute.h"

#define BUFFER_SIZE 512
#define FLAGS_ARITH 0x8d5u /* OF SF ZF AF PF CF */
#define FLAG_AF     0x010u
#define FLAG_CF     0x001u
#define FLAG_DF     0x400u

/* Code that loads the registers from behind itself, has one instruction in it, and stores them. */
struct native {
    uint8_t code[512];
    uint64_t gpr[NR_GPRS], rflags;
};

static struct native *native;
static uint8_t buffer[BUFFER_SIZE], shadow[BUFFER_SIZE];
static unsigned int at;

static void put(const void *bytes, unsigned int n)
{
    memcpy(native->code + at, bytes, n);
    at += n;
}

/* An instruction with a RIP-relative operand, its opcode and ModRM given. */
static void put_relative(const char *opcode, unsigned int n, const void *target)
{
    int32_t rel;

    put(opcode, n);
    rel = (int32_t)((const uint8_t *)target - (native->code + at + 4));
    put(&rel, 4);
}

static void put_moves(uint8_t opcode)
{
    for (unsigned int r = 0; r < NR_GPRS; r++) {
        char mov[3] = { (char)(r >= 8 ? 0x4c : 0x48), (char)opcode, (char)(5 | (r & 7) << 3) };

        if (r != REG_RSP)
            put_relative(mov, 3, &native->gpr[r]);
    }
}

static void run_native(const uint8_t *insn, unsigned int length)
{
    at = 0;
    put("\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57", 10); /* push rbx, rbp, r12-r15 */
    put_relative("\xff\x35", 2, &native->rflags);        /* push; popfq */
    put("\x9d", 1);
    put_moves(0x8b);
    put(insn, length);
    put_moves(0x89);
    put("\x9c", 1); /* pushfq; pop */
    put_relative("\x8f\x05", 2, &native->rflags);
    put("\xfc\x41\x5f\x41\x5e\x41\x5d\x41\x5c\x5d\x5b\xc3", 12); /* cld; pop...; ret */
    __builtin___clear_cache((char *)native->code, (char *)native->code + at);
    ((void (*)(void))(uintptr_t)native->code)();
}

static uint8_t *in_shadow(uint64_t address, unsigned int size)
{
    uint64_t offset = address - (uintptr_t)buffer;

    assert_in_range(offset, 0, BUFFER_SIZE - size);
    return shadow + offset;
}

static bool read_shadow(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                        uint64_t *value)
{
    *value = 0;
    memcpy(value, in_shadow(offset, size), size);
    return true;
}

static bool write_shadow(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                         uint64_t value)
{
    memcpy(in_shadow(offset, size), &value, size);
    return true;
}

static const struct emulate_ops ops = { read_shadow, write_shadow };

static uint64_t random64(void)
{
    return (uint64_t)rand() ^ (uint64_t)rand() << 22 ^ (uint64_t)rand() << 44;
}

/* Values around which carries and overflows happen are as likely as any. */
static uint64_t random_value(void)
{
    static const uint64_t edges[] = { 0,         1,      0x7f,       0x80,       0xff,
                                      0x7fff,    0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
                                      1UL << 63, ~0UL,   ~0UL >> 1 };

    return rand() & 1 ? random64() : edges[(unsigned int)rand() % ARRAY_SIZE(edges)];
}

/* Registers that make the address one in the buffer; false: it can't be done. */
static bool aim(const struct insn *i, uint64_t *gpr)
{
    uint64_t target = (uintptr_t)buffer + BUFFER_SIZE / 2 + (unsigned int)rand() % 16;
    bool by_bit = i->op >= OP_BT && i->op <= OP_BTC && i->form == FORM_MEM_REG;

    if (i->form == FORM_STRING) {
        gpr[REG_RSI] = target + (unsigned int)rand() % 32;
        gpr[REG_RDI] = target;
        gpr[REG_RCX] = (unsigned int)rand() % 10;
        return true;
    }
    if (i->rip_relative || i->base == INSN_NO_REG || i->base == REG_RSP || i->base == i->index)
        return false;
    if (by_bit) {
        if (i->reg == i->base || i->reg == i->index || i->reg == REG_RSP)
            return false;
        gpr[i->reg] = (uint64_t)(int64_t)(rand() % 1000 - 500);
    }
    gpr[i->base] = target - i->disp;
    if (i->index != INSN_NO_REG)
        gpr[i->base] -= gpr[i->index] << i->scale;
    return true;
}

static bool is_lockable(const struct insn *i)
{
    return i->form != FORM_REG_MEM && i->form != FORM_STRING && i->op != OP_CMP &&
           i->op != OP_TEST && i->op != OP_MOV && i->op != OP_BT;
}

/* Opcodes, each as likely as another; the rest of the bytes is random. */
static unsigned int random_bytes(uint8_t *b)
{
    static const uint8_t two[] = { 0xa3, 0xab, 0xb0, 0xb1, 0xb3, 0xb6, 0xb7,
                                   0xba, 0xbb, 0xbe, 0xbf, 0xc0, 0xc1, 0xc3 };
    static const uint8_t one[] = { 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
                                   0x89, 0x8a, 0x8b, 0xa4, 0xa5, 0xaa, 0xab, 0xac,
                                   0xad, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff, 0x63 };
    unsigned int n = 0;

    if (rand() % 8 == 0)
        b[n++] = 0xf0;
    if (rand() % 4 == 0)
        b[n++] = 0x66;
    if (rand() % 4 == 0)
        b[n++] = 0xf3;
    if (rand() & 1)
        b[n++] = (uint8_t)(0x40 | (rand() & 15));
    if (rand() % 3 == 0) {
        b[n++] = 0x0f;
        b[n++] = two[(unsigned int)rand() % sizeof(two)];
    } else if (rand() & 1) {
        b[n++] = (uint8_t)((rand() & 7) << 3 | (rand() & 3)); /* add ... cmp */
    } else {
        b[n++] = one[(unsigned int)rand() % sizeof(one)];
    }
    while (n < INSN_MAX_LENGTH)
        b[n++] = (uint8_t)(rand() >> 5);
    return n;
}

static uint32_t defined_flags(const struct insn *i)
{
    switch (i->op) {
    case OP_BT ... OP_BTC:
        return FLAG_CF;
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_TEST:
        return FLAGS_ARITH & ~FLAG_AF;
    default:
        return FLAGS_ARITH;
    }
}

static void fail_with(const uint8_t *b, const struct insn *i, const char *what, uint64_t got,
                      uint64_t want)
{
    char hex[40] = "";

    for (unsigned int k = 0; k < i->length; k++)
        sprintf(hex + 2 * k, "%02x", b[k]);
    fail_msg("%s: %s is %#lx, the CPU says %#lx", hex, what, got, want);
}

static void compare(const uint8_t *b, const struct emulation *e)
{
    uint32_t flags = defined_flags(&e->insn) | FLAG_DF;

    for (unsigned int r = 0; r < NR_GPRS; r++) {
        if (r != REG_RSP && e->gpr[r] != native->gpr[r])
            fail_with(b, &e->insn, "a register", e->gpr[r], native->gpr[r]);
    }
    if ((e->rflags ^ native->rflags) & flags)
        fail_with(b, &e->insn, "flags", e->rflags & flags, native->rflags & flags);
    for (unsigned int k = 0; k < BUFFER_SIZE; k++) {
        if (shadow[k] != buffer[k])
            fail_with(b, &e->insn, "memory", shadow[k], buffer[k]);
    }
}

static bool try_one(unsigned int *by_op)
{
    uint8_t b[INSN_MAX_LENGTH];
    uint64_t gpr[NR_GPRS];
    struct emulation e = { .ops = &ops, .gpr = gpr };
    const struct insn *i = &e.insn;
    unsigned int n = random_bytes(b);

    if (insn_decode(&e.insn, b, n, 8) != DECODE_OK || i->seg >= SEG_FS || i->addr_size != 8)
        return false;
    if (i->reg == REG_RSP && i->form != FORM_MEM_IMM && i->form != FORM_MEM && !i->high)
        return false;
    if ((i->lock && !is_lockable(i)) || memchr(b, 0xc3, 4) || i->size < i->mem_size)
        return false;
    if (memchr(b, 0xf3, 3) && i->form != FORM_STRING)
        return false; /* other instructions, on newer CPUs */
    for (unsigned int r = 0; r < NR_GPRS; r++)
        gpr[r] = random_value();
    if (!aim(i, gpr))
        return false;
    e.rflags = 0x202 | (random64() & (FLAGS_ARITH | FLAG_DF));
    for (unsigned int k = 0; k < BUFFER_SIZE; k += 8) {
        uint64_t v = random_value();

        memcpy(buffer + k, &v, 8);
    }
    memcpy(shadow, buffer, BUFFER_SIZE);
    memcpy(native->gpr, gpr, sizeof(gpr));
    native->rflags = e.rflags;
    run_native(b, i->length);
    assert_int_equal(insn_execute(&e), EMULATE_DONE);
    compare(b, &e);
    by_op[i->op]++;
    return true;
}

static void does_as_the_cpu(void **state)
{
    unsigned int by_op[NR_INSN_OPS] = { 0 }, done = 0;

    srand(42);
    while (done < 200000)
        done += try_one(by_op);
    for (unsigned int op = OP_ADD; op < NR_INSN_OPS; op++)
        assert_true(by_op[op] > 100);
}

static int map_code(void **state)
{
    native = mmap(NULL, sizeof(*native), PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return native == MAP_FAILED ? -1 : 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(does_as_the_cpu) };

    return cmocka_run_group_tests(tests, map_code, NULL);
}
