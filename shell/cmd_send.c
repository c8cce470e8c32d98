/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "listen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PRESET_MS = 30 * 1000 };

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* Replaces what follows a backslash at *text, and advances that. -1: it means nothing. */
static int escape(const char **text)
{
    static const char names[] = "nrtea\\0", bytes[] = "\n\r\t\033\a\\";
    const char *name = strchr(names, **text);
    if (**text == 'x') {
        int high = hex_digit((*text)[1]), low = high < 0 ? -1 : hex_digit((*text)[2]);
        *text += 3;
        return low < 0 ? -1 : high << 4 | low;
    }
    if (!**text || !name)
        return -1;
    ++*text;
    return bytes[name - names];
}

/* What a text with escapes stands for, to be freed. NULL after an error message. */
static char *unescape(struct shell *shell, const char *text, size_t *length)
{
    char *bytes = shell_need(malloc(strlen(text) + 2));
    *length = 0;
    while (*text) {
        const char *at = text++;
        int byte = (unsigned char)*at;
        if (byte == '\\' && (byte = escape(&text)) < 0) {
            shell_error(shell,
                        "found \"%.4s\", expected \\n, \\r, \\t, \\e, \\a, \\0, \\xHH with two "
                        "hexadecimal digits, or \\\\",
                        at);
            free(bytes);
            return NULL;
        }
        bytes[(*length)++] = (char)byte;
    }
    return bytes;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    int timeout;
    size_t length;

    if (!option_timeout(shell, arguments, PRESET_MS, &timeout))
        return SHELL_USAGE;
    char *bytes = unescape(shell, arguments->words[1], &length);
    if (!bytes)
        return SHELL_USAGE;
    if (!option_given(arguments, "no-newline"))
        bytes[length++] = '\r';
    int64_t deadline = timeout ? shell_clock_ms() + timeout : -1;
    int status = listen_type(shell, arguments->words[0], bytes, length, deadline);
    free(bytes);
    return status;
}

static const struct option_info options[] = {
    { "no-newline", NULL, "don't send what the Enter key sends behind it" },
    { "timeout", "SECONDS", "give up after that time (exit code 4); 30 if not given, 0: never" },
    { NULL },
};

const struct command cmd_send = {
    .name = "send",
    .arguments = "GUEST TEXT",
    .summary = "type a text into a guest's console",
    .help =
        "In TEXT, \\n is a newline, \\r a carriage return, \\t a tab, \\e escape, \\a bell, \\0 "
        "NUL, \\xHH the byte with that hexadecimal number (\\x03 is Ctrl-C) and \\\\ a backslash. "
        "A carriage return follows it, as the Enter key sends it. In a line of a script, quote it: "
        "'ls\\n'. The command returns when consoled has taken all of it; what the guest does with "
        "it is seen by `expect`. Exit code 5: the guest has ended.",
    .options = options,
    .least = 2,
    .most = 2,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .run = run,
};
