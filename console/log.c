/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file name has at most 255 bytes, and a byte of a guest's name may need three. */
#define NAME_BYTES 70

/* Puts a guest's name into a form that is harmless in a file name: odd bytes become %XX. */
static void escape_name(const char *name, char *to)
{
    for (int i = 0; name[i] && i < NAME_BYTES; i++) {
        unsigned char c = (unsigned char)name[i];

        if (isalnum(c) || strchr("-_.+", c)) {
            *to++ = (char)c;
        } else {
            to += sprintf(to, "%%%02X", c);
        }
    }
    *to = '\0';
}

void conlog_init(struct conlog *log, const char *dir, const char *name)
{
    char escaped[3 * NAME_BYTES + 1];

    *log = (struct conlog){ .fd = -1 };
    escape_name(name, escaped);
    if (asprintf(&log->path, "%s/console-%s.log", dir, escaped) < 0) {
        log->path = NULL;
    }
}

void conlog_close(struct conlog *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    free(log->path);
    *log = (struct conlog){ .fd = -1 };
}

static int conlog_open(struct conlog *log)
{
    log->fd =
        open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    return log->fd < 0 ? -errno : 0;
}

static char *old_path(const struct conlog *log)
{
    char *path;

    return asprintf(&path, "%s.1", log->path) < 0 ? NULL : path;
}

static int conlog_rotate(struct conlog *log)
{
    char *old = old_path(log);
    int err;

    if (!old) {
        return -ENOMEM;
    }
    err = rename(log->path, old) ? -errno : 0;
    free(old);
    if (err) {
        return err;
    }
    close(log->fd);
    return conlog_open(log);
}

/* Opens the file if it isn't, or if it is no longer in its folder: somebody has removed it. */
static int conlog_check(struct conlog *log, uint64_t now)
{
    struct stat st;
    int err;

    log->check_at = now + CONLOG_CHECK;
    if (log->fd >= 0 && (fstat(log->fd, &st) || st.st_nlink == 0)) {
        close(log->fd);
        log->fd = -1;
    }
    if (log->fd < 0) {
        err = conlog_open(log);
        if (err) {
            return err;
        }
    }
    if (fstat(log->fd, &st)) {
        return -errno;
    }
    log->size = (uint64_t)st.st_size;
    return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

/* Makes the file ready for @length more bytes. */
static int conlog_prepare(struct conlog *log, size_t length, uint64_t now)
{
    int err = log->fd < 0 || now >= log->check_at ? conlog_check(log, now) : 0;

    if (!err && log->size && log->size + length > CONLOG_SIZE) {
        err = conlog_rotate(log);
        log->size = 0;
    }
    return err;
}

/* Returns the bytes written, which may be less than asked for on a full disk, or -errno. */
static ssize_t conlog_write(struct conlog *log, const char *buf, size_t length, uint64_t now)
{
    size_t done = 0;
    int err = conlog_prepare(log, length, now);

    if (err) {
        return err;
    }
    while (done < length) {
        ssize_t n = write(log->fd, buf + done, length - done);

        if (n < 0 && errno != EINTR) {
            return done ? (ssize_t)done : -errno;
        }
        done += n > 0 ? (size_t)n : 0;
        log->size += n > 0 ? (uint64_t)n : 0;
    }
    return (ssize_t)done;
}

static void conlog_failed(struct conlog *log, int err, uint64_t now)
{
    log->retry_at = now + CONLOG_RETRY;
    if (!log->failing) {
        report("%s: %s; the console goes on, and the log will be completed when it can be written",
               log->path, strerror(-err));
    }
    log->failing = true;
}

bool conlog_is_behind(const struct conlog *log, const struct scrollback *sb)
{
    return log->path && log->position != sb->end;
}

void conlog_pump(struct conlog *log, const struct scrollback *sb, uint64_t now)
{
    char buf[4096];

    if (!log->path || now < log->retry_at) {
        return;
    }
    while (log->position != sb->end) {
        uint64_t position = log->position, lost;
        size_t length = scrollback_read(sb, &position, buf, sizeof(buf), &lost);
        ssize_t written;

        if (lost) {
            char text[64];
            int n =
                snprintf(text, sizeof(text), "\r\n[pando: %" PRIu64 " bytes not logged]\r\n", lost);

            written = conlog_write(log, text, (size_t)n, now);
            if (written >= 0) {
                log->position += lost;
            }
        } else {
            written = conlog_write(log, buf, length, now);
            if (written > 0) {
                log->position += (uint64_t)written;
            }
        }
        if (written < 0) {
            conlog_failed(log, (int)written, now);
            return;
        }
        log->failing = false;
    }
}

/* Reads the last @size bytes of a file, if it has as many. */
static size_t read_tail(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    size_t done = 0;
    ssize_t n = 1;

    if (fd < 0) {
        return 0;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        st.st_size = 0;
    }
    if ((uint64_t)st.st_size < size) {
        size = (size_t)st.st_size;
    }
    while (done < size && n > 0) {
        n = pread(fd, buf + done, size - done, st.st_size - (off_t)(size - done));
        done += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return done;
}

size_t conlog_tail(const struct conlog *log, char *buf, size_t size)
{
    char *old = log->path ? old_path(log) : NULL;
    size_t older, newer;

    if (!old) {
        return 0;
    }
    newer = read_tail(log->path, buf, size);
    older = size - newer;
    /* What the older file adds comes first. */
    memmove(buf + older, buf, newer);
    size = read_tail(old, buf, older);
    memmove(buf + size, buf + older, newer);
    free(old);
    return size + newer;
}
