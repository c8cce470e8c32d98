/* SPDX-License-Identifier: MIT */
#include "logfile.h"
#include "shell.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a log, what is read at first, and at most in one turn. */
enum { TAIL = 1 << 20, TURN = 1 << 18 };

static const char suffix[] = ".log";

struct logfile {
    char *path;
    int fd;
    ino_t inode;
    off_t offset;
    struct lines lines;
};

static int is_log(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > strlen(suffix) && !strcmp(entry->d_name + length - strlen(suffix), suffix);
}

void logfiles_find(struct logfiles *files, const char *folder)
{
    struct dirent **entries;
    logfiles_free(files);
    int count = scandir(folder, &entries, is_log, alphasort);
    if (count < 0)
        return;
    files->names = shell_need(calloc((size_t)count + 1, sizeof(*files->names)));
    for (int i = 0; i < count; i++) {
        size_t length = strlen(entries[i]->d_name) - strlen(suffix);
        files->names[files->count++] = shell_need(strndup(entries[i]->d_name, length));
        free(entries[i]);
    }
    free(entries);
}

void logfiles_free(struct logfiles *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->names[i]);
    free(files->names);
    *files = (struct logfiles){ 0 };
}

/* Opens the file, from its end (as much as is kept) or its start on. */
static void start(struct logfile *file, bool tail)
{
    struct stat status;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    file->offset = 0;
    if (file->fd < 0 || fstat(file->fd, &status) < 0)
        return;
    file->inode = status.st_ino;
    if (tail && status.st_size > TAIL)
        file->offset = status.st_size - TAIL;
}

struct logfile *logfile_open(const char *folder, const char *name, size_t lines)
{
    struct logfile *file = shell_need(calloc(1, sizeof(*file)));
    file->fd = -1;
    if (asprintf(&file->path, "%s/%s%s", folder, name, suffix) < 0)
        shell_out_of_memory();
    lines_init(&file->lines, lines);
    start(file, true);
    logfile_read(file);
    return file;
}

void logfile_close(struct logfile *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    lines_free(&file->lines);
    free(file->path);
    free(file);
}

static void read_on(struct logfile *file)
{
    static char block[TURN];
    for (size_t turns = 0; turns < TAIL / TURN; turns++) {
        ssize_t got = file->fd < 0 ? -1 : pread(file->fd, block, sizeof(block), file->offset);
        if (got <= 0)
            return;
        lines_add(&file->lines, ROLE_TEXT, block, (size_t)got);
        file->offset += got;
    }
}

void logfile_read(struct logfile *file)
{
    struct stat status;
    read_on(file);
    if (stat(file->path, &status) == 0 &&
        (file->fd < 0 || status.st_ino != file->inode || status.st_size < file->offset)) {
        start(file, false);
        read_on(file);
    }
}

const struct lines *logfile_lines(const struct logfile *file)
{
    return &file->lines;
}
