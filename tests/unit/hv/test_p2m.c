/* SPDX-License-Identifier: MIT */
/* The nested page tables: against a flat model, and as the CPU would read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/hypercall.h>

#include "fake_mem.h"
#include "x86/mm/p2m_internal.h"

static unsigned int flushes, preempt_every, preempt_calls;

void arch_p2m_flush(struct domain *d)
{
    flushes++;
}

bool hypercall_preempt_check(void)
{
    return preempt_every && ++preempt_calls % preempt_every == 0;
}

static uint64_t free_before;
static unsigned int free_steps; /* of the last p2m's end */

static int set_up(void **state)
{
    fake_mem_setup();
    fake_mem_settle();
    return 0;
}

static struct domain *p2m_domain(void)
{
    struct domain *d;

    fake_mem_settle();
    free_before = page_alloc_free(-1);
    d = fake_domain_new(1);
    assert_int_equal(p2m_init(d), 0);
    return d;
}

static void p2m_domain_end(struct domain *d)
{
    while (p2m_teardown(d) == -ERESTART)
        ;
    free_steps = 1;
    while (p2m_free(d) == -ERESTART)
        free_steps++;
    fake_domain_delete(d);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), free_before);
}

/* The walk of APM 2, 5.3 and 15.25: *order of the leaf, or 0 for not present. */
static uint64_t hardware_walk(struct domain *d, uint64_t g, unsigned int *order)
{
    uint64_t *table = paddr_to_virt(p2m_root(d));

    for (unsigned int o = 27;; o -= 9) {
        uint64_t e = table[g >> o & 511];

        if (!(e & 1))
            return 0;
        assert_true(e & 4);                     /* nested walks are user accesses */
        assert_int_equal(e & (0xfUL << 48), 0); /* no bits above the address */
        if (o == 0 || e & 0x80) {
            assert_int_equal(e >> 12 & ((1UL << o) - 1), 0);
            assert_true(o <= ORDER_1G);
            *order = o;
            return e;
        }
        assert_true(e & 2);
        table = paddr_to_virt(e & 0x000ffffffffff000UL);
    }
}

static void expect(struct domain *d, uint64_t g, enum p2m_type t, uint64_t m)
{
    enum p2m_type type;
    unsigned int order = 0;
    mfn_t got = p2m_lookup(d, gfn(g), &type, NULL);
    uint64_t e = hardware_walk(d, g, &order);

    assert_int_equal(type, t);
    if (t == p2m_invalid) {
        assert_true(mfn_eq(got, INVALID_MFN));
        assert_int_equal(e, 0);
        return;
    }
    assert_int_equal(got.v, m);
    assert_int_equal((e & 0x000ffffffffff000UL) >> 12, m >> order << order);
    assert_int_equal(!!(e & 2), p2m_is_writable(t) || t == p2m_mmio_direct);
    assert_int_equal(!!(e & 0x18), t == p2m_mmio_direct);
}

static void test_leaf_sizes(void **state)
{
    struct domain *d = p2m_domain();
    unsigned int order;

    assert_int_equal(p2m_set(d, gfn(1UL << 18), mfn(1UL << 19), ORDER_1G, p2m_mmio_direct), 0);
    assert_int_equal(p2m_set(d, gfn(512), mfn(1024), ORDER_2M, p2m_mmio_direct), 0);
    assert_int_equal(p2m_set(d, gfn(3), mfn(77), 0, p2m_mmio_direct), 0);
    expect(d, (1UL << 18) + 12345, p2m_mmio_direct, (1UL << 19) + 12345);
    p2m_lookup(d, gfn(1UL << 18), NULL, &order);
    assert_true(order == ORDER_1G || d->p2m->max_order == ORDER_2M);
    p2m_lookup(d, gfn(1000), NULL, &order);
    assert_int_equal(order, ORDER_2M);
    p2m_lookup(d, gfn(3), NULL, &order);
    assert_int_equal(order, 0);
    expect(d, 1023, p2m_mmio_direct, 1535);
    expect(d, 4, p2m_invalid, 0);
    assert_int_equal(flushes, 0); /* nothing was taken away */
    assert_int_equal(p2m_max_gfn(d).v, (2UL << 18) - 1);
    p2m_domain_end(d);
}

