/* SPDX-License-Identifier: MIT */
/* Plugins' commands, as the rest of the shell sees commands. */
#ifndef SHELL_PLUGIN_COMMAND_H
#define SHELL_PLUGIN_COMMAND_H

#include "command.h"

struct plugin_rules;

/* How the shell takes plugins, for plugins_want(). */
extern const struct plugin_rules plugin_command_rules;

/* The @n-th command of all plugins, which are loaded at need; NULL behind the last. */
const struct command *plugin_command(size_t n);

/* The one with that name; the second word NULL: of one word. NULL: there is none. */
const struct command *plugin_command_find(const char *first, const char *second);

/*
 * Runs the plugin's command that takes what a command of the shell's with these two words has no
 * use for. @arguments are those behind the first word. False: there is none.
 */
bool plugin_command_fallback(struct shell *shell, const char *first, const char *second,
                             const struct arguments *arguments, int *status);

#endif
