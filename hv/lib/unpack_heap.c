/* SPDX-License-Identifier: MIT */
/*
 * malloc and friends for the unpacking libraries (their symbols stay within the
 * object that unpack.lds makes). They allocate a few objects for each kernel:
 * nothing is reused, all is given back at the end.
 */
#include <hv/boot.h>
#include <hv/string.h>
#include <hv/unpack.h>

#define ARENA_SIZE (1UL << 20)
#define ALIGN      64UL

static struct arena {
    uint8_t *base;
    size_t used;
} arena;

/* Allocations that the arena is too small for. */
#define MAX_LARGE 16
static void *large[MAX_LARGE];
static unsigned int nr_large;

void *unpack_malloc(size_t size)
{
    void *p;

    if (size > ARENA_SIZE / 2) {
        if (nr_large == MAX_LARGE || !(p = boot_scratch_alloc(size)))
            return NULL;
        large[nr_large++] = p;
        return p;
    }
    if (!arena.base && !(arena.base = boot_scratch_alloc(ARENA_SIZE)))
        return NULL;
    size = ROUND_UP(size, ALIGN);
    if (size > ARENA_SIZE - arena.used)
        return NULL;
    p = arena.base + arena.used;
    arena.used += size;
    return p;
}

void unpack_heap_release(void)
{
    while (nr_large)
        boot_scratch_free(large[--nr_large]);
    if (arena.base)
        boot_scratch_free(arena.base);
    arena = (struct arena){ NULL, 0 };
}

#ifndef UNIT_TEST
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);

void *malloc(size_t size)
{
    return unpack_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    void *p;

    if (__builtin_mul_overflow(n, size, &size))
        return NULL;
    p = unpack_malloc(size);
    if (p)
        memset(p, 0, size);
    return p;
}

void free(void *p)
{
}
/* Tracing hooks that libzstd refers to weakly: from the image's address, 0 is out of reach. */
unsigned long long ZSTD_trace_decompress_begin(const void *dctx);
void ZSTD_trace_decompress_end(unsigned long long context, const void *trace);

unsigned long long ZSTD_trace_decompress_begin(const void *dctx)
{
    return 0; /* no tracing */
}

void ZSTD_trace_decompress_end(unsigned long long context, const void *trace)
{
}
#endif
