/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "daemon.h"
#include "fake_store.h"
#include "fake_xen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup(void **state)
{
    daemon_setup(state);
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    assert_true(fake_is_mapped(1));
    return 0;
}

/* Writes @length bytes as fast as the guest is served. */
static void write_much(uint32_t domid, char byte, size_t length)
{
    char buf[RING_OUT_SIZE];

    memset(buf, byte, sizeof(buf));
    while (length) {
        size_t n = fake_guest_write(domid, buf, length < sizeof(buf) ? length : sizeof(buf));

        length -= n;
        consoled_turn(&the_daemon, 1000000, NULL);
    }
    while (fake_guest_pending(domid)) {
        consoled_turn(&the_daemon, 1000000, NULL);
    }
}

static void attach_shows_scrollback_then_what_is_new(void **state)
{
    struct peer *peer;

    fake_guest_say(1, "old ");
    daemon_settle();
    peer = peer_attach("demo", CONSOLE_ATTACH_REPLAY);
    assert_true(peer->hello && peer->attached && peer->replayed);
    assert_string_equal(peer->info.name, "demo");
    assert_int_equal(peer->info.domid, 1);
    assert_int_equal(peer->info.state, CONSOLE_GUEST_ALIVE);
    assert_true(peer_ends_with(peer, "]\r\nold "));
    fake_guest_say(1, "new");
    peer_settle(peer);
    assert_true(peer_ends_with(peer, "]\r\nold new"));
    peer_close(peer);
}

static void attach_without_replay(void **state)
{
    struct peer *peer;

    fake_guest_say(1, "old ");
    daemon_settle();
    peer = peer_attach("1", 0);
    assert_true(peer->attached && peer->replayed);
    fake_guest_say(1, "new");
    peer_settle(peer);
    assert_string_equal(peer->text, "new");
    peer_close(peer);
}

static void whole_scrollback_is_replayed(void **state)
{
    struct peer *peer;

    write_much(1, 'x', SCROLLBACK_SIZE + 5000);
    fake_guest_say(1, "end");
    daemon_settle();
    peer = peer_attach("demo", CONSOLE_ATTACH_REPLAY);
    for (int i = 0; i < 100 && !peer->replayed; i++) {
        peer_settle(peer);
    }
    assert_true(peer->replayed);
    assert_int_equal(peer->length, SCROLLBACK_SIZE);
    assert_int_equal(peer->text[0], 'x');
    assert_true(peer_ends_with(peer, "xend"));
    assert_int_equal(peer->notices, 0);
    peer_close(peer);
}

static void several_clients_share_a_console(void **state)
{
    struct peer *one = peer_attach("demo", 0), *two = peer_attach("demo", 0);
    struct peer *watcher = peer_attach("demo", CONSOLE_ATTACH_READ_ONLY);
    char buf[100] = { 0 };

    peer_type(one, "from one ");
    daemon_settle();
    peer_type(watcher, "from watcher ");
    daemon_settle();
    peer_type(two, "from two");
    daemon_settle();
    assert_int_equal(fake_guest_read(1, buf, sizeof(buf) - 1), 17);
    assert_string_equal(buf, "from one from two");
    fake_guest_say(1, "to all");
    peer_settle(one);
    peer_settle(two);
    peer_settle(watcher);
    assert_string_equal(one->text, "to all");
    assert_string_equal(two->text, "to all");
    assert_string_equal(watcher->text, "to all");
    peer_close(one);
    peer_close(two);
    peer_close(watcher);
    assert_int_equal(the_daemon.client_count, 0);
}

static void unknown_guest(void **state)
{
    struct peer *peer = peer_attach("nobody", 0);

    assert_int_equal(peer->error, CONSOLE_ERROR_NO_GUEST);
    assert_string_equal(
        peer->last.text,
        "there is no guest with the name, id or UUID \"nobody\" that has a console");
    assert_true(peer->closed);
    peer_close(peer);
}

static void list_of_consoles(void **state)
{
    struct peer *peer, *other;

    fake_store_add_guest(2, "other", NULL);
    fake_guest_say(2, "hi");
    daemon_settle();
    other = peer_attach("other", 0);
    fake_store_remove_guest(1);
    daemon_settle();
    peer = peer_new();
    peer_put(peer, CONSOLE_LIST, NULL, 0);
    peer_settle(peer);
    assert_int_equal(peer->lists, 1);
    assert_int_equal(peer->entries, 2);
    assert_string_equal(peer->entry[0].name, "demo");
    assert_int_equal(peer->entry[0].state, CONSOLE_GUEST_ENDED);
    assert_int_equal(peer->entry[0].domid, 1);
    assert_string_equal(peer->entry[1].name, "other");
    assert_int_equal(peer->entry[1].state, CONSOLE_GUEST_ALIVE);
    assert_int_equal(peer->entry[1].clients, 1);
    assert_true(peer->entry[1].scrollback > 2);
    peer_put(peer, CONSOLE_LIST, NULL, 0);
    peer_settle(peer);
    assert_int_equal(peer->lists, 2);
    peer_close(peer);
    peer_close(other);
}

