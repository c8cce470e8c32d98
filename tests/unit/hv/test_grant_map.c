/* SPDX-License-Identifier: MIT */
/* Grant tables: mapping, hostile entries, and domains that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "grant_domains.h"

static void test_map_and_unmap(void **state)
{
    grant_handle_t h;
    unsigned int refs = fake_gfn_page(d1, 3)->refs;

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), GNTST_okay);
    assert_int_equal(d0->p2m->entry[HOLE].type, p2m_grant_rw);
    assert_ptr_equal(fake_gfn_ptr(d0, HOLE), fake_gfn_ptr(d1, 3));
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_true(fake_gfn_page(d1, 3)->refs > refs);
    assert_int_equal(fake_domain_refs(d1), 1);
    fake_p2m_flushes = 0;
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_int_equal(fake_p2m_flushes, 1);
    assert_int_equal(d0->p2m->entry[HOLE].type, p2m_invalid);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access);
    assert_int_equal(fake_gfn_page(d1, 3)->refs, refs);
    assert_int_equal(fake_domain_refs(d1), 0);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_bad_handle);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), GNTST_okay); /* the handle is used again */
    assert_int_equal(h, 0);
}

/* The granter's dirty log, in both versions: when a writable mapping ends. */
static void test_mapping_is_dirty(void **state)
{
    grant_handle_t h;

    d1->dirty_log = (struct dirty_log *)d1;
    for (uint32_t version = 1; version <= 2; version++) {
        set_version(d1, version, 0);
        fake_dirty_marks = 0;
        grant(d1, 9, 0, 3, 0);
        assert_int_equal(map(d0, 1, 9, HOLE, RO, &h), GNTST_okay);
        assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
        assert_int_equal(fake_dirty_marks, 0);
        assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), GNTST_okay);
        assert_int_equal(fake_dirty_marks, 0);
        assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
        assert_int_equal(fake_dirty_marks, 1);
        assert_int_equal(fake_dirty_gfn, 3);
    }
    d1->dirty_log = NULL;
}

static void test_several_mappings_of_an_entry(void **state)
{
    grant_handle_t h[3];

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RO, &h[0]), 0);
    assert_int_equal(d0->p2m->entry[HOLE].type, p2m_grant_ro);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_reading);
    assert_int_equal(map(d0, 1, 9, HOLE + 1, RW, &h[1]), 0);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(map(d0, 1, 9, HOLE + 2, RO, &h[2]), 0);
    assert_int_equal(unmap(d0, h[1], HOLE + 1), 0);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_reading);
    assert_int_equal(unmap(d0, h[0], HOLE), 0);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access | GTF_reading);
    assert_int_equal(unmap(d0, h[2], HOLE + 2), 0);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access);
}

