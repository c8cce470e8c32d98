/* SPDX-License-Identifier: MIT */
/*
 * The dirty log (XEN_DOMCTL_shadow_op): a child writes where it is told to, and what the log says
 * is compared with that; the CPU's own log, where there is one, says the same. Then its memory is
 * copied while it writes all over it, as a migration does.
 */
#include "lib.h"

extern uint8_t image_start[], image_end[];

#define DATA         (CHILD_BASE / PAGE_SIZE) /* the child's pages of 4 KiB; the first is its info */
#define BOX          (DATA + 1)
#define LARGE        0x2000u     /* 512 frames in one mapping */
#define GFNS         0x2200u     /* the highest of its frames, and one */
#define SPARE        0x2100u     /* none of them */
#define COPY         0x3000000UL /* memory of the parent's that nothing else uses */

#define RUNSTATE_GFN (DATA + 41)
#define CONTROL_GFN  (DATA + 43)
#define ARRAY_GFN    (DATA + 44)
#define GRANTED_GFN  (DATA + 50)

enum command { WRITE, SWEEP, HYPERCALL, HOLD, GRANT, POPULATE, STORM };

struct box {
    volatile uint32_t command, given, done, nr;
    volatile long result;
    volatile uint64_t gfn[16];
};

static uint64_t bitmap[GFNS / 64 + 1];

/* --- the child ------------------------------------------------------------------------------- */

static void touch(uint64_t gfn)
{
    volatile uint64_t *p = (uint64_t *)(gfn * PAGE_SIZE);

    p[gfn % 512]++;
}

/* The hypervisor writes: an answer to a hypercall, and in steps that are not the guest's own. */
static long have_written(uint64_t gfn)
{
    struct vcpu_register_runstate_memory_area area = {
        .addr.v = (struct vcpu_runstate_info *)(RUNSTATE_GFN * PAGE_SIZE)
    };

    if (vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area))
        return -1;
    return hcall2(xen_version, XENVER_extraversion, gfn * PAGE_SIZE);
}

/* Pages that the hypervisor may write to at any time from now on. */
static long give(uint64_t info_gfn)
{
    struct vcpu_register_vcpu_info info = { .mfn = info_gfn };
    struct evtchn_init_control init = { .control_gfn = CONTROL_GFN };
    struct evtchn_expand_array expand = { .array_gfn = ARRAY_GFN };
    long rc = vcpu_op(VCPUOP_register_vcpu_info, 0, &info);

    if (!rc)
        rc = event_op(EVTCHNOP_init_control, &init);
    return rc ? rc : event_op(EVTCHNOP_expand_array, &expand);
}

/* Entries 8 and 9, for dom0. */
static long grant(void)
{
    struct grant_entry_v1 *table = (void *)hole_alloc(1);
    struct xen_add_to_physmap x = { .domid = DOMID_SELF,
                                    .space = XENMAPSPACE_grant_table,
                                    .gpfn = (uint64_t)table >> 12 };

    if (memory_op(XENMEM_add_to_physmap, &x))
        return -1;
    for (unsigned int i = 0; i < 2; i++) {
        table[8 + i].frame = (uint32_t)GRANTED_GFN + i;
        table[8 + i].domid = 0;
        barrier();
        table[8 + i].flags = GTF_permit_access;
    }
    return 0;
}

/* Everywhere, at random, for ever. */
static void storm(struct box *box)
{
    uint32_t x = 12345;

    box->done = box->given;
    for (uint64_t i = 0;; i++) {
        x = x * 1664525 + 1013904223;
        touch(x >> 31 ? LARGE + (x >> 8) % 512 : DATA + 2 + (x >> 8) % (CHILD_PAGES - 2));
        if (i % 64 == 0)
            yield();
        for (unsigned int n = 0; n < 1000; n++) /* or all of it is dirty each time */
            __asm__ __volatile__("pause");
    }
}

