/* SPDX-License-Identifier: MIT */
/* Looks through what a plugin says of itself. */
#include "plugin_host.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

enum { NAME_MAX_BYTES = 40, TEXT_MAX_BYTES = 4000 };

struct check {
    char *reason;
    size_t size;
};

static bool wrong(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool wrong(struct check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(check->reason, check->size, format, args);
    va_end(args);
    return false;
}

/* One of at most @words words of a-z 0-9 - that begin with a letter. */
static bool name_valid(const char *name, int words)
{
    size_t length = strlen(name);
    bool start = true;
    if (!length || length > NAME_MAX_BYTES)
        return false;
    for (const char *c = name; *c; c++) {
        if (*c == ' ') {
            if (start || --words < 1)
                return false;
            start = true;
        } else if (start ? !islower((unsigned char)*c)
                         : !islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
            return false;
        else
            start = false;
    }
    return !start;
}

/* Text for a terminal. NULL is fine. */
static bool text_valid(const char *text, bool newlines)
{
    if (!text)
        return true;
    if (strnlen(text, TEXT_MAX_BYTES + 1) > TEXT_MAX_BYTES)
        return false;
    for (; *text; text++)
        if ((iscntrl((unsigned char)*text) && !(newlines && *text == '\n')) ||
            ((unsigned char)*text == 0xc2 && (unsigned char)text[1] < 0xa0))
            return false;
    return true;
}

static bool check_options(struct check *check, const struct pando_plugin_command *command)
{
    const struct pando_plugin_option *option = command->options;
    for (int i = 0; option && option->name; i++, option++) {
        if (i == PANDO_PLUGIN_OPTIONS_MAX)
            return wrong(check, "its command \"%s\" has more than %d options", command->name,
                         PANDO_PLUGIN_OPTIONS_MAX);
        if (!name_valid(option->name, 1))
            return wrong(check, "option %d of its command \"%s\" is not a name of a-z 0-9 -", i + 1,
                         command->name);
        if (!option->summary || !text_valid(option->summary, false) ||
            !text_valid(option->value, false))
            return wrong(check, "option --%s of its command \"%s\" is not explained in plain text",
                         option->name, command->name);
    }
    return true;
}

static bool check_command(struct check *check, const struct pando_plugin_command *command)
{
    if (!name_valid(command->name, 2))
        return wrong(check, "the name of one of its commands is not one or two words of a-z 0-9 -");
    if (!command->run)
        return wrong(check, "its command \"%s\" has no function run", command->name);
    if (!command->summary)
        return wrong(check, "its command \"%s\" has no summary", command->name);
    if (!text_valid(command->summary, false) || !text_valid(command->arguments, false) ||
        !text_valid(command->help, true))
        return wrong(check, "the help of its command \"%s\" is not plain text", command->name);
    if (command->least < 0 || command->most < -1 ||
        (command->most >= 0 && command->most < command->least))
        return wrong(check, "its command \"%s\" takes from %d to %d arguments", command->name,
                     command->least, command->most);
    for (size_t i = 0; i < 2; i++) {
        if ((unsigned)command->complete[i] > PANDO_COMPLETE_OVERRIDE)
            return wrong(check, "its command \"%s\" has an unknown kind of completion",
                         command->name);
        if (command->complete[i] == PANDO_COMPLETE_WORD && !command->complete_words)
            return wrong(check, "its command \"%s\" has no complete_words", command->name);
    }
    return check_options(check, command);
}

static bool check_commands(struct check *check, const struct pando_plugin_command *commands)
{
    for (size_t i = 0; commands && commands[i].name; i++) {
        if (i == PANDO_PLUGIN_COMMANDS_MAX)
            return wrong(check, "it has more than %d commands, or no end of them",
                         PANDO_PLUGIN_COMMANDS_MAX);
        if (!check_command(check, &commands[i]))
            return false;
        for (size_t j = 0; j < i; j++)
            if (!strcmp(commands[i].name, commands[j].name))
                return wrong(check, "it has the command \"%s\" twice", commands[i].name);
    }
    return true;
}

static bool check_hooks(struct check *check, const struct pando_plugin_hook *hooks)
{
    for (size_t i = 0; hooks && hooks[i].steps; i++) {
        if (i == PANDO_PLUGIN_HOOKS_MAX)
            return wrong(check, "it has more than %d hooks, or no end of them",
                         PANDO_PLUGIN_HOOKS_MAX);
        if (!hooks[i].before && !hooks[i].after)
            return wrong(check, "its hook %zu has neither before nor after", i + 1);
    }
    return true;
}

static bool check_panels(struct check *check, const struct pando_plugin_panel *panels)
{
    for (size_t i = 0; panels && panels[i].name; i++) {
        if (i == PANDO_PLUGIN_PANELS_MAX)
            return wrong(check, "it has more than %d panels, or no end of them",
                         PANDO_PLUGIN_PANELS_MAX);
        if (!name_valid(panels[i].name, 1))
            return wrong(check, "the name of its panel %zu is not a word of a-z 0-9 -", i + 1);
        if (!panels[i].title || !text_valid(panels[i].title, false))
            return wrong(check, "its panel \"%s\" has no title in plain text", panels[i].name);
        if (!panels[i].fill)
            return wrong(check, "its panel \"%s\" has no function fill", panels[i].name);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(panels[i].name, panels[j].name))
                return wrong(check, "it has the panel \"%s\" twice", panels[i].name);
    }
    return true;
}

bool plugin_check(const struct pando_plugin *plugin, char *reason, size_t size)
{
    struct check check = { reason, size };
    if (plugin->abi != PANDO_PLUGIN_ABI)
        return wrong(&check,
                     "it was built for version %u of the plugin interface, and this is version %d: "
                     "build it anew with this plugin.h",
                     plugin->abi, PANDO_PLUGIN_ABI);
    if (plugin->size < sizeof(*plugin))
        return wrong(&check,
                     "its description has %zu bytes, expected at least %zu: it has to begin "
                     "with PANDO_PLUGIN_HEAD",
                     plugin->size, sizeof(*plugin));
    if (!plugin->name || !name_valid(plugin->name, 1))
        return wrong(&check, "its name is not a word of a-z 0-9 -");
    if (!plugin->version || !*plugin->version || !text_valid(plugin->version, false) ||
        strlen(plugin->version) > NAME_MAX_BYTES)
        return wrong(&check, "it has no version in plain text of at most %d bytes", NAME_MAX_BYTES);
    if (!text_valid(plugin->summary, false))
        return wrong(&check, "its summary is not plain text");
    return check_commands(&check, plugin->commands) && check_hooks(&check, plugin->hooks) &&
           check_panels(&check, plugin->panels);
}
