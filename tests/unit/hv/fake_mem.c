/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/atomic.h>

#include "fake_mem.h"

uintptr_t unit_direct_map_base, unit_frame_table_base;
struct cpu fake_cpu;
struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus = 1;
struct domain *dom0;
uint32_t fake_seed = 1;

static struct cpu other_cpus[8];
static __thread struct cpu *this_thread; /* NULL: the main thread */

static struct domain *domains[8];
static unsigned int refs[8];

struct cpu *this_cpu(void)
{
    return this_thread ? this_thread : &fake_cpu;
}

void arch_cpu_relax(void)
{
    if (nr_cpus == 1)
        fail_msg("a lock that is never released");
    sched_yield();
}

void fake_cpu_enter(unsigned int id)
{
    this_thread = cpus[id] = other_cpus[id].self = &other_cpus[id];
    this_thread->id = id;
}

void fake_cpu_leave(void)
{
    assert_int_equal(this_thread->lock_depth, 0);
    assert_null(page_alloc(ORDER_1G, 0)); /* empties the cache */
}

static uintptr_t reserve(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    assert_ptr_not_equal(p, MAP_FAILED);
    return (uintptr_t)p;
}

void fake_mem_setup(void)
{
    cpus[0] = fake_cpu.self = &fake_cpu;
    unit_direct_map_base = reserve(FAKE_HIGH_END << PAGE_SHIFT);
    unit_frame_table_base = reserve(FAKE_HIGH_END * sizeof(struct page_info));
    for (uint64_t m = FAKE_NODE0_START; m < FAKE_NODE1_END; m++)
        memset(mfn_to_virt(mfn(m)), 0xee, PAGE_SIZE);
    page_alloc_add_range(mfn(FAKE_NODE0_START), mfn(FAKE_NODE0_END), 0);
    page_alloc_add_range(mfn(FAKE_NODE1_START), mfn(FAKE_NODE1_END), 1);
    page_alloc_add_range(mfn(FAKE_HIGH_START), mfn(FAKE_HIGH_END), 1);
}

void fake_mem_settle(void)
{
    /* More than is there: fails, but empties the cache on its way. */
    assert_null(page_alloc(ORDER_1G, 0));
    while (page_alloc_scrub_some())
        ;
    assert_int_equal(page_alloc_dirty(), 0);
    assert_int_equal(fake_cpu.page_cache_count, 0);
}

struct domain *fake_domain_new(domid_t domid)
{
    struct domain *d = calloc(1, sizeof(*d));

    assert_null(domains[domid]);
    d->domid = domid;
    d->is_hvm = true;
    d->max_pages = 1u << 20;
    d->node_affinity = 3;
    d->node_pages = calloc(2, sizeof(*d->node_pages));
    spin_lock_init(&d->page_lock, LOCK_PAGE_OWNER);
    domains[domid] = d;
    refs[domid] = 1;
    return d;
}

unsigned int fake_domain_refcount(domid_t domid)
{
    return refs[domid];
}

void fake_domain_delete(struct domain *d)
{
    assert_int_equal(refs[d->domid], 1);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(d->page_refs_left, 0);
    assert_int_equal(d->node_pages[0], 0);
    assert_int_equal(d->node_pages[1], 0);
    free(d->node_pages);
    refs[d->domid] = 0;
    domains[d->domid] = NULL;
    free(d);
}

struct domain *domain_get(domid_t domid)
{
    if (domid >= 8 || !domains[domid])
        return NULL;
    atomic_inc(&refs[domid]);
    return domains[domid];
}

struct domain *domain_of_owner(domid_t domid)
{
    return domid < 8 ? domains[domid] : NULL;
}

void domain_ref(struct domain *d)
{
    assert_true(refs[d->domid]);
    atomic_inc(&refs[d->domid]);
}

void domain_put(struct domain *d)
{
    assert_true(refs[d->domid]);
    atomic_dec(&refs[d->domid]);
}

uint32_t fake_random(void)
{
    fake_seed ^= fake_seed << 13;
    fake_seed ^= fake_seed >> 17;
    fake_seed ^= fake_seed << 5;
    return fake_seed;
}
