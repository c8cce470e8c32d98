/* SPDX-License-Identifier: MIT */
/*
 * The full-screen command line: readline's editing, history, search and completion, with keys from
 * the loop and drawn into the canvas. One in a process, as readline is.
 */
#ifndef SHELL_PROMPT_H
#define SHELL_PROMPT_H

#include "canvas.h"
#include "key.h"
#include "shell.h"
#include "theme.h"

struct prompt_events {
    void *arg;
    void (*run)(void *arg, const char *line); /* Enter; not for blank lines */
    void (*end)(void *arg);                   /* Ctrl-D on an empty line */
};

/* @shell is for completion. */
void prompt_start(struct shell *shell, const struct prompt_events *events);
void prompt_stop(void);

void prompt_key(const struct key *key);
void prompt_paste(const char *text, size_t length);

/* Drops what has been typed. False: that was nothing. */
bool prompt_drop(void);

/* Puts text there in place of what is there. */
void prompt_set(const char *text);
bool prompt_is_empty(void);
bool prompt_is_searching(void); /* the history: Esc is for it */

/* Draws row @y of the rectangle, dim if keys go elsewhere; returns the cursor's column. */
int prompt_draw(struct canvas *canvas, const struct rect *rect, int y, const struct theme *theme,
                bool has_keys);

/* What the word can be completed to, when Tab had several answers; gone with the next key. */
const char *const *prompt_offers(size_t *count);

#endif
