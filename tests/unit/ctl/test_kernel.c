/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <elf.h>
#include <errno.h>

#include "build_kernel.h"
#include "kernel.h"
#include "pack.h"

static void expect_kernel(const struct kernel_image *image)
{
    const struct elf_kernel *elf = &image->elf;

    assert_int_equal(elf->entry, KERNEL_ENTRY);
    assert_int_equal(elf->count, 2);
    assert_int_equal(elf->start, KERNEL_PADDR);
    assert_int_equal(elf->end, KERNEL_DATA + KERNEL_DATA_SIZE);
    assert_int_equal(elf->segments[0].paddr, KERNEL_PADDR);
    assert_int_equal(elf->segments[0].filesz, KERNEL_TEXT);
    assert_int_equal(elf->segments[0].memsz, KERNEL_TEXT + KERNEL_BSS);
    assert_int_equal(elf->segments[1].offset, KERNEL_DATA_OFFSET);
    assert_int_equal(image->size, KERNEL_SIZE);
}

static void both_classes_are_read(void **state)
{
    for (int is64 = 0; is64 < 2; is64++) {
        struct kernel_image image;
        const char *why = NULL;
        size_t size;
        uint8_t *file = kernel_make(is64, &size);

        assert_int_equal(kernel_parse(file, size, NULL, &image, &why), 0);
        expect_kernel(&image);
        assert_ptr_equal(image.data, file);
        kernel_free(&image);
        free(file);
    }
}

static void a_bzimage_is_read_in_every_compression(void **state)
{
    for (int kind = UNPACK_NONE; kind <= UNPACK_LZ4; kind++) {
        struct kernel_image image;
        const char *why = NULL;
        size_t size, length;
        uint8_t *elf = kernel_make(true, &size), *payload, *file;
        uint32_t appended = (uint32_t)size;

        if (kind == UNPACK_NONE) {
            payload = malloc(size + 4);
            memcpy(payload, elf, size);
            length = size;
        } else {
            payload = pack(kind, elf, size, &length);
            memcpy(payload + length, &appended, 4);
            length += 4;
        }
        file = kernel_make_bzimage(payload, length, &size);
        assert_int_equal(kernel_parse(file, size, NULL, &image, &why), 0);
        expect_kernel(&image);
        assert_memory_equal(image.data, elf, KERNEL_SIZE);
        kernel_free(&image);
        free(file);
        free(payload);
        free(elf);
    }
}

static void expect_refused(uint8_t *file, size_t size, const char *part)
{
    struct kernel_image image;
    const char *why = "";

    assert_true(kernel_parse(file, size, NULL, &image, &why) < 0);
    if (!strstr(why, part)) {
        fail_msg("\"%s\" does not say \"%s\"", why, part);
    }
}

static void reasons_are_given(void **state)
{
    size_t size, image_size;
    uint8_t *file = kernel_make(true, &size), *image;
    Elf64_Ehdr *e = (Elf64_Ehdr *)file;
    Elf64_Phdr *ph = (Elf64_Phdr *)(file + sizeof(*e));
    Elf64_Phdr saved[3];
    Elf64_Ehdr saved_header = *e;

    memcpy(saved, ph, sizeof(saved));
    expect_refused(file, 40, "cut short");
    e->e_machine = EM_AARCH64;
    expect_refused(file, size, "not for x86");
    *e = saved_header;
    e->e_phoff = UINT64_MAX - 8;
    expect_refused(file, size, "program headers");
    *e = saved_header;
    e->e_phnum = 0xffff;
    expect_refused(file, size, "program headers");
    *e = saved_header;
    ph[2].p_type = PT_NULL;
    expect_refused(file, size, "no PVH entry point");
    memcpy(ph, saved, sizeof(saved));
    ph[0].p_paddr = 0x2000000;
    expect_refused(file, size, "outside of its segments");
    memcpy(ph, saved, sizeof(saved));
    ph[0].p_paddr = UINT64_MAX - 0x1000;
    expect_refused(file, size, "above 4 GiB");
    memcpy(ph, saved, sizeof(saved));
    ph[0].p_memsz = UINT64_MAX;
    expect_refused(file, size, "above 4 GiB");
    memcpy(ph, saved, sizeof(saved));
    ph[1].p_offset = size;
    expect_refused(file, size, "not within the file");
    memcpy(ph, saved, sizeof(saved));
    ph[1].p_filesz = ph[1].p_memsz + 1;
    expect_refused(file, size, "not within the file");
    memcpy(ph, saved, sizeof(saved));
    ph[2].p_filesz = UINT64_MAX;
    expect_refused(file, size, "notes");
    memcpy(ph, saved, sizeof(saved));

    image = kernel_make_bzimage(file, size, &image_size);
    image[0x206] = 0x07;
    expect_refused(image, image_size, "2.08");
    image[0x206] = 0x0f;
    memset(image + 0x24c, 0xff, 4);
    expect_refused(image, image_size, "not within the file");
    memset(image + 0x24c, 0, 4);
    expect_refused(image, image_size, "not within the file");
    free(image);
    memset(file, 'x', 64);
    expect_refused(file, size, "neither an ELF file nor compressed");
    free(file);
}

/* Whatever a file holds, what is read of it stays within it. */
static void a_hostile_file_is_survived(void **state)
{
    uint32_t seed = 99;

    for (int i = 0; i < 20000; i++) {
        struct kernel_image image;
        const char *why = NULL;
        size_t size;
        uint8_t *file = kernel_make(i & 1, &size);

        /* In the headers and the notes. */
        for (uint32_t n = test_random(&seed) % 6; n-- > 0;) {
            uint32_t at = test_random(&seed) % 0x240;

            file[at] = test_random(&seed) % 2 ? 0xff : (uint8_t)test_random(&seed);
        }
        if (kernel_parse(file, size, NULL, &image, &why) == 0) {
            assert_true(image.elf.entry >= image.elf.start && image.elf.entry < image.elf.end);
            for (unsigned int s = 0; s < image.elf.count; s++) {
                const struct elf_segment *segment = &image.elf.segments[s];

                assert_true(segment->filesz <= segment->memsz);
                assert_true(segment->offset + segment->filesz <= size);
                assert_true(segment->paddr + segment->memsz <= 1ull << 32);
            }
            kernel_free(&image);
        } else {
            assert_non_null(why);
        }
        free(file);
    }
}

static void errors_name_file_and_key(void **state)
{
    struct kernel_image image;

    assert_int_equal(kernel_load("/nonexistent/vmlinuz", NULL, &image), PANDO_E_NOT_FOUND);
    assert_string_equal(pando_error_key(NULL), "kernel");
    assert_non_null(strstr(pando_error_text(NULL), "/nonexistent/vmlinuz"));
    assert_int_equal(kernel_load("/proc/self/exe", NULL, &image), PANDO_E_FILE);
    assert_int_equal(kernel_load("/", NULL, &image), PANDO_E_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_classes_are_read),
        cmocka_unit_test(a_bzimage_is_read_in_every_compression),
        cmocka_unit_test(reasons_are_given),
        cmocka_unit_test(a_hostile_file_is_survived),
        cmocka_unit_test(errors_name_file_and_key),
    };

    return cmocka_run_group_tests_name("ctl-kernel", tests, NULL, NULL);
}
