/* SPDX-License-Identifier: MIT */
/* A host with a handful of guests, in place of the control library. */
#ifndef FAKE_PANDO_H
#define FAKE_PANDO_H

#include "pando.h"

struct fake_host {
    bool absent;                     /* pando_open() fails */
    enum pando_code fail;            /* what the next call that changes something returns */
    const char *fail_key;            /* its key */
    struct pando_domain domains[16]; /* in use: with a name */
    char *configs[16];               /* of the domains; freed by fake_reset() */
    uint32_t next_id;
    uint32_t nameless; /* that domain has no name yet; 0: none */
    bool obedient;     /* guests power off and reboot when they are asked */
    bool restarts;     /* a guest that has rebooted is created again */
    const char *log;
    int64_t started; /* when all guests were created; 0: nobody knows */
    unsigned pauses, creations, shutdowns, looks; /* calls; looks: at event channels */
    bool created_paused;
    bool foreign;      /* the hypervisor is not Pando: it tells less */
    uint64_t clock_ns; /* its clock: what vCPUs have done adds up to it */
    char device[200];  /* the last call about one */
};

extern struct fake_host fake;

/* A host with Domain-0 and the guests "web" (1, running), "db" (2, paused), "old" (3, crashed). */
void fake_reset(void);

#endif
