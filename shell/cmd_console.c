/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "cmd_console.h"

static void complain(void *arg, const char *sentence)
{
    shell_error(arg, "%s", sentence);
}

int console_run(struct shell *shell, const char *guest, bool read_only, bool replay,
                enum console_follow follow)
{
    if (shell->screen) {
        struct console_request request = { .read_only = read_only,
                                           .replay = replay,
                                           .follow = follow != CONSOLE_FOLLOW_NEVER };
        snprintf(request.guest, sizeof(request.guest), "%s", guest);
        shell->screen->console(shell->screen->arg, &request);
        return SHELL_OK;
    }
    const struct console_attach_options attach = {
        .read_only = read_only,
        .no_replay = !replay,
        .follow = follow,
        .escape = CONSOLE_ESCAPE_DEFAULT,
        .complain = complain,
        .complain_arg = shell,
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
    bool always = option_given(arguments, "follow"), never = option_given(arguments, "no-follow");
    if (always && never) {
        shell_error(shell, "--follow and --no-follow contradict each other");
        return SHELL_USAGE;
    }
    return console_run(shell, arguments->words[0], option_given(arguments, "read-only"),
                       !option_given(arguments, "no-replay"),
                       always  ? CONSOLE_FOLLOW_ALWAYS
                       : never ? CONSOLE_FOLLOW_NEVER
                               : CONSOLE_FOLLOW_ON_TERMINAL);
}

static const struct option_info options[] = {
    { "read-only", NULL, "only watch: what is typed does not reach the guest" },
    { "no-replay", NULL, "start with what comes next, not with what there was before" },
    { "follow", NULL, "stay when the guest ends, and go on when it starts again" },
    { "no-follow", NULL, "end when the guest does (exit code 5)" },
    { NULL },
};

const struct command cmd_console = {
    .name = "console",
    .arguments = "GUEST",
    .summary = "attach to a guest's console; Ctrl-] detaches",
    .help =
        "Shows what the guest has written before (up to 1 MiB of it), then connects this terminal "
        "to its console. Ctrl-] detaches; the guest goes on. Any number of terminals may be "
        "attached to one guest. When the guest ends, the console stays and goes on with its next "
        "start, as after a reboot.\n\n"
        "Without a terminal, standard input is sent to the guest, and the command ends when the "
        "guest does (exit code 5) or when Ctrl-] was sent.",
    .options = options,
    .least = 1,
    .most = 1,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .run = run,
};
