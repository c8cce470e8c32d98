/* SPDX-License-Identifier: MIT */
/*
 * The console protocol, both ends of it: clients that say anything to the real daemon, which must
 * go on serving another one; and a daemon that says anything to a pane's link, which must end the
 * connection, or go on.
 */
#include "fuzz.h"
#include "tests/unit/console/daemon.h"
#include "tests/unit/console/fake_store.h"
#include "tests/unit/console/fake_xen.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shell/pane_console_link.h"

enum { CLIENT_ROUNDS = 150, DAEMON_ROUNDS = 300, SAID_MAX = 6 * CONSOLE_FRAME_MAX };

struct said {
    size_t length;
    uint8_t bytes[SAID_MAX];
};

static void say(struct said *said, const void *bytes, size_t length)
{
    if (length <= sizeof(said->bytes) - said->length) {
        memcpy(said->bytes + said->length, bytes, length);
        said->length += length;
    }
}

/* A frame that is right but for what it says. */
static void say_frame(struct said *said)
{
    uint8_t payload[CONSOLE_PAYLOAD_MAX], frame[CONSOLE_FRAME_MAX];
    size_t length = fuzz_below(4) ? fuzz_below(12) : fuzz_below(CONSOLE_PAYLOAD_MAX + 1);

    for (size_t i = 0; i < length; i++) {
        payload[i] = fuzz_below(3) ? (uint8_t) "demo1"[i % 6] : (uint8_t)fuzz_below(256);
    }
    say(said, frame, console_put(frame, (enum console_frame_type)fuzz_below(16), payload, length));
}

static void say_right(struct said *said)
{
    struct console_attach attach = { .flags = (uint8_t)fuzz_below(8) };
    struct console_attached attached = { .domid = fuzz_below(4),
                                         .state = (enum console_guest_state)fuzz_below(2),
                                         .name = "demo" };
    struct console_entry entry = { .last = fuzz_below(2), .name = "demo" };
    uint8_t frame[CONSOLE_FRAME_MAX];
    size_t length = 0;

    strcpy(attach.guest, fuzz_below(4) ? "demo" : "nobody");
    switch (fuzz_below(8)) {
    case 0:
        length = console_put_hello(frame, fuzz_below(8) ? CONSOLE_VERSION : fuzz_below(9));
        break;
    case 1:
        length = console_put_attach(frame, &attach);
        break;
    case 2:
        length = console_put_attached(frame, &attached);
        break;
    case 3:
        length = console_put_window(frame, (uint16_t)fuzz_below(65536), (uint16_t)fuzz_below(9));
        break;
    case 4:
        length = console_put_entry(frame, &entry);
        break;
    case 5:
        length = console_put_sentence(frame,
                                      fuzz_below(2) ? CONSOLE_NOTICE : CONSOLE_END + fuzz_below(2),
                                      (uint8_t)fuzz_below(5), "a sentence\033[2J");
        break;
    default:
        length = console_put(frame, CONSOLE_DATA + (fuzz_below(9) == 0) * fuzz_below(8),
                             "some text", 1 + fuzz_below(9));
    }
    say(said, frame, length);
}

static void say_something(struct said *said)
{
    said->length = 0;
    for (uint32_t n = fuzz_below(12); n; n--) {
        if (fuzz_below(3)) {
            say_right(said);
        } else {
            say_frame(said);
        }
    }
    for (uint32_t n = fuzz_below(3) ? 0 : 1 + fuzz_below(8); n && said->length; n--) {
        said->bytes[fuzz_below((uint32_t)said->length)] = (uint8_t)fuzz_below(256);
    }
    said->length -= fuzz_below(4) ? 0 : fuzz_below((uint32_t)said->length + 1);
}

/* --- clients --- */

static void one_client(void *unused)
{
    static struct said said;
    struct peer *odd = fuzz_below(2) ? peer_connect() : peer_new(), *plain;
    char typed[4096];

    for (uint32_t n = 1 + fuzz_below(4); n; n--) {
        say_something(&said);
        for (size_t at = 0, part; at < said.length; at += part) {
            part = 1 + fuzz_below((uint32_t)(said.length - at));
            (void)!send(odd->fd, said.bytes + at, part, MSG_NOSIGNAL | MSG_DONTWAIT);
            consoled_turn(&the_daemon, 0, NULL);
        }
        fake_guest_write(1, "output", fuzz_below(7));
    }
    plain = peer_attach("demo", 0);
    assert_true(plain->hello && plain->attached && plain->replayed);
    fake_guest_say(1, "still here");
    peer_settle(plain);
    assert_true(peer_ends_with(plain, "still here"));
    peer_close(plain);
    peer_close(odd);
    assert_int_equal(the_daemon.client_count, 0);
    fake_guest_read(1, typed, sizeof(typed));
}

static void odd_clients(void **state)
{
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    fuzz_run(CLIENT_ROUNDS, one_client, NULL);
}

/* --- a daemon --- */

static struct loop *loop;
static char path[100];
static int listening;
static size_t taken;

static void on_attached(void *arg, const struct console_attached *attached)
{
    assert_true(strlen(attached->name) <= CONSOLE_NAME_MAX);
}

static size_t on_data(void *arg, const uint8_t *bytes, size_t length, size_t *credit)
{
    size_t most = fuzz_below(4) ? length : fuzz_below((uint32_t)length + 1);

    most = most < *credit ? most : *credit;
    for (size_t i = 0; i < most; i++) {
        taken += bytes[i] != 0; /* each of them is there */
    }
    *credit -= most;
    return most;
}

static void on_event(void *arg)
{
}

static void on_notice(void *arg, const char *sentence)
{
    for (; *sentence; sentence++) {
        assert_true((unsigned char)*sentence >= ' ' && *sentence != 0x7f);
    }
}

static const struct pane_link_events events = { NULL,     on_attached, on_data,
                                                on_event, on_notice,   on_event };

static void one_daemon(void *unused)
{
    static struct said said;
    struct console_attach attach = { .guest = "demo" };
    struct pane_link link;
    int peer;

    pane_link_open(&link, loop, path, &attach, &events);
    peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    assert_true(peer >= 0);
    for (uint32_t n = 1 + fuzz_below(4); n; n--) {
        say_something(&said);
        for (size_t at = 0, part; at < said.length; at += part) {
            part = 1 + fuzz_below((uint32_t)(said.length - at));
            (void)!send(peer, said.bytes + at, part, MSG_NOSIGNAL | MSG_DONTWAIT);
            loop_step(loop, 0);
            pane_link_type(&link, "typed", fuzz_below(6));
        }
    }
    close(peer);
    loop_step(loop, 0);
    pane_link_close(&link);
    loop_step(loop, 0);
    /* What connected again meanwhile. */
    while ((peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        close(peer);
    }
}

static void odd_daemons(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(path, sizeof(path), "/tmp/pando-fuzz-%d.sock", getpid());
    strcpy(address.sun_path, path);
    loop = loop_new();
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listening, 8), 0);
    fuzz_run(DAEMON_ROUNDS, one_daemon, NULL);
    close(listening);
    unlink(path);
    loop_free(loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(odd_clients, daemon_setup, daemon_teardown),
        cmocka_unit_test(odd_daemons),
    };

    return fuzz_end(cmocka_run_group_tests_name("fuzz-console", tests, NULL, NULL));
}
