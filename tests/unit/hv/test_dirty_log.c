/* SPDX-License-Identifier: MIT */
/*
 * The dirty log against a model of what was written: by a CPU that exits at writes to clean
 * pages, and by one that logs them itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>

#include "fake_mem.h"
#include "x86/hvm/vendor.h"
#include "x86/mm/dirty_log.h"
#include "x86/mm/p2m_internal.h"

#define GFNS     0x9000u /* over the end of a page of bits */
#define D_BIT    0x200UL
#define MAX_LOG  64u
#define HELD_GFN 3u

/* --- the machine ------------------------------------------------------------------------------ */

static struct domain *d;
static bool cpu_logs, last_vcpu;
static unsigned int preempt_every, preempt_calls;
static uint64_t logged[MAX_LOG]; /* by the CPU, not told yet */
static unsigned int nr_logged;
static bool tlb[GFNS];   /* the CPU knows that it may write, and need not log that */
static bool model[GFNS]; /* what is dirty */
static uint8_t answer[GFNS / 8 + 16];
static long copy_limit; /* bytes that the caller's buffer has; < 0: enough */
static uint64_t free_before;

static uint64_t make_leaf(mfn_t m, unsigned int order, enum p2m_type t)
{
    return npt_format.make_leaf(m, order, t) | D_BIT;
}

static struct p2m_format format;

static void drain(void)
{
    for (unsigned int i = 0; i < nr_logged; i++)
        p2m_mark_dirty(d, gfn(logged[i]));
    nr_logged = 0;
}

void arch_p2m_flush(struct domain *dom)
{
    memset(tlb, 0, sizeof(tlb));
    drain();
}

static int log_start(struct domain *dom)
{
    return cpu_logs ? 0 : -EOPNOTSUPP;
}

static void log_stop(struct domain *dom)
{
    assert_true(cpu_logs);
    nr_logged = 0;
}

struct vendor_ops vendor[1] = { { .log_start = log_start, .log_stop = log_stop } };

bool hypercall_preempt_check(void)
{
    return preempt_every && ++preempt_calls % preempt_every == 0;
}

struct vcpu *domain_vcpu(const struct domain *dom, unsigned int id)
{
    return last_vcpu ? (struct vcpu *)&fake_cpu : NULL;
}

void domain_mark_held(struct domain *dom)
{
    p2m_mark_dirty(dom, gfn(HELD_GFN));
    model[HELD_GFN] = true;
}

static struct grace *waiting;

void grace_call(struct grace *g, void (*fn)(struct grace *g))
{
    assert_null(waiting);
    g->fn = fn;
    waiting = g;
}

static void grace_over(void)
{
    while (waiting) {
        struct grace *g = waiting;

        waiting = NULL;
        g->fn(g);
    }
}

int copy_to_guest_va(vaddr_t dst, const void *src, size_t len)
{
    if (copy_limit >= 0 && dst + len > (vaddr_t)answer + (size_t)copy_limit)
        return -EFAULT;
    memcpy((void *)dst, src, len);
    return 0;
}

int clear_guest_va(vaddr_t dst, size_t len)
{
    static const uint8_t zeros[PAGE_SIZE];

    assert_true(len <= sizeof(zeros));
    return copy_to_guest_va(dst, zeros, len);
}

/* A guest's write; false: to no memory. */
static bool guest_writes(uint64_t g)
{
    if (tlb[g]) {
        model[g] = true;
        return true;
    }
    for (unsigned int tries = 0; tries < 5; tries++) {
        unsigned int order;
        uint64_t *slot = p2m_walk(d->p2m, g, &order);

        if (!entry_present(*slot) || entry_type(*slot) != p2m_ram_rw)
            return false;
        if (!(*slot & P2M_WRITE)) {
            assert_true(dirty_log_fault(d, g));
            continue;
        }
        if (cpu_logs && !(*slot & D_BIT)) {
            *slot |= D_BIT;
            if (nr_logged == MAX_LOG)
                drain();
            logged[nr_logged++] = order ? g >> order << order : g;
        }
        tlb[g] = model[g] = true;
        return true;
    }
    fail_msg("gfn %#lx can't be written to", g);
    return false;
}

