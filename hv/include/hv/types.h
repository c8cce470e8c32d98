/* SPDX-License-Identifier: MIT */
/*
 * Basic types of the hypervisor. Frame numbers and addresses of different
 * spaces are distinct types: they mix only by the conversions named here.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* machine physical address, bytes */
typedef uint64_t vaddr_t; /* virtual address (the hypervisor's or a guest's), bytes */

typedef struct {
    uint64_t v;
} mfn_t; /* machine frame number */

typedef struct {
    uint64_t v;
} gfn_t; /* guest frame number: guest physical address >> PAGE_SHIFT */

#define PAGE_SHIFT  12
#define PAGE_SIZE   (1UL << PAGE_SHIFT)
#define PAGE_MASK   (~(PAGE_SIZE - 1))

#define ORDER_4K    0u
#define ORDER_2M    9u
#define ORDER_1G    18u

#define INVALID_MFN ((mfn_t){ ~0UL })
#define INVALID_GFN ((gfn_t){ ~0UL })

static inline mfn_t mfn(uint64_t n)
{
    return (mfn_t){ n };
}

static inline gfn_t gfn(uint64_t n)
{
    return (gfn_t){ n };
}

static inline mfn_t mfn_add(mfn_t m, uint64_t n)
{
    return mfn(m.v + n);
}

static inline gfn_t gfn_add(gfn_t g, uint64_t n)
{
    return gfn(g.v + n);
}

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.v == b.v;
}

static inline bool gfn_eq(gfn_t a, gfn_t b)
{
    return a.v == b.v;
}

static inline paddr_t mfn_to_paddr(mfn_t m)
{
    return m.v << PAGE_SHIFT;
}

static inline mfn_t paddr_to_mfn(paddr_t p)
{
    return mfn(p >> PAGE_SHIFT);
}

#define PFN_UP(x)          (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)        ((x) >> PAGE_SHIFT)

#define ARRAY_SIZE(a)      (sizeof(a) / sizeof((a)[0]))
#define ROUND_UP(x, a)     (((x) + (a)-1) & ~((typeof(x))(a)-1))
#define ROUND_DOWN(x, a)   ((x) & ~((typeof(x))(a)-1))
#define DIV_ROUND_UP(x, y) (((x) + (y)-1) / (y))

#define min(a, b)                                                                                  \
    ({                                                                                             \
        typeof(a) min_a_ = (a);                                                                    \
        typeof(b) min_b_ = (b);                                                                    \
        min_a_ < min_b_ ? min_a_ : min_b_;                                                         \
    })
#define max(a, b)                                                                                  \
    ({                                                                                             \
        typeof(a) max_a_ = (a);                                                                    \
        typeof(b) max_b_ = (b);                                                                    \
        max_a_ > max_b_ ? max_a_ : max_b_;                                                         \
    })

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)

#define ACCESS_ONCE(x)                  (*(volatile typeof(x) *)&(x))

#define barrier()                       __asm__ __volatile__("" : : : "memory")

/* Code and data dropped after boot; the hypervisor proper never refers to it. */
#ifdef UNIT_TEST
#define __init
#define __initdata
#else
#define __init     __attribute__((section(".init.text"), noinline))
#define __initdata __attribute__((section(".init.data")))
#endif

#define __aligned(n)   __attribute__((aligned(n)))
#define __packed       __attribute__((packed))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __noreturn     __attribute__((noreturn))
/* Seldom called: what registers and stack it needs is not its caller's burden. */
#define __noinline   __attribute__((noinline))
#define __must_check __attribute__((warn_unused_result))

#endif
