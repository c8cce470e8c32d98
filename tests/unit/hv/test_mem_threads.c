/* SPDX-License-Identifier: MIT */
/* The memory code under several threads, each a CPU. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/hypercall.h>

#include "fake_mem.h"
#include "x86/mm/p2m_internal.h"

#define THREADS 3u

static bool stop;
static uint64_t free_before;
static struct domain *d;

void arch_p2m_flush(struct domain *dom)
{
}

bool hypercall_preempt_check(void)
{
    return false;
}

/* cmocka's assertions jump: only the main thread may use them. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void run_threads(void *(*fn)(void *), void (*meanwhile)(void))
{
    pthread_t t[THREADS];

    fake_mem_settle();
    free_before = page_alloc_free(-1);
    nr_cpus = THREADS + 1;
    atomic_set(&stop, false);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, fn, (void *)(i + 1)), 0);
    if (meanwhile)
        meanwhile();
    atomic_set(&stop, true);
    for (unsigned int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    nr_cpus = 1;
}

/* --- frames taken and given back by all at once ----------------------------------- */

static void stamp(struct page_info *pg, unsigned int order, uint64_t mark)
{
    for (unsigned int i = 0; i < 1u << order; i++)
        *(uint64_t *)page_to_virt(&pg[i]) = mark;
}

static void check_stamp(struct page_info *pg, unsigned int order, uint64_t mark)
{
    for (unsigned int i = 0; i < 1u << order; i++)
        CHECK(*(uint64_t *)page_to_virt(&pg[i]) == mark);
}

static void *alloc_thread(void *arg)
{
    unsigned int id = (unsigned int)(uintptr_t)arg, n = 0;
    uint32_t seed = id;
    struct {
        struct page_info *pg;
        unsigned int order;
    } block[40];

    fake_cpu_enter(id);
    for (unsigned int step = 0; step < 20000; step++) {
        if (n < 40 && next_random(&seed) % 2) {
            unsigned int order = next_random(&seed) % 5;
            struct page_info *pg = page_alloc(order, 0);

            if (!pg)
                continue;
            check_stamp(pg, order, 0);
            stamp(pg, order, id << 8 | n);
            block[n].pg = pg;
            block[n++].order = order;
        } else if (n) {
            n--;
            check_stamp(block[n].pg, block[n].order, id << 8 | n);
            page_free(block[n].pg, block[n].order);
        }
        if (step % 32 == 0)
            page_alloc_scrub_some();
    }
    while (n--)
        page_free(block[n].pg, block[n].order);
    fake_cpu_leave();
    return NULL;
}

static void test_allocation(void **state)
{
    run_threads(alloc_thread, NULL);
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), free_before);
}

/* --- references to frames that their owner gives up --------------------------------- */

#define SLOTS 64u

static struct page_info *slot[SLOTS];

static void *ref_thread(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)arg;

    fake_cpu_enter((unsigned int)(uintptr_t)arg);
    while (!atomic_read(&stop)) {
        unsigned int i = next_random(&seed) % SLOTS;
        struct page_info *pg = atomic_read(&slot[i]);

        if (pg && page_get(pg, d)) {
            CHECK(pg->owner == d->domid && pg->refs);
            page_put(pg);
        }
        if (next_random(&seed) % 8 == 0) {
            pg = atomic_xchg(&slot[i], NULL);
            if (pg)
                CHECK(page_free_guest(pg));
        }
    }
    fake_cpu_leave();
    return NULL;
}

static void refill_slots(void)
{
    uint32_t seed = 5;

    for (unsigned int step = 0; step < 60000; step++) {
        unsigned int i = next_random(&seed) % SLOTS;
        struct page_info *none = NULL, *pg = domain_page_alloc(d, 0, ALLOC_NO_SCRUB);

        CHECK(pg);
        if (!atomic_cas(&slot[i], &none, pg))
            CHECK(page_free_guest(pg));
    }
}

static void test_references(void **state)
{
    d = fake_domain_new(1);
    d->max_pages = SLOTS + 16;
    run_threads(ref_thread, refill_slots);
    for (unsigned int i = 0; i < SLOTS; i++) {
        if (slot[i])
            assert_true(page_free_guest(slot[i]));
    }
    fake_domain_delete(d); /* checks the account */
    fake_mem_settle();
    assert_int_equal(page_alloc_free(-1), free_before);
}

/* --- lookups without a lock, while tables are split, merged, dropped and used again --- */

#define REGIONS 8u /* of 2 MiB, each to frames of its own */

static uint64_t frame_of(uint64_t g, unsigned int variant)
{
    return 0x100000 + (g / 512) * 0x1000 + variant * 0x200 + g % 512;
}

static void *lookup_thread(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)arg;

    fake_cpu_enter((unsigned int)(uintptr_t)arg);
    while (!atomic_read(&stop)) {
        uint64_t g = next_random(&seed) % (REGIONS * 512);
        enum p2m_type t;
        mfn_t m = p2m_lookup(d, gfn(g), &t, NULL);

        CHECK(t == p2m_invalid
                  ? mfn_eq(m, INVALID_MFN)
                  : t == p2m_mmio_direct && (m.v == frame_of(g, 0) || m.v == frame_of(g, 1)));
    }
    fake_cpu_leave();
    return NULL;
}

static void change_map(void)
{
    uint32_t seed = 3;

    for (unsigned int step = 0; step < 40000; step++) {
        uint64_t base = next_random(&seed) % REGIONS * 512, g = base + next_random(&seed) % 512;
        unsigned int kind = next_random(&seed) % 8, variant = next_random(&seed) % 2;
        int rc;

        if (kind == 0)
            rc = p2m_set(d, gfn(base), mfn(frame_of(base, variant)), ORDER_2M, p2m_mmio_direct);
        else if (kind == 1)
            rc = p2m_set(d, gfn(base), INVALID_MFN, ORDER_2M, p2m_invalid);
        else if (kind == 2)
            rc = p2m_set(d, gfn(g), INVALID_MFN, 0, p2m_invalid);
        else
            rc = p2m_set(d, gfn(g), mfn(frame_of(g, variant)), 0, p2m_mmio_direct);
        CHECK(!rc);
    }
}

static void test_lookups(void **state)
{
    fake_mem_settle();
    d = fake_domain_new(1);
    assert_int_equal(p2m_init(d), 0);
    run_threads(lookup_thread, change_map);
    assert_int_equal(p2m_teardown(d), 0);
    p2m_free(d);
    fake_domain_delete(d);
    fake_mem_settle();
}

static int set_up(void **state)
{
    fake_mem_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_lookups),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
