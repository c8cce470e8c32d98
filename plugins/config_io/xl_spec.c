/* SPDX-License-Identifier: MIT */
#include "xl_spec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* --- parameters ---------------------------------------------------------------------------- */

static bool one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

/* Cuts the next parameter off; blanks before it do not count. NULL behind the last. */
static char *next_parameter(char **rest)
{
    if (!*rest)
        return NULL;
    char *parameter = *rest;
    while (isspace((unsigned char)*parameter))
        parameter++;
    /* A target that is named is all that comes. */
    char *comma = strncmp(parameter, "target=", 7) ? strchr(parameter, ',') : NULL;
    *rest = comma ? comma + 1 : NULL;
    if (comma)
        *comma = 0;
    return parameter;
}

/* Adds to what Pando does not do. */
static void cannot(char **why, const char *format, const char *word)
{
    char *more = need_format(format, word);
    char *text = need_format("%s%s%s", *why, **why ? ", " : "", more);
    free(more);
    free(*why);
    *why = text;
}

/* --- disks ------------------------------------------------------------------------------------ */

enum { TARGET, FORMAT, VDEV, ACCESS, POSITIONS };

struct disk {
    char *at[POSITIONS]; /* what was given for them, NULL: nothing yet */
    bool cdrom;
    bool impossible; /* Pando has no such disk */
    bool more;       /* something is not carried over, but the disk is */
    char *why;
};

static void set(struct disk *disk, int position, const char *text)
{
    free(disk->at[position]);
    disk->at[position] = need(strdup(text));
}

/* Takes prefixes off that xend wanted: they name a format or a script, or nothing any more. */
static char *strip_prefixes(struct disk *disk, char *target, bool *deprecated)
{
    static const char *const nothing[] = { "tapdisk", "tap2", "tap", "aio",
                                           "ioemu",   "file", "phy", NULL };
    static const char *const formats[] = { "raw", "qcow", "qcow2", "vhd", "qed", NULL };
    static const char *const scripts[] = { "iscsi", "nbd", "enbd", "drbd", NULL };
    for (;;) {
        char word[16];
        size_t length = strcspn(target, ":/");
        if (target[length] != ':' || !length || length >= sizeof(word))
            return target;
        snprintf(word, sizeof(word), "%.*s", (int)length, target);
        if (one_of(word, formats)) {
            set(disk, FORMAT, word);
        } else if (one_of(word, scripts)) {
            disk->impossible = true;
            cannot(&disk->why, "it runs no script block-%s", word);
        } else if (!one_of(word, nothing)) {
            return target;
        }
        *deprecated = true;
        target += length + 1;
    }
}

/* "VDEV:cdrom" of the deprecated syntax. */
static void set_old_vdev(struct disk *disk, char *text)
{
    char *colon = strchr(text, ':');
    if (colon) {
        *colon = 0;
        if (!strcmp(colon + 1, "cdrom")) {
            disk->cdrom = true;
        } else {
            disk->impossible |= strcmp(colon + 1, "disk") != 0;
            cannot(&disk->why, "it has no devices of type %s", colon + 1);
        }
    }
    set(disk, VDEV, text);
}

/* Whether the second of the positional parameters is a virtual device, as in xend's syntax. */
static bool is_old_vdev(const char *text)
{
    char name[32];
    uint32_t number;
    snprintf(name, sizeof(name), "%.*s", (int)(strcspn(text, ":") % sizeof(name)), text);
    return pando_vdev_number(name, &number);
}

static void set_positional(struct disk *disk, char *text, bool *deprecated)
{
    int position = 0;
    while (position < POSITIONS && disk->at[position])
        position++;
    if (position == TARGET) {
        set(disk, TARGET, strip_prefixes(disk, text, deprecated));
    } else if (position == FORMAT && is_old_vdev(text)) {
        set(disk, FORMAT, "");
        set_old_vdev(disk, text);
    } else if (position == VDEV) {
        set_old_vdev(disk, text);
    } else if (position < POSITIONS) {
        set(disk, position, text);
    } else {
        disk->more = true;
        cannot(&disk->why, "\"%s\" is one parameter too many", text);
    }
}

static void set_named(struct disk *disk, const char *name, const char *text)
{
    static const char *const positions[] = { "target", "format", "vdev", "access" };
    for (int i = 0; i < POSITIONS; i++)
        if (!strcmp(name, positions[i])) {
            set(disk, i, text);
            return;
        }
    if (!strcmp(name, "devtype")) {
        disk->cdrom |= !strcmp(text, "cdrom");
        return;
    }
    /* Which program serves a disk makes no difference to it. */
    disk->more = true;
    if (!strcmp(name, "backendtype") || (!strcmp(name, "specification") && !strcmp(text, "xen")))
        return;
    if (!strcmp(name, "backend") || !strcmp(name, "script") || !strcmp(name, "specification"))
        disk->impossible = true;
    cannot(&disk->why, "it does not know of %s", name);
}

static void set_flag(struct disk *disk, const char *flag)
{
    disk->more = true;
    if (strcmp(flag, "trusted") && strcmp(flag, "discard"))
        cannot(&disk->why, "it does not know of %s", flag);
}

