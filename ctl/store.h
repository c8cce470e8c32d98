/* SPDX-License-Identifier: MIT */
/*
 * A client of the store daemon: the xenstore wire protocol of <xen/io/xs_wire.h> over its socket.
 *
 * Calls block until the daemon has answered. A handle may be used by several threads; a request and
 * its answer are one unit. Watch events that arrive meanwhile are queued in the handle.
 *
 * Functions return 0 or a negative errno, either the daemon's (-ENOENT, -EACCES, -EAGAIN, ...) or
 * the connection's (-EPIPE when the daemon has gone, -EPROTO when it talks nonsense). A connection
 * that has failed stays failed: close it and open another.
 */
#ifndef PANDO_STORE_H
#define PANDO_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_SOCKET "/run/xenstored/socket"

/* No transaction. */
#define STORE_TX_NONE 0u

struct store;

/* Connects to the daemon, to @path or, if NULL, to STORE_SOCKET. *store is set on success only. */
int store_open(struct store **store, const char *path);

/*
 * The same for who must not be kept waiting: neither connecting nor any request takes longer than
 * @limit_ms, after which it fails with -ETIMEDOUT, and the connection with it.
 */
int store_open_within(struct store **store, const char *path, int limit_ms);

/* Takes over a connected stream socket. NULL without memory (the socket stays the caller's). */
struct store *store_open_fd(int fd);

void store_close(struct store *store);

/* The negative errno by which the connection has failed for good, or 0. */
int store_failure(struct store *store);

/* The socket, for poll(): readable means that store_watch_next() with a timeout of 0 may have
 * something. Events already queued do not show here, so drain them first. */
int store_fd(const struct store *store);

/* Reads a node. *value is NUL-terminated (the NUL isn't counted in *length, which may be NULL), to
 * be freed. */
int store_read(struct store *store, uint32_t tx, const char *path, char **value, size_t *length);

/* The same into a buffer of @size bytes, NUL-terminated; -ENOSPC if it does not fit. */
int store_read_buf(struct store *store, uint32_t tx, const char *path, char *buf, size_t size);

/* Reads a decimal number; -EINVAL if the node isn't one. */
int store_read_u64(struct store *store, uint32_t tx, const char *path, uint64_t *value);

/* Writes a node; parents are made. */
int store_write(struct store *store, uint32_t tx, const char *path, const void *value,
                size_t length);
int store_write_str(struct store *store, uint32_t tx, const char *path, const char *value);
int store_write_fmt(struct store *store, uint32_t tx, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

int store_mkdir(struct store *store, uint32_t tx, const char *path);

/* Removes a node and all below it; -ENOENT if there is none. */
int store_rm(struct store *store, uint32_t tx, const char *path);

/* Names of a node's children: *names is an array of *count strings in one allocation to be freed.
 */
int store_directory(struct store *store, uint32_t tx, const char *path, char ***names,
                    size_t *count);

/* A permission: 'n' none, 'r' read, 'w' write, 'b' both. The first one of a list names the owner
 * and what everybody not listed may do. */
struct store_perm {
    char access;
    uint32_t domid;
};

int store_set_perms(struct store *store, uint32_t tx, const char *path,
                    const struct store_perm *perms, size_t count);
/* *perms is to be freed. */
int store_get_perms(struct store *store, uint32_t tx, const char *path, struct store_perm **perms,
                    size_t *count);

/*
 * Transactions. store_tx_end() with @commit returns -EAGAIN if something that the transaction has
 * seen has changed: do it all again.
 */
int store_tx_start(struct store *store, uint32_t *tx);
int store_tx_end(struct store *store, uint32_t tx, bool commit);

/* Watches. The daemon sends one event at once for each new watch. */
int store_watch(struct store *store, const char *path, const char *token);
int store_unwatch(struct store *store, const char *path, const char *token);

struct store_event {
    char *path;  /* what changed */
    char *token; /* as given to store_watch(); in the same allocation as path */
};

/*
 * Takes the next watch event, waiting for it at most @timeout_ms (-1: for ever): -ETIMEDOUT if none
 * comes. store_event_free() gives back what it filled.
 */
int store_watch_next(struct store *store, int timeout_ms, struct store_event *event);
void store_event_free(struct store_event *event);

/* Tells the daemon about a guest's ring: frame (gfn) of its page, and the guest's port for it. */
int store_introduce(struct store *store, uint32_t domid, uint64_t gfn, uint32_t port);
int store_release(struct store *store, uint32_t domid);
int store_is_introduced(struct store *store, uint32_t domid, bool *introduced);

/* "/local/domain/N"; to be freed. */
int store_domain_path(struct store *store, uint32_t domid, char **path);

#endif