static long obey(struct box *box)
{
    switch (box->command) {
    case WRITE:
        for (unsigned int i = 0; i < box->nr; i++)
            touch(box->gfn[i]);
        return 0;
    case SWEEP: /* more than a CPU notes at once, without an exit of the child's own */
        for (uint64_t g = DATA + 2; g < GFNS; g = g + 1 == DATA + CHILD_PAGES ? LARGE : g + 1)
            touch(g);
        return 0;
    case HYPERCALL:
        return have_written(box->gfn[0]);
    case HOLD:
        return give(box->gfn[0]);
    case GRANT:
        return grant();
    case POPULATE:
        return domain_populate(DOMID_SELF, box->gfn[0], 1, 0);
    case STORM:
        storm(box);
    }
    return -1;
}

void child_main(uint64_t arg)
{
    struct box *box = (struct box *)(BOX * PAGE_SIZE);

    for (;;) {
        if (box->given != box->done) {
            box->result = obey(box);
            box->done = box->given;
        }
        yield();
    }
}

/* --- the parent --------------------------------------------------------------------------------
 */

static domid_t child;
static struct box *box;

static long tell(enum command command, unsigned int nr, ...)
{
    __builtin_va_list ap;

    __builtin_va_start(ap, nr);
    for (unsigned int i = 0; i < nr; i++)
        box->gfn[i] = __builtin_va_arg(ap, unsigned int);
    __builtin_va_end(ap);
    box->nr = nr;
    box->command = command;
    barrier();
    box->given++;
    if (!WAIT_FOR(box->done == box->given, 5000))
        die("the child does not do as it is told");
    return box->result;
}

static struct xen_domctl op;

static long shadow_op(uint32_t what, uint32_t mode, void *to, uint64_t pages)
{
    memset(&op, 0, sizeof(op));
    op.u.shadow_op.op = what;
    op.u.shadow_op.mode = mode;
    op.u.shadow_op.pages = pages;
    set_xen_guest_handle(op.u.shadow_op.dirty_bitmap, (uint8_t *)to);
    return domctl(XEN_DOMCTL_shadow_op, child, &op);
}

static long read_log(uint32_t what, uint32_t mode, uint64_t pages)
{
    memset(bitmap, 0xee, sizeof(bitmap));
    return shadow_op(what, mode, bitmap, pages);
}

static void clean(void)
{
    if (read_log(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, GFNS))
        die("CLEAN failed");
}

static bool is_dirty(uint64_t gfn)
{
    return bitmap[gfn / 64] >> gfn % 64 & 1;
}

static unsigned int nr_dirty(void)
{
    unsigned int count = 0;

    for (uint64_t g = DATA + 2; g < DATA + CHILD_PAGES; g++)
        count += is_dirty(g);
    for (uint64_t g = LARGE; g < GFNS; g++)
        count += is_dirty(g);
    return count;
}

/* Of the pages that nothing is written to but what the test has it: these are dirty, no other. */
static bool exactly(unsigned int nr, ...)
{
    unsigned int count = nr_dirty(), there = 0;
    __builtin_va_list ap;

    __builtin_va_start(ap, nr);
    for (unsigned int i = 0; i < nr; i++)
        there += is_dirty(__builtin_va_arg(ap, unsigned int));
    __builtin_va_end(ap);
    if (count != nr || there != nr)
        printf("# %u pages are dirty, of which %u are expected, of %u\n", count, there, nr);
    return count == nr && there == nr;
}

#define PAGE(n) ((unsigned int)DATA + (n))

static void create(void)
{
    child = (domid_t)domain_create(1, 600);
    if (domain_load(child, 0) || domain_populate(child, LARGE, 1, 9) != 1)
        die("the child can't be made");
    box = foreign_map(child, BOX);
    memset((void *)box, 0, sizeof(*box));
    domain_unpause(child);
    tell(WRITE, 1, PAGE(2));
}

static void destroy(void)
{
    foreign_unmap(box);
    CHECK_EQUAL(domain_destroy(child), 0, "the child is destroyed");
    CHECK(domain_gone(child), "and gone");
}

