/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "fake_xen.h"
#include "guest.h"
#include "tempdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define S      1000000000ull

#define UUID_A "0a0a0a0a-0000-0000-0000-000000000001"
#define UUID_B "0b0b0b0b-0000-0000-0000-000000000002"

static struct guests guests;
static const char *dir;
static uint64_t now;

static int setup(void **state)
{
    fake_xen_reset();
    memset(&guests, 0, sizeof(guests));
    guests.log_dir = dir = tempdir_make();
    now = 100 * S;
    return xen_open(&guests.xen);
}

static int teardown(void **state)
{
    guests_close(&guests);
    xen_close(guests.xen);
    tempdir_remove();
    return 0;
}

/* As after kill -9, up to what the kernel does for a process that dies. */
static void restart_consoled(void)
{
    struct xen *xen = guests.xen;

    guests_close(&guests);
    memset(&guests, 0, sizeof(guests));
    guests.log_dir = dir;
    guests.xen = xen;
}

static struct guest *start(uint32_t domid, const char *name, const char *uuid)
{
    struct guest_place place = { .domid = domid, .port = 2, .name = name, .uuid = uuid };
    struct guest *guest;

    assert_int_equal(guest_start(&guests, &place, now, &guest), 0);
    return guest;
}

/* Turns until there is nothing more to do soon. */
static void settle(void)
{
    uint64_t wake = now;

    for (int turns = 0; wake <= now; turns++) {
        assert_true(turns < 10000);
        guests_events(&guests);
        wake = guests_turn(&guests, now);
        if (wake > now && wake - now <= GUEST_GATHER) {
            now = wake;
        }
    }
}

/* The scrollback as a text, valid until the next call. */
static const char *text_of(struct guest *guest)
{
    static char text[SCROLLBACK_SIZE + 1];
    uint64_t position = 0;

    text[scrollback_read(&guest->scrollback, &position, text, SCROLLBACK_SIZE, NULL)] = '\0';
    return text;
}

