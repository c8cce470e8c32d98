/* SPDX-License-Identifier: MIT */
/*
 * A store behind store.h: nodes in memory, transactions that always succeed, and back-ends that do
 * what dom0's kernel would: they come up when they are made and close when they are asked to.
 */
#ifndef CTL_FAKE_STORE_H
#define CTL_FAKE_STORE_H

#include "store.h"

struct fake_store {
    int fail_in;   /* this many requests from now one fails by -EIO; -1: none */
    bool dead;     /* no daemon */
    bool stubborn; /* back-ends do not react */
    bool racing;   /* they connect when asked to close, and close when their front-end has */
    unsigned int introduced, released;
};

extern struct fake_store fake_store;

void fake_store_reset(void);

/* Number of nodes whose path starts with @prefix. */
unsigned int fake_store_count(const char *prefix);

/* A node's value, NULL if there is none. */
const char *fake_store_value(const char *path);

#endif
