/* SPDX-License-Identifier: MIT */
/*
 * A guest's console: what outlives its domain (name, scrollback, log, clients) and, while a domain
 * is alive, the connection with its ring.
 *
 * Bytes go from the ring into the scrollback and the log before the guest gets the room in its ring
 * back; so none is lost when consoled is killed in between (some may come twice). They are taken at
 * a limited rate, and little at a time, so that a guest that writes without end waits for itself.
 * The first byte after a pause is taken at once; the next ones, of which a guest's driver writes 16
 * at a time, are gathered for a ms.
 *
 * A domain's console starts with a mark in scrollback and log. When another domain of the same name
 * comes, it continues the console if it is the same guest by its UUID, else the scrollback starts
 * anew. The marks in the log say the same to a consoled that has been restarted.
 */
#ifndef CONSOLE_GUEST_H
#define CONSOLE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bucket.h"
#include "log.h"
#include "protocol.h"
#include "ring.h"
#include "scrollback.h"
#include "xen.h"

#define GUESTS_MAX       1024u            /* consoles in all */
#define GUESTS_ENDED_MAX 32u              /* those of them without a domain */
#define GUEST_KEEP       3600000000000ull /* ns for which such a console is kept */
#define GUEST_RATE       (4u << 20)       /* bytes a second taken from a guest */
#define GUEST_BURST      (64u << 10)
#define GUEST_TURN       2048u    /* bytes taken in one turn of the loop */
#define GUEST_HELD       5000000u /* ns after which a guest that waits for a client is looked at */
#define GUEST_GATHER     1000000u /* ns for which a guest's small writes are gathered */
#define GUEST_INPUT_MAX  8192u    /* bytes for the guest that wait for room in its ring */
#define GUEST_UUID_SIZE  37u

#define TIME_NEVER       UINT64_MAX

struct guest {
    uint64_t id; /* never used again, growing */
    char name[CONSOLE_NAME_MAX + 1];
    char uuid[GUEST_UUID_SIZE]; /* "" if it has none */
    uint32_t domid;             /* also afterwards */
    bool alive;                 /* with a domain; only then the next group is valid */
    bool busy;                  /* there may be something in the ring */
    bool masked;                /* unmask the port when the ring is empty */
    void *page;
    struct ring ring;
    uint32_t port;
    struct bucket bucket;
    uint64_t needed;   /* position in the scrollback from which on a client still needs it all */
    uint64_t drain_at; /* not before this time, unless there is much in the ring */
    bool typed;        /* there is input that guests_send() hasn't seen */
    size_t input_length;
    uint8_t input[GUEST_INPUT_MAX];
    unsigned int domains; /* that it has had */
    uint64_t ended_at;    /* time at which its last one ended, */
    uint64_t end;         /* and the position in the scrollback */
    struct scrollback scrollback;
    struct conlog log;
    unsigned int clients; /* that are attached, which keeps it in existence */
};

struct guests {
    struct xen *xen;
    const char *log_dir;
    uint64_t last_id;
    size_t count;
    struct guest *all[GUESTS_MAX]; /* in the order of their ids */
};

/* Where a domain's console is, as the store tells. */
struct guest_place {
    uint32_t domid;
    uint32_t grant_ref;
    uint32_t port; /* the guest's */
    const char *name;
    const char *uuid; /* "" if unknown */
};

/* Connects with a domain's console. *guest is set on success (0). */
int guest_start(struct guests *guests, const struct guest_place *place, uint64_t now,
                struct guest **guest);

/* The domain has gone: takes what is left in its ring, and disconnects. */
void guest_end(struct guests *guests, struct guest *guest, uint64_t now);

void guest_rename(struct guests *guests, struct guest *guest, const char *name);

/* Ends use of all guests without a word in their consoles; rings are left as they are. */
void guests_close(struct guests *guests);

/* The console of the guest called @name (living ones go first), or else with that domain id or
 * UUID. */
struct guest *guests_find(struct guests *guests, const char *name);

/* The first console with an id above @id, or NULL. */
struct guest *guests_next(struct guests *guests, uint64_t id);

/* Takes events that are there, perhaps not all. */
void guests_events(struct guests *guests);

/* Sends what has just been typed, as far as there is room. The rest goes in guests' turns. */
void guests_send(struct guests *guests);

/* Moves bytes for all guests, each at most GUEST_TURN, and drops consoles kept for long enough.
 * Returns the time at which it wants to be called again. */
uint64_t guests_turn(struct guests *guests, uint64_t now);

/* Queues bytes for the guest: all, or none for lack of room (false). */
bool guest_type(struct guest *guest, const void *buf, size_t length);

#endif
