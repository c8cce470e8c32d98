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
    /* A script has seen all of it; one who types, or a program that runs single commands, means
     * what happens next. */
    enum listen_from from = option_given(arguments, "from-start") ? LISTEN_START
                            : shell->single || shell->interactive ? LISTEN_NOW
                                                                  : LISTEN_PLACE;

    if (!option_timeout(shell, arguments, PRESET_MS, &timeout) ||
        !pattern_init(shell, &pattern, arguments->words[1], option_given(arguments, "plain")))
        return SHELL_USAGE;
    int64_t deadline = timeout ? shell_clock_ms() + timeout : -1;
    int status = listen_for(shell, guest, &pattern, from, deadline, &match);
    if (status == SHELL_OK)
        report(shell, guest, match, option_given(arguments, "json"));
    free(match);
    pattern_free(&pattern);
    return status;
}

static const struct option_info options[] = {
    { "from-start", NULL, "look at what the guest has written since its start, too" },
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
        "a line, and . matches no newline. It is looked for without control sequences and carriage "
        "returns, in what the guest writes from now on; in a script, in what it has written since "
        "the last match of `expect` or `wait-for`, or, at first, since its start. --from-start "
        "looks at everything since the guest's start. In a line of a script, quote the pattern: "
        "'login: $'.\n\n"
        "To type and see the answer, use a script with `send` and `expect`: as two commands, the "
        "answer may come in between.\n\n"
        "If it does not come in time, the error says what came instead, and the next `expect` "
        "looks at that again. Exit code 5: the guest has ended, and nothing starts it again.",
    .options = options,
    .least = 2,
    .most = 2,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .output = output_expect,
    .run = run,
};
