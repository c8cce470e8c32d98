/* SPDX-License-Identifier: MIT */
/*
 * Clients on the daemon's unix socket. Who may open it is dom0.
 */
#ifndef STORED_SOCKET_H
#define STORED_SOCKET_H

#include "loop.h"
#include "store.h"

/* Listens on @path; -errno, with a line in the log. */
int socket_listen(struct loop *loop, struct store *store, const char *path);

/* Listens on a socket that listens already, and is non-blocking. */
void socket_serve(struct loop *loop, struct store *store, int fd);

/* Serves a connected socket, as if it had been accepted. */
void socket_add(struct loop *loop, struct store *store, int fd);

/* Ends the connections that are at their end. Between other things, not within any of them. */
void socket_reap(void);

/* Ends all, and the listening. */
void socket_close_all(void);

#endif
