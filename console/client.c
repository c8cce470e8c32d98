/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Rounds of receiving, or of sending, in one turn. */
#define ROUNDS 4

struct client *client_new(int fd, uint64_t now)
{
    struct client *client = calloc(1, sizeof(*client));

    if (client) {
        client->fd = fd;
        client->deadline = now + CLIENT_PATIENCE;
    }
    return client;
}

static void leave_guest(struct client *client)
{
    if (client->guest) {
        client->guest->clients--;
        client->guest = NULL;
    }
}

void client_free(struct client *client)
{
    leave_guest(client);
    close(client->fd);
    free(client);
}

/* Room for one more frame of any size. */
static bool has_room(const struct client *client)
{
    return sizeof(client->out) - client->out_length >= CONSOLE_FRAME_MAX;
}

static uint8_t *out_end(struct client *client)
{
    return client->out + client->out_length;
}

void client_finish(struct client *client, enum console_frame_type type, uint8_t code,
                   const char *sentence, uint64_t now)
{
    if (client->state == CLIENT_CLOSING) {
        return;
    }
    if (has_room(client)) {
        client->out_length += console_put_sentence(out_end(client), type, code, sentence);
    }
    leave_guest(client);
    client->state = CLIENT_CLOSING;
    client->deadline = now + CLIENT_PATIENCE;
    client->listing = client->parked = false;
}

static void protocol_error(struct client *client, const char *sentence, uint64_t now)
{
    client_finish(client, CONSOLE_ERROR, CONSOLE_ERROR_PROTOCOL, sentence, now);
}

/* --- receiving ------------------------------------------------------------------- */

static void handle_hello(struct client *client, const struct console_frame *frame, uint64_t now)
{
    unsigned int version;

    if (console_get_hello(frame, &version)) {
        protocol_error(client, "this is no console client", now);
        return;
    }
    client->out_length += console_put_hello(out_end(client), CONSOLE_VERSION);
    client->state = CLIENT_READY;
    if (version != CONSOLE_VERSION) {
        char text[100];

        snprintf(text, sizeof(text), "the client speaks version %u of the protocol, consoled %u",
                 version, CONSOLE_VERSION);
        protocol_error(client, text, now);
    }
}

static void handle_attach(struct client *client, struct guests *guests,
                          const struct console_frame *frame, uint64_t now)
{
    struct console_attach attach;
    struct console_attached attached;
    struct guest *guest;

    if (client->state != CLIENT_READY || console_get_attach(frame, &attach)) {
        protocol_error(client, "malformed or second request to attach", now);
        return;
    }
    guest = guests_find(guests, attach.guest);
    if (!guest) {
        char text[CONSOLE_NAME_MAX + 80];

        snprintf(text, sizeof(text),
                 "there is no guest with the name, id or UUID \"%s\" that has a console",
                 attach.guest);
        client_finish(client, CONSOLE_ERROR, CONSOLE_ERROR_NO_GUEST, text, now);
        return;
    }
    client->guest = guest;
    guest->clients++;
    client->domain = guest->domains;
    client->state = CLIENT_ATTACHED;
    client->read_only = attach.flags & CONSOLE_ATTACH_READ_ONLY;
    client->follow = attach.flags & CONSOLE_ATTACH_FOLLOW;
    client->moved_at = now;
    client->replaying = true;
    client->replay_end = guest->scrollback.end;
    client->position =
        attach.flags & CONSOLE_ATTACH_REPLAY ? guest->scrollback.start : client->replay_end;
    attached.domid = guest->domid;
    attached.state = guest->alive ? CONSOLE_GUEST_ALIVE : CONSOLE_GUEST_ENDED;
    attached.flags = attach.flags;
    snprintf(attached.name, sizeof(attached.name), "%s", guest->name);
    client->out_length += console_put_attached(out_end(client), &attached);
}

