/* SPDX-License-Identifier: MIT */
/* A screen of cells, and what libvterm's state makes with it. Inside of the terminal's files. */
#ifndef SHELL_VT_GRID_H
#define SHELL_VT_GRID_H

#include "vt.h"
#include "vt_filter.h"
#include "vt_history.h"

#include <vterm.h>

struct vt_row {
    struct cell *cells;
    int used;     /* cells from here on are blank */
    bool wrapped; /* the next row continues it */
    bool changed;
};

struct vt {
    VTerm *term;
    VTermState *state;
    struct filter filter;
    const struct vt_events *events;
    void *arg;

    int columns, rows;
    struct vt_row *row;    /* those of the screen that is seen */
    struct vt_row *hidden; /* of the other one; NULL: there has been none */
    bool alternate, inverse, cursor_visible;
    int mouse; /* VTERM_PROP_MOUSE_* */
    struct style pen;
    int full; /* the row of which the last column was written last; -1: none */
    struct history history;
    size_t work;

    bool answers;
    bool from_guest; /* what libvterm says is an answer, not a key */
    char title[VT_TITLE_MAX + 1];
};

struct vt_row *grid_new(int columns, int rows);
void grid_free(struct vt_row *row, int rows);

/* Both screens get that size. @moved is set to the rows by which the one that is seen has moved
 * down. */
void grid_resize(struct vt *vt, int columns, int rows, int *moved);

/* Shows the other screen. */
void grid_swap(struct vt *vt);

void grid_change_all(struct vt *vt);

/* Puts characters of ASCII where the cursor is, as many as there is room for before the last
 * column. Returns how many. */
size_t grid_text(struct vt *vt, const char *text, size_t length);

/* For VTermStateCallbacks; @user is the struct vt. */
int grid_put(VTermGlyphInfo *info, VTermPos position, void *user);
int grid_scroll(VTermRect rect, int downward, int rightward, void *user);
int grid_move(VTermRect to, VTermRect from, void *user);
int grid_erase(VTermRect rect, int selective, void *user);

#endif
