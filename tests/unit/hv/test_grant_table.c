/* SPDX-License-Identifier: MIT */
/* Grant tables: their frames, and their versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "grant_domains.h"

static void test_v2_map(void **state)
{
    grant_handle_t h;

    set_version(d1, 2, 0);
    grant(d1, 200, 0, 3, 0);
    assert_int_equal(map(d0, 1, 200, HOLE, RW, &h), GNTST_okay);
    assert_int_equal(v2(d1, 200)->hdr.flags, GTF_permit_access);
    assert_int_equal(status_of(d1, 200), GTF_reading | GTF_writing);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_int_equal(status_of(d1, 200), 0);
    assert_int_equal(map(d0, 1, 256, HOLE, RW, &h), GNTST_bad_gntref);
    grant(d1, 200, 0, 1UL << 40, 0);
    assert_int_equal(map(d0, 1, 200, HOLE, RW, &h), GNTST_bad_page);
    assert_int_equal(status_of(d1, 200), 0);
    grant(d1, 200, 0, 3, GTF_readonly);
    assert_int_equal(map(d0, 1, 200, HOLE, RW, &h), GNTST_general_error);
    assert_int_equal(map(d0, 1, 200, HOLE, RO, &h), GNTST_okay);
    assert_int_equal(status_of(d1, 200), GTF_reading);
}

static void test_v2_sub_page(void **state)
{
    struct gnttab_copy c;

    set_version(d1, 2, 0);
    fill(d1, 3, 9);
    grant(d1, 20, 0, 3, GTF_sub_page);
    v2(d1, 20)->sub_page.page_off = 1000;
    v2(d1, 20)->sub_page.length = 100;
    assert_int_equal(map(d0, 1, 20, HOLE, RO, NULL), GNTST_general_error);
    c = copy_op(1, 20, DOMID_SELF, 5, GNTCOPY_source_gref);
    c.source.offset = 1000;
    c.len = 100;
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    assert_memory_equal(fake_gfn_ptr(d0, 5), (char *)fake_gfn_ptr(d1, 3) + 1000, 100);
    c.len = 101;
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    c.len = 100;
    c.source.offset = 999;
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    v2(d1, 20)->sub_page.length = 0xffff;
    c.source.offset = 1000;
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    assert_int_equal(status_of(d1, 20), 0);
    assert_int_equal(fake_gfn_page(d1, 3)->refs, 1);
}

static void grant_transitive(struct domain *d, grant_ref_t ref, domid_t to, domid_t via,
                             grant_ref_t via_ref)
{
    v2(d, ref)->hdr.domid = to;
    v2(d, ref)->transitive.trans_domid = via;
    v2(d, ref)->transitive.gref = via_ref;
    v2(d, ref)->hdr.flags = GTF_transitive;
}

static void test_v2_transitive(void **state)
{
    struct gnttab_copy c = copy_op(1, 30, DOMID_SELF, 5, GNTCOPY_source_gref);

    set_version(d1, 2, 0);
    grant_transitive(d1, 30, 0, 2, 40); /* d2 lets d1, d1 lets d0 */
    grant(d2, 40, 1, 3, GTF_readonly);
    fill(d2, 3, 50);
    assert_int_equal(do_copy(d0, c), GNTST_okay);
    assert_memory_equal(fake_gfn_ptr(d0, 5), fake_gfn_ptr(d2, 3), PAGE_SIZE);
    assert_int_equal(do_copy(d0, copy_op(DOMID_SELF, 5, 1, 30, GNTCOPY_dest_gref)),
                     GNTST_general_error); /* the first is read-only */
    assert_int_equal(map(d0, 1, 30, HOLE, RO, NULL), GNTST_general_error);
    assert_int_equal(status_of(d1, 30), 0);
    assert_int_equal(v1(d2, 40)->flags, GTF_permit_access | GTF_readonly);
    grant(d2, 40, 0, 3, 0); /* lets d0, not d1 */
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    grant_transitive(d1, 30, 0, 66, 40);
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    grant_transitive(d1, 30, 0, 1, 30); /* itself */
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    grant_transitive(d1, 30, 0, 2, 5000);
    assert_int_equal(do_copy(d0, c), GNTST_bad_gntref);
    /* In a circle, and a chain of three. */
    set_version(d2, 2, 0);
    grant_transitive(d1, 30, 0, 2, 40);
    grant_transitive(d2, 40, 1, 1, 30);
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    assert_int_equal(status_of(d1, 30) | status_of(d2, 40), 0);
    assert_int_equal(fake_domain_refs(d0) + fake_domain_refs(d1) + fake_domain_refs(d2), 0);
}

