/* SPDX-License-Identifier: MIT */
#include "output.h"
#include "plugin_command.h"
#include "guest.h"
#include "plugin_host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)PANDO_EXIT_INTERRUPTED == (int)SHELL_INTERRUPTED &&
                   (int)PANDO_EXIT_TIMEOUT == (int)SHELL_TIMEOUT,
               "plugins' exit codes are the shell's");
_Static_assert((int)PANDO_PLUGIN_OPTIONS_MAX <= (int)OPTIONS_MAX, "plugins' options fit");

/* A plugin's command as one of the shell's. */
struct adapter {
    struct command command;
    const struct pando_plugin_command *plugin;
    struct option_info options[PANDO_PLUGIN_OPTIONS_MAX + 1];
};

static struct adapter *adapters;
static size_t adapter_count;
static pthread_once_t adapted = PTHREAD_ONCE_INIT;

/* --- one call --------------------------------------------------------------------------- */

struct call {
    struct pando_plugin_call call;
    struct shell *shell;
    const struct arguments *arguments;
    bool progress_shown;
};

static struct call *call_of(const struct pando_plugin_call *call)
{
    return call->context;
}

static const char *call_option(const struct pando_plugin_call *call, const char *name)
{
    const struct arguments *arguments = call_of(call)->arguments;
    const struct option_info *option = arguments->options;
    for (size_t i = 0; option && option[i].name; i++)
        if (!strcmp(option[i].name, name))
            return arguments->values[i];
    return NULL;
}

static pando_t *call_pando(const struct pando_plugin_call *call)
{
    return shell_pando(call_of(call)->shell);
}

static int call_guest(const struct pando_plugin_call *call, const char *which, uint32_t *domid)
{
    return guest_find(call_of(call)->shell, which, domid);
}

/* On a terminal, the line that says how far it is goes away before something else is written. */
static void end_progress(struct call *call)
{
    if (call->progress_shown)
        output_progress_end(call->shell);
    call->progress_shown = false;
}

static void call_error(const struct pando_plugin_call *call, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        shell_out_of_memory();
    va_end(args);
    end_progress(call_of(call));
    shell_error(call_of(call)->shell, "%s", text);
    free(text);
}

static int call_failed(const struct pando_plugin_call *call, const char *what, enum pando_code code)
{
    end_progress(call_of(call));
    return shell_library_error(call_of(call)->shell, what, code);
}

static void call_progress(const struct pando_plugin_call *call, const char *step, unsigned done,
                          unsigned total)
{
    output_progress(call_of(call)->shell, step, done, total);
    call_of(call)->progress_shown = true;
}

static bool call_cancelled(const struct pando_plugin_call *call)
{
    return shell_interrupted;
}

static int run_plugin(struct shell *shell, const struct pando_plugin_command *plugin,
                      const struct arguments *arguments)
{
    struct call call = {
        .call = { .size = sizeof(call.call),
                  .out = shell->out,
                  .err = shell->err,
                  .words = (const char *const *)arguments->words,
                  .count = arguments->count,
                  .option = call_option,
                  .pando = call_pando,
                  .guest = call_guest,
                  .error = call_error,
                  .failed = call_failed,
                  .progress = call_progress,
                  .cancelled = call_cancelled },
        .shell = shell,
        .arguments = arguments,
    };
    call.call.context = &call;
    int status = plugin->run(&call.call);
    end_progress(&call);
    return status;
}

/* Of all plugins' commands: the name that is being run says which. */
static int run(struct shell *shell, const struct arguments *arguments)
{
    const struct adapter *adapter = adapters;
    while (strcmp(adapter->command.name, shell->command))
        adapter++;
    return run_plugin(shell, adapter->plugin, arguments);
}

