/* SPDX-License-Identifier: MIT */
/* A shell whose output is kept, on a fake host. */
#ifndef SHELL_HARNESS_H
#define SHELL_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_console.h"
#include "fake_pando.h"
#include "json.h"
#include "shell/shell.h"

extern struct shell harness_shell;

/* For cmocka, around each test. There is a folder for files, which is removed with all in it. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* What was written by the commands run since the last harness_run(). */
const char *harness_out(void);
const char *harness_err(void);

/* Forgets what was written so far. */
void harness_clear(void);

/* Runs a line as a script would, and returns its exit code. */
int harness_run(const char *line);

/* Runs a line, and checks the exit code and that the text is in the output or the errors. */
void harness_expect(const char *line, int status, const char *out, const char *err);

/* Writes a file into the folder; its path lives until the next call. */
const char *harness_file(const char *name, const char *text);

/* Runs a line and parses what it has written; to be freed by json_free(). */
struct json *harness_json(const char *line);

#endif