static void test_map_refusals(void **state)
{
    unsigned int refs = fake_gfn_page(d1, 3)->refs;

    grant(d1, 9, 0, 3, GTF_readonly);
    grant(d1, 10, 2, 3, 0);
    grant(d1, 11, 0, 200, 0); /* a hole */
    grant(d1, 12, 0, 0xffffffff, 0);
    v1(d1, 13)->flags = GTF_accept_transfer;
    v1(d1, 14)->flags = GTF_transitive;
    grant(d1, 15, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, NULL), GNTST_general_error);
    assert_int_equal(map(d0, 1, 10, HOLE, RO, NULL), GNTST_general_error);
    assert_int_equal(map(d0, 1, 11, HOLE, RO, NULL), GNTST_bad_page);
    assert_int_equal(map(d0, 1, 12, HOLE, RO, NULL), GNTST_bad_page);
    assert_int_equal(map(d0, 1, 13, HOLE, RO, NULL), GNTST_general_error);
    assert_int_equal(map(d0, 1, 14, HOLE, RO, NULL), GNTST_general_error);
    assert_int_equal(map(d0, 1, 16, HOLE, RO, NULL), GNTST_general_error); /* never written */
    assert_int_equal(map(d0, 1, 512, HOLE, RO, NULL), GNTST_bad_gntref);
    assert_int_equal(map(d0, 1, ~0u, HOLE, RO, NULL), GNTST_bad_gntref);
    assert_int_equal(map(d0, 9, 9, HOLE, RO, NULL), GNTST_bad_domain);
    assert_int_equal(map(d0, DOMID_SELF, 9, HOLE, RO, NULL), GNTST_bad_domain);
    assert_int_equal(map(d0, 1, 15, HOLE, 0, NULL), GNTST_general_error);
    assert_int_equal(map(d0, 1, 15, HOLE, RW | GNTMAP_device_map, NULL), GNTST_no_device_space);
    assert_int_equal(map(d0, 1, 15, HOLE, RW | GNTMAP_contains_pte, NULL), GNTST_general_error);
    assert_int_equal(map(d0, 1, 15, 3, RW, NULL), GNTST_bad_virt_addr); /* own memory there */
    assert_int_equal(map(d0, 1, 15, ~0UL >> 12, RW, NULL), GNTST_bad_virt_addr);
    fake_p2m_set_fails = true;
    assert_int_equal(map(d0, 1, 15, HOLE, RW, NULL), GNTST_no_space);
    fake_p2m_set_fails = false;
    d1->dying = DOMAIN_DYING;
    assert_int_equal(map(d0, 1, 15, HOLE, RW, NULL), GNTST_bad_gntref);
    d1->dying = DOMAIN_ALIVE;
    /* Nothing is left behind. */
    for (grant_ref_t ref = 9; ref <= 16; ref++)
        assert_int_equal(v1(d1, ref)->flags & (GTF_reading | GTF_writing), 0);
    assert_int_equal(fake_gfn_page(d1, 3)->refs, refs);
    assert_int_equal(fake_domain_refs(d1), 0);
}

static void test_no_memory(void **state)
{
    grant(d1, 15, 0, 3, 0);
    for (int n = 0; n < 3; n++) {
        fake_allocs_left = 0;
        assert_int_equal(map(d0, 1, 15, HOLE, RW, NULL), GNTST_no_space);
        assert_int_equal(v1(d1, 15)->flags, GTF_permit_access);
        fake_allocs_left = 1; /* one step further each time */
        assert_int_equal(map(d0, 1, 15, HOLE, RW, NULL), n < 2 ? GNTST_no_space : GNTST_okay);
        fake_allocs_left = -1;
    }
}

/* Only a domain's own memory can be granted. */
static void test_foreign_pages_are_not_granted(void **state)
{
    grant_handle_t h;

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), 0);
    grant(d0, 9, 2, HOLE, 0);
    assert_int_equal(map(d2, 0, 9, HOLE, RW, NULL), GNTST_bad_page);
    d1->p2m->entry[4].type = p2m_ram_ro;
    grant(d1, 10, 0, 4, 0);
    assert_int_equal(map(d0, 1, 10, HOLE + 1, RW, NULL), GNTST_bad_page);
    assert_int_equal(map(d0, 1, 10, HOLE + 1, RO, NULL), GNTST_okay);
}

static void test_unmap_refusals(void **state)
{
    grant_handle_t h;

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), 0);
    assert_int_equal(unmap(d0, h + 1, HOLE), GNTST_bad_handle);
    assert_int_equal(unmap(d0, ~0u, HOLE), GNTST_bad_handle);
    assert_int_equal(unmap(d1, h, HOLE), GNTST_bad_handle); /* another domain's */
    assert_int_equal(unmap(d0, h, HOLE + 1), GNTST_bad_virt_addr);
    assert_int_equal(unmap(d0, h, 0), GNTST_okay); /* ignored, says the interface */
    assert_int_equal(d0->p2m->entry[HOLE].type, p2m_grant_rw);
    fake_p2m_set_fails = true;
    assert_int_equal(unmap(d0, h, HOLE), GNTST_general_error);
    fake_p2m_set_fails = false;
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
}

/* The p2m entry was taken away by other means, with its reference. */
static void test_unmap_after_removal(void **state)
{
    grant_handle_t h;
    struct page_info *pg = fake_gfn_page(d1, 3);

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), 0);
    p2m_set(d0, gfn(HOLE), INVALID_MFN, 0, p2m_invalid);
    page_put(pg);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_int_equal(pg->refs, 1);
    assert_int_equal(v1(d1, 9)->flags, GTF_permit_access);
}

