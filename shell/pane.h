/* SPDX-License-Identifier: MIT */
/*
 * A pane: something in a rectangle of the main area that is drawn and takes keys: a screen, the
 * output of commands, a guest's console. Which panes there are and where is layout.h's matter.
 */
#ifndef SHELL_PANE_H
#define SHELL_PANE_H

#include "canvas.h"
#include "key.h"

struct pane;
struct ui;

struct pane_ops {
    const char *kind; /* "screen", "output", "console": a word for saved layouts */

    /* Draws all of pane->rect, which is without the title and borders. */
    void (*draw)(struct pane *pane, struct canvas *canvas);

    /* Where the cursor is, relative to the rectangle. NULL, or false: there is none. */
    bool (*cursor)(struct pane *pane, int *x, int *y);

    /* A key while the pane has the focus, after @keys was looked up. False: it has no use for it,
     * and the frame may have. NULL: none. */
    bool (*key)(struct pane *pane, const struct key *key);

    /* Where x and y are relative to the rectangle. False: no use for it. NULL: none. */
    bool (*mouse)(struct pane *pane, const struct mouse *mouse);

    /* Pasted text while it has the focus. NULL: its characters are given to key(). */
    void (*paste)(struct pane *pane, const char *text, size_t length);

    /* pane->rect has another size. NULL: nothing to do. */
    void (*resize)(struct pane *pane);

    /* A few words into @buffer: "console of demo". */
    void (*title)(struct pane *pane, char *buffer, size_t size);

    /* What opens it again, for saved layouts: the screen's and the guest's name. Into @buffer;
     * NULL: not worth saving. */
    void (*describe)(struct pane *pane, char *buffer, size_t size);

    /* Frees it. */
    void (*close)(struct pane *pane);

    /* What `?` shows; run()s get the pane, which is drawn again after that. May be NULL. */
    const struct key_binding *(*keys)(struct pane *pane);

    /* It takes every key but the one that leaves it (preferences: "leave"): the frame's own keys
     * don't work in it. It shows what that key is in its title. */
    bool takes_all_keys;
};

/* Embedded in the struct of each kind of pane. */
struct pane {
    const struct pane_ops *ops;
    struct ui *ui;
    struct rect rect; /* set by the layout */
    bool redraw;      /* in draw(): nothing that was drawn before is there any more */
    bool warned;      /* its title is to be seen: what is typed goes to others, too */
    bool dirty;       /* to be drawn: set by pane_changed(), taken back by the layout */
    bool focused;     /* gets the keys: set by the layout */
    bool visible;     /* its tab is the one that is seen: set by the layout */
    bool activity;    /* has changed since it was seen: a mark on its tab */
    bool bell;        /* wants attention: a mark on its tab, until it is seen */
};

/* There is something new to draw: soon the pane's draw() is called, if it is visible; else its tab
 * is marked. May be called at any rate. */
void pane_changed(struct pane *pane);

#endif
