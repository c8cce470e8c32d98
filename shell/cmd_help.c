/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "complete.h"
#include "config.h"
#include "guest.h"
#include "manual.h"
#include "preferences.h"

#include <stdlib.h>
#include <string.h>

static void list_commands(FILE *out)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)); i++)
        fprintf(out, "  %-10s %s\n", command->name, command->summary);
    fputs("\n`help COMMAND`, or `COMMAND ?`, says more about one, `config help` explains guests'\n"
          "configurations; see also pando(1) and pando.cfg(5).\n",
          out);
}

static void list_keys(FILE *out)
{
    char *text = NULL;
    size_t size;
    const char *key;
    FILE *keys = shell_need(open_memstream(&text, &size));

    for (size_t i = 0; (key = pando_config_key(i)); i++)
        fprintf(keys, "%s%s", i ? " " : "", key);
    fclose(keys);
    fputs("\nKeys, which `config help` explains:\n", out);
    manual_wrap(out, shell_need(text), 2);
    free(text);
}

void command_describe(const struct command *command, FILE *out)
{
    command_print_usage(command, out);
    fprintf(out, "\n  %s\n", command->summary);
    if (command->help) {
        fputc('\n', out);
        manual_wrap(out, command->help, 2);
    }
    if (command->options)
        fputs("\nOptions:\n", out);
    for (const struct option_info *option = command->options; option && option->name; option++) {
        char name[40];
        snprintf(name, sizeof(name), "--%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        fprintf(out, "  %-18s %s\n", name, option->summary);
    }
    if (command->complete[1] == COMPLETE_OVERRIDE)
        list_keys(out);
}

static void write_string(struct json_writer *writer, const char *key, const char *text)
{
    if (!text)
        return;
    json_write_key(writer, key);
    json_write_string(writer, text);
}

static void write_command(struct json_writer *writer, const struct command *command)
{
    json_write_object_begin(writer);
    write_string(writer, "name", command->name);
    write_string(writer, "arguments", command->arguments);
    write_string(writer, "summary", command->summary);
    write_string(writer, "help", command->help);
    json_write_key(writer, "options");
    json_write_array_begin(writer);
    for (const struct option_info *option = command->options; option && option->name; option++) {
        json_write_object_begin(writer);
        write_string(writer, "name", option->name);
        write_string(writer, "value", option->value);
        write_string(writer, "summary", option->summary);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
}

/* One command, or with NULL all of them. */
static void print_json(struct shell *shell, const struct command *command)
{
    struct json_writer *writer = output_json_begin();
    if (command) {
        write_command(writer, command);
    } else {
        json_write_array_begin(writer);
        for (size_t i = 0; (command = command_at(i)); i++)
            write_command(writer, command);
        json_write_array_end(writer);
    }
    output_json_end(shell, writer);
}

/* What the build makes of the table of commands. */
static int print_page(struct shell *shell, const char *page)
{
    if (!strcmp(page, "commands"))
        manual_print_commands(shell->out);
    else if (!strcmp(page, "json"))
        manual_print_json(shell->out);
    else if (!strcmp(page, "bash"))
        completion_print_bash(shell->out);
    else if (!strcmp(page, "preferences"))
        preferences_manual(shell->out);
    else {
        shell_error(shell, "--print: found \"%s\", expected commands, json, bash or preferences",
                    page);
        return SHELL_USAGE;
    }
    return SHELL_OK;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *page = option_value(arguments, "print");
    const struct command *command = NULL;
    if (page)
        return print_page(shell, page);
    size_t used = 0;
    if (arguments->count)
        command = command_match((const char *const *)arguments->words, &used);
    if (arguments->count && (!command || used != arguments->count)) {
        shell_error(shell, "no command \"%s\"; `help` lists them",
                    arguments->words[command ? arguments->count - 1 : 0]);
        return SHELL_USAGE;
    }
    if (option_given(arguments, "json"))
        print_json(shell, command);
    else if (command)
        command_describe(command, shell->out);
    else
        list_commands(shell->out);
    return SHELL_OK;
}

static const struct option_info options[] = {
    OPTION_JSON,
    { "print", "PART", "what the build needs: commands, json, bash or preferences" },
    { NULL },
};

const struct command cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "list the commands, or explain one",
    .options = options,
    .most = 2,
    .complete = { COMPLETE_COMMAND, COMPLETE_NOTHING },
    .output = output_help,
    .run = run,
};
