/* SPDX-License-Identifier: MIT */
/* Into the guest and back (APM 2, 15.5). The offsets are those of arch_vcpu.gpr. */

    .text

/*
 * Fills the return stack's predictions with ones that lead nowhere: those that a guest has
 * left would be speculated to (AMD, Software Techniques for Managing Speculation, V2-3).
 */
    .macro refill_return_stack
    movl $16, %eax
1:  call 3f
2:  pause
    lfence
    jmp 2b
3:  call 5f
4:  pause
    lfence
    jmp 4b
5:  decl %eax
    jnz 1b
    addq $(32 * 8), %rsp
    .endm

    .macro enter name, refill
    .globl \name
    .hidden \name
    .type \name, @function
\name: /* rdi: gpr[], rsi: guest VMCB, rdx: host VMCB (physical addresses) */
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx
    pushq %rdi
    movq %rsi, %rax

    /* With GIF clear nothing gets in; IF decides whether interrupts end the guest's turn. */
    clgi
    sti
    movq 8 * 1(%rdi), %rcx
    movq 8 * 2(%rdi), %rdx
    movq 8 * 3(%rdi), %rbx
    movq 8 * 5(%rdi), %rbp
    movq 8 * 6(%rdi), %rsi
    movq 8 * 8(%rdi), %r8
    movq 8 * 9(%rdi), %r9
    movq 8 * 10(%rdi), %r10
    movq 8 * 11(%rdi), %r11
    movq 8 * 12(%rdi), %r12
    movq 8 * 13(%rdi), %r13
    movq 8 * 14(%rdi), %r14
    movq 8 * 15(%rdi), %r15
    movq 8 * 7(%rdi), %rdi
    vmload %rax
    vmrun %rax
    vmsave %rax
    movq %rdi, %rax
    popq %rdi
    movq %rax, 8 * 7(%rdi)
    movq %rcx, 8 * 1(%rdi)
    movq %rdx, 8 * 2(%rdi)
    movq %rbx, 8 * 3(%rdi)
    movq %rbp, 8 * 5(%rdi)
    movq %rsi, 8 * 6(%rdi)
    movq %r8, 8 * 8(%rdi)
    movq %r9, 8 * 9(%rdi)
    movq %r10, 8 * 10(%rdi)
    movq %r11, 8 * 11(%rdi)
    movq %r12, 8 * 12(%rdi)
    movq %r13, 8 * 13(%rdi)
    movq %r14, 8 * 14(%rdi)
    movq %r15, 8 * 15(%rdi)
    popq %rax
    vmload %rax               /* host's FS, GS, TR and LDTR */
    cli
    stgi
    .if \refill
    refill_return_stack
    .endif

    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    /* Nothing of the guest stays in registers that C may use speculatively. */
    xorl %eax, %eax
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    ret
    .endm

    enter svm_enter, 0
    enter svm_enter_and_refill, 1

    .section .note.GNU-stack, "", @progbits