static void test_refusals(void **state)
{
    struct domain *d = p2m_domain();

    assert_int_equal(p2m_set(d, gfn(1), mfn(0), ORDER_2M, p2m_ram_rw), -EINVAL);
    assert_int_equal(p2m_set(d, gfn(0), mfn(1), ORDER_2M, p2m_ram_rw), -EINVAL);
    assert_int_equal(p2m_set(d, gfn(0), mfn(0), ORDER_1G + 1, p2m_ram_rw), -EINVAL);
    assert_int_equal(p2m_set(d, gfn(d->p2m->limit), mfn(0), 0, p2m_ram_rw), -EINVAL);
    assert_int_equal(p2m_set(d, INVALID_GFN, mfn(0), 0, p2m_ram_rw), -EINVAL);
    assert_int_equal(p2m_set(d, gfn(0), INVALID_MFN, 0, p2m_ram_rw), -EINVAL);
    assert_int_equal(p2m_set(d, gfn(0), mfn(512), ORDER_2M, p2m_foreign), -EINVAL);
    expect(d, 0, p2m_invalid, 0);
    p2m_domain_end(d);
}

static void test_split_and_merge(void **state)
{
    struct domain *d = p2m_domain();
    unsigned int order;

    flushes = 0;
    assert_int_equal(p2m_set(d, gfn(0), mfn(512), ORDER_2M, p2m_mmio_direct), 0);
    assert_int_equal(p2m_set(d, gfn(7), INVALID_MFN, 0, p2m_invalid), 0);
    assert_int_equal(flushes, 1);
    expect(d, 7, p2m_invalid, 0);
    expect(d, 8, p2m_mmio_direct, 520);
    /* Back again: at some point it is one leaf as before. */
    for (unsigned int i = 0; i < 40; i++) {
        assert_int_equal(p2m_set(d, gfn(7), INVALID_MFN, 0, p2m_invalid), 0);
        assert_int_equal(p2m_set(d, gfn(7), mfn(519), 0, p2m_mmio_direct), 0);
        expect(d, 7, p2m_mmio_direct, 519);
    }
    /* From single pages, upwards and downwards. */
    for (uint64_t i = 512; i < 1024; i++)
        assert_int_equal(p2m_set(d, gfn(i), mfn(i), 0, p2m_mmio_direct), 0);
    for (uint64_t i = 2048; i-- > 1536;)
        assert_int_equal(p2m_set(d, gfn(i), mfn(i), 0, p2m_mmio_direct), 0);
    p2m_lookup(d, gfn(600), NULL, &order);
    assert_int_equal(order, ORDER_2M);
    p2m_lookup(d, gfn(1600), NULL, &order);
    assert_int_equal(order, ORDER_2M);
    expect(d, 600, p2m_mmio_direct, 600);
    p2m_domain_end(d);
}

