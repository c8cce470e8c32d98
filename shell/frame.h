/* SPDX-License-Identifier: MIT */
/*
 * Inside of the full-screen shell: the frame around the main area. What panes may use is in ui.h.
 */
#ifndef SHELL_FRAME_H
#define SHELL_FRAME_H

#include "job.h"
#include "lines.h"
#include "sampler.h"
#include "term.h"
#include "ui.h"

enum { FRAME_JOBS_MAX = 16, FRAME_LEAST_WIDTH = 20, FRAME_LEAST_HEIGHT = 6 };

/* A line of text that is asked for, in place of the command line. */
struct field {
    bool open;
    char label[40];
    char text[64];
    ui_field_fn *fn;
    void *arg;
};

/* A question that y answers, in place of the command line. */
struct question {
    bool open;
    char text[120];
    char *line; /* the command's */
};

/* Where one is, for the help. */
struct help_place {
    enum ui_focus focus;
    const struct key_binding *keys; /* of the focused pane; NULL: it has none */
    char title[80];
};

struct frame {
    struct ui ui; /* first */
    struct shell shell;
    struct canvas canvas;
    struct sampler *sampler;
    struct sample *nothing;                        /* until there is the first sample */
    struct rect guests, main, line, status, hints; /* width or height 0: not there */
    bool stale;                                    /* something is to be drawn */
    bool redraw;                                   /* all of it */

    bool no_guests;    /* the list is hidden */
    bool in_console;   /* a console has the keys, and perhaps the list's room */
    size_t guests_top; /* of the list: the first one that is seen */

    struct field field;
    struct question question;
    char notice[200];
    enum role notice_role;
    struct loop_timer *notice_timer, *escape_timer, *clock_timer, *frame_timer;
    uint64_t last_frame_ns;
    struct loop_fd *tty_watch, *signal_watch;
    int signals;

    struct job *jobs[FRAME_JOBS_MAX]; /* that run; NULL: none */
    unsigned output_of;               /* the number of the one whose words stand last; 0: none */
    struct lines output;              /* of all of them */
    struct lines operations;          /* for the log: what was run, and how it ended */
    struct lines events;              /* for the log: what happened to guests */
    struct lines hypervisor;          /* the hypervisor's log */
    bool has_output;                  /* the newest command has written something */
    struct screen_pane *screens;      /* that are open */
    struct sample_wanted wanted;      /* by them, of the next sample */
    bool quit_asked;
    bool killed;            /* by a signal */
    struct help_place help; /* what the help is about */
    struct pane *help_from; /* where it was asked for: goes back there, if it is there */
    enum ui_focus help_back;
    bool covered; /* the main area, by something else */
};

static inline struct frame *frame_of(struct ui *ui)
{
    return (struct frame *)ui;
}

/* frame.c: where everything is, and drawing it. */
void frame_place(struct frame *frame);
void frame_draw(struct frame *frame);

/* frame_guests.c: the list on the left. */
void frame_guests_draw(struct frame *frame);
bool frame_guests_key(struct frame *frame, const struct key *key);
bool frame_guests_mouse(struct frame *frame, const struct mouse *mouse);
void frame_guests_check(struct frame *frame); /* the selected one may be gone */
extern const struct key_binding frame_guests_keys[];

/* frame_line.c: the command line's row, with what takes its place. */
int frame_line_draw(struct frame *frame); /* the cursor's column, -1: none */
void frame_line_key(struct frame *frame, const struct key *key);
bool frame_asks(const struct frame *frame); /* a field or a question is open */
extern const struct key_binding frame_line_keys[];

/* frame_status.c: the status line and the hints. */
void frame_status_draw(struct frame *frame);
void frame_hints_draw(struct frame *frame);
/* What a click at that column of the hints is. */
bool frame_hint_at(struct frame *frame, int x, struct key *key);

/* frame_jobs.c: commands that run. */
struct pane *frame_output_pane(struct frame *frame);   /* NULL: the output is in none */
void frame_jobs_cancel(struct frame *frame, bool all); /* the newest, or all */
size_t frame_jobs_count(const struct frame *frame);

/* frame_keys.c: keys and the mouse, to where they belong. */
void frame_key(struct frame *frame, const struct key *key);
void frame_mouse(struct frame *frame, const struct mouse *mouse);
void frame_paste(struct frame *frame, const char *text, size_t length);
extern const struct key_binding frame_keys[];

/* The tables of keys that matter now, for the help: up to @most. Returns how many. */
struct key_section {
    const char *title;
    const struct key_binding *table;
};
size_t frame_key_sections(struct frame *frame, struct key_section *sections, size_t most);

/* screen_help.c: help is shown until a key takes it away, which leads back to where one was. */
void help_begin(struct frame *frame); /* it is asked for here */
bool help_close(struct frame *frame); /* false: it is not seen */

/* Leaves, when no command runs or it was asked for twice. */
void frame_quit(struct frame *frame);

#endif
