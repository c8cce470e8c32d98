/* SPDX-License-Identifier: MIT */
#include "layout_inside.h"
#include "ui.h"

#include <stdio.h>
#include <string.h>

enum { TAB_WIDTH_MAX = 28, TITLE_MAX = 160 };

struct rect layout_bar(const struct layout *layout)
{
    struct rect bar = layout->rect;

    bar.height = layout->count > 1 && bar.height > 2;
    return bar;
}

/* --- tabs --- */

static void tab_marks(struct tab *tab, bool *bell, bool *activity)
{
    *bell = *activity = false;
    for (struct tree *leaf = tree_first(tab->tree); leaf; leaf = tree_next(leaf)) {
        *bell |= leaf->pane->bell;
        *activity |= leaf->pane->activity;
    }
}

/* " 2 console of demo! " */
static void tab_label(const struct layout *layout, size_t i, char *label, size_t size)
{
    struct tab *tab = layout->tabs[i];
    char title[TITLE_MAX] = "", others[24] = "";
    size_t more = tree_count(tab->tree) - 1;
    bool bell, activity;

    tab_marks(tab, &bell, &activity);
    if (tab->focused->ops->title) {
        tab->focused->ops->title(tab->focused, title, sizeof(title));
    }
    while (text_width(title) > TAB_WIDTH_MAX) {
        size_t length = strlen(title);

        while (length > 1 && (title[length - 1] & 0xc0) == 0x80) {
            length--;
        }
        title[length - 1] = 0;
    }
    if (more) {
        snprintf(others, sizeof(others), " +%zu", more);
    }
    snprintf(label, size, " %zu %s%s%s ", i + 1, title, others, bell ? " !" : activity ? " +" : "");
}

/* The first tab that is shown: so that the one that is seen is among them. */
static size_t first_shown(const struct layout *layout)
{
    char label[TITLE_MAX + 32];
    size_t first = layout->current;
    int width = 0;

    for (size_t i = layout->current + 1; i-- > 0;) {
        tab_label(layout, i, label, sizeof(label));
        width += text_width(label);
        if (width > layout->rect.width - 2) {
            break;
        }
        first = i;
    }
    return first;
}

static enum role role_of_tab(const struct layout *layout, size_t i)
{
    bool bell, activity;

    tab_marks(layout->tabs[i], &bell, &activity);
    if (i == layout->current) {
        return ROLE_SELECTED;
    }
    return bell ? ROLE_ALERT : activity ? ROLE_ACTIVITY : ROLE_TITLE;
}

static void draw_bar(struct layout *layout, struct canvas *canvas)
{
    struct rect bar = layout_bar(layout);
    const struct theme *theme = &layout->ui->theme;
    size_t first = first_shown(layout);
    char label[TITLE_MAX + 32];
    int x = 0;

    if (!bar.height) {
        return;
    }
    canvas_fill(canvas, &bar, theme_style(theme, ROLE_TITLE));
    if (first) {
        x = canvas_text(canvas, &bar, 0, 0, theme_style(theme, ROLE_DIM), "<");
    }
    for (size_t i = first; i < layout->count && x < bar.width; i++) {
        tab_label(layout, i, label, sizeof(label));
        x = canvas_text(canvas, &bar, x, 0, theme_style(theme, role_of_tab(layout, i)), label);
    }
    if (x > bar.width) {
        canvas_text(canvas, &bar, bar.width - 1, 0, theme_style(theme, ROLE_DIM), ">");
    }
}

size_t layout_tab_at(const struct layout *layout, int x)
{
    char label[TITLE_MAX + 32];
    size_t i = first_shown(layout);
    int end = layout->rect.x + (i > 0);

    for (; i < layout->count; i++) {
        tab_label(layout, i, label, sizeof(label));
        end += text_width(label);
        if (x < end) {
            break;
        }
    }
    return i;
}

/* --- panes --- */

static void draw_title(struct layout *layout, struct tab *tab, struct tree *leaf,
                       struct canvas *canvas)
{
    const struct theme *theme = &layout->ui->theme;
    struct pane *pane = leaf->pane;
    struct rect row = leaf->rect;
    char title[TITLE_MAX] = "", marks[64] = "";
    enum role role = pane->warned ? ROLE_ALERT : pane->focused ? ROLE_FOCUSED : ROLE_TITLE;
    size_t count = tree_count(tab->tree);

    row.height = 1;
    if (pane->ops->title) {
        pane->ops->title(pane, title, sizeof(title));
    }
    if (tab->zoomed) {
        snprintf(marks, sizeof(marks), " alone, of %zu ", count);
    } else if (pane == tab->focused && count > 1) {
        snprintf(marks, sizeof(marks), "%s ", pane->focused ? "" : " *");
    }
    canvas_fill(canvas, &row, theme_style(theme, role));
    canvas_printf(canvas, &row, 0, 0, theme_style(theme, role), " %s", title);
    canvas_text_right(canvas, &row, row.width, 0, theme_style(theme, role), marks);
}

/* The lines between those beside each other. */
static void draw_borders(struct layout *layout, struct tree *tree, struct canvas *canvas)
{
    const struct rect *rect = &tree->rect;

    if (tree->split == TREE_LEAF) {
        return;
    }
    if (tree->split == TREE_BESIDE && rect->width > 0) {
        canvas_vertical(canvas, rect, tree->first->rect.width, 0, rect->height,
                        theme_style(&layout->ui->theme, ROLE_BORDER));
    }
    draw_borders(layout, tree->first, canvas);
    draw_borders(layout, tree->second, canvas);
}

void layout_draw(struct layout *layout, struct canvas *canvas, bool all)
{
    struct tab *tab = layout_tab(layout);

    all |= layout->stale;
    layout->stale = false;
    if (all) {
        canvas_fill(canvas, &layout->rect, theme_style(&layout->ui->theme, ROLE_TEXT));
    }
    if (!tab) {
        return;
    }
    if (all && !tab->zoomed) {
        draw_borders(layout, tab->tree, canvas);
    }
    for (struct tree *leaf = tree_first(tab->tree); leaf; leaf = tree_next(leaf)) {
        struct pane *pane = leaf->pane;

        if (!pane->visible) {
            continue;
        }
        draw_title(layout, tab, leaf, canvas);
        if ((all || pane->dirty) && pane->rect.height > 0) {
            pane->redraw = all;
            pane->ops->draw(pane, canvas);
        }
        pane->dirty = false;
    }
    draw_bar(layout, canvas);
}
