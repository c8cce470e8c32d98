/* SPDX-License-Identifier: MIT */
/*
 * The plugin config_io: configurations of xl and libvirt, in and out.
 *
 *   config import FILE                      prints Pando's configuration
 *   config export GUEST|FILE --format xl    prints another's
 *   config check FILE                       says what an import would not carry over
 */
#include "plugin.h"
#include "convert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- files ----------------------------------------------------------------------------------- */

/* The file's text, to be freed; NULL after an error message. */
static char *read_file(const struct pando_plugin_call *call, const char *path, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = need(malloc(VALUE_TEXT_MAX + 2));
    ssize_t got = -1;
    *length = 0;
    while (fd >= 0 && *length <= VALUE_TEXT_MAX) {
        got = read(fd, text + *length, VALUE_TEXT_MAX + 1 - *length);
        if (got <= 0)
            break;
        *length += (size_t)got;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    text[*length] = 0;
    if (fd >= 0 && got >= 0 && *length <= VALUE_TEXT_MAX)
        return text;
    free(text);
    if (fd >= 0 && got >= 0)
        call->error(call, "%s: is larger than the 1 MiB that a configuration may have", path);
    else
        call->error(call, "%s: cannot be read: %s", path, strerror(error));
    return NULL;
}

/* Writes to the file named by --output, which must be new, or to the command's output. */
static int write_result(const struct pando_plugin_call *call, const char *text)
{
    const char *path = call->option(call, "output");
    if (!path) {
        fputs(text, call->out);
        return PANDO_EXIT_OK;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool written = file && fputs(text, file) >= 0;
    if (file)
        written = !fclose(file) && written;
    if (written)
        return PANDO_EXIT_OK;
    call->error(call, "%s: cannot be written: %s%s", path, strerror(errno),
                errno == EEXIST ? "; remove it first, or name another" : "");
    return PANDO_EXIT_FAILED;
}

/* --- formats ---------------------------------------------------------------------------------- */

static const char *const formats[] = { "xl", "libvirt", "json", NULL };

/* The format asked for, or what the text looks like. NULL after an error message. */
static const char *find_format(const struct pando_plugin_call *call, const char *text)
{
    const char *asked = call->option(call, "format");
    for (size_t i = 0; asked && formats[i]; i++)
        if (!strcmp(asked, formats[i]))
            return formats[i];
    if (asked) {
        call->error(call, "--format: found \"%s\", expected xl, libvirt or json", asked);
        return NULL;
    }
    if (!strncmp(text, "\xef\xbb\xbf", 3))
        text += 3;
    text += strspn(text, " \t\r\n");
    return *text == '<' ? "libvirt" : *text == '{' ? "json" : "xl";
}

static struct value *import_json(const char *text, size_t length, struct report *report)
{
    char error[200];
    unsigned line = 0;
    struct value *config = value_parse(text, length, &line, error, sizeof(error));
    if (config && config->type == VALUE_OBJECT)
        return config;
    report_add(report, NOTE_WRONG, config ? 0 : line, "", "not an object of JSON: %s",
               config ? "found another value" : error);
    value_free(config);
    return NULL;
}

static struct value *import_text(const char *format, const char *text, size_t length,
                                 const char *networks, struct report *report)
{
    if (!strcmp(format, "json"))
        return import_json(text, length, report);
    if (!strcmp(format, "libvirt"))
        return libvirt_import(text, length, networks, report);
    return xl_import(text, length, report);
}

/* --- what is wrong by pando.cfg(5) ------------------------------------------------------------ */

/* Where what has become a key came from: "disk[0].target" is in the first disk. */
static unsigned line_of(const struct value *config, const char *key)
{
    unsigned line = 0;
    while (config && *key) {
        char name[64];
        size_t length = strcspn(key, ".[");
        snprintf(name, sizeof(name), "%.*s", (int)length, key);
        config = value_get(config, name);
        key += length;
        if (config && *key == '[') {
            unsigned long index = strtoul(key + 1, NULL, 10);
            if (config->line)
                line = config->line;
            for (config = config->first; config && index; index--)
                config = config->next;
            key += strcspn(key, "]");
            key += *key == ']';
        }
        if (config && config->line)
            line = config->line;
        key += *key == '.';
    }
    return line;
}

/* Adds what `create` would find wrong. */
static void check_config(const struct value *config, bool files, struct report *report)
{
    struct pando_problems problems = { 0 };
    struct pando_config checked;
    char *json = value_print(config, true);
    if (pando_config_parse(&checked, json, strlen(json), report->where, NULL, 0,
                           files ? 0 : PANDO_CONFIG_NO_FILES, &problems) == PANDO_OK)
        pando_config_free(&checked);
    for (size_t i = 0; i < problems.count; i++)
        report_add(report, NOTE_WRONG, line_of(config, problems.list[i].key), problems.list[i].key,
                   "%s", problems.list[i].text);
    pando_problems_free(&problems);
    free(json);
}

/* --- commands ------------------------------------------------------------------------------------
 */

static int run_import(const struct pando_plugin_call *call)
{
    const char *path = call->words[0];
    struct report report = { .where = path };
    size_t length;
    char *text = read_file(call, path, &length);
    const char *format = text ? find_format(call, text) : NULL;
    int status = text ? PANDO_EXIT_USAGE : PANDO_EXIT_FAILED;

    if (format) {
        struct value *config =
            import_text(format, text, length, call->option(call, "networks"), &report);
        status = PANDO_EXIT_OK;
        if (config) {
            check_config(config, false, &report);
            char *json = value_print(config, true);
            status = write_result(call, json);
            free(json);
        }
        fflush(call->out);
        report_print(&report, call->err);
        if (report.wrong)
            status = PANDO_EXIT_FAILED;
        value_free(config);
    }
    report_free(&report);
    free(text);
    return status;
}

static int run_check(const struct pando_plugin_call *call)
{
    const char *path = call->words[0];
    struct report report = { .where = path };
    size_t length;
    char *text = read_file(call, path, &length);
    if (!text)
        return PANDO_EXIT_FAILED;
    text[length] = 0;
    const char *format = find_format(call, text);
    struct value *config = import_text(format, text, length, NULL, &report);
    if (config)
        check_config(config, true, &report);
    report_print(&report, call->out);
    if (!report.count)
        fprintf(call->out, "%s: all of it is carried over\n", path);
    else if (!report.wrong)
        fprintf(call->out, "%s: the guest can be created; what is named above is kept\n", path);
    else
        fprintf(call->out, "%s: the guest cannot be created as it is\n", path);
    int status = report.wrong ? PANDO_EXIT_FAILED : PANDO_EXIT_OK;
    value_free(config);
    report_free(&report);
    free(text);
    return status;
}

/* The configuration of a guest, or of a file of Pando's. NULL after an error message. */
static char *get_config(const struct pando_plugin_call *call, const char *which, size_t *length,
                        int *status)
{
    size_t size = strlen(which);
    uint32_t domid;
    char *json;
    *status = PANDO_EXIT_FAILED;
    if (strchr(which, '/') || (size > 5 && !strcmp(which + size - 5, ".json")))
        return read_file(call, which, length);
    pando_t *pando = call->pando(call);
    if (!pando)
        return NULL;
    *status = call->guest(call, which, &domid);
    if (*status != PANDO_EXIT_OK)
        return NULL;
    enum pando_code code = pando_domain_config(pando, domid, &json);
    if (code != PANDO_OK) {
        call->failed(call, which, code);
        *status = PANDO_EXIT_FAILED;
        return NULL;
    }
    *length = strlen(json);
    return json;
}

static int export_config(const struct pando_plugin_call *call, const char *format,
                         const struct value *config, struct report *report)
{
    char *text = !strcmp(format, "xl")        ? xl_export(config, report)
                 : !strcmp(format, "libvirt") ? libvirt_export(config, report)
                                              : value_print(config, true);
    int status = text ? write_result(call, text) : PANDO_EXIT_FAILED;
    fflush(call->out);
    free(text);
    return status;
}

static int run_export(const struct pando_plugin_call *call)
{
    const char *which = call->words[0];
    struct report report = { .where = which };
    size_t length;
    int status;
    if (!call->option(call, "format")) {
        call->error(call, "say which: --format xl, libvirt or json");
        return PANDO_EXIT_USAGE;
    }
    const char *format = find_format(call, "");
    if (!format)
        return PANDO_EXIT_USAGE;
    char *text = get_config(call, which, &length, &status);
    if (!text)
        return status;
    struct value *config = import_json(text, length, &report);
    status = config ? export_config(call, format, config, &report) : PANDO_EXIT_FAILED;
    report_print(&report, call->err);
    if (report.wrong)
        status = PANDO_EXIT_FAILED;
    value_free(config);
    report_free(&report);
    free(text);
    return status;
}

static const struct pando_plugin_option import_options[] = {
    { "format", "FORMAT", "xl, libvirt or json; else it is seen by the file" },
    { "networks", "NAME=BRIDGE,...", "which bridges libvirt's networks are" },
    { "output", "FILE", "write a new file" },
    { 0 },
};

static const struct pando_plugin_option export_options[] = {
    { "format", "FORMAT", "xl, libvirt or json" },
    { "output", "FILE", "write a new file" },
    { 0 },
};

static const struct pando_plugin_command commands[] = {
    {
        .name = "config import",
        .arguments = "FILE",
        .summary = "make a configuration of one of xl or libvirt",
        .help = "Reads an xl configuration (xl.cfg(5)) or a libvirt domain (XML) and prints the "
                "configuration that `create` reads. Each key or element that Pando has no key for "
                "is named with its line and kept in the configuration's key kept: nothing of it is "
                "acted on, and `config export` gives it back. The exit code is 1 if the guest "
                "cannot be created as it is.\n\n"
                "An interface of type network needs the bridge that the network is: it is found in "
                "libvirt's files where there are any, or told by --networks.",
        .options = import_options,
        .least = 1,
        .most = 1,
        .complete = { PANDO_COMPLETE_FILE, PANDO_COMPLETE_NOTHING },
        .run = run_import,
    },
    {
        .name = "config export",
        .arguments = "GUEST|FILE",
        .summary = "print a configuration for xl or libvirt",
        .help = "Prints the configuration of a guest as it is now, or of a file (a name with a / "
                "or that ends in .json), for another program. What an import has kept of the same "
                "format is put back, unless it has been changed here since. What was kept of "
                "another format goes into a comment, or into <metadata>, from where an import "
                "takes it back.",
        .options = export_options,
        .least = 1,
        .most = 1,
        .complete = { PANDO_COMPLETE_GUEST, PANDO_COMPLETE_NOTHING },
        .run = run_export,
    },
    {
        .name = "config check",
        .arguments = "FILE",
        .summary = "say what an import would not carry over",
        .least = 1,
        .most = 1,
        .complete = { PANDO_COMPLETE_FILE, PANDO_COMPLETE_NOTHING },
        .fallback = true,
        .run = run_check,
    },
    { 0 },
};

PANDO_PLUGIN_EXPORT const struct pando_plugin pando_plugin = {
    PANDO_PLUGIN_HEAD,        .name = "config-io",
    .version = PANDO_VERSION, .summary = "configurations of xl and libvirt, in and out",
    .commands = commands,
};
