/* SPDX-License-Identifier: MIT */
/*
 * Small objects. A page holds objects of one size behind a 16-byte header, so
 * that no object starts on a page boundary: a pointer that does is a whole page.
 */
#include <hv/lock.h>
#include <hv/list.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#define HEADER_SIZE 16
#define POISON      0xdb

/* At the start of each page of objects. Offsets in bytes from the page's start; 0: none. */
struct slab_header {
    uint16_t free; /* the first free object; each starts with the offset of the next */
    uint16_t used; /* objects handed out */
    uint16_t class;
    uint16_t spare;
    uint32_t next, prev; /* frames of the class's other pages with free objects; 0: none */
};

/* As many objects of a size as fit, 16-byte aligned: 4080 / n. */
static const uint16_t sizes[] = { 16,  32,  48,  64,  96,  128,  192,  256,
                                  336, 448, 576, 672, 816, 1008, 1360, 2032 };

#define NR_CLASSES ARRAY_SIZE(sizes)

static struct slab_class {
    spinlock_t lock;
    uint32_t partial; /* frame of the first page with a free object; 0: none */
} classes[NR_CLASSES] = { [0 ... NR_CLASSES - 1] = { SPINLOCK_INIT(LOCK_PAGE_ALLOC), 0 } };

static struct slab_header *slab_at(uint32_t m)
{
    return mfn_to_virt(mfn(m));
}

static void partial_insert(struct slab_class *c, struct slab_header *s)
{
    uint32_t m = (uint32_t)virt_to_mfn(s).v;

    s->prev = 0;
    s->next = c->partial;
    if (s->next)
        slab_at(s->next)->prev = m;
    c->partial = m;
}

static void partial_remove(struct slab_class *c, struct slab_header *s)
{
    if (s->next)
        slab_at(s->next)->prev = s->prev;
    if (s->prev)
        slab_at(s->prev)->next = s->next;
    else
        c->partial = s->next;
}

static struct slab_header *slab_create(unsigned int class)
{
    struct slab_header *s = hv_alloc_pages(0, ALLOC_NO_SCRUB);
    unsigned int at, size = sizes[class];
    uint16_t next = 0;

    if (!s)
        return NULL;
    memset(s, POISON, PAGE_SIZE);
    *s = (struct slab_header){ .class = (uint16_t) class };
    at = HEADER_SIZE + (PAGE_SIZE - HEADER_SIZE) / size * size;
    while (at > HEADER_SIZE) {
        at -= size;
        *(uint16_t *)((char *)s + at) = next;
        next = (uint16_t)at;
    }
    s->free = next;
    return s;
}

static void *object_take(struct slab_class *c)
{
    struct slab_header *s;
    char *p;

    if (!c->partial)
        return NULL;
    s = slab_at(c->partial);
    p = (char *)s + s->free;
    s->free = *(uint16_t *)p;
    s->used++;
    if (!s->free)
        partial_remove(c, s);
    return p;
}

static void check_poison(const uint8_t *p, size_t size)
{
    for (size_t i = sizeof(uint16_t); i < size; i++) {
        if (p[i] != POISON)
            panic("hv_alloc: object %p was written after it was freed (byte %zu: %#x)",
                  (const void *)p, i, p[i]);
    }
}

void *hv_alloc(size_t size)
{
    unsigned int class = 0;
    struct slab_header *s;
    struct slab_class *c;
    void *p;

    if (size > sizes[NR_CLASSES - 1])
        return size <= PAGE_SIZE ? hv_alloc_pages(0, 0) : NULL;
    while (sizes[class] < size)
        class ++;
    c = &classes[class];
    spin_lock(&c->lock);
    p = object_take(c);
    spin_unlock(&c->lock);
    if (!p) {
        s = slab_create(class);
        if (!s)
            return NULL;
        spin_lock(&c->lock);
        partial_insert(c, s);
        p = object_take(c);
        spin_unlock(&c->lock);
    }
    if (DEBUG)
        check_poison(p, sizes[class]);
    return memset(p, 0, sizes[class]);
}

/* True if @p is on its page's free list already. */
static bool is_free(const struct slab_header *s, const void *p)
{
    for (uint16_t at = s->free; at; at = *(const uint16_t *)((const char *)s + at)) {
        if ((const char *)s + at == p)
            return true;
    }
    return false;
}

void hv_free(void *p)
{
    struct slab_header *s = (void *)((uintptr_t)p & PAGE_MASK);
    bool empty, was_full;
    struct slab_class *c;

    if (!p)
        return;
    if (s == p) {
        hv_free_pages(p, 0);
        return;
    }
    c = &classes[s->class];
    if (DEBUG)
        memset((char *)p + sizeof(uint16_t), POISON, sizes[s->class] - sizeof(uint16_t));
    spin_lock(&c->lock);
    if (DEBUG && is_free(s, p))
        panic("hv_free: %p was free already", p);
    was_full = !s->free;
    *(uint16_t *)p = s->free;
    s->free = (uint16_t)((char *)p - (char *)s);
    empty = !--s->used;
    if (was_full)
        partial_insert(c, s);
    if (empty)
        partial_remove(c, s);
    spin_unlock(&c->lock);
    if (empty)
        hv_free_pages(s, 0);
}
