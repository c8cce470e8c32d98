/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "plugin_host.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static void print_table(struct shell *shell)
{
    static const char *const titles[] = { "NAME", "VERSION", "STATE", "FOLDER", "WHY", NULL };
    const struct plugin *plugin;
    struct table table;
    table_init(&table, titles);
    for (size_t i = 0; (plugin = plugin_at(i)); i++) {
        table_add(&table, "%s", plugin->name);
        table_add(&table, "%s", plugin->version ? plugin->version : "-");
        table_add(&table, "%s", plugin->reason ? "refused" : "loaded");
        table_add(&table, "%s", plugin->folder);
        table_add(&table, "%s", plugin->reason ? plugin->reason : "-");
    }
    table_print(&table, shell->out);
}

static void write_names(struct json_writer *writer, const struct pando_plugin *plugin)
{
    const struct pando_plugin_command *command = plugin ? plugin->commands : NULL;
    const struct pando_plugin_panel *panel = plugin ? plugin->panels : NULL;
    json_write_key(writer, "commands");
    json_write_array_begin(writer);
    for (; command && command->name; command++)
        json_write_string(writer, command->name);
    json_write_array_end(writer);
    json_write_key(writer, "panels");
    json_write_array_begin(writer);
    for (; panel && panel->name; panel++)
        json_write_string(writer, panel->name);
    json_write_array_end(writer);
}

static void write_member(struct json_writer *writer, const char *key, const char *text)
{
    if (!text)
        return;
    json_write_key(writer, key);
    json_write_string(writer, text);
}

static void print_json(struct shell *shell)
{
    const struct plugin *plugin;
    struct json_writer *writer = output_json_begin();
    json_write_array_begin(writer);
    for (size_t i = 0; (plugin = plugin_at(i)); i++) {
        json_write_object_begin(writer);
        write_member(writer, "name", plugin->name);
        write_member(writer, "version", plugin->version);
        write_member(writer, "state", plugin->reason ? "refused" : "loaded");
        write_member(writer, "folder", plugin->folder);
        write_member(writer, "file", plugin->file);
        write_member(writer, "reason", plugin->reason);
        write_names(writer, plugin->plugin);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    output_json_end(shell, writer);
}

static int panel_of_guest(struct shell *shell, const struct pando_plugin_panel *panel,
                          const struct arguments *arguments)
{
    const char *guest = NULL;
    uint32_t domid = PANDO_NO_DOMID;
    if (arguments->count && !panel->of_guest) {
        shell_error(shell, "the panel \"%s\" is about the host, not about a guest", panel->name);
        return SHELL_USAGE;
    }
    if (!arguments->count && panel->of_guest) {
        shell_error(shell, "the panel \"%s\" is about a guest: say which", panel->name);
        return SHELL_USAGE;
    }
    if (panel->of_guest) {
        guest = arguments->words[0];
        int status = guest_find(shell, guest, &domid);
        if (status != SHELL_OK)
            return status;
    } else if (!shell->pando) {
        shell->pando = pando_open(); /* what it says without one is its own business */
    }
    char *text = shell_need(plugin_panel_text(panel, shell->pando, guest, domid));
    fputs(text, shell->out);
    free(text);
    return SHELL_OK;
}

static int print_panel(struct shell *shell, const char *name, const struct arguments *arguments)
{
    const struct pando_plugin_panel *panel;
    for (size_t i = 0; (panel = plugin_panel_at(i, NULL)); i++)
        if (!strcmp(panel->name, name))
            return panel_of_guest(shell, panel, arguments);
    shell_error(shell, "no plugin has a panel \"%s\"; `plugins --json` names those there are",
                name);
    return SHELL_USAGE;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *panel = option_value(arguments, "panel");
    plugins_load();
    if (panel)
        return print_panel(shell, panel, arguments);
    if (arguments->count) {
        shell_error(shell, "a guest is named, but no panel: --panel NAME");
        return SHELL_USAGE;
    }
    if (option_given(arguments, "json"))
        print_json(shell);
    else
        print_table(shell);
    return SHELL_OK;
}

static const struct option_info options[] = {
    OPTION_JSON,
    { "panel", "NAME", "print what a plugin's panel says" },
    { NULL },
};

const struct command cmd_plugins = {
    .name = "plugins",
    .arguments = "[GUEST]",
    .summary = "list plugins and why one was refused, or print a plugin's panel",
    .help =
        "Plugins are looked for in /usr/lib/pando/plugins, /usr/local/lib/pando/plugins and "
        "/etc/pando/plugins, or in the folders that PANDO_PLUGIN_PATH names, with colons between "
        "them. One that is broken, that others than root can change, or that has the name of "
        "something there is already, is refused; WHY says what is wrong with it. "
        "pando-plugin(7) tells how to write one.",
    .options = options,
    .most = 1,
    .complete = { COMPLETE_GUEST, COMPLETE_NOTHING },
    .output = output_plugins,
    .run = run,
};
