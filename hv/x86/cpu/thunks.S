/* SPDX-License-Identifier: MIT */
/*
 * Where the compiler's indirect branches go through (-mindirect-branch=thunk-extern): the branch
 * itself or, on CPUs that leave no other way to keep guests from steering it, a retpoline: a
 * return to the target, which is predicted by the return stack, to where it goes no further
 * (Intel, Retpoline: A Branch Target Injection Mitigation; AMD, Software Techniques for Managing
 * Speculation, V2-1). AMD's other one, an LFENCE before the branch, is not enough.
 */
#include "x86/cpu/alternative.inc"

    .macro retpoline reg
    call 2f
1:  pause
    lfence
    jmp 1b
2:  movq %\reg, (%rsp)
    ret
    int3
    .endm

    .macro branch reg
    jmp *%\reg
    int3
    .endm

    .text
    .irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    .globl __x86_indirect_thunk_\reg
    .hidden __x86_indirect_thunk_\reg
    .type __x86_indirect_thunk_\reg, @function
    .balign 32
__x86_indirect_thunk_\reg:
    ALTERNATIVE "branch \reg", "retpoline \reg", FEATURE_SPEC_RETPOLINE
    .size __x86_indirect_thunk_\reg, . - __x86_indirect_thunk_\reg
    .endr

    .section .note.GNU-stack, "", @progbits
