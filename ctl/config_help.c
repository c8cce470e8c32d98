/* SPDX-License-Identifier: MIT */
/* Help and the manual page, from the table of keys. */
#include "config_schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPECTED = 400 };

/* The default as text, "" if there is none. */
static const char *default_of(const struct config_key *key, char *buffer, size_t size)
{
    if (key->default_help)
        return key->default_help;
    if (key->default_text)
        return key->default_text;
    buffer[0] = 0;
    if (key->kind == CONFIG_UINT && !key->required)
        snprintf(buffer, size, "%llu", (unsigned long long)key->default_number);
    for (const struct config_choice *choice = key->choices; choice && choice->word; choice++) {
        if (choice->value == (int)key->default_number) {
            snprintf(buffer, size, "%s", choice->word);
            break;
        }
    }
    return buffer;
}

/* --- for the terminal ------------------------------------------------------------------ */

static void list_keys(FILE *out, const struct config_key *table, const char *prefix)
{
    for (const struct config_key *key = table; key->key; key++) {
        char name[40], buffer[40];
        const char *preset = default_of(key, buffer, sizeof(buffer));
        snprintf(name, sizeof(name), "%s%s", prefix, key->key);
        fprintf(out, "  %-14s %s", name, key->summary);
        if (key->unit)
            fprintf(out, " (%s)", key->unit);
        if (key->required)
            fputs("; must be given", out);
        else if (*preset)
            fprintf(out, "; default: %s", preset);
        fputc('\n', out);
        if (key->element) {
            snprintf(name, sizeof(name), "%s.", key->key);
            list_keys(out, key->element, name);
        }
    }
}

/* Words of a paragraph in lines of at most 78 columns. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column && column + 1 + length > 78) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s%.*s", column ? " " : "", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void describe_key(FILE *out, const struct config_key *key, const char *name)
{
    char buffer[EXPECTED];
    fprintf(out, "%s: %s\n\n", name, key->summary);
    if (key->help) {
        print_wrapped(out, key->help);
        fputc('\n', out);
    }
    fprintf(out, "Value:   %s\n", config_expected(key, buffer, sizeof(buffer)));
    for (const struct config_choice *choice = key->choices; choice && choice->word; choice++)
        if (choice->help)
            fprintf(out, "           %s: %s\n", choice->word, choice->help);
    const char *preset = default_of(key, buffer, sizeof(buffer));
    if (key->required)
        fputs("Default: none, it must be given\n", out);
    else if (*preset)
        fprintf(out, "Default: %s\n", preset);
    if (key->element) {
        fputc('\n', out);
        list_keys(out, key->element, "");
    }
}

static const struct config_key *find_part(const struct config_key *table, const char *name,
                                          size_t length)
{
    for (; table->key; table++)
        if (strlen(table->key) == length && !strncmp(table->key, name, length))
            return table;
    return NULL;
}

static char *finish(FILE *out, char **text)
{
    bool failed = ferror(out);
    if (fclose(out) || failed) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *pando_config_help(const char *name)
{
    const struct config_key *key = NULL;
    char *text = NULL;
    size_t size;

    if (name) {
        size_t length = strcspn(name, ".");
        key = find_part(config_keys, name, length);
        if (key && name[length])
            key = key->element
                      ? find_part(key->element, name + length + 1, strlen(name + length + 1))
                      : NULL;
        if (!key)
            return NULL;
    }
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    if (key) {
        describe_key(out, key, name);
    } else {
        fputs("Keys of a guest's configuration, a JSON object:\n\n", out);
        list_keys(out, config_keys, "");
        fputs("\n`config help KEY` says more about one; see also pando.cfg(5).\n", out);
    }
    return finish(out, &text);
}

/* --- for man(1) ------------------------------------------------------------------------- */

/* Text in a roff line: no control line by accident, plain hyphens, no escapes; `word` is bold. */
static void put_roff(FILE *out, const char *text)
{
    bool bold = false;
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else if (*text == '^')
            fputs("\\(ha", out);
        else if (*text == '`')
            fputs((bold = !bold) ? "\\fB" : "\\fR", out);
        else
            fputc(*text, out);
    }
}

