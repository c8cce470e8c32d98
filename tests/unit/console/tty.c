/* SPDX-License-Identifier: MIT */
/* Terminals for other tools: opened as `xl console` opens them. */
#include "test.h"
#include "daemon.h"
#include "fake_store.h"
#include "fake_xen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE "/local/domain/1/console/tty"

/* As libxl does: the node is there, and empty, before the domain is complete. */
static int setup(void **state)
{
    daemon_setup(state);
    fake_store_set("", NODE);
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    return 0;
}

static int terminal_open(void)
{
    int fd = open(fake_store_get(NODE), O_RDWR | O_NOCTTY | O_NONBLOCK);

    assert_true(fd >= 0);
    daemon_settle();
    return fd;
}

static void terminal_close(int fd)
{
    close(fd);
    daemon_settle();
}

/* What is there now, in a buffer that lasts until the next call. */
static const char *terminal_read(int fd)
{
    static char text[1 << 16];
    size_t length = 0;

    for (int i = 0; i < 5; i++) {
        ssize_t n;

        daemon_settle();
        while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0) {
            length += (size_t)n;
        }
    }
    text[length] = '\0';
    return text;
}

static void terminal_type(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    daemon_settle();
}

/* Our end is gone. */
static bool is_hung_up(int fd)
{
    char byte;
    ssize_t n = read(fd, &byte, 1);

    return n == 0 || (n < 0 && errno == EIO);
}

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

static void bytes_go_both_ways_as_they_are(void **state)
{
    char typed[20] = "";
    int fd;

    fake_guest_say(1, "booting\n\x01\xff\r\n");
    daemon_settle();
    fd = terminal_open();
    assert_string_equal(terminal_read(fd), "booting\n\x01\xff\r\n");
    fake_guest_say(1, "login: ");
    assert_string_equal(terminal_read(fd), "login: ");
    terminal_type(fd, "root\r\x03\x04");
    assert_int_equal(fake_guest_read(1, typed, sizeof(typed) - 1), 7);
    assert_string_equal(typed, "root\r\x03\x04");
    assert_string_equal(terminal_read(fd), "");
    terminal_close(fd);
}

static void what_nobody_has_read_comes_first(void **state)
{
    int fd = terminal_open();

    fake_guest_say(1, "one ");
    assert_string_equal(terminal_read(fd), "one ");
    terminal_close(fd);
    fake_guest_say(1, "two ");
    daemon_settle();
    fd = terminal_open();
    assert_string_equal(terminal_read(fd), "two ");
    /* Closed and opened again before the daemon has looked. */
    close(fd);
    fd = terminal_open();
    fake_guest_say(1, "three");
    assert_string_equal(terminal_read(fd), "three");
    terminal_close(fd);
}

static void it_is_shared_with_clients(void **state)
{
    struct peer *peer = peer_attach("demo", 0);
    struct guest *guest = guests_find(&the_daemon.guests, "demo");
    char typed[20] = "";
    int fd = terminal_open(), second = terminal_open();

    assert_int_equal(guest->clients, 2);
    fake_guest_say(1, "to all");
    assert_string_equal(terminal_read(fd), "to all");
    peer_settle(peer);
    assert_string_equal(peer->text, "to all");
    peer_type(peer, "a");
    daemon_settle();
    terminal_type(fd, "b");
    assert_int_equal(fake_guest_read(1, typed, sizeof(typed) - 1), 2);
    assert_string_equal(typed, "ab");
    peer_close(peer);
    terminal_close(second);
    assert_int_equal(guest->clients, 1);
    terminal_close(fd);
    assert_int_equal(guest->clients, 0);
}

static void others_have_none(void **state)
{
    int before = descriptors();

    fake_store_add_guest(2, "other", UUID_B);
    daemon_settle();
    assert_true(fake_is_mapped(2));
    assert_null(fake_store_get("/local/domain/2/console/tty"));
    assert_int_equal(the_daemon.ttys.count, 1);
    /* It may be asked for later. */
    fake_store_set("", "/local/domain/2/console/tty");
    daemon_settle();
    assert_int_equal(strncmp(fake_store_get("/local/domain/2/console/tty"), "/dev/pts/", 9), 0);
    fake_store_remove_guest(2);
    daemon_settle();
    assert_int_equal(the_daemon.ttys.count, 1);
    /* Its log is still open. */
    assert_in_range(descriptors(), before, before + 1);
}

static void node_names_ours_only(void **state)
{
    char path[40];

    snprintf(path, sizeof(path), "%s", fake_store_get(NODE));
    fake_store_set("/dev/mem", NODE);
    daemon_settle();
    assert_string_equal(fake_store_get(NODE), path);
    fake_store_set("/a/path/that/is/much/longer/than/any/of/a/terminal", NODE);
    daemon_settle();
    assert_string_equal(fake_store_get(NODE), path);
}

/* Writes as much as is taken, at most @most bytes. */
static size_t write_taken(size_t most)
{
    char buf[RING_OUT_SIZE];
    size_t written = 0;

    memset(buf, 'x', sizeof(buf));
    for (int idle = 0; idle < 50 && written < most; idle++) {
        size_t n = fake_guest_write(1, buf, sizeof(buf));

        written += n;
        idle = n ? 0 : idle;
        consoled_turn(&the_daemon, 1000000, NULL);
    }
    return written;
}

