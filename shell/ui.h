/* SPDX-License-Identifier: MIT */
/*
 * The full-screen shell, as its parts see it.
 *
 *   +--------+---------------------------------+
 *   | guests | main area: the layout's panes   |
 *   |        |                                 |
 *   +--------+---------------------------------+
 *   | pando> command line                      |
 *   | status line: host CPU, memory, alerts    |
 *   +------------------------------------------+
 *
 * Keys go to the command line, to the list of guests or to the focused pane. What the frame needs
 * of the main area (layout.h):
 *
 *   struct layout *layout_new(struct ui *ui);
 *   void layout_free(struct layout *layout);               closes all panes
 *   void layout_place(struct layout *, const struct rect *);    the main area has moved
 *   void layout_draw(struct layout *, struct canvas *, bool all);   all, or the panes that are
 * dirty bool layout_cursor(struct layout *, int *x, int *y);    of the focused pane, on the
 * terminal bool layout_key(struct layout *, const struct key *);   main area has the focus; false:
 * no use bool layout_mouse(struct layout *, const struct mouse *);  where x and y are the
 * terminal's void layout_paste(struct layout *, const char *text, size_t length); void
 * layout_focus(struct layout *, bool focus);         the main area gets or loses the keys struct
 * pane *layout_focused(struct layout *);           NULL: there is no pane void layout_open(struct
 * layout *, struct pane *, enum layout_where); LAYOUT_HERE (in place of the focused pane, which is
 * closed unless its ops->takes_all_keys: then a tab), LAYOUT_TAB, LAYOUT_RIGHT, LAYOUT_BELOW void
 * layout_show(struct layout *, struct pane *);       its tab, and the focus in it struct pane
 * *layout_find(struct layout *, bool (*fits)(struct pane *, const void *), const void *arg); const
 * struct key_binding layout_keys[];                 what `?` shows besides
 */
#ifndef SHELL_UI_H
#define SHELL_UI_H

#include "loop.h"
#include "pane.h"
#include "preferences.h"
#include "theme.h"

struct layout;
struct sample;
struct shell;
struct term;

enum ui_focus {
    FOCUS_LINE,   /* the command line */
    FOCUS_GUESTS, /* the list on the left */
    FOCUS_MAIN,   /* the main area's focused pane */
};

struct ui {
    struct loop *loop;
    struct term *term;
    struct theme theme;
    struct preferences preferences;
    struct layout *layout;
    struct shell *shell;         /* of the loop's thread, for completion */
    const struct sample *sample; /* the newest; never NULL; replaced between two callbacks */
    enum ui_focus focus;
    char selected[64]; /* the guest that is selected on the left: its name, "" if none */
};

/* Runs the full-screen shell on the terminal, until it is left; returns an enum shell_exit. It
 * begins with that screen, if @screen is not NULL; @guest may be NULL. */
int ui_main(struct shell *shell, const char *screen, const char *guest);

/* Something of the frame, or everything, is to be drawn. */
void ui_changed(struct ui *ui);
void ui_redraw(struct ui *ui);

void ui_set_focus(struct ui *ui, enum ui_focus focus);

/* A sentence in place of the status line, for some seconds or until the next key. */
void ui_notice(struct ui *ui, enum role role, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Runs a command's line as if it had been typed; its output goes to the output pane. ui_ask() asks
 * first, if it is answered by y.
 */
void ui_run(struct ui *ui, const char *line);
void ui_ask(struct ui *ui, const char *question, const char *line);

/*
 * Asks for a line of text where the command line is. @fn is called with each change of it
 * (UI_FIELD_CHANGED), and with its end: entered, or given up.
 */
enum ui_field { UI_FIELD_CHANGED, UI_FIELD_ENTERED, UI_FIELD_LEFT };
typedef void ui_field_fn(void *arg, enum ui_field what, const char *text);
void ui_field(struct ui *ui, const char *label, const char *text, ui_field_fn *fn, void *arg);

/* Gives up the field of that @arg, which is going away. */
void ui_field_forget(struct ui *ui, void *arg);

/* Puts text into the command line, to be completed by the operator, and the focus there. */
void ui_type(struct ui *ui, const char *text);

/* What the samples are to have besides: the vCPUs and the configuration of that guest, and perhaps
 * its event channels and grants. To be said again with each sample. */
void ui_want(struct ui *ui, const char *guest, bool ties);

/* Opens a screen, or goes to it, in place of the screen that has the focus, and moves the keyboard
 * there. @guest may be NULL. */
void ui_screen(struct ui *ui, const char *name, const char *guest);

/*
 * pane_console.h: opens a console's pane (in a tab, unless there is one of that guest: then that
 * is shown). NULL after a notice.
 */
struct pane *console_pane_open(struct ui *ui, const char *guest, bool read_only, bool replay,
                               bool follow);

#endif
