/* SPDX-License-Identifier: MIT */
/* What keys do with panes and tabs. */
#include "layout_inside.h"
#include "pane_console.h"
#include "shell.h"
#include "ui.h"

#include <stdlib.h>
#include <string.h>

static void move_focus(void *place, enum tree_direction direction)
{
    struct layout *layout = place;
    struct tab *tab = layout_tab(layout);
    struct tree *to;

    if (!tab) {
        return;
    }
    if (tab->zoomed) {
        tab->zoomed = false;
        layout_arrange(layout);
    }
    to = tree_neighbour(tab->tree, tree_find(tab->tree, tab->focused), direction);
    if (to) {
        layout_set_focused(layout, to->pane);
    }
}

static void focus_left(void *place)
{
    move_focus(place, TREE_LEFT);
}

static void focus_right(void *place)
{
    move_focus(place, TREE_RIGHT);
}

static void focus_up(void *place)
{
    move_focus(place, TREE_UP);
}

static void focus_down(void *place)
{
    move_focus(place, TREE_DOWN);
}

static void move_border(void *place, enum tree_direction direction, int cells)
{
    struct layout *layout = place;
    struct tab *tab = layout_tab(layout);

    if (tab && !tab->zoomed &&
        tree_move_border(tree_find(tab->tree, tab->focused), direction, cells)) {
        layout_arrange(layout);
    }
}

static void border_left(void *place)
{
    move_border(place, TREE_LEFT, 4);
}

static void border_right(void *place)
{
    move_border(place, TREE_RIGHT, 4);
}

static void border_up(void *place)
{
    move_border(place, TREE_UP, 2);
}

static void border_down(void *place)
{
    move_border(place, TREE_DOWN, 2);
}

static bool has_room(struct layout *layout, enum layout_where where)
{
    struct tab *tab = layout_tab(layout);
    const struct rect *rect = &tree_find(tab->tree, tab->focused)->rect;

    return where == LAYOUT_RIGHT ? rect->width > 2 * TREE_WIDTH_USEFUL
                                 : rect->height >= 2 * TREE_HEIGHT_USEFUL;
}

static void next_goes(struct layout *layout, enum layout_where where, const char *side)
{
    if (!layout_tab(layout)) {
        return;
    }
    layout->has_next = has_room(layout, where);
    layout->next_where = where;
    if (layout->has_next) {
        ui_notice(layout->ui, ROLE_TEXT,
                  "what you open or go to next comes %s this pane: a console, a screen", side);
    } else {
        ui_notice(layout->ui, ROLE_WARNING,
                  "this pane is too small to be split: Alt-x closes one, Alt-o takes it into a tab "
                  "of its own");
    }
}

static void next_right(void *place)
{
    next_goes(place, LAYOUT_RIGHT, "right of");
}

static void next_below(void *place)
{
    next_goes(place, LAYOUT_BELOW, "below");
}

static void zoom(void *place)
{
    struct layout *layout = place;
    struct tab *tab = layout_tab(layout);

    if (tab) {
        tab->zoomed = !tab->zoomed && tab->tree->split != TREE_LEAF;
        layout_arrange(layout);
    }
}

static void even(void *place)
{
    struct layout *layout = place;
    struct tab *tab = layout_tab(layout);

    if (tab) {
        tree_even(tab->tree);
        layout_arrange(layout);
    }
}

static void own_tab(void *place)
{
    struct layout *layout = place;
    struct pane *pane = layout_focused(layout);

    if (pane && layout_tab(layout)->tree->split != TREE_LEAF) {
        layout_take_out(layout, pane);
        layout_put_in(layout, pane, LAYOUT_TAB);
        layout_arrange(layout);
    }
}

static void close_focused(void *place)
{
    struct layout *layout = place;
    struct pane *pane = layout_focused(layout);

    if (pane) {
        layout_close(layout, pane);
    }
}

static void next_tab(void *place)
{
    struct layout *layout = place;

    layout_select_tab(layout, layout->current + 1 < layout->count ? layout->current + 1 : 0);
}

