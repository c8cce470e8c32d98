/* SPDX-License-Identifier: MIT */
#include "complete.h"
#include "command.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>

/* Adds "BEFORE" "NAME" "AFTER" if it begins with the word. */
static void offer(struct candidates *candidates, const char *word, const char *before,
                  const char *name, const char *after)
{
    char *text;
    if (asprintf(&text, "%s%s%s", before, name, after) < 0)
        shell_out_of_memory();
    if (strncmp(text, word, strlen(word))) {
        free(text);
        return;
    }
    candidates->list =
        shell_need(realloc(candidates->list, (candidates->count + 2) * sizeof(*candidates->list)));
    candidates->list[candidates->count++] = text;
    candidates->list[candidates->count] = NULL;
}

/* Guests' names; without an error message, which would spoil the line. */
static void offer_guests(struct shell *shell, const char *word, struct candidates *candidates)
{
    struct pando_domain *list;
    size_t count;
    if (!shell->pando)
        shell->pando = pando_open();
    if (!shell->pando || pando_domain_list(shell->pando, &list, &count) != PANDO_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (*list[i].name)
            offer(candidates, word, "", list[i].name, "");
    free(list);
}

static void offer_options(const struct command *command, const char *word,
                          struct candidates *candidates)
{
    for (const struct option_info *option = command->options; option && option->name; option++)
        offer(candidates, word, "--", option->name, option->value ? "=" : "");
}

/* The number of words among these that are arguments, not options. */
static size_t count_arguments(const struct command *command, const struct words *words)
{
    size_t count = 0;
    for (size_t i = 1; i < words->count; i++) {
        const char *text = words->list[i];
        if (*text != '-') {
            count++;
            continue;
        }
        /* The value of an option is not an argument either. */
        for (const struct option_info *option = command->options; option && option->name; option++)
            if (option->value && !strncmp(text, "--", 2) && !strcmp(text + 2, option->name))
                i++;
    }
    return count;
}

/* `config` takes other things behind each of its words. */
static enum completion kind_for_config(const char *verb, size_t index)
{
    if (!strcmp(verb, "check"))
        return index == 1 ? COMPLETE_FILE : COMPLETE_OVERRIDE;
    if (index == 1 && !strcmp(verb, "show"))
        return COMPLETE_GUEST;
    return index == 1 && !strcmp(verb, "help") ? COMPLETE_KEY : COMPLETE_NOTHING;
}

static enum completion kind_of(const struct command *command, const struct words *words)
{
    size_t index = count_arguments(command, words);
    if (command->most != ARGUMENTS_ANY && index >= (size_t)command->most)
        return COMPLETE_NOTHING;
    if (command == &cmd_config && index > 0)
        return kind_for_config(words->list[1], index);
    return command->complete[index > 0];
}

static void offer_arguments(struct shell *shell, const struct command *command,
                            const struct words *words, const char *word,
                            struct candidates *candidates)
{
    enum completion kind = kind_of(command, words);
    const char *key;

    if (kind == COMPLETE_GUEST)
        offer_guests(shell, word, candidates);
    else if (kind == COMPLETE_FILE)
        candidates->files = true;
    else if (kind == COMPLETE_COMMAND)
        for (size_t i = 0; commands[i]; i++)
            offer(candidates, word, "", commands[i]->name, "");
    else if (kind == COMPLETE_WORD)
        for (size_t i = 0; command->complete_words[i]; i++)
            offer(candidates, word, "", command->complete_words[i], "");
    else if (kind == COMPLETE_OVERRIDE || kind == COMPLETE_KEY)
        for (size_t i = 0; (key = pando_config_key(i)); i++)
            offer(candidates, word, "", key, kind == COMPLETE_OVERRIDE ? "=" : "");
}

void complete(struct shell *shell, const char *before, const char *word,
              struct candidates *candidates)
{
    struct words words;
    const char *error;

    *candidates = (struct candidates){ 0 };
    if (lexer_split(before, &words, &error) != LEXER_OK)
        return;
    if (!words.count) {
        for (size_t i = 0; commands[i]; i++)
            offer(candidates, word, "", commands[i]->name, "");
    } else {
        const struct command *command = command_find(words.list[0]);
        if (command && *word == '-')
            offer_options(command, word, candidates);
        else if (command)
            offer_arguments(shell, command, &words, word, candidates);
    }
    words_free(&words);
}

void candidates_free(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        free(candidates->list[i]);
    free(candidates->list);
    *candidates = (struct candidates){ 0 };
}
