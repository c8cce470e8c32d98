/* SPDX-License-Identifier: MIT */
/* Into the guest and back (SDM 3, 27 and 28). */
#include "x86/hvm/entry.inc"

#define HOST_RSP 0x6c14

    .text
    .globl vmx_enter
    .hidden vmx_enter
    .type vmx_enter, @function
vmx_enter: /* rdi: gpr[], esi: launched before, rdx: what HOST_RSP is in the VMCS */
    push_callee_saved
    pushq %rdi
    cmpq %rsp, (%rdx)
    je 1f
    movq %rsp, (%rdx)
    movl $HOST_RSP, %eax
    vmwrite %rsp, %rax
1:  spec_before_entry
    clear_buffers
    testl %esi, %esi
    movq 8 * 0(%rdi), %rax
    load_gprs
    jz 2f
    vmresume
    jmp 3f
2:  vmlaunch
3:  popq %rdi                 /* no entry; only our own registers matter now */
    movl $1, %esi
    jmp .Lleave

    .globl vmx_exit_point
    .hidden vmx_exit_point
vmx_exit_point:
    pushq %rdi
    movq 8(%rsp), %rdi
    movq %rax, 8 * 0(%rdi)
    save_gprs
    popq %rax
    movq %rax, 8 * 7(%rdi)
    popq %rdi
    xorl %esi, %esi
.Lleave:
    spec_after_exit
    movl %esi, %eax
    pop_callee_saved
    forget_gprs
    ret

    .section .note.GNU-stack, "", @progbits