static void test_off(void)
{
    domid_t it = child;

    CHECK_EQUAL(read_log(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, GFNS), -E_EINVAL, "CLEAN without a log");
    CHECK_EQUAL(read_log(XEN_DOMCTL_SHADOW_OP_PEEK, 0, GFNS), -E_EINVAL, "PEEK without a log");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_OFF, 0, NULL, 0), 0, "OFF: it is");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE, 0, NULL, 0), -E_EINVAL, "no shadow tables");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_TEST, 0, NULL, 0), -E_EINVAL, "nor so");
    CHECK_EQUAL(shadow_op(77, 0, NULL, 0), -E_EINVAL, "no such operation");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION, 0, NULL, 0), 0, "the allocation");
    CHECK(op.u.shadow_op.mb > 0, "is %u MiB", op.u.shadow_op.mb);
    op.u.shadow_op.op = XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION;
    op.u.shadow_op.mb = 7;
    CHECK_EQUAL(domctl(XEN_DOMCTL_shadow_op, child, &op), 0, "set to 7");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION, 0, NULL, 0), 0, "read back");
    CHECK_EQUAL(op.u.shadow_op.mb, 7, "is 7");
    child = DOMID_SELF;
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), -E_EINVAL,
                "one's own log");
    child = 4000;
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), -E_ESRCH, "nobody's");
    child = (domid_t)domain_create(1, 64);
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE, XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY, NULL, 0),
                0, "of one without memory");
    domain_destroy(child);
    child = it;
}

static void test_writes(void)
{
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), 0, "ENABLE_LOGDIRTY");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), -E_EINVAL, "twice");
    clean();
    CHECK(exactly(0), "nothing is dirty yet");
    CHECK_EQUAL(op.u.shadow_op.pages, GFNS, "told of all");
    tell(WRITE, 6, PAGE(3), PAGE(5), PAGE(63), LARGE, LARGE + 7, LARGE + 511);
    CHECK_EQUAL(read_log(XEN_DOMCTL_SHADOW_OP_PEEK, 0, GFNS), 0, "PEEK");
    CHECK(exactly(6, PAGE(3), PAGE(5), PAGE(63), LARGE, LARGE + 7, LARGE + 511), "six pages");
    CHECK(op.u.shadow_op.stats.dirty_count >= 6, "%u were counted",
          op.u.shadow_op.stats.dirty_count);
    CHECK(op.u.shadow_op.stats.fault_count >= 1, "%u writes exited",
          op.u.shadow_op.stats.fault_count);
    clean();
    CHECK(exactly(6, PAGE(3), PAGE(5), PAGE(63), LARGE, LARGE + 7, LARGE + 511), "the same, CLEAN");
    clean();
    CHECK(exactly(0), "none any more");
    CHECK(op.u.shadow_op.stats.dirty_count < 100, "the counts began anew");
    tell(WRITE, 3, PAGE(5), PAGE(6), LARGE + 7);
    clean();
    CHECK(exactly(3, PAGE(5), PAGE(6), LARGE + 7), "three pages, of which one is new");
    tell(SWEEP, 0);
    clean();
    CHECK_EQUAL(nr_dirty(), CHILD_PAGES - 2 + 512, "each page is written to");
    clean();
    CHECK(exactly(0), "and none since");
}

