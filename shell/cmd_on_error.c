/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <string.h>

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *word = arguments->words[0];
    if (strcmp(word, "stop") && strcmp(word, "continue")) {
        shell_error(shell, "found \"%s\", expected stop or continue", word);
        return SHELL_USAGE;
    }
    shell->keep_going = !strcmp(word, "continue");
    return SHELL_OK;
}

static const char *const words[] = { "continue", "stop", NULL };

const struct command cmd_on_error = {
    .name = "on-error",
    .arguments = "stop|continue",
    .summary = "in a script: what a failure means for the rest of it",
    .help =
        "A script stops at the first command that fails. After `on-error continue`, as with the "
        "option --keep-going, it goes on; its exit code is then still that of the first command "
        "that has failed.",
    .least = 1,
    .most = 1,
    .complete = { COMPLETE_WORD, COMPLETE_NOTHING },
    .complete_words = words,
    .run = run,
};