static void test_handles_are_bounded(void **state)
{
    grant_handle_t h = 0;
    unsigned int n = 0;

    grant(d1, 9, 2, 3, 0);
    /* d2 may have 256. The p2m is small: take the entries away behind its back. */
    while (map(d2, 1, 9, HOLE, RO, &h) == GNTST_okay) {
        p2m_set(d2, gfn(HOLE), INVALID_MFN, 0, p2m_invalid);
        page_put(fake_gfn_page(d1, 3));
        n++;
    }
    assert_int_equal(n, 256);
    assert_int_equal(map(d2, 1, 9, HOLE, RO, &h), GNTST_no_space);
    assert_int_equal(unmap(d2, 77, HOLE), GNTST_okay);
    assert_int_equal(map(d2, 1, 9, HOLE, RO, &h), GNTST_okay);
    assert_int_equal(h, 77);
}

static void test_batch_is_preempted(void **state)
{
    struct gnttab_map_grant_ref m[20];
    unsigned int done = 0, steps = 0;
    struct gnttab_map_grant_ref *at = m;
    int rc;

    for (unsigned int i = 0; i < 20; i++) {
        m[i] = (struct gnttab_map_grant_ref){
            .host_addr = (HOLE + i) << 12, .flags = RW, .ref = 9 + i, .dom = 1, .status = 99
        };
        grant(d1, 9 + i, 0, i % 16, 0);
    }
    m[5].ref = 500;
    do {
        fake_preempt_after = 0;
        rc = op(d0, GNTTABOP_map_grant_ref, at, 20 - done);
        if (rc == -ERESTART) {
            assert_true(current->hcall.restart);
            assert_int_equal(current->hcall.args[0], GNTTABOP_map_grant_ref);
            at = (void *)current->hcall.args[1];
            done = (unsigned int)(at - m);
            assert_int_equal(current->hcall.args[2], 20 - done);
            assert_int_equal(m[done].status, 99);
            steps++;
        }
    } while (rc == -ERESTART);
    assert_int_equal(rc, 0);
    assert_true(steps > 0);
    for (unsigned int i = 0; i < 20; i++)
        assert_int_equal(m[i].status, i == 5 ? GNTST_general_error : GNTST_okay);
}

static void test_bad_calls(void **state)
{
    int unsupported[] = {
        GNTTABOP_dump_table, GNTTABOP_transfer, GNTTABOP_unmap_and_replace, 13, 99, -1
    };
    struct gnttab_map_grant_ref m[2] = { { .dom = 1, .flags = RW } };

    for (unsigned int i = 0; i < ARRAY_SIZE(unsupported); i++)
        assert_int_equal(op(d1, (unsigned int)unsupported[i], NULL, 1), -ENOSYS);
    assert_int_equal(op(d1, GNTTABOP_cache_flush, NULL, 1), -EOPNOTSUPP);
    for (unsigned int cmd = 0; cmd < 12; cmd++) {
        if (cmd == 3 || cmd == 4 || cmd == 7)
            continue;
        assert_int_equal(op(d1, cmd, NULL, 1), -EFAULT);
        assert_int_equal(op(d1, cmd, NULL, ~0u), -EINVAL);
    }
    assert_int_equal(op(d1, GNTTABOP_query_size, NULL, 2), -EINVAL);
    assert_int_equal(op(d1, GNTTABOP_map_grant_ref, NULL, 0), 0);
    fake_copies_left = 1; /* in, but not out */
    assert_int_equal(op(d0, GNTTABOP_map_grant_ref, m, 1), -EFAULT);
}

/* --- hostile granters --- */

static void change_entry(struct domain *d, gfn_t g)
{
    if (d == d1) {
        v1(d1, 9)->flags = 0;
        v1(d1, 9)->frame = 4;
        v1(d1, 9)->domid = 2;
    }
}

