/* SPDX-License-Identifier: MIT */
/*
 * Where a micro-kernel starts: by the PVH boot protocol in 32-bit protected mode with
 * the start info's address in %ebx, or, as a further vCPU, in real mode. From there to
 * 64-bit mode with the first 8 GiB mapped to themselves, user-accessible.
 */
#define CR0_VALUE 0x80010033 /* PG WP NE ET MP PE */
#define CR4_VALUE 0x6a0      /* OSXMMEXCPT OSFXSR PGE PAE */
#define MSR_EFER  0xc0000080
#define EFER_BITS 0x901      /* NXE LME SCE */

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long _start

    .text
    .code32
    .globl _start
_start:
    cld
    /* Large pages from 0 on; a table of theirs a GiB. */
    xor %ecx, %ecx
1:  mov %ecx, %eax
    shl $21, %eax
    or $0xe7, %eax
    mov %ecx, %edx
    shr $11, %edx
    mov %eax, page_dirs(, %ecx, 8)
    mov %edx, page_dirs + 4(, %ecx, 8)
    inc %ecx
    cmp $(8 * 512), %ecx
    jb 1b
    xor %ecx, %ecx
    mov $(page_dirs + 7), %eax
2:  mov %eax, page_dir_pointers(, %ecx, 8)
    add $4096, %eax
    inc %ecx
    cmp $8, %ecx
    jb 2b
    movl $(page_dir_pointers + 7), page_root
    movl $(window_pointers + 7), page_root + 8
    movl $(window_dir + 7), window_pointers
    movl $(window_table + 7), window_dir
    mov $start64, %esi
    jmp enter64

/* To long mode, and to %esi there; %ebx is kept. */
enter64:
    mov $CR4_VALUE, %eax
    mov %eax, %cr4
    mov $page_root, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    mov $EFER_BITS, %eax
    xor %edx, %edx
    wrmsr
    mov $CR0_VALUE, %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $0x08, $3f
    .code64
3:  mov $0x10, %eax
    mov %eax, %ss
    mov $0x2b, %eax /* of user rank: these survive an IRET to user mode */
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %esi, %esi
    jmp *%rsi

start64:
    lea boot_stack_top(%rip), %rsp
    mov %ebx, %edi
    call guest_main
    ud2

/* --- a further vCPU, copied to a page below 1 MiB ------------------------------------- */

    .code16
    .globl ap_real_start, ap_real_end
ap_real_start:
    cli
    mov %cs, %ax
    mov %ax, %ds
    lgdtl (gdt_pointer32 - ap_real_start)
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $0x18, $ap_start32
    .balign 4
gdt_pointer32:
    .word gdt_end - gdt - 1
    .long gdt
ap_real_end:

    .code32
ap_start32:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %ss
    mov $ap_start64, %esi
    jmp enter64

    .code64
    .globl ap_start64
ap_start64:
    mov ap_stack(%rip), %rsp
    call ap_main
    ud2

/* --- exceptions and interrupts: struct frame, then trap_entry ---------------------------- */

    .globl trap_stubs
    .balign 16
trap_stubs:
vector = 0
    .rept 256
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
    push $0
    .endif
    push $vector
    jmp trap_common
    vector = vector + 1
    .endr

trap_common:
    cld
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $-16, %rsp
    call trap_entry
    mov %rbp, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    pop %rax
    add $16, %rsp
    .globl trap_iret
trap_iret:
    iretq

/*
 * int trap_call_on(void (*fn)(void *), void *arg, uint64_t *sp): calls fn(arg); -1, or the
 * vector of the exception in it. *sp is where to continue after one.
 */
    .globl trap_call_on, trap_resume
trap_call_on:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdx
    mov %rsp, (%rdx)
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    mov $-1, %eax
trap_resume: /* %eax: the vector */
    pop %rdx
    movq $0, (%rdx)
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/* void user_enter(void (*fn)(void), void *stack_top): does not return but by a trap. */
    .globl user_enter
user_enter:
    push $0x2b
    push %rsi
    push $2
    push $0x23
    push %rdi
    iretq

/*
 * void hypercall_regs(struct hcall_regs *r, void *entry): a hypercall with all the
 * registers that there are, from and to *r.
 */
    .globl hypercall_regs
hypercall_regs:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    push %rdi
    push %rsi
    mov 0x08(%rdi), %rbx
    mov 0x10(%rdi), %rcx
    mov 0x18(%rdi), %rdx
    mov 0x20(%rdi), %rsi
    mov 0x30(%rdi), %rbp
    mov 0x38(%rdi), %r8
    mov 0x40(%rdi), %r9
    mov 0x48(%rdi), %r10
    mov 0x50(%rdi), %r11
    mov 0x58(%rdi), %r12
    mov 0x60(%rdi), %r13
    mov 0x68(%rdi), %r14
    mov 0x70(%rdi), %r15
    mov 0x00(%rdi), %rax
    mov 0x28(%rdi), %rdi
    call *(%rsp)
    mov %rdi, (%rsp) /* the entry's address isn't needed any more */
    mov 8(%rsp), %rdi
    mov %rax, 0x00(%rdi)
    mov %rbx, 0x08(%rdi)
    mov %rcx, 0x10(%rdi)
    mov %rdx, 0x18(%rdi)
    mov %rsi, 0x20(%rdi)
    mov %rbp, 0x30(%rdi)
    mov %r8, 0x38(%rdi)
    mov %r9, 0x40(%rdi)
    mov %r10, 0x48(%rdi)
    mov %r11, 0x50(%rdi)
    mov %r12, 0x58(%rdi)
    mov %r13, 0x60(%rdi)
    mov %r14, 0x68(%rdi)
    mov %r15, 0x70(%rdi)
    pop %rax
    mov %rax, 0x28(%rdi)
    pop %rdi
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .section .rodata
    .balign 4
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
    .long 0

    .data
    .balign 16
    .globl gdt
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 08: 64-bit code */
    .quad 0x00cf93000000ffff /* 10: data */
    .quad 0x00cf9b000000ffff /* 18: 32-bit code */
    .quad 0x00affb000000ffff /* 20: 64-bit user code */
    .quad 0x00cff3000000ffff /* 28: user data */
    .fill 2 * 4, 8, 0        /* 30: a TSS for each vCPU */
gdt_end:

    .bss
    .balign 4096
    .globl page_root, page_dirs, window_table
page_root:
    .skip 4096
page_dir_pointers:
    .skip 4096
page_dirs:
    .skip 8 * 4096
window_pointers:
    .skip 4096
window_dir:
    .skip 4096
window_table:
    .skip 4096
    .skip 32768
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
