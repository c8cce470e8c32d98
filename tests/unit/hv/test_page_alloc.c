/* SPDX-License-Identifier: MIT */
/* The frame allocator, ownership of frames, and small objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include <hv/string.h>

#include "fake_mem.h"

#define TOTAL                                                                                      \
    (FAKE_NODE0_END - 1 + FAKE_NODE1_END - FAKE_NODE1_START + FAKE_HIGH_END - FAKE_HIGH_START)

static int set_up(void **state)
{
    fake_mem_setup();
    return 0;
}

static bool is_zero(const void *p, size_t n)
{
    const char *c = p;

    return !n || (!c[0] && !memcmp(c, c + 1, n - 1));
}

static void test_boot_memory_is_dirty_then_scrubbed(void **state)
{
    assert_int_equal(page_alloc_total(), TOTAL);
    assert_int_equal(page_alloc_free(-1), TOTAL);
    assert_int_equal(page_alloc_dirty(), TOTAL);
    assert_int_equal(page_alloc_free(0), FAKE_NODE0_END - 1);
    assert_null(page_alloc(0, ALLOC_CLEAN));
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), TOTAL);
}

static void test_valid_frames(void **state)
{
    assert_false(mfn_valid(mfn(0)));
    assert_true(mfn_valid(mfn(1)));
    assert_true(mfn_valid(mfn(FAKE_NODE0_END - 1)));
    assert_false(mfn_valid(mfn(FAKE_NODE0_END)));
    assert_false(mfn_valid(mfn(FAKE_NODE1_START - 1)));
    assert_true(mfn_valid(mfn(FAKE_NODE1_START)));
    assert_true(mfn_valid(mfn(FAKE_HIGH_START)));
    assert_false(mfn_valid(mfn(FAKE_HIGH_END)));
    assert_false(mfn_valid(INVALID_MFN));
}

static void test_where_allocations_come_from(void **state)
{
    struct page_info *pg = page_alloc(3, ALLOC_NODE(0) | ALLOC_EXACT);
    unsigned int n = 0;

    assert_true(page_to_mfn(pg).v < FAKE_NODE0_END);
    page_free(pg, 3);
    pg = page_alloc(3, ALLOC_NODE(1));
    assert_true(page_to_mfn(pg).v >= FAKE_HIGH_START);
    page_free(pg, 3);
    pg = page_alloc(3, ALLOC_NODE(1) | ALLOC_BELOW_4G);
    assert_in_range(page_to_mfn(pg).v, FAKE_NODE1_START, FAKE_NODE1_END - 8);
    page_free(pg, 3);
    assert_null(page_alloc(0, ALLOC_NODE(7) | ALLOC_EXACT));

    /* Node 0's memory used up: without ALLOC_EXACT node 1 helps out. */
    struct page_info *all[FAKE_NODE0_END];

    while ((pg = page_alloc(0, ALLOC_NODE(0) | ALLOC_EXACT)))
        all[n++] = pg;
    assert_int_equal(n, FAKE_NODE0_END - 1);
    pg = page_alloc(0, ALLOC_NODE(0));
    assert_non_null(pg);
    page_free(pg, 0);
    while (n)
        page_free(all[--n], 0);
    /* As it was told to: against all reason. */
    page_alloc_set_fallback(1, (const uint8_t[]){ 0, 1 });
    pg = page_alloc(0, ALLOC_NODE(1));
    assert_true(page_to_mfn(pg).v < FAKE_NODE0_END);
    page_free(pg, 0);
    page_alloc_set_fallback(1, (const uint8_t[]){ 1, 0 });
    pg = page_alloc(0, ALLOC_NODE(1));
    assert_true(page_to_mfn(pg).v >= FAKE_NODE1_START);
    page_free(pg, 0);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), TOTAL);
}

static void test_frames_are_zeroed_unless_told(void **state)
{
    char *p = hv_alloc_pages(2, 0);

    assert_true(is_zero(p, 4 * PAGE_SIZE));
    memset(p, 0x5a, 4 * PAGE_SIZE);
    hv_free_pages(p, 2);
    p = hv_alloc_pages(2, 0);
    assert_true(is_zero(p, 4 * PAGE_SIZE));
    hv_free_pages(p, 2);
    p = hv_alloc_pages(0, 0);
    memset(p, 0x5a, PAGE_SIZE);
    hv_free_pages(p, 0);
    p = hv_alloc_pages(0, 0); /* the same frame, by way of the cache */
    assert_true(is_zero(p, PAGE_SIZE));
    hv_free_pages(p, 0);
    hv_free_pages(NULL, 0);
    assert_null(hv_alloc_pages(ORDER_1G + 1, 0));
}

#define MODEL_BLOCKS 300

