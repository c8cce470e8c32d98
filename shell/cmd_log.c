/* SPDX-License-Identifier: MIT */
#include "command.h"
#include "config.h"
#include "guest.h"
#include "output.h"
#include "table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINES_PRESET = 100, FOLLOW_MS = 250, BLOCK = 1 << 16 };

static const char guest_prefix[] = "console-";
static const char suffix[] = ".log";

/* --- the list of logs ------------------------------------------------------------- */

static int is_log(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > strlen(suffix) && !strcmp(entry->d_name + length - strlen(suffix), suffix);
}

/* The name that `log` takes: "console-demo.log" is "demo", "stored.log" is "stored". */
static const char *log_name(char *file)
{
    file[strlen(file) - strlen(suffix)] = 0;
    bool guest = !strncmp(file, guest_prefix, strlen(guest_prefix));
    return guest ? file + strlen(guest_prefix) : file;
}

static void add_log(const char *name, const struct stat *status, struct table *table,
                    struct json_writer *writer)
{
    if (writer) {
        json_write_object_begin(writer);
        json_write_key(writer, "name");
        json_write_string(writer, name);
        json_write_key(writer, "bytes");
        json_write_uint(writer, (uint64_t)status->st_size);
        json_write_key(writer, "modified");
        json_write_uint(writer, (uint64_t)status->st_mtime);
        json_write_object_end(writer);
        return;
    }
    char when[32];
    struct tm local;
    strftime(when, sizeof(when), "%F %T", localtime_r(&status->st_mtime, &local));
    table_add(table, "%s", name);
    table_add(table, "%" PRIu64, ((uint64_t)status->st_size + 1023) / 1024);
    table_add(table, "%s", when);
}

static int list_logs(struct shell *shell, bool json)
{
    static const char *const titles[] = { "NAME", ">SIZE(KiB)", "MODIFIED", NULL };
    struct dirent **entries;
    struct table table;
    int count = scandir(shell->log_folder, &entries, is_log, alphasort);
    if (count < 0) {
        shell_error(shell, "%s cannot be read: %m", shell->log_folder);
        return SHELL_FAILED;
    }
    struct json_writer *writer = json ? output_json_begin() : NULL;
    table_init(&table, titles);
    if (writer)
        json_write_array_begin(writer);
    for (int i = 0; i < count; i++) {
        char path[600];
        struct stat status;
        snprintf(path, sizeof(path), "%s/%s", shell->log_folder, entries[i]->d_name);
        if (!stat(path, &status))
            add_log(log_name(entries[i]->d_name), &status, &table, writer);
        free(entries[i]);
    }
    free(entries);
    if (writer) {
        json_write_array_end(writer);
        output_json_end(shell, writer);
    } else {
        table_print(&table, shell->out);
    }
    return SHELL_OK;
}

/* --- one log ----------------------------------------------------------------------- */

/* Where the last @lines lines of a file of @size bytes begin. */
static off_t find_tail(int fd, off_t size, uint64_t lines)
{
    static _Thread_local char block[BLOCK];
    /* A newline at the very end separates no two lines. */
    off_t end = size - 1;

    if (!lines)
        return size;
    while (end > 0) {
        off_t start = end > BLOCK ? end - BLOCK : 0;
        ssize_t got = pread(fd, block, (size_t)(end - start), start);
        if (got <= 0)
            return start;
        for (ssize_t i = got - 1; i >= 0; i--)
            if (block[i] == '\n' && --lines == 0)
                return start + i + 1;
        end = start;
    }
    return 0;
}

/* Writes what the file has from *offset on, and advances it. False when it can't be read. */
static bool copy_from(struct shell *shell, int fd, off_t *offset)
{
    static _Thread_local char block[BLOCK];
    ssize_t got;
    while ((got = pread(fd, block, sizeof(block), *offset)) > 0) {
        output_foreign(shell->out, block, (size_t)got);
        *offset += got;
        if (shell_interrupted)
            break;
    }
    fflush(shell->out);
    return got >= 0;
}

