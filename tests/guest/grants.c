/* SPDX-License-Identifier: MIT */
/* Grant tables, both versions: a domain grants to itself. */
#include "lib.h"

static struct grant_entry_v1 *v1;
static union grant_entry_v2 *v2;
static uint16_t *status;

/* A mapping left by test_map. */
static uint64_t left_at;
static grant_handle_t left_handle;

static void *map_frame(uint64_t idx)
{
    uint64_t at = hole_alloc(1);
    struct xen_add_to_physmap x = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .idx = idx, .gpfn = at >> 12
    };

    return memory_op(XENMEM_add_to_physmap, &x) ? NULL : (void *)at;
}

static void grant_v1(grant_ref_t ref, const void *page, uint16_t flags)
{
    v1[ref].frame = (uint32_t)((uint64_t)page >> 12);
    v1[ref].domid = 0;
    barrier();
    v1[ref].flags = flags;
}

static int map(grant_ref_t ref, uint64_t at, uint32_t flags, grant_handle_t *handle)
{
    struct gnttab_map_grant_ref op = { .host_addr = at, .flags = flags, .ref = ref, .dom = 0 };
    long rc = grant_op(GNTTABOP_map_grant_ref, &op, 1);

    *handle = op.handle;
    return rc ? (int)rc * 1000 : op.status;
}

static int unmap(uint64_t at, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = { .host_addr = at, .handle = handle };
    long rc = grant_op(GNTTABOP_unmap_grant_ref, &op, 1);

    return rc ? (int)rc * 1000 : op.status;
}

static void test_map(void)
{
    uint8_t *page = page_get();
    uint64_t at = hole_alloc(1);
    grant_handle_t h;

    left_at = hole_alloc(1);

    page[5] = 42;
    grant_v1(8, page, GTF_permit_access);
    CHECK_EQUAL(map(8, at, GNTMAP_host_map, &h), GNTST_okay, "map");
    CHECK_EQUAL(((volatile uint8_t *)at)[5], 42, "it is the page");
    ((volatile uint8_t *)at)[6] = 43;
    CHECK_EQUAL(ACCESS(page[6]), 43, "also for writing");
    *(volatile uint8_t *)at = 0xc3; /* RET */
    CHECK_EQUAL(trap_call((void (*)(void *))at, NULL), 13, "executed: #GP");
    CHECK_EQUAL(this_cpu()->trap.rip, at, "there");
    CHECK_EQUAL(v1[8].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing, "in use");
    CHECK_EQUAL(map(8, left_at, GNTMAP_host_map | GNTMAP_readonly, &left_handle), GNTST_okay,
                "mapped again");
    CHECK_EQUAL(map(8, at, GNTMAP_host_map, &(grant_handle_t){ 0 }), GNTST_bad_virt_addr,
                "where something is");
    CHECK_EQUAL(unmap(left_at, h), GNTST_bad_virt_addr, "unmap with another's address");
    CHECK_EQUAL(unmap(at, h), GNTST_okay, "unmap");
    CHECK_EQUAL(unmap(at, h), GNTST_bad_handle, "twice");
    CHECK_EQUAL(v1[8].flags & (GTF_reading | GTF_writing), GTF_reading, "still read");
    CHECK_EQUAL(unmap(0, 0xfffff), GNTST_bad_handle, "no such handle");
}

static void test_map_errors(void)
{
    uint8_t *page = page_get();
    uint64_t at = hole_alloc(1);
    struct gnttab_map_grant_ref op = {
        .host_addr = at, .flags = GNTMAP_host_map, .ref = 9, .dom = 77
    };
    grant_handle_t h;

    CHECK_EQUAL(map(9, at, GNTMAP_host_map, &h), GNTST_general_error, "an invalid entry");
    CHECK_EQUAL(map(100000, at, GNTMAP_host_map, &h), GNTST_bad_gntref, "beyond the table");
    CHECK_EQUAL(map(~0u, at, GNTMAP_host_map, &h), GNTST_bad_gntref, "reference 2^32-1");
    grant_op(GNTTABOP_map_grant_ref, &op, 1);
    CHECK_EQUAL(op.status, GNTST_bad_domain, "of no domain");
    grant_v1(9, page, GTF_permit_access | GTF_readonly);
    CHECK_EQUAL(map(9, at, GNTMAP_host_map, &h), GNTST_general_error,
                "read-only mapped for writing");
    CHECK_EQUAL(map(9, at, GNTMAP_host_map | GNTMAP_readonly, &h), GNTST_okay, "for reading");
    CHECK_EQUAL(unmap(at, h), GNTST_okay, "unmapped");
    CHECK(map(9, at, 0, &h) < 0, "map without a place");
    CHECK(map(9, 1UL << 52, GNTMAP_host_map | GNTMAP_readonly, &h) < 0, "at no address");
    v1[9].domid = 5;
    CHECK_EQUAL(map(9, at, GNTMAP_host_map | GNTMAP_readonly, &h), GNTST_general_error,
                "for another domain");
    grant_v1(9, (void *)(1UL << 42), GTF_permit_access);
    CHECK_EQUAL(map(9, at, GNTMAP_host_map, &h), GNTST_bad_page, "of a frame that isn't there");
    v1[9].flags = 0;
}