static void test_v2_changes_its_kind(void **state)
{
    grant_handle_t h;
    struct gnttab_copy c = copy_op(1, 20, DOMID_SELF, 5, GNTCOPY_source_gref);

    set_version(d1, 2, 0);
    grant(d1, 20, 0, 3, 0);
    assert_int_equal(map(d0, 1, 20, HOLE, RW, &h), GNTST_okay);
    /* It becomes a transitive one while it is mapped. */
    grant_transitive(d1, 20, 0, 2, 40);
    assert_int_equal(do_copy(d0, c), GNTST_general_error);
    assert_int_equal(status_of(d1, 20), GTF_reading | GTF_writing);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_int_equal(status_of(d1, 20), 0);
}

static void test_set_version(void **state)
{
    grant_handle_t h, h2;
    struct domain *d5 = fake_domain(5, 1, 0);

    set_version(d1, 0, -EINVAL);
    set_version(d1, 3, -EINVAL);
    set_version(d1, 1, 0);
    grant(d1, 0, 0, 3, 0); /* the console's, mapped by dom0 */
    grant(d1, 1, 0, 4, GTF_readonly);
    grant(d1, 8, 0, 5, 0); /* not reserved */
    assert_int_equal(map(d0, 1, 0, HOLE, RW, &h), GNTST_okay);
    assert_int_equal(map(d0, 1, 8, HOLE + 1, RW, &h2), GNTST_okay);
    set_version(d1, 2, -EBUSY);
    assert_int_equal(unmap(d0, h2, HOLE + 1), GNTST_okay);
    set_version(d1, 2, 0);
    assert_int_equal(v2(d1, 0)->hdr.flags, GTF_permit_access);
    assert_int_equal(v2(d1, 0)->full_page.frame, 3);
    assert_int_equal(status_of(d1, 0), GTF_reading | GTF_writing);
    assert_int_equal(v2(d1, 1)->hdr.flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(v2(d1, 8)->hdr.flags, 0);
    v2(d1, 1)->full_page.frame = 1UL << 33; /* more than version 1 can say */
    set_version(d1, 1, 0);
    assert_int_equal(v1(d1, 0)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(v1(d1, 0)->frame, 3);
    assert_int_equal(v1(d1, 1)->flags, 0);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_int_equal(v1(d1, 0)->flags, GTF_permit_access);

    assert_int_equal(grant_domain_init(d5, 1, 1, 1), 0);
    set_version(d5, 2, -ENOSYS);
    end_domain(d5);
    grant_domain_free(d5);
    fake_domain_discard(d5);
    fake_allocs_left = 0;
    set_version(d2, 2, -ENOMEM);
    fake_allocs_left = -1;
    assert_int_equal(d2->grant->version, 1);
}

/* --- the table --- */

static void test_sizes(void **state)
{
    struct gnttab_query_size q = { .dom = DOMID_SELF };
    struct gnttab_get_version v = { .dom = 2 };

    assert_int_equal(op(d2, GNTTABOP_query_size, &q, 1), 0);
    assert_int_equal(q.status, GNTST_okay);
    assert_int_equal(q.nr_frames, 1);
    assert_int_equal(q.max_nr_frames, 4);
    q.dom = 1;
    assert_int_equal(op(d2, GNTTABOP_query_size, &q, 1), 0);
    assert_int_equal(q.status, GNTST_permission_denied);
    assert_int_equal(op(d0, GNTTABOP_query_size, &q, 1), 0);
    assert_int_equal(q.max_nr_frames, 64);
    q.dom = 88;
    assert_int_equal(op(d0, GNTTABOP_query_size, &q, 1), 0);
    assert_int_equal(q.status, GNTST_bad_domain);
    assert_int_equal(op(d0, GNTTABOP_get_version, &v, 1), 0);
    assert_int_equal(v.version, 1);
    assert_int_equal(op(d1, GNTTABOP_get_version, &v, 1), -EPERM);
    v.dom = 88;
    assert_int_equal(op(d0, GNTTABOP_get_version, &v, 1), -ESRCH);
}

static void test_setup_table(void **state)
{
    uint64_t list[8] = { 0 };
    struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 3 };
    struct gnttab_get_status_frames f = { .dom = DOMID_SELF, .nr_frames = 1 };

    s.frame_list.p = list;
    f.frame_list.p = list;
    assert_int_equal(op(d2, GNTTABOP_setup_table, &s, 1), 0);
    assert_int_equal(s.status, GNTST_okay);
    assert_int_equal(d2->grant->nr_frames, 3);
    assert_true(list[2] == ~0UL && list[3] == 0);
    s.nr_frames = 5;
    assert_int_equal(op(d2, GNTTABOP_setup_table, &s, 1), 0);
    assert_int_equal(s.status, GNTST_general_error);
    s.nr_frames = 4;
    fake_allocs_left = 0;
    assert_int_equal(op(d2, GNTTABOP_setup_table, &s, 1), 0);
    assert_int_equal(s.status, GNTST_general_error);
    fake_allocs_left = -1;
    assert_int_equal(op(d2, GNTTABOP_get_status_frames, &f, 1), 0);
    assert_int_equal(f.status, GNTST_general_error); /* not in version 1 */
    set_version(d2, 2, 0);
    f.nr_frames = 2;
    assert_int_equal(op(d2, GNTTABOP_get_status_frames, &f, 1), 0);
    assert_int_equal(f.status, GNTST_general_error);
    f.nr_frames = 1;
    assert_int_equal(op(d2, GNTTABOP_get_status_frames, &f, 1), 0);
    assert_int_equal(f.status, GNTST_okay);
    d2->is_hvm = false;
    assert_int_equal(op(d2, GNTTABOP_setup_table, &s, 1), 0);
    assert_int_equal(list[3], virt_to_mfn(d2->grant->frame[3].shared).v);
    s.frame_list.p = NULL;
    assert_int_equal(op(d2, GNTTABOP_setup_table, &s, 1), -EFAULT);
    d2->is_hvm = true;
    assert_int_equal(fake_domain_refs(d2), 0);
}

static void test_table_frame(void **state)
{
    mfn_t m;

    assert_int_equal(grant_table_frame(d2, 0, false, &m), 0);
    assert_int_equal(m.v, virt_to_mfn(d2->grant->frame[0].shared).v);
    assert_int_equal(mfn_to_page(m)->owner, 2);
    assert_int_equal(grant_table_frame(d2, 3, false, &m), 0);
    assert_int_equal(d2->grant->nr_frames, 4);
    assert_int_equal(grant_table_frame(d2, 4, false, &m), -EINVAL);
    assert_int_equal(grant_table_frame(d2, ~0u, false, &m), -EINVAL);
    assert_int_equal(grant_table_frame(d2, 0, true, &m), -EINVAL);
    set_version(d2, 2, 0);
    assert_int_equal(grant_table_frame(d2, 0, true, &m), 0);
    assert_int_equal(m.v, virt_to_mfn(d2->grant->status[0]).v);
    assert_int_equal(grant_table_frame(d2, 1, true, &m), -EINVAL);
    set_version(d1, 2, 0);
    assert_int_equal(grant_table_frame(d1, 2, true, &m), 0);
    assert_int_equal(d1->grant->nr_frames, 17);
    assert_int_equal(d1->grant->nr_status, 3);
    fake_allocs_left = 2;
    assert_int_equal(grant_table_frame(d1, 30, false, &m), -ENOMEM);
    fake_allocs_left = -1;
    assert_int_equal(grant_table_frame(d1, 63, false, &m), 0);
    /* All of it is usable. */
    grant(d1, 64 * 256 - 1, 0, 3, 0);
    assert_int_equal(map(d0, 1, 64 * 256 - 1, HOLE, RW, NULL), GNTST_okay);
    assert_int_equal(map(d0, 1, 64 * 256, HOLE + 1, RW, NULL), GNTST_bad_gntref);
}

static void test_swap(void **state)
{
    struct gnttab_swap_grant_ref s = { .ref_a = 9, .ref_b = 10 };
    grant_handle_t h;

    for (uint32_t version = 1; version <= 2; version++) {
        set_version(d1, version, 0);
        grant(d1, 9, 0, 3, 0);
        grant(d1, 10, 0, 4, GTF_readonly);
        s.ref_b = 10;
        assert_int_equal(op(d1, GNTTABOP_swap_grant_ref, &s, 1), 0);
        assert_int_equal(s.status, GNTST_okay);
        assert_int_equal(map(d0, 1, 10, HOLE, RW, &h), GNTST_okay);
        assert_ptr_equal(fake_gfn_ptr(d0, HOLE), fake_gfn_ptr(d1, 3));
        assert_int_equal(op(d1, GNTTABOP_swap_grant_ref, &s, 1), 0);
        assert_int_equal(s.status, GNTST_eagain);
        assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
        s.ref_b = 600;
        assert_int_equal(op(d1, GNTTABOP_swap_grant_ref, &s, 1), 0);
        assert_int_equal(s.status, GNTST_bad_gntref);
        s.ref_b = 9;
        assert_int_equal(op(d1, GNTTABOP_swap_grant_ref, &s, 1), 0);
        assert_int_equal(s.status, GNTST_okay);
    }
}

static void test_init_refusals(void **state)
{
    struct domain *d = fake_domain(5, 1, 0);

    assert_int_equal(grant_domain_init(d, 0, -1, 2), -EINVAL);
    assert_int_equal(grant_domain_init(d, 513, -1, 2), -EINVAL);
    assert_int_equal(grant_domain_init(d, 1, -1, 3), -EINVAL);
    for (int n = 0; n < 3; n++) {
        fake_allocs_left = n;
        assert_int_equal(grant_domain_init(d, 64, -1, 2), -ENOMEM);
        fake_allocs_left = -1;
        assert_null(d->grant);
    }
    fake_domain_discard(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_v2_map),        TEST(test_v2_sub_page),
        TEST(test_v2_transitive), TEST(test_v2_changes_its_kind),
        TEST(test_set_version),   TEST(test_sizes),
        TEST(test_setup_table),   TEST(test_table_frame),
        TEST(test_swap),          TEST(test_init_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
