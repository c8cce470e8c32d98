/* SPDX-License-Identifier: MIT */
#ifndef SHELL_MANUAL_H
#define SHELL_MANUAL_H

#include <stdio.h>

struct command;

/* Text in lines of at most 78 columns, @indent of them blank; an empty line between paragraphs. */
void manual_wrap(FILE *out, const char *text, int indent);

/* The section COMMANDS of pando(1), in man(7) format. */
void manual_print_commands(FILE *out);

/* The section JSON of pando(1): what commands print with --json. */
void manual_print_json(FILE *out);

#endif