static int copy(grant_ref_t ref, uint16_t from, void *to, uint16_t to_off, uint16_t len)
{
    struct gnttab_copy op = { .len = len, .flags = GNTCOPY_source_gref };
    long rc;

    op.source.u.ref = ref;
    op.source.domid = 0;
    op.source.offset = from;
    op.dest.u.gmfn = (uint64_t)to >> 12;
    op.dest.domid = DOMID_SELF;
    op.dest.offset = to_off;
    rc = grant_op(GNTTABOP_copy, &op, 1);
    return rc ? (int)rc * 1000 : op.status;
}

static void test_copy(void)
{
    uint8_t *page = page_get(), *to = page_get();
    struct gnttab_copy back = { .len = 16, .flags = GNTCOPY_dest_gref };

    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        page[i] = (uint8_t)(i * 7);
    grant_v1(10, page, GTF_permit_access | GTF_readonly);
    CHECK_EQUAL(copy(10, 0, to, 0, PAGE_SIZE), GNTST_okay, "copy of a page");
    CHECK(!memcmp(page, to, PAGE_SIZE), "it is the same");
    CHECK_EQUAL(copy(10, 100, to, 1, 50), GNTST_okay, "copy of a part");
    CHECK(!memcmp(page + 100, to + 1, 50) && to[51] == page[51], "that part");
    CHECK_EQUAL(copy(10, 1, to, 0, PAGE_SIZE), GNTST_bad_copy_arg, "over the source's end");
    CHECK_EQUAL(copy(10, 0, to, 4000, 200), GNTST_bad_copy_arg, "over the destination's end");
    CHECK_EQUAL(copy(10, 0xffff, to, 0xffff, 0xffff), GNTST_bad_copy_arg, "far over");
    CHECK_EQUAL(copy(10, 0, to, 0, 0), GNTST_okay, "of nothing");
    CHECK_EQUAL(copy(10, 0, (void *)(1UL << 42), 0, 8), GNTST_bad_page, "to no page");
    CHECK_EQUAL(copy(11, 0, to, 0, 8), GNTST_general_error, "from an invalid entry");
    back.source.u.gmfn = (uint64_t)to >> 12;
    back.source.domid = DOMID_SELF;
    back.dest.u.ref = 10;
    back.dest.domid = 0;
    grant_op(GNTTABOP_copy, &back, 1);
    CHECK_EQUAL(back.status, GNTST_general_error, "to a read-only grant");
    grant_v1(10, page, GTF_permit_access);
    grant_op(GNTTABOP_copy, &back, 1);
    CHECK_EQUAL(back.status, GNTST_okay, "to a writable one");
    CHECK(!memcmp(page, to, 16), "it is there");
    CHECK_EQUAL(v1[10].flags, GTF_permit_access, "not in use any more");
}

static void test_batch(void)
{
    static struct gnttab_copy ops[300];
    uint8_t *page = page_get(), *to = page_get();
    unsigned int bad = 0;

    grant_v1(12, page, GTF_permit_access);
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
        ops[i].source.u.ref = i % 10 == 9 ? 13 : 12;
        ops[i].dest.u.gmfn = (uint64_t)to >> 12;
        ops[i].dest.domid = DOMID_SELF;
        ops[i].len = PAGE_SIZE;
        ops[i].flags = GNTCOPY_source_gref;
        ops[i].status = 99;
    }
    CHECK_EQUAL(grant_op(GNTTABOP_copy, ops, ARRAY_SIZE(ops)), 0, "300 copies at once");
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
        bad += ops[i].status != (i % 10 == 9 ? GNTST_general_error : GNTST_okay);
    CHECK_EQUAL(bad, 0, "each with its own status");
    CHECK_EQUAL(grant_op(GNTTABOP_copy, ops, ~0u), -E_EINVAL, "2^32-1 copies");
    CHECK_EQUAL(grant_op(GNTTABOP_copy, NULL, 0), 0, "no copies");
}

static int set_version(uint32_t version)
{
    struct gnttab_set_version op = { .version = version };

    return (int)grant_op(GNTTABOP_set_version, &op, 1);
}