static void test_entry_changes_while_used(void **state)
{
    grant_handle_t h, h2;

    grant(d1, 9, 0, 3, 0);
    fake_on_lookup = change_entry;
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), GNTST_okay);
    fake_on_lookup = NULL;
    assert_ptr_equal(fake_gfn_ptr(d0, HOLE), fake_gfn_ptr(d1, 3));
    /* Granted to someone else meanwhile: not while it is in use. */
    grant(d1, 9, 2, 4, 0);
    assert_int_equal(map(d2, 1, 9, HOLE, RW, &h2), GNTST_general_error);
    /* Another page meanwhile: what counts is what it was at first. */
    grant(d1, 9, 0, 4, 0);
    assert_int_equal(map(d0, 1, 9, HOLE + 1, RW, &h2), GNTST_okay);
    assert_ptr_equal(fake_gfn_ptr(d0, HOLE + 1), fake_gfn_ptr(d1, 3));
    memset(d1->grant->frame[0].shared, 0xff, PAGE_SIZE);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    memset(d1->grant->frame[0].shared, 0, PAGE_SIZE);
    assert_int_equal(unmap(d0, h2, HOLE + 1), GNTST_okay);
    assert_int_equal(fake_gfn_page(d1, 3)->refs, 1);
}

/* A page ballooned out while it is mapped lives until it is unmapped. */
static void test_page_given_up_while_mapped(void **state)
{
    grant_handle_t h;
    struct page_info *pg = fake_gfn_page(d1, 3);

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), GNTST_okay);
    p2m_set(d1, gfn(3), INVALID_MFN, 0, p2m_invalid);
    assert_true(page_free_guest(pg));
    assert_false(pg->flags & PAGE_FREE);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_true(pg->flags & PAGE_FREE);
}

/* --- ends --- */

static void test_granter_ends_first(void **state)
{
    grant_handle_t h;
    struct page_info *pg = fake_gfn_page(d1, 3);

    grant(d1, 9, 0, 3, 0);
    assert_int_equal(map(d0, 1, 9, HOLE, RW, &h), GNTST_okay);
    end_domain(d1);
    p2m_set(d1, gfn(3), INVALID_MFN, 0, p2m_invalid);
    page_free_guest(pg);
    assert_int_equal(fake_domain_refs(d1), 1); /* the mapping holds it */
    assert_false(pg->flags & PAGE_FREE);
    assert_int_equal(map(d0, 1, 9, HOLE + 1, RW, NULL), GNTST_bad_gntref);
    assert_int_equal(unmap(d0, h, HOLE), GNTST_okay);
    assert_true(pg->flags & PAGE_FREE);
    assert_int_equal(fake_domain_refs(d1), 0);
}

static void test_grantee_ends_in_steps(void **state)
{
    unsigned int steps = 0;

    for (grant_ref_t ref = 0; ref < 60; ref++) {
        grant(d1, ref, 0, ref % 16, ref & 1 ? GTF_readonly : 0);
        assert_int_equal(map(d0, 1, ref, HOLE + ref, ref & 1 ? RO : RW, NULL), GNTST_okay);
    }
    grant(d0, 3, 0, 2, 0); /* one of its own */
    assert_int_equal(map(d0, 0, 3, HOLE + 99, RW, NULL), GNTST_okay);
    d0->dying = DOMAIN_DYING;
    do {
        fake_preempt_after = 0;
        steps++;
    } while (grant_domain_release_mappings(d0) == -ERESTART);
    assert_true(steps > 2);
    for (grant_ref_t ref = 0; ref < 60; ref++)
        assert_int_equal(v1(d1, ref)->flags & (GTF_reading | GTF_writing), 0);
    for (unsigned int g = 0; g < 16; g++)
        assert_int_equal(fake_gfn_page(d1, g)->refs, 1);
    assert_int_equal(fake_domain_refs(d0) + fake_domain_refs(d1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_map_and_unmap),
        TEST(test_mapping_is_dirty),
        TEST(test_several_mappings_of_an_entry),
        TEST(test_map_refusals),
        TEST(test_no_memory),
        TEST(test_foreign_pages_are_not_granted),
        TEST(test_unmap_refusals),
        TEST(test_unmap_after_removal),
        TEST(test_handles_are_bounded),
        TEST(test_batch_is_preempted),
        TEST(test_bad_calls),
        TEST(test_entry_changes_while_used),
        TEST(test_page_given_up_while_mapped),
        TEST(test_granter_ends_first),
        TEST(test_grantee_ends_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
