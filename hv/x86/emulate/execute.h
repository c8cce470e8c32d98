/* SPDX-License-Identifier: MIT */
/* The second half of the instruction emulator: what a decoded instruction does. */
#ifndef X86_EMULATE_EXECUTE_H
#define X86_EMULATE_EXECUTE_H

#include "x86/emulate/decode.h"

struct emulation;

/*
 * Memory as the instruction sees it: @offset in segment @seg, 1, 2, 4 or 8 bytes.
 * False stops the instruction, whose effects so far are those of its finished
 * iterations: a fault was raised, or the access can't be done.
 */
struct emulate_ops {
    bool (*read)(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                 uint64_t *value);
    bool (*write)(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                  uint64_t value);
};

struct emulation {
    struct insn insn;
    const struct emulate_ops *ops;
    uint64_t *gpr; /* [NR_GPRS], by enum x86_reg, with the stack pointer in its place */
    uint64_t rip;  /* of the instruction */
    uint64_t rflags;
};

enum emulate_result {
    EMULATE_DONE,
    EMULATE_AGAIN, /* a repeated string operation has more to do: execute it again */
    EMULATE_STOPPED,
};

/* Iterations of a string operation in one call. */
#define EMULATE_MAX_REP 128

/* Changes gpr and rflags; RIP is for the caller to advance when it is done. */
enum emulate_result insn_execute(struct emulation *e);

/* Offset in its segment of the memory operand of an instruction that is not FORM_STRING. */
uint64_t insn_address(const struct emulation *e);

#endif
