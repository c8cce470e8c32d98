/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap, the smallest key first. Nodes are part of what they order; the caller
 * provides the locking. Inserting takes constant time; removing takes logarithmic time on
 * average over any sequence of both.
 */
#ifndef HV_HEAP_H
#define HV_HEAP_H

#include <hv/types.h>

struct heap_node {
    uint64_t key;
    struct heap_node *child; /* the first of the nodes below it */
    struct heap_node *next;  /* its right sibling */
    struct heap_node *prev;  /* its left sibling or, for the first, the node above */
};

/* A heap is a pointer to its first node, NULL when it is empty. */
void heap_insert(struct heap_node **heap, struct heap_node *n);
/* @n must be in it. */
void heap_remove(struct heap_node **heap, struct heap_node *n);

#endif
