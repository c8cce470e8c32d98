/* SPDX-License-Identifier: MIT */
/*
 * What a guest writes, made safe for libvterm: only whole characters and whole control sequences
 * that are known here, in their plainest form, with bounded arguments.
 *
 * libvterm 0.1 trusts its input more than it may: more than 16 arguments, numbers beyond a long,
 * characters that end early, C1 controls as characters, repeating a mark and margins outside of a
 * resized screen make it write where it must not, or never end. None of that gets there. Sequences
 * which it does not know, or half, are done here by others (repeat, several modes at once, soft
 * reset, true colours brought down to 256).
 */
#ifndef SHELL_VT_FILTER_H
#define SHELL_VT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FILTER_ARGUMENTS = 32,
    FILTER_NUMBER_MAX = 9999,
    FILTER_STRING = 256, /* bytes kept of an OSC */
    FILTER_OUT = 1024,
    FILTER_RUN = 8,   /* plain characters that are worth a detour */
    FILTER_MARKS = 3, /* that combine with one character */
};

struct filter_sink {
    /* Safe bytes for libvterm. */
    void (*write)(void *arg, const char *bytes, size_t length);
    /* Plain characters, of ASCII: puts as many as will go onto the screen by itself, where libvterm
     * would put them, and returns that; libvterm's cursor is then moved on. */
    size_t (*text)(void *arg, const char *bytes, size_t length);
    /* OSC 0 and 2: the title, as it came. */
    void (*title)(void *arg, const char *text, size_t length);
    void (*soft_reset)(void *arg); /* DECSTR */
    void (*reset)(void *arg);      /* RIS */
    void (*report_size)(void *arg);
    void (*measure)(void *arg); /* the cursor is sent beyond any screen */
};

enum filter_state {
    FILTER_GROUND,
    FILTER_ESCAPE,
    FILTER_ESCAPE_MORE, /* intermediate bytes of an escape sequence */
    FILTER_CSI,
    FILTER_CSI_WRONG, /* up to its end */
    FILTER_STRING_OSC,
    FILTER_STRING_OTHER, /* DCS, SOS, PM, APC */
    FILTER_STRING_ESCAPE,
};

struct filter {
    const struct filter_sink *sink;
    void *arg;
    enum filter_state state;
    bool osc; /* the string that ESC is in */

    char leader, between;               /* '?' and the like; intermediate byte; 0: none */
    int count;                          /* of arguments */
    int16_t argument[FILTER_ARGUMENTS]; /* -1: left out */
    bool part[FILTER_ARGUMENTS];        /* came behind a colon */
    char string[FILTER_STRING];
    size_t string_length;

    uint32_t character; /* UTF-8 that is not complete */
    uint32_t least;     /* a character of that length must have */
    int missing;        /* bytes */
    int marks;          /* on the last character */
    bool insert;        /* IRM: characters move others away */
    int shift;          /* SO and SI: which of the next two is used */
    char set[2];        /* G0 and G1: 'B', ASCII, '0' or 'A' */
    char last[4];       /* the last character, for REP */
    size_t last_length;

    bool heavy; /* what was written last may have changed the whole screen */
    size_t out_length;
    char out[FILTER_OUT + 64];
};

void filter_init(struct filter *filter, const struct filter_sink *sink, void *arg);

/* The modes that it keeps track of are as at the beginning again. */
void filter_reset_modes(struct filter *filter);

/*
 * Takes bytes until they are used up, or much has been written or something dear, and returns how
 * many were taken. What there is to write has then been written.
 */
size_t filter_input(struct filter *filter, const char *bytes, size_t length);

/* Whether libvterm puts that on the character before. */
bool filter_is_mark(uint32_t character);

/* Whether a character must not get onto a screen: controls, and those which only steer others
 * (directions, joiners, tags). */
bool filter_is_control(uint32_t character);

/* Carries an SGR out. Between vt_filter.c and vt_pen.c, as are the next two: an argument, or what
 * stands for one left out; and bytes for libvterm. */
void filter_attributes(struct filter *filter);
int filter_argument(const struct filter *filter, int i, int preset);
void filter_put(struct filter *filter, const char *text);

/* The nearest of xterm's 256 colours, from the cube and the greys. */
int filter_colour(int red, int green, int blue);

#endif
