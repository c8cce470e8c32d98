/* SPDX-License-Identifier: MIT */
/* Plugins that a test makes out of a few lines of C. */
#ifndef TEST_PLUGINS_BUILD_H
#define TEST_PLUGINS_BUILD_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

/* A fresh folder, and its end. */
int build_setup(void **state);
int build_teardown(void **state);

/* The folder, and a path in it (until the next call). */
const char *build_folder(void);
const char *build_path(const char *file);

/* Compiles NAME.so of @code, before which the header is included. */
void build_plugin(const char *name, const char *code);

/* The same for a plugin that has @code and these further members of its descriptor. */
void build_plain(const char *name, const char *code, const char *members);

#endif
