/* SPDX-License-Identifier: MIT */
/* From pando.cfg(5) to xl.cfg(5). */
#include "convert.h"
#include "xl_parse.h"
#include "xl_spec.h"
#include "xl_vnuma.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct export
{
    const struct value *config, *kept;
    struct value *out;  /* the settings */
    struct value *list; /* of the devices being written */
    char *(*print)(const struct value *device);
    bool vifs;
    struct report *report;
};

static void set_text(struct export *export, const char *key, const char *text)
{
    value_set(export->out, key, value_new(VALUE_STRING, text, 0));
}

/* What was kept of a key, if it still means what Pando's has. */
static void export_action(struct export *export, const struct value *value)
{
    const char *kept = value_text(export->kept, value->key, NULL);
    bool near;
    const char *action = kept ? action_import(kept, &near) : NULL;
    /* For what could not be carried over, Pando does what it does by default. */
    if (kept && !action)
        action = strcmp(value->key, "on_reboot") ? "destroy" : "restart";
    bool same = action && !strcmp(action, value->text);
    set_text(export, value->key, same ? kept : value->text);
}

static void export_cpus(struct export *export, const struct value *value)
{
    const struct value *kept = value_get(export->kept, "cpus");
    bool all = !strcmp(value->text, "all");
    /* What could not be carried over was "all" then. */
    bool list = kept && kept->type == VALUE_LIST && kept->first;
    bool same = list || (kept && !strcmp(kept->text, value->text));
    for (const struct value *member = list ? kept->first : NULL; member; member = member->next)
        same = same && !strcmp(member->text, value->text);
    if (kept && (same || all))
        value_set(export->out, "cpus", value_copy(kept));
    else
        set_text(export, "cpus", value->text);
}

/* An empty list is as good as none: what was kept counts then. */
static void export_vnuma(struct export *export, const struct value *value)
{
    long long vcpus = 1;
    const struct value *most = value_get(export->config, "maxvcpus");
    if (!most)
        most = value_get(export->config, "vcpus");
    if (!value->first)
        return;
    if (most && (!value_number(most, &vcpus) || vcpus < 1))
        vcpus = 1;
    value_set(export->out, "vnuma", xl_vnuma_export(value, vcpus));
}

static void emit(void *arg, const char *source, const struct value *as, const struct value *now)
{
    struct export *export = arg;
    char *text;
    if (!source) {
        text = export->print(now);
        if (!export->vifs && *value_text(now, "target", "") != '/')
            report_add(export->report, NOTE_WRONG, 0, "disk",
                       "\"%s\" is no absolute path: xl takes it for one below /dev",
                       value_text(now, "target", ""));
    } else if (export->vifs && now && value_get(now, "mac") && !value_get(as, "mac")) {
        /* The address that Pando has chosen for it meanwhile. */
        text = need_format("mac=%s%s%s", value_text(now, "mac", ""), *source ? "," : "", source);
    } else {
        text = need(strdup(source));
    }
    value_add(export->list, value_new(VALUE_STRING, text, 0));
    free(text);
}

static void export_devices(struct export *export, const char *key, struct report *report)
{
    const struct value *list = value_get(export->config, key);
    const struct value *kept = value_get(export->kept, key);
    if (!list && !kept)
        return;
    export->vifs = !strcmp(key, "vif");
    export->print = export->vifs ? xl_vif_export : xl_disk_export;
    export->list = value_new(VALUE_LIST, "", 0);
    devices_merge(kept, list, export->vifs ? vif_same : disk_same, emit, export, key, report);
    if (export->list->first || (list && !list->first && !kept))
        value_set(export->out, key, export->list);
    else
        value_free(export->list);
}

static void export_key(struct export *export, const struct value *value, struct report *report)
{
    if (!strcmp(value->key, "disk") || !strcmp(value->key, "vif"))
        export_devices(export, value->key, report);
    else if (!strcmp(value->key, "cpus"))
        export_cpus(export, value);
    else if (!strcmp(value->key, "vnuma"))
        export_vnuma(export, value);
    else if (!strncmp(value->key, "on_", 3))
        export_action(export, value);
    else
        value_set(export->out, value->key, value_copy(value));
}

/* What was kept of keys that Pando has none for. */
static void export_kept(struct export *export, struct report *report)
{
    if (!value_get(export->config, "disk"))
        export_devices(export, "disk", report);
    if (!value_get(export->config, "vif"))
        export_devices(export, "vif", report);
    for (const struct value *value = export->kept ? export->kept->first : NULL; value;
         value = value->next)
        if (!value_get(export->out, value->key) && strcmp(value->key, "disk") &&
            strcmp(value->key, "vif"))
            value_set(export->out, value->key, value_copy(value));
}

char *xl_export(const struct value *config, struct report *report)
{
    struct export export = { .config = config,
                             .kept = value_get(value_get(config, "kept"), "xl"),
                             .out = value_new(VALUE_OBJECT, "", 0),
                             .report = report };
    bool typed = value_get(export.kept, "type") || value_get(export.kept, "builder");
    struct value *others = kept_of_others(config, "xl");
    char *text = NULL;
    size_t size;
    if (export.kept && export.kept->type != VALUE_OBJECT)
        export.kept = NULL;
    if (!typed)
        set_text(&export, "type", "pvh");
    for (const struct value *value = config->first; value; value = value->next)
        if (strcmp(value->key, "kept") && strcmp(value->key, "type"))
            export_key(&export, value, report);
    export_kept(&export, report);

    FILE *out = need(open_memstream(&text, &size));
    xl_print(export.out, out, report);
    if (others) {
        char *json = value_print(others, false);
        fprintf(out, XL_KEPT_COMMENT "%s\n", json);
        free(json);
        report_add(report, NOTE_LEFT, 0, "kept",
                   "what was kept of another format is in a comment: Pando's import takes it back");
    }
    fclose(out);
    value_free(others);
    value_free(export.out);
    return need(text);
}
