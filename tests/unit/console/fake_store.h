/* SPDX-License-Identifier: MIT */
/* A ctl/store.h without a daemon: what consoled uses of it, on a small table of nodes. */
#ifndef CONSOLE_FAKE_STORE_H
#define CONSOLE_FAKE_STORE_H

#include <stdbool.h>
#include <stdint.h>

/* Empty, and reachable. */
void fake_store_reset(void);

/* Writes a node, and fires watches. NULL removes it and all below it. */
void fake_store_set(const char *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A node's value, until it is written again; NULL: it isn't there. */
const char *fake_store_get(const char *path);

/* Adds a domain with a console, and introduces it. @uuid may be NULL. */
void fake_store_add_guest(uint32_t domid, const char *name, const char *uuid);

/* Introduces or releases a domain, with the event that tells. */
void fake_store_introduce(uint32_t domid, bool introduced);

/* Releases the domain and removes its nodes. */
void fake_store_remove_guest(uint32_t domid);

/* The daemon goes away (connections break, new ones are refused), or comes back. */
void fake_store_run(bool running);

/* The daemon is there, but answers nothing in time; or does again. */
void fake_store_hang(bool hang);

/* Watches that are set. */
unsigned int fake_store_watches(void);

#endif
