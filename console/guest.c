/* SPDX-License-Identifier: MIT */
#include "guest.h"
#include "mark.h"
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A guest that is at its limit is let wait until it may go on for so many bytes. */
#define DRAIN_LEAST   512u

#define EVENTS_A_TURN 64u

static void append(struct guest *guest, const void *buf, size_t length)
{
    if (scrollback_append(&guest->scrollback, buf, length)) {
        report("%s: no memory for its scrollback, output is lost", guest->name);
    }
}

/* --- output and input ---------------------------------------------------------- */

/* Takes what the guest has written, at most @size bytes. */
static size_t take_output(struct guest *guest, size_t size, uint64_t now)
{
    char buf[GUEST_TURN];
    unsigned int resets = guest->ring.resets;
    size_t length = ring_peek(&guest->ring, buf, size < sizeof(buf) ? size : sizeof(buf));

    if (!resets && guest->ring.resets) {
        report("%s (domain %u): its console ring's indexes make no sense, starting again where it "
               "says",
               guest->name, guest->domid);
    }
    if (length) {
        append(guest, buf, length);
        conlog_pump(&guest->log, &guest->scrollback, now);
        ring_consume(&guest->ring, length);
    }
    return length;
}

/* Bytes that can be taken without dropping some that a client has not got. */
static size_t unheld(const struct guest *guest)
{
    const struct scrollback *sb = &guest->scrollback;
    uint64_t from = guest->needed < sb->start ? sb->start : guest->needed;

    return from >= sb->end ? SCROLLBACK_SIZE : SCROLLBACK_SIZE - (size_t)(sb->end - from);
}

/* Whether there is so much that it is taken before its time. What makes no sense is not much. */
static bool is_urgent(const struct guest *guest)
{
    uint32_t pending = ring_pending(&guest->ring);

    return pending >= RING_OUT_SIZE / 2 && pending <= RING_OUT_SIZE;
}

/* One turn's output. Returns whether the guest should be notified; *wake is when to go on. */
static bool drain(struct guests *guests, struct guest *guest, uint64_t now, uint64_t *wake)
{
    uint64_t wait = bucket_wait(&guest->bucket, DRAIN_LEAST, now);
    size_t size, level, length;

    if (wait) {
        *wake = now + wait;
        return false;
    }
    if (now < guest->drain_at && !is_urgent(guest)) {
        *wake = guest->drain_at;
        return false;
    }
    size = unheld(guest);
    if (!size) {
        *wake = now + GUEST_HELD;
        return false;
    }
    guest->drain_at = now + GUEST_GATHER;
    level = bucket_level(&guest->bucket, now);
    length = take_output(guest, level < size ? level : size, now);
    bucket_take(&guest->bucket, length);
    if (ring_pending(&guest->ring)) {
        /* Nothing, though there is something: a guest may change its index all the time. */
        *wake = length ? now : guest->drain_at;
        return length != 0;
    }
    guest->busy = false;
    if (guest->masked) {
        guest->masked = false;
        xen_unmask(guests->xen, guest->port);
    }
    return length != 0;
}

static bool send_input(struct guest *guest)
{
    size_t length = ring_write(&guest->ring, guest->input, guest->input_length);

    guest->input_length -= length;
    memmove(guest->input, guest->input + length, guest->input_length);
    return length != 0;
}

bool guest_type(struct guest *guest, const void *buf, size_t length)
{
    if (!guest->alive) {
        return true; /* nobody is there to read it */
    }
    if (length > sizeof(guest->input) - guest->input_length) {
        return false;
    }
    memcpy(guest->input + guest->input_length, buf, length);
    guest->input_length += length;
    guest->typed = true;
    return true;
}

static uint64_t guest_turn(struct guests *guests, struct guest *guest, uint64_t now)
{
    uint64_t wake = TIME_NEVER;
    bool notify = false;

    if (guest->alive) {
        notify = guest->input_length && send_input(guest);
        if (guest->busy) {
            notify |= drain(guests, guest, now, &wake);
        }
        if (notify) {
            xen_notify(guests->xen, guest->port);
        }
    }
    conlog_pump(&guest->log, &guest->scrollback, now);
    if (conlog_is_behind(&guest->log, &guest->scrollback) && guest->log.retry_at < wake) {
        wake = guest->log.retry_at;
    }
    return wake;
}

