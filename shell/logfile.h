/* SPDX-License-Identifier: MIT */
/* The logs of daemons and consoles, as lines that grow with the file. */
#ifndef SHELL_LOGFILE_H
#define SHELL_LOGFILE_H

#include "lines.h"

struct logfiles {
    char **names; /* without ".log" */
    size_t count;
};

/* Looks anew which there are in the folder. */
void logfiles_find(struct logfiles *files, const char *folder);
void logfiles_free(struct logfiles *files);

struct logfile;

/* The end of the log, at most so many lines of it. Never NULL: what can't be read is empty. */
struct logfile *logfile_open(const char *folder, const char *name, size_t lines);
void logfile_close(struct logfile *file);

/* Adds what has come since; from the start, if the file is another one by now. */
void logfile_read(struct logfile *file);
const struct lines *logfile_lines(const struct logfile *file);

#endif