static void guest_waits_for_a_reader(void **state)
{
    size_t most = 4 << 20, written, got = 0;
    int fd = terminal_open();

    written = write_taken(most);
    assert_true(written < 2 << 20);
    while (got < written) {
        size_t n = strlen(terminal_read(fd));

        assert_true(n);
        got += n;
    }
    assert_int_equal(got, written);
    /* But not for one that has stopped reading, and for none at all. */
    write_taken(most);
    the_daemon.ttys.all[0]->moved_at -= CLIENT_HOLD;
    assert_true(write_taken(most) >= most);
    terminal_close(fd);
    assert_true(write_taken(most) >= most);
}

static void typing_waits_for_the_guest(void **state)
{
    static const char text[] = "0123456789abcdef";
    size_t typed = 0, got = 0;
    char buf[100];
    int fd = terminal_open();
    ssize_t n;

    /* The guest reads nothing. */
    for (int i = 0; i < 100; i++) {
        while ((n = write(fd, text + typed % 16, 16 - typed % 16)) > 0) {
            typed += (size_t)n;
            assert_true(typed < 1 << 20);
        }
        daemon_settle();
    }
    assert_true(typed > GUEST_INPUT_MAX);
    for (int idle = 0; idle < 50 && got < typed; idle++) {
        size_t length = fake_guest_read(1, buf, sizeof(buf));

        for (size_t i = 0; i < length; i++) {
            assert_int_equal(buf[i], text[got++ % 16]);
        }
        idle = length ? 0 : idle;
        fake_guest_notify(1);
        consoled_turn(&the_daemon, 1000000, NULL);
    }
    assert_int_equal(got, typed);
    terminal_close(fd);
}

static void last_words_are_read(void **state)
{
    char path[40];
    int before = descriptors(), fd = terminal_open();

    snprintf(path, sizeof(path), "%s", fake_store_get(NODE));
    fake_guest_put(1, "halted", 6);
    fake_store_remove_guest(1);
    assert_int_equal(strncmp(terminal_read(fd), "halted\r\n[pando: domain 1 has ended", 34), 0);
    assert_false(is_hung_up(fd));
    the_daemon.guests.all[0]->ended_at -= TTY_LINGER;
    daemon_settle();
    daemon_settle();
    assert_true(is_hung_up(fd));
    assert_int_equal(the_daemon.ttys.count, 0);
    assert_int_equal(access(path, F_OK), -1);
    close(fd);
    /* The log has been opened meanwhile. */
    assert_in_range(descriptors(), 0, before);
}

static void next_domain_has_its_own(void **state)
{
    const char *node = "/local/domain/2/console/tty";
    int first = terminal_open(), second;

    fake_store_remove_guest(1);
    fake_store_set("", "%s", node);
    fake_store_add_guest(2, "demo", UUID_A);
    daemon_settle();
    assert_int_equal(the_daemon.ttys.count, 2);
    second = open(fake_store_get(node), O_RDWR | O_NOCTTY | O_NONBLOCK);
    fake_guest_say(2, "again");
    assert_string_equal(terminal_read(second), "again");
    assert_null(strstr(terminal_read(first), "again"));
    terminal_close(first);
    assert_int_equal(the_daemon.ttys.count, 1);
    terminal_close(second);
}

static void restarted_daemon_makes_another(void **state)
{
    int fd = terminal_open();

    daemon_restart();
    assert_true(is_hung_up(fd));
    close(fd);
    fd = terminal_open();
    fake_guest_say(1, "on");
    assert_string_equal(terminal_read(fd), "on");
    terminal_close(fd);
}

/* More than the consoles of ended guests that are kept, so that some are dropped with it. */
static void many_guests_leave_nothing(void **state)
{
    int before = descriptors();

    for (unsigned int i = 0; i < GUESTS_ENDED_MAX + 8; i++) {
        char name[20];

        snprintf(name, sizeof(name), "guest%u", i);
        fake_store_set("", "/local/domain/2/console/tty");
        fake_xen_new_domain(2);
        fake_store_add_guest(2, name, NULL);
        daemon_settle();
        assert_int_equal(the_daemon.ttys.count, 2);
        fake_store_remove_guest(2);
        daemon_settle();
        assert_int_equal(the_daemon.ttys.count, 1);
    }
    assert_in_range(descriptors(), before, before + (int)GUESTS_ENDED_MAX + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, daemon_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_go_both_ways_as_they_are), TEST(what_nobody_has_read_comes_first),
        TEST(it_is_shared_with_clients),      TEST(others_have_none),
        TEST(node_names_ours_only),           TEST(guest_waits_for_a_reader),
        TEST(typing_waits_for_the_guest),     TEST(last_words_are_read),
        TEST(next_domain_has_its_own),        TEST(restarted_daemon_makes_another),
        TEST(many_guests_leave_nothing),
    };

    return cmocka_run_group_tests_name("consoled's terminals", tests, NULL, NULL);
}
