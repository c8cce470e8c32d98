/* SPDX-License-Identifier: MIT */
/* Reading an ELF64 kernel (System V ABI, chapters 4 and 5). Nothing in it is trusted. */
#ifndef HV_ELF_H
#define HV_ELF_H

#include <hv/types.h>

struct elf_segment {
    paddr_t paddr;
    uint64_t offset, file_size, mem_size; /* bytes; the file's part comes first */
};

#define ELF_MAX_SEGMENTS 32

struct elf {
    const uint8_t *data;
    size_t size;
    uint64_t entry; /* a virtual address */
    unsigned int nr_load, nr_note;
    struct elf_segment load[ELF_MAX_SEGMENTS], note[ELF_MAX_SEGMENTS];
    paddr_t start, end; /* all that is loaded lies in [start, end) */
};

/*
 * Checks everything that the other functions rely on: the segments lie in the
 * file, fit below 2^52 and don't overlap. -ENOEXEC with a log line.
 */
int elf_parse(struct elf *e, const void *data, size_t size);

/* A number in a note of owner "Xen" (XEN_ELFNOTE_*, <xen/elfnote.h>); false if there is none. */
bool elf_xen_note(const struct elf *e, uint32_t type, uint64_t *value);

#endif
