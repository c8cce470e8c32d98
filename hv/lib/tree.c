/* SPDX-License-Identifier: MIT */
/* After Adelson-Velsky and Landis (1962); nodes know their parents, so nothing recurses. */
#include <hv/tree.h>

static int height(const struct tree_node *n)
{
    return n ? n->height : 0;
}

/* How much higher its right side is. */
static int slope(const struct tree_node *n)
{
    return height(n->child[1]) - height(n->child[0]);
}

static void refresh(struct tree *t, struct tree_node *n)
{
    n->height = 1 + max(height(n->child[0]), height(n->child[1]));
    if (t->update)
        t->update(n);
}

/* Where it hangs. */
static struct tree_node **link_of(struct tree *t, struct tree_node *n)
{
    struct tree_node *p = n->parent;

    return p ? &p->child[p->child[1] == n] : &t->root;
}

/* Its child on @side, which there is, takes its place; it becomes that one's other child. */
static struct tree_node *rotate(struct tree *t, struct tree_node *n, int side)
{
    struct tree_node *up = n->child[side], *middle = up->child[!side];

    *link_of(t, n) = up;
    up->parent = n->parent;
    up->child[!side] = n;
    n->parent = up;
    n->child[side] = middle;
    if (middle)
        middle->parent = n;
    refresh(t, n);
    refresh(t, up);
    return up;
}

/* The subtree's new top. */
static struct tree_node *balance(struct tree *t, struct tree_node *n)
{
    int s = slope(n), side = s > 0;

    refresh(t, n);
    if (s >= -1 && s <= 1)
        return n;
    s = slope(n->child[side]);
    if (side ? s < 0 : s > 0)
        rotate(t, n->child[side], !side);
    return rotate(t, n, side);
}

static void balance_up(struct tree *t, struct tree_node *n)
{
    for (; n; n = n->parent)
        n = balance(t, n);
}

void tree_insert(struct tree *t, struct tree_node *n)
{
    struct tree_node **link = &t->root, *parent = NULL;

    while (*link) {
        parent = *link;
        link = &parent->child[!tree_before(n->key, parent->key)];
    }
    n->child[0] = n->child[1] = NULL;
    n->parent = parent;
    *link = n;
    balance_up(t, n);
}

static struct tree_node *leftmost(struct tree_node *n)
{
    while (n && n->child[0])
        n = n->child[0];
    return n;
}

/* Takes out @n, which has not more than one child. Returns where the heights changed. */
static struct tree_node *unlink(struct tree *t, struct tree_node *n)
{
    struct tree_node *child = n->child[0] ? n->child[0] : n->child[1];

    *link_of(t, n) = child;
    if (child)
        child->parent = n->parent;
    return n->parent;
}

void tree_remove(struct tree *t, struct tree_node *n)
{
    struct tree_node *changed, *heir;

    if (!n->child[0] || !n->child[1]) {
        balance_up(t, unlink(t, n));
        return;
    }
    heir = leftmost(n->child[1]);
    changed = unlink(t, heir);
    if (changed == n)
        changed = heir;
    *link_of(t, n) = heir;
    heir->parent = n->parent;
    for (int i = 0; i < 2; i++) {
        heir->child[i] = n->child[i];
        if (heir->child[i])
            heir->child[i]->parent = heir;
    }
    balance_up(t, changed);
}

struct tree_node *tree_first(const struct tree *t)
{
    return leftmost(t->root);
}

struct tree_node *tree_next(const struct tree_node *n)
{
    if (n->child[1])
        return leftmost(n->child[1]);
    while (n->parent && n->parent->child[1] == n)
        n = n->parent;
    return n->parent;
}

void tree_changed(struct tree *t, struct tree_node *n)
{
    for (; n; n = n->parent)
        refresh(t, n);
}
