/* SPDX-License-Identifier: MIT */
/* Contiguous memory at boot: from the top, just what is needed, all given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <hv/boot.h>

struct boot_info boot_info;
uintptr_t unit_direct_map_base = 0x100000000000, unit_frame_table_base = 0x200000000000;

#define PAGES 0x4000u /* 64 MiB */
static bool taken[PAGES];

struct page_info *page_alloc_exact(mfn_t start, unsigned int order)
{
    assert_int_equal(start.v & ((1UL << order) - 1), 0);
    for (uint64_t i = start.v; i < start.v + (1UL << order); i++)
        if (i >= PAGES || taken[i])
            return NULL;
    memset(taken + start.v, true, 1UL << order);
    return mfn_to_page(start);
}

void page_free(struct page_info *pg, unsigned int order)
{
    uint64_t m = page_to_mfn(pg).v;

    for (uint64_t i = m; i < m + (1UL << order); i++) {
        assert_true(taken[i]);
        taken[i] = false;
    }
}

static unsigned int count(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < PAGES; i++)
        n += taken[i];
    return n;
}

static int setup(void **state)
{
    memset(taken, 0, sizeof(taken));
    boot_info.nr_mem = 3;
    boot_info.mem[0] = (struct boot_mem){ 0x100000, 0x2000000, BOOT_MEM_RAM };
    boot_info.mem[1] = (struct boot_mem){ 0x2000000, 0x2100000, BOOT_MEM_RESERVED };
    boot_info.mem[2] = (struct boot_mem){ 0x2100000, 0x3ffe800, BOOT_MEM_RAM };
    return 0;
}

static void test_from_the_top(void **state)
{
    void *a = boot_scratch_alloc(0x5001), *b = boot_scratch_alloc(PAGE_SIZE);

    assert_int_equal(virt_to_paddr(a), 0x3ffe000 - 0x6000);
    assert_int_equal(virt_to_paddr(b), 0x3ffe000 - 0x7000);
    assert_int_equal(count(), 7);
    boot_scratch_free(a);
    assert_int_equal(count(), 1);
    boot_scratch_free(b);
    assert_int_equal(count(), 0);
}

static void test_around_what_is_used(void **state)
{
    void *a;

    taken[0x3000] = taken[0x2f00] = true; /* too little between them, and above */
    a = boot_scratch_alloc(0x1000 * PAGE_SIZE);
    assert_non_null(a);
    assert_true(virt_to_mfn(a).v + 0x1000 <= 0x2000); /* only the lower range has it */
    assert_int_equal(count(), 0x1002);
    boot_scratch_free(a);
    assert_int_equal(count(), 2);
}

static void test_none(void **state)
{
    assert_null(boot_scratch_alloc(0x2000000));
    assert_null(boot_scratch_alloc(0));
    assert_int_equal(count(), 0);
}

static void test_entries_are_used_again(void **state)
{
    for (unsigned int i = 0; i < 100; i++) {
        void *a = boot_scratch_alloc(0x300000);

        assert_non_null(a);
        boot_scratch_free(a);
    }
    assert_int_equal(count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_from_the_top, setup),
        cmocka_unit_test_setup(test_around_what_is_used, setup),
        cmocka_unit_test_setup(test_none, setup),
        cmocka_unit_test_setup(test_entries_are_used_again, setup),
    };

    return cmocka_run_group_tests_name("hv-boot-scratch", tests, NULL, NULL);
}
