/* SPDX-License-Identifier: MIT */
/* memory_op on the caller's own memory. */
#include "lib.h"

static long reservation(unsigned int cmd)
{
    domid_t self = DOMID_SELF;

    return memory_op(cmd, &self);
}

static long change(unsigned int cmd, xen_pfn_t *list, unsigned int n, unsigned int order)
{
    struct xen_memory_reservation r = { .nr_extents = n,
                                        .extent_order = order,
                                        .domid = DOMID_SELF };

    set_xen_guest_handle(r.extent_start, list);
    return memory_op(cmd, &r);
}

static long add(unsigned int space, uint64_t idx, uint64_t gfn)
{
    struct xen_add_to_physmap x = { .domid = DOMID_SELF, .space = space, .idx = idx, .gpfn = gfn };

    return memory_op(XENMEM_add_to_physmap, &x);
}

static long remove(uint64_t gfn)
{
    struct xen_remove_from_physmap x = { .domid = DOMID_SELF, .gpfn = gfn };

    return memory_op(XENMEM_remove_from_physmap, &x);
}

static bool all_zero(const uint8_t *p, size_t n)
{
    while (n--) {
        if (*p++)
            return false;
    }
    return true;
}

static void test_balloon(void)
{
    static uint8_t area[16][PAGE_SIZE] __attribute__((aligned(65536)));
    long before = reservation(XENMEM_current_reservation);
    uint64_t free;
    xen_pfn_t list[16];

    for (unsigned int i = 0; i < 16; i++)
        list[i] = ((uint64_t)area >> 12) + i;
    /* Once before counting: the hypervisor's tables grow by it. */
    change(XENMEM_decrease_reservation, list, 1, 0);
    change(XENMEM_populate_physmap, list, 1, 0);
    memset(area, 0xaa, sizeof(area));
    free = host_free_pages();
    CHECK_EQUAL(change(XENMEM_decrease_reservation, list, 16, 0), 16, "16 pages given up");
    CHECK_EQUAL(reservation(XENMEM_current_reservation), before - 16, "the reservation");
    CHECK_EQUAL(host_free_pages(), free + 16, "the host has them");
    CHECK_EQUAL(change(XENMEM_decrease_reservation, list, 16, 0), 0,
                "they can't be given up twice");
    CHECK_EQUAL(change(XENMEM_populate_physmap, list, 16, 0), 16, "taken back");
    CHECK_EQUAL(reservation(XENMEM_current_reservation), before, "the reservation");
    CHECK_EQUAL(host_free_pages(), free, "the host's free pages");
    CHECK(all_zero(area[0], sizeof(area)), "they are zero");
    memset(area, 0x55, sizeof(area));
    CHECK_EQUAL(change(XENMEM_decrease_reservation, list, 1, 4), 1, "16 pages as one extent");
    CHECK_EQUAL(change(XENMEM_populate_physmap, list, 1, 4), 1, "and back");
    CHECK(all_zero(area[0], sizeof(area)), "they are zero");
    list[3] = 0xfffffff;
    CHECK_EQUAL(change(XENMEM_decrease_reservation, list, 16, 0), 3, "it ends at what isn't there");
    CHECK_EQUAL(change(XENMEM_populate_physmap, list, 3, 0), 3, "three back");
    list[0] = ~0UL;
    CHECK_EQUAL(change(XENMEM_populate_physmap, list, 1, 0), 0, "frame 2^64-1 can't be populated");
    CHECK_EQUAL(reservation(XENMEM_current_reservation), before, "nothing is lost");
    CHECK_EQUAL(change(XENMEM_populate_physmap, list, 1, 30), 0, "an order of 30");
    CHECK_EQUAL(change(XENMEM_decrease_reservation, list, 1, 63), 0, "an order of 63");
}

static void test_many(void)
{
    static xen_pfn_t list[2048];
    uint64_t hole = hole_alloc(2048) >> 12, free = host_free_pages();

    for (unsigned int i = 0; i < 2048; i++)
        list[i] = hole + i;
    CHECK_EQUAL(change(XENMEM_populate_physmap, list, 2048, 0), 2048, "2,048 more pages");
    ACCESS(*(uint64_t *)(hole << 12)) = 1;
    ACCESS(*(uint64_t *)((hole + 2047) << 12)) = 1;
    CHECK_EQUAL(change(XENMEM_decrease_reservation, list, 2048, 0), 2048, "given up");
    CHECK(host_free_pages() + 8 >= free, "the host has them, but for tables");
}

static void test_limit(void)
{
    xen_pfn_t hole = hole_alloc(512) >> 12;
    long max = reservation(XENMEM_maximum_reservation),
         now_ = reservation(XENMEM_current_reservation);
    struct xen_domctl op = { 0 };

    CHECK(max >= now_, "%ld pages of at most %ld", now_, max);
    op.u.max_mem.max_memkb = (uint64_t)now_ * 4;
    CHECK_EQUAL(domctl(XEN_DOMCTL_max_mem, DOMID_SELF, &op), 0, "the limit is lowered");
    CHECK_EQUAL(change(XENMEM_populate_physmap, &hole, 1, 0), 0, "no more is given");
    op.u.max_mem.max_memkb = (uint64_t)max * 4;
    CHECK_EQUAL(domctl(XEN_DOMCTL_max_mem, DOMID_SELF, &op), 0, "and raised");
    CHECK_EQUAL(change(XENMEM_populate_physmap, &hole, 1, 0), 1, "one page is");
    change(XENMEM_decrease_reservation, &hole, 1, 0);
}

