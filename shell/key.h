/* SPDX-License-Identifier: MIT */
/* Keys and the mouse, and tables of what keys do. Names of keys: "a", "Enter", "F5", "Ctrl-]". */
#ifndef SHELL_KEY_H
#define SHELL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_code { /* others are Unicode characters; Ctrl-A is 'a' with MODIFIER_CTRL */
                K_NONE = 0,
                K_ENTER = 0x110000,
                K_TAB,
                K_BACKSPACE,
                K_ESCAPE,
                K_UP,
                K_DOWN,
                K_LEFT,
                K_RIGHT,
                K_HOME,
                K_END,
                K_PAGE_UP,
                K_PAGE_DOWN,
                K_INSERT,
                K_DELETE,
                K_F1, /* the others follow up to F12 */
                K_F12 = K_F1 + 11,
};

enum {
    MODIFIER_SHIFT = 1, /* not with characters, which have it in them */
    MODIFIER_ALT = 2,
    MODIFIER_CTRL = 4,
};

struct key {
    uint32_t code;
    uint8_t modifiers;
};

/* The key's name into @buffer, which has KEY_NAME_MAX bytes; returns it. */
enum { KEY_NAME_MAX = 32 };
const char *key_name(const struct key *key, char *buffer);

/* The key of that name (upper or lower case is the same but for single characters). */
bool key_parse(const char *name, struct key *key);

bool key_is(const struct key *key, uint32_t code, uint8_t modifiers);

enum mouse_action {
    MOUSE_PRESS,
    MOUSE_RELEASE,
    MOUSE_DRAG, /* moved with the button down */
    MOUSE_WHEEL_UP,
    MOUSE_WHEEL_DOWN,
};

struct mouse {
    enum mouse_action action;
    int button; /* 1: left, 2: middle, 3: right */
    int x, y;   /* of the terminal, or relative to a pane where it is given to one */
    uint8_t modifiers;
};

/*
 * A key of a place, and what it does there. Tables of these are all there is: keys are found in
 * them, and `?` shows them. Several keys may be named: "Up k". A binding without a function is
 * only shown: the place's own key() handles it.
 */
struct key_binding {
    const char *keys; /* names with a blank between them; NULL ends a table */
    const char *help; /* "sort by CPU" */
    void (*run)(void *place);
};

/* The binding of a key, NULL: none. */
const struct key_binding *key_binding_find(const struct key_binding *table, const struct key *key);

/* Runs what the table has for the key. False: nothing. */
bool key_binding_run(const struct key_binding *table, const struct key *key, void *place);

#endif
