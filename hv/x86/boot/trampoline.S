/* SPDX-License-Identifier: MIT */
/*
 * Where another CPU starts: real mode, at the page that the start-up IPI names
 * (copied there by smp.c, which fills in the parameters at its end).
 */
#include <hv/layout.h>

    .section .rodata
    .globl trampoline_start, trampoline_end, trampoline_params
    .hidden trampoline_start, trampoline_end, trampoline_params
    .balign 16
    .code16
trampoline_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movzwl %ax, %ebx
    shll $4, %ebx             /* physical address of this page */

    leal (tramp_gdt - trampoline_start)(%ebx), %eax
    movl %eax, (tramp_gdt_ptr - trampoline_start + 2)
    leal (tramp_long - trampoline_start)(%ebx), %eax
    movl %eax, (tramp_far - trampoline_start)
    lgdtl (tramp_gdt_ptr - trampoline_start)

    movl $0x20, %eax
    movl %eax, %cr4
    movl (trampoline_params - trampoline_start), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010001, %eax
    movl %eax, %cr0
    ljmpl *(tramp_far - trampoline_start)

    .code64
tramp_long:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movq (trampoline_params - trampoline_start + 8)(%rbx), %rax
    jmp *%rax

    .balign 8
tramp_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
tramp_gdt_ptr:
    .short 23
    .long 0
tramp_far:
    .long 0
    .short 8
    .balign 8
trampoline_params:
    .quad 0 /* boot_l4's physical address */
    .quad 0 /* ap_entry */
trampoline_end:

/* On boot_l4 still: to the real page tables and this CPU's own stack (smp.c set both). */
    .text
    .globl ap_entry
    .hidden ap_entry
ap_entry:
    movq ap_cr3(%rip), %rax
    movq %rax, %cr3
    movq ap_stack(%rip), %rsp
    movq ap_cpu(%rip), %rdi
    xorl %ebp, %ebp
    call ap_main
    ud2

    .section .note.GNU-stack, "", @progbits
