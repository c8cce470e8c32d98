/* SPDX-License-Identifier: MIT */
/*
 * The journal: a file from which the state can be recovered at any instant, also after kill -9.
 *
 * It is a header, then batches of records, each batch with its length and CRC-32. What one request
 * does is in one batch; a batch that was cut off by the daemon's end is as if it had not been. When
 * the file has grown to more than twice what the state needs, it is written anew and renamed over
 * the old one. It is to lie in a tmpfs: nothing is synced to a disk, and a file of another boot is
 * ignored.
 */
#ifndef STORED_JOURNAL_H
#define STORED_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util.h"

/* The file is written anew when it is larger than twice the state and this. */
#define JOURNAL_SLACK (1 << 20)

struct store;
struct journal;

/* Called for the content of each batch: 0, or -1 if that makes no sense. */
typedef int journal_replay_fn(const char *data, size_t length, void *context);

/* Reads the journal at @path. Returns the number of batches, 0 without a file, or -errno. */
long journal_replay(const char *path, journal_replay_fn *replay, void *context);

/*
 * Starts a journal at @path with a snapshot of @store, replacing what is there. NULL if it can't be
 * written, with a line in the log.
 */
struct journal *journal_start(const char *path, struct store *store);
void journal_close(struct journal *journal);

/* What is to be in the next batch. */
struct buffer *journal_batch(struct journal *journal);

/* Writes the batch; @store is for when the journal is to be written anew. */
void journal_commit(struct journal *journal, struct store *store);

#endif
