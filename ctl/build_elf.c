/* SPDX-License-Identifier: MIT */
#include "build_elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include <xen/elfnote.h>

#define PHYS_MAX (1ull << 32)

/* The program headers of both classes in one shape. */
struct header {
    uint32_t type;
    uint64_t paddr, memsz, offset, filesz, align;
};

struct file {
    const uint8_t *data;
    size_t size;
    bool is64;
    uint64_t phoff;
    uint16_t phentsize, phnum;
};

bool elf_detect(const void *data, size_t size)
{
    return size >= EI_NIDENT && !memcmp(data, ELFMAG, SELFMAG);
}

/* Whether [offset, offset + length) is within the file. */
static bool in_file(const struct file *file, uint64_t offset, uint64_t length)
{
    return offset <= file->size && length <= file->size - offset;
}

static const char *read_file_header(struct file *file)
{
    const uint8_t *ident = file->data;
    uint16_t machine;

    if (!elf_detect(file->data, file->size)) {
        return "is not an ELF file";
    }
    if (ident[EI_DATA] != ELFDATA2LSB) {
        return "is an ELF file of the wrong byte order";
    }
    file->is64 = ident[EI_CLASS] == ELFCLASS64;
    if (file->is64) {
        Elf64_Ehdr e;

        if (!in_file(file, 0, sizeof(e))) {
            return "is cut short in its ELF header";
        }
        memcpy(&e, file->data, sizeof(e));
        machine = e.e_machine;
        file->phoff = e.e_phoff;
        file->phentsize = e.e_phentsize;
        file->phnum = e.e_phnum;
    } else {
        Elf32_Ehdr e;

        if (ident[EI_CLASS] != ELFCLASS32 || !in_file(file, 0, sizeof(e))) {
            return "has a malformed ELF header";
        }
        memcpy(&e, file->data, sizeof(e));
        machine = e.e_machine;
        file->phoff = e.e_phoff;
        file->phentsize = e.e_phentsize;
        file->phnum = e.e_phnum;
    }
    if (machine != EM_X86_64 && machine != EM_386) {
        return "is not for x86";
    }
    if (file->phentsize < (file->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ||
        !in_file(file, file->phoff, (uint64_t)file->phnum * file->phentsize)) {
        return "has malformed program headers";
    }
    return NULL;
}

static void read_program_header(const struct file *file, unsigned int n, struct header *h)
{
    const uint8_t *p = file->data + file->phoff + (uint64_t)n * file->phentsize;

    if (file->is64) {
        Elf64_Phdr ph;

        memcpy(&ph, p, sizeof(ph));
        *h = (struct header){ ph.p_type,   ph.p_paddr,  ph.p_memsz,
                              ph.p_offset, ph.p_filesz, ph.p_align };
    } else {
        Elf32_Phdr ph;

        memcpy(&ph, p, sizeof(ph));
        *h = (struct header){ ph.p_type,   ph.p_paddr,  ph.p_memsz,
                              ph.p_offset, ph.p_filesz, ph.p_align };
    }
}

static const char *add_segment(const struct file *file, const struct header *h,
                               struct elf_kernel *kernel)
{
    struct elf_segment *segment = &kernel->segments[kernel->count];

    if (kernel->count == ELF_SEGMENTS_MAX) {
        return "has too many segments";
    }
    if (!in_file(file, h->offset, h->filesz) || h->filesz > h->memsz) {
        return "has a segment that is not within the file";
    }
    if (h->paddr >= PHYS_MAX || h->memsz > PHYS_MAX - h->paddr) {
        return "has a segment that ends above 4 GiB";
    }
    *segment = (struct elf_segment){ h->paddr, h->memsz, h->offset, h->filesz };
    if (!kernel->count || h->paddr < kernel->start) {
        kernel->start = h->paddr;
    }
    if (h->paddr + h->memsz > kernel->end) {
        kernel->end = h->paddr + h->memsz;
    }
    kernel->count++;
    return NULL;
}

static uint64_t note_align(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* Looks for the entry point among the notes of one segment. */
static bool find_entry(const struct file *file, const struct header *h, uint32_t *entry)
{
    uint64_t at = h->offset, end = h->offset + h->filesz;
    uint64_t align = h->align == 8 ? 8 : 4;

    while (end - at >= sizeof(Elf32_Nhdr)) {
        Elf32_Nhdr note; /* the same in both classes */
        uint64_t name = at + sizeof(note), desc, next, value = 0;

        memcpy(&note, file->data + at, sizeof(note));
        desc = note_align(name + note.n_namesz, align);
        next = note_align(desc + note.n_descsz, align);
        if (desc + note.n_descsz > end) {
            return false;
        }
        if (note.n_type == XEN_ELFNOTE_PHYS32_ENTRY && note.n_namesz == 4 &&
            !memcmp(file->data + name, "Xen", 4) && (note.n_descsz == 4 || note.n_descsz == 8)) {
            memcpy(&value, file->data + desc, note.n_descsz);
            *entry = (uint32_t)value;
            return value < PHYS_MAX;
        }
        if (next >= end) {
            return false;
        }
        at = next;
    }
    return false;
}

int elf_parse(const void *data, size_t size, struct elf_kernel *kernel, const char **why)
{
    struct file file = { .data = data, .size = size };
    bool have_entry = false;

    memset(kernel, 0, sizeof(*kernel));
    *why = read_file_header(&file);
    for (unsigned int i = 0; !*why && i < file.phnum; i++) {
        struct header h;

        read_program_header(&file, i, &h);
        if (h.type == PT_LOAD && h.memsz) {
            *why = add_segment(&file, &h, kernel);
        } else if (h.type == PT_NOTE && !have_entry) {
            if (!in_file(&file, h.offset, h.filesz)) {
                *why = "has notes that are not within the file";
            } else {
                have_entry = find_entry(&file, &h, &kernel->entry);
            }
        }
    }
    if (!*why && !kernel->count) {
        *why = "has nothing to load";
    } else if (!*why && !have_entry) {
        *why = "has no PVH entry point (ELF note XEN_ELFNOTE_PHYS32_ENTRY): Linux needs CONFIG_PVH";
    } else if (!*why && (kernel->entry < kernel->start || kernel->entry >= kernel->end)) {
        *why = "has its PVH entry point outside of its segments";
    }
    return *why ? -EINVAL : 0;
}