static void test_parts(void)
{
    uint64_t half = DATA + 10;

    clean();
    tell(WRITE, 3, PAGE(9), PAGE(10), PAGE(11));
    CHECK_EQUAL(read_log(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, half), 0, "CLEAN of the first pages");
    CHECK_EQUAL(bitmap[half / 64] >> (half % 64), (~0UL / 255 * 0xee) >> half % 64 & ~0x3fUL,
                "no byte behind them is written, no bit is set");
    CHECK(is_dirty(DATA + 9), "the first is dirty");
    clean();
    CHECK(exactly(2, PAGE(10), PAGE(11)), "the others still are");
    tell(WRITE, 1, PAGE(12));
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, (void *)hole_alloc(1), GFNS), -E_EFAULT,
                "into nowhere");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, NON_CANONICAL, GFNS), -E_EFAULT,
                "to no address");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_CLEAN, 2, bitmap, GFNS), -E_EINVAL, "a mode");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_PEEK, ~0u, bitmap, GFNS), -E_EINVAL, "modes");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, bitmap, 0), 0, "no pages");
    clean();
    CHECK(exactly(1, PAGE(12)), "nothing of it was lost");
    tell(WRITE, 1, PAGE(12));
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, NULL, ~0UL), 0, "all, without an answer");
    CHECK(op.u.shadow_op.pages > GFNS && op.u.shadow_op.pages < ~0UL, "which are %#lx",
          op.u.shadow_op.pages);
    clean();
    CHECK(exactly(0), "they are clean");
}

static void test_hypervisor(void)
{
    clean();
    CHECK_EQUAL(tell(HYPERCALL, 1, PAGE(40)), 0, "the hypervisor writes for the child");
    clean();
    CHECK(exactly(2, PAGE(40), RUNSTATE_GFN), "an answer, and its runstate");
    CHECK_EQUAL(tell(HOLD, 1, PAGE(42)), 0, "it gives pages for events and time");
    tell(WRITE, 1, PAGE(2));
    clean();
    CHECK_EQUAL(read_log(XEN_DOMCTL_SHADOW_OP_PEEK, XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL, GFNS), 0,
                "FINAL");
    CHECK(is_dirty(PAGE(42)) && is_dirty(CONTROL_GFN) && is_dirty(ARRAY_GFN), "they are dirty");
}

static void test_grants(void)
{
    struct gnttab_copy copy = { .len = 16, .flags = GNTCOPY_dest_gref };
    struct gnttab_map_grant_ref map = { .flags = GNTMAP_host_map, .ref = 9 };
    struct gnttab_unmap_grant_ref unmap;
    uint64_t at = hole_alloc(1);

    CHECK_EQUAL(tell(GRANT, 0), 0, "the child grants two pages");
    clean();
    copy.source.u.gmfn = (uint64_t)page_get() >> 12;
    copy.source.domid = DOMID_SELF;
    copy.dest.u.ref = 8;
    copy.dest.domid = child;
    CHECK(!grant_op(GNTTABOP_copy, &copy, 1) && !copy.status, "one is copied to");
    map.host_addr = at;
    map.dom = child;
    CHECK(!grant_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status, "the other is mapped");
    clean();
    CHECK(is_dirty(GRANTED_GFN) && !is_dirty(GRANTED_GFN + 1), "the first is dirty");
    *(volatile uint64_t *)at = 1;
    unmap = (struct gnttab_unmap_grant_ref){ .host_addr = at, .handle = map.handle };
    CHECK(!grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1) && !unmap.status, "and unmapped");
    clean();
    CHECK(!is_dirty(GRANTED_GFN) && is_dirty(GRANTED_GFN + 1), "now that is");
    map.flags |= GNTMAP_readonly;
    CHECK(!grant_op(GNTTABOP_map_grant_ref, &map, 1) && !map.status, "mapped for reading");
    unmap = (struct gnttab_unmap_grant_ref){ .host_addr = at, .handle = map.handle };
    grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    clean();
    CHECK(!is_dirty(GRANTED_GFN + 1), "is not written to");
}

/* A place of the large mapping is given up, and memory put there again. */
static void test_map(void)
{
    xen_pfn_t at = SPARE;
    struct xen_memory_reservation r = { .nr_extents = 1, .domid = child };

    clean();
    set_xen_guest_handle(r.extent_start, &at);
    CHECK_EQUAL(memory_op(XENMEM_decrease_reservation, &r), 1, "a page is given up");
    clean();
    CHECK(is_dirty(SPARE), "it is not what it was");
    CHECK_EQUAL(tell(POPULATE, 1, SPARE), 1, "a new one");
    clean();
    CHECK(is_dirty(SPARE) && !is_dirty(SPARE + 1), "neither is that");
    tell(WRITE, 1, SPARE);
    clean();
    CHECK(is_dirty(SPARE) && !is_dirty(SPARE + 1), "it is written to");
}

