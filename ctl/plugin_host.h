/* SPDX-License-Identifier: MIT */
/*
 * Inside of the programs: the plugins that are loaded. One set for the process.
 */
#ifndef PANDO_PLUGIN_HOST_H
#define PANDO_PLUGIN_HOST_H

#include "plugin.h"

struct plugin {
    char *name;                        /* the plugin's, or of its file when it was refused */
    char *folder;                      /* that it was found in */
    char *file;                        /* its name in there */
    char *version;                     /* NULL when it was refused before that was known */
    char *reason;                      /* why it was refused, a sentence; NULL: it is loaded */
    void *handle;                      /* of dlopen(); NULL when refused */
    const struct pando_plugin *plugin; /* NULL when refused */
};

/* What a command's name is to the program. */
enum plugin_name {
    PLUGIN_NAME_FREE,
    PLUGIN_NAME_TAKEN,
    PLUGIN_NAME_FALLBACK, /* only for a plugin's command that is a fallback */
};

struct plugin_rules {
    /* Separated by colons; NULL: $PANDO_PLUGIN_PATH, or if that is not set the folders named in
     * plugin.h. */
    const char *folders;
    int limit_ms; /* for loading and init() in the child process; 0: as in plugin.h */
    /* May be NULL: all are free. */
    enum plugin_name (*name_use)(const char *name);
};

/*
 * Says that the program takes plugins: they are loaded by plugins_load(), or at the first step of a
 * guest's life that hooks may want to know of. The struct is not copied.
 */
void plugins_want(const struct plugin_rules *rules);

/*
 * Finds and loads all plugins, if the program wants any; does nothing when that is done. It forks:
 * a program with threads calls it before it has them.
 */
void plugins_load(void);

/* Ends and unloads all, and wants no more; does nothing while a thread is in a panel. No thread may
 * be in another part of one. */
void plugins_unload(void);

/* The @n-th that was found, loaded or not, in the order of loading; NULL behind the last. None
 * before plugins_load(). */
const struct plugin *plugin_at(size_t n);

/* The @n-th command or panel of all plugins, NULL behind the last; and what it belongs to. */
const struct pando_plugin_command *plugin_command_at(size_t n);
const struct pando_plugin_panel *plugin_panel_at(size_t n, const struct plugin **owner);

/* --- plugin_check.c, plugin_probe.c: how one is looked through --------------------------- */

/*
 * Whether all that the plugin says of itself is right; false with a sentence in @reason. May crash
 * on a bad one.
 */
bool plugin_check(const struct pando_plugin *plugin, char *reason, size_t size);

/*
 * Loads a file and initialises the plugin in it. @trial: in a child process that ends behind it.
 * NULL with a sentence in @reason; else @handle is to be closed.
 */
const struct pando_plugin *plugin_open(const char *path, bool trial, void **handle, char *reason,
                                       size_t size);

/* Does it in a child process first; false with a sentence in @reason if that went wrong. */
bool plugin_probe(const char *path, int limit_ms, char *reason, size_t size);

/* --- plugin_hook.c ------------------------------------------------------------------------ */

struct plugin_step {
    struct pando_plugin_event event;
    size_t asked; /* plugins' hooks that were called, or had nothing to say, before the step */
    char name[PANDO_NAME_MAX];
};

/*
 * Calls the hooks for step->event, which the caller has filled in but for its size; with name NULL
 * it is looked up.
 * PANDO_E_REFUSED with a sentence if one refuses; then nothing more is to be done, nor
 * plugin_step_end() called.
 */
enum pando_code plugin_step_begin(struct plugin_step *step);

/* Calls those for the time after it, and returns @code. The thread's error stays. */
enum pando_code plugin_step_end(struct plugin_step *step, enum pando_code code);

/* --- plugin_panel.c ----------------------------------------------------------------------- */

/*
 * What the panel has to say, as lines of text, to be freed; tables are laid out. @pando may be
 * NULL, @guest too for one of the host. Never NULL but when out of memory: a failure is one line.
 */
char *plugin_panel_text(const struct pando_plugin_panel *panel, pando_t *pando, const char *guest,
                        uint32_t domid);

/* Whether a thread is in a plugin's fill() right now. */
bool plugin_panel_busy(void);

#endif