/* Handles a frame. False: there is no room for what it says, come back later. */
static bool handle_frame(struct client *client, struct guests *guests,
                         const struct console_frame *frame, uint64_t now)
{
    if (!has_room(client)) {
        return false;
    }
    if (client->state == CLIENT_NEW) {
        handle_hello(client, frame, now);
        return true;
    }
    switch (frame->type) {
    case CONSOLE_ATTACH:
        handle_attach(client, guests, frame, now);
        return true;
    case CONSOLE_LIST:
        client->listing = true;
        client->list_id = 0;
        return true;
    case CONSOLE_WINDOW:
        if (console_get_window(frame, &client->columns, &client->rows)) {
            break;
        }
        return true;
    case CONSOLE_DETACH:
        client_finish(client, CONSOLE_END, CONSOLE_END_DETACHED, "detached", now);
        return true;
    case CONSOLE_DATA:
        if (client->state != CLIENT_ATTACHED || frame->length == 0) {
            break;
        }
        return client->read_only || guest_type(client->guest, frame->payload, frame->length);
    default:
        break;
    }
    protocol_error(client, "unexpected or malformed frame", now);
    return true;
}

static void handle_frames(struct client *client, struct guests *guests, uint64_t now)
{
    struct console_frame frame;
    int got;

    client->parked = false;
    while (client->state != CLIENT_CLOSING) {
        got = console_reader_next(&client->in, &frame);
        if (got < 0) {
            protocol_error(client, "garbage instead of a frame", now);
        }
        if (got <= 0) {
            return;
        }
        if (!handle_frame(client, guests, &frame, now)) {
            console_reader_unget(&client->in, &frame);
            client->parked = true;
            return;
        }
    }
}

/* Receives and handles. False: the connection is gone. */
static bool receive(struct client *client, struct guests *guests, uint64_t now)
{
    handle_frames(client, guests, now);
    for (int i = 0; i < ROUNDS && !client->parked && client->state != CLIENT_CLOSING; i++) {
        size_t space;
        uint8_t *to = console_reader_space(&client->in, &space);
        ssize_t n = recv(client->fd, to, space, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return true;
        }
        if (n <= 0) {
            return false;
        }
        console_reader_add(&client->in, (size_t)n);
        handle_frames(client, guests, now);
    }
    return true;
}

/* --- sending ----------------------------------------------------------------------- */

static void put_entry(struct client *client, struct guests *guests)
{
    struct guest *guest = guests_next(guests, client->list_id);
    struct console_entry entry = { .last = !guest };

    if (guest) {
        client->list_id = guest->id;
        entry.domid = guest->domid;
        entry.state = guest->alive ? CONSOLE_GUEST_ALIVE : CONSOLE_GUEST_ENDED;
        entry.clients = guest->clients;
        entry.scrollback = (uint32_t)(guest->scrollback.end - guest->scrollback.start);
        snprintf(entry.name, sizeof(entry.name), "%s", guest->name);
    }
    client->listing = guest != NULL;
    client->out_length += console_put_entry(out_end(client), &entry);
}

static void put_lost(struct client *client, uint64_t lost)
{
    char text[100];

    snprintf(text, sizeof(text), "%" PRIu64 " bytes were lost: output comes faster than it is read",
             lost);
    client->out_length += console_put_sentence(out_end(client), CONSOLE_NOTICE, 0, text);
}

/* Puts the next bytes of the console, up to @limit in its scrollback. */
static void put_data(struct client *client, uint64_t limit)
{
    uint8_t buf[CONSOLE_PAYLOAD_MAX];
    size_t size = limit - client->position < sizeof(buf) ? limit - client->position : sizeof(buf);
    size_t length = scrollback_read(&client->guest->scrollback, &client->position, buf, size, NULL);

    client->out_length += console_put(out_end(client), CONSOLE_DATA, buf, length);
}

/* Whether the client is only here for a domain that has gone. */
static bool is_left_over(const struct client *client)
{
    const struct guest *guest = client->guest;

    return !client->follow && (!guest->alive || guest->domains != client->domain);
}

/* The position in the scrollback up to which the client gets it. */
static uint64_t limit_of(const struct client *client)
{
    const struct guest *guest = client->guest;

    if (client->replaying) {
        return client->replay_end;
    }
    return is_left_over(client) ? guest->end : guest->scrollback.end;
}

static void end_of_guest(struct client *client, uint64_t now)
{
    char text[CONSOLE_NAME_MAX + 60];

    snprintf(text, sizeof(text), "guest %s has ended", client->guest->name);
    client_finish(client, CONSOLE_END, CONSOLE_END_GUEST, text, now);
}

/* Whether a client that stays does not know yet that its domain has gone. */
static bool is_to_be_told(const struct client *client)
{
    return !client->guest->alive && client->domain != client->guest->domains + 1;
}

