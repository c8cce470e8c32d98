/* SPDX-License-Identifier: MIT */
#include "complete.h"
#include "command.h"
#include "config.h"
#include "json.h"
#include "plugin_command.h"
#include "variables.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* The first words of commands' names, each once. */
static void offer_commands(const char *word, struct candidates *candidates)
{
    const struct command *command, *other;
    for (size_t i = 0; (command = command_at(i)); i++) {
        char name[64];
        size_t length = strcspn(command->name, " ");
        bool known = false;
        snprintf(name, sizeof(name), "%.*s", (int)length, command->name);
        for (size_t j = 0; command->name[length] && j < i && !known; j++) {
            other = command_at(j);
            known = !strncmp(other->name, name, length) && strcspn(other->name, " ") == length;
        }
        if (!known)
            offer(candidates, word, "", name, "");
    }
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

/* Whether a word is an option, and *i its place; then it is moved to the option's value, if that is
 * a word of its own. */
static bool skip_option(const struct command *command, const struct words *words, size_t *i)
{
    const char *text = words->list[*i];
    if (*text != '-')
        return false;
    for (const struct option_info *option = command->options; option && option->name; option++)
        if (option->value && !strncmp(text, "--", 2) && !strcmp(text + 2, option->name))
            ++*i;
    return true;
}

/* The number of words among these that are arguments, not options. */
static size_t count_arguments(const struct command *command, const struct words *words)
{
    size_t count = 0;
    for (size_t i = 1; i < words->count; i++)
        count += !skip_option(command, words, &i);
    return count;
}

/* The argument with that number, "" if there is none. */
static const char *argument(const struct command *command, const struct words *words, size_t number)
{
    for (size_t i = 1; i < words->count; i++)
        if (!skip_option(command, words, &i) && !number--)
            return words->list[i];
    return "";
}

/* Logs by their names; also of guests that are gone. */
static void offer_logs(struct shell *shell, const char *word, struct candidates *candidates)
{
    static const char prefix[] = "console-", suffix[] = ".log";
    struct dirent **entries;
    int count = scandir(shell->log_folder, &entries, NULL, alphasort);

    if (count < 0)
        return;
    for (int i = 0; i < count; i++) {
        char *name = entries[i]->d_name;
        size_t length = strlen(name);
        if (length > strlen(suffix) && !strcmp(name + length - strlen(suffix), suffix)) {
            name[length - strlen(suffix)] = 0;
            offer(candidates, word, "",
                  name + (strncmp(name, prefix, strlen(prefix)) ? 0 : strlen(prefix)), "");
        }
        free(entries[i]);
    }
    free(entries);
}

/* --- files with configurations --- */

const char *complete_guest_folder = "/guests";

/* The lexer and readline have a meaning for these: such a name has to be typed. */
static bool needs_quotes(const char *name)
{
    return strpbrk(name, " \t\"'\\;|&<>#$`") != NULL;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

/* What of the folder may be, or lead to, a configuration. @before: how the word names the folder,
 * with a slash at its end, or "". */
static void offer_folder(const char *folder, const char *before, const char *word,
                         struct candidates *candidates)
{
    static const char suffix[] = ".json";
    struct dirent **entries;
    bool hidden = word[strlen(before)] == '.';
    int count = scandir(folder, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        size_t length = strlen(name);
        char path[PATH_MAX];
        bool dots = !strcmp(name, ".") || !strcmp(name, "..");
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        if (!dots && (hidden || *name != '.') && !needs_quotes(name)) {
            if (is_folder(path))
                offer(candidates, word, before, name, "/");
            else if (length > strlen(suffix) && !strcmp(name + length - strlen(suffix), suffix))
                offer(candidates, word, before, name, "");
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

/* A guest's folder first, where nothing says that it is another. */
static void offer_configurations(const char *word, struct candidates *candidates)
{
    const char *slash = strrchr(word, '/');
    char before[PATH_MAX];

    if (!*word && is_folder(complete_guest_folder)) {
        snprintf(before, sizeof(before), "%s/", complete_guest_folder);
        offer_folder(complete_guest_folder, before, before, candidates);
    }
    snprintf(before, sizeof(before), "%.*s", slash ? (int)(slash + 1 - word) : 0, word);
    offer_folder(*before ? before : ".", before, word, candidates);
}

static void offer_variables(const char *word, const char *before, const char *after,
                            struct candidates *candidates)
{
    char *name;
    for (size_t i = 0; (name = variable_name(i)); i++) {
        offer(candidates, word, before, name, after);
        free(name);
    }
}

/* The words that a command takes, and those that plugins add to it. */
static void offer_words(const struct command *command, const char *word,
                        struct candidates *candidates)
{
    const struct command *other;
    size_t length = strlen(command->name);
    for (size_t i = 0; command->complete_words[i]; i++)
        offer(candidates, word, "", command->complete_words[i], "");
    for (size_t i = 0; command->forms && (other = plugin_command(i)); i++)
        if (!strncmp(other->name, command->name, length) && other->name[length] == ' ')
            offer(candidates, word, "", other->name + length + 1, "");
}

/* The devices that a guest's configuration has, by what commands name them. */
static void offer_devices(struct shell *shell, const char *guest, const char *kind,
                          const char *word, struct candidates *candidates)
{
    uint32_t domid;
    char *text;
    struct json_error error;

    if (!shell->pando)
        shell->pando = pando_open();
    if (!shell->pando || pando_domain_find(shell->pando, guest, &domid) != PANDO_OK ||
        pando_domain_config(shell->pando, domid, &text) != PANDO_OK)
        return;
    struct json *root = json_parse(text, strlen(text), &error);
    const struct json *list = root ? json_member(root, kind) : NULL;
    for (const struct json *device = list ? list->first : NULL; device; device = device->next) {
        const struct json *name = json_member(device, strcmp(kind, "vif") ? "vdev" : "mac");
        if (name && name->text && *name->text)
            offer(candidates, word, "", name->text, "");
    }
    json_free(root);
    free(text);
}

static void offer_device_keys(const char *kind, const char *word, struct candidates *candidates)
{
    const char *key;
    for (size_t i = 0; (key = pando_config_element_key(kind, i)); i++)
        offer(candidates, word, "", key, "=");
}

/* @used words are the command's name. */
static enum completion kind_of(const struct command *command, const struct words *words,
                               size_t used)
{
    size_t index = count_arguments(command, words) + 1 - used;
    if (command->most != ARGUMENTS_ANY && index >= (size_t)command->most)
        return COMPLETE_NOTHING;
    for (const struct command_form *form = command->forms; index && form && form->word; form++)
        if (!strcmp(form->word, argument(command, words, 0)))
            return form->complete[index > 1];
    if (index > 1 && command->complete_third)
        return command->complete_third;
    return command->complete[index > 0];
}

static void offer_arguments(struct shell *shell, const struct command *command,
                            const struct words *words, size_t used, const char *word,
                            struct candidates *candidates)
{
    const char *key;

    switch (kind_of(command, words, used)) {
    case COMPLETE_NOTHING:
        break;
    case COMPLETE_GUEST:
        offer_guests(shell, word, candidates);
        break;
    case COMPLETE_CONFIG:
        offer_configurations(word, candidates);
        break;
    case COMPLETE_FILE:
        candidates->files = true;
        break;
    case COMPLETE_COMMAND:
        offer_commands(word, candidates);
        break;
    case COMPLETE_WORD:
        offer_words(command, word, candidates);
        break;
    case COMPLETE_KEY:
        for (size_t i = 0; (key = pando_config_key(i)); i++)
            offer(candidates, word, "", key, "");
        break;
    case COMPLETE_OVERRIDE:
        for (size_t i = 0; (key = pando_config_key(i)); i++)
            offer(candidates, word, "", key, "=");
        break;
    case COMPLETE_VARIABLE:
        offer_variables(word, "", "", candidates);
        break;
    case COMPLETE_LOG:
        offer_logs(shell, word, candidates);
        break;
    case COMPLETE_DEVICE:
        offer_devices(shell, argument(command, words, 0), argument(command, words, 1), word,
                      candidates);
        break;
    case COMPLETE_DEVICE_KEY:
        offer_device_keys(argument(command, words, 1), word, candidates);
        break;
    }
}

void complete(struct shell *shell, const char *before, const char *word,
              struct candidates *candidates)
{
    struct words words;
    const char *error;

    *candidates = (struct candidates){ 0 };
    if (lexer_split(before, &words, &error) != LEXER_OK)
        return;
    if (*word == '$') {
        offer_variables(word, word[1] == '{' ? "${" : "$", word[1] == '{' ? "}" : "", candidates);
    } else if (!words.count) {
        offer_commands(word, candidates);
    } else {
        size_t used;
        const struct command *command = command_match((const char *const *)words.list, &used);
        if (command && *word == '-')
            offer_options(command, word, candidates);
        else if (command)
            offer_arguments(shell, command, &words, used, word, candidates);
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
