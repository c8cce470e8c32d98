/* SPDX-License-Identifier: MIT */
#include "preferences.h"
#include "json.h"
#include "shell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_FILE "/etc/pando/shell.json"

enum kind { KIND_KEY, KIND_NUMBER, KIND_COLOURS, KIND_FLAG, KIND_THEME };

static const struct preference {
    const char *name;
    enum kind kind;
    size_t offset;
    uint32_t least, most, preset;
    const char *unit;
    const char *help;
} table[] = {
    { "leave", KIND_KEY, offsetof(struct preferences, leave), 0, 0, 0, NULL,
      "The key that leads from a console to the command line, such as \"Ctrl-]\", \"F12\" or "
      "\"Alt-q\". No other key is kept from the guest but Shift-PageUp, which looks back." },
    { "refresh_ms", KIND_NUMBER, offsetof(struct preferences, refresh_ms), 100, 60000, 1000,
      "milliseconds", "How often the host and the guests are looked at." },
    { "scrollback", KIND_NUMBER, offsetof(struct preferences, scrollback), 100, 1000000, 10000,
      "lines",
      "How much of a console, of the output of commands and of a log is kept to scroll "
      "back to." },
    { "guests_width", KIND_NUMBER, offsetof(struct preferences, guests_width), 0, 200, 32,
      "columns", "Width of the list of guests on the left; 0: there is none." },
    { "escape_ms", KIND_NUMBER, offsetof(struct preferences, escape_ms), 10, 2000, 100,
      "milliseconds",
      "How long after an ESC the other bytes of a key may come. More is better on "
      "a slow line, less makes the Esc key quicker." },
    { "colours", KIND_COLOURS, offsetof(struct preferences, colours), 0, 256, 0, NULL,
      "The most colours to be used: 0 (monochrome), 8 or 256. Without it, as many as the terminal "
      "has." },
    { "mouse", KIND_FLAG, offsetof(struct preferences, mouse), 0, 1, 1, NULL,
      "Whether the mouse is for this program. Where it is, the terminal's own selection needs the "
      "Shift key." },
    { "clipboard", KIND_FLAG, offsetof(struct preferences, clipboard), 0, 1, 0, NULL,
      "Whether what is copied in a console goes to the clipboard of the terminal, too (OSC 52)." },
    { "ascii", KIND_FLAG, offsetof(struct preferences, ascii), 0, 1, 0, NULL,
      "Draw lines and bars in ASCII, whatever the locale says of the terminal." },
    { "theme", KIND_THEME, 0, 0, 0, 0, NULL,
      "What things look like: an object with the names of roles as keys. Each value is a text of a "
      "colour, \"on\" and a colour behind it, and any of bold, dim, italic, underline, blink and "
      "reverse: \"bold white on blue\". Colours are black, red, green, yellow, blue, magenta, "
      "cyan, white, these with bright- before them, default, and numbers from 0 to 255." },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void preferences_init(struct preferences *preferences)
{
    *preferences = (struct preferences){ .leave = { ']', MODIFIER_CTRL }, .colours = -1 };
    for (size_t i = 0; i < COUNT(table); i++) {
        void *at = (char *)preferences + table[i].offset;
        if (table[i].kind == KIND_NUMBER)
            *(uint32_t *)at = table[i].preset;
        else if (table[i].kind == KIND_FLAG)
            *(bool *)at = table[i].preset;
    }
}

/* --- reading ---------------------------------------------------------------------------- */

struct reader {
    const char *path;
    FILE *errors;
    int mistakes;
};

static void mistake(struct reader *reader, const struct json *node, const char *key,
                    const char *expected)
{
    reader->mistakes++;
    fprintf(reader->errors, "%s:%u: %s: %s\n", reader->path, node->line, key, expected);
}

static void read_theme(struct reader *reader, const struct json *node,
                       struct preferences *preferences)
{
    struct style style;
    if (node->type != JSON_OBJECT) {
        mistake(reader, node, "theme", "expected an object: {\"title\": \"bold cyan\", ...}");
        return;
    }
    for (const struct json *member = node->first; member; member = member->next) {
        int role = 0;
        while (role < ROLES && strcmp(role_name(role), member->key))
            role++;
        if (role == ROLES)
            mistake(reader, member, member->key,
                    "there is no such role; pando-shell.json(5) lists them");
        else if (member->type != JSON_STRING || !style_parse(member->text, &style))
            mistake(reader, member, member->key,
                    "expected colours and attributes, such as \"bold white on blue\"");
        else
            snprintf(preferences->colour[role], sizeof(preferences->colour[role]), "%s",
                     member->text);
    }
}

static void read_value(struct reader *reader, const struct preference *entry,
                       const struct json *node, struct preferences *preferences)
{
    void *at = (char *)preferences + entry->offset;
    char expected[120];
    struct key key;
    uint64_t number;

    switch (entry->kind) {
    case KIND_KEY:
        /* A key that is typed often, or moves, would make consoles useless. */
        if (node->type == JSON_STRING && key_parse(node->text, &key) &&
            (key.modifiers || key.code >= K_F1))
            *(struct key *)at = key;
        else
            mistake(reader, node, entry->name,
                    "expected the name of a key with Ctrl or Alt, or of a function key: "
                    "\"Ctrl-]\", \"F12\"");
        break;
    case KIND_NUMBER:
        snprintf(expected, sizeof(expected), "expected a number from %u to %u (%s)", entry->least,
                 entry->most, entry->unit);
        if (json_uint(node, &number) && number >= entry->least && number <= entry->most)
            *(uint32_t *)at = (uint32_t)number;
        else
            mistake(reader, node, entry->name, expected);
        break;
    case KIND_COLOURS:
        if (json_uint(node, &number) && (number == 0 || number == 8 || number == 256))
            *(int *)at = (int)number;
        else
            mistake(reader, node, entry->name, "expected 0, 8 or 256");
        break;
    case KIND_FLAG:
        if (node->type == JSON_BOOL)
            *(bool *)at = node->boolean;
        else
            mistake(reader, node, entry->name, "expected true or false");
        break;
    case KIND_THEME:
        read_theme(reader, node, preferences);
        break;
    }
}

static void read_members(struct reader *reader, const struct json *root,
                         struct preferences *preferences)
{
    if (root->type != JSON_OBJECT) {
        mistake(reader, root, "the file", "expected an object: {\"refresh_ms\": 500}");
        return;
    }
    for (const struct json *member = root->first; member; member = member->next) {
        size_t i = 0;
        while (i < COUNT(table) && strcmp(table[i].name, member->key))
            i++;
        if (i < COUNT(table))
            read_value(reader, &table[i], member, preferences);
        else
            mistake(reader, member, member->key,
                    "there is no such key; pando-shell.json(5) lists them");
    }
}

int preferences_read(struct preferences *preferences, const char *path, FILE *errors)
{
    struct reader reader = { .path = path, .errors = errors };
    struct json_error error;
    FILE *file = fopen(path, "re");

    if (!file && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!file) {
        fprintf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
        return 1;
    }
    char *text = shell_need(malloc(JSON_SIZE_MAX));
    size_t length = fread(text, 1, JSON_SIZE_MAX, file);
    fclose(file);
    struct json *root = json_parse(text, length, &error);
    free(text);
    if (!root) {
        fprintf(errors, "%s:%u: %s\n", path, error.line, error.text);
        return 1;
    }
    read_members(&reader, root, preferences);
    json_free(root);
    return reader.mistakes;
}

int preferences_load(struct preferences *preferences, FILE *errors)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[600];
    int mistakes = preferences_read(preferences, SYSTEM_FILE, errors);

    if (config && *config)
        snprintf(path, sizeof(path), "%s/pando/shell.json", config);
    else
        snprintf(path, sizeof(path), "%s/.config/pando/shell.json", home ? home : "");
    return mistakes + preferences_read(preferences, path, errors);
}

