/* SPDX-License-Identifier: MIT */
/* A folder with files to refer to, and checks of what a configuration's reading has found. */
#ifndef CONFIG_HARNESS_H
#define CONFIG_HARNESS_H

#include "config.h"

/* Makes the folder with kernel, ramdisk, disk.img, a folder "folder"; and removes it. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* A path in the folder; lives until the next call. */
const char *harness_path(const char *name);

/* Writes vm.json with the text and loads it. */
enum pando_code harness_load(const char *text, const char *const *overrides, size_t count,
                             struct pando_config *config, struct pando_problems *problems);

/* Loading fails with exactly these problems, "LINE: KEY: TEXT" each, NULL ends the list; TEXT is
 * a part of what is said. Line 0: from the command line, or no line. */
void harness_fails(const char *text, const char *const *overrides, size_t count,
                   const char *const *expected);

#endif
