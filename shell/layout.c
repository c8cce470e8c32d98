/* SPDX-License-Identifier: MIT */
#include "layout_inside.h"
#include "shell.h"
#include "ui.h"

#include <stdlib.h>
#include <string.h>

struct layout *layout_new(struct ui *ui)
{
    struct layout *layout = shell_need(calloc(1, sizeof(*layout)));

    layout->ui = ui;
    return layout;
}

struct tab *layout_tab(struct layout *layout)
{
    return layout->count ? layout->tabs[layout->current] : NULL;
}

struct pane *layout_focused(struct layout *layout)
{
    struct tab *tab = layout_tab(layout);

    return tab ? tab->focused : NULL;
}

struct tab *layout_tab_of(struct layout *layout, const struct pane *pane)
{
    for (size_t i = 0; i < layout->count; i++) {
        if (tree_find(layout->tabs[i]->tree, pane)) {
            return layout->tabs[i];
        }
    }
    return NULL;
}

/* --- where panes are --- */

static struct rect below_bar(const struct layout *layout)
{
    struct rect rect = layout->rect;
    int bar = layout_bar(layout).height;

    rect.y += bar;
    rect.height -= bar;
    return rect;
}

/* Without the title's row. */
static struct rect inside(const struct rect *rect)
{
    struct rect room = *rect;

    if (room.height > 0) {
        room.y++;
        room.height--;
    }
    return room;
}

static void place_pane(struct pane *pane, const struct rect *rect)
{
    struct rect room = inside(rect);
    bool resized = room.width != pane->rect.width || room.height != pane->rect.height;
    bool seen = pane->visible;

    pane->rect = room;
    pane->visible = rect->width > 0 && rect->height > 0;
    if (pane->visible && !seen) {
        pane->activity = pane->bell = false;
    }
    pane->dirty = true;
    if (resized && pane->ops->resize) {
        pane->ops->resize(pane);
    }
}

static void place_tab(struct layout *layout, struct tab *tab, bool seen)
{
    static const struct rect nowhere;
    struct rect rect = below_bar(layout);

    if (seen) {
        tree_place(tab->tree, &rect);
    }
    for (struct tree *leaf = tree_first(tab->tree); leaf; leaf = tree_next(leaf)) {
        struct pane *pane = leaf->pane;

        pane->focused = seen && layout->has_keys && pane == tab->focused;
        if (!seen || (tab->zoomed && pane != tab->focused)) {
            pane->visible = false;
            leaf->rect = seen ? nowhere : leaf->rect;
        } else {
            leaf->rect = tab->zoomed ? rect : leaf->rect;
            place_pane(pane, &leaf->rect);
        }
    }
}

void layout_arrange(struct layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        place_tab(layout, layout->tabs[i], i == layout->current);
    }
    layout->stale = true;
    ui_changed(layout->ui);
}

void layout_place(struct layout *layout, const struct rect *rect)
{
    layout->rect = *rect;
    layout_arrange(layout);
}

void layout_focus(struct layout *layout, bool focus)
{
    struct pane *pane = layout_focused(layout);

    layout->has_keys = focus;
    if (pane) {
        pane->focused = focus;
        pane->dirty = true;
    }
    ui_changed(layout->ui);
}

void layout_set_focused(struct layout *layout, struct pane *pane)
{
    struct tab *tab = layout_tab(layout);

    if (tab->focused != pane) {
        tab->focused->focused = false;
        tab->focused->dirty = true;
        tab->focused = pane;
        layout_arrange(layout);
    }
}

void layout_select_tab(struct layout *layout, size_t tab)
{
    if (tab < layout->count && tab != layout->current) {
        layout->current = tab;
        layout_arrange(layout);
    }
}

/* --- opening and closing --- */

struct tab *layout_add_tab(struct layout *layout, struct tree *tree, struct pane *focused)
{
    struct tab *tab;

    if (layout->count == LAYOUT_TABS_MAX) {
        return NULL;
    }
    tab = shell_need(calloc(1, sizeof(*tab)));
    tab->tree = tree;
    tab->focused = focused;
    layout->tabs[layout->count++] = tab;
    return tab;
}

static void drop_tab(struct layout *layout, struct tab *tab)
{
    size_t i = 0;

    while (layout->tabs[i] != tab) {
        i++;
    }
    memmove(&layout->tabs[i], &layout->tabs[i + 1], (--layout->count - i) * sizeof(tab));
    if (layout->current > i || (layout->current == layout->count && layout->current)) {
        layout->current--;
    }
    tree_free(tab->tree);
    free(tab);
}

void layout_take_out(struct layout *layout, struct pane *pane)
{
    struct tab *tab = layout_tab_of(layout, pane);
    struct tree *next = tree_remove(&tab->tree, tree_find(tab->tree, pane));

    pane->visible = pane->focused = false;
    if (!next) {
        drop_tab(layout, tab);
    } else if (tab->focused == pane) {
        tab->focused = next->pane;
        tab->zoomed = false;
    }
}

static void split_focused(struct layout *layout, struct pane *pane, enum layout_where where)
{
    struct tab *tab = layout_tab(layout);

    tree_split(&tab->tree, tree_find(tab->tree, tab->focused),
               where == LAYOUT_RIGHT ? TREE_BESIDE : TREE_BELOW, tree_leaf(pane));
    tab->focused->focused = false;
    tab->focused = pane;
    tab->zoomed = false;
}