static void test_sizes(void)
{
    struct gnttab_query_size q = { .dom = DOMID_SELF };
    struct gnttab_get_version g = { .dom = DOMID_SELF };
    struct gnttab_setup_table s = { .dom = DOMID_SELF };
    uint64_t frames[4];

    CHECK_EQUAL(grant_op(GNTTABOP_query_size, &q, 1), 0, "query_size");
    CHECK(q.status == 0 && q.nr_frames >= 1 && q.max_nr_frames >= 32, "%u of %u frames",
          q.nr_frames, q.max_nr_frames);
    s.nr_frames = 2;
    set_xen_guest_handle(s.frame_list, frames);
    CHECK_EQUAL(grant_op(GNTTABOP_setup_table, &s, 1), 0, "setup_table");
    CHECK_EQUAL(s.status, GNTST_okay, "two frames");
    s.nr_frames = 100000;
    grant_op(GNTTABOP_setup_table, &s, 1);
    CHECK_EQUAL(s.status, GNTST_general_error, "too many frames");
    CHECK_EQUAL(grant_op(GNTTABOP_query_size, &q, 2), -E_EINVAL, "two queries at once");
    q.dom = 99;
    grant_op(GNTTABOP_query_size, &q, 1);
    CHECK_EQUAL(q.status, GNTST_bad_domain, "size of no domain's");
    CHECK_EQUAL(grant_op(GNTTABOP_get_version, &g, 1), 0, "get_version");
    CHECK_EQUAL(g.version, 1, "version 1 at first");
    CHECK_EQUAL(grant_op(77, &g, 1), -E_ENOSYS, "no such call");
}

static void test_swap(void)
{
    struct gnttab_swap_grant_ref op = { .ref_a = 14, .ref_b = 15 };
    uint8_t *page = page_get();

    grant_v1(14, page, GTF_permit_access);
    CHECK_EQUAL(grant_op(GNTTABOP_swap_grant_ref, &op, 1), 0, "swap");
    CHECK(op.status == 0 && !v1[14].flags && v1[15].flags == GTF_permit_access, "swapped");
    op.ref_a = 100000;
    grant_op(GNTTABOP_swap_grant_ref, &op, 1);
    CHECK_EQUAL(op.status, GNTST_bad_gntref, "with none");
}

static void test_version_2(void)
{
    uint8_t *page = page_get(), *to = page_get();
    uint64_t at = hole_alloc(1);
    struct gnttab_get_status_frames f = { .dom = DOMID_SELF, .nr_frames = 1 };
    uint64_t frame;
    grant_handle_t h;

    CHECK_EQUAL(set_version(3), -E_EINVAL, "version 3");
    CHECK_EQUAL(set_version(2), -E_EBUSY, "no change while one is mapped");
    CHECK_EQUAL(unmap(0, left_handle), GNTST_okay, "unmap without an address does nothing");
    CHECK_EQUAL(set_version(2), -E_EBUSY, "it is still mapped");
    CHECK_EQUAL(unmap(left_at, left_handle), GNTST_okay, "now it isn't");
    CHECK_EQUAL(set_version(2), 0, "version 2");
    set_xen_guest_handle(f.frame_list, &frame);
    CHECK_EQUAL(grant_op(GNTTABOP_get_status_frames, &f, 1), 0, "get_status_frames");
    CHECK_EQUAL(f.status, GNTST_okay, "one frame");
    v2 = (union grant_entry_v2 *)v1;
    status = map_frame(XENMAPIDX_grant_table_status);
    if (!CHECK(status, "the status frame is mapped"))
        return;
    page[100] = 1;
    v2[8].full_page.frame = (uint64_t)page >> 12;
    v2[8].hdr.domid = 0;
    barrier();
    v2[8].hdr.flags = GTF_permit_access;
    CHECK_EQUAL(map(8, at, GNTMAP_host_map, &h), GNTST_okay, "map");
    CHECK_EQUAL(status[8], GTF_reading | GTF_writing, "its status");
    CHECK_EQUAL(((volatile uint8_t *)at)[100], 1, "it is the page");
    CHECK_EQUAL(unmap(at, h), GNTST_okay, "unmap");
    CHECK_EQUAL(status[8], 0, "its status");
    v2[9].sub_page.frame = (uint64_t)page >> 12;
    v2[9].sub_page.page_off = 96;
    v2[9].sub_page.length = 16;
    v2[9].hdr.domid = 0;
    barrier();
    v2[9].hdr.flags = GTF_permit_access | GTF_sub_page;
    CHECK_EQUAL(copy(9, 96, to, 0, 16), GNTST_okay, "copy of a granted part");
    CHECK_EQUAL(to[4], 1, "that part");
    CHECK_EQUAL(copy(9, 90, to, 0, 16), GNTST_general_error, "what isn't granted");
    CHECK_EQUAL(map(9, at, GNTMAP_host_map, &h), GNTST_general_error, "a part can't be mapped");
    CHECK_EQUAL(set_version(1), 0, "version 1 again");
}

void test_main(void)
{
    test_sizes();
    v1 = map_frame(0);
    if (!CHECK(v1, "the table is mapped"))
        return;
    memset(v1, 0, PAGE_SIZE);
    test_map();
    test_map_errors();
    test_copy();
    test_batch();
    test_swap();
    test_version_2();
}