/* Off and on while the child is off its CPU, with what the log had put to another use meanwhile. */
static void test_again(void)
{
    domain_pause(child);
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_OFF, 0, NULL, 0), 0, "OFF, the child is paused");
    CHECK_EQUAL(domain_populate(child, GFNS + 1, 8, 0), 8, "it gets more memory");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), 0, "on again");
    domain_unpause(child);
    tell(WRITE, 3, PAGE(20), PAGE(21), LARGE + 33);
    clean();
    CHECK(is_dirty(PAGE(20)) && is_dirty(PAGE(21)) && is_dirty(LARGE + 33), "it is logged");
    CHECK(!is_dirty(PAGE(22)) && !is_dirty(LARGE + 34), "as before");
}

/* --- all of it ----------------------------------------------------------------------------------
 */

/* The child's frames, one after the other. */
static uint64_t frame(unsigned int i)
{
    unsigned int image = (unsigned int)((image_end - image_start) / PAGE_SIZE);

    if (i < image)
        return (uint64_t)image_start / PAGE_SIZE + i;
    i -= image;
    if (i < CHILD_PAGES)
        return DATA + i;
    i -= CHILD_PAGES;
    return i < 512 ? LARGE + i : 0;
}

static unsigned int differing(bool copy)
{
    unsigned int n = 0;
    uint64_t g;

    for (unsigned int i = 0; (g = frame(i)) != 0; i++) {
        void *from, *to = (void *)(COPY + i * PAGE_SIZE);

        if (copy && !is_dirty(g))
            continue;
        from = foreign_map(child, g);
        if (copy) {
            memcpy(to, from, PAGE_SIZE);
            n++;
        } else if (g != BOX && memcmp(to, from, PAGE_SIZE)) { /* the box is written by the parent */
            printf("# frame %#lx is another\n", g);
            n++;
        }
        foreign_unmap(from);
    }
    return n;
}

static void test_copy(void)
{
    unsigned int n = 0, final;

    box->command = STORM;
    barrier();
    box->given++;
    CHECK(WAIT_FOR(box->done == box->given, 5000), "the child writes all over its memory");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), 0, "ENABLE_LOGDIRTY");
    memset(bitmap, 0xff, sizeof(bitmap));
    differing(true);
    for (unsigned int round = 0; round < 8; round++) {
        clean();
        n += differing(true);
    }
    domain_pause(child);
    read_log(XEN_DOMCTL_SHADOW_OP_CLEAN, XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL, GFNS);
    final = differing(true);
    CHECK(n && final, "%u pages were copied again, %u when it had stopped", n, final);
    CHECK_EQUAL(differing(false), 0, "the copy is the same");
    domain_unpause(child);
}

void test_main(void)
{
    uint64_t free_before, free_on;

    events_init();
    wait_yields = true;
    create();
    test_off();
    WAIT_FOR(false, 50);
    free_before = host_free_pages();
    test_writes();
    test_parts();
    test_hypervisor();
    test_grants();
    test_map();
    test_again();
    free_on = host_free_pages();
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_OFF, 0, NULL, 0), 0, "OFF");
    CHECK_EQUAL(read_log(XEN_DOMCTL_SHADOW_OP_CLEAN, 0, GFNS), -E_EINVAL, "CLEAN: it is off");
    CHECK(WAIT_FOR(host_free_pages() > free_on, 1000), "its memory comes back: %lu of %lu",
          host_free_pages() - free_on, free_before - free_on);
    tell(WRITE, 3, PAGE(3), PAGE(4), LARGE + 20);
    test_copy();
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_OFF, 0, NULL, 0), 0, "OFF under the storm");
    CHECK_EQUAL(shadow_op(XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, 0, NULL, 0), 0, "on again");
    WAIT_FOR(false, 20);
    destroy();
}
