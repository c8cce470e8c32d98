/* SPDX-License-Identifier: MIT */
/*
 * The terminal: the only user of curses. Canvases in, events out.
 *
 * Nothing here waits for the terminal. What is to be written is kept (at most one frame) until the
 * terminal takes it; as long as there is some left, term_show() does nothing, so that a slow serial
 * line gets fewer frames and not old ones. Input is decoded here, not by curses: replies to
 * questions, pasted text and keys with modifiers come through it, too.
 *
 * One in a process: curses allows no more.
 */
#ifndef SHELL_TERM_H
#define SHELL_TERM_H

#include "canvas.h"
#include "key.h"

struct term;

struct term_options {
    int in, out;      /* file descriptors of the terminal */
    const char *type; /* its name in terminfo, NULL: $TERM */
    int colours;      /* at the most: 0, 8 or 256; -1: as many as it can */
    bool mouse;       /* ask for its reports */
    bool ascii;       /* draw lines and bars in ASCII whatever the locale says */
    int escape_ms;    /* how long after ESC a key's other bytes may come */
};

enum term_event_type {
    TERM_KEY,
    TERM_MOUSE,
    TERM_PASTE,  /* text, as pasted; in pieces, if it is long */
    TERM_RESIZE, /* the size is another: draw anew */
    TERM_HANGUP, /* it is gone */
};

enum { TERM_PASTE_MAX = 4096 };

struct term_event {
    enum term_event_type type;
    struct key key;
    struct mouse mouse;
    const char *paste; /* valid until the next event is asked for */
    size_t paste_length;
};

/*
 * Takes the terminal over. NULL if it can't do it (no such type, no cursor addressing, not a
 * terminal), with a sentence in @error of @size bytes. It is given back by term_close(), at exit(),
 * and by signals that end the process.
 */
struct term *term_open(const struct term_options *options, char *error, size_t size);
/* From then on nothing is drawn. */
void term_close(struct term *term);
void term_free(struct term *term);

int term_colours(const struct term *term); /* 0, 8 or 256 */
bool term_utf8(const struct term *term);   /* else lines and bars are drawn in ASCII */
void term_size(const struct term *term, int *width, int *height);

/*
 * Asks the kernel for the size, after SIGWINCH; where it knows none (a serial line) asks the
 * terminal itself (cursor to the corner, CPR), whose answer arrives as a TERM_RESIZE. @always asks
 * the terminal even if the kernel says something.
 */
void term_ask_size(struct term *term, bool always);

/* Brings what differs from the last one to the terminal; the cursor is hidden if @x is negative.
 * False: the terminal has not taken the last one yet; call again when it has. */
bool term_show(struct term *term, const struct canvas *canvas, int x, int y);

/* Draws everything at the next term_show(). */
void term_repaint(struct term *term);

/*
 * When the descriptor can be read, or written while term_wants_output(): term_ready(), and then all
 * events are to be got by term_event(); false: no more. With *wait_ms >= 0 there are bytes that are
 * a key of their own if no others come within that time: term_escape_over() says that it is over,
 * and term_event() has it then.
 */
int term_fd(const struct term *term);
bool term_wants_output(const struct term *term);
void term_ready(struct term *term);
bool term_event(struct term *term, struct term_event *event, int *wait_ms);
void term_escape_over(struct term *term);

void term_bell(struct term *term);

/* Gives text to the terminal's clipboard (OSC 52), if it has one. */
void term_copy(struct term *term, const char *text, size_t length);

struct term_statistics {
    uint64_t frames;  /* that had differences */
    uint64_t bytes;   /* written to the terminal in all */
    uint32_t largest; /* bytes of one frame */
    uint32_t last;
};

void term_statistics(const struct term *term, struct term_statistics *statistics);

#endif