/* --- set-up ----------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    fake_mem_setup();
    format = npt_format;
    format.make_leaf = make_leaf;
    format.dirty = D_BIT;
    p2m_format = &format;
    return 0;
}

static void populate(uint64_t g, unsigned int order)
{
    struct page_info *pg = domain_page_alloc(d, order, 0);

    assert_non_null(pg);
    assert_int_equal(p2m_add(d, gfn(g), page_to_mfn(pg), order, p2m_ram_rw), 0);
    for (uint64_t i = 0; d->p2m->log_mask && i < 1UL << order; i++)
        model[g + i] = true;
}

/* 4 KiB pages, two large ones, and one page behind a page of bits. */
static int begin(void **state)
{
    fake_mem_settle();
    free_before = page_alloc_free(-1);
    d = fake_domain_new(1);
    d->max_vcpus = 1;
    last_vcpu = true;
    preempt_every = preempt_calls = nr_logged = 0;
    copy_limit = -1;
    memset(model, 0, sizeof(model));
    memset(tlb, 0, sizeof(tlb));
    assert_int_equal(p2m_init(d), 0);
    for (uint64_t g = 0; g < 64; g++)
        populate(g, 0);
    populate(512, ORDER_2M);
    populate(1024, ORDER_2M);
    populate(0x8000, 0);
    assert_int_equal(p2m_set(d, gfn(100), mfn(1), 0, p2m_ram_ro), 0);
    assert_int_equal(p2m_set(d, gfn(101), mfn(1), 0, p2m_mmio_direct), 0);
    return 0;
}

static int begin_exits(void **state)
{
    cpu_logs = false;
    return begin(state);
}

static int begin_logs(void **state)
{
    cpu_logs = true;
    return begin(state);
}

static int finish(void **state)
{
    grace_over();
    p2m_set(d, gfn(100), INVALID_MFN, 0, p2m_invalid);
    preempt_every = 0;
    while (p2m_teardown(d) == -ERESTART)
        ;
    while (p2m_free(d) == -ERESTART)
        ;
    assert_null(d->dirty_log);
    fake_domain_delete(d);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), free_before);
    return 0;
}

static int again(int (*fn)(struct domain *dom))
{
    int rc;

    do
        rc = fn(d);
    while (rc == -ERESTART);
    return rc;
}

static void enable(void)
{
    assert_int_equal(again(dirty_log_enable), 0);
    memset(model, 0, sizeof(model));
}

static int read_once(uint32_t what, uint64_t pages, uint32_t mode, struct xen_domctl_shadow_op *op)
{
    int rc;

    *op = (struct xen_domctl_shadow_op){ .op = what, .mode = mode, .pages = pages };
    set_xen_guest_handle(op->dirty_bitmap, answer);
    do
        rc = dirty_log_read(d, op);
    while (rc == -ERESTART);
    return rc;
}

static bool told(uint64_t g)
{
    return answer[g / 8] >> g % 8 & 1;
}

/* The log says what the model has of the first @pages. */
static void check_read(uint32_t what, uint64_t pages)
{
    struct xen_domctl_shadow_op op;

    memset(answer, 0xaa, sizeof(answer));
    assert_int_equal(read_once(what, pages, 0, &op), 0);
    assert_int_equal(op.pages, pages);
    for (uint64_t g = 0; g < pages; g++) {
        if (told(g) != model[g])
            fail_msg("gfn %#lx: the log says %d, the model %d", g, told(g), model[g]);
        if (what == XEN_DOMCTL_SHADOW_OP_CLEAN)
            model[g] = false;
    }
    for (uint64_t g = pages; g < (pages + 7) / 8 * 8; g++)
        assert_false(told(g));
    assert_int_equal(answer[(pages + 7) / 8], 0xaa);
}

static void check_clean(void)
{
    check_read(XEN_DOMCTL_SHADOW_OP_CLEAN, GFNS);
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void test_states(void **state)
{
    struct xen_domctl_shadow_op op;

    assert_int_equal(dirty_log_disable(d), 0);
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_CLEAN, 1, 0, &op), -EINVAL);
    last_vcpu = false;
    assert_int_equal(dirty_log_enable(d), -EINVAL);
    last_vcpu = true;
    enable();
    assert_int_equal(dirty_log_enable(d), -EINVAL);
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_CLEAN, 1, 2, &op), -EINVAL);
    assert_int_equal(again(dirty_log_disable), 0);
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_PEEK, 1, 0, &op), -EINVAL);
    enable(); /* the old one is not gone yet */
    check_clean();
}

