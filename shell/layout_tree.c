/* SPDX-License-Identifier: MIT */
#include "layout_tree.h"
#include "shell.h"

#include <stdlib.h>

struct tree *tree_leaf(struct pane *pane)
{
    struct tree *leaf = shell_need(calloc(1, sizeof(*leaf)));

    leaf->pane = pane;
    leaf->share = TREE_SHARE_ALL / 2;
    return leaf;
}

void tree_free(struct tree *tree)
{
    if (tree) {
        tree_free(tree->first);
        tree_free(tree->second);
        free(tree);
    }
}

struct tree *tree_join(enum tree_split split, struct tree *first, struct tree *second)
{
    struct tree *tree = tree_leaf(NULL);

    tree->split = split;
    tree->first = first;
    tree->second = second;
    first->parent = second->parent = tree;
    return tree;
}

/* Puts @fresh where @old has been. */
static void replace(struct tree **root, struct tree *parent, struct tree *old, struct tree *fresh)
{
    fresh->parent = parent;
    if (!parent) {
        *root = fresh;
    } else if (parent->first == old) {
        parent->first = fresh;
    } else {
        parent->second = fresh;
    }
}

void tree_split(struct tree **root, struct tree *leaf, enum tree_split split, struct tree *fresh)
{
    struct tree *parent = leaf->parent;
    struct tree *tree = tree_join(split, leaf, fresh);

    replace(root, parent, leaf, tree);
}

struct tree *tree_remove(struct tree **root, struct tree *leaf)
{
    struct tree *parent = leaf->parent, *other;

    if (!parent) {
        *root = NULL;
        free(leaf);
        return NULL;
    }
    other = parent->first == leaf ? parent->second : parent->first;
    replace(root, parent->parent, parent, other);
    free(parent);
    free(leaf);
    return tree_first(other);
}

struct tree *tree_first(struct tree *tree)
{
    while (tree && tree->split != TREE_LEAF) {
        tree = tree->first;
    }
    return tree;
}

struct tree *tree_next(struct tree *leaf)
{
    while (leaf->parent && leaf->parent->second == leaf) {
        leaf = leaf->parent;
    }
    return leaf->parent ? tree_first(leaf->parent->second) : NULL;
}

struct tree *tree_find(struct tree *tree, const struct pane *pane)
{
    struct tree *leaf = tree_first(tree);

    while (leaf && leaf->pane != pane) {
        leaf = tree_next(leaf);
    }
    return leaf;
}

size_t tree_count(struct tree *tree)
{
    size_t count = 0;

    for (struct tree *leaf = tree_first(tree); leaf; leaf = tree_next(leaf)) {
        count++;
    }
    return count;
}

/* --- where they are --- */

static int max(int a, int b)
{
    return a > b ? a : b;
}

/* The least that a tree needs in the direction of a split. */
static int least(const struct tree *tree, enum tree_split along)
{
    int first, second;

    if (tree->split == TREE_LEAF) {
        return along == TREE_BESIDE ? TREE_WIDTH_LEAST : TREE_HEIGHT_LEAST;
    }
    first = least(tree->first, along);
    second = least(tree->second, along);
    return tree->split != along ? max(first, second) : first + second + (along == TREE_BESIDE);
}

/* The first's part of @room cells. */
static int part_of_first(const struct tree *tree, int room)
{
    int first = least(tree->first, tree->split), second = least(tree->second, tree->split);
    int part = room * tree->share / TREE_SHARE_ALL;

    if (room < first + second) {
        return room * first / (first + second);
    }
    return part < first ? first : part > room - second ? room - second : part;
}

void tree_place(struct tree *tree, const struct rect *rect)
{
    struct rect first = *rect, second = *rect;

    tree->rect = *rect;
    if (tree->split == TREE_BESIDE) {
        int room = rect->width > 0 ? rect->width - 1 : 0;

        first.width = part_of_first(tree, room);
        second.x = rect->x + first.width + (rect->width > 0);
        second.width = room - first.width;
    } else if (tree->split == TREE_BELOW) {
        first.height = part_of_first(tree, rect->height);
        second.y = rect->y + first.height;
        second.height = rect->height - first.height;
    } else {
        return;
    }
    tree_place(tree->first, &first);
    tree_place(tree->second, &second);
}

static bool is_empty(const struct rect *rect)
{
    return rect->width <= 0 || rect->height <= 0;
}

static int clamp(int value, int from, int length)
{
    return value < from ? from : value > from + length - 1 ? from + length - 1 : value;
}

