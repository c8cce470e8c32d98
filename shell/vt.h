/* SPDX-License-Identifier: MIT */
/*
 * A terminal in memory: what a guest writes goes in, a grid of cells with a history behind it comes
 * out. Emulates what the guest's TERM (vt220, linux, xterm) makes it send; libvterm keeps the state
 * (modes, regions, tabs, pens: ECMA-48, VT220 and xterm's control sequences), the cells are here.
 *
 * The guest is an enemy. Its bytes go through vt_filter.c, which lets through only whole, known
 * sequences with bounded arguments; memory is bounded by the size and the history; and vt_input()
 * stops when a call has cost enough, however dear the sequences are.
 *
 * Lines have numbers that only grow, so that they stay what they are while output goes on: those
 * from vt_first() on are the history's, those from vt_top() on the rows of the screen.
 */
#ifndef SHELL_VT_H
#define SHELL_VT_H

#include "canvas.h"
#include "key.h"

enum {
    VT_COLUMNS_MIN = 2,
    VT_COLUMNS_MAX = 1000,
    VT_ROWS_MIN = 2,
    VT_ROWS_MAX = 500,
    VT_HISTORY_MAX = 1000000, /* lines */
    VT_TITLE_MAX = 160,       /* bytes, at most 40 characters */
};

struct vt;

/* What happens inside of vt_input(). None may call back into the terminal but to look at it. */
struct vt_events {
    /* Bytes for the guest: answers to its questions (cursor position, attributes, modes), keys. */
    void (*reply)(void *arg, const char *bytes, size_t length);
    void (*bell)(void *arg);
    void (*title)(void *arg);
    /* It is about to find out the size, as resize(1) does. The one function that may vt_resize().
     */
    void (*measure)(void *arg);
};

/* Sizes out of range are brought into it. @history is the number of lines kept. */
struct vt *vt_new(int columns, int rows, size_t history, const struct vt_events *events, void *arg);
void vt_free(struct vt *vt);

/*
 * Takes bytes of the guest, in pieces cut anywhere. Stops when that has cost about @budget (about
 * one for a byte and one for a cell changed, ten nanoseconds or less each); returns how many were
 * taken, at least one.
 */
size_t vt_input(struct vt *vt, const void *bytes, size_t length, size_t budget);

/* What the last call of vt_input() has cost. */
size_t vt_cost(const struct vt *vt);

/* Answers are given (the preset) or not: nobody waits any more for those to old questions. */
void vt_set_answers(struct vt *vt, bool answers);

/* To the state of a terminal just switched on; the history stays. */
void vt_reset(struct vt *vt);

/* Rows that there is no room for go into the history, fresh ones come below; what is cut at the
 * right is lost. */
void vt_resize(struct vt *vt, int columns, int rows);
void vt_size(const struct vt *vt, int *columns, int *rows);

/* Relative to the screen. False: it is not to be seen. */
bool vt_cursor(const struct vt *vt, int *column, int *row);

/* The guest's title, cleaned: printable UTF-8; "" if it has set none. */
const char *vt_title(const struct vt *vt);

bool vt_alternate(const struct vt *vt);   /* a full-screen program has its screen */
bool vt_inverse(const struct vt *vt);     /* light and dark are to be exchanged */
bool vt_wants_mouse(const struct vt *vt); /* reports of it, as far as vt_mouse() sends some */
size_t vt_memory(const struct vt *vt);    /* bytes used, nearly */

/* --- looking --- */

uint64_t vt_first(const struct vt *vt);
uint64_t vt_top(const struct vt *vt);
uint64_t vt_end(const struct vt *vt); /* behind the last one */

/*
 * A line's cells into @cells, at most @columns; those behind its end are blank. Returns the number
 * up to its end, which is more than @columns if it was longer when it was written. *wrapped (may be
 * NULL): the next line continues it.
 */
int vt_line(const struct vt *vt, uint64_t line, struct cell *cells, int columns, bool *wrapped);

/* Whether a row of the screen has changed since it was last asked for this; and all of them. */
bool vt_row_changed(struct vt *vt, int row);

/* --- searching and copying --- */

struct vt_place {
    uint64_t line;
    int column;
};

int vt_place_compare(const struct vt_place *a, const struct vt_place *b);

/*
 * Searches for @pattern, also over the ends of wrapped lines, from beside @place on; small letters
 * stand for great ones, too, unless there is a great one in it. On success (true) @place is where
 * it begins, and *cells how many it takes.
 */
bool vt_search(const struct vt *vt, const char *pattern, bool backward, struct vt_place *place,
               int *cells);

/*
 * The text from @from up to and with @to, to be freed; *length is set. Lines end in newlines where
 * they weren't wrapped, and blanks before those are left out. @whole: whole lines.
 */
char *vt_text(const struct vt *vt, const struct vt_place *from, const struct vt_place *to,
              bool whole, size_t *length);

/* --- typing: bytes come by the event `reply` --- */

/* False: there is nothing that such a key sends. */
bool vt_key(struct vt *vt, const struct key *key);

/* Between the marks of a bracketed paste if the guest wants them, and without ESC and the like. */
void vt_paste(struct vt *vt, const char *text, size_t length);

/* Relative to the screen. False: the guest doesn't want to know. */
bool vt_mouse(struct vt *vt, const struct mouse *mouse);

#endif
