/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"

static int run(struct shell *shell, const struct arguments *arguments)
{
    if (option_given(arguments, "json")) {
        struct json_writer *writer = output_json_begin();
        json_write_object_begin(writer);
        json_write_key(writer, "version");
        json_write_string(writer, PANDO_VERSION);
        json_write_object_end(writer);
        output_json_end(shell, writer);
    } else {
        fprintf(shell->out, "pando %s\n", PANDO_VERSION);
    }
    return SHELL_OK;
}

static const struct option_info options[] = { OPTION_JSON, { NULL } };

const struct command cmd_version = {
    .name = "version",
    .arguments = "",
    .summary = "show the version of this program",
    .help = "That of the hypervisor is shown by `info`.",
    .options = options,
    .output = output_version,
    .run = run,
};
