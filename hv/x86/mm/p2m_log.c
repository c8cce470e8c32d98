/* SPDX-License-Identifier: MIT */
/*
 * The dirty log's work on the nested page table: making entries clean, seeing them get dirty.
 *
 * A clean entry of 4 KiB refuses writes, so that the first one exits; or, where the CPU logs by
 * itself (vendor_ops.log_start), it lacks the bit that the CPU sets at the first one. A larger
 * clean entry refuses writes in both cases, and is split by the first one, as what a bit stands
 * for is 4 KiB. Without memory to split it, it is dirty as a whole.
 *
 * Entries are cleaned, with their bits taken, under the p2m's lock; CPUs go on by translations
 * that they have until the flush at the end of the step. What is written that way is seen by
 * whoever reads these pages afterwards: their bits were taken, and are in the answer.
 */
#include <hv/arch.h>
#include <hv/atomic.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/string.h>

#include "x86/hvm/vendor.h"
#include "x86/mm/dirty_log.h"
#include "x86/mm/p2m_internal.h"

/* Bits copied out at once. */
#define CHUNK 4096u
/* Pages freed between two looks for something more urgent. */
#define FREE_BATCH 256u

/* One CPU works at it at a time. */
static bool begin(struct dirty_log *log)
{
    return !atomic_xchg(&log->busy, true);
}

static int end(struct dirty_log *log, int rc)
{
    atomic_set_release(&log->busy, false);
    return rc;
}

/* --- one entry, or all of one table; the lock is held ------------------------------------------
 */

/* How many frames the table or entry that @g is in covers, from @g on. */
static uint64_t rest_of(uint64_t g, unsigned int order)
{
    uint64_t span = 1UL << (order ? order : 9u);

    return span - (g & (span - 1));
}

static int clean_at(struct domain *d, struct dirty_log *log, uint64_t g, uint64_t *frames)
{
    struct p2m *p = d->p2m;
    unsigned int order, first = g & (LOG_BLOCK - 1);
    uint64_t *slot = p2m_walk(p, g, &order);
    bool covered = false;

    *frames = rest_of(g, order);
    for (unsigned int i = 0; i < (order ? 1 : LOG_BLOCK - first); i++) {
        if (!entry_is_logged(slot[i]))
            continue;
        if (!covered && dirty_log_cover(d, log, g >> order << order, order))
            return -ENOMEM;
        covered = true;
        atomic_and(&slot[i], ~p2m_clean_mask(p, order));
    }
    return 0;
}

/* As if nothing had ever been logged. */
static void restore_at(struct p2m *p, uint64_t g, uint64_t *frames)
{
    uint64_t all = P2M_WRITE | p2m_format->dirty;
    unsigned int order, first = g & (LOG_BLOCK - 1);
    uint64_t *slot = p2m_walk(p, g, &order);

    *frames = rest_of(g, order);
    for (unsigned int i = 0; i < (order ? 1 : LOG_BLOCK - first); i++) {
        if (entry_is_logged(slot[i]) && (slot[i] & all) != all)
            atomic_or(&slot[i], all);
    }
    /* What was split by writes is one again. */
    if (order == ORDER_4K)
        p2m_merge_at(p, g, ORDER_4K);
    if (order <= ORDER_2M && !((g + *frames) & ((1UL << ORDER_1G) - 1)))
        p2m_merge_at(p, g, ORDER_2M);
}

/* --- a guest's write ------------------------------------------------------------------------- */

static bool fault_locked(struct domain *d, struct dirty_log *log, uint64_t g)
{
    struct p2m *p = d->p2m;
    unsigned int order;
    bool changed = false;

    for (;;) {
        uint64_t *slot = p2m_walk(p, g, &order), e = *slot;

        if (p->closed || !entry_is_logged(e) || e & P2M_WRITE)
            return changed;
        if (order && !p2m_split(d, slot, order)) {
            changed = true;
            continue;
        }
        atomic_or(slot, P2M_WRITE);
        dirty_log_set(log, g >> order << order, order);
        return true;
    }
}

bool dirty_log_fault(struct domain *d, uint64_t g)
{
    struct dirty_log *log;
    bool changed = false;

    spin_lock(&d->p2m->lock);
    log = d->dirty_log;
    if (log && g < d->p2m->limit)
        changed = fault_locked(d, log, g);
    if (changed)
        atomic_inc(&log->nr_faults);
    spin_unlock(&d->p2m->lock);
    return changed;
}

/* --- on and off ---------------------------------------------------------------------------------
 */

static void free_in_grace(struct grace *g)
{
    struct dirty_log *log = container_of(g, struct dirty_log, grace);
    struct domain *d = log->domain;
    unsigned int left = FREE_BATCH;
    bool done = dirty_log_free_some(log, &left);

    spin_lock(&d->p2m->lock);
    d->p2m->nr_tables -= FREE_BATCH - left;
    spin_unlock(&d->p2m->lock);
    if (!done) {
        grace_call(g, free_in_grace);
        return;
    }
    hv_free(log);
    domain_put(d);
}

