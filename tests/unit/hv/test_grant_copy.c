/* SPDX-License-Identifier: MIT */
/* Grant tables: copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "grant_domains.h"

static void test_copy(void **state)
{
    struct gnttab_copy c;
    unsigned char *to = fake_gfn_ptr(d0, 5), *from = fake_gfn_ptr(d1, 3);

    fill(d1, 3, 1);
    grant(d1, 9, 0, 3, GTF_readonly);
    c = copy_op(1, 9, DOMID_SELF, 5, GNTCOPY_source_gref);
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    assert_memory_equal(to, from, PAGE_SIZE);

    memset(to, 0, PAGE_SIZE);
    c.source.offset = 100;
    c.dest.offset = 4000;
    c.len = 96;
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    assert_memory_equal(to + 4000, from + 100, 96);
    assert_int_equal(to[3999], 0);

    fill(d0, 6, 77); /* the other way */
    grant(d1, 10, 0, 4, 0);
    c = copy_op(DOMID_SELF, 6, 1, 10, GNTCOPY_dest_gref);
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    assert_memory_equal(fake_gfn_ptr(d1, 4), fake_gfn_ptr(d0, 6), PAGE_SIZE);

    grant(d2, 8, 0, 2, 0); /* between two others */
    c = copy_op(1, 9, 2, 8, GNTCOPY_source_gref | GNTCOPY_dest_gref);
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    assert_memory_equal(fake_gfn_ptr(d2, 2), from, PAGE_SIZE);

    c = copy_op(DOMID_SELF, 6, DOMID_SELF, 7, 0); /* within */
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    c = copy_op(DOMID_SELF, 6, DOMID_SELF, 6, 0); /* overlapping */
    c.dest.offset = 1;
    c.len = 4095;
    assert_int_equal(do_copy(d0, c), GNTST_okay);

    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(v1(d1, 10)->flags, GTF_permit_access);
    assert_int_equal(fake_domain_refs(d1) + fake_domain_refs(d2), 0);
    assert_int_equal(fake_gfn_page(d1, 3)->refs, 1);
}

static void test_copy_is_dirty(void **state)
{
    d0->dirty_log = d1->dirty_log = (struct dirty_log *)d1;
    grant(d1, 9, 0, 3, GTF_readonly);
    grant(d1, 10, 0, 4, 0);
    assert_int_equal(do_copy(d0, copy_op(1, 9, DOMID_SELF, 5, GNTCOPY_source_gref)), GNTST_okay);
    assert_int_equal(fake_dirty_marks, 1); /* the caller's own */
    assert_int_equal(fake_dirty_gfn, 5);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 6, 1, 10, GNTCOPY_dest_gref)), GNTST_okay);
    assert_int_equal(fake_dirty_marks, 2); /* the granter's */
    assert_int_equal(fake_dirty_gfn, 4);
    d0->dirty_log = d1->dirty_log = NULL;
}

static void test_copy_refusals(void **state)
{
    struct gnttab_copy c;

    grant(d1, 9, 0, 3, GTF_readonly);
    c = copy_op(1, 9, DOMID_SELF, 5, GNTCOPY_source_gref);
    c.source.offset = 1;
    assert_int_equal(do_copy(d0, c), GNTST_bad_copy_arg);
    c.source.offset = 0;
    c.dest.offset = 0xffff;
    c.len = 0xffff;
    assert_int_equal(do_copy(d0, c), GNTST_bad_copy_arg);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 5, 1, 9, GNTCOPY_dest_gref)),
                     GNTST_general_error); /* read-only */
    assert_int_equal(do_copy(d0, copy_op(1, 512, DOMID_SELF, 5, GNTCOPY_source_gref)),
                     GNTST_bad_gntref);
    assert_int_equal(do_copy(d0, copy_op(7, 9, DOMID_SELF, 5, GNTCOPY_source_gref)),
                     GNTST_bad_domain);
    assert_int_equal(do_copy(d0, copy_op(1, 3, DOMID_SELF, 5, 0)), GNTST_permission_denied);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 3, 1, 5, 0)), GNTST_permission_denied);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, HOLE, DOMID_SELF, 5, 0)), GNTST_bad_page);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 5, DOMID_SELF, HOLE, 0)), GNTST_bad_page);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 5, DOMID_SELF, ~0UL, 0)), GNTST_bad_page);
    d0->p2m->entry[5].type = p2m_ram_ro;
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 6, DOMID_SELF, 5, 0)), GNTST_bad_page);
    assert_int_equal(do_copy(d2, copy_op(1, 9, DOMID_SELF, 5, GNTCOPY_source_gref)),
                     GNTST_general_error); /* granted to someone else */
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(fake_domain_refs(d1) + fake_domain_refs(d0), 0);
    assert_int_equal(fake_gfn_page(d1, 3)->refs, 1);
}

static void test_copy_through_a_mapping(void **state)
{
    grant_handle_t h;

    grant(d1, 9, 0, 3, 0);
    fill(d1, 3, 5);
    assert_int_equal(map(d0, 1, 9, HOLE, RO, &h), 0);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, HOLE, DOMID_SELF, 5, 0)), GNTST_okay);
    assert_memory_equal(fake_gfn_ptr(d0, 5), fake_gfn_ptr(d1, 3), PAGE_SIZE);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 5, DOMID_SELF, HOLE, 0)), GNTST_bad_page);
    /* While it is mapped, copies by the reference don't end its use. */
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 5, 1, 9, GNTCOPY_dest_gref)), GNTST_okay);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_copy),
        TEST(test_copy_is_dirty),
        TEST(test_copy_refusals),
        TEST(test_copy_through_a_mapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
