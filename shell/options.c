/* SPDX-License-Identifier: MIT */
#include "options.h"
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int find_option(const struct option_info *options, const char *name, size_t length)
{
    for (int i = 0; options && options[i].name; i++)
        if (strlen(options[i].name) == length && !strncmp(options[i].name, name, length))
            return i;
    return -1;
}

static bool unknown_option(struct shell *shell, const struct option_info *options, const char *word)
{
    char name[40];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *nearest =
        options ? pando_nearest_word(name, &options->name, sizeof(*options)) : NULL;
    if (nearest)
        shell_error(shell, "no option %s; did you mean --%s?", word, nearest);
    else
        shell_error(shell, "no option %s; see `help %s`", word, shell->command);
    return false;
}

/* Takes the option words[*i], and its value, which may be the next word. */
static bool take_option(struct shell *shell, const char *const *words, size_t *i,
                        struct arguments *arguments)
{
    const char *word = words[*i];
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    int index = word[1] == '-' ? find_option(arguments->options, name, strcspn(name, "=")) : -1;

    if (index < 0)
        return unknown_option(shell, arguments->options, word);
    const struct option_info *option = &arguments->options[index];
    if (!option->value && equals) {
        shell_error(shell, "option --%s takes no value", option->name);
        return false;
    }
    if (option->value && !equals && !words[*i + 1]) {
        shell_error(shell, "option --%s: %s is missing", option->name, option->value);
        return false;
    }
    if (!option->value)
        arguments->values[index] = "";
    else
        arguments->values[index] = equals ? equals + 1 : words[++*i];
    return true;
}

bool arguments_parse(struct shell *shell, const struct option_info *options,
                     const char *const *words, struct arguments *arguments)
{
    size_t count = 0;
    bool only_words = false;

    while (words[count])
        count++;
    *arguments = (struct arguments){ .options = options };
    arguments->words = shell_need(calloc(count + 1, sizeof(*arguments->words)));
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i];
        if (only_words || word[0] != '-' || !word[1]) {
            arguments->words[arguments->count++] = word;
        } else if (!strcmp(word, "--")) {
            only_words = true;
        } else if (!take_option(shell, words, &i, arguments)) {
            arguments_free(arguments);
            return false;
        }
    }
    return true;
}

void arguments_free(struct arguments *arguments)
{
    free(arguments->words);
    arguments->words = NULL;
}

const char *option_value(const struct arguments *arguments, const char *name)
{
    int index = find_option(arguments->options, name, strlen(name));
    assert(index >= 0 && index < OPTIONS_MAX);
    return arguments->values[index];
}

bool option_given(const struct arguments *arguments, const char *name)
{
    return option_value(arguments, name) != NULL;
}

bool option_timeout(struct shell *shell, const struct arguments *arguments, int preset_ms,
                    int *timeout_ms)
{
    const char *text = option_value(arguments, "timeout");
    char *end;

    *timeout_ms = preset_ms;
    if (!text)
        return true;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0 && seconds <= INT_MAX / 1000)) {
        shell_error(shell, "--timeout: found \"%s\", expected a number of seconds", text);
        return false;
    }
    *timeout_ms = (int)(seconds * 1000);
    return true;
}

bool parse_number(const char *text, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}
