/* SPDX-License-Identifier: MIT */
/*
 * A console's log file, DIR/console-NAME.log: all of the console's bytes as they are. It is fed
 * from the scrollback, where it has a position like any reader; so a file that can't be written for
 * a while is completed later, and says how much was lost if that took too long.
 *
 * When it would grow beyond CONLOG_SIZE the file is renamed to *.log.1, which it replaces. Both
 * together always hold a whole scrollback, which is read back from them after a restart.
 */
#ifndef CONSOLE_LOG_H
#define CONSOLE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scrollback.h"

#define CONLOG_SIZE (2u * 1024 * 1024)

/* ns between attempts to write a file that failed, and between looks whether it is still there. */
#define CONLOG_RETRY 5000000000ull
#define CONLOG_CHECK 1000000000ull

struct conlog {
    char *path;        /* NULL: there is no memory for it, and no log */
    int fd;            /* -1: not open */
    uint64_t size;     /* of the file, when open */
    uint64_t check_at; /* when to look at the file itself again */
    uint64_t position;
    uint64_t retry_at; /* not before this time, after a failure */
    bool failing;      /* and it has been reported */
};

/* Names the log of the console @name in the folder @dir. Nothing is opened yet. */
void conlog_init(struct conlog *log, const char *dir, const char *name);
void conlog_close(struct conlog *log);

/* Writes what the scrollback has and the log hasn't. @now in ns. Failures are reported once. */
void conlog_pump(struct conlog *log, const struct scrollback *sb, uint64_t now);

/* Whether something is still to be written, at retry_at. */
bool conlog_is_behind(const struct conlog *log, const struct scrollback *sb);

/* Reads the last bytes of the log, at most @size; returns how many. */
size_t conlog_tail(const struct conlog *log, char *buf, size_t size);

#endif