void guests_events(struct guests *guests)
{
    uint32_t ports[EVENTS_A_TURN];
    int count = xen_take_events(guests->xen, ports, EVENTS_A_TURN);

    for (size_t i = 0; i < guests->count && count; i++) {
        struct guest *guest = guests->all[i];
        bool notified = count < 0;

        for (int k = 0; k < count && !notified; k++) {
            notified = ports[k] == guest->port;
        }
        if (guest->alive && notified) {
            guest->busy = guest->masked = true;
        }
    }
}

void guests_send(struct guests *guests)
{
    for (size_t i = 0; i < guests->count; i++) {
        struct guest *guest = guests->all[i];

        if (guest->alive && guest->typed) {
            guest->typed = false;
            if (send_input(guest)) {
                xen_notify(guests->xen, guest->port);
            }
        }
    }
}

/* --- coming and going ------------------------------------------------------------ */

static struct guest *guest_new(struct guests *guests, const char *name)
{
    struct guest *guest;

    if (guests->count == GUESTS_MAX) {
        return NULL;
    }
    guest = calloc(1, sizeof(*guest));
    if (guest) {
        guest->id = ++guests->last_id;
        guest->needed = UINT64_MAX;
        snprintf(guest->name, sizeof(guest->name), "%s", name);
        conlog_init(&guest->log, guests->log_dir, name);
        guests->all[guests->count++] = guest;
    }
    return guest;
}

static void disconnect(struct guests *guests, struct guest *guest)
{
    guest->alive = false;
    xen_unbind(guests->xen, guest->port);
    xen_unmap(guests->xen, guest->page);
}

static void guest_free(struct guests *guests, struct guest *guest)
{
    size_t i = 0;

    while (guests->all[i] != guest) {
        i++;
    }
    memmove(&guests->all[i], &guests->all[i + 1], (--guests->count - i) * sizeof(guest));
    conlog_close(&guest->log);
    scrollback_free(&guest->scrollback);
    free(guest);
}

void guests_close(struct guests *guests)
{
    while (guests->count) {
        struct guest *guest = guests->all[guests->count - 1];

        if (guest->alive) {
            disconnect(guests, guest);
        }
        guest_free(guests, guest);
    }
}

static int connect_ring(struct guests *guests, struct guest *guest, const struct guest_place *place,
                        uint64_t now)
{
    int err = xen_map(guests->xen, place->domid, place->grant_ref, &guest->page);

    if (err) {
        return err;
    }
    err = xen_bind(guests->xen, place->domid, place->port, &guest->port);
    if (err) {
        xen_unmap(guests->xen, guest->page);
        return err;
    }
    ring_init(&guest->ring, guest->page);
    bucket_init(&guest->bucket, GUEST_RATE, GUEST_BURST, now);
    guest->domid = place->domid;
    guest->input_length = 0;
    guest->drain_at = 0;
    guest->alive = guest->busy = true;
    guest->masked = false;
    guest->domains++;
    return 0;
}

/* Appends a line of consoled's own, at the start of a line. */
static void append_mark(struct guest *guest, const char *mark)
{
    uint64_t last = guest->scrollback.end - 1;
    char byte = '\n';

    if (guest->scrollback.end != guest->scrollback.start) {
        scrollback_read(&guest->scrollback, &last, &byte, 1, NULL);
    }
    if (byte != '\n') {
        append(guest, "\r\n", 2);
    }
    append(guest, mark, strlen(mark));
}

/* A console that is new to this process: gets back what the log has of the same guest. Returns
 * whether the log already has the mark of this domain. */
static bool reload(struct guest *guest)
{
    char *tail = malloc(SCROLLBACK_SIZE);
    size_t length, keep;
    bool marked;

    if (!tail) {
        return false;
    }
    length = conlog_tail(&guest->log, tail, SCROLLBACK_SIZE);
    keep = mark_find_guest(tail, length, guest->domid, guest->uuid, &marked);
    /* Not even a mark in a whole scrollback: it is all of this domain. */
    if (keep == length && length == SCROLLBACK_SIZE && !mark_is_any(tail, length)) {
        keep = 0;
        marked = true;
    }
    append(guest, tail + keep, length - keep);
    guest->log.position = guest->scrollback.end;
    free(tail);
    return marked;
}