void preferences_theme(const struct preferences *preferences, int colours, struct theme *theme)
{
    theme_init(theme, colours);
    for (int role = 0; role < ROLES; role++)
        if (*preferences->colour[role])
            theme_set(theme, role, preferences->colour[role]);
}

/* --- the manual ---------------------------------------------------------------------------- */

static const char manual_head[] =
    ".\\\" SPDX-License-Identifier: MIT\n"
    ".TH PANDO-SHELL.JSON 5 \"\" \"Pando " PANDO_VERSION "\" \"Pando\"\n"
    ".SH NAME\npando-shell.json \\- configuration of Pando's full-screen shell\n"
    ".SH DESCRIPTION\n.B pando\nin full-screen mode reads\n.I /etc/pando/shell.json\nand then\n"
    ".I $XDG_CONFIG_HOME/pando/shell.json\n(or\n.IR ~/.config/pando/shell.json ),\n"
    "whose values win. Each is a JSON object. Neither has to be there. A mistake is reported with "
    "its file and line, and all that is right is used.\n.SH KEYS\n";

static void print_escaped(const char *text, FILE *out)
{
    for (; *text; text++)
        fputs(*text == '-' ? "\\-" : *text == '\\' ? "\\e" : (char[]){ *text, 0 }, out);
    fputc('\n', out);
}

void preferences_manual(FILE *out)
{
    fputs(manual_head, out);
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct preference *entry = &table[i];
        fprintf(out, ".TP\n.B %s\n", entry->name);
        print_escaped(entry->help, out);
        if (entry->kind == KIND_NUMBER)
            fprintf(out, "A number of %s from %u to %u; preset: %u.\n", entry->unit, entry->least,
                    entry->most, entry->preset);
        else if (entry->kind == KIND_FLAG)
            fprintf(out, "true or false; preset: %s.\n", entry->preset ? "true" : "false");
        else if (entry->kind == KIND_KEY)
            fputs("Preset: \"Ctrl-]\".\n", out);
    }
    fputs("The roles are", out);
    for (int role = 0; role < ROLES; role++)
        fprintf(out, "%s %s", role ? "," : "", role_name(role));
    fputs(".\n.SH EXAMPLE\n.nf\n{\n    \"leave\": \"F12\",\n    \"refresh_ms\": 500,\n"
          "    \"theme\": { \"status\": \"black on cyan\", \"bad\": \"bold red\" }\n}\n.fi\n"
          ".SH SEE ALSO\n.BR pando (1)\n",
          out);
}
