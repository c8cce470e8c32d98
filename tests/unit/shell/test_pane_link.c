/* SPDX-License-Identifier: MIT */
/*
 * A pane's connection with a console daemon that a test plays, byte by byte: partial frames,
 * restarts, floods, nonsense.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "shell/pane_console_link.h"
#include "shell/shell.h"

/* The loop's turns that anything here may take: a limit for what hangs. */
enum { TURNS = 4000, RECEIVED_MAX = 8 << 20 };

static struct loop *loop;
static char path[100];
static int listening, peer;
static struct console_reader from_link;

static struct heard {
    unsigned int attached, replayed, notices, changes;
    char notice[200];
    uint8_t *bytes;
    size_t length;
    size_t most; /* taken at once; 0: nothing */
} heard;

static struct pane_link the_link;

/* --- what the link calls --- */

static void on_attached(void *arg, const struct console_attached *attached)
{
    heard.attached++;
}

static size_t on_data(void *arg, const uint8_t *bytes, size_t length, size_t *credit)
{
    size_t taken = length < heard.most ? length : heard.most;

    taken = taken < *credit ? taken : *credit;
    *credit -= taken;
    assert_true(heard.length + taken <= RECEIVED_MAX);
    memcpy(heard.bytes + heard.length, bytes, taken);
    heard.length += taken;
    return taken;
}

static void on_replayed(void *arg)
{
    heard.replayed++;
}

static void on_notice(void *arg, const char *sentence)
{
    heard.notices++;
    snprintf(heard.notice, sizeof(heard.notice), "%s", sentence);
}

static void on_changed(void *arg)
{
    heard.changes++;
}

static const struct pane_link_events events = { NULL,        on_attached, on_data,
                                                on_replayed, on_notice,   on_changed };

void shell_out_of_memory(void)
{
    abort();
}

void *shell_need(void *pointer)
{
    assert_non_null(pointer);
    return pointer;
}

/* --- the daemon --- */

static void start_daemon(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    strcpy(address.sun_path, path);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listening, 8), 0);
}

static void stop_daemon(void)
{
    close(listening);
    unlink(path);
    if (peer >= 0) {
        close(peer);
    }
    peer = -1;
}

/* Turns until there is a connection. */
static void accept_link(void)
{
    for (int i = 0; i < TURNS && (peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) < 0; i++) {
        loop_step(loop, 5);
    }
    assert_true(peer >= 0);
    memset(&from_link, 0, sizeof(from_link));
}

/* The next frame from the link. */
static struct console_frame next_frame(void)
{
    struct console_frame frame;
    int got = 0;

    for (int i = 0; i < TURNS; i++) {
        size_t space;
        ssize_t n;
        uint8_t *to;

        got = console_reader_next(&from_link, &frame);
        if (got) {
            break;
        }
        to = console_reader_space(&from_link, &space);
        n = recv(peer, to, space, 0);
        if (n > 0) {
            console_reader_add(&from_link, (size_t)n);
        } else {
            loop_step(loop, 1);
        }
    }
    assert_int_equal(got, 1);
    return frame;
}

static void send_bytes(const void *bytes, size_t length)
{
    assert_int_equal(send(peer, bytes, length, MSG_NOSIGNAL), length);
}

static void send_frame(enum console_frame_type type, const void *payload, size_t length)
{
    uint8_t buf[CONSOLE_FRAME_MAX];

    send_bytes(buf, console_put(buf, type, payload, length));
}

static void send_sentence(enum console_frame_type type, uint8_t code, const char *text)
{
    uint8_t buf[CONSOLE_FRAME_MAX];

    send_bytes(buf, console_put_sentence(buf, type, code, text));
}

static size_t put_welcome(uint8_t *buf)
{
    struct console_attached attached = { .domid = 7, .state = CONSOLE_GUEST_ALIVE, .name = "demo" };
    size_t length = console_put_hello(buf, CONSOLE_VERSION);

    return length + console_put_attached(buf + length, &attached);
}

/* Answers to HELLO and ATTACH. */
static void welcome(void)
{
    uint8_t buf[2 * CONSOLE_FRAME_MAX];
    struct console_attach attach;
    struct console_frame frame;
    unsigned int version;

    accept_link();
    frame = next_frame();
    assert_int_equal(console_get_hello(&frame, &version), 0);
    frame = next_frame();
    assert_int_equal(console_get_attach(&frame, &attach), 0);
    assert_string_equal(attach.guest, "demo");
    send_bytes(buf, put_welcome(buf));
}

static void turn_until(const unsigned int *counter, unsigned int value)
{
    for (int i = 0; i < TURNS && *counter < value; i++) {
        loop_step(loop, 5);
    }
    assert_int_equal(*counter, value);
}

static void turn_until_received(size_t length)
{
    for (int i = 0; i < TURNS && heard.length < length; i++) {
        loop_step(loop, 5);
    }
    assert_int_equal(heard.length, length);
}

