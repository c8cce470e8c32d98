/* SPDX-License-Identifier: MIT */
/* What tests of the terminal share: recorded sessions, and looks at a screen. */
#ifndef TEST_VT_H
#define TEST_VT_H

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "shell/vt.h"
#include "shell/vt_filter.h"

/* What programs write, shortened. */
struct session {
    const char *name, *bytes;
    size_t length;
};

enum { SESSIONS = 7 };

extern const struct session sessions[SESSIONS];

/* A row of the screen, or a line, as text without the blanks at its end; valid up to the next. */
const char *row_text(struct vt *vt, int row);
const char *line_text(struct vt *vt, uint64_t line);
const struct cell *cell_at(struct vt *vt, int row, int column);

/* Input without a limit. */
void take_text(struct vt *vt, const char *text);

/* Fails unless the line can be drawn: nothing but printable characters, no half of a wide one. */
void check_line(const struct vt *vt, uint64_t line, int columns);

#endif
