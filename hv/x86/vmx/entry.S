/* SPDX-License-Identifier: MIT */
/* Into the guest and back (SDM 3, 27 and 28). The offsets are those of arch_vcpu.gpr. */

#define HOST_RSP 0x6c14

    .text
    .globl vmx_enter, vmx_exit_point
    .hidden vmx_enter, vmx_exit_point
    .type vmx_enter, @function
vmx_enter: /* rdi: gpr[], esi: launched before, rdx: what HOST_RSP is in the VMCS */
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
    cmpq %rsp, (%rdx)
    je 1f
    movq %rsp, (%rdx)
    movl $HOST_RSP, %eax
    vmwrite %rsp, %rax
1:  testl %esi, %esi
    movq 8 * 0(%rdi), %rax
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
    jz 2f
    vmresume
    jmp 3f
2:  vmlaunch
3:  popq %rdi                 /* no entry; only our own registers matter now */
    movl $1, %eax
    jmp 4f

vmx_exit_point:
    pushq %rdi
    movq 8(%rsp), %rdi
    movq %rax, 8 * 0(%rdi)
    movq %rcx, 8 * 1(%rdi)
    movq %rdx, 8 * 2(%rdi)
    movq %rbx, 8 * 3(%rdi)
    movq %rbp, 8 * 5(%rdi)
    movq %rsi, 8 * 6(%rdi)
    popq %rax
    movq %rax, 8 * 7(%rdi)
    movq %r8, 8 * 8(%rdi)
    movq %r9, 8 * 9(%rdi)
    movq %r10, 8 * 10(%rdi)
    movq %r11, 8 * 11(%rdi)
    movq %r12, 8 * 12(%rdi)
    movq %r13, 8 * 13(%rdi)
    movq %r14, 8 * 14(%rdi)
    movq %r15, 8 * 15(%rdi)
    popq %rdi
    xorl %eax, %eax
4:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    /* Nothing of the guest stays in registers that C may use speculatively. */
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    ret

    .section .note.GNU-stack, "", @progbits
