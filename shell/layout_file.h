/* SPDX-License-Identifier: MIT */
/*
 * Layouts by name, in a file: {"NAME": {"current": 0, "tabs": [{"focused": 0, "panes": TREE}]}},
 * where TREE is {"kind": "console", "pane": "demo"}, or {"split": "beside" or "below",
 * "share": 500, "first": TREE, "second": TREE}. What needs no screen; the rest is in layout.h.
 */
#ifndef SHELL_LAYOUT_FILE_H
#define SHELL_LAYOUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

enum { LAYOUT_NAME_MAX = 63 };

/* ~/.config/pando/layouts.json, or below $XDG_CONFIG_HOME: into @buffer. */
void layout_path(char *buffer, size_t size);

/* Takes a layout out. False with a sentence in @error: the file, what is wrong and what to do. */
bool layout_forget(const char *path, const char *name, char *error, size_t size);

/* What is in the file: an object, to be freed; NULL if there is no file. False as above. */
bool layout_file_read(const char *path, struct json **root, char *error, size_t size);

/* Replaces the file, and makes its folders: wholly, or not at all. Frees @text. */
bool layout_file_write(const char *path, char *text, char *error, size_t size);

/* Begins the file anew: an object with all layouts but the one of that name. */
struct json_writer *layout_file_begin(const struct json *root, const char *name);

bool layout_file_is_name(const char *name, char *error, size_t size);

/* Writes a sentence into @error; returns false. */
bool layout_file_wrong(char *error, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