static unsigned int count(const char *text, const char *what)
{
    unsigned int n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

/* --- output and input ------------------------------------------------------------ */

static void output_is_kept_and_logged(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    char *log;
    size_t length;

    settle();
    assert_non_null(strstr(text_of(guest), "[pando: domain 1 starts, uuid " UUID_A));
    fake_guest_say(1, "hello ");
    settle();
    fake_guest_say(1, "world");
    settle();
    assert_true(ends_with(text_of(guest), "]\r\nhello world"));
    assert_int_equal(fake_guest_pending(1), 0);
    assert_int_equal(fake_guest_notified(1), 2);
    log = tempdir_read("console-demo.log", &length);
    assert_non_null(log);
    assert_string_equal(log, text_of(guest));
    free(log);
}

/* What a guest wrote before consoled knew it, without any event. */
static void output_before_the_connection(void **state)
{
    struct guest *guest;

    fake_guest_put(1, "early", 5);
    guest = start(1, "demo", UUID_A);
    settle();
    assert_true(ends_with(text_of(guest), "]\r\nearly"));
}

/* A guest that writes all the time, and one that writes a line: 2 s of simulated time. */
static void flood_is_slowed(void **state)
{
    char *junk = calloc(1, RING_OUT_SIZE);
    struct guest *flood = start(1, "flood", UUID_A), *quiet;
    uint64_t end = now + 2 * S, taken;

    memset(junk, 'j', RING_OUT_SIZE);
    settle();
    taken = flood->scrollback.end;
    quiet = start(2, "quiet", UUID_B);
    while (now < end) {
        uint64_t before = flood->scrollback.end, wake;

        fake_guest_write(1, junk, RING_OUT_SIZE);
        guests_events(&guests);
        wake = guests_turn(&guests, now);
        assert_true(flood->scrollback.end - before <= GUEST_TURN);
        assert_true(wake != TIME_NEVER || !fake_guest_pending(1));
        now = wake > now && wake < end ? wake : now + 20000;
    }
    taken = flood->scrollback.end - taken;
    assert_in_range(taken, 2 * (uint64_t)GUEST_RATE - GUEST_TURN, 2 * GUEST_RATE + GUEST_BURST);
    fake_guest_write(1, junk, RING_OUT_SIZE);
    fake_guest_say(2, "line");
    guests_events(&guests);
    guests_turn(&guests, now);
    assert_true(ends_with(text_of(quiet), "line"));
    free(junk);
}

/* A word after a pause is taken at once; small writes after that wait for each other. */
static void small_writes_are_gathered(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    uint64_t wake;

    settle();
    now += S;
    fake_guest_say(1, "a");
    guests_events(&guests);
    assert_int_equal(guests_turn(&guests, now), TIME_NEVER);
    assert_true(ends_with(text_of(guest), "a"));
    fake_guest_say(1, "b");
    guests_events(&guests);
    wake = guests_turn(&guests, now);
    assert_in_range(wake, now + 1, now + GUEST_GATHER);
    fake_guest_say(1, "c");
    guests_events(&guests);
    assert_int_equal(guests_turn(&guests, now), wake);
    assert_true(ends_with(text_of(guest), "a"));
    assert_int_equal(guests_turn(&guests, wake), TIME_NEVER);
    assert_true(ends_with(text_of(guest), "abc"));
    assert_int_equal(fake_guest_notified(1), 2);
}

/* Notifications without a byte keep their port masked when they come too fast. */
static void events_are_slowed(void **state)
{
    unsigned int events = 0;
    uint64_t end = now + S;

    start(1, "demo", UUID_A);
    settle();
    while (now < end) {
        uint64_t wake;

        fake_guest_notify(1);
        guests_events(&guests);
        wake = guests_turn(&guests, now);
        events += wake == TIME_NEVER;
        now = wake != TIME_NEVER && wake > now ? wake : now + 10000;
    }
    assert_in_range(events, 500, 1100);
}

/* So do those with an index each that makes no sense, and looks like much. */
static void nonsense_is_slowed(void **state)
{
    unsigned int events = 0;
    uint64_t end = now + S;
    uint32_t prod = 0;

    start(1, "demo", UUID_A);
    settle();
    while (now < end) {
        uint64_t wake;

        prod += 0x10000;
        fake_guest_corrupt(1, prod, 0);
        fake_guest_notify(1);
        guests_events(&guests);
        wake = guests_turn(&guests, now);
        events += wake == TIME_NEVER;
        now = wake != TIME_NEVER && wake > now ? wake : now + 10000;
    }
    assert_in_range(events, 500, 1100);
}

static void no_byte_is_lost(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    size_t total = 3 << 20, sent = 0, length, mark, older;
    char *text = malloc(total), *log, *old;
    unsigned int seed = 1;

    settle();
    mark = guest->scrollback.end;
    for (size_t i = 0; i < total; i++) {
        text[i] = (char)rand_r(&seed);
    }
    while (sent < total) {
        size_t n = 1 + (size_t)rand_r(&seed) % 3000;

        sent += fake_guest_write(1, text + sent, n < total - sent ? n : total - sent);
        guests_events(&guests);
        guests_turn(&guests, now);
        now += 300000;
    }
    while (fake_guest_pending(1)) {
        guests_turn(&guests, now);
        now += 1000000;
    }
    assert_int_equal(guest->scrollback.end, mark + total);
    log = tempdir_read("console-demo.log", &length);
    old = tempdir_read("console-demo.log.1", &older);
    assert_true(older <= CONLOG_SIZE && length <= CONLOG_SIZE);
    assert_int_equal(older + length, mark + total);
    assert_memory_equal(old + mark, text, older - mark);
    assert_memory_equal(log, text + older - mark, length);
    free(text);
    free(log);
    free(old);
}

static void hostile_indexes_cost_only_the_guest(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    uint64_t before;

    settle();
    before = guest->scrollback.end;
    for (uint32_t i = 0; i < 64; i++) {
        fake_guest_corrupt(1, 0x04000000u * i + i, 0x08000001u * i);
        assert_true(guest_type(guest, "x", 1));
        fake_guest_notify(1);
        settle();
        now += S;
    }
    assert_true(guest->scrollback.end - before <= 64 * RING_OUT_SIZE);
}

static void input_waits_for_room(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    char text[4096], got[3 * sizeof(text)];
    size_t received = 0, n;

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i * 7 + i / 256);
    }
    assert_true(guest_type(guest, text, sizeof(text)));
    settle();
    assert_int_equal(guest->input_length, sizeof(text) - RING_IN_SIZE);
    assert_true(guest_type(guest, text, sizeof(text)));
    assert_false(guest_type(guest, text, sizeof(text)));
    while ((n = fake_guest_read(1, got + received, 500)) > 0) {
        received += n;
        settle();
    }
    assert_int_equal(received, 2 * sizeof(text));
    assert_memory_equal(got, text, sizeof(text));
    assert_memory_equal(got + sizeof(text), text, sizeof(text));
}

/* --- coming and going ---------------------------------------------------------------- */

