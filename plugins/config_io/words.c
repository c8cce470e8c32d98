/* SPDX-License-Identifier: MIT */
#include "convert.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

const char *action_import(const char *word, bool *near)
{
    static const struct {
        const char *theirs, *ours;
        bool near;
    } words[] = {
        { "destroy", "destroy", false },         { "restart", "restart", false },
        { "preserve", "preserve", false },       { "rename-restart", "rename-restart", false },
        { "coredump-destroy", "destroy", true }, { "coredump-restart", "restart", true },
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(words[i].theirs, word)) {
            *near = words[i].near;
            return words[i].ours;
        }
    return NULL;
}

char *uuid_import(const char *text)
{
    char uuid[37];
    size_t length = 0;
    for (; *text; text++) {
        if (*text == '-' && length && (length == 8 || length == 13 || length == 18 || length == 23))
            continue;
        if (!isxdigit((unsigned char)*text) || length >= 36)
            return NULL;
        if (length == 8 || length == 13 || length == 18 || length == 23)
            uuid[length++] = '-';
        uuid[length++] = (char)tolower((unsigned char)*text);
    }
    uuid[length] = 0;
    return length == 36 ? need(strdup(uuid)) : NULL;
}

struct value *kept_of_others(const struct value *config, const char *format)
{
    const struct value *kept = value_get(config, "kept");
    if (!kept || kept->type != VALUE_OBJECT)
        return NULL;
    struct value *others = value_copy(kept);
    value_remove(others, format);
    if (others->first)
        return others;
    value_free(others);
    return NULL;
}

static struct value *kept_of(struct value *config)
{
    struct value *kept = value_get(config, "kept");
    return kept ? kept : value_set(config, "kept", value_new(VALUE_OBJECT, "", 0));
}

void kept_restore(struct value *config, struct value *others)
{
    while (others && others->first) {
        struct value *kept = strcmp(others->first->key, "vnuma") ? kept_of(config) : NULL;
        struct value *member = others->first;
        others->first = member->next;
        member->next = NULL;
        bool nodes = !strcmp(member->key, "vnuma") && member->type == VALUE_LIST;
        struct value *place = nodes ? config : kept;
        if (value_get(place, member->key))
            value_free(member);
        else
            value_add(place, member);
    }
    if (others)
        others->last = NULL;
    value_free(others);
}

void kept_add(struct value *config, const char *format, struct value *kept)
{
    if (kept->first)
        value_set(kept_of(config), format, kept);
    else
        value_free(kept);
}

void config_sort(struct value *config)
{
    struct value *rest = config->first;
    const char *key;
    config->first = config->last = NULL;
    for (size_t i = 0; (key = pando_config_key(i)); i++)
        for (struct value **at = &rest; *at; at = &(*at)->next)
            if (!strcmp((*at)->key, key)) {
                struct value *member = *at;
                *at = member->next;
                member->next = NULL;
                value_add(config, member);
                break;
            }
    while (rest) {
        struct value *member = rest;
        rest = member->next;
        member->next = NULL;
        value_add(config, member);
    }
}