static enum completion completion_of(enum pando_completion complete)
{
    static const enum completion kinds[] = {
        [PANDO_COMPLETE_NOTHING] = COMPLETE_NOTHING,   [PANDO_COMPLETE_GUEST] = COMPLETE_GUEST,
        [PANDO_COMPLETE_FILE] = COMPLETE_FILE,         [PANDO_COMPLETE_COMMAND] = COMPLETE_COMMAND,
        [PANDO_COMPLETE_WORD] = COMPLETE_WORD,         [PANDO_COMPLETE_KEY] = COMPLETE_KEY,
        [PANDO_COMPLETE_OVERRIDE] = COMPLETE_OVERRIDE,
    };
    return kinds[complete];
}

/* --- all of them ---------------------------------------------------------------------------- */

static void adapt(struct adapter *adapter, const struct pando_plugin_command *plugin)
{
    const struct pando_plugin_option *option = plugin->options;
    size_t options = 0;
    for (; option && option[options].name; options++)
        adapter->options[options] = (struct option_info){ .name = option[options].name,
                                                          .value = option[options].value,
                                                          .summary = option[options].summary };
    adapter->plugin = plugin;
    adapter->command = (struct command){
        .name = plugin->name,
        .arguments = plugin->arguments ? plugin->arguments : "",
        .summary = plugin->summary,
        .help = plugin->help,
        .options = options ? adapter->options : NULL,
        .least = plugin->least,
        .most = plugin->most < 0 ? ARGUMENTS_ANY : plugin->most,
        .complete = { completion_of(plugin->complete[0]), completion_of(plugin->complete[1]) },
        .complete_words = plugin->complete_words,
        .run = run,
    };
}

static void adapt_all(void)
{
    const struct pando_plugin_command *plugin;
    plugins_load();
    while ((plugin = plugin_command_at(adapter_count)))
        adapter_count++;
    adapters = shell_need(calloc(adapter_count + 1, sizeof(*adapters)));
    for (size_t i = 0; i < adapter_count; i++)
        adapt(&adapters[i], plugin_command_at(i));
}

const struct command *plugin_command(size_t n)
{
    pthread_once(&adapted, adapt_all);
    for (size_t i = 0; i < adapter_count; i++)
        if (!adapters[i].plugin->fallback && n-- == 0)
            return &adapters[i].command;
    return NULL;
}

static bool name_is(const char *name, const char *first, const char *second)
{
    size_t length = strlen(first);
    if (strncmp(name, first, length))
        return false;
    name += length;
    return second ? *name == ' ' && !strcmp(name + 1, second) : !*name;
}

const struct command *plugin_command_find(const char *first, const char *second)
{
    const struct command *command;
    for (size_t i = 0; (command = plugin_command(i)); i++)
        if (name_is(command->name, first, second))
            return command;
    return NULL;
}

bool plugin_command_fallback(struct shell *shell, const char *first, const char *second,
                             const struct arguments *arguments, int *status)
{
    pthread_once(&adapted, adapt_all);
    for (size_t i = 0; i < adapter_count; i++) {
        const struct pando_plugin_command *plugin = adapters[i].plugin;
        int count = (int)arguments->count - 1;
        if (!plugin->fallback || !name_is(plugin->name, first, second) || count < plugin->least ||
            (plugin->most >= 0 && count > plugin->most))
            continue;
        struct arguments rest = *arguments;
        rest.words++;
        rest.count--;
        *status = run_plugin(shell, plugin, &rest);
        return true;
    }
    return false;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool has_form(const struct command *command, const char *word)
{
    for (size_t i = 0; command->complete_words[i]; i++)
        if (!strcmp(command->complete_words[i], word))
            return true;
    return false;
}

static enum plugin_name name_use(const char *name)
{
    char first[64];
    snprintf(first, sizeof(first), "%.*s", (int)strcspn(name, " "), name);
    const char *second = strchr(name, ' ');
    const struct command *command = command_find_own(first);
    if (!command)
        return PLUGIN_NAME_FREE;
    if (!second || !command->forms)
        return PLUGIN_NAME_TAKEN;
    if (!strcmp(name, "config check"))
        return PLUGIN_NAME_FALLBACK;
    return has_form(command, second + 1) ? PLUGIN_NAME_TAKEN : PLUGIN_NAME_FREE;
}

const struct plugin_rules plugin_command_rules = { .name_use = name_use };