/* Tells it, once. The next domain is then the one it is here for. */
static void put_waiting(struct client *client)
{
    char text[CONSOLE_NAME_MAX + 100];

    client->domain = client->guest->domains + 1;
    snprintf(text, sizeof(text), "guest %s has ended; stay for its next start, or detach",
             client->guest->name);
    client->out_length += console_put_sentence(out_end(client), CONSOLE_NOTICE, 0, text);
}

/* Puts one frame, if there is something to say. */
static bool put_next(struct client *client, struct guests *guests, uint64_t now)
{
    const struct scrollback *sb;

    if (client->listing) {
        put_entry(client, guests);
        return true;
    }
    if (client->state != CLIENT_ATTACHED) {
        return false;
    }
    sb = &client->guest->scrollback;
    if (client->position < sb->start) {
        put_lost(client, sb->start - client->position);
        client->position = sb->start;
    } else if (client->replaying && client->position >= client->replay_end) {
        client->replaying = false;
        client->out_length += console_put(out_end(client), CONSOLE_REPLAYED, NULL, 0);
    } else if (client->position < limit_of(client)) {
        put_data(client, limit_of(client));
    } else if (is_left_over(client)) {
        end_of_guest(client, now);
        return false;
    } else if (is_to_be_told(client)) {
        put_waiting(client);
    } else {
        return false;
    }
    return true;
}

/* Sends. False: the connection is gone. */
static bool send_out(struct client *client)
{
    ssize_t n = send(client->fd, client->out, client->out_length, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    client->out_length -= (size_t)n;
    memmove(client->out, client->out + n, client->out_length);
    return true;
}

/* --- turns --------------------------------------------------------------------------- */

/* The guest has ended, and a domain that was renamed to its name is its successor. */
static void follow_successor(struct client *client, struct guests *guests)
{
    struct guest *next = guests_find(guests, client->guest->name);

    if (next && next->alive && client->position == client->guest->scrollback.end) {
        leave_guest(client);
        client->guest = next;
        client->domain = next->domains;
        next->clients++;
        client->position = next->scrollback.start;
        client->replay_end = client->position;
    }
}

static bool has_more(const struct client *client)
{
    return client->listing || (client->state == CLIENT_ATTACHED &&
                               (client->replaying || client->position < limit_of(client) ||
                                is_left_over(client) || is_to_be_told(client)));
}

uint64_t client_needs(const struct client *client, uint64_t now)
{
    bool holds = client->state == CLIENT_ATTACHED && !client->read_only &&
                 now - client->moved_at < CLIENT_HOLD;

    return holds ? client->position : UINT64_MAX;
}

/* Notes that it has gone on since it was at @before. */
static void note_move(struct client *client, uint64_t before, uint64_t now)
{
    if (client->state == CLIENT_ATTACHED &&
        (client->position != before || client->position >= limit_of(client))) {
        client->moved_at = now;
    }
}

short client_events(const struct client *client, const struct guests *guests)
{
    short events = 0;

    if (!client->parked && client->state != CLIENT_CLOSING) {
        events |= POLLIN;
    }
    if (client->out_length || has_more(client)) {
        events |= POLLOUT;
    }
    return events;
}

bool client_is_runnable(const struct client *client)
{
    return client->parked && has_room(client) &&
           (!client->guest || GUEST_INPUT_MAX - client->guest->input_length >= CONSOLE_PAYLOAD_MAX);
}

bool client_turn(struct client *client, struct guests *guests, short revents, uint64_t now)
{
    uint64_t before = client->position;

    if ((revents & (POLLHUP | POLLERR | POLLNVAL)) &&
        (client->parked || client->state == CLIENT_CLOSING)) {
        return false;
    }
    if ((client->state == CLIENT_NEW || client->state == CLIENT_CLOSING) &&
        now >= client->deadline) {
        return false;
    }
    if (client->state == CLIENT_ATTACHED && client->follow && !client->guest->alive) {
        follow_successor(client, guests);
    }
    if (((revents & (POLLIN | POLLHUP | POLLERR)) || client->parked) &&
        client->state != CLIENT_CLOSING && !receive(client, guests, now)) {
        return false;
    }
    for (int i = 0; i < ROUNDS; i++) {
        while (has_room(client) && put_next(client, guests, now)) {
        }
        if (!client->out_length) {
            break;
        }
        if (!send_out(client)) {
            return false;
        }
    }
    note_move(client, before, now);
    return client->state != CLIENT_CLOSING || client->out_length;
}