static void test_writes(void **state)
{
    static const uint64_t written[] = { 0, 5, 63, 512, 700, 1023, 1024 + 77, 0x8000 };
    struct xen_domctl_shadow_op op;

    guest_writes(5);
    guest_writes(700);
    enable();
    check_clean();
    for (unsigned int i = 0; i < ARRAY_SIZE(written); i++)
        assert_true(guest_writes(written[i]));
    assert_false(guest_writes(100));
    assert_false(guest_writes(101));
    assert_false(guest_writes(0x7000));
    check_read(XEN_DOMCTL_SHADOW_OP_PEEK, GFNS);
    check_clean();
    check_clean();
    guest_writes(5);
    p2m_mark_dirty(d, gfn(6)); /* the hypervisor writes */
    model[6] = true;
    p2m_mark_dirty(d, gfn(0x7000000)); /* where nothing is */
    p2m_mark_dirty(d, gfn(~0UL));
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_PEEK, GFNS, 0, &op), 0);
    assert_int_equal(op.stats.dirty_count, 2);
    assert_int_equal(op.stats.fault_count, cpu_logs ? 0 : 1);
    check_clean();
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_PEEK, 10, 0, &op), 0);
    assert_int_equal(op.stats.dirty_count, 0);
}

static void test_final(void **state)
{
    struct xen_domctl_shadow_op op;

    enable();
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_PEEK, GFNS, 0, &op), 0);
    assert_false(told(HELD_GFN));
    assert_int_equal(
        read_once(XEN_DOMCTL_SHADOW_OP_PEEK, GFNS, XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL, &op), 0);
    assert_true(told(HELD_GFN));
    check_clean();
}

static unsigned int order_at(uint64_t g)
{
    unsigned int order;

    p2m_lookup(d, gfn(g), NULL, &order);
    return order;
}

static void test_superpages(void **state)
{
    uint64_t all = P2M_WRITE | D_BIT;
    unsigned int order;

    enable();
    assert_int_equal(order_at(512), ORDER_2M); /* not before it is written to */
    guest_writes(600);
    assert_int_equal(order_at(512), ORDER_4K);
    assert_int_equal(order_at(1024), ORDER_2M);
    check_clean();
    assert_int_equal(again(dirty_log_disable), 0);
    assert_int_equal(order_at(512), ORDER_2M); /* and one again */
    for (uint64_t g = 0; g < 1600; g++) {
        uint64_t e = *p2m_walk(d->p2m, g, &order);

        assert_true(!entry_is_logged(e) || (e & all) == all);
    }
}

/* 1 GiB, which is never RAM here: nobody gets at its frames. */
static void test_1g(void **state)
{
    uint64_t at = 1UL << ORDER_1G, written = at + 0x12345;

    d->p2m->max_order = ORDER_1G;
    assert_int_equal(p2m_set(d, gfn(at), mfn(at), ORDER_1G, p2m_ram_rw), 0);
    enable();
    assert_int_equal(order_at(at), ORDER_1G);
    assert_true(dirty_log_fault(d, written));
    assert_int_equal(order_at(written), ORDER_4K);
    assert_int_equal(order_at(at + 0x20000), ORDER_2M);
    assert_int_equal(dirty_log_fault(d, written), false); /* another vCPU was there first */
    assert_int_equal(dirty_log_block(d->dirty_log, written)[written % LOG_BLOCK / 64],
                     cpu_logs ? 0 : 1UL << written % 64); /* the CPU logs it at the next try */
    assert_true(dirty_log_fault(d, at + 0x20000));
    assert_int_equal(order_at(at + 0x20000), ORDER_4K);
    assert_int_equal(again(dirty_log_disable), 0);
    assert_int_equal(order_at(written), ORDER_1G);
    assert_int_equal(p2m_set(d, gfn(at), INVALID_MFN, ORDER_1G, p2m_invalid), 0);
}

