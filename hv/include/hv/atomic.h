/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations: the compiler's builtins under short names. All of them are
 * full barriers, except atomic_read and atomic_set (relaxed).
 */
#ifndef HV_ATOMIC_H
#define HV_ATOMIC_H

#include <hv/types.h>

#define atomic_read(p)           __atomic_load_n(p, __ATOMIC_RELAXED)
#define atomic_set(p, v)         __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define atomic_read_acquire(p)   __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define atomic_set_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define atomic_add(p, v)         __atomic_add_fetch(p, v, __ATOMIC_SEQ_CST) /* the new value */
#define atomic_sub(p, v)         __atomic_sub_fetch(p, v, __ATOMIC_SEQ_CST) /* the new value */
#define atomic_inc(p)            atomic_add(p, 1)
#define atomic_dec(p)            atomic_sub(p, 1)
#define atomic_or(p, v)          __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)  /* the old value */
#define atomic_and(p, v)         __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST) /* the old value */
#define atomic_xchg(p, v)        __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

/* True if *p was *expected and is now @v; else *expected is what was found. */
#define atomic_cas(p, expected, v)                                                                 \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

static inline bool bit_test(const void *map, unsigned int n)
{
    return atomic_read((const uint64_t *)map + n / 64) >> (n % 64) & 1;
}

/* Atomic; each returns the bit's old value. */
static inline bool bit_test_and_set(void *map, unsigned int n)
{
    return atomic_or((uint64_t *)map + n / 64, 1UL << (n % 64)) >> (n % 64) & 1;
}

static inline bool bit_test_and_clear(void *map, unsigned int n)
{
    return atomic_and((uint64_t *)map + n / 64, ~(1UL << (n % 64))) >> (n % 64) & 1;
}

/*
 * @index if it is below @size, else 0, without a branch that a processor could
 * speculate past: for every array that a guest's number selects from.
 */
static inline uint64_t index_nospec(uint64_t index, uint64_t size)
{
    uint64_t mask;

#if defined(__x86_64__)
    __asm__ __volatile__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(index), "r"(size) : "cc");
#else
    mask = (uint64_t)((int64_t)(index - size) >> 63);
#endif
    return index & mask;
}

#endif
