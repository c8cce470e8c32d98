/* SPDX-License-Identifier: MIT */
/*
 * The main area: tabs, each split into panes. Every pane has a row for its title; a row of tabs is
 * above them when there are several. Marks there: '!' for a bell, '+' for output, both until the
 * pane is seen.
 *
 * Panes belong to the layout from layout_open() on; it closes them by ops->close().
 */
#ifndef SHELL_LAYOUT_H
#define SHELL_LAYOUT_H

#include "pane.h"

struct layout;

enum layout_where {
    LAYOUT_HERE, /* in place of the focused pane, which is closed; a tab where there is none, or
                  * where that is a console */
    LAYOUT_TAB,
    LAYOUT_RIGHT, /* of the focused pane */
    LAYOUT_BELOW,
};

struct layout *layout_new(struct ui *ui);
void layout_free(struct layout *layout);

/* The main area is there. */
void layout_place(struct layout *layout, const struct rect *rect);

/* Everything, or only the titles and the panes that are dirty. */
void layout_draw(struct layout *layout, struct canvas *canvas, bool all);

/* The cursor of the focused pane, on the terminal. False: it has none. */
bool layout_cursor(struct layout *layout, int *x, int *y);

/* A key for the focused pane, or else of layout_keys[]. False: no use. */
bool layout_key(struct layout *layout, const struct key *key);

/* A key of layout_keys[]: those work in the command line, too. False: it is none. */
bool layout_own_key(struct layout *layout, const struct key *key);

/* Where x and y are the terminal's. */
bool layout_mouse(struct layout *layout, const struct mouse *mouse);
void layout_paste(struct layout *layout, const char *text, size_t length);

/* The main area gets or loses the keys. */
void layout_focus(struct layout *layout, bool focus);

/* NULL: there is no pane. */
struct pane *layout_focused(struct layout *layout);

/* Somebody has said where the next pane is to be. */
bool layout_next_asked(const struct layout *layout);

/* Adds a pane, and gives it the focus inside of the main area. After "next one to the right" (or
 * "below") that is where it goes, whatever @where is. */
void layout_open(struct layout *layout, struct pane *pane, enum layout_where where);
void layout_close(struct layout *layout, struct pane *pane);

/* Brings a pane's tab to the front, and gives it the focus there; or moves it, as above. */
void layout_show(struct layout *layout, struct pane *pane);

/* The first pane that fits; those of the tab that is seen come first. */
struct pane *layout_find(struct layout *layout, bool (*fits)(struct pane *, const void *),
                         const void *arg);

/* Calls @fn for each pane, or for those of the tab that is seen. It must not open or close any. */
void layout_each(struct layout *layout, bool seen, void (*fn)(struct pane *, void *), void *arg);

/* Of panes and tabs; run()s get the layout. */
extern const struct key_binding layout_keys[];

/* --- by name, in a file: layout_file.h --- */

/*
 * Keeps the tabs and panes as @name in @path (a JSON file, made if need be), or brings them back in
 * place of what is there; consoles that are open are taken along, not attached anew. False with a
 * sentence in @error: the file, what is wrong and what to do.
 */
bool layout_save(struct layout *layout, const char *path, const char *name, char *error,
                 size_t size);
bool layout_load(struct layout *layout, const char *path, const char *name, char *error,
                 size_t size);

/* What `layout save NAME` and `layout load NAME` do, with a notice of how it went. */
void layout_command(struct layout *layout, const char *action, const char *name);

#endif
