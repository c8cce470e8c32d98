/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "table.h"
#include "variables.h"

#include <stdlib.h>

static int list_variables(struct shell *shell, bool json)
{
    static const char *const titles[] = { "NAME", "VALUE", NULL };
    struct json_writer *writer = json ? output_json_begin() : NULL;
    struct table table;
    char *name;

    table_init(&table, titles);
    if (writer)
        json_write_array_begin(writer);
    for (size_t i = 0; (name = variable_name(i)); i++) {
        char *value = shell_need(variable_value(NULL, name));
        if (writer) {
            json_write_object_begin(writer);
            json_write_key(writer, "name");
            json_write_string(writer, name);
            json_write_key(writer, "value");
            json_write_string(writer, value);
            json_write_object_end(writer);
        } else {
            table_add(&table, "%s", name);
            table_add(&table, "%s", value);
        }
        free(value);
        free(name);
    }
    if (writer) {
        json_write_array_end(writer);
        output_json_end(shell, writer);
    } else {
        table_print(&table, shell->out);
    }
    return SHELL_OK;
}

static int set(struct shell *shell, const struct arguments *arguments)
{
    const char *name = arguments->words[0], *value = arguments->words[1];
    bool environment = option_given(arguments, "environment");

    if (!lexer_name_valid(name)) {
        shell_error(shell,
                    "\"%s\" cannot be a variable's name: expected at most %d letters, digits and "
                    "_, a digit not in front",
                    name, LEXER_NAME_MAX);
        return SHELL_USAGE;
    }
    if (!environment && !value) {
        shell_error(shell, "%s: a value is missing; with --environment it is taken from there",
                    name);
        return SHELL_USAGE;
    }
    if (environment) {
        const char *found = getenv(name);
        value = found ? found : value;
    }
    if (!value) {
        shell_error(shell, "%s is not in the environment; a value behind the name would be taken",
                    name);
        return SHELL_FAILED;
    }
    if (!variable_set(name, value)) {
        shell_error(shell, "there are %d variables already", VARIABLES_MAX);
        return SHELL_FAILED;
    }
    return SHELL_OK;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    if (arguments->count)
        return set(shell, arguments);
    if (!option_given(arguments, "environment"))
        return list_variables(shell, option_given(arguments, "json"));
    shell_error(shell, "--environment: a variable's name is missing");
    return SHELL_USAGE;
}

static const struct option_info options[] = {
    { "environment", NULL, "take the value of NAME in the environment, or else VALUE" },
    { "json", NULL, "print the variables as JSON" },
    { NULL },
};

const struct command cmd_set = {
    .name = "set",
    .arguments = "[NAME [VALUE]]",
    .summary = "set a variable, or list the variables",
    .help =
        "$NAME or ${NAME} in a later line, outside of quotes or in \"...\", stands for VALUE; a "
        "line with a variable that isn't set is refused. Variables last as long as the script or "
        "the prompt. None is taken from the environment without --environment.",
    .options = options,
    .most = 2,
    .complete = { COMPLETE_VARIABLE, COMPLETE_NOTHING },
    .output = output_set,
    .run = run,
};
