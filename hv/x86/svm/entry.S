/* SPDX-License-Identifier: MIT */
/* Into the guest and back (APM 2, 15.5). */
#include "x86/hvm/entry.inc"

    .text

    .macro enter name, refill
    .globl \name
    .hidden \name
    .type \name, @function
\name: /* rdi: gpr[], rsi: guest VMCB, rdx: host VMCB (physical addresses) */
    push_callee_saved
    pushq %rdx
    pushq %rdi
    movq %rsi, %rax

    /* With GIF clear nothing gets in; IF decides whether interrupts end the guest's turn. */
    clgi
    sti
    load_gprs
    vmload %rax
    vmrun %rax
    vmsave %rax
    movq %rdi, %rax
    popq %rdi
    movq %rax, 8 * 7(%rdi)
    save_gprs
    popq %rax
    vmload %rax               /* host's FS, GS, TR and LDTR */
    cli
    stgi
    .if \refill
    refill_return_stack
    .endif
    pop_callee_saved
    forget_gprs
    xorl %eax, %eax
    ret
    .endm

    enter svm_enter, 0
    enter svm_enter_and_refill, 1

    .section .note.GNU-stack, "", @progbits
