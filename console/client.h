/* SPDX-License-Identifier: MIT */
/*
 * consoled's side of a client's connection, see protocol.h.
 *
 * A client has no queue of output: it reads from its console's scrollback at its own pace, and when
 * it is so slow that bytes which it hasn't seen are dropped from there, it is told how many it has
 * lost. What it types waits in its socket while the guest doesn't take more.
 */
#ifndef CONSOLE_CLIENT_H
#define CONSOLE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"
#include "protocol.h"

#define CLIENT_OUT_SIZE (4u * CONSOLE_FRAME_MAX)

/* ns that a client has for its HELLO, and to take its last frame. */
#define CLIENT_PATIENCE 10000000000ull

/* ns for which a guest waits for a client that reads nothing. */
#define CLIENT_HOLD 3000000000ull

enum client_state {
    CLIENT_NEW,      /* has not said HELLO */
    CLIENT_READY,    /* may LIST and ATTACH */
    CLIENT_ATTACHED, /* to its guest */
    CLIENT_CLOSING,  /* is sent what is in the buffer, then closed */
};

struct client {
    int fd;
    enum client_state state;
    uint64_t deadline; /* when NEW or CLOSING */
    struct console_reader in;
    bool parked; /* the next frame waits for room: in the guest's input, or in out */
    size_t out_length;
    uint8_t out[CLIENT_OUT_SIZE];
    bool listing;
    uint64_t list_id;    /* of the console listed last */
    struct guest *guest; /* when ATTACHED */
    unsigned int domain; /* the how many-th of the guest's domains it attached to */
    bool read_only, follow, replaying;
    uint64_t position;   /* in the scrollback */
    uint64_t replay_end; /* the position where REPLAYED is sent */
    uint64_t moved_at;   /* when it last took something, or had nothing to take */
    uint16_t columns, rows;
};

/* Takes over a connected socket, which must be non-blocking. NULL without memory. */
struct client *client_new(int fd, uint64_t now);

/* Also closes the socket, and leaves the guest. */
void client_free(struct client *client);

/* The position in its guest's scrollback from which on it must not lose anything. UINT64_MAX: it
 * may, or has no guest. */
uint64_t client_needs(const struct client *client, uint64_t now);

/* What to poll its socket for. */
short client_events(const struct client *client, const struct guests *guests);

/* Whether it can go on without anything happening on its socket. */
bool client_is_runnable(const struct client *client);

/* Does what can be done now; @revents is what poll() said. False: it is over, free it. */
bool client_turn(struct client *client, struct guests *guests, short revents, uint64_t now);

/* Makes this its last frame: END or ERROR, with that code and sentence. */
void client_finish(struct client *client, enum console_frame_type type, uint8_t code,
                   const char *sentence, uint64_t now);

#endif
