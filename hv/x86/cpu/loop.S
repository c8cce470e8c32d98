/* SPDX-License-Identifier: MIT */
/* The boot CPU leaves its boot stack, whose page has no guard, for good. */
    .text
    .globl stack_switch_to_loop
    .hidden stack_switch_to_loop
stack_switch_to_loop: /* rdi: top of the stack */
    movq %rdi, %rsp
    xorl %ebp, %ebp
    call cpu_loop
    ud2
    .section .note.GNU-stack, "", @progbits