static void turn_until_state(enum pane_link_state state)
{
    for (int i = 0; i < TURNS && the_link.state != state; i++) {
        loop_step(loop, 5);
    }
    assert_int_equal(the_link.state, state);
}

static void open_link(void)
{
    struct console_attach attach = { .flags = CONSOLE_ATTACH_REPLAY, .guest = "demo" };

    pane_link_open(&the_link, loop, path, &attach, &events);
}

static int set_up(void **state)
{
    uint8_t *bytes = malloc(RECEIVED_MAX);

    snprintf(path, sizeof(path), "/tmp/pando-link-%d.sock", getpid());
    peer = -1;
    loop = loop_new();
    heard = (struct heard){ .bytes = bytes, .most = SIZE_MAX };
    start_daemon();
    open_link();
    return 0;
}

static int tear_down(void **state)
{
    pane_link_close(&the_link);
    stop_daemon();
    loop_free(loop);
    free(heard.bytes);
    return 0;
}

/* --- tests --- */

static void test_partial_frames(void **state)
{
    uint8_t buf[3 * CONSOLE_FRAME_MAX];
    size_t length;

    accept_link();
    length = put_welcome(buf);
    length += console_put(buf + length, CONSOLE_DATA, "old", 3);
    length += console_put(buf + length, CONSOLE_REPLAYED, NULL, 0);
    length += console_put(buf + length, CONSOLE_DATA, "new", 3);
    length += console_put_sentence(buf + length, CONSOLE_NOTICE, 0, "take\033 note");
    for (size_t i = 0; i < length; i++) {
        send_bytes(buf + i, 1);
        loop_step(loop, 0);
    }
    turn_until(&heard.notices, 1);
    assert_int_equal(heard.attached, 1);
    assert_int_equal(heard.replayed, 1);
    assert_int_equal(heard.length, 6);
    assert_memory_equal(heard.bytes, "oldnew", 6);
    assert_string_equal(heard.notice, "take? note");
    assert_int_equal(the_link.state, PANE_LINK_ATTACHED);
}

static void test_restart(void **state)
{
    for (unsigned int i = 1; i <= 4; i++) {
        welcome();
        turn_until(&heard.attached, i);
        send_frame(CONSOLE_DATA, "x", 1);
        turn_until_received(i);
        if (i == 3) {
            send_sentence(CONSOLE_END, CONSOLE_END_STOP, "the console daemon stops");
        }
        stop_daemon();
        turn_until_state(PANE_LINK_AWAY);
        assert_true(*the_link.why);
        assert_false(pane_link_type(&the_link, "a", 1)); /* it is said that it goes nowhere */
        start_daemon();
    }
}

/* What is not taken stays with the daemon, whose socket fills; and all of it comes, in order. */
static void test_flood(void **state)
{
    static uint32_t numbers[CONSOLE_PAYLOAD_MAX / 4];
    uint8_t frame[CONSOLE_FRAME_MAX];
    uint32_t next = 0, checked = 0;
    size_t sent = 0, at = 0, length = 0;

    welcome();
    turn_until(&heard.attached, 1);
    heard.most = 0;
    for (int stuck = 0; stuck < 200;) {
        ssize_t n;

        if (at == length) {
            for (size_t i = 0; i < sizeof(numbers) / 4; i++) {
                numbers[i] = next++;
            }
            length = console_put(frame, CONSOLE_DATA, numbers, sizeof(numbers));
            at = 0;
        }
        n = send(peer, frame + at, length - at, MSG_NOSIGNAL);
        at += n > 0 ? (size_t)n : 0;
        sent += n > 0 ? (size_t)n : 0;
        stuck = n > 0 ? 0 : stuck + 1;
        assert_true(sent < 1 << 20);
        loop_step(loop, n > 0 ? 0 : 1);
    }
    assert_int_equal(heard.length, 0);
    heard.most = 1000;
    for (int i = 0; i < 3; i++) {
        size_t before = heard.length;

        /* At most its credit in a slice, however much there is. */
        loop_step(loop, 2 * LINK_SLICE_MS);
        assert_true(heard.length - before <= LINK_CREDIT);
    }
    heard.most = SIZE_MAX;
    while (at < length) {
        ssize_t n = send(peer, frame + at, length - at, MSG_NOSIGNAL);

        at += n > 0 ? (size_t)n : 0;
        loop_step(loop, 5);
    }
    turn_until_received((size_t)next * 4);
    for (; checked < next; checked++) {
        uint32_t number;

        memcpy(&number, heard.bytes + 4 * (size_t)checked, 4);
        assert_int_equal(number, checked);
    }
}

/* A hundred small writes are not a hundred turns of the loop. */
static void test_batches(void **state)
{
    unsigned int turns = 0;

    welcome();
    turn_until(&heard.attached, 1);
    loop_step(loop, 2 * LINK_SLICE_MS);
    for (int i = 0; i < 100; i++) {
        send_frame(CONSOLE_DATA, "line\r\n", 6);
        loop_step(loop, 0);
    }
    while (heard.length < 600 && turns < 100) {
        loop_step(loop, LINK_SLICE_MS);
        turns++;
    }
    assert_int_equal(heard.length, 600);
    assert_true(turns <= 4);
}