/* A large page that can't be split is dirty as a whole. */
static void test_no_memory_to_split(void **state)
{
    enable();
    d->p2m->table_limit = d->p2m->nr_tables;
    guest_writes(600);
    assert_int_equal(order_at(600), ORDER_2M);
    for (unsigned int g = 512; g < 1024; g++)
        model[g] = true;
    check_clean();
    check_clean();
    guest_writes(1023);
    for (unsigned int g = 512; g < 1024; g++)
        model[g] = true;
    check_clean();
    d->p2m->table_limit = 0;
    guest_writes(513);
    assert_int_equal(order_at(600), ORDER_4K);
    check_clean();
}

static void test_no_memory_to_start(void **state)
{
    d->p2m->table_limit = d->p2m->nr_tables + 3; /* not for the last page's bits */
    preempt_every = 1;
    assert_int_equal(again(dirty_log_enable), -ENOMEM);
    assert_null(d->dirty_log);
    grace_over();
    assert_int_equal(d->p2m->nr_tables, d->p2m->table_limit - 3);
    guest_writes(5);
    d->p2m->table_limit = 0;
    enable();
    check_clean();
}

static void test_map_changes(void **state)
{
    enum p2m_type t;
    struct page_info *pg;
    mfn_t m;

    enable();
    populate(70, 0);
    populate(2048, ORDER_2M);
    assert_int_equal(order_at(2048), ORDER_2M);
    check_clean();
    guest_writes(2050);
    check_clean();
    assert_int_equal(p2m_take(d, gfn(70), 0, P2M_RAM, &m, &t), 0);
    page_free_guest(mfn_to_page(m));
    model[70] = true;
    assert_int_equal(p2m_take(d, gfn(1100), 0, P2M_RAM, &m, &t), 0); /* of a large one */
    page_free_guest(mfn_to_page(m));
    model[1100] = true;
    check_clean();
    guest_writes(1101);
    check_clean();
    /* What is mapped of others is no memory of the domain. */
    pg = domain_page_alloc(d, 0, 0);
    assert_int_equal(p2m_add(d, gfn(80), page_to_mfn(pg), 0, p2m_grant_rw), 0);
    assert_int_equal(
        p2m_replace(d, gfn(80), page_to_mfn(pg), p2m_grant_rw, INVALID_MFN, p2m_invalid), 0);
    check_clean();
    page_free_guest(pg);
}

static void test_parts(void **state)
{
    struct xen_domctl_shadow_op op;

    enable();
    for (uint64_t g = 0; g < 64; g++)
        guest_writes(g);
    guest_writes(600);
    guest_writes(0x8000);
    check_read(XEN_DOMCTL_SHADOW_OP_CLEAN, 0);
    check_read(XEN_DOMCTL_SHADOW_OP_CLEAN, 13);
    check_read(XEN_DOMCTL_SHADOW_OP_PEEK, 37);
    check_read(XEN_DOMCTL_SHADOW_OP_CLEAN, 601);
    check_clean();
    /* A buffer that ends too early: what it was not told is still there. */
    guest_writes(3);
    guest_writes(0x8000);
    copy_limit = 0x1000;
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_CLEAN, GFNS, 0, &op), -EFAULT);
    assert_true(told(3));
    model[3] = false;
    copy_limit = -1;
    check_clean();
    guest_writes(3);
    copy_limit = 0;
    assert_int_equal(read_once(XEN_DOMCTL_SHADOW_OP_CLEAN, GFNS, 0, &op), -EFAULT);
    copy_limit = -1;
    check_clean();
    /* No buffer, and no end. */
    guest_writes(3);
    op = (struct xen_domctl_shadow_op){ .op = XEN_DOMCTL_SHADOW_OP_CLEAN, .pages = ~0UL };
    assert_int_equal(dirty_log_read(d, &op), 0);
    assert_int_equal(op.pages, d->p2m->limit);
    memset(model, 0, sizeof(model));
    check_clean();
}

