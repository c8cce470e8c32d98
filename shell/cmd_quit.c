/* SPDX-License-Identifier: MIT */
#include "command.h"

static int run(struct shell *shell, const struct arguments *arguments)
{
    shell->quit = true;
    return SHELL_OK;
}

const struct command cmd_quit = {
    .name = "quit",
    .arguments = "",
    .summary = "leave the shell, or end the script",
    .help = "At the prompt, Ctrl-D does the same. Guests go on.",
    .run = run,
};