static void test_typing(void **state)
{
    static uint8_t text[LINK_INPUT_MAX];
    struct console_frame frame;
    size_t got = 0;
    uint16_t columns, rows;

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 7);
    }
    assert_false(pane_link_type(&the_link, text, 1)); /* not attached */
    pane_link_window(&the_link, 80, 24);
    welcome();
    turn_until(&heard.attached, 1);
    assert_true(pane_link_type(&the_link, text, sizeof(text)));
    while (got < sizeof(text)) {
        frame = next_frame();
        if (frame.type == CONSOLE_WINDOW) {
            assert_int_equal(console_get_window(&frame, &columns, &rows), 0);
            assert_int_equal(columns * 100 + rows, 8024);
            continue;
        }
        assert_int_equal(frame.type, CONSOLE_DATA);
        assert_memory_equal(frame.payload, text + got, frame.length);
        got += frame.length;
    }
    /* A daemon that takes nothing is noticed. */
    for (int i = 0; i < 100 && pane_link_type(&the_link, text, 8192); i++) {
    }
    assert_false(pane_link_type(&the_link, text, sizeof(text)));
}

static void test_no_guest(void **state)
{
    accept_link();
    send_sentence(CONSOLE_ERROR, CONSOLE_ERROR_NO_GUEST, "there is no guest 'demo'");
    turn_until_state(PANE_LINK_OVER);
    assert_string_equal(the_link.why, "there is no guest 'demo'");
    close(peer);
    pane_link_again(&the_link);
    welcome();
    turn_until(&heard.attached, 1);
    /* One that was there may come again. */
    close(peer);
    accept_link();
    send_sentence(CONSOLE_ERROR, CONSOLE_ERROR_NO_GUEST, "there is no guest 'demo'");
    turn_until_state(PANE_LINK_AWAY);
    close(peer);
    welcome();
    turn_until(&heard.attached, 2);
}

static void test_end_of_guest(void **state)
{
    welcome();
    turn_until(&heard.attached, 1);
    send_frame(CONSOLE_DATA, "bye", 3);
    send_sentence(CONSOLE_END, CONSOLE_END_GUEST, "guest demo has ended");
    turn_until_state(PANE_LINK_OVER);
    assert_int_equal(heard.length, 3);
}

static void test_other_version(void **state)
{
    uint8_t buf[CONSOLE_FRAME_MAX];

    accept_link();
    send_bytes(buf, console_put_hello(buf, CONSOLE_VERSION + 1));
    turn_until_state(PANE_LINK_OVER);
    assert_non_null(strstr(the_link.why, "version"));
}

static void test_nonsense(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        { "\xff\xff\xff\xff", 4 }, /* no frame */
        { "\x04\0\x01\0x", 5 },    /* DATA, in place of HELLO: taken for what it is */
        { "\x03\0\x01\0x", 5 },    /* ATTACHED, cut short */
        { "\x0b\0\0\0", 4 },       /* END without a code */
        { "\x07\0\0\0", 4 },       /* ENTRY, which was not asked for */
        { "\x04\0\x01\x20", 4 },   /* longer than any */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        accept_link();
        send_bytes(cases[i].bytes, cases[i].length);
        for (int n = 0; n < 10; n++) {
            loop_step(loop, 1);
        }
        close(peer);
        turn_until_state(PANE_LINK_AWAY);
        assert_int_equal(heard.attached, 0);
        pane_link_again(&the_link);
    }
}

static unsigned int open_files(void)
{
    unsigned int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void test_a_hundred_times(void **state)
{
    unsigned int before;

    welcome();
    turn_until(&heard.attached, 1);
    close(peer);
    before = open_files();
    for (unsigned int i = 0; i < 100; i++) {
        pane_link_close(&the_link);
        open_link();
        welcome();
        turn_until(&heard.attached, i + 2);
        close(peer);
    }
    assert_int_equal(open_files(), before);
}

/* What was not taken before the daemon went is still handed on. */
static void test_paused_and_gone(void **state)
{
    welcome();
    turn_until(&heard.attached, 1);
    heard.most = 0;
    send_frame(CONSOLE_DATA, "x", 1);
    loop_step(loop, 100);
    close(peer);
    peer = -1;
    loop_step(loop, 10);
    heard.most = SIZE_MAX;
    turn_until_state(PANE_LINK_AWAY);
    assert_int_equal(heard.length, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_partial_frames),  TEST(test_restart),         TEST(test_flood),
        TEST(test_batches),         TEST(test_typing),          TEST(test_no_guest),
        TEST(test_end_of_guest),    TEST(test_other_version),   TEST(test_nonsense),
        TEST(test_a_hundred_times), TEST(test_paused_and_gone),
    };

    return cmocka_run_group_tests_name("shell-pane-link", tests, NULL, NULL);
}