static struct guest *find_ended(struct guests *guests, const char *name)
{
    for (size_t i = guests->count; i-- > 0;) {
        if (!guests->all[i]->alive && !strcmp(guests->all[i]->name, name)) {
            return guests->all[i];
        }
    }
    return NULL;
}

int guest_start(struct guests *guests, const struct guest_place *place, uint64_t now,
                struct guest **guest)
{
    struct guest *g = find_ended(guests, place->name);
    bool is_new = !g, marked = false, same;
    int err;

    if (is_new) {
        g = guest_new(guests, place->name);
        if (!g) {
            return -ENOMEM;
        }
    }
    err = connect_ring(guests, g, place, now);
    if (err) {
        if (is_new) {
            guest_free(guests, g);
        }
        return err;
    }
    same = place->uuid[0] && !strcmp(g->uuid, place->uuid);
    snprintf(g->uuid, sizeof(g->uuid), "%s", place->uuid);
    if (is_new) {
        marked = reload(g);
    } else if (!same) {
        conlog_pump(&g->log, &g->scrollback, now);
        scrollback_clear(&g->scrollback);
    }
    if (!marked) {
        char mark[MARK_SIZE];

        mark_start(mark, g->domid, g->uuid);
        append_mark(g, mark);
    }
    *guest = g;
    return 0;
}

void guest_end(struct guests *guests, struct guest *guest, uint64_t now)
{
    char mark[MARK_SIZE];

    take_output(guest, GUEST_TURN, now);
    disconnect(guests, guest);
    mark_end(mark, guest->domid);
    append_mark(guest, mark);
    conlog_pump(&guest->log, &guest->scrollback, now);
    guest->ended_at = now;
    guest->end = guest->scrollback.end;
}

void guest_rename(struct guests *guests, struct guest *guest, const char *name)
{
    conlog_close(&guest->log);
    snprintf(guest->name, sizeof(guest->name), "%s", name);
    conlog_init(&guest->log, guests->log_dir, name);
    guest->log.position = guest->scrollback.start;
}

/* --- all of them --------------------------------------------------------------------- */

struct guest *guests_next(struct guests *guests, uint64_t id)
{
    for (size_t i = 0; i < guests->count; i++) {
        if (guests->all[i]->id > id) {
            return guests->all[i];
        }
    }
    return NULL;
}

struct guest *guests_find(struct guests *guests, const char *name)
{
    struct guest *ended = find_ended(guests, name);
    char *end;
    unsigned long domid = strtoul(name, &end, 10);

    for (size_t i = 0; i < guests->count; i++) {
        if (guests->all[i]->alive && !strcmp(guests->all[i]->name, name)) {
            return guests->all[i];
        }
    }
    if (ended) {
        return ended;
    }
    for (size_t i = guests->count; i-- > 0;) {
        struct guest *guest = guests->all[i];

        if ((isdigit((unsigned char)name[0]) && !*end && guest->domid == domid) ||
            (*name && !strcasecmp(guest->uuid, name))) {
            return guest;
        }
    }
    return NULL;
}

/* Drops consoles that nobody is attached to: those that are old, and the oldest of too many. */
static void drop_ended(struct guests *guests, uint64_t now, uint64_t *wake)
{
    for (;;) {
        struct guest *oldest = NULL;
        unsigned int ended = 0;

        for (size_t i = 0; i < guests->count; i++) {
            struct guest *guest = guests->all[i];

            if (guest->alive || guest->clients) {
                continue;
            }
            ended++;
            if (!oldest || guest->ended_at < oldest->ended_at) {
                oldest = guest;
            }
        }
        if (!oldest) {
            return;
        }
        if (ended <= GUESTS_ENDED_MAX && now - oldest->ended_at < GUEST_KEEP) {
            if (oldest->ended_at + GUEST_KEEP < *wake) {
                *wake = oldest->ended_at + GUEST_KEEP;
            }
            return;
        }
        guest_free(guests, oldest);
    }
}

uint64_t guests_turn(struct guests *guests, uint64_t now)
{
    uint64_t wake = TIME_NEVER;

    for (size_t i = 0; i < guests->count; i++) {
        uint64_t wants = guest_turn(guests, guests->all[i], now);

        if (wants < wake) {
            wake = wants;
        }
    }
    drop_ended(guests, now, &wake);
    return wake;
}
