/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"
#include "plugin_command.h"

#include <stdlib.h>
#include <string.h>

static int usage(struct shell *shell, const char *text)
{
    shell_error(shell, "%s", text);
    command_print_usage(&cmd_config, shell->err);
    return SHELL_USAGE;
}

static int show(struct shell *shell, const struct arguments *arguments)
{
    uint32_t domid;
    char *json;
    if (arguments->count != 2)
        return usage(shell, "show: expected the name of one guest");
    const char *which = arguments->words[1];
    int status = guest_find(shell, which, &domid);
    if (status != SHELL_OK)
        return status;
    enum pando_code code = pando_domain_config(shell->pando, domid, &json);
    if (code != PANDO_OK) {
        /* The guest was found: what is not there is a configuration. */
        shell_library_error(shell, which, code);
        return SHELL_FAILED;
    }
    fputs(json, shell->out);
    if (*json && json[strlen(json) - 1] != '\n')
        fputc('\n', shell->out);
    free(json);
    return SHELL_OK;
}

/* Whether a file's text begins as an object of JSON does, or cannot be read. */
static bool is_json(const char *path)
{
    FILE *file = fopen(path, "re");
    int c = '{';
    if (!file)
        return true;
    while ((c = fgetc(file)) != EOF && strchr(" \t\r\n", c))
        continue;
    fclose(file);
    return c == '{' || c == EOF;
}

static int check(struct shell *shell, const struct arguments *arguments)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    int status;
    if (arguments->count < 2)
        return usage(shell, "check: expected a file");
    if (!is_json(arguments->words[1]) &&
        plugin_command_fallback(shell, "config", "check", arguments, &status))
        return status;
    enum pando_code code = pando_config_load(&config, arguments->words[1], arguments->words + 2,
                                             arguments->count - 2, 0, &problems);
    if (code == PANDO_E_SYSTEM)
        shell_out_of_memory();
    if (code != PANDO_OK) {
        char *text = shell_need(pando_problems_text(&problems));
        size_t count = problems.count + problems.left_out;
        shell_error(shell, "%zu %s in the configuration", count,
                    count == 1 ? "mistake" : "mistakes");
        fputs(text, shell->err);
        free(text);
        pando_problems_free(&problems);
        return SHELL_FAILED;
    }
    char *text = shell_need(pando_config_print(&config));
    fputs(text, shell->out);
    free(text);
    pando_config_free(&config);
    return SHELL_OK;
}

static void write_key(struct json_writer *writer, const char *key)
{
    char *text = shell_need(pando_config_help(key));
    json_write_object_begin(writer);
    json_write_key(writer, "name");
    json_write_string(writer, key);
    json_write_key(writer, "help");
    json_write_string(writer, text);
    json_write_object_end(writer);
    free(text);
}

/* One key, or with NULL all of them. */
static void help_json(struct shell *shell, const char *key)
{
    struct json_writer *writer = output_json_begin();
    if (key) {
        write_key(writer, key);
    } else {
        json_write_array_begin(writer);
        for (size_t i = 0; (key = pando_config_key(i)); i++)
            write_key(writer, key);
        json_write_array_end(writer);
    }
    output_json_end(shell, writer);
}

static int help(struct shell *shell, const struct arguments *arguments)
{
    const char *key = arguments->count > 1 ? arguments->words[1] : NULL;
    if (arguments->count > 2)
        return usage(shell, "help: expected at most one key");
    bool manual = option_given(arguments, "man");
    char *text = manual ? pando_config_manual() : pando_config_help(key);
    if (!text && key) {
        shell_error(shell, "no key \"%s\"; `config help` lists them", key);
        return SHELL_USAGE;
    }
    if (option_given(arguments, "json") && !manual)
        help_json(shell, key);
    else
        fputs(shell_need(text), shell->out);
    free(text);
    return SHELL_OK;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *verb = arguments->words[0];
    if (!strcmp(verb, "show"))
        return show(shell, arguments);
    if (!strcmp(verb, "check"))
        return check(shell, arguments);
    if (!strcmp(verb, "help"))
        return help(shell, arguments);
    shell_error(shell, "found \"%s\", expected show, check or help", verb);
    return SHELL_USAGE;
}

static const struct option_info options[] = {
    { "man", NULL, "with help: print the manual page pando.cfg(5)" },
    { "json", NULL, "with help: print JSON; show and check always do" },
    { NULL },
};

static const char *const words[] = { "show", "check", "help", NULL };

static const struct command_form forms[] = {
    { "show", { COMPLETE_GUEST, COMPLETE_NOTHING } },
    { "check", { COMPLETE_CONFIG, COMPLETE_OVERRIDE } },
    { "help", { COMPLETE_KEY, COMPLETE_NOTHING } },
    { NULL },
};

const struct command cmd_config = {
    .name = "config",
    .arguments = "show GUEST | check FILE [KEY=VALUE]... | help [KEY]",
    .summary = "show or check a configuration, or explain its keys",
    .help =
        "`config show` prints the complete configuration of a guest that exists, as it is now, in "
        "the form that `create` reads. `config check` reads a file as `create` does, and "
        "prints the complete configuration that it makes. `config help` lists the keys, or "
        "explains one.",
    .options = options,
    .least = 1,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_WORD, COMPLETE_NOTHING },
    .complete_words = words,
    .forms = forms,
    .output = output_config,
    .run = run,
};
