/* SPDX-License-Identifier: MIT */
#include "theme.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[ROLES] = {
    [ROLE_TEXT] = "text",         [ROLE_DIM] = "dim",         [ROLE_BORDER] = "border",
    [ROLE_TITLE] = "title",       [ROLE_FOCUSED] = "focused", [ROLE_HEADER] = "header",
    [ROLE_SELECTED] = "selected", [ROLE_GOOD] = "good",       [ROLE_WARNING] = "warning",
    [ROLE_BAD] = "bad",           [ROLE_BAR] = "bar",         [ROLE_BAR_EMPTY] = "bar-empty",
    [ROLE_KEY] = "key",           [ROLE_STATUS] = "status",   [ROLE_ALERT] = "alert",
    [ROLE_PROMPT] = "prompt",     [ROLE_MATCH] = "match",     [ROLE_ACTIVITY] = "activity",
};

/* For monochrome, 8 and 256 colours. Light and dark backgrounds alike: text is the terminal's. */
static const char *const presets[ROLES][3] = {
    [ROLE_TEXT] = { "default", "default", "default" },
    [ROLE_DIM] = { "dim", "default", "245" },
    [ROLE_BORDER] = { "dim", "default", "240" },
    [ROLE_TITLE] = { "underline", "cyan", "250 on 238" },
    [ROLE_FOCUSED] = { "reverse bold", "black on cyan", "bold 231 on 24" },
    [ROLE_HEADER] = { "bold underline", "bold cyan", "bold 74" },
    [ROLE_SELECTED] = { "reverse", "black on white", "231 on 239" },
    [ROLE_GOOD] = { "default", "green", "71" },
    [ROLE_WARNING] = { "bold", "yellow", "178" },
    [ROLE_BAD] = { "reverse", "bold red", "bold 203" },
    [ROLE_BAR] = { "default", "green", "72" },
    [ROLE_BAR_EMPTY] = { "dim", "default", "240" },
    [ROLE_KEY] = { "bold", "bold yellow", "bold 179" },
    [ROLE_STATUS] = { "reverse", "white on blue", "252 on 236" },
    [ROLE_ALERT] = { "reverse bold", "bold yellow on red", "bold 231 on 124" },
    [ROLE_PROMPT] = { "bold", "bold cyan", "bold 74" },
    [ROLE_MATCH] = { "reverse underline", "black on yellow", "16 on 179" },
    [ROLE_ACTIVITY] = { "bold", "bold yellow", "bold 179" },
};

void theme_init(struct theme *theme, int colours)
{
    int column = colours >= 256 ? 2 : colours >= 8 ? 1 : 0;
    theme->colours = column == 2 ? 256 : column == 1 ? 8 : 0;
    for (int role = 0; role < ROLES; role++)
        style_parse(presets[role][column], &theme->styles[role]);
}

const char *role_name(enum role role)
{
    return role < ROLES ? names[role] : NULL;
}

bool theme_set(struct theme *theme, enum role role, const char *words)
{
    return style_parse(words, &theme->styles[role]);
}

static bool parse_colour(const char *word, int16_t *colour)
{
    static const char *const colours[] = { "black", "red",     "green", "yellow",
                                           "blue",  "magenta", "cyan",  "white" };
    static const char bright[] = "bright-";
    char *end;
    int16_t base = 0;

    if (!strcmp(word, "default")) {
        *colour = COLOUR_DEFAULT;
        return true;
    }
    unsigned long number = strtoul(word, &end, 10);
    if (*word >= '0' && *word <= '9' && !*end && number < 256) {
        *colour = (int16_t)number;
        return true;
    }
    if (!strncmp(word, bright, strlen(bright))) {
        word += strlen(bright);
        base = 8;
    }
    for (size_t i = 0; i < COUNT(colours); i++)
        if (!strcmp(word, colours[i])) {
            *colour = (int16_t)(base + (int16_t)i);
            return true;
        }
    return false;
}

static bool parse_attribute(const char *word, uint16_t *attributes)
{
    static const char *const words[] = { "bold", "dim", "italic", "underline", "blink", "reverse" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (!strcmp(word, words[i])) {
            *attributes |= (uint16_t)(1u << i);
            return true;
        }
    return false;
}

bool style_parse(const char *words, struct style *style)
{
    struct style parsed = style_default;
    bool on = false, text = false, behind = false;
    char copy[64], *rest = copy, *word;

    if (strlen(words) >= sizeof(copy))
        return false;
    strcpy(copy, words);
    while ((word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (!strcmp(word, "on") && !on) {
            on = true;
        } else if (on && !behind) {
            if (!parse_colour(word, &parsed.background))
                return false;
            behind = true;
        } else if (!parse_attribute(word, &parsed.attributes)) {
            if (text || !parse_colour(word, &parsed.foreground))
                return false;
            text = true;
        }
    }
    if (on && !behind)
        return false;
    *style = parsed;
    return true;
}
