/* SPDX-License-Identifier: MIT */
#include "xl_vnuma.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* --- import ------------------------------------------------------------------------------------
 */

static struct value *number(const char *text, unsigned line)
{
    struct value given = { .type = VALUE_STRING, .text = (char *)(uintptr_t)text };
    long long n;
    if (!value_number(&given, &n) || n < 0)
        return NULL;
    char *decimal = need_format("%lld", n);
    struct value *value = value_new(VALUE_NUMBER, decimal, line);
    free(decimal);
    return value;
}

static struct value *numbers(const char *text, unsigned line)
{
    struct value *list = value_new(VALUE_LIST, "", line);
    while (list) {
        size_t length = strcspn(text, ",");
        char *part = need(strndup(text, length));
        struct value *member = number(part, line);
        free(part);
        if (!member) {
            value_free(list);
            return NULL;
        }
        value_add(list, member);
        if (!text[length])
            break;
        text += length + 1;
    }
    return list;
}

static struct value *cpus(const char *text, unsigned line)
{
    uint64_t set[PANDO_CPU_WORDS];
    return pando_cpus_parse(text, set) ? value_new(VALUE_STRING, text, line) : NULL;
}

static const struct {
    const char *key;
    struct value *(*read)(const char *text, unsigned line);
} keys[] = {
    { "pnode", number }, { "size", number }, { "vcpus", cpus }, { "vdistances", numbers }
};

/* One "KEY=VALUE" into the object. False: Pando has nothing for it. */
static bool read_setting(struct value *node, const struct value *setting)
{
    const char *text = setting->text, *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    for (size_t i = 0; setting->type == VALUE_STRING && i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strlen(keys[i].key) != length || strncmp(keys[i].key, text, length) ||
            value_get(node, keys[i].key))
            continue;
        equals++;
        equals += strspn(equals, " \t");
        struct value *value = keys[i].read(equals, setting->line);
        if (value)
            value_set(node, keys[i].key, value);
        return value;
    }
    return false;
}

static struct value *read_node(const struct value *from, char **why)
{
    struct value *node = value_new(VALUE_OBJECT, "", from->line);
    const struct value *setting = from->type == VALUE_LIST ? from->first : NULL;
    while (setting && read_setting(node, setting))
        setting = setting->next;
    if (from->type != VALUE_LIST)
        *why = need_format("expected a list of strings for each node");
    else if (setting)
        *why = need_format("\"%.80s\" is not understood", setting->text);
    else if (!value_get(node, "size") || !value_get(node, "vcpus"))
        *why = need_format("Pando wants to know each node's size and vcpus");
    else
        return node;
    value_free(node);
    return NULL;
}

struct value *xl_vnuma_import(const struct value *vnuma, char **why)
{
    struct value *list = value_new(VALUE_LIST, "", vnuma->line);
    *why = NULL;
    if (vnuma->type != VALUE_LIST)
        *why = need_format("expected a list of lists of strings");
    for (const struct value *from = vnuma->first; from && !*why; from = from->next) {
        struct value *node = read_node(from, why);
        if (node)
            value_add(list, node);
    }
    if (!*why)
        return list;
    value_free(list);
    return NULL;
}

/* --- export ------------------------------------------------------------------------------------
 */

static void add_setting(struct value *node, const char *key, const char *text)
{
    char *setting = need_format("%s=%s", key, text);
    value_add(node, value_new(VALUE_STRING, setting, 0));
    free(setting);
}

static void add_distances(struct value *node, const struct value *list)
{
    char *text = need(strdup(""));
    for (const struct value *member = list ? list->first : NULL; member; member = member->next) {
        char *longer = need_format("%s%s%s", text, *text ? "," : "", member->text);
        free(text);
        text = longer;
    }
    if (*text)
        add_setting(node, "vdistances", text);
    free(text);
}

struct value *xl_vnuma_export(const struct value *vnuma, long long vcpus)
{
    struct value *list = value_new(VALUE_LIST, "", 0);
    for (const struct value *from = vnuma->first; from; from = from->next) {
        struct value *node = value_add(list, value_new(VALUE_LIST, "", 0));
        const char *set = value_text(from, "vcpus", "");
        char *all = need_format("0-%lld", vcpus - 1);
        if (value_get(from, "pnode"))
            add_setting(node, "pnode", value_text(from, "pnode", ""));
        add_setting(node, "size", value_text(from, "size", ""));
        add_setting(node, "vcpus", strcmp(set, "all") ? set : all);
        add_distances(node, value_get(from, "vdistances"));
        free(all);
    }
    return list;
}
