/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "daemon.h"
#include "fake_store.h"
#include "fake_xen.h"
#include "tempdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct consoled the_daemon;
char socket_path[200];

static struct consoled_paths paths = { .socket = socket_path };

int daemon_setup(void **state)
{
    fake_xen_reset();
    fake_store_reset();
    paths.log_dir = tempdir_make();
    snprintf(socket_path, sizeof(socket_path), "%s/socket", paths.log_dir);
    assert_int_equal(consoled_open(&the_daemon, &paths), 0);
    daemon_settle();
    return 0;
}

int daemon_teardown(void **state)
{
    consoled_close(&the_daemon);
    tempdir_remove();
    return 0;
}

void daemon_restart(void)
{
    /* A killed one says nothing to its clients. */
    while (the_daemon.client_count) {
        client_free(the_daemon.clients[--the_daemon.client_count]);
    }
    consoled_close(&the_daemon);
    assert_int_equal(consoled_open(&the_daemon, &paths), 0);
    daemon_settle();
}

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void daemon_settle(void)
{
    const uint64_t limit = 3 * GUEST_GATHER / 2;
    uint64_t start;
    int turns = 0;

    /* Until a turn has nothing to do but to wait. */
    do {
        start = clock_ns();
        consoled_turn(&the_daemon, limit, NULL);
    } while (clock_ns() - start < limit && ++turns < 1000);
}

struct peer *peer_connect(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct peer *peer = calloc(1, sizeof(*peer));

    assert_non_null(peer);
    strcpy(address.sun_path, socket_path);
    peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return peer;
}

struct peer *peer_new(void)
{
    struct peer *peer = peer_connect();
    uint8_t buf[CONSOLE_FRAME_MAX];

    assert_true(peer_send(peer, buf, console_put_hello(buf, CONSOLE_VERSION)));
    return peer;
}

void peer_close(struct peer *peer)
{
    close(peer->fd);
    free(peer);
    daemon_settle();
}

bool peer_send(struct peer *peer, const void *buf, size_t length)
{
    return send(peer->fd, buf, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

bool peer_put(struct peer *peer, enum console_frame_type type, const void *payload, size_t length)
{
    uint8_t buf[CONSOLE_FRAME_MAX];

    return peer_send(peer, buf, console_put(buf, type, payload, length));
}

void peer_type(struct peer *peer, const char *text)
{
    assert_true(peer_put(peer, CONSOLE_DATA, text, strlen(text)));
}

static void peer_take(struct peer *peer, const struct console_frame *frame)
{
    struct console_entry entry;
    unsigned int version;

    switch (frame->type) {
    case CONSOLE_HELLO:
        assert_int_equal(console_get_hello(frame, &version), 0);
        peer->hello = true;
        break;
    case CONSOLE_ATTACHED:
        assert_int_equal(console_get_attached(frame, &peer->info), 0);
        peer->attached = true;
        break;
    case CONSOLE_DATA:
        assert_true(peer->length + frame->length < sizeof(peer->text));
        memcpy(peer->text + peer->length, frame->payload, frame->length);
        peer->length += frame->length;
        break;
    case CONSOLE_REPLAYED:
        assert_false(peer->replayed);
        peer->replayed = true;
        break;
    case CONSOLE_ENTRY:
        assert_int_equal(console_get_entry(frame, &entry), 0);
        if (entry.last) {
            peer->lists++;
        } else if (peer->entries < 8) {
            peer->entry[peer->entries++] = entry;
        }
        break;
    default:
        assert_int_equal(console_get_sentence(frame, &peer->last), 0);
        peer->notices += frame->type == CONSOLE_NOTICE;
        peer->end = frame->type == CONSOLE_END ? peer->last.code : peer->end;
        peer->error = frame->type == CONSOLE_ERROR ? peer->last.code : peer->error;
    }
}

void peer_read(struct peer *peer)
{
    struct console_frame frame;

    for (;;) {
        size_t space;
        uint8_t *to = console_reader_space(&peer->in, &space);
        ssize_t n = recv(peer->fd, to, space, 0);

        if (n <= 0) {
            peer->closed = n == 0 || errno == ECONNRESET;
            return;
        }
        console_reader_add(&peer->in, (size_t)n);
        while ((n = console_reader_next(&peer->in, &frame)) > 0) {
            peer_take(peer, &frame);
        }
        assert_int_equal(n, 0);
    }
}

void peer_settle(struct peer *peer)
{
    for (int i = 0; i < 3; i++) {
        daemon_settle();
        peer_read(peer);
    }
}

struct peer *peer_attach(const char *guest, uint8_t flags)
{
    struct peer *peer = peer_new();
    struct console_attach attach = { .flags = flags };
    uint8_t buf[CONSOLE_FRAME_MAX];

    strcpy(attach.guest, guest);
    assert_true(peer_send(peer, buf, console_put_attach(buf, &attach)));
    peer_settle(peer);
    return peer;
}

bool peer_ends_with(const struct peer *peer, const char *text)
{
    size_t length = strlen(text);

    return peer->length >= length && !strcmp(peer->text + peer->length - length, text);
}
