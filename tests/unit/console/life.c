/* SPDX-License-Identifier: MIT */
/* consoled as guests come, reboot and go, and as the store and it itself are restarted. */
#include "test.h"
#include "daemon.h"
#include "fake_store.h"
#include "fake_xen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLLOW (CONSOLE_ATTACH_FOLLOW | CONSOLE_ATTACH_REPLAY)

/* Long enough for the retries. */
static void settle_long(void)
{
    for (int i = 0; i < 1200; i++) {
        consoled_turn(&the_daemon, 500000, NULL);
    }
}

static void guest_comes_and_goes(void **state)
{
    struct peer *peer;
    unsigned int watches = fake_store_watches();

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    assert_true(fake_is_mapped(1));
    peer = peer_attach("demo", 0);
    fake_guest_put(1, "last words", 10);
    fake_store_remove_guest(1);
    peer_settle(peer);
    assert_false(fake_is_mapped(1));
    assert_int_equal(strncmp(peer->text, "last words\r\n[pando: domain 1 has ended, ", 40), 0);
    assert_int_equal(peer->end, CONSOLE_END_GUEST);
    assert_string_equal(peer->last.text, "guest demo has ended");
    assert_true(peer->closed);
    assert_int_equal(fake_store_watches(), watches);
    peer_close(peer);

    peer = peer_attach("demo", CONSOLE_ATTACH_REPLAY);
    assert_int_equal(peer->info.state, CONSOLE_GUEST_ENDED);
    assert_non_null(strstr(peer->text, "last words"));
    assert_int_equal(peer->end, CONSOLE_END_GUEST);
    peer_close(peer);
}

/* Its nodes are written one by one after it is introduced. */
static void guest_comes_slowly(void **state)
{
    fake_store_set("slow", "/local/domain/1/name");
    fake_store_introduce(1, true);
    daemon_settle();
    fake_store_set("983041", "/local/domain/1/console/ring-ref");
    daemon_settle();
    assert_false(fake_is_mapped(1));
    fake_store_set("2", "/local/domain/1/console/port");
    daemon_settle();
    assert_true(fake_is_mapped(1));
    assert_non_null(guests_find(&the_daemon.guests, "slow"));
}

static void emulated_console_and_dom0_are_left_alone(void **state)
{
    fake_store_add_guest(0, "Domain-0", NULL);
    fake_store_set("ioemu", "/local/domain/1/console/type");
    fake_store_add_guest(2, "", NULL);
    fake_store_set("983041", "/local/domain/1/console/ring-ref");
    fake_store_set("2", "/local/domain/1/console/port");
    fake_store_introduce(1, true);
    daemon_settle();
    assert_false(fake_is_mapped(0));
    assert_false(fake_is_mapped(1));
    assert_true(fake_is_mapped(2));
    assert_non_null(guests_find(&the_daemon.guests, "domain-2"));
}

static void nodes_of_a_dead_domain_are_enough_to_let_go(void **state)
{
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    fake_store_set(NULL, "/local/domain/1");
    daemon_settle();
    assert_false(fake_is_mapped(1));
}

static void ring_that_cannot_be_mapped_is_tried_again(void **state)
{
    fake_xen_fail_map(-EAGAIN);
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    assert_null(guests_find(&the_daemon.guests, "demo"));
    fake_xen_fail_map(0);
    settle_long();
    assert_true(fake_is_mapped(1));
}

static void follower_stays_over_a_reboot(void **state)
{
    struct peer *stays, *goes;

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    stays = peer_attach("demo", FOLLOW);
    goes = peer_attach("demo", 0);
    fake_store_remove_guest(1);
    peer_settle(stays);
    assert_int_equal(stays->notices, 1);
    assert_string_equal(stays->last.text,
                        "guest demo has ended; stay for its next start, or detach");
    peer_type(stays, "into the void");
    daemon_settle();
    fake_store_add_guest(2, "demo", UUID_A);
    fake_guest_say(2, "again");
    peer_settle(stays);
    assert_true(peer_ends_with(stays, "]\r\nagain"));
    assert_int_equal(stays->end, 0);
    peer_type(stays, "hi");
    peer_settle(stays);
    assert_int_equal(fake_guest_read(2, (char[10]){ 0 }, 10), 2);
    peer_settle(goes);
    assert_int_equal(goes->end, CONSOLE_END_GUEST);
    assert_null(strstr(goes->text, "again"));
    fake_store_remove_guest(2);
    peer_settle(stays);
    assert_int_equal(stays->notices, 2);
    peer_close(stays);
    peer_close(goes);
}

/* Between two turns: who didn't want to follow isn't shown the next domain's output. */
static void quick_reboot_ends_those_who_do_not_follow(void **state)
{
    struct peer *peer;

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    peer = peer_attach("demo", 0);
    fake_store_set(NULL, "/local/domain/1");
    fake_store_introduce(1, false);
    fake_store_add_guest(2, "demo", UUID_A);
    fake_guest_say(2, "again");
    peer_settle(peer);
    assert_int_equal(peer->end, CONSOLE_END_GUEST);
    assert_null(strstr(peer->text, "again"));
    peer_close(peer);
}

/* A restored or migrated guest comes under another name, and gets its own after the old one ended.
 */
