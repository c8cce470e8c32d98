/* SPDX-License-Identifier: MIT */
/*
 * Lines of text, at most so many: the oldest go. And a window on them that scrolls, searches and
 * filters: what the output, the log and the help are shown in.
 */
#ifndef SHELL_LINES_H
#define SHELL_LINES_H

#include "canvas.h"
#include "key.h"
#include "plain.h"
#include "theme.h"

struct line {
    char *text;
    enum role role;
};

struct lines {
    struct line *ring; /* room for @most */
    size_t most, first, count;
    uint64_t dropped; /* lines that are gone */
    bool open;        /* the last line has not ended */
    struct plain plain;
};

void lines_init(struct lines *lines, size_t most);
void lines_free(struct lines *lines);
void lines_clear(struct lines *lines);

/* Adds text, which may have any number of newlines and end in the middle of a line. A carriage
 * return starts the line anew, as progress that is written over does; tabs become blanks; control
 * sequences are left out. */
void lines_add(struct lines *lines, enum role role, const char *text, size_t length);
/* A line of its own. */
void lines_printf(struct lines *lines, enum role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

const struct line *lines_get(const struct lines *lines, size_t index);

enum lines_wrap {
    LINES_CUT,        /* lines are cut where the window ends */
    LINES_WRAP_PROSE, /* but for those that are no row of a table, which go on in the next row;
                       * behind one gap, as of an option and its meaning, below its end */
    LINES_WRAP,       /* all go on in the next row, @hang columns in */
};

/* A window on lines. Zeroed, it is at their end and follows them. */
struct lines_view {
    bool held;    /* does not follow: */
    uint64_t top; /* the number of the first line shown, counted from the very first there was */
    enum lines_wrap wrap;
    int hang;
    int left;  /* columns to the left of it, without @wrap */
    int width; /* as last drawn */
    int height;
    char filter[64]; /* only lines that have it; "": all */
    char search[64]; /* marked; "": none */
};

void lines_draw(const struct lines *lines, struct lines_view *view, struct canvas *canvas,
                const struct rect *rect, const struct theme *theme);

/* Scrolls. False for other keys: Up, Down, PageUp, PageDown, Home, End, Left, Right, and j k g G.
 */
bool lines_key(const struct lines *lines, struct lines_view *view, const struct key *key);
bool lines_mouse(const struct lines *lines, struct lines_view *view, const struct mouse *mouse);

/* To the top, for what is read from there. */
void lines_show_top(const struct lines *lines, struct lines_view *view);

/* Goes to the next line above (or below) that has view->search. False: there is none. */
bool lines_search(const struct lines *lines, struct lines_view *view, bool up);

/* Case is ignored. "" is in everything. */
bool text_has(const char *text, const char *part);

/* The bindings that lines_key() has, for tables of keys. */
#define LINES_KEYS                                                                                 \
    { "Up Down k j", "scroll by a line", NULL }, { "PageUp PageDown", "scroll by a page", NULL },  \
        { "Home End g G", "go to the start, the end", NULL },                                      \
    {                                                                                              \
        "Left Right", "scroll to the side", NULL                                                   \
    }

#endif
