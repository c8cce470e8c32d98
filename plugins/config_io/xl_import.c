/* SPDX-License-Identifier: MIT */
/* From xl.cfg(5) to pando.cfg(5). */
#include "convert.h"
#include "xl_keys.h"
#include "xl_parse.h"
#include "xl_spec.h"
#include "xl_vnuma.h"

#include <stdlib.h>
#include <string.h>

#include "plugin.h"

struct import {
    struct report *report;
    struct value *config, *kept;
    const struct value *root, *extra, *cmdline; /* which make one key */
};

static void keep(struct import *import, const struct value *value)
{
    value_set(import->kept, value->key, value_copy(value));
}

static void carry(struct import *import, const char *key, enum value_type type, const char *text,
                  unsigned line)
{
    value_set(import->config, key, value_new(type, text, line));
}

static bool wrong_type(struct import *import, const struct value *value, const char *expected)
{
    report_add(import->report, NOTE_WRONG, value->line, value->key, "expected %s", expected);
    keep(import, value);
    return false;
}

/* --- single values -----------------------------------------------------------------------------
 */

static void import_text(struct import *import, const struct value *value)
{
    if (value->type != VALUE_STRING)
        wrong_type(import, value, "a string in quotes");
    else if (*value->text || !strcmp(value->key, "name"))
        carry(import, value->key, VALUE_STRING, value->text, value->line);
    else
        keep(import, value); /* the same as nothing */
}

static void import_uuid(struct import *import, const struct value *value)
{
    char *uuid = value->type == VALUE_STRING ? uuid_import(value->text) : NULL;
    if (uuid)
        carry(import, "uuid", VALUE_STRING, uuid, value->line);
    else
        wrong_type(import, value, "a UUID such as \"2f6ac97d-0d5c-4b1c-9a47-3f0e6f0f8d51\"");
    free(uuid);
}

static void import_number(struct import *import, const struct value *value)
{
    long long number;
    if (!value_number(value, &number)) {
        wrong_type(import, value, "a number");
        return;
    }
    char *text = need_format("%lld", number);
    carry(import, value->key, VALUE_NUMBER, text, value->line);
    free(text);
}

static void import_action(struct import *import, const struct value *value)
{
    bool near = false;
    const char *action = value->type == VALUE_STRING ? action_import(value->text, &near) : NULL;
    if (action)
        carry(import, value->key, VALUE_STRING, action, value->line);
    if (action && !near)
        return;
    keep(import, value);
    if (action)
        report_add(import->report, NOTE_KEPT, value->line, value->key,
                   "\"%s\": kept; Pando writes no core dumps yet, so that it is like \"%s\"",
                   value->text, action);
    else
        report_add(import->report, NOTE_KEPT, value->line, value->key,
                   "\"%s\": kept; Pando has no such action, and does what it does without this key",
                   value->text);
}

/* A list has the CPUs of each virtual CPU; Pando has one set for all. */
static const char *common_cpus(const struct value *value)
{
    const char *text = value->text;
    if (value->type == VALUE_LIST) {
        text = value->first ? value->first->text : "";
        for (const struct value *member = value->first; member; member = member->next)
            if (strcmp(member->text, text))
                return "";
    }
    uint64_t cpus[PANDO_CPU_WORDS];
    return pando_cpus_parse(text, cpus) ? text : "";
}

static void import_cpus(struct import *import, const struct value *value)
{
    const char *text = common_cpus(value);
    if (*text)
        carry(import, "cpus", VALUE_STRING, text, value->line);
    if (*text && value->type == VALUE_STRING)
        return;
    keep(import, value);
    if (!*text)
        report_add(import->report, NOTE_KEPT, value->line, "cpus",
                   "kept; Pando gives all virtual CPUs the same set, without nodes: this guest "
                   "may run on all");
}

static void import_vnuma(struct import *import, const struct value *value)
{
    char *why;
    struct value *list = xl_vnuma_import(value, &why);
    if (list) {
        value_set(import->config, "vnuma", list);
        return;
    }
    keep(import, value);
    report_add(import->report, NOTE_KEPT, value->line, "vnuma",
               "kept; the guest gets no virtual nodes: %s", why);
    free(why);
}

/* --- devices -----------------------------------------------------------------------------------
 */

typedef struct value *spec_import_fn(const char *spec, unsigned line, bool *exact, char **why);

static void import_devices(struct import *import, const struct value *value, spec_import_fn *read)
{
    const char *key = value->key;
    const struct value *specs = value->type == VALUE_LIST ? value->first : value;
    bool all_exact = true;
    if (value->type == VALUE_NUMBER) {
        wrong_type(import, value, "a list of strings");
        return;
    }
    struct value *list = value_new(VALUE_LIST, "", value->line);
    struct value *kept = value_new(VALUE_LIST, "", value->line);
    for (const struct value *spec = specs; spec;
         spec = value->type == VALUE_LIST ? spec->next : NULL) {
        bool exact;
        char *why;
        if (spec->type != VALUE_STRING) {
            report_add(import->report, NOTE_WRONG, spec->line, key, "expected a string in quotes");
            continue;
        }
        struct value *device = read(spec->text, spec->line, &exact, &why);
        all_exact = all_exact && exact;
        device_keep(kept, spec->text, device, spec->line);
        if (device)
            value_add(list, device);
        if (!device)
            report_add(import->report, NOTE_KEPT, spec->line, key,
                       "\"%.120s\": kept, but the guest does not get it: Pando cannot do it (%s)",
                       spec->text, why);
        else if (*why)
            report_add(import->report, NOTE_KEPT, spec->line, key,
                       "\"%.120s\": kept; Pando does not do all of it (%s)", spec->text, why);
        free(why);
    }
    value_set(import->config, key, list);
    if (all_exact)
        value_free(kept);
    else
        value_set(import->kept, key, kept);
}

