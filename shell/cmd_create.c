/* SPDX-License-Identifier: MIT */
#include "cmd_console.h"
#include "command.h"
#include "config.h"
#include "guest.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void show_progress(void *arg, const char *step, unsigned int done, unsigned int total)
{
    output_progress(arg, step, done, total);
}

static bool is_interrupted(void *arg)
{
    return shell_interrupted;
}

static void report_problems(struct shell *shell, const struct pando_problems *problems)
{
    char *text = shell_need(pando_problems_text(problems));
    size_t count = problems->count + problems->left_out;
    shell_error(shell, "%zu %s in the configuration; nothing was created", count,
                count == 1 ? "mistake" : "mistakes");
    fputs(text, shell->err);
    free(text);
}

static int report(struct shell *shell, const struct pando_config *config, uint32_t domid,
                  bool created, bool json)
{
    if (json) {
        struct json_writer *writer = output_json_begin();
        json_write_object_begin(writer);
        json_write_key(writer, "name");
        json_write_string(writer, config->name);
        json_write_key(writer, "id");
        json_write_uint(writer, domid);
        json_write_key(writer, "created");
        json_write_bool(writer, created);
        json_write_object_end(writer);
        output_json_end(shell, writer);
    } else {
        fprintf(shell->out, "%s %s domain %" PRIu32 "\n", config->name,
                created ? "is now" : "exists already, as", domid);
    }
    return SHELL_OK;
}

/* Reports why the library did not create the guest, with the place of the key at fault. */
static int report_failure(struct shell *shell, const struct arguments *arguments,
                          enum pando_code code)
{
    const char *key = pando_error_key(shell->pando);
    size_t top = strcspn(key, ".[");

    if (code == PANDO_E_CANCELLED) {
        shell_error(shell, "%s", pando_error_text(shell->pando));
        return SHELL_INTERRUPTED;
    }
    unsigned line = *key ? pando_config_line(arguments->words[0], key) : 0;
    char where[400];

    if (line)
        snprintf(where, sizeof(where), "%.380s:%u", arguments->words[0], line);
    else
        snprintf(where, sizeof(where), "%.390s", arguments->words[0]);
    for (size_t i = 1; top && i < arguments->count; i++)
        if (!strncmp(arguments->words[i], key, top) && arguments->words[i][top] == '=')
            snprintf(where, sizeof(where), "command line");
    int status = shell_library_error(shell, where, code);
    /* What is not there is a file or a bridge. */
    return status == SHELL_NO_GUEST ? SHELL_FAILED : status;
}

static int create(struct shell *shell, const struct pando_config *config,
                  const struct arguments *arguments)
{
    bool json = option_given(arguments, "json");
    const struct pando_create_options options = {
        .paused = option_given(arguments, "paused"),
        .progress = show_progress,
        .progress_arg = shell,
        .cancel = is_interrupted,
    };
    uint32_t domid;
    pando_t *pando = shell_pando(shell);
    if (!pando)
        return SHELL_FAILED;

    bool if_absent = option_given(arguments, "if-absent");
    if (if_absent && pando_domain_find(pando, config->name, &domid) == PANDO_OK)
        return report(shell, config, domid, false, json);
    enum pando_code code = pando_domain_create(pando, config, &options, &domid);
    output_progress_end(shell);
    if (code != PANDO_OK) {
        /* Somebody else may have been faster. */
        uint32_t other;
        if (if_absent && code == PANDO_E_EXISTS && !strcmp(pando_error_key(pando), "name") &&
            pando_domain_find(pando, config->name, &other) == PANDO_OK)
            return report(shell, config, other, false, json);
        return report_failure(shell, arguments, code);
    }
    return report(shell, config, domid, true, json);
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    const char *file = arguments->words[0];
    enum pando_code code =
        pando_config_load(&config, file, arguments->words + 1, arguments->count - 1, 0, &problems);
    if (code == PANDO_E_SYSTEM)
        shell_out_of_memory();
    if (code != PANDO_OK) {
        report_problems(shell, &problems);
        pando_problems_free(&problems);
        return SHELL_FAILED;
    }
    int status = create(shell, &config, arguments);
    if (status == SHELL_OK && option_given(arguments, "console"))
        status = console_run(shell, config.name, false, true, CONSOLE_FOLLOW_ON_TERMINAL);
    pando_config_free(&config);
    return status;
}

static const struct option_info options[] = {
    { "paused", NULL, "leave it paused; `unpause` starts it" },
    { "console", NULL, "attach to its console" },
    { "if-absent", NULL, "it is no failure if a guest of that name exists; then do nothing" },
    OPTION_JSON,
    { NULL },
};

const struct command cmd_create = {
    .name = "create",
    .arguments = "FILE [KEY=VALUE]...",
    .summary = "create a guest from a configuration and start it",
    .help =
        "The file is described in pando.cfg(5). Each KEY=VALUE takes the place of what the file "
        "has for that key; a list is given as JSON: 'disk=[{\"vdev\": \"xvda\", ...}]'. All that "
        "is wrong with the configuration is reported at once, and then nothing is created.",
    .options = options,
    .least = 1,
    .most = ARGUMENTS_ANY,
    .complete = { COMPLETE_CONFIG, COMPLETE_OVERRIDE },
    .output = output_create,
    .run = run,
};
