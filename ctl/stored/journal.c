/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "state.h"

#define JOURNAL_MAGIC "PANDO stored 1\n"
#define BATCH_MAX     (64u << 20) /* of a request it is a few MiB at the most */

struct file_header {
    char magic[16];
    char boot[40];
};

struct batch_header {
    uint32_t length;
    uint32_t crc;
};

struct journal {
    int fd;
    char *path;
    struct buffer batch;
    size_t size;  /* of the file */
    size_t base;  /* of the file when it was last written anew */
    bool failing; /* the last write has failed: write it anew as soon as possible */
};

/* Domains and rings don't survive a boot, nor does what was stored about them. */
static void make_header(struct file_header *header)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    *header = (struct file_header){ .magic = JOURNAL_MAGIC };
    if (fd >= 0) {
        if (read(fd, header->boot, sizeof(header->boot) - 1) < 0) {
            header->boot[0] = '\0';
        }
        close(fd);
    }
}

static int write_all(int fd, const void *data, size_t length)
{
    const char *p = data;

    while (length) {
        ssize_t n = write(fd, p, length);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            p += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

/* One write for header and content keeps the time short in which a batch is not whole. */
static int write_batch(struct journal *journal)
{
    struct buffer *batch = &journal->batch;
    struct batch_header header = {
        .length = (uint32_t)(batch->length - sizeof(header)),
        .crc = (uint32_t)crc32(0, (unsigned char *)batch->data + sizeof(header),
                               (unsigned int)(batch->length - sizeof(header))),
    };
    int err;

    memcpy(batch->data, &header, sizeof(header));
    err = write_all(journal->fd, batch->data, batch->length);
    journal->size += batch->length;
    batch->length = 0;
    return err;
}

struct buffer *journal_batch(struct journal *journal)
{
    if (!journal->batch.length) {
        struct batch_header room = { 0 };

        buffer_add(&journal->batch, &room, sizeof(room));
    }
    return &journal->batch;
}

/* A snapshot goes out in batches of some size, not as a second copy of all in memory. */
static int snapshot_flush(struct journal *journal)
{
    return journal->batch.length ? write_batch(journal) : 0;
}

static int snapshot_step(struct journal *journal)
{
    return journal->batch.length > (256 << 10) ? snapshot_flush(journal) : 0;
}

static int write_anew(struct journal *journal, struct store *store)
{
    struct file_header header;
    char path[4096];
    int fd, old = journal->fd, err;

    snprintf(path, sizeof(path), "%s.new", journal->path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    journal->fd = fd;
    journal->batch.length = 0;
    journal->size = sizeof(header);
    make_header(&header);
    err = write_all(fd, &header, sizeof(header));
    if (!err) {
        err = state_snapshot(store, journal, snapshot_step);
    }
    if (!err) {
        err = snapshot_flush(journal);
    }
    if (!err && rename(path, journal->path) < 0) {
        err = -errno;
    }
    if (err) {
        journal->fd = old;
        journal->batch.length = 0;
        close(fd);
        unlink(path);
        return err;
    }
    if (old >= 0) {
        close(old);
    }
    journal->base = journal->size;
    return 0;
}

struct journal *journal_start(const char *path, struct store *store)
{
    struct journal *journal = xcalloc(1, sizeof(*journal));
    int err;

    journal->fd = -1;
    journal->path = xstrdup(path);
    err = write_anew(journal, store);
    if (err) {
        log_line("%s: %s: can't write the state there", path, strerror(-err));
        journal_close(journal);
        return NULL;
    }
    return journal;
}

void journal_close(struct journal *journal)
{
    if (!journal) {
        return;
    }
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    buffer_free(&journal->batch);
    free(journal->path);
    free(journal);
}

void journal_commit(struct journal *journal, struct store *store)
{
    int err = 0;

    if (!journal->batch.length) {
        return;
    }
    if (!journal->failing) {
        err = write_batch(journal);
    }
    if (err || journal->failing || journal->size > 2 * journal->base + JOURNAL_SLACK) {
        err = write_anew(journal, store);
        if (err && !journal->failing) {
            log_line("%s: %s: from now on the state would not survive a restart; make room",
                     journal->path, strerror(-err));
        } else if (!err && journal->failing) {
            log_line("%s: the state is complete again", journal->path);
        }
        journal->failing = err != 0;
    }
}

static int read_file(const char *path, struct buffer *content)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ssize_t n = 1;

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &st) < 0) {
        n = -1;
    } else {
        content->room = (size_t)st.st_size + 1;
        content->data = xmalloc(content->room);
    }
    while (n > 0 && content->length < (size_t)st.st_size) {
        n = read(fd, content->data + content->length, (size_t)st.st_size - content->length);
        content->length += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return n < 0 ? -errno : 0;
}

static long replay_batches(const struct buffer *file, journal_replay_fn *replay, void *context)
{
    size_t at = sizeof(struct file_header);
    struct batch_header header;
    long count = 0;

    while (file->length - at >= sizeof(header)) {
        const char *data = file->data + at + sizeof(header);

        memcpy(&header, file->data + at, sizeof(header));
        if (header.length > file->length - at - sizeof(header) || header.length > BATCH_MAX ||
            crc32(0, (const unsigned char *)data, header.length) != header.crc) {
            log_line("the last batch of the journal is not whole: left out");
            break;
        }
        if (replay(data, header.length, context)) {
            log_line("batch %ld of the journal makes no sense: left out with all that follow",
                     count);
            break;
        }
        count++;
        at += sizeof(header) + header.length;
    }
    return count;
}

long journal_replay(const char *path, journal_replay_fn *replay, void *context)
{
    struct buffer file = { 0 };
    struct file_header header;
    long result = read_file(path, &file);

    if (result == -ENOENT) {
        return 0;
    }
    if (!result) {
        make_header(&header);
        if (file.length < sizeof(header) || memcmp(file.data, &header, sizeof(header))) {
            log_line("%s: not of this boot or of this program: ignored", path);
        } else {
            result = replay_batches(&file, replay, context);
        }
    }
    buffer_free(&file);
    return result;
}