static void import_disks(struct import *import, const struct value *value)
{
    import_devices(import, value, xl_disk_import);
}

static void import_vifs(struct import *import, const struct value *value)
{
    import_devices(import, value, xl_vif_import);
}

/* --- the kernel's command line -----------------------------------------------------------------
 */

static void import_part(struct import *import, const struct value *value)
{
    if (value->type != VALUE_STRING)
        wrong_type(import, value, "a string in quotes");
    else if (!strcmp(value->key, "root"))
        import->root = value;
    else if (!strcmp(value->key, "extra"))
        import->extra = value;
    else
        import->cmdline = value;
}

/* cmdline is all of it; without, root and extra make it. */
static void finish_cmdline(struct import *import)
{
    const struct value *root = import->root, *extra = import->extra, *cmdline = import->cmdline;
    if (cmdline && (root || extra)) {
        report_add(import->report, NOTE_CHANGED, (root ? root : extra)->line,
                   root ? root->key : extra->key, "kept; cmdline is there, which goes before it");
        if (root)
            keep(import, root);
        if (extra)
            keep(import, extra);
    }
    if (cmdline) {
        carry(import, "cmdline", VALUE_STRING, cmdline->text, cmdline->line);
    } else if (root || extra) {
        char *text = need_format("%s%s%s%s", root ? "root=" : "", root ? root->text : "",
                                 root && extra ? " " : "", extra ? extra->text : "");
        carry(import, "cmdline", VALUE_STRING, text, (root ? root : extra)->line);
        free(text);
    }
}

/* --- all
 * ------------------------------------------------------------------------------------------ */

static const struct {
    const char *key;
    void (*import)(struct import *import, const struct value *value);
} importers[] = {
    { "name", import_text },        { "uuid", import_uuid },       { "kernel", import_text },
    { "ramdisk", import_text },     { "cmdline", import_part },    { "root", import_part },
    { "extra", import_part },       { "memory", import_number },   { "maxmem", import_number },
    { "vcpus", import_number },     { "maxvcpus", import_number }, { "cpus", import_cpus },
    { "disk", import_disks },       { "vif", import_vifs },        { "on_poweroff", import_action },
    { "on_reboot", import_action }, { "on_crash", import_action }, { "vnuma", import_vnuma },
};

static void import_unknown(struct import *import, const struct value *value)
{
    const char *nearest = pando_nearest_word(value->key, &xl_keys[0].key, sizeof(xl_keys[0]));
    keep(import, value);
    if (nearest)
        report_add(import->report, NOTE_KEPT, value->line, value->key,
                   "kept; xl.cfg(5) has no such key: did you mean %s?", nearest);
    else
        report_add(import->report, NOTE_KEPT, value->line, value->key,
                   "kept; xl.cfg(5) has no such key");
}

static void import_setting(struct import *import, const struct value *value)
{
    for (size_t i = 0; i < sizeof(importers) / sizeof(importers[0]); i++)
        if (!strcmp(importers[i].key, value->key)) {
            importers[i].import(import, value);
            return;
        }
    const struct xl_key *key = xl_key_find(value->key);
    if (!strcmp(value->key, "type") && !strcmp(value->text, "pvh")) {
        carry(import, "type", VALUE_STRING, "pvh", value->line);
    } else if (key) {
        keep(import, value);
        report_add(import->report, NOTE_KEPT, value->line, value->key, "kept, not acted on: %s",
                   key->reason);
    } else {
        import_unknown(import, value);
    }
}

struct value *xl_import(const char *text, size_t length, struct report *report)
{
    struct value *hidden, *source = xl_parse(text, length, report, &hidden);
    if (!source)
        return NULL;
    struct import import = { .report = report,
                             .config = value_new(VALUE_OBJECT, "", 1),
                             .kept = value_new(VALUE_OBJECT, "", 0) };
    for (const struct value *value = source->first; value; value = value->next)
        import_setting(&import, value);
    finish_cmdline(&import);
    if (!value_get(source, "type") && !value_get(source, "builder")) {
        value_set(import.kept, "type", value_new(VALUE_STRING, "pv", 0));
        report_add(report, NOTE_CHANGED, 0, "type",
                   "there is none, which is \"pv\" for xl: kept, but Pando makes a PVH guest");
    }
    kept_add(import.config, "xl", import.kept);
    kept_restore(import.config, hidden);
    config_sort(import.config);
    value_free(source);
    return import.config;
}