/* Random orders, taken and given back: no overlap, right alignment, nothing lost. */
static void test_random_against_a_model(void **state)
{
    static uint8_t used[FAKE_HIGH_END];
    static struct {
        uint64_t m;
        unsigned int order;
    } blocks[MODEL_BLOCKS];
    uint64_t frames = 0;
    unsigned int n = 0;

    fake_seed = 20231;
    for (unsigned int step = 0; step < 20000; step++) {
        if (n < MODEL_BLOCKS && fake_random() % 2) {
            unsigned int order = fake_random() % 4 ? fake_random() % 3 : fake_random() % 10;
            unsigned int flags = (unsigned int[]){ 0, ALLOC_NO_SCRUB, ALLOC_NODE(1),
                                                   ALLOC_BELOW_4G }[fake_random() % 4];
            struct page_info *pg = page_alloc(order, flags);
            uint64_t m;

            if (!pg)
                continue;
            m = page_to_mfn(pg).v;
            assert_int_equal(m & ((1UL << order) - 1), 0);
            for (uint64_t i = m; i < m + (1UL << order); i++) {
                assert_true(mfn_valid(mfn(i)));
                assert_false(used[i]);
                used[i] = 1;
                if (!(flags & ALLOC_NO_SCRUB))
                    assert_true(is_zero(mfn_to_virt(mfn(i)), 64));
                memset(mfn_to_virt(mfn(i)), 0x77, 64);
            }
            blocks[n].m = m;
            blocks[n++].order = order;
            frames += 1UL << order;
        } else if (n) {
            unsigned int i = fake_random() % n;

            memset(&used[blocks[i].m], 0, 1UL << blocks[i].order);
            page_free(mfn_to_page(mfn(blocks[i].m)), blocks[i].order);
            frames -= 1UL << blocks[i].order;
            blocks[i] = blocks[--n];
        }
        if (fake_random() % 16 == 0)
            page_alloc_scrub_some();
        assert_int_equal(page_alloc_free(-1), TOTAL - frames);
    }
    while (n--)
        page_free(mfn_to_page(mfn(blocks[n].m)), blocks[n].order);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), TOTAL);
    /* All of it merged again: the largest aligned blocks can be had. */
    struct page_info *big = page_alloc_exact(mfn(6144), 11);

    assert_non_null(big);
    page_free(big, 11);
    fake_mem_settle();
}

static void test_given_frames(void **state)
{
    struct page_info *pg = page_alloc_exact(mfn(512), 9), *one;

    assert_int_equal(page_to_mfn(pg).v, 512);
    assert_null(page_alloc_exact(mfn(512), 9));
    assert_null(page_alloc_exact(mfn(600), 0));
    assert_null(page_alloc_exact(mfn(513), 1));            /* not aligned */
    assert_null(page_alloc_exact(mfn(FAKE_NODE0_END), 0)); /* no memory */
    assert_null(page_alloc_exact(mfn(0), 9));              /* frame 0 is not the allocator's */
    one = page_alloc_exact(mfn(1027), 0);
    assert_int_equal(page_to_mfn(one).v, 1027);
    assert_null(page_alloc_exact(mfn(1024), 9)); /* not whole */
    assert_int_equal(page_alloc_free(-1), TOTAL - 513);
    page_free(one, 0);
    fake_cpu.node = 0;
    page_free(pg, 9);
    pg = page_alloc_exact(mfn(1024), 9); /* of clean and dirty pieces */
    assert_non_null(pg);
    page_free(pg, 9);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), TOTAL);
}

static void test_accounting(void **state)
{
    struct domain *d = fake_domain_new(3), *other = fake_domain_new(4);
    struct page_info *pg, *single;

    d->max_pages = 5;
    pg = domain_page_alloc(d, 2, 0);
    assert_int_equal(d->tot_pages, 4);
    assert_null(domain_page_alloc(d, 1, 0)); /* over the limit */
    assert_int_equal(d->tot_pages, 4);
    single = domain_page_alloc(d, 0, 0);
    assert_non_null(single);
    assert_int_equal(d->page_refs_left, 5);
    assert_int_equal(fake_domain_refcount(3), 2);

    assert_true(page_get(&pg[1], d));
    assert_false(page_get(&pg[1], other));
    assert_true(page_get_any(&pg[1]));
    assert_true(page_free_guest(&pg[1]));
    assert_false(page_free_guest(&pg[1])); /* once */
    assert_int_equal(d->tot_pages, 5);     /* still referred to */
    page_put(&pg[1]);
    page_put(&pg[1]);
    assert_int_equal(d->tot_pages, 4);
    assert_false(page_get(&pg[1], d));
    assert_false(page_get_any(&pg[1]));

    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(page_free_guest(&pg[i]), i != 1);
    assert_true(page_free_guest(single));
    assert_int_equal(d->page_refs_left, 0);
    assert_int_equal(fake_domain_refcount(3), 1);
    d->dying = DOMAIN_DYING;
    assert_null(domain_page_alloc(d, 0, 0));
    fake_domain_delete(d);
    fake_domain_delete(other);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), TOTAL);
}

