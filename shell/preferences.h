/* SPDX-License-Identifier: MIT */
/*
 * The configuration of the full-screen shell, pando-shell.json(5): /etc/pando/shell.json, then
 * $XDG_CONFIG_HOME/pando/shell.json (~/.config/pando/shell.json), which wins. JSON, one table of
 * keys in preferences.c, which writes the manual page, too.
 */
#ifndef SHELL_PREFERENCES_H
#define SHELL_PREFERENCES_H

#include <stdio.h>

#include "key.h"
#include "theme.h"

struct preferences {
    struct key leave;       /* "leave": from a console to the command line; Ctrl-] */
    uint32_t refresh_ms;    /* "refresh_ms": between two samples, 100..60000 */
    uint32_t scrollback;    /* "scrollback": lines kept of each pane */
    uint32_t guests_width;  /* "guests_width": columns of the list on the left; 0: none */
    uint32_t escape_ms;     /* "escape_ms": see term.h */
    bool mouse;             /* "mouse" */
    bool ascii;             /* "ascii": draws lines in ASCII whatever the locale says */
    bool clipboard;         /* "clipboard": what is copied goes to the terminal's, too (OSC 52) */
    int colours;            /* "colours": 0, 8, 256; -1: as many as there are */
    char colour[ROLES][64]; /* "theme": {ROLE: WORDS}, see theme_set() */
};

void preferences_init(struct preferences *preferences);

/*
 * Reads a file into it. Returns the number of mistakes, which are reported to @errors (FILE:LINE:
 * KEY: what was expected); what is right is taken. A file that isn't there is no mistake.
 */
int preferences_read(struct preferences *preferences, const char *path, FILE *errors);

/* Both files. */
int preferences_load(struct preferences *preferences, FILE *errors);

/* The theme for a terminal of that many colours, with what the files change. */
void preferences_theme(const struct preferences *preferences, int colours, struct theme *theme);

/* pando-shell.json(5), in man(7) format. */
void preferences_manual(FILE *out);

#endif
