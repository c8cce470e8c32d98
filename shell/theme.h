/* SPDX-License-Identifier: MIT */
/* What things look like: roles, and their colours and attributes for the colours there are. */
#ifndef SHELL_THEME_H
#define SHELL_THEME_H

#include "canvas.h"

enum role {
    ROLE_TEXT,
    ROLE_DIM,      /* beside the point: units, hints, what is off */
    ROLE_BORDER,   /* lines between panes */
    ROLE_TITLE,    /* of a pane */
    ROLE_FOCUSED,  /* of the pane that gets the keys */
    ROLE_HEADER,   /* titles of columns */
    ROLE_SELECTED, /* the row that keys act on */
    ROLE_GOOD,     /* runs */
    ROLE_WARNING,
    ROLE_BAD,
    ROLE_BAR, /* the full part of a bar, sparklines */
    ROLE_BAR_EMPTY,
    ROLE_KEY,    /* names of keys */
    ROLE_STATUS, /* the status line */
    ROLE_ALERT,  /* in it */
    ROLE_PROMPT,
    ROLE_MATCH, /* found by a search, selected to be copied */
    ROLE_ACTIVITY,
    ROLES
};

struct theme {
    int colours; /* 0 (monochrome), 8 or 256 */
    struct style styles[ROLES];
};

/* The preset for a terminal of that many colours. */
void theme_init(struct theme *theme, int colours);

/* "dim", "focused", ...; NULL past the last. */
const char *role_name(enum role role);

/*
 * Changes a role as the configuration file says: words among a colour for the text, "on" and a
 * colour behind it, bold, dim, italic, underline, blink, reverse. Colours: black, red, green,
 * yellow, blue, magenta, cyan, white, bright-... of these, default, 0 to 255. False if it is
 * something else, with nothing changed.
 */
bool theme_set(struct theme *theme, enum role role, const char *words);
bool style_parse(const char *words, struct style *style);

static inline struct style theme_style(const struct theme *theme, enum role role)
{
    return theme->styles[role];
}

#endif
