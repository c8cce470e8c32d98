/* SPDX-License-Identifier: MIT */
/* Grant tables: mapping, copying, versions, hostile entries, and domains that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "core/grant_internal.h"
#include "fake_machine.h"

#define HOLE 100 /* gfns from here on are empty */

static struct domain *d0, *d1, *d2;

static int op(struct domain *d, unsigned int cmd, void *arg, unsigned int count)
{
    fake_set_current(d, 0);
    current->hcall.restart = false;
    return do_grant_table_op(cmd, FAKE_ARG(arg), count);
}

static int set_up(void **state)
{
    fake_machine_reset();
    d0 = fake_domain(0, 1, 16);
    d0->is_privileged = true;
    dom0 = d0;
    d1 = fake_domain(1, 1, 16);
    d2 = fake_domain(2, 1, 16);
    assert_int_equal(grant_domain_init(d0, -1, -1, 2), 0);
    assert_int_equal(grant_domain_init(d1, 64, 4, 2), 0);
    assert_int_equal(grant_domain_init(d2, 4, 1, 2), 0);
    return 0;
}

/* The order in which a domain's destruction calls. */
static void end_domain(struct domain *d)
{
    d->dying = DOMAIN_DYING;
    fake_preempt_after = -1;
    assert_int_equal(grant_domain_release_mappings(d), 0);
    grant_domain_release_frames(d);
}

static int tear_down(void **state)
{
    struct domain *all[] = { d0, d1, d2 };

    for (int i = 0; i < 3; i++)
        end_domain(all[i]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fake_domain_refs(all[i]), 0);
        for (unsigned int g = 0; g < FAKE_GFNS; g++)
            assert_false(p2m_holds_ref(all[i]->p2m->entry[g].type));
        assert_int_equal(all[i]->shared_pages, 0);
        grant_domain_free(all[i]);
        fake_domain_discard(all[i]);
    }
    assert_int_equal(fake_live_allocs, 0);
    assert_int_equal(fake_frames_used(), 0);
    return 0;
}

static struct grant_entry_v1 *v1(struct domain *d, grant_ref_t ref)
{
    return grant_entry_v1(d->grant, ref);
}

static union grant_entry_v2 *v2(struct domain *d, grant_ref_t ref)
{
    return grant_entry_v2(d->grant, ref);
}

/* What a guest writes to grant its @gfn_nr to @to, in the version that its table has. */
static void grant(struct domain *d, grant_ref_t ref, domid_t to, uint64_t gfn_nr, uint16_t flags)
{
    if (d->grant->version == 1) {
        v1(d, ref)->domid = to;
        v1(d, ref)->frame = (uint32_t)gfn_nr;
        v1(d, ref)->flags = GTF_permit_access | flags;
    } else {
        v2(d, ref)->hdr.domid = to;
        v2(d, ref)->full_page.frame = gfn_nr;
        v2(d, ref)->hdr.flags = GTF_permit_access | flags;
    }
}

static void set_version(struct domain *d, uint32_t version, int expect)
{
    struct gnttab_set_version v = { .version = version };

    assert_int_equal(op(d, GNTTABOP_set_version, &v, 1), expect);
    assert_int_equal(v.version, d->grant->version);
}

static int map(struct domain *d, domid_t granter, grant_ref_t ref, uint64_t gfn_nr, uint32_t flags,
               grant_handle_t *handle)
{
    struct gnttab_map_grant_ref m = {
        .host_addr = gfn_nr << 12, .flags = flags, .ref = ref, .dom = granter
    };

    assert_int_equal(op(d, GNTTABOP_map_grant_ref, &m, 1), 0);
    if (handle)
        *handle = m.handle;
    return m.status;
}

static int unmap(struct domain *d, grant_handle_t handle, uint64_t gfn_nr)
{
    struct gnttab_unmap_grant_ref u = { .host_addr = gfn_nr << 12, .handle = handle };

    assert_int_equal(op(d, GNTTABOP_unmap_grant_ref, &u, 1), 0);
    return u.status;
}

#define RW GNTMAP_host_map
#define RO (GNTMAP_host_map | GNTMAP_readonly)

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

/* --- copies --- */

static struct gnttab_copy copy_op(domid_t from, uint64_t from_at, domid_t to, uint64_t to_at,
                                  uint16_t flags)
{
    struct gnttab_copy c = { .source.domid = from, .dest.domid = to, .len = 4096, .flags = flags };

    if (flags & GNTCOPY_source_gref)
        c.source.u.ref = (grant_ref_t)from_at;
    else
        c.source.u.gmfn = from_at;
    if (flags & GNTCOPY_dest_gref)
        c.dest.u.ref = (grant_ref_t)to_at;
    else
        c.dest.u.gmfn = to_at;
    return c;
}

static int do_copy(struct domain *d, struct gnttab_copy c)
{
    assert_int_equal(op(d, GNTTABOP_copy, &c, 1), 0);
    return c.status;
}

static void fill(struct domain *d, uint64_t gfn_nr, int seed)
{
    unsigned char *p = fake_gfn_ptr(d, gfn_nr);

    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        p[i] = (unsigned char)(i * 7 + seed);
}

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

/* --- version 2 --- */

static grant_status_t status_of(struct domain *d, grant_ref_t ref)
{
    return *grant_entry_status(d->grant, ref);
}

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_map_and_unmap),
        TEST(test_several_mappings_of_an_entry),
        TEST(test_map_refusals),
        TEST(test_no_memory),
        TEST(test_foreign_pages_are_not_granted),
        TEST(test_unmap_refusals),
        TEST(test_unmap_after_removal),
        TEST(test_handles_are_bounded),
        TEST(test_batch_is_preempted),
        TEST(test_bad_calls),
        TEST(test_copy),
        TEST(test_copy_refusals),
        TEST(test_copy_through_a_mapping),
        TEST(test_entry_changes_while_used),
        TEST(test_page_given_up_while_mapped),
        TEST(test_v2_map),
        TEST(test_v2_sub_page),
        TEST(test_v2_transitive),
        TEST(test_v2_changes_its_kind),
        TEST(test_set_version),
        TEST(test_sizes),
        TEST(test_setup_table),
        TEST(test_table_frame),
        TEST(test_swap),
        TEST(test_init_refusals),
        TEST(test_granter_ends_first),
        TEST(test_grantee_ends_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
