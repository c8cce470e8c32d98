/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "plugin_command.h"
#include "variables.h"

#include <stdlib.h>
#include <string.h>

const struct command *const commands[] = {
    &cmd_list,    &cmd_info,    &cmd_vcpu_list, &cmd_create,   &cmd_console, &cmd_shutdown,
    &cmd_reboot,  &cmd_destroy, &cmd_pause,     &cmd_unpause,  &cmd_rename,  &cmd_mem_set,
    &cmd_attach,  &cmd_detach,  &cmd_config,    &cmd_dmesg,    &cmd_log,     &cmd_wait_for,
    &cmd_send,    &cmd_expect,  &cmd_set,       &cmd_on_error, &cmd_screen,  &cmd_layout,
    &cmd_plugins, &cmd_help,    &cmd_version,   &cmd_quit,     NULL,
};

const struct command *command_find_own(const char *name)
{
    for (size_t i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, name))
            return commands[i];
    return NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *command = command_find_own(name);
    return command ? command : plugin_command_find(name, NULL);
}

const struct command *command_at(size_t n)
{
    const size_t own = sizeof(commands) / sizeof(commands[0]) - 1;
    return n < own ? commands[n] : plugin_command(n - own);
}

/* Whether a plugin may add this form to a command that has several. */
static bool may_be_extended(const struct command *command, const char *word)
{
    if (!command->forms)
        return false;
    for (size_t i = 0; command->complete_words[i]; i++)
        if (!strcmp(command->complete_words[i], word))
            return false;
    return true;
}

const struct command *command_match(const char *const *words, size_t *used)
{
    const struct command *command = command_find_own(words[0]), *longer = NULL;

    if (words[1] && (!command || may_be_extended(command, words[1])))
        longer = plugin_command_find(words[0], words[1]);
    *used = longer ? 2 : 1;
    if (longer || command)
        return longer ? longer : command;
    return plugin_command_find(words[0], NULL);
}

void command_print_usage(const struct command *command, FILE *out)
{
    fprintf(out, "usage: %s%s%s%s\n", command->name, command->options ? " [OPTIONS]" : "",
            *command->arguments ? " " : "", command->arguments);
}

static int unknown_command(struct shell *shell, const char *name)
{
    size_t count = 0;
    while (command_at(count))
        count++;
    const char **names = shell_need(calloc(count + 1, sizeof(*names)));
    for (size_t i = 0; i < count; i++)
        names[i] = command_at(i)->name;
    const char *nearest = pando_nearest_word(name, names, sizeof(names[0]));
    free(names);
    if (nearest)
        shell_error(shell, "no command \"%s\"; did you mean %s?", name, nearest);
    else
        shell_error(shell, "no command \"%s\"; `help` lists them", name);
    return SHELL_USAGE;
}

static bool check_count(struct shell *shell, const struct command *command,
                        const struct arguments *arguments)
{
    if ((int)arguments->count < command->least)
        shell_error(shell, "an argument is missing");
    else if (command->most != ARGUMENTS_ANY && (int)arguments->count > command->most)
        shell_error(shell, "too many arguments: \"%s\"", arguments->words[command->most]);
    else
        return true;
    command_print_usage(command, shell->err);
    return false;
}

int command_run(struct shell *shell, const char *const *words)
{
    size_t used;
    const struct command *command = command_match(words, &used);
    struct arguments arguments;
    int status = SHELL_USAGE;

    if (!command)
        return unknown_command(shell, words[0]);
    /* As on routers: what may come here? */
    if (words[used] && !strcmp(words[used], "?") && !words[used + 1] && command != &cmd_help) {
        command_describe(command, shell->out);
        return SHELL_OK;
    }
    shell->command = command->name;
    if (arguments_parse(shell, command->options, words + used, &arguments)) {
        if (check_count(shell, command, &arguments))
            status = command->run(shell, &arguments);
        arguments_free(&arguments);
    }
    /* Output that did not reach its file is a failure like any other. */
    if ((fflush(shell->out) || ferror(shell->out)) && status == SHELL_OK) {
        shell_error(shell, "cannot write the output: %m");
        status = SHELL_FAILED;
    }
    clearerr(shell->out);
    shell->command = NULL;
    return status;
}

int command_run_line(struct shell *shell, const char *line)
{
    struct words words;
    const char *error = "the line ends with a backslash";
    int status = SHELL_OK;

    if (lexer_expand(line, variable_value, NULL, &words, &error) != LEXER_OK) {
        shell_error(shell, "%s", error);
        return SHELL_USAGE;
    }
    if (words.count)
        status = command_run(shell, (const char *const *)words.list);
    words_free(&words);
    return status;
}
