/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "kernel.h"

#include <elf.h>

#define NOTE_OFFSET 0x200u

static void put_note(uint8_t *file, bool is64)
{
    Elf32_Nhdr note = { .n_namesz = 4, .n_descsz = is64 ? 8 : 4, .n_type = 18 };
    Elf32_Nhdr other = { .n_namesz = 4, .n_descsz = 2, .n_type = 6 };
    uint8_t *p = file + NOTE_OFFSET;
    uint64_t entry = KERNEL_ENTRY;

    /* Another one comes first, whose size is padded. */
    memcpy(p, &other, sizeof(other));
    memcpy(p + 12, "Xen", 4);
    memcpy(p + 16, "hi", 2);
    p += 20;
    memcpy(p, &note, sizeof(note));
    memcpy(p + 12, "Xen", 4);
    memcpy(p + 16, &entry, note.n_descsz);
}

static void put_headers64(uint8_t *file)
{
    Elf64_Ehdr e = { .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1 };
    Elf64_Phdr ph[3] = {
        { .p_type = PT_LOAD,
          .p_offset = KERNEL_TEXT_OFFSET,
          .p_paddr = KERNEL_PADDR,
          .p_filesz = KERNEL_TEXT,
          .p_memsz = KERNEL_TEXT + KERNEL_BSS },
        { .p_type = PT_LOAD,
          .p_offset = KERNEL_DATA_OFFSET,
          .p_paddr = KERNEL_DATA,
          .p_filesz = KERNEL_DATA_SIZE,
          .p_memsz = KERNEL_DATA_SIZE },
        { .p_type = PT_NOTE, .p_offset = NOTE_OFFSET, .p_filesz = 44, .p_align = 4 },
    };

    memcpy(e.e_ident, ELFMAG, SELFMAG);
    e.e_ident[EI_CLASS] = ELFCLASS64;
    e.e_ident[EI_DATA] = ELFDATA2LSB;
    e.e_phoff = sizeof(e);
    e.e_phentsize = sizeof(ph[0]);
    e.e_phnum = 3;
    memcpy(file, &e, sizeof(e));
    memcpy(file + sizeof(e), ph, sizeof(ph));
}

static void put_headers32(uint8_t *file)
{
    Elf32_Ehdr e = { .e_type = ET_EXEC, .e_machine = EM_386, .e_version = 1 };
    Elf32_Phdr ph[3] = {
        { .p_type = PT_LOAD,
          .p_offset = KERNEL_TEXT_OFFSET,
          .p_paddr = KERNEL_PADDR,
          .p_filesz = KERNEL_TEXT,
          .p_memsz = KERNEL_TEXT + KERNEL_BSS },
        { .p_type = PT_LOAD,
          .p_offset = KERNEL_DATA_OFFSET,
          .p_paddr = KERNEL_DATA,
          .p_filesz = KERNEL_DATA_SIZE,
          .p_memsz = KERNEL_DATA_SIZE },
        { .p_type = PT_NOTE, .p_offset = NOTE_OFFSET, .p_filesz = 40, .p_align = 4 },
    };

    memcpy(e.e_ident, ELFMAG, SELFMAG);
    e.e_ident[EI_CLASS] = ELFCLASS32;
    e.e_ident[EI_DATA] = ELFDATA2LSB;
    e.e_phoff = sizeof(e);
    e.e_phentsize = sizeof(ph[0]);
    e.e_phnum = 3;
    memcpy(file, &e, sizeof(e));
    memcpy(file + sizeof(e), ph, sizeof(ph));
}

uint8_t *kernel_make(bool is64, size_t *size)
{
    uint8_t *file = calloc(1, KERNEL_SIZE);

    assert_non_null(file);
    if (is64) {
        put_headers64(file);
    } else {
        put_headers32(file);
    }
    put_note(file, is64);
    for (unsigned int i = 0; i < KERNEL_TEXT; i++) {
        file[KERNEL_TEXT_OFFSET + i] = (uint8_t)(i * 7 + 1);
    }
    for (unsigned int i = 0; i < KERNEL_DATA_SIZE; i++) {
        /* The first page of the data is zeros. */
        file[KERNEL_DATA_OFFSET + i] = i < 0x1000 ? 0 : (uint8_t)(i * 3 + 2);
    }
    *size = KERNEL_SIZE;
    return file;
}

uint8_t *kernel_make_bzimage(const void *payload, size_t length, size_t *size)
{
    const uint32_t offset = 0x340, n = (uint32_t)length;
    const size_t start = (3 + 1) * 512;
    uint8_t *image = calloc(1, start + offset + length + 64);

    assert_non_null(image);
    image[0x1f1] = 3;
    memcpy(image + 0x202, "HdrS", 4);
    image[0x206] = 0x0f;
    image[0x207] = 0x02;
    memcpy(image + 0x248, &offset, 4);
    memcpy(image + 0x24c, &n, 4);
    memcpy(image + start + offset, payload, length);
    *size = start + offset + length + 64;
    return image;
}
