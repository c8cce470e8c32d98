/* SPDX-License-Identifier: MIT */
/* A console daemon with one guest, in a thread: the real protocol, and what a test has it say. */
#ifndef FAKE_CONSOLED_H
#define FAKE_CONSOLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Set before the start, or while no client is attached. */
struct fake_consoled {
    const char *guest; /* NULL: it has none */
    uint32_t domid;
    bool ended;
    bool deaf;          /* never says that input has been taken */
    bool ends_clients;  /* ends a connection in place of answering DETACH */
    const char *answer; /* what is said when something was typed */
    unsigned attached;  /* attachments so far */
    char typed[20000];
    size_t typed_length;
};

extern struct fake_consoled fake_consoled;

/* Starts it with an empty scrollback, on a socket at that path. */
void fake_consoled_start(const char *path);
void fake_consoled_stop(void);

/* What the guest writes. */
void fake_consoled_say(const char *text);
void fake_consoled_say_bytes(const void *bytes, size_t length);

#endif
