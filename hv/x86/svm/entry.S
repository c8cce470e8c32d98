/* SPDX-License-Identifier: MIT */
/* Into the guest and back (APM 2, 15.5). */
#include "x86/hvm/entry.inc"

    .text
    .globl svm_enter
    .hidden svm_enter
    .type svm_enter, @function
svm_enter: /* rdi: gpr[], rsi: guest VMCB, rdx: host VMCB (physical addresses) */
    push_callee_saved
    pushq %rdx
    pushq %rdi

    /* With GIF clear nothing gets in; IF decides whether interrupts end the guest's turn. */
    clgi
    sti
    spec_before_entry
    movq %rsi, %rax
    load_gprs
    clear_buffers
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
    spec_after_exit
    stgi
    pop_callee_saved
    forget_gprs
    xorl %eax, %eax
    ret

    .section .note.GNU-stack, "", @progbits