static void previous_tab(void *place)
{
    struct layout *layout = place;

    layout_select_tab(layout, (layout->current ? layout->current : layout->count) - 1);
}

/* All consoles into one tab, as large as they can be. */

struct gathered {
    struct pane *panes[LAYOUT_PANES_MAX];
    size_t count;
};

static void gather(struct pane *pane, void *arg)
{
    struct gathered *all = arg;

    if (!strcmp(pane->ops->kind, "console") && all->count < LAYOUT_PANES_MAX) {
        all->panes[all->count++] = pane;
    }
}

static void grid(void *place)
{
    struct layout *layout = place;
    struct gathered all = { .count = 0 };
    struct pane *focused = layout_focused(layout);
    struct tree *tree;
    struct tab *tab;

    layout_each(layout, false, gather, &all);
    if (!all.count || layout->count == LAYOUT_TABS_MAX) {
        ui_notice(layout->ui, ROLE_TEXT, "there is no console to be shown: try `console GUEST`");
        return;
    }
    tree = tree_grid(all.panes, all.count, layout->rect.width, layout->rect.height);
    for (size_t i = 0; i < all.count; i++) {
        layout_take_out(layout, all.panes[i]);
    }
    tab = layout_add_tab(layout, tree, all.panes[0]);
    layout->current = layout->count - 1;
    if (focused && tree_find(tree, focused)) {
        tab->focused = focused;
    }
    layout_arrange(layout);
}

static void broadcast(void *place)
{
    console_broadcast(place);
}

static void for_consoles(struct layout *layout, bool (*act)(struct pane *))
{
    if (!act(layout_focused(layout))) {
        ui_notice(layout->ui, ROLE_TEXT, "that is for consoles");
    }
}

static void look_back(void *place)
{
    for_consoles(place, console_look_back);
    ui_set_focus(((struct layout *)place)->ui, FOCUS_MAIN);
}

static void fit(void *place)
{
    for_consoles(place, console_fit);
}

static void insert(void *place)
{
    struct layout *layout = place;

    if (!console_insert(layout_focused(layout))) {
        ui_notice(layout->ui, ROLE_TEXT, "that is for consoles, after something was copied in one");
    }
}

const struct key_binding layout_keys[] = {
    { "Alt-Left", "to the pane on the left", focus_left },
    { "Alt-Right", "to the pane on the right", focus_right },
    { "Alt-Up", "to the pane above", focus_up },
    { "Alt-Down", "to the pane below", focus_down },
    { "Alt-v", "split: what is opened next comes right of this pane", next_right },
    { "Alt-s", "split: what is opened next comes below this pane", next_below },
    { "Alt-z", "this pane as large as it can be, and back", zoom },
    { "Alt-x", "close this pane", close_focused },
    { "Alt-o", "this pane into a tab of its own", own_tab },
    { "Alt-g", "all consoles into one tab", grid },
    { "Alt-e", "panes of about one size", even },
    { "Alt-Shift-Left", "move the line between panes to the left", border_left },
    { "Alt-Shift-Right", "... to the right", border_right },
    { "Alt-Shift-Up", "... up", border_up },
    { "Alt-Shift-Down", "... down", border_down },
    { "Alt-n Alt-PageDown", "next tab", next_tab },
    { "Alt-p Alt-PageUp", "previous tab", previous_tab },
    { "Alt-1 Alt-2 Alt-9", "tab 1, 2, ... 9", NULL },
    { "Alt-a", "type to all consoles of this tab at once, and back", broadcast },
    { "Alt-h", "look back in this console: search, copy", look_back },
    { "Alt-i", "type what was copied last into this console", insert },
    { "Alt-w", "this console's terminal as large as the pane, or 80x24 again", fit },
    { NULL },
};

bool layout_own_key(struct layout *layout, const struct key *key)
{
    if (key->modifiers == MODIFIER_ALT && key->code >= '1' && key->code <= '9') {
        layout_select_tab(layout, key->code - '1');
        return true;
    }
    return key_binding_run(layout_keys, key, layout);
}