static void detach_comes_after_what_was_typed(void **state)
{
    struct peer *peer = peer_attach("demo", 0);
    char buf[10] = { 0 };

    peer_type(peer, "bye");
    peer_put(peer, CONSOLE_DETACH, NULL, 0);
    peer_settle(peer);
    assert_int_equal(peer->end, CONSOLE_END_DETACHED);
    assert_true(peer->closed);
    fake_guest_read(1, buf, sizeof(buf));
    assert_string_equal(buf, "bye");
    peer_close(peer);
    assert_int_equal(guests_find(&the_daemon.guests, "demo")->clients, 0);
}

/* What is typed into a client that goes at once arrives. */
static void typed_and_gone(void **state)
{
    struct peer *peer = peer_attach("demo", 0);
    char buf[10] = { 0 };

    peer_type(peer, "bye");
    peer_close(peer);
    fake_guest_read(1, buf, sizeof(buf));
    assert_string_equal(buf, "bye");
    assert_int_equal(the_daemon.client_count, 0);
}

/* A guest that doesn't read makes its client wait, and nobody else. */
static void input_is_held_back(void **state)
{
    struct peer *peer = peer_attach("demo", 0), *watcher = peer_attach("demo", 0);
    char chunk[1024], got[64 << 10];
    size_t sent = 0, received = 0, n;

    memset(chunk, 't', sizeof(chunk));
    while (peer_put(peer, CONSOLE_DATA, chunk, sizeof(chunk))) {
        sent += sizeof(chunk);
        consoled_turn(&the_daemon, 0, NULL);
        if (sent == sizeof(got)) {
            break;
        }
    }
    daemon_settle();
    assert_true(sent > GUEST_INPUT_MAX + RING_IN_SIZE);
    fake_guest_say(1, "output");
    peer_settle(watcher);
    peer_settle(peer);
    assert_string_equal(watcher->text, "output");
    assert_string_equal(peer->text, "output");
    while ((n = fake_guest_read(1, got + received, 1000)) > 0) {
        received += n;
        daemon_settle();
    }
    assert_int_equal(received, sent);
    peer_close(peer);
    peer_close(watcher);
}

/* A client whose input waits for ever is let go when it hangs up. */
static void hang_up_while_input_waits(void **state)
{
    struct peer *peer = peer_attach("demo", 0);
    char chunk[1024] = { 0 };

    for (int i = 0; i < 40; i++) {
        peer_put(peer, CONSOLE_DATA, chunk, sizeof(chunk));
        consoled_turn(&the_daemon, 0, NULL);
    }
    daemon_settle();
    peer_close(peer);
    assert_int_equal(the_daemon.client_count, 0);
}

/* A client that doesn't read loses, and is told how much; another one and the log lose nothing. */
static void slow_watcher_loses_alone(void **state)
{
    struct peer *slow = peer_attach("demo", CONSOLE_ATTACH_READ_ONLY),
                *quick = peer_attach("demo", 0);
    size_t total = 2 << 20, step = 64 << 10;

    for (size_t n = 0; n < total; n += step) {
        write_much(1, 'y', step);
        peer_settle(quick);
    }
    assert_int_equal(quick->length, total);
    assert_int_equal(quick->notices, 0);
    for (int i = 0; i < 20; i++) {
        peer_settle(slow);
    }
    assert_int_equal(slow->notices, 1);
    assert_true(slow->length < total);
    assert_int_equal(slow->length + strtoul(slow->last.text, NULL, 10), total);
    fake_guest_say(1, "now");
    peer_settle(slow);
    assert_true(peer_ends_with(slow, "now"));
    peer_close(slow);
    peer_close(quick);
}

/* Writes as much as is taken. Returns how much that was. */
static size_t write_taken(uint32_t domid, size_t most)
{
    size_t done = 0;

    for (int idle = 0; idle < 20 && done < most;) {
        size_t at = done % 16, n = fake_guest_write(domid, &"0123456789abcdef"[at], 16 - at);

        done += n;
        idle = n ? 0 : idle + 1;
        consoled_turn(&the_daemon, n ? 0 : 1000000, NULL);
    }
    return done;
}

static void guest_waits_for_slow_client(void **state)
{
    struct peer *slow = peer_attach("demo", 0);
    size_t most = 4 << 20, written;

    /* What it has not read fills the scrollback and the socket, and the guest's ring. */
    written = write_taken(1, most);
    assert_true(written < 2 << 20);
    for (int i = 0; i < 50; i++) {
        peer_settle(slow);
    }
    assert_int_equal(slow->length, written);
    assert_int_equal(slow->notices, 0);
    for (size_t i = 0; i < slow->length; i++) {
        assert_int_equal(slow->text[i], "0123456789abcdef"[i % 16]);
    }
    /* But not for one that has stopped reading. */
    written = write_taken(1, most);
    assert_true(written < 2 << 20);
    the_daemon.clients[0]->moved_at -= CLIENT_HOLD;
    assert_true(write_taken(1, most) >= most);
    peer_close(slow);
}

