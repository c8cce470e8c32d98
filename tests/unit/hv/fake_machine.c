/* SPDX-License-Identifier: MIT */
#include <sched.h>
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
#include "fake_machine.h"

uintptr_t unit_direct_map_base, unit_frame_table_base;

int fake_copies_left, fake_allocs_left, fake_preempt_after;
bool fake_p2m_set_fails;
void (*fake_on_lookup)(struct domain *d, gfn_t g);
unsigned int fake_dirty_marks;
uint64_t fake_dirty_gfn;
unsigned int fake_live_allocs, fake_notified[8][16], fake_unblocked[8][16], fake_p2m_flushes,
    fake_freed_domains;

struct domain *dom0;
struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus = 1;

static _Thread_local struct cpu cpu0;
static struct domain *domains[8];
static unsigned int refs[8];

struct cpu *this_cpu(void)
{
    return &cpu0;
}

/* --- memory --- */

static bool take(int *left)
{
    if (*left == 0)
        return false;
    if (*left > 0)
        --*left;
    return true;
}

void *hv_alloc(size_t size)
{
    assert_true(size <= PAGE_SIZE);
    if (!take(&fake_allocs_left))
        return NULL;
    atomic_inc(&fake_live_allocs);
    return calloc(1, size);
}

void hv_free(void *p)
{
    if (p)
        atomic_dec(&fake_live_allocs);
    free(p);
}

struct page_info *page_alloc(unsigned int order, unsigned int flags)
{
    struct page_info *table = (struct page_info *)FRAME_TABLE_BASE;

    assert_int_equal(order, 0);
    if (!take(&fake_allocs_left))
        return NULL;
    for (unsigned int i = 1; i < FAKE_FRAMES; i++) {
        if (!(table[i].flags & PAGE_FREE))
            continue;
        table[i] = (struct page_info){ .owner = PAGE_NO_OWNER, .flags = PAGE_HV, .refs = 1 };
        memset(page_to_virt(&table[i]), 0, PAGE_SIZE);
        return &table[i];
    }
    return NULL;
}

void page_free(struct page_info *pg, unsigned int order)
{
    assert_false(pg->flags & PAGE_FREE);
    *pg = (struct page_info){ .flags = PAGE_FREE, .owner = PAGE_NO_OWNER };
    memset(page_to_virt(pg), 0xaa, PAGE_SIZE);
}

void *hv_alloc_pages(unsigned int order, unsigned int flags)
{
    struct page_info *pg = page_alloc(order, flags);

    return pg ? page_to_virt(pg) : NULL;
}

void hv_free_pages(void *va, unsigned int order)
{
    if (va)
        page_free(virt_to_page(va), order);
}

struct page_info *domain_page_alloc(struct domain *d, unsigned int order, unsigned int flags)
{
    struct page_info *pg = page_alloc(order, flags);

    if (pg) {
        pg->owner = d->domid;
        pg->flags = PAGE_ALLOCATED;
        d->page_refs_left++;
    }
    return pg;
}

int domain_share_page(struct domain *d, struct page_info *pg)
{
    pg->owner = d->domid;
    pg->flags = PAGE_HV | PAGE_ALLOCATED;
    d->shared_pages++;
    return 0;
}

void domain_unshare_page(struct domain *d, struct page_info *pg)
{
    assert_int_equal(pg->owner, d->domid);
    d->shared_pages--;
    assert_true(page_free_guest(pg));
}

bool page_get(struct page_info *pg, const struct domain *d)
{
    if ((pg->flags & PAGE_FREE) || pg->owner != d->domid || !pg->refs)
        return false;
    pg->refs++;
    return true;
}

void page_ref(struct page_info *pg)
{
    assert_true(pg->refs);
    pg->refs++;
}

void page_put(struct page_info *pg)
{
    assert_true(pg->refs);
    if (--pg->refs == 0)
        page_free(pg, 0);
}

bool page_free_guest(struct page_info *pg)
{
    if (!(pg->flags & PAGE_ALLOCATED))
        return false;
    pg->flags &= ~PAGE_ALLOCATED;
    page_put(pg);
    return true;
}

bool mfn_valid(mfn_t m)
{
    return m.v < FAKE_FRAMES;
}

unsigned int fake_frames_used(void)
{
    struct page_info *table = (struct page_info *)FRAME_TABLE_BASE;
    unsigned int n = 0;

    for (unsigned int i = 1; i < FAKE_FRAMES; i++)
        n += !(table[i].flags & PAGE_FREE);
    return n;
}

