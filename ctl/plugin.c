/* SPDX-License-Identifier: MIT */
/* Finds plugins, loads those that are in order, and keeps them all. */
#include "plugin_host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLUGINS_MAX = 64, PATH_BYTES = 4096 };

static const char system_folders[] =
    "/usr/lib/pando/plugins:/usr/local/lib/pando/plugins:/etc/pando/plugins";

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static const struct plugin_rules *wanted;
static bool loaded;
static struct plugin list[PLUGINS_MAX];
static size_t count;

static void set_reason(struct plugin *plugin, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_reason(struct plugin *plugin, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vasprintf(&plugin->reason, format, args) < 0)
        plugin->reason = NULL;
    va_end(args);
}

/* --- who may have put it there ------------------------------------------------------------- */

/* Whether only root, or who runs this, can have written to it. */
static bool is_ours(const struct stat *status)
{
    return (status->st_uid == 0 || status->st_uid == geteuid()) &&
           !(status->st_mode & (S_IWGRP | S_IWOTH));
}

static bool check_file(struct plugin *plugin, const char *path)
{
    struct stat folder, file;
    if (stat(plugin->folder, &folder) || stat(path, &file))
        set_reason(plugin, "it cannot be read: %s", strerror(errno));
    else if (!S_ISREG(file.st_mode))
        set_reason(plugin, "it is not a file");
    else if (!is_ours(&folder))
        set_reason(plugin,
                   "others than root can write to its folder: chown root %s and chmod go-w %s",
                   plugin->folder, plugin->folder);
    else if (!is_ours(&file))
        set_reason(plugin, "others than root can write to it: chown root %s and chmod go-w %s",
                   path, path);
    else
        return true;
    return false;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool check_command_name(struct plugin *plugin, const struct plugin_rules *rules,
                               const struct pando_plugin_command *command)
{
    enum plugin_name use = rules->name_use ? rules->name_use(command->name) : PLUGIN_NAME_FREE;
    const struct pando_plugin_command *other;

    if (use == PLUGIN_NAME_TAKEN || (use == PLUGIN_NAME_FALLBACK && !command->fallback)) {
        set_reason(plugin, "its command \"%s\" is one of Pando's own", command->name);
        return false;
    }
    if (use == PLUGIN_NAME_FREE && command->fallback && rules->name_use) {
        set_reason(plugin, "its command \"%s\" is a fallback for none of Pando's own",
                   command->name);
        return false;
    }
    for (size_t i = 0; (other = plugin_command_at(i)); i++)
        if (!strcmp(other->name, command->name)) {
            set_reason(plugin, "another plugin has the command \"%s\" already", command->name);
            return false;
        }
    return true;
}

/* Whether nothing of it has the name of something that there is. */
static bool check_names(struct plugin *plugin, const struct plugin_rules *rules,
                        const struct pando_plugin *found)
{
    const struct pando_plugin_command *command = found->commands;
    const struct pando_plugin_panel *panel = found->panels, *other;

    for (size_t i = 0; i < count; i++)
        if (list[i].plugin && !strcmp(list[i].plugin->name, found->name)) {
            set_reason(plugin, "there is a plugin \"%s\" already: %s/%s", found->name,
                       list[i].folder, list[i].file);
            return false;
        }
    for (; command && command->name; command++)
        if (!check_command_name(plugin, rules, command))
            return false;
    for (; panel && panel->name; panel++)
        for (size_t i = 0; (other = plugin_panel_at(i, NULL)); i++)
            if (!strcmp(other->name, panel->name)) {
                set_reason(plugin, "another plugin has the panel \"%s\" already", panel->name);
                return false;
            }
    return true;
}

/* --- loading ------------------------------------------------------------------------------- */

static void load(struct plugin *plugin, const struct plugin_rules *rules)
{
    int limit_ms = rules->limit_ms ? rules->limit_ms : PANDO_PLUGIN_INIT_SECONDS * 1000;
    char path[PATH_BYTES], reason[PANDO_PLUGIN_REASON_MAX] = "";

    if (snprintf(path, sizeof(path), "%s/%s", plugin->folder, plugin->file) >= PATH_BYTES) {
        set_reason(plugin, "its path is too long");
        return;
    }
    if (!check_file(plugin, path))
        return;
    if (!plugin_probe(path, limit_ms, reason, sizeof(reason))) {
        set_reason(plugin, "%s", reason);
        return;
    }
    /* What init() does once it is certain that the plugin stays comes behind the names. */
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct pando_plugin *found = handle ? dlsym(handle, "pando_plugin") : NULL;
    if (!found) {
        set_reason(plugin, "it cannot be loaded: %s", dlerror());
    } else if (plugin_check(found, reason, sizeof(reason))) {
        free(plugin->name);
        plugin->name = strdup(found->name);
        plugin->version = strdup(found->version);
        if (check_names(plugin, rules, found)) {
            plugin->plugin = plugin_open(path, false, &plugin->handle, reason, sizeof(reason));
            if (!plugin->plugin)
                set_reason(plugin, "%s", reason);
        }
    } else {
        set_reason(plugin, "%s", reason);
    }
    if (handle)
        dlclose(handle);
}

static int is_plugin(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return *entry->d_name != '.' && length > 3 && !strcmp(entry->d_name + length - 3, ".so");
}

static void load_folder(const char *folder, const struct plugin_rules *rules)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, is_plugin, alphasort);
    for (int i = 0; i < found; i++) {
        const char *file = entries[i]->d_name;
        struct plugin *plugin = &list[count];
        if (count < PLUGINS_MAX) {
            *plugin = (struct plugin){ .name = strndup(file, strlen(file) - 3),
                                       .folder = strdup(folder),
                                       .file = strdup(file) };
            if (plugin->name && plugin->folder && plugin->file) {
                load(plugin, rules);
                if (!plugin->plugin && !plugin->reason)
                    plugin->reason = strdup("out of memory");
                count++;
            }
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

void plugins_want(const struct plugin_rules *rules)
{
    pthread_mutex_lock(&loading);
    wanted = rules;
    pthread_mutex_unlock(&loading);
}

void plugins_load(void)
{
    pthread_mutex_lock(&loading);
    if (!loaded && wanted) {
        const struct plugin_rules *rules = wanted;
        loaded = true;
        const char *folders = rules->folders;
        if (!folders)
            folders = secure_getenv("PANDO_PLUGIN_PATH");
        char *copy = strdup(folders ? folders : system_folders), *rest = copy, *folder;
        while (copy && (folder = strsep(&rest, ":")))
            if (*folder)
                load_folder(folder, rules);
        free(copy);
    }
    pthread_mutex_unlock(&loading);
}

void plugins_unload(void)
{
    /* Only at the program's end, which takes care of all. */
    if (plugin_panel_busy())
        return;
    pthread_mutex_lock(&loading);
    while (count) {
        struct plugin *plugin = &list[--count];
        if (plugin->plugin && plugin->plugin->end)
            plugin->plugin->end();
        if (plugin->handle)
            dlclose(plugin->handle);
        free(plugin->name);
        free(plugin->folder);
        free(plugin->file);
        free(plugin->version);
        free(plugin->reason);
    }
    loaded = false;
    wanted = NULL;
    pthread_mutex_unlock(&loading);
}

const struct plugin *plugin_at(size_t n)
{
    return n < count ? &list[n] : NULL;
}

const struct pando_plugin_command *plugin_command_at(size_t n)
{
    for (size_t i = 0; i < count; i++) {
        const struct pando_plugin_command *command =
            list[i].plugin ? list[i].plugin->commands : NULL;
        for (; command && command->name; command++)
            if (n-- == 0)
                return command;
    }
    return NULL;
}

const struct pando_plugin_panel *plugin_panel_at(size_t n, const struct plugin **owner)
{
    for (size_t i = 0; i < count; i++) {
        const struct pando_plugin_panel *panel = list[i].plugin ? list[i].plugin->panels : NULL;
        for (; panel && panel->name; panel++)
            if (n-- == 0) {
                if (owner)
                    *owner = &list[i];
                return panel;
            }
    }
    return NULL;
}
