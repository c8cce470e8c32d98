/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "listen.h"

#include <stdlib.h>

enum { PRESET_MS = 30 * 1000 };

static void report(struct shell *shell, const char *guest, const char *match, bool json)
{
    if (!json)
        return;
    struct json_writer *writer = output_json_begin();
    json_write_object_begin(writer);
    json_write_key(writer, "guest");
    json_write_string(writer, guest);
    json_write_key(writer, "match");
    json_write_string(writer, match);
    json_write_object_end(writer);
    output_json_end(shell, writer);
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *guest = arguments->words[0];
    struct pattern pattern;
    char *match = NULL;
    int timeout;

    if (!option_timeout(shell, arguments, PRESET_MS, &timeout) ||
        !pattern_init(shell, &pattern, arguments->words[1], option_given(arguments, "plain")))
        return SHELL_USAGE;
    int64_t deadline = timeout ? shell_clock_ms() + timeout : -1;
    int status = listen_for(shell, guest, &pattern, deadline, &match);
    if (status == SHELL_OK)
        report(shell, guest, match, option_given(arguments, "json"));
    free(match);
    pattern_free(&pattern);
    return status;
}

static const struct option_info options[] = {
    { "plain", NULL, "PATTERN is the text itself, not a regular expression" },
    { "timeout", "SECONDS", "give up after that time (exit code 4); 30 if not given, 0: never" },
    { "json", NULL, "print what matched as JSON" },
    { NULL },
};

const struct command cmd_expect = {
    .name = "expect",
    .arguments = "GUEST PATTERN",
    .summary = "wait for a text on a guest's console",
    .help =
        "PATTERN is a POSIX extended regular expression: ^ and $ match at the begin and the end of "
        "a line, and . matches no newline. It is looked for in what the guest has written since "
        "the last match of `expect` or `wait-for` in the same script, or, at first, since its "
        "start, without control sequences and carriage returns. In a line of a script, quote it: "
        "'login: $'.\n\n"
        "If it does not come in time, the error says what came instead, and the next `expect` "
        "looks at that again. Exit code 5: the guest has ended, and nothing starts it again.",
    .options = options,
    .least = 2,
    .most = 2,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .output = output_expect,
    .run = run,
};
