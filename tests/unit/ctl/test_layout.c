/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "build_layout.h"
#include "build_start.h"

#include <xen/arch-x86/hvm/start_info.h>

#define MIB        0x100000ull
#define GIB        0x40000000ull
#define KERNEL_END (0x4a00000ull - 5)

/* The map has no overlaps, is sorted, and has exactly the memory that was asked for as RAM. */
static void expect_map(const struct layout *l, uint64_t memory)
{
    uint64_t end = 0, ram = 0;

    for (unsigned int i = 0; i < l->map_count; i++) {
        assert_true(l->map[i].start >= end);
        end = l->map[i].start + l->map[i].size;
        if (l->map[i].type == XEN_HVM_MEMMAP_TYPE_RAM) {
            ram += l->map[i].size;
        }
    }
    assert_int_equal(ram, memory);
}

static void memory_is_split_around_the_hole(void **state)
{
    static const uint64_t sizes[] = { 128 * MIB, 3 * GIB - MIB, 3 * GIB, 3 * GIB + MIB,
                                      1024 * GIB };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct layout l;

        assert_true(layout_init(&l, sizes[i], 1000, KERNEL_END, 4000, 0));
        expect_map(&l, sizes[i]);
        assert_true(l.low_end <= 3 * GIB);
        assert_int_equal(l.low_end + l.high_end - LAYOUT_HIGH, sizes[i]);
        assert_int_equal(l.acpi_size, 4096);
        assert_int_equal(l.initrd, 0);
    }
}

static void loaded_things_do_not_overlap(void **state)
{
    struct layout l;

    assert_true(layout_init(&l, 512 * MIB, 1000, KERNEL_END, 5000, 30 * MIB + 3));
    assert_true(l.start_info >= KERNEL_END);
    assert_int_equal(l.start_info % 4096, 0);
    assert_true(l.initrd >= l.start_info + 5000);
    assert_int_equal(l.initrd % (2 * MIB), 0);
    assert_true(l.initrd + 30 * MIB + 3 <= l.low_end);
}

static void a_small_guest_does_without_alignment(void **state)
{
    uint64_t kernel_end = 31 * MIB;
    struct layout l;

    assert_true(layout_init(&l, 32 * MIB, 1000, kernel_end, 4000, MIB / 2));
    assert_true(l.initrd >= l.start_info + 4000 && l.initrd + MIB / 2 <= 32 * MIB);
}

static void what_does_not_fit_is_refused(void **state)
{
    struct layout l;

    assert_false(layout_init(&l, 64 * MIB, 1000, KERNEL_END, 4000, 0));
    assert_false(layout_init(&l, 128 * MIB, 1000, KERNEL_END, 4000, 128 * MIB));
    assert_false(layout_init(&l, 1024 * GIB, 1000, KERNEL_END, 4000, 4 * GIB));
    assert_false(layout_init(&l, 1024 * GIB, 1000, KERNEL_END, 4000, UINT64_MAX - 5));
    /* The start info has to be in the first GiB. */
    assert_false(layout_init(&l, 1024 * GIB, 1000, GIB - 100, 4000, 0));
}

/* Takes all extents of a range and checks that they are it, each once, aligned. */
static void expect_extents(uint64_t first, uint64_t end, unsigned int max_order, size_t max,
                           const size_t counts[3])
{
    size_t found[3] = { 0 }, n;
    uint64_t extents[8], gfn = first, expected = first;
    unsigned int order;

    while ((n = layout_extents(&gfn, end, max_order, extents, max, &order))) {
        assert_true(order <= max_order);
        found[order / 9] += n;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(extents[i], expected);
            assert_int_equal(expected & ((1ull << order) - 1), 0);
            expected += 1ull << order;
        }
        assert_int_equal(gfn, expected);
    }
    assert_int_equal(expected, end);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(found[i], counts[i]);
    }
}

static void extents_are_the_largest_possible(void **state)
{
    const uint64_t gib = 1 << 18;

    expect_extents(0, 512, 18, 8, (const size_t[]){ 0, 1, 0 });
    expect_extents(0, 3 * gib, 18, 8, (const size_t[]){ 0, 0, 3 });
    expect_extents(0, 3 * gib, 9, 8, (const size_t[]){ 0, 3 * 512, 0 });
    expect_extents(0, 1024, 0, 8, (const size_t[]){ 1024, 0, 0 });
    expect_extents(5, gib * 2 + 514, 18, 8, (const size_t[]){ 507 + 2, 511 + 1, 1 });
    expect_extents(7, 7, 18, 8, (const size_t[]){ 0, 0, 0 });
}

static void the_start_info_points_to_its_parts(void **state)
{
    static const char cmdline[] = "console=hvc0 root=/dev/xvda1";
    size_t size = start_info_size(cmdline);
    const struct hvm_memmap_table_entry *map;
    const struct hvm_modlist_entry *module;
    const struct hvm_start_info *info;
    struct layout l;
    uint8_t *block = malloc(size);

    assert_true(layout_init(&l, 4 * GIB, 1000, KERNEL_END, size, MIB));
    start_info_build(block, &l, cmdline, MIB);
    info = (const void *)block;
    assert_int_equal(info->magic, XEN_HVM_START_MAGIC_VALUE);
    assert_int_equal(info->version, 1);
    assert_int_equal(info->rsdp_paddr, LAYOUT_ACPI);
    assert_int_equal(info->nr_modules, 1);
    assert_string_equal(block + (info->cmdline_paddr - l.start_info), cmdline);
    module = (const void *)(block + (info->modlist_paddr - l.start_info));
    assert_int_equal(module->paddr, l.initrd);
    assert_int_equal(module->size, MIB);
    map = (const void *)(block + (info->memmap_paddr - l.start_info));
    assert_int_equal(info->memmap_entries, l.map_count);
    for (unsigned int i = 0; i < l.map_count; i++) {
        assert_int_equal(map[i].addr, l.map[i].start);
        assert_int_equal(map[i].size, l.map[i].size);
        assert_int_equal(map[i].type, l.map[i].type);
    }
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_split_around_the_hole),
        cmocka_unit_test(loaded_things_do_not_overlap),
        cmocka_unit_test(a_small_guest_does_without_alignment),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(extents_are_the_largest_possible),
        cmocka_unit_test(the_start_info_points_to_its_parts),
    };

    return cmocka_run_group_tests_name("ctl-layout", tests, NULL, NULL);
}