/* --- p2m --- */

mfn_t p2m_lookup(struct domain *d, gfn_t g, enum p2m_type *t, unsigned int *order)
{
    bool there = g.v < FAKE_GFNS;

    if (fake_on_lookup)
        fake_on_lookup(d, g);
    if (t)
        *t = there ? d->p2m->entry[g.v].type : p2m_invalid;
    if (order)
        *order = 0;
    return there && d->p2m->entry[g.v].type != p2m_invalid ? mfn(d->p2m->entry[g.v].mfn)
                                                           : INVALID_MFN;
}

struct page_info *p2m_get_page(struct domain *d, gfn_t g, enum p2m_type *t)
{
    mfn_t m;
    struct page_info *pg;

    m = p2m_lookup(d, g, t, NULL);
    if (!mfn_valid(m))
        return NULL;
    pg = mfn_to_page(m);
    if (pg->flags & PAGE_FREE)
        return NULL;
    page_ref(pg);
    return pg;
}

int p2m_set(struct domain *d, gfn_t g, mfn_t m, unsigned int order, enum p2m_type t)
{
    if (fake_p2m_set_fails)
        return -ENOMEM;
    if (g.v >= FAKE_GFNS)
        return -EINVAL;
    if (d->p2m->entry[g.v].type != p2m_invalid)
        fake_p2m_flushes++;
    d->p2m->entry[g.v].mfn = m.v;
    d->p2m->entry[g.v].type = t;
    return 0;
}

int p2m_replace(struct domain *d, gfn_t g, mfn_t old, enum p2m_type old_type, mfn_t m,
                enum p2m_type t)
{
    enum p2m_type now;
    mfn_t at = p2m_lookup(d, g, &now, NULL);

    if (g.v >= FAKE_GFNS)
        return -EINVAL;
    if (now != old_type || (now != p2m_invalid && !mfn_eq(at, old)))
        return -EAGAIN;
    return p2m_set(d, g, m, 0, t);
}

void p2m_log_write(struct domain *d, gfn_t g)
{
    fake_dirty_gfn = g.v;
    fake_dirty_marks++;
}

void arch_p2m_flush(struct domain *d)
{
    fake_p2m_flushes++;
}

/* --- guest memory: guest virtual addresses are host pointers --- */

int copy_from_guest_va(void *dst, vaddr_t src, size_t len)
{
    if (!src || !take(&fake_copies_left))
        return -EFAULT;
    memcpy(dst, (const void *)src, len);
    return 0;
}

int copy_to_guest_va(vaddr_t dst, const void *src, size_t len)
{
    if (!dst || !take(&fake_copies_left))
        return -EFAULT;
    memcpy((void *)dst, src, len);
    return 0;
}

/* Only as long as no copy is to fail: what happens then is the copies' matter. */
void *guest_map_va(vaddr_t va, size_t len, struct guest_page *page)
{
    page->info = NULL;
    return fake_copies_left < 0 ? (void *)va : NULL;
}

void guest_unmap_va(const struct guest_page *page)
{
}

/* --- domains --- */

static int slot(domid_t domid)
{
    for (int i = 0; i < 8; i++)
        if (domains[i] && domains[i]->domid == domid)
            return i;
    return -1;
}

struct domain *domain_get(domid_t domid)
{
    int i = slot(domid);

    if (i < 0)
        return NULL;
    atomic_inc(&refs[i]);
    return domains[i];
}

struct domain *domain_get_or_self(domid_t domid)
{
    return domain_get(domid == DOMID_SELF ? current->domain->domid : domid);
}

void domain_ref(struct domain *d)
{
    assert_true(atomic_inc(&refs[slot(d->domid)]) > 1);
}

void domain_put(struct domain *d)
{
    unsigned int left = atomic_dec(&refs[slot(d->domid)]);

    assert_true(left != ~0u);
    /* Freeing takes locks of low order. */
    assert_true(left || !cpu0.lock_depth);
    if (!left)
        fake_freed_domains++;
}

unsigned int fake_domain_refs(const struct domain *d)
{
    return refs[slot(d->domid)] - 1;
}

