/* SPDX-License-Identifier: MIT */
/* Ticket locks, and in debug builds the check of their order. */
#include <hv/arch.h>
#include <hv/atomic.h>
#include <hv/lock.h>
#include <hv/log.h>
#include <hv/percpu.h>

#if DEBUG
static void note_locked(spinlock_t *l, bool nested)
{
    struct cpu *c = this_cpu();
    uint8_t top = c->lock_depth ? c->lock_held[c->lock_depth - 1] : LOCK_NONE;

    /* A message about the log's own lock could not be printed. */
    if (l->order != LOCK_LOG && (top > l->order || (top == l->order && !nested)))
        panic("lock of order %u taken while one of order %u is held", l->order, top);
    if (c->lock_depth == ARRAY_SIZE(c->lock_held))
        panic("more than %zu locks held", ARRAY_SIZE(c->lock_held));
    c->lock_held[c->lock_depth++] = l->order;
}

static void note_unlocked(spinlock_t *l)
{
    struct cpu *c = this_cpu();
    unsigned int i = c->lock_depth;

    while (i && c->lock_held[i - 1] != l->order)
        i--;
    if (!i)
        panic("lock of order %u released, which this CPU does not hold", l->order);
    for (c->lock_depth--; i <= c->lock_depth; i++)
        c->lock_held[i - 1] = c->lock_held[i];
}
#else
static void note_locked(spinlock_t *l, bool nested)
{
}
static void note_unlocked(spinlock_t *l)
{
}
#endif

static void acquire(spinlock_t *l)
{
    uint32_t ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_ACQUIRE);

    while (atomic_read_acquire(&l->owner) != ticket)
        arch_cpu_relax();
}

void spin_lock(spinlock_t *l)
{
    note_locked(l, false);
    acquire(l);
}

void spin_lock_nested(spinlock_t *l)
{
    note_locked(l, true);
    acquire(l);
}

bool spin_trylock(spinlock_t *l)
{
    uint32_t owner = atomic_read(&l->owner);

    if (!__atomic_compare_exchange_n(&l->next, &owner, owner + 1, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return false;
    note_locked(l, true);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    note_unlocked(l);
    atomic_set_release(&l->owner, l->owner + 1);
}

bool spin_is_locked(const spinlock_t *l)
{
    return atomic_read(&l->owner) != atomic_read(&l->next);
}
