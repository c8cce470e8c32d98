/* SPDX-License-Identifier: MIT */
/*
 * What is text of what somebody writes to a terminal: neither control sequences and strings
 * (ECMA-48), nor control characters but newline and tab.
 */
#ifndef SHELL_PLAIN_H
#define SHELL_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is outside of any sequence. */
struct plain {
    int state;
    size_t skipped; /* bytes of a control string */
};

/* Whether the next byte is part of the text. */
bool plain_keeps(struct plain *plain, unsigned char byte);

#endif