void fake_domain_resurrect(struct domain *d)
{
    assert_int_equal(refs[slot(d->domid)], 0);
    refs[slot(d->domid)] = 1;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

void vcpu_unblock(struct vcpu *v)
{
    atomic_inc(&fake_unblocked[v->domain->domid % 8][v->id]);
}

void arch_vcpu_event_notify(struct vcpu *v)
{
    atomic_inc(&fake_notified[v->domain->domid % 8][v->id]);
}

void arch_cpu_relax(void)
{
    static _Thread_local unsigned int spins;

    if (++spins > 100000000)
        fail_msg("a lock that is never released");
    sched_yield();
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    d->shutting_down = true;
    d->shutdown_code = SHUTDOWN_crash;
}

int permission_control(const struct domain *target)
{
    return current->domain->is_privileged ? 0 : -EPERM;
}

bool hypercall_preempt_check(void)
{
    return !take(&fake_preempt_after);
}

int hypercall_continue(unsigned int n, ...)
{
    va_list ap;

    va_start(ap, n);
    for (unsigned int i = 0; i < n; i++)
        current->hcall.args[i] = va_arg(ap, uint64_t);
    va_end(ap);
    current->hcall.restart = true;
    return -ERESTART;
}

struct domain *fake_domain(domid_t domid, unsigned int nr_vcpus, unsigned int nr_pages)
{
    struct domain *d = calloc(1, sizeof(*d));
    int i;

    d->domid = domid;
    d->is_hvm = true;
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    d->p2m = calloc(1, sizeof(*d->p2m));
    d->shared_info = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    memset(d->shared_info, 0, PAGE_SIZE);
    d->max_vcpus = nr_vcpus;
    d->vcpu = calloc(nr_vcpus, sizeof(*d->vcpu));
    for (unsigned int v = 0; v < nr_vcpus; v++) {
        d->vcpu[v] = calloc(1, sizeof(struct vcpu));
        d->vcpu[v]->domain = d;
        d->vcpu[v]->id = v;
        d->vcpu[v]->vcpu_info = &d->shared_info->vcpu_info[v];
    }
    for (unsigned int g = 0; g < nr_pages; g++) {
        struct page_info *pg = domain_page_alloc(d, 0, 0);

        assert_non_null(pg);
        d->p2m->entry[g].mfn = page_to_mfn(pg).v;
        d->p2m->entry[g].type = p2m_ram_rw;
    }
    for (i = 0; domains[i]; i++)
        assert_true(i < 7);
    domains[i] = d;
    refs[i] = 1;
    return d;
}

struct page_info *fake_gfn_page(struct domain *d, uint64_t g)
{
    return mfn_to_page(mfn(d->p2m->entry[g].mfn));
}

void *fake_gfn_ptr(struct domain *d, uint64_t g)
{
    return mfn_to_virt(mfn(d->p2m->entry[g].mfn));
}

void fake_domain_discard(struct domain *d)
{
    domains[slot(d->domid)] = NULL;
    for (unsigned int g = 0; g < FAKE_GFNS; g++)
        if (p2m_is_ram(d->p2m->entry[g].type))
            page_free_guest(fake_gfn_page(d, g));
    for (unsigned int v = 0; v < d->max_vcpus; v++)
        free(d->vcpu[v]);
    free(d->vcpu);
    free(d->shared_info);
    free(d->p2m);
    free(d);
}

void fake_set_current(struct domain *d, unsigned int vcpu)
{
    current = d->vcpu[vcpu];
}

void fake_machine_reset(void)
{
    static char *ram;
    static struct page_info *table;

    free(ram);
    free(table);
    ram = aligned_alloc(PAGE_SIZE, FAKE_FRAMES * PAGE_SIZE);
    table = calloc(FAKE_FRAMES, sizeof(*table));
    for (unsigned int i = 0; i < FAKE_FRAMES; i++)
        table[i] = (struct page_info){ .flags = PAGE_FREE, .owner = PAGE_NO_OWNER };
    unit_direct_map_base = (uintptr_t)ram;
    unit_frame_table_base = (uintptr_t)table;
    fake_copies_left = fake_allocs_left = fake_preempt_after = -1;
    fake_p2m_set_fails = false;
    fake_on_lookup = NULL;
    fake_live_allocs = fake_p2m_flushes = fake_freed_domains = fake_dirty_marks = 0;
    memset(fake_notified, 0, sizeof(fake_notified));
    memset(fake_unblocked, 0, sizeof(fake_unblocked));
    memset(domains, 0, sizeof(domains));
    memset(&cpu0, 0, sizeof(cpu0));
    cpus[0] = cpu0.self = &cpu0;
    dom0 = NULL;
}