/* Each step is one entry, one table, or one chunk, and writes come between. */
static void test_preempted(void **state)
{
    struct xen_domctl_shadow_op op = { .op = XEN_DOMCTL_SHADOW_OP_CLEAN, .pages = GFNS }, other;
    unsigned int steps = 0;
    int rc;

    preempt_every = 1;
    assert_int_equal(dirty_log_enable(d), -ERESTART);
    assert_int_equal(dirty_log_read(d, &op), -EBUSY);
    enable();
    set_xen_guest_handle(op.dirty_bitmap, answer);
    guest_writes(2);
    other = op;
    other.pages--;
    while ((rc = dirty_log_read(d, &op)) == -ERESTART) {
        assert_int_equal(dirty_log_read(d, &other), -EBUSY);
        if (!steps++) {
            assert_true(told(2));
            guest_writes(2);      /* was read */
            guest_writes(0x8000); /* not yet */
            drain();
        }
    }
    assert_int_equal(rc, 0);
    assert_true(steps > 2);
    assert_true(told(0x8000));
    model[0x8000] = false;
    check_clean();
    /* OFF ends what another has not finished. */
    assert_int_equal(dirty_log_read(d, &op), -ERESTART);
    assert_int_equal(dirty_log_disable(d), -ERESTART);
    assert_int_equal(dirty_log_read(d, &op), -EBUSY);
    assert_int_equal(dirty_log_enable(d), -EBUSY);
    guest_writes(600);
    assert_int_equal(again(dirty_log_disable), 0);
    assert_int_equal(dirty_log_read(d, &op), -EINVAL);
    assert_int_equal(order_at(600), ORDER_2M);
}

/* The domain ends with the log in whatever state; finish() counts what is free. */
static void test_end(void **state)
{
    struct xen_domctl_shadow_op op = { .op = XEN_DOMCTL_SHADOW_OP_CLEAN, .pages = GFNS };
    unsigned int when = (unsigned int)(uintptr_t)*state;

    preempt_every = 1;
    if (when == 0) {
        assert_int_equal(dirty_log_enable(d), -ERESTART);
        while (p2m_teardown(d) == -ERESTART)
            ;
        assert_int_equal(dirty_log_enable(d), -ESRCH);
        return;
    }
    enable();
    guest_writes(1030);
    if (when == 1) {
        assert_int_equal(dirty_log_read(d, &op), -ERESTART);
        while (p2m_teardown(d) == -ERESTART)
            ;
        assert_int_equal(again(dirty_log_disable), -ESRCH);
    } else {
        assert_int_equal(dirty_log_disable(d), -ERESTART);
        while (p2m_teardown(d) == -ERESTART)
            ;
        assert_int_equal(dirty_log_disable(d), -ESRCH);
    }
}

static void test_random(void **state)
{
    fake_seed = 4711;
    preempt_every = 3;
    for (unsigned int round = 0; round < 3; round++) {
        enable();
        for (unsigned int i = 0; i < 20000; i++) {
            uint64_t g = fake_random() % 1700;

            switch (fake_random() % 64) {
            case 0:
                check_clean();
                break;
            case 1:
                check_read(XEN_DOMCTL_SHADOW_OP_PEEK, fake_random() % GFNS);
                break;
            case 2:
                check_read(XEN_DOMCTL_SHADOW_OP_CLEAN, fake_random() % GFNS);
                break;
            case 3:
                drain();
                break;
            case 4:
                if (dirty_log_block(d->dirty_log, g)) {
                    p2m_mark_dirty(d, gfn(g));
                    model[g] = true;
                }
                break;
            default:
                guest_writes(g);
            }
        }
        assert_int_equal(again(dirty_log_disable), 0);
        grace_over();
        assert_int_equal(order_at(512), ORDER_2M);
    }
}

#define BOTH(test)                                                                                 \
    { #test ": exits", test, begin_exits, finish, NULL },                                          \
    {                                                                                              \
#test ": logs", test, begin_logs, finish, NULL                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_states),
        BOTH(test_writes),
        BOTH(test_final),
        BOTH(test_superpages),
        BOTH(test_1g),
        BOTH(test_no_memory_to_split),
        BOTH(test_no_memory_to_start),
        BOTH(test_map_changes),
        BOTH(test_parts),
        BOTH(test_preempted),
        { "ends while it starts", test_end, begin_logs, finish, (void *)0 },
        { "ends while it is read", test_end, begin_exits, finish, (void *)1 },
        { "ends while it stops", test_end, begin_logs, finish, (void *)2 },
        BOTH(test_random),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
