/* SPDX-License-Identifier: MIT */
#include "layout_file.h"
#include "layout.h"
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool layout_file_wrong(char *error, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, size, format, args);
    va_end(args);
    return false;
}

void layout_path(char *buffer, size_t size)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (folder && *folder) {
        snprintf(buffer, size, "%s/pando/layouts.json", folder);
    } else {
        snprintf(buffer, size, "%s/.config/pando/layouts.json", home && *home ? home : "/root");
    }
}

/* --- the file --- */

/* What is in the file: an object, NULL with no error for a file that isn't there. */
bool layout_file_read(const char *path, struct json **root, char *error, size_t size)
{
    FILE *file = fopen(path, "re");
    struct json_error wrong_json;
    char *text;
    size_t length;

    *root = NULL;
    if (!file) {
        return errno == ENOENT || layout_file_wrong(error, size, "%s: %s", path, strerror(errno));
    }
    text = shell_need(malloc(JSON_SIZE_MAX + 1));
    length = fread(text, 1, JSON_SIZE_MAX + 1, file);
    fclose(file);
    *root = json_parse(text, length, &wrong_json);
    free(text);
    if (!*root) {
        return layout_file_wrong(error, size, "%s:%u: %s; correct it, or remove the file", path,
                                 wrong_json.line, wrong_json.text);
    }
    if ((*root)->type != JSON_OBJECT) {
        json_free(*root);
        *root = NULL;
        return layout_file_wrong(error, size,
                                 "%s:1: an object with layouts is expected; remove the file", path);
    }
    return true;
}

/* Makes the folders of a file. */
static void make_folders(const char *path)
{
    char folder[512];

    snprintf(folder, sizeof(folder), "%s", path);
    for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(folder, 0700);
        *at = '/';
    }
}

/* Replaces the file by that text, which is freed: wholly, or not at all. */
bool layout_file_write(const char *path, char *text, char *error, size_t size)
{
    char fresh[520];
    size_t length = text ? strlen(text) : 0;
    bool good;
    int fd;

    make_folders(path);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    good = text && fd >= 0 && write(fd, text, length) == (ssize_t)length && !fsync(fd);
    if (fd >= 0) {
        good = !close(fd) && good;
    }
    good = good && !rename(fresh, path);
    if (!good) {
        layout_file_wrong(error, size, "%s: can't be written: %s", path, strerror(errno));
        unlink(fresh);
    }
    free(text);
    return good;
}

/* Begins the file anew with all layouts but the one of that name. */
struct json_writer *layout_file_begin(const struct json *root, const char *name)
{
    struct json_writer *writer = json_writer_new();

    json_write_object_begin(writer);
    for (const struct json *entry = root ? root->first : NULL; entry; entry = entry->next) {
        if (strcmp(entry->key, name)) {
            json_write_key(writer, entry->key);
            json_write_tree(writer, entry);
        }
    }
    return writer;
}

bool layout_file_is_name(const char *name, char *error, size_t size)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ') {
            length = 0;
        }
    }
    return (length > 0 && length <= LAYOUT_NAME_MAX) ||
           layout_file_wrong(error, size, "a layout's name has 1 to %d printable characters",
                             LAYOUT_NAME_MAX);
}

bool layout_forget(const char *path, const char *name, char *error, size_t size)
{
    struct json_writer *writer;
    struct json *root;

    if (!layout_file_read(path, &root, error, size)) {
        return false;
    }
    if (!root || !json_member(root, name)) {
        json_free(root);
        return layout_file_wrong(error, size, "there is no layout '%s' in %s", name, path);
    }
    writer = layout_file_begin(root, name);
    json_free(root);
    json_write_object_end(writer);
    return layout_file_write(path, json_writer_finish(writer), error, size);
}
