/* SPDX-License-Identifier: MIT */
/* ELF kernels, right ones and hostile ones. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/elf.h>
#include <hv/errno.h>

#define NOTE_AT   0x200u
#define NOTE_SIZE (16u + 8 + 16 + 8)
#define DATA_AT   0x400u
#define FILE_SIZE 0x1000u
static uint8_t file[FILE_SIZE];

static Elf64_Phdr *phdr(unsigned int i)
{
    return (Elf64_Phdr *)(file + sizeof(Elf64_Ehdr)) + i;
}

static void note(uint8_t *at, const char *owner, uint32_t type, uint64_t value, uint32_t size)
{
    Elf64_Nhdr n = { .n_namesz = 4, .n_descsz = size, .n_type = type };

    memcpy(at, &n, sizeof(n));
    memcpy(at + sizeof(n), owner, 4);
    memcpy(at + sizeof(n) + 4, &value, size);
}

static int setup(void **state)
{
    Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                     .e_type = ET_EXEC,
                     .e_machine = EM_X86_64,
                     .e_entry = 0xffffffff81000000,
                     .e_phoff = sizeof(h),
                     .e_phentsize = sizeof(Elf64_Phdr),
                     .e_phnum = 4 };

    memset(file, 0, sizeof(file));
    memcpy(file, &h, sizeof(h));
    *phdr(0) = (Elf64_Phdr){ .p_type = PT_LOAD,
                             .p_offset = DATA_AT,
                             .p_paddr = 0x1000000,
                             .p_filesz = 0x400,
                             .p_memsz = 0x2000 };
    *phdr(1) = (Elf64_Phdr){ .p_type = PT_LOAD,
                             .p_offset = DATA_AT + 0x400,
                             .p_paddr = 0x1002000,
                             .p_filesz = 0x800,
                             .p_memsz = 0x800 };
    *phdr(2) = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = NOTE_SIZE };
    *phdr(3) = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_offset = ~0UL, .p_filesz = ~0UL };
    note(file + NOTE_AT, "GNU", 18, 0x1234, 8);
    note(file + NOTE_AT + 24, "Xen", 18, 0x1000850, 8);
    return 0;
}

/* Parses a copy that ends where the file ends: ASan sees an overrun. */
static int parse(struct elf *e, size_t size, uint8_t **copy)
{
    *copy = malloc(size ? size : 1);
    memcpy(*copy, file, size);
    return elf_parse(e, *copy, size);
}

static int parse_whole(void)
{
    struct elf e;
    uint8_t *copy;
    int rc = parse(&e, FILE_SIZE, &copy);
    uint64_t v;

    if (!rc)
        elf_xen_note(&e, 18, &v);
    free(copy);
    return rc;
}

static void test_good(void **state)
{
    struct elf e;
    uint8_t *copy;
    uint64_t v = 0;

    assert_int_equal(parse(&e, FILE_SIZE, &copy), 0);
    assert_int_equal(e.nr_load, 2);
    assert_int_equal(e.load[0].paddr, 0x1000000);
    assert_int_equal(e.load[0].mem_size, 0x2000);
    assert_int_equal(e.load[1].offset, DATA_AT + 0x400);
    assert_int_equal(e.start, 0x1000000);
    assert_int_equal(e.end, 0x1002800);
    assert_true(elf_xen_note(&e, 18, &v));
    assert_int_equal(v, 0x1000850);
    assert_false(elf_xen_note(&e, 17, &v));
    free(copy);
}

static void test_note_of_4_bytes(void **state)
{
    struct elf e;
    uint8_t *copy;
    uint64_t v = ~0UL;

    note(file + NOTE_AT + 24, "Xen", 18, 0x1000850, 4);
    assert_int_equal(parse(&e, FILE_SIZE, &copy), 0);
    assert_true(elf_xen_note(&e, 18, &v));
    assert_int_equal(v, 0x1000850);
    free(copy);
}

static void test_cut_anywhere(void **state)
{
    for (size_t n = 0; n < FILE_SIZE; n++) {
        struct elf e;
        uint8_t *copy;

        assert_int_equal(parse(&e, n, &copy), -ENOEXEC);
        free(copy);
    }
}

static void test_headers_that_lie(void **state)
{
    static const uint64_t values[] = { 0,         1,         0x7fffffff, 0xffffffff,
                                       1UL << 52, 1UL << 63, ~0UL,       ~0UL - 0x1000 };

    for (unsigned int i = 0; i < 3; i++) {
        for (size_t off = 0; off < sizeof(Elf64_Phdr); off += 8) {
            for (unsigned int v = 0; v < ARRAY_SIZE(values); v++) {
                setup(NULL);
                memcpy((uint8_t *)phdr(i) + off, &values[v], 8);
                parse_whole();
            }
        }
    }
}

static void test_refused(void **state)
{
    setup(NULL);
    phdr(0)->p_filesz = 0x2001;
    assert_int_equal(parse_whole(), -ENOEXEC);
    setup(NULL);
    phdr(1)->p_paddr = 0x1001fff; /* overlaps the first */
    assert_int_equal(parse_whole(), -ENOEXEC);
    setup(NULL);
    phdr(0)->p_offset = FILE_SIZE - 0x3ff;
    assert_int_equal(parse_whole(), -ENOEXEC);
    setup(NULL);
    phdr(0)->p_paddr = ~0UL - 0x100;
    assert_int_equal(parse_whole(), -ENOEXEC);
    setup(NULL);
    file[4] = ELFCLASS32;
    assert_int_equal(parse_whole(), -ENOEXEC);
    setup(NULL);
    file[18] = EM_AARCH64;
    assert_int_equal(parse_whole(), -ENOEXEC);
    setup(NULL);
    phdr(0)->p_type = phdr(1)->p_type = PT_NULL;
    assert_int_equal(parse_whole(), -ENOEXEC);
}

static void test_broken_notes(void **state)
{
    for (unsigned int off = 0; off < NOTE_SIZE; off++) {
        for (unsigned int v = 0; v < 256; v += 5) {
            uint8_t old = file[NOTE_AT + off];

            file[NOTE_AT + off] = v;
            /* notes at the very end of the file */
            phdr(2)->p_offset = FILE_SIZE - NOTE_SIZE;
            memcpy(file + FILE_SIZE - NOTE_SIZE, file + NOTE_AT, NOTE_SIZE);
            assert_int_equal(parse_whole(), 0);
            file[NOTE_AT + off] = old;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, setup),
        cmocka_unit_test_setup(test_note_of_4_bytes, setup),
        cmocka_unit_test_setup(test_cut_anywhere, setup),
        cmocka_unit_test_setup(test_headers_that_lie, setup),
        cmocka_unit_test_setup(test_refused, setup),
        cmocka_unit_test_setup(test_broken_notes, setup),
    };

    return cmocka_run_group_tests_name("hv-elf", tests, NULL, NULL);
}
