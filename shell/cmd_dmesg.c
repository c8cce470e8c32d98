/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "output.h"

#include <poll.h>
#include <stdlib.h>

enum { FOLLOW_MS = 250 };

static int run(struct shell *shell, const struct arguments *arguments)
{
    unsigned int flags = option_given(arguments, "clear") ? PANDO_LOG_CLEAR : 0;
    bool follow = option_given(arguments, "follow"), json = option_given(arguments, "json");
    uint32_t cursor = 0;
    if (follow && json) {
        shell_error(shell, "--json is printed at the end, and --follow has none");
        return SHELL_USAGE;
    }
    pando_t *pando = shell_pando(shell);
    if (!pando)
        return SHELL_FAILED;
    for (;;) {
        char *text;
        size_t length;
        enum pando_code code =
            pando_log_read(pando, flags, follow ? &cursor : NULL, &text, &length);
        if (code != PANDO_OK) {
            shell_library_error(shell, NULL, code);
            return SHELL_FAILED;
        }
        if (json)
            output_foreign_json(shell, text, length);
        else
            output_foreign(shell->out, text, length);
        free(text);
        if (!follow || fflush(shell->out))
            return SHELL_OK;
        poll(NULL, 0, FOLLOW_MS);
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
    }
}

static const struct option_info options[] = {
    { "clear", NULL, "empty the log after reading it" },
    { "follow", NULL, "go on with what comes, until Ctrl-C" },
    OPTION_JSON,
    { NULL },
};

const struct command cmd_dmesg = {
    .name = "dmesg",
    .arguments = "",
    .summary = "show the hypervisor's log",
    .help = "The log starts with the boot of the host. What a guest writes to port 0xE9 is in it, "
            "with the guest's number.",
    .options = options,
    .output = output_dmesg,
    .run = run,
};