static void parse_disk(struct disk *disk, char *rest)
{
    static const char *const flags[] = { "direct-io-safe", "discard",   "no-discard", "colo",
                                         "trusted",        "untrusted", NULL };
    bool deprecated = false;
    char *parameter;
    while ((parameter = next_parameter(&rest))) {
        size_t length = strspn(parameter, "abcdefghijklmnopqrstuvwxyz-_0123456789");
        if (length && parameter[length] == '=') {
            parameter[length] = 0;
            set_named(disk, parameter, parameter + length + 1);
        } else if (!strcmp(parameter, "cdrom")) {
            disk->cdrom = true;
        } else if (one_of(parameter, flags)) {
            set_flag(disk, parameter);
        } else {
            set_positional(disk, parameter, &deprecated);
        }
    }
    disk->more |= deprecated;
}

static const char *const read_only[] = { "r", "ro", NULL };
static const char *const read_write[] = { "rw", "w", "", NULL };

/* Why Pando has no such disk, in disk->why. */
static void judge(struct disk *disk)
{
    const char *format = disk->at[FORMAT];
    if (disk->cdrom) {
        disk->impossible = true;
        cannot(&disk->why, "it has no %s drives", "CD-ROM");
    } else if (!disk->at[TARGET] || !*disk->at[TARGET]) {
        disk->impossible = true;
        cannot(&disk->why, "it needs a %s", "target");
    }
    if (format && *format && strcmp(format, "raw")) {
        disk->impossible = true;
        cannot(&disk->why, "it serves raw images only, not %s", format);
    }
    if (!disk->at[VDEV] || !*disk->at[VDEV]) {
        disk->impossible = true;
        cannot(&disk->why, "it needs a %s", "vdev");
    }
    if (disk->at[ACCESS] && !one_of(disk->at[ACCESS], read_only) &&
        !one_of(disk->at[ACCESS], read_write)) {
        disk->impossible = true;
        cannot(&disk->why, "its access is r or rw, not %s", disk->at[ACCESS]);
    }
}

struct value *xl_disk_import(const char *spec, unsigned line, bool *exact, char **why)
{
    struct disk disk = { .why = need(strdup("")) };
    struct value *value = NULL;
    char *copy = need(strdup(spec));
    parse_disk(&disk, copy);
    judge(&disk);
    if (!disk.impossible) {
        char *target = need_format("%s%s", *disk.at[TARGET] == '/' ? "" : "/dev/", disk.at[TARGET]);
        value = value_new(VALUE_OBJECT, "", line);
        value_set(value, "vdev", value_new(VALUE_STRING, disk.at[VDEV], line));
        value_set(value, "target", value_new(VALUE_STRING, target, line));
        if (disk.at[ACCESS] && one_of(disk.at[ACCESS], read_only))
            value_set(value, "access", value_new(VALUE_STRING, "r", line));
        disk.more |= *disk.at[TARGET] != '/';
        free(target);
    }
    *exact = value && !disk.more;
    *why = disk.why;
    for (int i = 0; i < POSITIONS; i++)
        free(disk.at[i]);
    free(copy);
    return value;
}

char *xl_disk_export(const struct value *disk)
{
    const char *access = value_text(disk, "access", "rw");
    return need_format("format=%s, vdev=%s, access=%s, target=%s",
                       value_text(disk, "format", "raw"), value_text(disk, "vdev", ""),
                       !strcmp(access, "r") || !strcmp(access, "ro") ? "r" : "rw",
                       value_text(disk, "target", ""));
}

/* --- networks ----------------------------------------------------------------------------------
 */

struct value *xl_vif_import(const char *spec, unsigned line, bool *exact, char **why)
{
    static const char *const carried[] = { "mac", "bridge", "vifname", NULL };
    char *copy = need(strdup(spec)), *rest = copy, *parameter;
    struct value *value = value_new(VALUE_OBJECT, "", line);
    bool impossible = false;
    *exact = true;
    *why = need(strdup(""));
    while ((parameter = next_parameter(&rest))) {
        char *text = strchr(parameter, '=');
        if (text)
            *text++ = 0;
        for (char *end = parameter + strlen(parameter);
             end > parameter && isspace((unsigned char)end[-1]);)
            *--end = 0;
        if (!text && !*parameter)
            continue;
        if (text && one_of(parameter, carried) && *text && !value_get(value, parameter)) {
            value_set(value, parameter, value_new(VALUE_STRING, text, line));
            continue;
        }
        *exact = false;
        bool here = text && (!strcmp(text, "0") || !strcmp(text, "Domain-0"));
        if (!strcmp(parameter, "backend") && !here)
            impossible = true;
        if (strcmp(parameter, "type") && (strcmp(parameter, "backend") || !here))
            cannot(why, "it does not know of %s", parameter);
    }
    free(copy);
    if (!impossible)
        return value;
    value_free(value);
    *exact = false;
    return NULL;
}

char *xl_vif_export(const struct value *vif)
{
    static const char *const keys[] = { "mac", "bridge", "vifname" };
    char *text = need(strdup(""));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *value = value_text(vif, keys[i], NULL);
        if (!value)
            continue;
        char *longer = need_format("%s%s%s=%s", text, *text ? "," : "", keys[i], value);
        free(text);
        text = longer;
    }
    return text;
}