static void test_references(void **state)
{
    struct domain *d = p2m_domain(), *other = fake_domain_new(2);
    struct page_info *ram = domain_page_alloc(d, 0, 0), *pg = domain_page_alloc(other, 0, 0);
    enum p2m_type t;

    assert_int_equal(p2m_set(d, gfn(1), page_to_mfn(ram), 0, p2m_ram_ro), 0);
    assert_true(page_get(pg, other)); /* the map's */
    assert_int_equal(p2m_set(d, gfn(2), page_to_mfn(pg), 0, p2m_foreign), 0);

    assert_ptr_equal(p2m_get_page(d, gfn(1), &t), ram);
    assert_int_equal(t, p2m_ram_ro);
    page_put(ram);
    assert_ptr_equal(p2m_get_page(d, gfn(2), &t), pg);
    assert_int_equal(t, p2m_foreign);
    page_put(pg);
    assert_null(p2m_get_page(d, gfn(3), &t));
    assert_int_equal(t, p2m_invalid);
    assert_null(p2m_get_page(d, INVALID_GFN, &t));

    /* The domain lost the page, though the map still shows it. */
    assert_true(page_free_guest(ram));
    assert_null(p2m_get_page(d, gfn(1), &t));

    assert_int_equal(p2m_replace(d, gfn(2), mfn(4), p2m_foreign, INVALID_MFN, p2m_invalid),
                     -EAGAIN);
    assert_int_equal(
        p2m_replace(d, gfn(2), page_to_mfn(pg), p2m_grant_rw, INVALID_MFN, p2m_invalid), -EAGAIN);
    flushes = 0;
    assert_int_equal(p2m_replace(d, gfn(2), page_to_mfn(pg), p2m_foreign, INVALID_MFN, p2m_invalid),
                     0);
    assert_int_equal(flushes, 1);
    assert_int_equal(
        p2m_replace(d, gfn(2), INVALID_MFN, p2m_invalid, page_to_mfn(pg), p2m_grant_ro), 0);
    /* The owner gives it up; the map's reference keeps it until teardown. */
    assert_true(page_free_guest(pg));
    assert_int_equal(other->page_refs_left, 1);
    while (p2m_teardown(d) == -ERESTART)
        ;
    assert_int_equal(other->page_refs_left, 0);
    assert_int_equal(p2m_set(d, gfn(9), mfn(9), 0, p2m_mmio_direct), -ESRCH);
    fake_domain_delete(other);
    p2m_domain_end(d);
}

#define MODEL_GFNS 4096u

static struct {
    enum p2m_type t;
    uint64_t m;
} model[MODEL_GFNS];

/* True if a translation that was there is not any more, or another. */
static bool model_set(uint64_t g, uint64_t m, unsigned int order, enum p2m_type t)
{
    bool gone = false;

    for (uint64_t i = 0; i < 1UL << order; i++) {
        gone |= model[g + i].t != p2m_invalid && (model[g + i].t != t || model[g + i].m != m + i);
        model[g + i].t = t;
        model[g + i].m = m + i;
    }
    return gone;
}

static void random_run(struct domain *d, unsigned int steps)
{
    for (unsigned int step = 0; step < steps; step++) {
        unsigned int order = fake_random() % 3 ? 0 : fake_random() % 12;
        uint64_t g = fake_random() % MODEL_GFNS >> order << order, m;
        enum p2m_type t = (enum p2m_type[]){ p2m_invalid, p2m_mmio_direct, p2m_mmio_direct,
                                             p2m_mmio_direct }[fake_random() % 4];
        bool gone;

        /* Often what would be contiguous, so that merging has something to do. */
        m = fake_random() % 4 ? g + 0x100000 : fake_random() % 65536 >> order << order;
        flushes = 0;
        assert_int_equal(p2m_set(d, gfn(g), mfn(m), order, t), 0);
        gone = model_set(g, m, order, t);
        assert_true(flushes || !gone);
        for (unsigned int i = 0; i < 8; i++) {
            g = fake_random() % MODEL_GFNS;
            expect(d, g, model[g].t, model[g].m);
        }
    }
}

static void test_random_against_a_model(void **state)
{
    fake_seed = 4711;
    for (unsigned int round = 0; round < 4; round++) {
        struct domain *d = p2m_domain();

        memset(model, 0, sizeof(model));
        if (round == 3)
            d->p2m->max_order = ORDER_2M;
        random_run(d, 4000);
        for (uint64_t g = 0; g < MODEL_GFNS; g++)
            expect(d, g, model[g].t, model[g].m);
        p2m_domain_end(d);
    }
}