/* Opens the log of a guest or of a daemon. -1 with errno when there is none. */
static int open_log(struct shell *shell, const char *name)
{
    char path[600];
    if (!pando_name_valid(name)) {
        errno = ENOENT;
        return -1;
    }
    snprintf(path, sizeof(path), "%s/%s%s%s", shell->log_folder, guest_prefix, name, suffix);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        snprintf(path, sizeof(path), "%s/%s%s", shell->log_folder, name, suffix);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

/* When the log has been put aside and begun anew, *fd becomes the new one. */
static void notice_rotation(struct shell *shell, const char *name, int *fd, off_t *offset)
{
    struct stat before, now;
    int other = open_log(shell, name);
    if (other < 0)
        return;
    if (fstat(*fd, &before) || fstat(other, &now) ||
        (before.st_ino == now.st_ino && now.st_size >= *offset)) {
        close(other);
        return;
    }
    close(*fd);
    *fd = other;
    *offset = 0;
}

/* Prints the log from an offset up to its present end as JSON. */
static bool print_json(struct shell *shell, int fd, off_t offset, off_t size)
{
    size_t length = size > offset ? (size_t)(size - offset) : 0, done = 0;
    char *text = shell_need(malloc(length + 1));
    ssize_t got = 1;
    while (done < length && got > 0) {
        got = pread(fd, text + done, length - done, offset + (off_t)done);
        done += got > 0 ? (size_t)got : 0;
    }
    if (got >= 0)
        output_foreign_json(shell, text, done);
    free(text);
    return got >= 0;
}

static int show_log(struct shell *shell, const char *name, uint64_t lines, bool follow, bool json)
{
    int fd = open_log(shell, name);
    struct stat file;
    int status = SHELL_OK;

    if (fd < 0 && errno == ENOENT) {
        shell_error(shell, "there is no log of \"%s\"; `log` lists those that there are", name);
        return SHELL_FAILED;
    }
    if (fd < 0 || fstat(fd, &file)) {
        shell_error(shell, "the log of \"%s\" cannot be read: %m", name);
        if (fd >= 0)
            close(fd);
        return SHELL_FAILED;
    }
    off_t offset = find_tail(fd, file.st_size, lines);
    for (;;) {
        if (!(json ? print_json(shell, fd, offset, file.st_size) : copy_from(shell, fd, &offset))) {
            shell_error(shell, "the log of \"%s\" cannot be read: %m", name);
            status = SHELL_FAILED;
            break;
        }
        if (shell_interrupted)
            status = SHELL_INTERRUPTED;
        if (!follow || shell_interrupted || ferror(shell->out))
            break;
        poll(NULL, 0, FOLLOW_MS);
        notice_rotation(shell, name, &fd, &offset);
    }
    close(fd);
    return status;
}

static int run(struct shell *shell, const struct arguments *arguments)
{
    const char *text = option_value(arguments, "lines");
    uint64_t lines = LINES_PRESET;
    if (text && !strcmp(text, "all")) {
        lines = UINT64_MAX;
    } else if (text && !parse_number(text, UINT64_MAX, &lines)) {
        shell_error(shell, "--lines: found \"%s\", expected a number or all", text);
        return SHELL_USAGE;
    }
    bool follow = option_given(arguments, "follow"), json = option_given(arguments, "json");
    if (!arguments->count)
        return list_logs(shell, json);
    if (follow && json) {
        shell_error(shell, "--json is printed at the end, and --follow has none");
        return SHELL_USAGE;
    }
    return show_log(shell, arguments->words[0], lines, follow, json);
}

static const struct option_info options[] = {
    { "lines", "N", "show the last N lines (100 if not given), or all" },
    { "follow", NULL, "go on with what comes, until Ctrl-C" },
    OPTION_JSON,
    { NULL },
};

const struct command cmd_log = {
    .name = "log",
    .arguments = "[NAME]",
    .summary = "show the log of a guest's console or of a daemon",
    .help = "NAME is that of a guest, also of one that is gone, or of a daemon: stored, consoled, "
            "monitord. Without it, the logs that there are in /var/log/pando are listed.",
    .options = options,
    .most = 1,
    .complete = { COMPLETE_LOG, COMPLETE_NOTHING },
    .output = output_log,
    .run = run,
};
