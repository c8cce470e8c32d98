/* SPDX-License-Identifier: MIT */
/*
 * The image. Physical and file layout are one piece (the multiboot1 header counts
 * on it): boot | text | rodata | symbols | init | data | bss. Each part starts on
 * a page of its own, so that each gets its own rights.
 */
#include <hv/layout.h>


OUTPUT_FORMAT("elf64-x86-64")
ENTRY(boot_entry)

PHDRS
{
    boot PT_LOAD FLAGS(5);
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    init PT_LOAD FLAGS(7);
    data PT_LOAD FLAGS(6);
}

SECTIONS
{
    . = HV_LOAD_PADDR;
    .boot : { *(.boot) . = ALIGN(4096); } :boot

    . += HV_IMAGE_BASE;
    image_start = .;
    .text : AT(ADDR(.text) - HV_IMAGE_BASE) {
        text_start = .;
        *(.text .text.*)
        *(.iplt)
        . = ALIGN(4096);
        text_end = .;
    } :text
    .rodata : AT(ADDR(.rodata) - HV_IMAGE_BASE) {
        rodata_start = .;
        *(.rodata .rodata.*)
        *(.data.rel.ro .data.rel.ro.*)
        . = ALIGN(8);
        extable_start = .;
        *(.extable)
        extable_end = .;
        . = ALIGN(8);
        *(.got .got.plt .igot .igot.plt)
        *(.symtab_hv)
        . = ALIGN(4096);
        rodata_end = .;
    } :rodata
    .init : AT(ADDR(.init) - HV_IMAGE_BASE) {
        init_start = .;
        *(.init.text .init.text.*)
        *(.init.rodata .init.rodata.*)
        *(.init.data .init.data.*)
        *(.init.replacements)
        . = ALIGN(4);
        alternatives_start = .;
        *(.init.alternatives)
        alternatives_end = .;
        . = ALIGN(4096);
        init_end = .;
    } :init
    .data : AT(ADDR(.data) - HV_IMAGE_BASE) {
        data_start = .;
        *(.data .data.*)
        . = ALIGN(4096);
        image_file_end = .;
    } :data
    .bss : AT(ADDR(.bss) - HV_IMAGE_BASE) {
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        image_end = .;
    } :data
    image_file_end_paddr = image_file_end - HV_IMAGE_BASE;
    image_end_paddr = image_end - HV_IMAGE_BASE;

    .stab 0 : { *(.stab .stabstr) }
    .comment 0 : { *(.comment) }
    .debug 0 : { *(.debug) }
    .debug_abbrev 0 : { *(.debug_abbrev) }
    .debug_aranges 0 : { *(.debug_aranges) }
    .debug_info 0 : { *(.debug_info) }
    .debug_line 0 : { *(.debug_line) }
    .debug_line_str 0 : { *(.debug_line_str) }
    .debug_loc 0 : { *(.debug_loc) }
    .debug_loclists 0 : { *(.debug_loclists) }
    .debug_ranges 0 : { *(.debug_ranges) }
    .debug_rnglists 0 : { *(.debug_rnglists) }
    .debug_str 0 : { *(.debug_str) }
    .debug_frame 0 : { *(.debug_frame) }
    .symtab 0 : { *(.symtab) }
    .strtab 0 : { *(.strtab) }
    .shstrtab 0 : { *(.shstrtab) }
    /DISCARD/ : { *(.note.GNU-stack) *(.note.gnu.*) *(.eh_frame) *(.rela .rela.*) }
}
