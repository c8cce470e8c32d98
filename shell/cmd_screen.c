/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <string.h>
#include <unistd.h>

/* As in screen.c, which small programs have no need of. */
static const char *const words[] = { "help",  "guests", "guest",  "vcpus",   "memory",
                                     "cache", "log",    "output", "plugins", NULL };

static bool is_screen(const char *name)
{
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(words[i], name))
            return true;
    return false;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *name = arguments->count ? arguments->words[0] : NULL;
    const char *guest = arguments->count > 1 ? arguments->words[1] : NULL;

    if (name && !is_screen(name)) {
        shell_error(shell, "there is no screen \"%s\"; Tab shows the names", name);
        return SHELL_USAGE;
    }
    if (shell->screen) {
        shell->screen->show(shell->screen->arg, name ? name : "guests", guest);
        return SHELL_OK;
    }
    if (!isatty(STDIN_FILENO) || !shell->full_screen) {
        shell_error(shell, "this needs a terminal");
        return SHELL_FAILED;
    }
    return shell->full_screen(shell, name, guest);
}

const struct command cmd_screen = {
    .name = "screen",
    .arguments = "[NAME [GUEST]]",
    .summary = "full-screen mode, with that screen",
    .help =
        "Shows guests, consoles, logs and the output of commands beside each other on the "
        "whole terminal. F1 or ? shows the keys there, F10 leaves. NAME is the screen to be shown, "
        "about GUEST or the one that is selected; in full-screen mode, too.",
    .most = 2,
    .complete = { COMPLETE_WORD, COMPLETE_GUEST },
    .complete_words = words,
    .run = run,
};
