/* SPDX-License-Identifier: MIT */
#include "attach.h"
#include "command.h"
#include "guest.h"
#include "cmd_console.h"

int console_run(struct shell *shell, const char *guest, bool read_only, bool replay, bool follow)
{
    const struct console_attach_options attach = {
        .read_only = read_only,
        .no_replay = !replay,
        .follow = follow,
        .escape = CONSOLE_ESCAPE_DEFAULT,
    };
    fflush(shell->out);
    switch ((enum console_attach_result)console_attach(guest, &attach)) {
    case CONSOLE_ATTACH_DETACHED:
        return SHELL_OK;
    case CONSOLE_ATTACH_NO_GUEST:
        return SHELL_NO_GUEST;
    case CONSOLE_ATTACH_ENDED:
        return SHELL_ENDED;
    case CONSOLE_ATTACH_SIGNAL:
        return SHELL_INTERRUPTED;
    case CONSOLE_ATTACH_FAILED:
        break;
    }
    return SHELL_FAILED;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    return console_run(shell, arguments->words[0], option_given(arguments, "read-only"),
                       !option_given(arguments, "no-replay"), option_given(arguments, "follow"));
}

static const struct option_info options[] = {
    { "read-only", NULL, "only watch: what is typed does not reach the guest" },
    { "no-replay", NULL, "start with what comes next, not with what there was before" },
    { "follow", NULL, "stay when the guest ends, and go on when it is started again" },
    { NULL },
};

const struct command cmd_console = {
    .name = "console",
    .arguments = "GUEST",
    .summary = "attach to a guest's console; Ctrl-] detaches",
    .help =
        "Shows what the guest has written before (up to 1 MiB of it), then connects this terminal "
        "to its console. Ctrl-] detaches; the guest goes on. Any number of terminals may be "
        "attached to one guest.\n\n"
        "Without a terminal, standard input is sent to the guest, and the command ends when the "
        "guest does (exit code 5) or when Ctrl-] was sent.",
    .options = options,
    .least = 1,
    .most = 1,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .run = run,
};