/* Others may be setting bits still. */
static void detach(struct domain *d, struct dirty_log *log)
{
    spin_lock(&d->p2m->lock);
    atomic_set_release(&d->dirty_log, NULL);
    spin_unlock(&d->p2m->lock);
    log->domain = d;
    domain_ref(d);
    grace_call(&log->grace, free_in_grace);
}

static void begin_stop(struct domain *d, struct dirty_log *log, int error)
{
    struct p2m *p = d->p2m;
    bool by_cpu;

    log->phase = LOG_STOPPING;
    log->cursor = 0;
    log->error = error;
    spin_lock(&p->lock);
    by_cpu = p->log_mask != P2M_WRITE;
    p->log_mask = 0;
    spin_unlock(&p->lock);
    if (by_cpu)
        vendor->log_stop(d);
}

static int stop_step(struct domain *d, struct dirty_log *log)
{
    struct p2m *p = d->p2m;
    int error = log->error;
    uint64_t frames;

    while (log->cursor <= atomic_read(&p->max_gfn)) {
        bool closed;

        spin_lock(&p->lock);
        closed = p->closed;
        if (!closed)
            restore_at(p, log->cursor, &frames);
        spin_unlock(&p->lock);
        if (closed)
            return end(log, -ESRCH); /* its end frees the log */
        log->cursor += frames;
        if (hypercall_preempt_check())
            return end(log, -ERESTART);
    }
    detach(d, log);
    return error;
}

int dirty_log_disable(struct domain *d)
{
    struct dirty_log *log = d->dirty_log;

    if (!log)
        return 0;
    if (!begin(log))
        return -ERESTART;
    if (log->phase != LOG_STOPPING) /* whatever else is under way */
        begin_stop(d, log, 0);
    return stop_step(d, log);
}

/* Two tools at once get one log. */
static int create(struct domain *d)
{
    struct dirty_log *log = hv_alloc(sizeof(*log));
    uint64_t mask = P2M_WRITE;
    bool ours;

    if (!log)
        return -ENOMEM;
    log->phase = LOG_STARTING;
    log->busy = true;
    spin_lock(&d->p2m->lock);
    ours = !d->dirty_log && !d->p2m->closed;
    if (ours)
        atomic_set_release(&d->dirty_log, log);
    spin_unlock(&d->p2m->lock);
    if (!ours) {
        hv_free(log);
        return -EBUSY;
    }
    if (vendor->log_start && !vendor->log_start(d))
        mask = p2m_format->dirty;
    spin_lock(&d->p2m->lock);
    d->p2m->log_mask = mask;
    spin_unlock(&d->p2m->lock);
    return 0;
}

static int start_step(struct domain *d, struct dirty_log *log)
{
    struct p2m *p = d->p2m;
    int rc = 0;

    while (!rc && log->cursor <= atomic_read(&p->max_gfn)) {
        uint64_t frames = 0;

        spin_lock(&p->lock);
        rc = p->closed ? -ESRCH : clean_at(d, log, log->cursor, &frames);
        spin_unlock(&p->lock);
        log->cursor += frames;
        if (!rc && hypercall_preempt_check())
            return end(log, -ERESTART);
    }
    if (rc == -ENOMEM) {
        begin_stop(d, log, rc);
        return stop_step(d, log);
    }
    if (!rc) {
        arch_p2m_flush(d);
        log->phase = LOG_ON;
    }
    return end(log, rc);
}

int dirty_log_enable(struct domain *d)
{
    struct dirty_log *log = d->dirty_log;
    int rc = 0;

    if (!domain_vcpu(d, d->max_vcpus - 1)) /* the last one to be made */
        return -EINVAL;
    if (!log)
        rc = create(d);
    else if (!begin(log))
        rc = -ERESTART;
    if (rc)
        return rc;
    log = d->dirty_log;
    if (log->phase == LOG_STARTING)
        return start_step(d, log);
    if (log->phase == LOG_STOPPING && log->error) /* a start that failed */
        return stop_step(d, log);
    return end(log, log->phase == LOG_STOPPING ? -EBUSY : -EINVAL);
}

/* --- reading -------------------------------------------------------------------------------------
 */

/* The first @bits of the block at @g: taken into @to, and its entries made clean. Locked. */
static bool take_block(struct p2m *p, uint64_t g, uint64_t *block, unsigned int bits, uint64_t *to)
{
    unsigned int order;
    uint64_t *slot = p2m_walk(p, g, &order);
    bool any = false;

    for (unsigned int i = 0; i < DIV_ROUND_UP(bits, 64u); i++) {
        uint64_t mask = bits - i * 64 >= 64 ? ~0UL : (1UL << (bits - i * 64)) - 1;

        to[i] = atomic_read(&block[i]) & mask ? atomic_and(&block[i], ~mask) & mask : 0;
        any |= to[i] != 0;
        for (uint64_t w = order ? 0 : to[i]; w; w &= w - 1) {
            uint64_t *s = slot + i * 64 + (unsigned int)__builtin_ctzl(w);

            if (entry_is_logged(*s))
                atomic_and(s, ~p->log_mask);
        }
    }
    if (any && order && entry_is_logged(*slot))
        atomic_and(slot, ~P2M_WRITE);
    return any;
}

