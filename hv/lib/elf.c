/* SPDX-License-Identifier: MIT */
#include <hv/elf.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/string.h>

struct ehdr {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct nhdr {
    uint32_t namesz, descsz, type;
};

#define ET_EXEC    2
#define ET_DYN     3
#define EM_X86_64  62
#define PT_LOAD    1
#define PT_NOTE    4

#define PADDR_BITS 52

static bool ident_is_elf64(const uint8_t *ident)
{
    /* magic, 64 bits, little endian, version 1 */
    return !memcmp(ident, "\177ELF\2\1\1", 7);
}

static int wrong(const char *what)
{
    log_error("ELF kernel: %s\n", what);
    return -ENOEXEC;
}

static int add_load(struct elf *e, const struct phdr *p)
{
    struct elf_segment *s;

    if (!p->memsz)
        return 0;
    if (p->filesz > p->memsz)
        return wrong("a segment is larger in the file than in memory");
    if (p->paddr >> PADDR_BITS || p->memsz >> PADDR_BITS)
        return wrong("a segment lies beyond the physical address space");
    for (unsigned int i = 0; i < e->nr_load; i++) {
        s = &e->load[i];
        if (p->paddr < s->paddr + s->mem_size && s->paddr < p->paddr + p->memsz)
            return wrong("segments overlap");
    }
    if (e->nr_load == ELF_MAX_SEGMENTS)
        return wrong("too many segments");
    e->load[e->nr_load++] = (struct elf_segment){
        .paddr = p->paddr, .offset = p->offset, .file_size = p->filesz, .mem_size = p->memsz
    };
    if (e->nr_load == 1 || p->paddr < e->start)
        e->start = p->paddr;
    e->end = max(e->end, p->paddr + p->memsz);
    return 0;
}

static int add_segment(struct elf *e, const struct phdr *p)
{
    if (p->type != PT_LOAD && p->type != PT_NOTE)
        return 0;
    if (p->offset > e->size || p->filesz > e->size - p->offset)
        return wrong("a segment lies outside of the file");
    if (p->type == PT_LOAD)
        return add_load(e, p);
    if (e->nr_note < ELF_MAX_SEGMENTS)
        e->note[e->nr_note++] = (struct elf_segment){ .offset = p->offset, .file_size = p->filesz };
    return 0;
}

int elf_parse(struct elf *e, const void *data, size_t size)
{
    struct ehdr h;
    struct phdr p;

    memset(e, 0, sizeof(*e));
    e->data = data;
    e->size = size;
    if (size < sizeof(h))
        return wrong("the file is too short");
    memcpy(&h, data, sizeof(h));
    if (!ident_is_elf64(h.ident) || h.machine != EM_X86_64 ||
        (h.type != ET_EXEC && h.type != ET_DYN))
        return wrong("not an x86-64 executable");
    if (h.phentsize != sizeof(p) || !h.phnum || h.phoff > size ||
        (size - h.phoff) / sizeof(p) < h.phnum)
        return wrong("no program headers, or not in the file");
    e->entry = h.entry;
    for (unsigned int i = 0; i < h.phnum; i++) {
        int rc;

        memcpy(&p, e->data + h.phoff + i * sizeof(p), sizeof(p));
        rc = add_segment(e, &p);
        if (rc)
            return rc;
    }
    return e->nr_load ? 0 : wrong("nothing to load");
}

/* Looks for the note in one segment. Names and descriptors are padded to 4 bytes. */
static bool find_note(const uint8_t *data, uint64_t size, uint32_t type, uint64_t *value)
{
    uint64_t off = 0;

    while (size - off >= sizeof(struct nhdr)) {
        const uint8_t *name;
        uint64_t name_size, desc_size;
        struct nhdr n;

        memcpy(&n, data + off, sizeof(n));
        off += sizeof(n);
        name_size = ROUND_UP((uint64_t)n.namesz, 4);
        desc_size = ROUND_UP((uint64_t)n.descsz, 4);
        if (name_size > size - off || desc_size > size - off - name_size)
            return false;
        name = data + off;
        if (n.type == type && n.namesz == 4 && !memcmp(name, "Xen", 4) &&
            (n.descsz == 4 || n.descsz == 8)) {
            *value = 0;
            memcpy(value, name + name_size, n.descsz);
            return true;
        }
        off += name_size + desc_size;
    }
    return false;
}

bool elf_xen_note(const struct elf *e, uint32_t type, uint64_t *value)
{
    for (unsigned int i = 0; i < e->nr_note; i++)
        if (find_note(e->data + e->note[i].offset, e->note[i].file_size, type, value))
            return true;
    return false;
}