void layout_put_in(struct layout *layout, struct pane *pane, enum layout_where where)
{
    struct tab *tab = layout_tab(layout);
    struct pane *old = tab ? tab->focused : NULL;

    /* Consoles stay until they are closed, also while one looks back in them. */
    if (!old || (where == LAYOUT_HERE && !strcmp(old->ops->kind, "console"))) {
        where = LAYOUT_TAB;
    }
    if (where == LAYOUT_TAB && layout->count == LAYOUT_TABS_MAX) {
        where = LAYOUT_BELOW;
    }
    if (where == LAYOUT_TAB) {
        layout_add_tab(layout, tree_leaf(pane), pane);
        layout->current = layout->count - 1;
    } else if (where == LAYOUT_HERE) {
        tree_find(tab->tree, old)->pane = pane;
        tab->focused = pane;
        old->ops->close(old);
    } else {
        split_focused(layout, pane, where);
    }
}

bool layout_next_asked(const struct layout *layout)
{
    return layout->has_next;
}

void layout_open(struct layout *layout, struct pane *pane, enum layout_where where)
{
    if (layout->has_next) {
        layout->has_next = false;
        where = layout->next_where;
    }
    layout_put_in(layout, pane, where);
    layout_arrange(layout);
}

void layout_close(struct layout *layout, struct pane *pane)
{
    if (!layout_tab_of(layout, pane)) {
        return;
    }
    layout_take_out(layout, pane);
    pane->ops->close(pane);
    if (!layout->count && !layout->closing) {
        enum ui_focus focus = layout->ui->focus;

        ui_screen(layout->ui, "guests", NULL); /* the main area is never empty */
        ui_set_focus(layout->ui, focus);
    }
    layout_arrange(layout);
}

void layout_show(struct layout *layout, struct pane *pane)
{
    if (layout->has_next && pane != layout_focused(layout)) {
        layout->has_next = false;
        layout_take_out(layout, pane);
        layout_put_in(layout, pane, layout->next_where);
    } else {
        for (size_t i = 0; i < layout->count; i++) {
            if (tree_find(layout->tabs[i]->tree, pane)) {
                layout->current = i;
                layout->tabs[i]->focused = pane;
            }
        }
    }
    layout_arrange(layout);
}

void layout_free(struct layout *layout)
{
    struct pane *pane;

    if (layout) {
        layout->closing = true;
        while ((pane = layout_focused(layout))) {
            layout_close(layout, pane);
        }
        free(layout);
    }
}

/* --- all of them --- */

void layout_each(struct layout *layout, bool seen, void (*fn)(struct pane *, void *), void *arg)
{
    for (size_t i = 0; i < layout->count; i++) {
        if (seen && i != layout->current) {
            continue;
        }
        for (struct tree *leaf = tree_first(layout->tabs[i]->tree); leaf; leaf = tree_next(leaf)) {
            fn(leaf->pane, arg);
        }
    }
}

struct pane *layout_find(struct layout *layout, bool (*fits)(struct pane *, const void *),
                         const void *arg)
{
    for (size_t n = 0; n < layout->count; n++) {
        size_t i = n == 0 ? layout->current : n <= layout->current ? n - 1 : n;

        for (struct tree *leaf = tree_first(layout->tabs[i]->tree); leaf; leaf = tree_next(leaf)) {
            if (fits(leaf->pane, arg)) {
                return leaf->pane;
            }
        }
    }
    return NULL;
}

/* --- what comes in --- */

bool layout_cursor(struct layout *layout, int *x, int *y)
{
    struct pane *pane = layout_focused(layout);

    if (!pane || !pane->visible || !pane->ops->cursor || !pane->ops->cursor(pane, x, y) || *x < 0 ||
        *x >= pane->rect.width || *y < 0 || *y >= pane->rect.height) {
        return false;
    }
    *x += pane->rect.x;
    *y += pane->rect.y;
    return true;
}

bool layout_key(struct layout *layout, const struct key *key)
{
    struct pane *pane = layout_focused(layout);

    if (pane && pane->ops->key && pane->ops->key(pane, key)) {
        return true;
    }
    return layout_own_key(layout, key);
}

bool layout_mouse(struct layout *layout, const struct mouse *mouse)
{
    struct tab *tab = layout_tab(layout);
    struct rect bar = layout_bar(layout);
    struct mouse inner = *mouse;
    struct tree *leaf;

    if (rect_contains(&bar, mouse->x, mouse->y)) {
        if (mouse->action == MOUSE_PRESS) {
            layout_select_tab(layout, layout_tab_at(layout, mouse->x));
        }
        return true;
    }
    leaf = tab ? tree_at(tab->tree, mouse->x, mouse->y) : NULL;
    if (!leaf) {
        return false;
    }
    if (mouse->action == MOUSE_PRESS) {
        layout_set_focused(layout, leaf->pane);
    }
    if (!rect_contains(&leaf->pane->rect, mouse->x, mouse->y) || !leaf->pane->ops->mouse) {
        return mouse->action == MOUSE_PRESS;
    }
    inner.x -= leaf->pane->rect.x;
    inner.y -= leaf->pane->rect.y;
    return leaf->pane->ops->mouse(leaf->pane, &inner) || mouse->action == MOUSE_PRESS;
}

void layout_paste(struct layout *layout, const char *text, size_t length)
{
    struct pane *pane = layout_focused(layout);
    size_t used;

    if (pane && pane->ops->paste) {
        pane->ops->paste(pane, text, length);
    } else if (pane && pane->ops->key) {
        for (size_t i = 0; i < length; i += used) {
            struct key key = { .code = utf8_next(text + i, length - i, &used) };

            pane->ops->key(pane, &key);
        }
    }
}