/* @n bits from the cursor on, in blocks; what is taken is a matter of @taken. -ESRCH */
static int read_chunk(struct domain *d, struct dirty_log *log, unsigned int n, uint64_t *to,
                      bool *taken)
{
    struct p2m *p = d->p2m;
    bool clean = log->reading.op == XEN_DOMCTL_SHADOW_OP_CLEAN;

    for (unsigned int at = 0; at < n; at += LOG_BLOCK) {
        uint64_t *block = dirty_log_block(log, log->cursor + at), *w = to + at / 64;
        unsigned int bits = min(n - at, LOG_BLOCK);
        bool closed = false;

        if (!block) {
            memset(w, 0, LOG_BLOCK / 8);
            continue;
        }
        if (!clean) {
            memcpy(w, block, LOG_BLOCK / 8);
            if (bits % 64)
                w[bits / 64] &= (1UL << bits % 64) - 1;
            continue;
        }
        spin_lock(&p->lock);
        closed = p->closed;
        if (!closed)
            *taken |= take_block(p, log->cursor + at, block, bits, w);
        spin_unlock(&p->lock);
        if (closed)
            return -ESRCH;
    }
    return 0;
}

static void put_back(struct dirty_log *log, unsigned int n, const uint64_t *from)
{
    for (unsigned int i = 0; i < DIV_ROUND_UP(n, 64u); i++) {
        for (uint64_t w = from[i]; w; w &= w - 1)
            dirty_log_set(log, log->cursor + i * 64 + (unsigned int)__builtin_ctzl(w), 0);
    }
}

/* The next bits to the caller's buffer. */
static int read_next(struct domain *d, struct dirty_log *log, bool *taken)
{
    const struct xen_domctl_shadow_op *r = &log->reading;
    vaddr_t to = (vaddr_t)r->dirty_bitmap.p;
    uint64_t left = r->pages - log->cursor, words[CHUNK / 64];
    unsigned int n = (unsigned int)min(left, (uint64_t)CHUNK);
    bool none = !dirty_log_block(log, log->cursor);
    int rc = 0;

    if (none) /* so it is up to the end of a leaf */
        n = (unsigned int)min(left, (1UL << LOG_LEAF_SHIFT) -
                                        (log->cursor & ((1UL << LOG_LEAF_SHIFT) - 1)));
    else
        rc = read_chunk(d, log, n, words, taken);
    if (rc)
        return rc;
    if (to && none)
        rc = clear_guest_va(to + log->cursor / 8, DIV_ROUND_UP(n, 8u));
    else if (to)
        rc = copy_to_guest_va(to + log->cursor / 8, words, DIV_ROUND_UP(n, 8u));
    if (rc && !none && r->op == XEN_DOMCTL_SHADOW_OP_CLEAN)
        put_back(log, n, words);
    if (!rc)
        log->cursor += n;
    return rc;
}

static void begin_read(struct domain *d, struct dirty_log *log,
                       const struct xen_domctl_shadow_op *op)
{
    bool clean = op->op == XEN_DOMCTL_SHADOW_OP_CLEAN;

    log->phase = LOG_READING;
    log->reading = *op;
    log->reading.pages = min(op->pages, p2m_limit(d));
    log->cursor = 0;
    if (op->mode & XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL)
        domain_mark_held(d);
    if (d->p2m->log_mask != P2M_WRITE) /* what CPUs have logged for themselves comes */
        arch_p2m_flush(d);
    log->was.fault_count = clean ? atomic_xchg(&log->nr_faults, 0) : atomic_read(&log->nr_faults);
    log->was.dirty_count = clean ? atomic_xchg(&log->nr_dirty, 0) : atomic_read(&log->nr_dirty);
}

static bool same_read(const struct dirty_log *log, const struct xen_domctl_shadow_op *op,
                      uint64_t limit)
{
    return log->reading.op == op->op && log->reading.mode == op->mode &&
           log->reading.dirty_bitmap.p == op->dirty_bitmap.p &&
           log->reading.pages == min(op->pages, limit);
}

static int read_steps(struct domain *d, struct dirty_log *log)
{
    bool taken = false;
    int rc = 0;

    while (!rc && log->cursor < log->reading.pages) {
        rc = read_next(d, log, &taken);
        if (!rc && hypercall_preempt_check())
            rc = -ERESTART;
    }
    if (taken)
        arch_p2m_flush(d);
    return rc;
}

int dirty_log_read(struct domain *d, struct xen_domctl_shadow_op *op)
{
    struct dirty_log *log = d->dirty_log;
    int rc;

    if (op->mode & ~(uint32_t)XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL || !log)
        return -EINVAL;
    if (!begin(log))
        return -ERESTART;
    if (log->phase == LOG_ON)
        begin_read(d, log, op);
    else if (log->phase != LOG_READING || !same_read(log, op, p2m_limit(d)))
        return end(log, -EBUSY);
    rc = read_steps(d, log);
    if (!rc) {
        op->pages = log->reading.pages;
        op->stats = log->was;
    }
    if (rc != -ERESTART)
        log->phase = LOG_ON;
    return end(log, rc);
}