static void follower_finds_a_renamed_successor(void **state)
{
    struct peer *peer;

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    peer = peer_attach("demo", FOLLOW);
    fake_store_add_guest(2, "demo--incoming", UUID_A);
    daemon_settle();
    fake_store_remove_guest(1);
    peer_settle(peer);
    fake_store_set("demo", "/local/domain/2/name");
    fake_guest_say(2, "here");
    peer_settle(peer);
    assert_true(peer_ends_with(peer, "here"));
    assert_int_equal(guests_find(&the_daemon.guests, "demo")->clients, 1);
    peer_close(peer);
}

static void store_goes_and_comes_back(void **state)
{
    struct peer *peer;

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    peer = peer_attach("demo", 0);
    fake_store_run(false);
    daemon_settle();
    fake_guest_say(1, "still here");
    peer_settle(peer);
    assert_string_equal(peer->text, "still here");
    fake_store_add_guest(2, "new", UUID_B);
    fake_store_run(true);
    settle_long();
    assert_true(fake_is_mapped(2));
    fake_guest_say(1, "!");
    peer_settle(peer);
    assert_string_equal(peer->text, "still here!");
    peer_close(peer);
}

/* Each attempt makes the consoles wait: they become rare. */
static void store_that_hangs_is_asked_ever_less(void **state)
{
    uint64_t now = 1, next = now, pause = 0;
    int attempts = 0;

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    fake_store_hang(true);
    for (now = 1000000; now < 600000000000ull; now = next) {
        next = registry_turn(&the_daemon.registry, &the_daemon.guests, now);
        assert_true(next - now >= pause);
        pause = next - now;
        attempts++;
    }
    assert_in_range(attempts, 30, 50);
    assert_true(fake_is_mapped(1));

    fake_store_hang(false);
    while (registry_fd(&the_daemon.registry) < 0) {
        now = registry_turn(&the_daemon.registry, &the_daemon.guests, now);
    }
    fake_store_hang(true);
    next = registry_turn(&the_daemon.registry, &the_daemon.guests, now + 1);
    assert_true(next - now < 3000000000ull);
    fake_store_hang(false);
}

static void guest_that_ended_without_the_store(void **state)
{
    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    fake_store_run(false);
    daemon_settle();
    fake_store_remove_guest(1);
    fake_store_run(true);
    settle_long();
    assert_false(fake_is_mapped(1));
}

static void killed_daemon_loses_no_byte(void **state)
{
    struct peer *peer;

    fake_store_add_guest(1, "demo", UUID_A);
    fake_guest_say(1, "one ");
    daemon_settle();
    peer = peer_attach("demo", CONSOLE_ATTACH_REPLAY);
    fake_guest_put(1, "two", 3);
    daemon_restart();
    peer_read(peer);
    assert_true(peer->closed);
    peer_close(peer);
    peer = peer_attach("demo", CONSOLE_ATTACH_REPLAY);
    assert_true(peer_ends_with(peer, "]\r\none two"));
    peer_close(peer);
}

static void second_daemon_is_refused(void **state)
{
    struct consoled_paths paths = the_daemon.paths;
    static struct consoled second;

    assert_int_equal(consoled_open(&second, &paths), -EWOULDBLOCK);
    assert_int_equal(access(socket_path, F_OK), 0);
}

static void stop_is_announced(void **state)
{
    struct consoled_paths paths = the_daemon.paths;
    struct peer *peer;

    fake_store_add_guest(1, "demo", UUID_A);
    daemon_settle();
    peer = peer_attach("demo", 0);
    consoled_close(&the_daemon);
    peer_read(peer);
    assert_int_equal(peer->end, CONSOLE_END_STOP);
    assert_true(peer->closed);
    assert_int_equal(access(socket_path, F_OK), -1);
    assert_int_equal(consoled_open(&the_daemon, &paths), 0);
    peer_close(peer);
}

/* The service manager's socket is there before the daemon, and stays. */
static void given_socket_stays(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct consoled_paths paths = the_daemon.paths;
    struct peer *peer;

    consoled_close(&the_daemon);
    strcpy(address.sun_path, socket_path);
    paths.listen = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(paths.listen, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(paths.listen, 1), 0);
    peer = peer_new();
    assert_int_equal(consoled_open(&the_daemon, &paths), 0);
    peer_settle(peer);
    assert_true(peer->hello);
    peer_close(peer);
    consoled_close(&the_daemon);
    assert_int_equal(access(socket_path, F_OK), 0);

    paths.listen = 0;
    assert_int_equal(consoled_open(&the_daemon, &paths), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, daemon_setup, daemon_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guest_comes_and_goes),
        TEST(guest_comes_slowly),
        TEST(emulated_console_and_dom0_are_left_alone),
        TEST(nodes_of_a_dead_domain_are_enough_to_let_go),
        TEST(ring_that_cannot_be_mapped_is_tried_again),
        TEST(follower_stays_over_a_reboot),
        TEST(quick_reboot_ends_those_who_do_not_follow),
        TEST(follower_finds_a_renamed_successor),
        TEST(store_goes_and_comes_back),
        TEST(store_that_hangs_is_asked_ever_less),
        TEST(guest_that_ended_without_the_store),
        TEST(killed_daemon_loses_no_byte),
        TEST(second_daemon_is_refused),
        TEST(stop_is_announced),
        TEST(given_socket_stays),
    };

    return cmocka_run_group_tests_name("consoled and its guests' lives", tests, NULL, NULL);
}
