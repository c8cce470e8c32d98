/* SPDX-License-Identifier: MIT */
/*
 * Multiboot headers (Multiboot 0.6.96 section 3.1, Multiboot2 section 3.1), the
 * 32-bit entry, and the way into 64-bit code at the high addresses.
 */
#include <hv/layout.h>

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003 /* modules page-aligned, memory map, address fields valid */
#define MB2_MAGIC 0xe85250d6

#define PADDR(sym) ((sym) - HV_IMAGE_BASE)

    .section .boot, "ax", @progbits
    .code32

    .balign 8
mb1_header:
    .long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
    .long mb1_header          /* header_addr */
    .long HV_LOAD_PADDR       /* load_addr */
    .long image_file_end_paddr
    .long image_end_paddr
    .long boot_entry

    .balign 8
mb2_header:
    .long MB2_MAGIC, 0, mb2_end - mb2_header, -(MB2_MAGIC + (mb2_end - mb2_header))
    .balign 8
    .short 1, 0               /* information wanted: cmdline, modules, memory map */
    .long 20, 1, 3, 6
    .balign 8
    .short 6, 0               /* modules page-aligned */
    .long 8
    .balign 8
    .short 0, 0
    .long 8
mb2_end:

    .globl boot_entry
boot_entry:
    cli
    cld
    movl %eax, %edi           /* the loader's magic */
    movl %ebx, %esi           /* its information structure */
    movl $PADDR(boot_stack_end), %esp

    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc no_long_mode
    btl $20, %edx             /* NX */
    jnc no_long_mode

    /* boot_l2: 4 GiB in 2 MiB pages */
    movl $PADDR(boot_l2), %ecx
    movl $0x83, %eax          /* present, writable, large */
    xorl %edx, %edx
1:  movl %eax, (%ecx)
    movl $0, 4(%ecx)
    addl $0x200000, %eax
    addl $8, %ecx
    incl %edx
    cmpl $2048, %edx
    jb 1b

    /* boot_l3: the first 4 GiB; boot_l3_image: its first GiB where the image is linked */
    movl $PADDR(boot_l2) + 3, %eax
    movl %eax, PADDR(boot_l3)
    movl %eax, PADDR(boot_l3_image) + 8 * ((HV_IMAGE_BASE >> 30) & 511)
    addl $0x1000, %eax
    movl %eax, PADDR(boot_l3) + 8
    addl $0x1000, %eax
    movl %eax, PADDR(boot_l3) + 16
    addl $0x1000, %eax
    movl %eax, PADDR(boot_l3) + 24

    movl $PADDR(boot_l3) + 3, %eax
    movl %eax, PADDR(boot_l4)
    movl $PADDR(boot_l3_direct) + 3, %eax
    movl %eax, PADDR(boot_l4) + 8 * ((DIRECT_MAP_BASE_ADDR >> 39) & 511)
    movl $PADDR(boot_l3_image) + 3, %eax
    movl %eax, PADDR(boot_l4) + 8 * ((HV_IMAGE_BASE >> 39) & 511)
    xorl %ecx, %ecx
2:  movl PADDR(boot_l3)(, %ecx, 8), %eax
    movl %eax, PADDR(boot_l3_direct) + 8 * ((DIRECT_MAP_BASE_ADDR >> 30) & 511)(, %ecx, 8)
    incl %ecx
    cmpl $4, %ecx
    jb 2b

    movl $PADDR(boot_l4), %eax
    movl %eax, %cr3
    movl $0x20, %eax          /* PAE */
    movl %eax, %cr4
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax          /* LME, NXE */
    wrmsr
    movl $0x80010001, %eax    /* PG, WP, PE */
    movl %eax, %cr0
    lgdtl boot_gdt_ptr
    ljmpl $8, $long_mode

no_long_mode:
    movl $no_long_mode_text, %esi
    movl $0x3f8, %edx
3:  lodsb
    testb %al, %al
    jz 4f
    outb %al, %dx
    jmp 3b
4:  hlt
    jmp 4b

no_long_mode_text:
    .asciz "pando: this CPU has no 64-bit mode with NX\r\n"

    .balign 8
boot_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_ptr:
    .short 23
    .long boot_gdt

    .code64
long_mode:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $boot_stack_end, %rsp
    movl %edi, %edi
    movl %esi, %esi
    xorl %ebp, %ebp
    movabsq $boot_main, %rax
    call *%rax
    ud2

    /* These stay after boot: other CPUs start on them too. */
    .section .bss
    .balign 4096
    .globl boot_l4
    .hidden boot_l4
boot_l4:        .skip 4096
boot_l3:        .skip 4096
boot_l3_direct: .skip 4096
boot_l3_image:  .skip 4096
boot_l2:        .skip 4 * 4096
boot_stack:     .skip 16384
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