struct tree *tree_neighbour(struct tree *root, const struct tree *leaf,
                            enum tree_direction direction)
{
    bool sideways = direction == TREE_LEFT || direction == TREE_RIGHT;
    const struct rect *from = &leaf->rect;
    int x = from->x + from->width / 2, y = from->y + from->height / 2, best = INT32_MAX;
    struct tree *found = NULL;

    for (struct tree *other = tree_first(root); other; other = tree_next(other)) {
        const struct rect *to = &other->rect;
        int gap, off;

        if (other == leaf || is_empty(to)) {
            continue;
        }
        gap = direction == TREE_LEFT    ? from->x - (to->x + to->width)
              : direction == TREE_RIGHT ? to->x - (from->x + from->width)
              : direction == TREE_UP    ? from->y - (to->y + to->height)
                                        : to->y - (from->y + from->height);
        off = sideways ? abs(y - clamp(y, to->y, to->height)) : abs(x - clamp(x, to->x, to->width));
        /* Beside it, before nearer ones that aren't. */
        if (gap >= 0 && off * 1000 + gap < best) {
            best = off * 1000 + gap;
            found = other;
        }
    }
    return found;
}

struct tree *tree_at(struct tree *tree, int x, int y)
{
    struct tree *leaf = tree_first(tree);

    while (leaf && !rect_contains(&leaf->rect, x, y)) {
        leaf = tree_next(leaf);
    }
    return leaf;
}

bool tree_move_border(struct tree *leaf, enum tree_direction direction, int cells)
{
    enum tree_split split =
        direction == TREE_LEFT || direction == TREE_RIGHT ? TREE_BESIDE : TREE_BELOW;
    int sign = direction == TREE_LEFT || direction == TREE_UP ? -1 : 1, room, part, before;
    struct tree *tree = leaf->parent;

    while (tree && tree->split != split) {
        tree = tree->parent;
    }
    if (!tree) {
        return false;
    }
    room = split == TREE_BESIDE ? tree->rect.width - 1 : tree->rect.height;
    if (room <= 0) {
        return false;
    }
    before = part_of_first(tree, room);
    part = clamp(before + sign * cells, 0, room + 1);
    /* Rounded up, so that the same part comes out of it again. */
    tree->share = (part * TREE_SHARE_ALL + room - 1) / room;
    part = part_of_first(tree, room);
    tree->share = (part * TREE_SHARE_ALL + room - 1) / room;
    return part != before;
}

/* How many leaves stand next to each other along a split. */
static int weight(const struct tree *tree, enum tree_split along)
{
    if (tree->split == TREE_LEAF) {
        return 1;
    }
    return tree->split == along ? weight(tree->first, along) + weight(tree->second, along)
                                : max(weight(tree->first, along), weight(tree->second, along));
}

void tree_even(struct tree *tree)
{
    if (tree && tree->split != TREE_LEAF) {
        int first = weight(tree->first, tree->split), second = weight(tree->second, tree->split);

        tree->share = TREE_SHARE_ALL * first / (first + second);
        tree_even(tree->first);
        tree_even(tree->second);
    }
}

/* --- a grid --- */

/* One tree of several, each the same part. */
static struct tree *row_of(struct tree *const *parts, size_t count, enum tree_split split)
{
    struct tree *tree;

    if (count == 1) {
        return parts[0];
    }
    tree = tree_join(split, parts[0], row_of(parts + 1, count - 1, split));
    tree->share = TREE_SHARE_ALL / (int)count;
    return tree;
}

struct tree *tree_grid(struct pane *const *panes, size_t count, int width, int height)
{
    size_t columns = 1, rows, done = 0;
    struct tree **parts = shell_need(calloc(2 * count + 1, sizeof(*parts))), *tree = NULL;

    /* Of the shapes that hold them all, the first whose panes are at most as wide as three times
     * their height, as a terminal's. */
    while (columns < count) {
        rows = (count + columns - 1) / columns;
        if (width / (int)columns <= 3 * height / (int)rows) {
            break;
        }
        columns++;
    }
    rows = count ? (count + columns - 1) / columns : 0;
    for (size_t row = 0; row < rows; row++) {
        size_t here = (count - done + rows - row - 1) / (rows - row);

        for (size_t i = 0; i < here; i++) {
            parts[rows + done + i] = tree_leaf(panes[done + i]);
        }
        parts[row] = row_of(parts + rows + done, here, TREE_BESIDE);
        done += here;
    }
    if (rows) {
        tree = row_of(parts, rows, TREE_BELOW);
    }
    free(parts);
    return tree;
}