static void last_words_stay(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);

    settle();
    fake_guest_put(1, "panic", 5);
    guest_end(&guests, guest, now);
    assert_false(fake_is_mapped(1));
    assert_non_null(strstr(text_of(guest), "panic\r\n[pando: domain 1 has ended, "));
    assert_ptr_equal(guests_find(&guests, "demo"), guest);
    assert_true(guest_type(guest, "x", 1));
    now += GUEST_KEEP - 1;
    guests_turn(&guests, now);
    assert_ptr_equal(guests_find(&guests, "demo"), guest);
    now++;
    settle();
    assert_null(guests_find(&guests, "demo"));
}

static void attached_consoles_stay(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);

    guest->clients = 1;
    guest_end(&guests, guest, now);
    now += 2 * GUEST_KEEP;
    settle();
    assert_ptr_equal(guests_find(&guests, "demo"), guest);
    guest->clients = 0;
}

static void ended_consoles_are_limited(void **state)
{
    for (unsigned int i = 0; i < GUESTS_ENDED_MAX + 10; i++) {
        char name[20];

        snprintf(name, sizeof(name), "guest%u", i);
        fake_xen_new_domain(1);
        guest_end(&guests, start(1, name, UUID_A), now++);
        settle();
    }
    assert_int_equal(guests.count, GUESTS_ENDED_MAX);
    assert_null(guests_find(&guests, "guest9"));
    assert_non_null(guests_find(&guests, "guest10"));
}

static void reboot_continues(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);

    fake_guest_say(1, "first\r\n");
    settle();
    guest_end(&guests, guest, now);
    assert_ptr_equal(start(2, "demo", UUID_A), guest);
    fake_guest_say(2, "second");
    settle();
    assert_non_null(strstr(text_of(guest), "]\r\nfirst\r\n[pando: domain 1 has ended, "));
    assert_non_null(strstr(text_of(guest), "[pando: domain 2 starts, "));
    assert_true(ends_with(text_of(guest), "]\r\nsecond"));
}

static void another_guest_of_that_name_starts_anew(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    char *log;
    size_t length;

    fake_guest_say(1, "first\r\n");
    settle();
    guest_end(&guests, guest, now);
    start(2, "demo", UUID_B);
    settle();
    assert_null(strstr(text_of(guest), "first"));
    assert_int_equal(count(text_of(guest), "[pando:"), 1);
    log = tempdir_read("console-demo.log", &length);
    assert_int_equal(count(log, "[pando:"), 3);
    assert_int_equal(count(log, "first"), 1);
    free(log);
}

static void failed_start_leaves_nothing(void **state)
{
    struct guest_place place = { .domid = 1, .port = 2, .name = "demo", .uuid = "" };
    struct guest *guest;

    fake_xen_fail_map(-EINVAL);
    assert_int_equal(guest_start(&guests, &place, now, &guest), -EINVAL);
    assert_int_equal(guests.count, 0);
    fake_xen_fail_map(0);
    assert_int_equal(guest_start(&guests, &place, now, &guest), 0);
}

/* --- restart of consoled ----------------------------------------------------------------- */

static void restart_loses_nothing(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);

    fake_guest_say(1, "before, ");
    settle();
    fake_guest_put(1, "meanwhile", 9);
    restart_consoled();
    guest = start(1, "demo", UUID_A);
    settle();
    assert_true(ends_with(text_of(guest), "]\r\nbefore, meanwhile"));
    assert_int_equal(count(text_of(guest), "[pando:"), 1);
}

static void restart_after_a_reboot_continues(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);

    fake_guest_say(1, "first");
    settle();
    restart_consoled();
    guest = start(2, "demo", UUID_A);
    settle();
    assert_non_null(strstr(text_of(guest), "]\r\nfirst\r\n[pando: domain 2 starts"));
    restart_consoled();
    guest = start(2, "demo", UUID_B);
    settle();
    assert_null(strstr(text_of(guest), "first"));
    assert_int_equal(count(text_of(guest), "[pando:"), 1);
}

static void restart_with_a_long_log(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    char line[100], *before = malloc(SCROLLBACK_SIZE + 1);

    for (int i = 0; i < 60000; i++) {
        snprintf(line, sizeof(line), "this is the line of number %d of a long log\r\n", i);
        fake_guest_say(1, line);
        settle();
        now += S / 1000;
    }
    strcpy(before, text_of(guest));
    assert_int_equal(strlen(before), SCROLLBACK_SIZE);
    restart_consoled();
    guest = start(1, "demo", UUID_A);
    settle();
    assert_string_equal(text_of(guest), before);
    free(before);
}

/* --- the log -------------------------------------------------------------------------------- */