static void test_reference_count_is_bounded(void **state)
{
    struct domain *d = fake_domain_new(3);
    struct page_info *pg = domain_page_alloc(d, 0, 0);

    pg->refs = 0x7fffffff;
    assert_false(page_get(pg, d));
    assert_false(page_get_any(pg));
    pg->refs = 1;
    page_free_guest(pg);
    fake_domain_delete(d);
}

static void test_shared_frames(void **state)
{
    struct domain *d = fake_domain_new(2);
    struct page_info *pg = page_alloc(0, 0);

    d->max_pages = 0;
    assert_false(page_get(pg, d));
    assert_int_equal(domain_share_page(d, pg), 0);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(d->shared_pages, 1);
    assert_true(page_get(pg, d));
    assert_false(page_free_guest(pg)); /* not the guest's to free */
    domain_unshare_page(d, pg);
    assert_int_equal(d->page_refs_left, 1);
    page_put(pg);
    assert_int_equal(d->page_refs_left, 0);
    assert_int_equal(d->shared_pages, 0);
    fake_domain_delete(d);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), TOTAL);
}

static void test_claims(void **state)
{
    struct domain *d = fake_domain_new(2), *e = fake_domain_new(5);
    struct page_info *pg, *hog;

    assert_int_equal(domain_claim_pages(d, TOTAL + 1), -ENOMEM);
    assert_int_equal(domain_claim_pages(d, d->max_pages + 1), -EINVAL);
    assert_int_equal(domain_claim_pages(d, TOTAL - 600), 0);
    assert_int_equal(page_alloc_claimed(), TOTAL - 600);
    assert_int_equal(domain_claim_pages(d, 10), -EINVAL); /* has one */
    hog = domain_page_alloc(e, 9, 0);
    assert_non_null(hog);
    assert_null(domain_page_alloc(e, 9, 0)); /* claimed by d */
    pg = domain_page_alloc(d, 9, 0);
    assert_non_null(pg);
    assert_int_equal(page_alloc_claimed(), TOTAL - 600 - 512);
    assert_int_equal(domain_claim_pages(d, 0), 0);
    assert_int_equal(page_alloc_claimed(), 0);
    assert_int_equal(domain_claim_pages(d, 512), -EINVAL); /* has that much */
    for (unsigned int i = 0; i < 512; i++) {
        assert_true(page_free_guest(&pg[i]));
        assert_true(page_free_guest(&hog[i]));
    }
    fake_domain_delete(d);
    fake_domain_delete(e);
}

/* Many sizes: zeroed, apart from each other, aligned; the pages come back. */
static void test_small_objects(void **state)
{
    struct {
        uint8_t *p;
        size_t size;
    } objs[400] = { { NULL, 0 } };
    uint64_t before;

    fake_mem_settle();
    before = page_alloc_free(-1);
    fake_seed = 77;
    for (unsigned int step = 0; step < 20000; step++) {
        unsigned int i = fake_random() % 400;

        if (objs[i].p) {
            for (size_t k = 0; k < objs[i].size; k++)
                assert_int_equal(objs[i].p[k], (uint8_t)i);
            hv_free(objs[i].p);
            objs[i].p = NULL;
            continue;
        }
        objs[i].size = fake_random() % 8 ? fake_random() % 300 : fake_random() % 4097;
        objs[i].p = hv_alloc(objs[i].size);
        assert_non_null(objs[i].p);
        assert_int_equal((uintptr_t)objs[i].p % 16, 0);
        assert_true(is_zero(objs[i].p, objs[i].size));
        memset(objs[i].p, (uint8_t)i, objs[i].size);
    }
    for (unsigned int i = 0; i < 400; i++)
        hv_free(objs[i].p);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), before);
    assert_null(hv_alloc(PAGE_SIZE + 1));
    hv_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boot_memory_is_dirty_then_scrubbed),
        cmocka_unit_test(test_valid_frames),
        cmocka_unit_test(test_where_allocations_come_from),
        cmocka_unit_test(test_frames_are_zeroed_unless_told),
        cmocka_unit_test(test_random_against_a_model),
        cmocka_unit_test(test_given_frames),
        cmocka_unit_test(test_accounting),
        cmocka_unit_test(test_reference_count_is_bounded),
        cmocka_unit_test(test_shared_frames),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_small_objects),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
