/* SPDX-License-Identifier: MIT */
/*
 * How an area is split: a binary tree, whose leaves are the panes. Arithmetic only. Beside each
 * other there is a column between two; a leaf's first row is for its title, which is all that
 * stands between two below each other.
 */
#ifndef SHELL_LAYOUT_TREE_H
#define SHELL_LAYOUT_TREE_H

#include "canvas.h"

enum { TREE_WIDTH_LEAST = 10, TREE_HEIGHT_LEAST = 3, TREE_SHARE_ALL = 1000 };

/* Less is of no use to anybody: keys don't split what would leave less. */
enum { TREE_WIDTH_USEFUL = 20, TREE_HEIGHT_USEFUL = 5 };

enum tree_split {
    TREE_LEAF,
    TREE_BESIDE, /* the second is right of the first */
    TREE_BELOW,  /* the second is below the first */
};

enum tree_direction { TREE_LEFT, TREE_RIGHT, TREE_UP, TREE_DOWN };

struct pane;

struct tree {
    enum tree_split split;
    struct pane *pane; /* of a leaf */
    struct tree *parent, *first, *second;
    int share; /* of the first in what the two have, of TREE_SHARE_ALL */
    struct rect rect;
};

struct tree *tree_leaf(struct pane *pane);
void tree_free(struct tree *tree); /* not the panes */

/* One tree of two, each half of it. */
struct tree *tree_join(enum tree_split split, struct tree *first, struct tree *second);

/* Splits a leaf; the fresh one becomes the second half. */
void tree_split(struct tree **root, struct tree *leaf, enum tree_split split, struct tree *fresh);

/* Takes a leaf out, and frees it. Returns the leaf that has got its place; NULL: it was the last.
 */
struct tree *tree_remove(struct tree **root, struct tree *leaf);

/* The leaves, from left to right and from top to bottom. */
struct tree *tree_first(struct tree *tree);
struct tree *tree_next(struct tree *leaf); /* NULL: that was the last */
struct tree *tree_find(struct tree *tree, const struct pane *pane);
size_t tree_count(struct tree *tree);

/* Gives each its rectangle. Where there is too little room for all, some get none (0 wide or
 * high); none reaches out of its parent's. */
void tree_place(struct tree *tree, const struct rect *rect);

/* The leaf that lies there, seen from the middle of @leaf; NULL: the border does. */
struct tree *tree_neighbour(struct tree *root, const struct tree *leaf,
                            enum tree_direction direction);
struct tree *tree_at(struct tree *tree, int x, int y);

/* Moves the nearest line of that direction by so many cells. False: there is none, or no room. */
bool tree_move_border(struct tree *leaf, enum tree_direction direction, int cells);

/* Makes the shares so that all leaves are of about one size. */
void tree_even(struct tree *tree);

/* A grid of these panes, for an area of that shape. */
struct tree *tree_grid(struct pane *const *panes, size_t count, int width, int height);

#endif
