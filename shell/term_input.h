/* SPDX-License-Identifier: MIT */
/*
 * Bytes from a terminal into events. Understands what xterm and those that follow it send
 * (ECMA-48 sequences with modifiers, SS3, SGR mouse reports, bracketed paste), the Linux console,
 * VT220 and rxvt, whatever $TERM says; unknown sequences are dropped whole.
 */
#ifndef SHELL_TERM_INPUT_H
#define SHELL_TERM_INPUT_H

#include "term.h"

enum { INPUT_MAX = 8192, INPUT_SEQUENCE_MAX = 64 };

struct term_input {
    char bytes[INPUT_MAX];
    size_t first, end; /* of those that are there */
    bool pasting;
    bool asked;             /* an answer about the cursor's place is due */
    int answer_x, answer_y; /* from 1; set with INPUT_ANSWER */
    char paste[TERM_PASTE_MAX];
};

enum input_result {
    INPUT_NOTHING, /* no event in what is there */
    INPUT_MORE,    /* perhaps the start of one: ask again with @complete if nothing comes */
    INPUT_EVENT,
    INPUT_ANSWER,
};

/* Where to put bytes; *space may be 0: ask for events first. */
char *input_space(struct term_input *input, size_t *space);
void input_add(struct term_input *input, size_t length);

/* The next event. @complete: no more bytes belong to what is there. */
enum input_result input_next(struct term_input *input, bool complete, struct term_event *event);

#endif