/* Ends a domain with RAM in all leaf sizes, stopped at every chance. */
static void test_teardown_in_steps(void **state)
{
    struct domain *d = p2m_domain();
    unsigned int steps = 0;

    for (unsigned int i = 0; i < 4; i++) {
        struct page_info *pg = domain_page_alloc(d, ORDER_2M, 0);

        assert_non_null(pg);
        assert_int_equal(p2m_set(d, gfn(i * 512 + 0x100000), page_to_mfn(pg), ORDER_2M, p2m_ram_rw),
                         0);
    }
    for (unsigned int i = 0; i < 100; i++) {
        struct page_info *pg = domain_page_alloc(d, 0, 0);

        assert_int_equal(p2m_set(d, gfn(i * 3), page_to_mfn(pg), 0, p2m_ram_rw), 0);
    }
    preempt_every = 1;
    while (p2m_teardown(d) == -ERESTART)
        steps++;
    preempt_every = 0;
    assert_true(steps >= 100);
    assert_int_equal(d->tot_pages, 0);
    p2m_domain_end(d);
}

/* No memory for tables: an error, and what was there is still there. */
static void test_out_of_memory(void **state)
{
    static struct page_info *hog[16384];
    struct domain *d = p2m_domain();
    unsigned int n = 0;

    assert_int_equal(p2m_set(d, gfn(0), mfn(512), ORDER_2M, p2m_mmio_direct), 0);
    while ((hog[n] = page_alloc(0, 0)))
        n++;
    assert_int_equal(p2m_set(d, gfn(3), mfn(1), 0, p2m_mmio_direct), -ENOMEM);
    assert_int_equal(p2m_set(d, gfn(1UL << 30), mfn(1), 0, p2m_mmio_direct), -ENOMEM);
    assert_int_equal(p2m_set(d, gfn(1UL << 30), mfn(1), 0, p2m_invalid), 0);
    expect(d, 3, p2m_mmio_direct, 515);
    while (n)
        page_free(hog[--n], 0);
    p2m_domain_end(d);
}

/* Small leaves of the same meaning, and around them large ones still. */
static void test_break_up(void **state)
{
    struct domain *d = p2m_domain();
    unsigned int order;
    uint64_t g = 1UL << ORDER_1G;

    assert_int_equal(p2m_set(d, gfn(g), mfn(g), ORDER_1G, p2m_mmio_direct), 0);
    flushes = 0;
    assert_int_equal(p2m_break_up(d, gfn(g + 700)), 0);
    assert_int_equal(flushes, 0);
    for (uint64_t i = 0; i < 2048; i++)
        expect(d, g + i, p2m_mmio_direct, g + i);
    hardware_walk(d, g + 700, &order);
    assert_int_equal(order, 0);
    hardware_walk(d, g, &order);
    assert_int_equal(order, ORDER_2M);
    assert_int_equal(p2m_break_up(d, gfn(g + 700)), 0);
    assert_int_equal(p2m_break_up(d, gfn(0)), 0);
    assert_int_equal(p2m_break_up(d, gfn(~0UL >> PAGE_SHIFT)), 0);
    p2m_domain_end(d);
}

/* A guest that spreads its pages comes to an end; dom0 does not. */
static void test_table_limit(void **state)
{
    struct domain *d = p2m_domain();
    uint64_t g = 0;
    int rc;

    d->is_privileged = false;
    d->max_pages = 0;
    do
        rc = p2m_set(d, gfn(g << 9), mfn(1), 0, p2m_mmio_direct);
    while (!rc && ++g < 2048);
    assert_int_equal(rc, -ENOMEM);
    assert_in_range(g, 512, 1024);
    assert_int_equal(p2m_set(d, gfn(1), mfn(2), 0, p2m_mmio_direct), 0);
    d->max_pages = 1024; /* memory comes with tables for it */
    assert_int_equal(p2m_set(d, gfn(g << 9), mfn(1), 0, p2m_mmio_direct), 0);
    d->is_privileged = true;
    for (g++; g < 1100; g++)
        assert_int_equal(p2m_set(d, gfn(g << 9), mfn(1), 0, p2m_mmio_direct), 0);
    p2m_domain_end(d);
    assert_int_equal(free_steps, 2); /* some 1,100 tables */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaf_sizes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_split_and_merge),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_random_against_a_model),
        cmocka_unit_test(test_teardown_in_steps),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_break_up),
        cmocka_unit_test(test_table_limit),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
