/* SPDX-License-Identifier: MIT */
/*
 * Reads a kernel's ELF file for a PVH start: what has to go where, and the entry point that its
 * note XEN_ELFNOTE_PHYS32_ENTRY names (<xen/elfnote.h>). Both ELF classes; x86 only.
 */
#ifndef PANDO_BUILD_ELF_H
#define PANDO_BUILD_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16

struct elf_segment {
    uint64_t paddr;  /* where it goes, physical */
    uint64_t memsz;  /* bytes there; those past filesz are zero */
    uint64_t offset; /* where it is in the file: offset + filesz is within the file */
    uint64_t filesz;
};

struct elf_kernel {
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    unsigned int count;
    uint32_t entry;      /* physical, within [start, end) */
    uint64_t start, end; /* the lowest and (behind) the highest address, below 4 GiB */
};

bool elf_detect(const void *data, size_t size);

/*
 * Parses; the file may be hostile. Returns 0, or -EINVAL with *why, a static phrase that continues
 * "the kernel ...".
 */
int elf_parse(const void *data, size_t size, struct elf_kernel *kernel, const char **why);

#endif