static void manual_keys(FILE *out, const struct config_key *table)
{
    for (const struct config_key *key = table; key->key; key++) {
        char buffer[EXPECTED];
        const char *preset = default_of(key, buffer, sizeof(buffer));
        fprintf(out, ".TP\n.B %s\n", key->key);
        fputc(toupper((unsigned char)key->summary[0]), out);
        put_roff(out, key->summary + 1);
        fputs(key->required ? "; must be given.\n" : ".\n", out);
        if (key->help) {
            put_roff(out, key->help);
            fputc('\n', out);
        }
        if (!key->required && *preset) {
            fputs("Default: ", out);
            put_roff(out, preset);
            fputs(".\n", out);
        }
        fputs(".br\nValue: ", out);
        put_roff(out, config_expected(key, buffer, sizeof(buffer)));
        fputs(".\n", out);
        for (const struct config_choice *choice = key->choices; choice && choice->word; choice++) {
            if (!choice->help)
                continue;
            fputs(".br\n", out);
            put_roff(out, choice->word);
            fputs(": ", out);
            put_roff(out, choice->help);
            fputs(".\n", out);
        }
        if (key->element) {
            fputs(".RS\n", out);
            manual_keys(out, key->element);
            fputs(".RE\n", out);
        }
    }
}

static const char manual_head[] =
    ".TH PANDO.CFG 5 \"\" \"Pando " PANDO_VERSION "\" \"Pando\"\n"
    ".SH NAME\n"
    "pando.cfg \\- configuration of a guest\n"
    ".SH DESCRIPTION\n"
    "A guest is described by one JSON object (RFC 8259). The names of its keys are those of\n"
    ".BR xl.cfg (5)\n"
    "where that has them. Numbers are written without quotes.\n"
    "Paths that don't start with / are relative to the folder of the file.\n"
    ".PP\n"
    "Everything that is wrong with a configuration is reported at once, each with the file, the\n"
    "line, the key, what was found and what was expected.\n"
    ".PP\n"
    ".B pando config check\n"
    "reads a file without creating the guest,\n"
    ".B pando config show\n"
    "prints the complete configuration of a guest that exists.\n"
    ".SH KEYS\n";

static const char manual_tail[] =
    ".SH EXAMPLES\n"
    "A guest with a disk and a network interface:\n"
    ".PP\n"
    ".nf\n"
    "{\n"
    "  \"name\": \"web\",\n"
    "  \"kernel\": \"/guests/vmlinuz\",\n"
    "  \"ramdisk\": \"/guests/initrd.cpio.gz\",\n"
    "  \"cmdline\": \"console=hvc0 root=/dev/xvda\",\n"
    "  \"memory\": 512,\n"
    "  \"maxmem\": 1024,\n"
    "  \"vcpus\": 2,\n"
    "  \"disk\": [{ \"vdev\": \"xvda\", \"target\": \"/srv/web.img\", \"access\": \"rw\" }],\n"
    "  \"vif\": [{ \"bridge\": \"xenbr0\" }],\n"
    "  \"on_crash\": \"restart\"\n"
    "}\n"
    ".fi\n"
    ".PP\n"
    "Two virtual NUMA nodes, each with half of the memory and of the vCPUs, on nodes 0 and 1 of "
    "the\n"
    "host:\n"
    ".PP\n"
    ".nf\n"
    "  \"memory\": 4096,\n"
    "  \"vcpus\": 4,\n"
    "  \"vnuma\": [\n"
    "    { \"pnode\": 0, \"size\": 2048, \"vcpus\": \"0-1\", \"vdistances\": [10, 20] },\n"
    "    { \"pnode\": 1, \"size\": 2048, \"vcpus\": \"2-3\", \"vdistances\": [20, 10] }\n"
    "  ]\n"
    ".fi\n"
    ".SH SEE ALSO\n"
    ".BR pando (1),\n"
    ".BR monitord (8)\n";

char *pando_config_manual(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs(manual_head, out);
    manual_keys(out, config_keys);
    fputs(manual_tail, out);
    return finish(out, &text);
}
