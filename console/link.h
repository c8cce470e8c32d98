/* SPDX-License-Identifier: MIT */
/* A client's connection with consoled. Functions return 0 or -errno. */
#ifndef CONSOLE_LINK_H
#define CONSOLE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

struct console_link {
    int fd;
    struct console_reader in;
    size_t out_length;
    uint8_t out[2 * CONSOLE_FRAME_MAX];
};

/* Connects and exchanges HELLO. */
int link_open(struct console_link *link, const char *path);
void link_close(struct console_link *link);

/* Whether there is room for a frame of any size in what waits to be sent. */
bool link_has_room(const struct console_link *link);

/* Put a frame into that; it is dropped if there is no room. */
void link_put(struct console_link *link, enum console_frame_type type, const void *payload,
              size_t length);
void link_put_window(struct console_link *link, uint16_t columns, uint16_t rows);

/* Send what waits, receive what comes: as much as is possible without waiting (-EAGAIN if that is
 * nothing). -EPIPE if consoled has gone. */
int link_send(struct console_link *link);
int link_receive(struct console_link *link);

/* Waits for the next frame, sending meanwhile. -ETIMEDOUT if that takes longer than a daemon that
 * works needs. */
int link_next(struct console_link *link, struct console_frame *frame);

/* Asks to attach and waits for the answer, ATTACHED or ERROR. */
int link_ask_attach(struct console_link *link, const struct console_attach *attach,
                    struct console_frame *answer);

#endif
