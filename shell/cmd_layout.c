/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "guest.h"
#include "layout_file.h"

#include <string.h>

static int list(struct shell *shell, const char *path, bool json)
{
    struct json_writer *writer = json ? output_json_begin() : NULL;
    char error[400];
    struct json *root;

    if (!layout_file_read(path, &root, error, sizeof(error))) {
        shell_error(shell, "%s", error);
        return SHELL_FAILED;
    }
    if (writer) {
        json_write_array_begin(writer);
    }
    for (const struct json *layout = root ? root->first : NULL; layout; layout = layout->next) {
        if (writer) {
            json_write_object_begin(writer);
            json_write_key(writer, "name");
            json_write_string(writer, layout->key);
            json_write_object_end(writer);
        } else {
            fprintf(shell->out, "%s\n", layout->key);
        }
    }
    json_free(root);
    if (writer) {
        json_write_array_end(writer);
        output_json_end(shell, writer);
    }
    return SHELL_OK;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *action = arguments->count ? arguments->words[0] : "";
    char path[512], error[400];

    layout_path(path, sizeof(path));
    if (!arguments->count) {
        return list(shell, path, option_given(arguments, "json"));
    }
    if (arguments->count != 2 ||
        (strcmp(action, "save") && strcmp(action, "load") && strcmp(action, "forget"))) {
        shell_error(shell, "save, load or forget is expected, and a layout's name behind it");
        return SHELL_USAGE;
    }
    if (!strcmp(action, "forget")) {
        if (!layout_forget(path, arguments->words[1], error, sizeof(error))) {
            shell_error(shell, "%s", error);
            return SHELL_FAILED;
        }
    } else if (shell->screen) {
        shell->screen->layout(shell->screen->arg, action, arguments->words[1]);
    } else {
        shell_error(shell, "panes are there in full-screen mode: `screen` starts it");
        return SHELL_USAGE;
    }
    return SHELL_OK;
}

static const struct option_info options[] = { OPTION_JSON, { NULL } };

static const char *const words[] = { "save", "load", "forget", NULL };

const struct command cmd_layout = {
    .name = "layout",
    .arguments = "[save|load|forget NAME]",
    .summary = "keep the panes of full-screen mode by name, bring them back",
    .help = "In full-screen mode, saves the tabs and panes there are under a name, or brings back "
            "those of a name: consoles are attached again, and those that are open stay so. "
            "Without arguments, prints the names. They are kept in ~/.config/pando/layouts.json.",
    .options = options,
    .most = 2,
    .complete = { COMPLETE_WORD, COMPLETE_NOTHING },
    .complete_words = words,
    .output = output_layout,
    .run = run,
};
