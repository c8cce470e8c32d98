/* SPDX-License-Identifier: MIT */
/*
 * A balanced search tree (AVL), smallest key first; equal keys in the order they came. Nodes
 * are part of what they order; the caller provides the locking. Inserting, removing and finding
 * take logarithmic time.
 *
 * Keys are compared as positions on a circle: one is before another if it is less than half
 * of all numbers away. So clocks may wrap.
 *
 * A tree may keep for each node what is true of all nodes below it: its update function
 * computes that from the node and its children, and is called whenever they change.
 */
#ifndef HV_TREE_H
#define HV_TREE_H

#include <hv/types.h>

struct tree_node {
    uint64_t key; /* not to be changed while it is in a tree */
    struct tree_node *child[2], *parent;
    int height;
};

struct tree {
    struct tree_node *root; /* NULL: empty */
    void (*update)(struct tree_node *n);
};

static inline bool tree_before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

void tree_insert(struct tree *t, struct tree_node *n);
/* @n must be in it. */
void tree_remove(struct tree *t, struct tree_node *n);
/* NULL: it is empty. */
struct tree_node *tree_first(const struct tree *t);
/* The one that follows; NULL: none. */
struct tree_node *tree_next(const struct tree_node *n);
/* What @n is summed up from has changed, its key has not. */
void tree_changed(struct tree *t, struct tree_node *n);

#endif
