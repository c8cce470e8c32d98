/* SPDX-License-Identifier: MIT */
#include "key.h"
#include "canvas.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    uint32_t code;
} names[] = {
    { "Enter", K_ENTER },   { "Tab", K_TAB },        { "Backspace", K_BACKSPACE },
    { "Esc", K_ESCAPE },    { "Up", K_UP },          { "Down", K_DOWN },
    { "Left", K_LEFT },     { "Right", K_RIGHT },    { "Home", K_HOME },
    { "End", K_END },       { "PageUp", K_PAGE_UP }, { "PageDown", K_PAGE_DOWN },
    { "Insert", K_INSERT }, { "Delete", K_DELETE },  { "Space", ' ' },
};

static const struct {
    const char *name;
    uint8_t modifier;
} modifiers[] = {
    { "Ctrl-", MODIFIER_CTRL },
    { "Alt-", MODIFIER_ALT },
    { "Shift-", MODIFIER_SHIFT },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool key_is(const struct key *key, uint32_t code, uint8_t mods)
{
    return key->code == code && key->modifiers == mods;
}

const char *key_name(const struct key *key, char *buffer)
{
    size_t length = 0;
    for (size_t i = 0; i < COUNT(modifiers); i++)
        if (key->modifiers & modifiers[i].modifier)
            length +=
                (size_t)snprintf(buffer + length, KEY_NAME_MAX - length, "%s", modifiers[i].name);
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i].code == key->code) {
            snprintf(buffer + length, KEY_NAME_MAX - length, "%s", names[i].name);
            return buffer;
        }
    if (key->code >= K_F1 && key->code <= K_F12) {
        snprintf(buffer + length, KEY_NAME_MAX - length, "F%u", (unsigned)(key->code - K_F1 + 1));
        return buffer;
    }
    uint32_t character = key->code;
    if (key->modifiers & MODIFIER_CTRL && character < 0x80)
        character = (uint32_t)toupper((int)character);
    length += utf8_put(buffer + length, character);
    buffer[length] = 0;
    return buffer;
}

bool key_parse(const char *name, struct key *key)
{
    *key = (struct key){ 0 };
    for (size_t i = 0; i < COUNT(modifiers);) {
        size_t length = strlen(modifiers[i].name);
        if (!strncasecmp(name, modifiers[i].name, length)) {
            key->modifiers |= modifiers[i].modifier;
            name += length;
            i = 0;
        } else {
            i++;
        }
    }
    for (size_t i = 0; i < COUNT(names); i++)
        if (!strcasecmp(name, names[i].name)) {
            key->code = names[i].code;
            return true;
        }
    if ((*name == 'F' || *name == 'f') && name[1]) {
        char *end;
        unsigned long number = strtoul(name + 1, &end, 10);
        key->code = K_F1 + (uint32_t)number - 1;
        return isdigit((unsigned char)name[1]) && !*end && number >= 1 && number <= 12;
    }
    size_t length = strlen(name), used;
    if (!length)
        return false;
    key->code = utf8_next(name, length, &used);
    if (key->modifiers & MODIFIER_CTRL && key->code < 0x80)
        key->code = (uint32_t)tolower((int)key->code);
    return used == length && key->code > ' ' && key->code != 0xfffd && key->code != 0x7f;
}

/* Whether one of the names is that of the key. */
static bool is_named(const char *keys, const struct key *key)
{
    while (*keys) {
        char name[KEY_NAME_MAX];
        struct key other;
        size_t length = strcspn(keys, " ");
        snprintf(name, sizeof(name), "%.*s", (int)length, keys);
        if (key_parse(name, &other) && key_is(key, other.code, other.modifiers))
            return true;
        keys += length + strspn(keys + length, " ");
    }
    return false;
}

const struct key_binding *key_binding_find(const struct key_binding *table, const struct key *key)
{
    for (; table && table->keys; table++)
        if (is_named(table->keys, key))
            return table;
    return NULL;
}

bool key_binding_run(const struct key_binding *table, const struct key *key, void *place)
{
    const struct key_binding *binding = key_binding_find(table, key);
    if (!binding || !binding->run)
        return false;
    binding->run(place);
    return true;
}
