/* SPDX-License-Identifier: MIT */
/* Inside of pane_console*.c. */
#ifndef SHELL_PANE_CONSOLE_INSIDE_H
#define SHELL_PANE_CONSOLE_INSIDE_H

#include "pane_console.h"
#include "pane_console_link.h"
#include "ui.h"
#include "vt.h"

enum { SHOW_MS = 100, SHOW_FOCUSED_MS = 30, PATTERN_MAX = 64 };

/* Looking back: a cursor in the lines of the terminal. */
struct look {
    bool on;
    uint64_t top; /* the first line that is seen */
    struct vt_place cursor;
    bool selecting, whole; /* from @anchor on; whole lines */
    struct vt_place anchor;
    char pattern[PATTERN_MAX]; /* searched for last */
    bool backward;
    struct vt_place origin; /* where the search began that is being typed */
    struct vt_place match;
    int match_cells; /* 0: nothing has been found */
};

struct console_pane {
    struct pane pane; /* first */
    struct pane_link link;
    struct pane_link_events events;
    struct vt *vt;
    char guest[CONSOLE_NAME_MAX + 1]; /* as asked for */
    char name[CONSOLE_NAME_MAX + 1];  /* as consoled calls it */
    bool ended;                       /* its domain is gone */
    bool broadcast;
    bool fits; /* the terminal has the pane's size */
    bool told; /* that keys go nowhere */
    struct look look;
    int x, y; /* the terminal's cell in the pane's first corner, as drawn last */
    bool moved;
    struct loop_timer *timer; /* until what has changed is shown, or the pane is closed */
    uint64_t shown_at;        /* ms */
    bool pressed;             /* the mouse's button, at: */
    struct vt_place press;
    bool closing;
};

/* The struct of a pane; NULL if it is something else. */
struct console_pane *console_of(struct pane *pane);

/* The number of consoles that what is typed goes to, this one among them. */
size_t console_listeners(struct console_pane *console);

/* --- pane_console_look.c --- */

void look_begin(struct console_pane *console);
void look_end(struct console_pane *console);
bool look_key(struct console_pane *console, const struct key *key);
/* Scrolls by lines; beyond the end it ends. */
void look_scroll(struct console_pane *console, int lines);
/* The cursor stays among the lines there are, of which the oldest go, and the view with it. */
void look_settle(struct console_pane *console);
/* The mouse, where it isn't for the guest: pressing and dragging selects. */
void look_drag(struct console_pane *console, const struct mouse *mouse);
/* What is to be seen of a cell: whether it is selected, or found. */
bool look_marks(const struct console_pane *console, uint64_t line, int column);
extern const struct key_binding look_keys[];

/* What was copied last, by any of them; NULL: nothing. */
const char *look_copied(size_t *length);

/* --- pane_console_draw.c --- */

void console_draw(struct pane *pane, struct canvas *canvas);
bool console_cursor(struct pane *pane, int *x, int *y);
void console_title(struct pane *pane, char *buffer, size_t size);

#endif
