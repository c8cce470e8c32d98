/* SPDX-License-Identifier: MIT */
/* The table of commands as bash's completion wants it: arrays, with the command's name as index. */
#include "command.h"
#include "complete.h"
#include "config.h"
#include "device_kind.h"
#include "plugin_command.h"

#include <string.h>

static const char *kind_name(enum completion kind)
{
    static const char *const names[] = {
        [COMPLETE_NOTHING] = "nothing",  [COMPLETE_GUEST] = "guest",
        [COMPLETE_FILE] = "file",        [COMPLETE_CONFIG] = "config",
        [COMPLETE_COMMAND] = "command",  [COMPLETE_WORD] = "word",
        [COMPLETE_KEY] = "key",          [COMPLETE_OVERRIDE] = "override",
        [COMPLETE_VARIABLE] = "nothing", [COMPLETE_LOG] = "log",
        [COMPLETE_DEVICE] = "device",    [COMPLETE_DEVICE_KEY] = "devicekey",
    };
    return names[kind];
}

static void print_commands(FILE *out)
{
    fputs("_pando_commands='", out);
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "%s%s", i ? " " : "", commands[i]->name);
    fputs("'\n", out);
}

static void print_keys(FILE *out)
{
    const char *key;
    fputs("_pando_keys='", out);
    for (size_t i = 0; (key = pando_config_key(i)); i++)
        fprintf(out, "%s%s", i ? " " : "", key);
    fputs("'\n", out);
}

static void print_options(FILE *out)
{
    fputs("declare -gA _pando_options=(\n", out);
    for (size_t i = 0; commands[i]; i++) {
        const struct option_info *option = commands[i]->options;
        if (!option)
            continue;
        fprintf(out, "    [%s]='", commands[i]->name);
        for (; option->name; option++)
            fprintf(out, "--%s%s%s", option->name, option->value ? "=" : "",
                    option[1].name ? " " : "");
        fputs("'\n", out);
    }
    fputs(")\n", out);
}

/* What the arguments are: of "config", and, behind its first one, of "config/show". */
static void print_kinds(FILE *out)
{
    fputs("declare -gA _pando_kinds=(\n", out);
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];
        enum completion third =
            command->complete_third ? command->complete_third : command->complete[1];
        fprintf(out, "    [%s]='%s %s %s'\n", command->name, kind_name(command->complete[0]),
                kind_name(command->complete[1]),
                kind_name(command->most == 2 ? COMPLETE_NOTHING : third));
        for (const struct command_form *form = command->forms; form && form->word; form++)
            fprintf(out, "    [%s/%s]='%s %s %s'\n", command->name, form->word,
                    kind_name(form->complete[0]), kind_name(form->complete[1]),
                    kind_name(form->complete[1]));
    }
    fputs(")\n", out);
}

static void print_words(FILE *out)
{
    fputs("declare -gA _pando_words=(\n", out);
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];
        if (!command->complete_words)
            continue;
        fprintf(out, "    [%s]='", command->name);
        for (const char *const *word = command->complete_words; *word; word++)
            fprintf(out, "%s%s", *word, word[1] ? " " : "");
        fputs("'\n", out);
    }
    fputs(")\n", out);
}

static void print_device_keys(FILE *out)
{
    const char *key;
    fputs("declare -gA _pando_device_keys=(\n", out);
    for (size_t kind = 0; device_words[kind]; kind++) {
        fprintf(out, "    [%s]='", device_words[kind]);
        for (size_t i = 0; (key = pando_config_element_key(device_words[kind], i)); i++)
            fprintf(out, "%s%s", i ? " " : "", key);
        fputs("'\n", out);
    }
    fputs(")\n", out);
}

/* --- plugins' commands, added to what is there ----------------------------------------------- */

static void print_plugin_options(FILE *out, const char *name, const struct option_info *option)
{
    fprintf(out, "_pando_options[%s]+='", name);
    for (; option && option->name; option++)
        fprintf(out, " --%s%s", option->name, option->value ? "=" : "");
    fputs("'\n", out);
}

static void print_plugin_kinds(FILE *out, const char *name, const struct command *command)
{
    const char *second = kind_name(command->complete[1]);
    fprintf(out, "_pando_kinds[%s]='%s %s %s'\n", name, kind_name(command->complete[0]),
            command->most == 1 ? "nothing" : second, command->most == 2 ? "nothing" : second);
}

static void print_plugin(FILE *out, const struct command *command)
{
    char first[64], both[160];
    const char *second = strchr(command->name, ' ');

    snprintf(first, sizeof(first), "%.*s", (int)strcspn(command->name, " "), command->name);
    if (!command_find_own(first))
        fprintf(out, "[[ \" $_pando_commands \" == *' %s '* ]] || _pando_commands+=' %s'\n", first,
                first);
    print_plugin_options(out, first, command->options);
    if (!second) {
        print_plugin_kinds(out, first, command);
        if (command->complete_words)
            for (const char *const *word = command->complete_words; *word; word++)
                fprintf(out, "_pando_words[%s]+=' %s'\n", first, *word);
        return;
    }
    snprintf(both, sizeof(both), "%s/%.90s", first, second + 1);
    print_plugin_kinds(out, both, command);
    fprintf(out, "_pando_words[%s]+=' %s'\n", first, second + 1);
    fprintf(out, ": \"${_pando_kinds[%s]:=word nothing nothing}\"\n", first);
}

void completion_print_bash(FILE *out)
{
    const struct command *command;

    print_commands(out);
    print_keys(out);
    print_device_keys(out);
    print_options(out);
    print_kinds(out);
    print_words(out);
    for (size_t i = 0; (command = plugin_command(i)); i++)
        print_plugin(out, command);
}
