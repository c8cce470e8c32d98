/* SPDX-License-Identifier: MIT */
/* Layouts into the file and back. */
#include "layout_file.h"
#include "layout_inside.h"
#include "pane_console.h"
#include "screen.h"
#include "shell.h"
#include "ui.h"

#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION_MAX = 320, DEPTH_MAX = 10 };

/* --- saving --- */

static void write_text(struct json_writer *writer, const char *key, const char *text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

static void write_number(struct json_writer *writer, const char *key, uint64_t number)
{
    json_write_key(writer, key);
    json_write_uint(writer, number);
}

static void write_tree(struct json_writer *writer, const struct tree *tree)
{
    char description[DESCRIPTION_MAX] = "";

    json_write_object_begin(writer);
    if (tree->split == TREE_LEAF) {
        if (tree->pane->ops->describe) {
            tree->pane->ops->describe(tree->pane, description, sizeof(description));
        }
        write_text(writer, "kind", tree->pane->ops->kind);
        write_text(writer, "pane", description);
    } else {
        write_text(writer, "split", tree->split == TREE_BESIDE ? "beside" : "below");
        write_number(writer, "share", (uint64_t)tree->share);
        json_write_key(writer, "first");
        write_tree(writer, tree->first);
        json_write_key(writer, "second");
        write_tree(writer, tree->second);
    }
    json_write_object_end(writer);
}

static uint64_t index_of(struct tree *tree, const struct pane *pane)
{
    uint64_t i = 0;

    for (struct tree *leaf = tree_first(tree); leaf && leaf->pane != pane; leaf = tree_next(leaf)) {
        i++;
    }
    return i;
}

static int depth_of(const struct tree *tree)
{
    int first, second;

    if (tree->split == TREE_LEAF) {
        return 0;
    }
    first = depth_of(tree->first);
    second = depth_of(tree->second);
    return 1 + (first > second ? first : second);
}

bool layout_save(struct layout *layout, const char *path, const char *name, char *error,
                 size_t size)
{
    struct json_writer *writer;
    struct json *root;

    if (!layout_file_is_name(name, error, size) || !layout_file_read(path, &root, error, size)) {
        return false;
    }
    for (size_t i = 0; i < layout->count; i++) {
        if (depth_of(layout->tabs[i]->tree) > DEPTH_MAX) {
            json_free(root);
            return layout_file_wrong(error, size,
                                     "tab %zu is split more than %d times over: make it simpler",
                                     i + 1, DEPTH_MAX);
        }
    }
    writer = layout_file_begin(root, name);
    json_free(root);
    json_write_key(writer, name);
    json_write_object_begin(writer);
    write_number(writer, "current", layout->current);
    json_write_key(writer, "tabs");
    json_write_array_begin(writer);
    for (size_t i = 0; i < layout->count; i++) {
        json_write_object_begin(writer);
        write_number(writer, "focused", index_of(layout->tabs[i]->tree, layout->tabs[i]->focused));
        json_write_key(writer, "panes");
        write_tree(writer, layout->tabs[i]->tree);
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
    json_write_object_end(writer);
    json_write_object_end(writer);
    return layout_file_write(path, json_writer_finish(writer), error, size);
}

/* --- bringing back --- */

struct loading {
    struct layout *layout, *old; /* to be filled, and what there was */
    const char *path;
    char *error;
    size_t size;
    size_t panes;
};

struct wanted {
    const char *kind, *description;
};

static bool is_wanted(struct pane *pane, const void *arg)
{
    const struct wanted *wanted = arg;
    char description[DESCRIPTION_MAX] = "";

    if (strcmp(pane->ops->kind, wanted->kind) || !pane->ops->describe) {
        return false;
    }
    pane->ops->describe(pane, description, sizeof(description));
    return !strcmp(description, wanted->description);
}

static struct pane *open_screen(struct ui *ui, const char *description)
{
    char name[DESCRIPTION_MAX];
    const struct screen *screen;
    size_t length = strcspn(description, " ");

    snprintf(name, sizeof(name), "%.*s", (int)length, description);
    screen = screen_find(name);
    return screen ? screen_open(ui, screen, description[length] ? description + length + 1 : NULL)
                  : NULL;
}

/* The pane that a leaf describes: one that is open, or a fresh one. */
static struct pane *get_pane(struct loading *loading, const char *kind, const char *description)
{
    struct wanted wanted = { kind, description };
    struct pane *pane = layout_find(loading->old, is_wanted, &wanted);

    if (pane) {
        layout_take_out(loading->old, pane);
    } else if (!strcmp(kind, "console")) {
        pane = console_pane_restore(loading->old->ui, description);
    } else if (!strcmp(kind, "screen")) {
        pane = open_screen(loading->old->ui, description);
    }
    return pane;
}

static const char *text_member(const struct json *object, const char *key)
{
    const struct json *member = json_member(object, key);

    return member && member->type == JSON_STRING ? member->text : NULL;
}

static uint64_t number_member(const struct json *object, const char *key, uint64_t preset)
{
    const struct json *member = json_member(object, key);
    uint64_t number;

    return member && json_uint(member, &number) ? number : preset;
}

static bool is_tree(struct loading *loading, const struct json *node)
{
    const char *split = node ? text_member(node, "split") : NULL;

    if (!node || node->type != JSON_OBJECT) {
        return layout_file_wrong(loading->error, loading->size,
                                 "%s:%u: an object with panes is expected", loading->path,
                                 node ? node->line : 1);
    }
    if (!split) {
        return (text_member(node, "kind") && text_member(node, "pane") &&
                ++loading->panes <= LAYOUT_PANES_MAX) ||
               layout_file_wrong(loading->error, loading->size,
                                 "%s:%u: \"kind\" and \"pane\" are expected, of at most %d panes",
                                 loading->path, node->line, LAYOUT_PANES_MAX);
    }
    if (strcmp(split, "beside") && strcmp(split, "below")) {
        return layout_file_wrong(loading->error, loading->size,
                                 "%s:%u: split: \"%s\": \"beside\" or \"below\" is expected",
                                 loading->path, node->line, split);
    }
    return is_tree(loading, json_member(node, "first")) &&
           is_tree(loading, json_member(node, "second"));
}

/* A pane that can't be had, say of a screen that there is no more, is left out. */
static struct tree *build_tree(struct loading *loading, const struct json *node)
{
    const char *split = text_member(node, "split");
    struct tree *first, *second, *tree;
    uint64_t share;

    if (!split) {
        struct pane *pane = get_pane(loading, text_member(node, "kind"), text_member(node, "pane"));

        return pane ? tree_leaf(pane) : NULL;
    }
    first = build_tree(loading, json_member(node, "first"));
    second = build_tree(loading, json_member(node, "second"));
    if (!first || !second) {
        return first ? first : second;
    }
    share = number_member(node, "share", TREE_SHARE_ALL / 2);
    tree = tree_join(strcmp(split, "beside") ? TREE_BELOW : TREE_BESIDE, first, second);
    tree->share = share > TREE_SHARE_ALL ? TREE_SHARE_ALL : (int)share;
    return tree;
}

static void build_tab(struct loading *loading, const struct json *node)
{
    struct tree *tree = build_tree(loading, json_member(node, "panes")), *leaf;
    uint64_t focused = number_member(node, "focused", 0);

    if (!tree) {
        return;
    }
    leaf = tree_first(tree);
    while (focused-- && tree_next(leaf)) {
        leaf = tree_next(leaf);
    }
    layout_add_tab(loading->layout, tree, leaf->pane);
}

static bool check(struct loading *loading, const struct json *saved)
{
    const struct json *tabs = saved->type == JSON_OBJECT ? json_member(saved, "tabs") : NULL;
    size_t count = 0;

    if (!tabs || tabs->type != JSON_ARRAY || !tabs->first) {
        return layout_file_wrong(loading->error, loading->size,
                                 "%s:%u: %s: a list \"tabs\" is expected", loading->path,
                                 saved->line, saved->key);
    }
    for (const struct json *tab = tabs->first; tab; tab = tab->next) {
        if (tab->type != JSON_OBJECT || ++count > LAYOUT_TABS_MAX) {
            return layout_file_wrong(loading->error, loading->size,
                                     "%s:%u: at most %d tabs are expected", loading->path,
                                     tab->line, LAYOUT_TABS_MAX);
        }
        if (!is_tree(loading, json_member(tab, "panes"))) {
            return false;
        }
    }
    return true;
}

/* What is in @fresh takes the place of what is left of @layout. */
static void take_over(struct layout *layout, struct layout *fresh)
{
    struct pane *pane;

    layout->closing = true;
    while ((pane = layout_focused(layout))) {
        layout_close(layout, pane);
    }
    layout->closing = layout->has_next = false;
    memcpy(layout->tabs, fresh->tabs, sizeof(layout->tabs));
    layout->count = fresh->count;
    layout->current = fresh->current < fresh->count ? fresh->current : 0;
    layout_arrange(layout);
}

bool layout_load(struct layout *layout, const char *path, const char *name, char *error,
                 size_t size)
{
    struct layout *fresh = shell_need(calloc(1, sizeof(*fresh)));
    struct loading loading = { fresh, layout, path, error, size, 0 };
    const struct json *saved = NULL;
    struct json *root;
    bool good = layout_file_read(path, &root, error, size);

    if (good) {
        saved = root ? json_member(root, name) : NULL;
        good = saved || layout_file_wrong(error, size,
                                          "there is no layout '%s' in %s; `layout` shows those "
                                          "there are",
                                          name, path);
    }
    if (good && (good = check(&loading, saved))) {
        for (const struct json *tab = json_member(saved, "tabs")->first; tab; tab = tab->next) {
            build_tab(&loading, tab);
        }
        fresh->current = number_member(saved, "current", 0);
        good =
            fresh->count ||
            layout_file_wrong(error, size, "%s: nothing of layout '%s' can be opened", path, name);
    }
    if (good) {
        take_over(layout, fresh);
    }
    json_free(root);
    free(fresh);
    return good;
}

void layout_command(struct layout *layout, const char *action, const char *name)
{
    char path[512], error[400] = "";
    bool save = !strcmp(action, "save");

    layout_path(path, sizeof(path));
    if (save ? layout_save(layout, path, name, error, sizeof(error))
             : layout_load(layout, path, name, error, sizeof(error))) {
        ui_notice(layout->ui, ROLE_GOOD, save ? "saved: `layout load %s` brings it back" : "%s",
                  name);
    } else {
        ui_notice(layout->ui, ROLE_BAD, "%s", error);
    }
}
