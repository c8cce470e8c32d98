/* SPDX-License-Identifier: MIT */
/* consoled with a fake hypervisor and store, run turn by turn, and clients made of bare sockets. */
#ifndef CONSOLE_TEST_DAEMON_H
#define CONSOLE_TEST_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "consoled.h"
#include "protocol.h"

#define UUID_A "0a0a0a0a-0000-0000-0000-000000000001"
#define UUID_B "0b0b0b0b-0000-0000-0000-000000000002"

extern struct consoled the_daemon;
extern char socket_path[200];

/* For each test: an empty world with the daemon in it. */
int daemon_setup(void **state);
int daemon_teardown(void **state);

/* Ends it as kill -9 does, as far as the fakes can tell, and starts another one. */
void daemon_restart(void);

/* Runs the daemon until nothing happens any more, but for what needs time. */
void daemon_settle(void);

/* What a client has got, apart from its text. */
struct peer {
    int fd;
    bool hello, attached, replayed, closed;
    struct console_attached info;
    unsigned int notices, entries, lists;
    struct console_entry entry[8];
    struct console_sentence last; /* of a NOTICE, END or ERROR */
    int end, error;               /* the code of END and ERROR, or 0 */
    size_t length;
    char text[3 << 20]; /* DATA, always with a NUL behind */
    struct console_reader in;
};

/* Connects, and peer_new() says HELLO too. To be freed by peer_close(). */
struct peer *peer_connect(void);
struct peer *peer_new(void);
void peer_close(struct peer *peer);

/* peer_new() and ATTACH, settled. */
struct peer *peer_attach(const char *guest, uint8_t flags);

/* Sends bytes as they are; false if the socket doesn't take them all. */
bool peer_send(struct peer *peer, const void *buf, size_t length);
bool peer_put(struct peer *peer, enum console_frame_type type, const void *payload, size_t length);
void peer_type(struct peer *peer, const char *text);

/* Takes what has come. */
void peer_read(struct peer *peer);

/* Settles daemon and peer. */
void peer_settle(struct peer *peer);

bool peer_ends_with(const struct peer *peer, const char *text);

#endif