static void test_physmap(void)
{
    uint64_t hole = hole_alloc(4), gfn = hole >> 12;
    uint64_t *page = page_get();

    CHECK_EQUAL(add(XENMAPSPACE_shared_info, 0, gfn), 0, "shared info at a second place");
    CHECK_EQUAL(((struct shared_info *)hole)->wc_version, shared_info->wc_version, "it is that");
    CHECK_EQUAL(remove(gfn), 0, "removed");
    CHECK_EQUAL(remove(gfn), -E_ENOENT, "twice");
    CHECK_EQUAL(add(XENMAPSPACE_shared_info, 5, gfn), -E_EINVAL, "shared info number 5");
    CHECK_EQUAL(add(XENMAPSPACE_grant_table, 0, gfn + 1), 0, "grant frame 0");
    CHECK(add(XENMAPSPACE_grant_table, 100000, gfn + 1) < 0, "grant frame 100000");
    CHECK(add(XENMAPSPACE_grant_table, ~0UL, gfn + 1) < 0, "grant frame 2^64-1");
    CHECK_EQUAL(remove(gfn + 1), 0, "grant frame removed");
    CHECK_EQUAL(add(77, 0, gfn), -E_EINVAL, "space 77");
    CHECK(add(XENMAPSPACE_shared_info, 0, 1UL << 50) < 0, "beyond all addresses");
    *page = 0x1234;
    CHECK_EQUAL(add(XENMAPSPACE_gmfn, (uint64_t)page >> 12, gfn + 2), 0, "a page moves");
    CHECK_EQUAL(*(volatile uint64_t *)(hole + 2 * PAGE_SIZE), 0x1234, "there");
    CHECK_EQUAL(add(XENMAPSPACE_gmfn, gfn + 2, (uint64_t)page >> 12), 0, "and back");
    CHECK_EQUAL(*(volatile uint64_t *)page, 0x1234, "there");
    CHECK_EQUAL(add(XENMAPSPACE_gmfn, gfn + 2, gfn + 3), -E_EINVAL, "nothing can't move");
}

static void test_maps(void)
{
    static struct hvm_memmap_table_entry e[128];
    struct xen_memory_map m = { .nr_entries = 0 };
    uint64_t ram = 0;

    CHECK_EQUAL(sizeof(struct hvm_memmap_table_entry), 24,
                "an entry of the start info has 24 bytes");
    m.nr_entries = ARRAY_SIZE(e) * 24 / 20;
    set_xen_guest_handle(m.buffer, e);
    CHECK_EQUAL(memory_op(XENMEM_memory_map, &m), 0, "memory map, %u entries", m.nr_entries);
    CHECK_EQUAL(m.nr_entries, start_info->memmap_entries, "as many as in the start info");
    for (unsigned int i = 0; i < m.nr_entries; i++) {
        const struct __attribute__((packed)) {
            uint64_t addr, size;
            uint32_t type;
        } *x = (void *)((char *)e + i * 20);

        if (x->type == XEN_HVM_MEMMAP_TYPE_RAM)
            ram += x->size;
    }
    CHECK(ram > 90UL << 20 && ram <= 97UL << 20, "%lu KiB of RAM in it", ram >> 10);
    m.nr_entries = 1;
    CHECK_EQUAL(memory_op(XENMEM_memory_map, &m), 0, "one entry of it");
    CHECK_EQUAL(m.nr_entries, 1, "is one");
    CHECK(memory_op(XENMEM_maximum_ram_page, NULL) > 0, "highest page of RAM");
    CHECK(reservation(XENMEM_maximum_gpfn) > 0, "highest guest frame");
}

static void test_errors(void)
{
    domid_t nobody = 999;
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = 999 };
    struct xen_add_to_physmap x = { .domid = 999 };
    xen_pfn_t pfn = hole_alloc(1) >> 12;

    set_xen_guest_handle(r.extent_start, &pfn);
    CHECK_EQUAL(memory_op(XENMEM_current_reservation, &nobody), -E_ESRCH, "no such domain");
    CHECK_EQUAL(memory_op(XENMEM_populate_physmap, &r), 0, "memory for no domain");
    CHECK_EQUAL(memory_op(XENMEM_add_to_physmap, &x), -E_ESRCH, "physmap of no domain");
    CHECK_EQUAL(memory_op(60, &x), -E_ENOSYS, "no such call");
    r.domid = DOMID_SELF;
    r.nr_extents = ~0UL;
    CHECK_EQUAL(memory_op(XENMEM_populate_physmap, &r), 0, "2^64-1 extents");
    r.nr_extents = 1;
    r.mem_flags = XENMEMF_populate_on_demand;
    CHECK_EQUAL(memory_op(XENMEM_populate_physmap, &r), 0, "populate on demand isn't there");
}

void test_main(void)
{
    test_balloon();
    test_many();
    test_limit();
    test_physmap();
    test_maps();
    test_errors();
}