static void garbage_ends_only_its_client(void **state)
{
    static const char http[] = "GET / HTTP/1.0\r\n\r\n";
    struct peer *good = peer_attach("demo", 0), *bad;
    unsigned int seed = 7;

    for (int round = 0; round < 200; round++) {
        uint8_t bytes[300];

        bad = round % 2 ? peer_new() : peer_attach("demo", 0);
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)rand_r(&seed);
        }
        if (round % 3) {
            bytes[0] = (uint8_t)(1 + bytes[0] % 12);
            bytes[1] = 0;
            bytes[3] &= 0xf;
        }
        peer_send(bad, round ? (const void *)bytes : http, round ? sizeof(bytes) : sizeof(http));
        for (int i = 0; i < 5; i++) {
            consoled_turn(&the_daemon, 0, NULL);
        }
        peer_read(bad);
        close(bad->fd);
        free(bad);
    }
    daemon_settle();
    assert_int_equal(the_daemon.client_count, 1);
    fake_guest_say(1, "fine");
    peer_settle(good);
    assert_true(peer_ends_with(good, "fine"));
    peer_close(good);
}

static void wrong_versions_and_orders_are_refused(void **state)
{
    struct console_attach attach = { .guest = "demo" };
    uint8_t buf[CONSOLE_FRAME_MAX];
    struct peer *peer = peer_attach("demo", 0);

    peer_send(peer, buf, console_put_attach(buf, &attach));
    peer_settle(peer);
    assert_int_equal(peer->error, CONSOLE_ERROR_PROTOCOL);
    peer_close(peer);

    peer = peer_connect();
    peer_send(peer, buf, console_put_hello(buf, CONSOLE_VERSION + 1));
    peer_settle(peer);
    assert_true(peer->hello && peer->closed);
    assert_int_equal(peer->error, CONSOLE_ERROR_PROTOCOL);
    peer_close(peer);

    peer = peer_new();
    peer_type(peer, "not attached");
    peer_settle(peer);
    assert_int_equal(peer->error, CONSOLE_ERROR_PROTOCOL);
    assert_true(peer->closed);
    peer_close(peer);

    peer = peer_new();
    peer_send(peer, buf, console_put_hello(buf, CONSOLE_VERSION));
    peer_settle(peer);
    assert_int_equal(peer->error, CONSOLE_ERROR_PROTOCOL);
    peer_close(peer);
}

static void too_many_clients(void **state)
{
    struct peer *peers[CLIENTS_MAX], *more;

    for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
        peers[i] = peer_new();
        consoled_turn(&the_daemon, 0, NULL);
    }
    daemon_settle();
    more = peer_new();
    peer_settle(more);
    assert_int_equal(more->error, CONSOLE_ERROR_LIMIT);
    assert_true(more->closed);
    peer_close(more);
    peer_close(peers[0]);
    peers[0] = peer_attach("demo", 0);
    assert_true(peers[0]->attached);
    for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
        close(peers[i]->fd);
        free(peers[i]);
    }
    daemon_settle();
    assert_int_equal(the_daemon.client_count, 0);
}

static void window_size_is_kept(void **state)
{
    struct peer *peer = peer_attach("demo", 0);
    uint8_t buf[CONSOLE_FRAME_MAX];

    peer_send(peer, buf, console_put_window(buf, 132, 43));
    peer_settle(peer);
    assert_int_equal(the_daemon.clients[0]->columns, 132);
    assert_int_equal(the_daemon.clients[0]->rows, 43);
    peer_close(peer);
}

static void socket_is_for_root_only(void **state)
{
    struct stat st;

    assert_int_equal(stat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, daemon_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(attach_shows_scrollback_then_what_is_new),
        TEST(attach_without_replay),
        TEST(whole_scrollback_is_replayed),
        TEST(several_clients_share_a_console),
        TEST(unknown_guest),
        TEST(list_of_consoles),
        TEST(detach_comes_after_what_was_typed),
        TEST(typed_and_gone),
        TEST(input_is_held_back),
        TEST(hang_up_while_input_waits),
        TEST(slow_watcher_loses_alone),
        TEST(guest_waits_for_slow_client),
        TEST(garbage_ends_only_its_client),
        TEST(wrong_versions_and_orders_are_refused),
        TEST(too_many_clients),
        TEST(window_size_is_kept),
        TEST(socket_is_for_root_only),
    };

    return cmocka_run_group_tests_name("consoled's clients", tests, NULL, NULL);
}
