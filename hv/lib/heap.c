/* SPDX-License-Identifier: MIT */
/* After Fredman, Sedgewick, Sleator and Tarjan, "The pairing heap" (1986). */
#include <hv/heap.h>

/* Of two heaps one; each is its first node, without siblings. Either may be NULL. */
static struct heap_node *merge(struct heap_node *a, struct heap_node *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (b->key < a->key) {
        struct heap_node *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    return a;
}

/* The siblings from @n on, cut off from what is above them. */
static struct heap_node *merge_siblings(struct heap_node *n)
{
    struct heap_node *pairs = NULL, *all = NULL;

    while (n) { /* from left to right two by two, in a list that begins with the last */
        struct heap_node *a = n, *b = n->next, *pair;

        n = b ? b->next : NULL;
        a->next = NULL;
        if (b)
            b->next = NULL;
        pair = merge(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) { /* and back */
        struct heap_node *pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        all = merge(all, pair);
    }
    if (all)
        all->prev = NULL;
    return all;
}

void heap_insert(struct heap_node **heap, struct heap_node *n)
{
    n->child = n->next = n->prev = NULL;
    *heap = merge(*heap, n);
}

void heap_remove(struct heap_node **heap, struct heap_node *n)
{
    struct heap_node *below = merge_siblings(n->child);

    n->child = NULL;
    if (*heap == n) {
        *heap = below;
        return;
    }
    if (n->prev->child == n)
        n->prev->child = n->next;
    else
        n->prev->next = n->next;
    if (n->next)
        n->next->prev = n->prev;
    *heap = merge(*heap, below);
}