static void log_is_completed_later(void **state)
{
    char path[200], *log;
    struct guest *guest;
    size_t length;

    snprintf(path, sizeof(path), "%s/later", dir);
    guests.log_dir = path;
    guest = start(1, "demo", UUID_A);
    fake_guest_say(1, "one ");
    settle();
    fake_guest_say(1, "two");
    settle();
    assert_true(ends_with(text_of(guest), "]\r\none two"));
    assert_int_equal(mkdir(path, 0700), 0);
    settle();
    assert_null(tempdir_read("later/console-demo.log", &length));
    now = guests_turn(&guests, now);
    settle();
    log = tempdir_read("later/console-demo.log", &length);
    assert_non_null(log);
    assert_string_equal(log, text_of(guest));
    free(log);
}

static void log_says_what_it_lost(void **state)
{
    char path[200], *log, junk[1024];
    size_t length;

    snprintf(path, sizeof(path), "%s/later", dir);
    guests.log_dir = path;
    start(1, "demo", UUID_A);
    memset(junk, 'j', sizeof(junk));
    for (int i = 0; i < 1200; i++) {
        fake_guest_write(1, junk, sizeof(junk));
        settle();
        now += S / 100;
    }
    assert_int_equal(mkdir(path, 0700), 0);
    now += CONLOG_RETRY;
    settle();
    log = tempdir_read("later/console-demo.log", &length);
    assert_non_null(log);
    assert_non_null(strstr(log, " bytes not logged]\r\njjjj"));
    assert_in_range(length, SCROLLBACK_SIZE, SCROLLBACK_SIZE + 100);
    free(log);
}

static void log_of_an_odd_name_stays_in_its_folder(void **state)
{
    char *log;
    size_t length;

    start(1, "../../etc/x y", UUID_A);
    settle();
    log = tempdir_read("console-..%2F..%2Fetc%2Fx%20y.log", &length);
    assert_non_null(log);
    free(log);
}

static void removed_log_is_made_again(void **state)
{
    char path[200], *log;
    size_t length;

    start(1, "demo", UUID_A);
    settle();
    snprintf(path, sizeof(path), "%s/console-demo.log", dir);
    assert_int_equal(remove(path), 0);
    now += CONLOG_CHECK;
    fake_guest_say(1, "new");
    settle();
    log = tempdir_read("console-demo.log", &length);
    assert_non_null(log);
    assert_string_equal(log, "new");
    free(log);
}

static void renamed_guest_has_all_in_its_new_log(void **state)
{
    struct guest *guest = start(1, "demo", UUID_A);
    char *log;
    size_t length;

    fake_guest_say(1, "one");
    settle();
    guest_rename(&guests, guest, "prod");
    assert_ptr_equal(guests_find(&guests, "prod"), guest);
    assert_null(guests_find(&guests, "demo"));
    settle();
    log = tempdir_read("console-prod.log", &length);
    assert_non_null(log);
    assert_string_equal(log, text_of(guest));
    free(log);
}

static void found_by_name_domain_id_or_uuid(void **state)
{
    struct guest *one = start(1, "one", UUID_A), *two = start(2, "1", UUID_B);

    assert_ptr_equal(guests_find(&guests, "one"), one);
    assert_ptr_equal(guests_find(&guests, "1"), two);
    assert_ptr_equal(guests_find(&guests, "2"), two);
    assert_ptr_equal(guests_find(&guests, UUID_A), one);
    assert_ptr_equal(guests_find(&guests, "0B0B0B0B-0000-0000-0000-000000000002"), two);
    assert_null(guests_find(&guests, "3"));
    assert_null(guests_find(&guests, "2x"));
    assert_null(guests_find(&guests, " 2"));
    assert_null(guests_find(&guests, ""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output_is_kept_and_logged),
        TEST(output_before_the_connection),
        TEST(flood_is_slowed),
        TEST(small_writes_are_gathered),
        TEST(events_are_slowed),
        TEST(nonsense_is_slowed),
        TEST(no_byte_is_lost),
        TEST(hostile_indexes_cost_only_the_guest),
        TEST(input_waits_for_room),
        TEST(last_words_stay),
        TEST(attached_consoles_stay),
        TEST(ended_consoles_are_limited),
        TEST(reboot_continues),
        TEST(another_guest_of_that_name_starts_anew),
        TEST(failed_start_leaves_nothing),
        TEST(restart_loses_nothing),
        TEST(restart_after_a_reboot_continues),
        TEST(restart_with_a_long_log),
        TEST(log_is_completed_later),
        TEST(log_says_what_it_lost),
        TEST(log_of_an_odd_name_stays_in_its_folder),
        TEST(removed_log_is_made_again),
        TEST(renamed_guest_has_all_in_its_new_log),
        TEST(found_by_name_domain_id_or_uuid),
    };

    return cmocka_run_group_tests_name("console guests", tests, NULL, NULL);
}
