/* SPDX-License-Identifier: MIT */
/*
 * A screen: a view of the host or of a guest, in a pane. One descriptor, in one file screen_NAME.c,
 * listed in screen.c, as commands are in command.c. All a screen shows is in the newest sample
 * (sample.h, ui->sample); all it does to a guest is a command, run by ui_run().
 */
#ifndef SHELL_SCREEN_H
#define SHELL_SCREEN_H

#include "pane.h"

struct sample_guest;
struct screen_pane;

struct screen {
    const char *name;               /* as typed: "vcpus" */
    const char *title;              /* "Virtual CPUs" */
    const char *summary;            /* half a sentence for the help */
    const char *label;              /* for the hints: "vCPUs" */
    const char *narrow;             /* a shorter one; NULL: that is short */
    const char *shortcut;           /* opens it: "F4" */
    const struct key_binding *keys; /* run()s get the struct screen_pane */
    bool of_ties;                   /* of a guest: its event channels and grants, too */
    bool of_guest;     /* shows one guest: the one selected, or that it was opened for */
    size_t state_size; /* of what screen_pane->state points to, zeroed at first */

    /* Both may be NULL. */
    void (*open)(struct screen_pane *pane);
    void (*close)(struct screen_pane *pane);

    /* With @of_guest: it shows all guests at the moment. NULL: never. */
    bool (*shows_all)(const struct screen_pane *pane);

    /* A new sample is there; NULL: it is just drawn again. */
    void (*sampled)(struct screen_pane *pane);
    void (*draw)(struct screen_pane *pane, struct canvas *canvas);
    bool (*key)(struct screen_pane *pane, const struct key *key); /* those not in @keys; or NULL */
    bool (*mouse)(struct screen_pane *pane, const struct mouse *mouse); /* or NULL */
};

struct screen_pane {
    struct pane pane; /* first */
    const struct screen *screen;
    char guest[64]; /* for that guest only; "": the one that is selected */
    void *state;
    struct screen_pane *next; /* of those that are open */
};

/* The guest that it shows, in the newest sample; NULL: none is selected, or it is gone. */
const struct sample_guest *screen_guest(const struct screen_pane *pane);

/* Tells the screens that are open of a new sample, of another guest that is selected, or of
 * something else that has changed. */
void screens_sampled(struct ui *ui);
void screens_selected(struct ui *ui);
void screens_changed(struct ui *ui);

/* All screens in the order of their keys; NULL ends them. */
extern const struct screen *const screens[];

const struct screen *screen_find(const char *name);

/* A pane with the screen; @guest is a name or NULL. To be given to layout_open(). */
struct pane *screen_open(struct ui *ui, const struct screen *screen, const char *guest);

/* Where a pane that is no screen has the focus, gives it to one that is, if there is any: screens
 * take turns there, instead of one more tab for each. */
void screen_leave_console(struct ui *ui);

/* The screen in a pane, NULL if it is of another kind. */
struct screen_pane *screen_of(struct pane *pane);

#endif
