/* SPDX-License-Identifier: MIT */
/* Inside of the layout's files. */
#ifndef SHELL_LAYOUT_INSIDE_H
#define SHELL_LAYOUT_INSIDE_H

#include "layout.h"
#include "layout_tree.h"

enum { LAYOUT_TABS_MAX = 100, LAYOUT_PANES_MAX = 256 };

struct tab {
    struct tree *tree;
    struct pane *focused; /* never NULL */
    bool zoomed;          /* it has all the room */
};

struct layout {
    struct ui *ui;
    struct rect rect;
    struct tab *tabs[LAYOUT_TABS_MAX];
    size_t count, current;
    bool has_keys;
    bool stale;                   /* everything is to be drawn */
    bool has_next, closing;       /* all of it is being closed */
    enum layout_where next_where; /* of the next pane that is opened or shown */
};

/* The row of tabs; height 0: there is none. */
struct rect layout_bar(const struct layout *layout);

/* The tab at column @x of that row; count: none. */
size_t layout_tab_at(const struct layout *layout, int x);

/* Everything has another place. */
void layout_arrange(struct layout *layout);

/* The tab that is seen; NULL: there is none. */
struct tab *layout_tab(struct layout *layout);

/* Gives a pane of that tab the focus there. */
void layout_set_focused(struct layout *layout, struct pane *pane);

/* Takes a pane out of its tab, without closing it, and puts one somewhere; layout_arrange() is due
 * after them. */
void layout_take_out(struct layout *layout, struct pane *pane);
void layout_put_in(struct layout *layout, struct pane *pane, enum layout_where where);

/* Adds a tab behind the others, and returns it; NULL: there are too many. */
struct tab *layout_add_tab(struct layout *layout, struct tree *tree, struct pane *focused);
void layout_select_tab(struct layout *layout, size_t tab);

/* The tab that a pane is in; NULL: none. */
struct tab *layout_tab_of(struct layout *layout, const struct pane *pane);

#endif
