/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "manual.h"

static void list_commands(FILE *out)
{
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n`help COMMAND` says more about one, `config help` explains guests' configurations;\n"
          "see also pando(1) and pando.cfg(5).\n",
          out);
}

static void describe(const struct command *command, FILE *out)
{
    command_print_usage(command, out);
    fprintf(out, "\n  %s\n", command->summary);
    if (command->help) {
        fputc('\n', out);
        manual_wrap(out, command->help, 2);
    }
    if (!command->options)
        return;
    fputs("\nOptions:\n", out);
    for (const struct option_info *option = command->options; option->name; option++) {
        char name[40];
        snprintf(name, sizeof(name), "--%s%s%s", option->name, option->value ? " " : "",
                 option->value ? option->value : "");
        fprintf(out, "  %-18s %s\n", name, option->summary);
    }
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    if (option_given(arguments, "man")) {
        manual_print_commands(shell->out);
        return SHELL_OK;
    }
    if (!arguments->count) {
        list_commands(shell->out);
        return SHELL_OK;
    }
    const struct command *command = command_find(arguments->words[0]);
    if (!command) {
        shell_error(shell, "no command \"%s\"; `help` lists them", arguments->words[0]);
        return SHELL_USAGE;
    }
    describe(command, shell->out);
    return SHELL_OK;
}

static const struct option_info options[] = {
    { "man", NULL, "print the commands' section of the manual page pando(1)" },
    { NULL },
};

const struct command cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "list the commands, or explain one",
    .options = options,
    .most = 1,
    .complete = { COMPLETE_COMMAND, COMPLETE_NOTHING },
    .run = run,
};
