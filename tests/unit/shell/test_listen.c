/* SPDX-License-Identifier: MIT */
/* send, expect and wait-for, over consoled's protocol. */
#include "fake_consoled.h"
#include "harness.h"
#include "shell/listen.h"

#include <limits.h>

static char socket_path[120];

static int setup(void **state)
{
    if (harness_setup(state))
        return -1;
    snprintf(socket_path, sizeof(socket_path), "%s/sock", harness_shell.log_folder);
    fake_consoled = (struct fake_consoled){ .guest = "web", .domid = 1 };
    fake_consoled_start(socket_path);
    harness_shell.console_socket = socket_path;
    listen_patience_ms = 20000;
    return 0;
}

static int teardown(void **state)
{
    listen_clear();
    fake_consoled_stop();
    return harness_teardown(state);
}

/* --- the text ------------------------------------------------------------------------- */

static void filters(const char *from, const char *expected)
{
    struct transcript transcript = { 0 };
    /* In one piece, and byte by byte. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < strlen(from); i += pass ? 1 : strlen(from))
            transcript_add(&transcript, from + i, pass ? 1 : strlen(from));
        size_t length;
        const char *text = transcript_tail(&transcript, 100, 1000, &length);
        if (length != strlen(expected) || memcmp(text, expected, length))
            fail_msg("%s: %.*s", expected, (int)length, text);
        transcript_free(&transcript);
    }
}

static void text_is_filtered(void **state)
{
    filters("a\r\n\tb\r\n", "a\n\tb\n");
    filters("\033[1;32mok\033[0m \033[?2004hx", "ok x");
    filters("a\033]0;title\007b\033]0;title\033\\c", "abc");
    filters("\033Pq#0\033\\a\033(Bb\033=c\0337d\033#8e", "abcde");
    filters("a\bb\a\016c\177d", "abcd");
    filters("\033[1\nmx", "\nx");
    filters("\303\251\377", "\303\251\377");
    filters("\033[12\03033mx", "33mx");
}

static void finds(struct transcript *transcript, const char *text, bool plain, const char *expected)
{
    struct pattern pattern;
    char *match = NULL;
    assert_true(pattern_init(&harness_shell, &pattern, text, plain));
    transcript_restart(transcript);
    bool found = transcript_find(transcript, &pattern, &match);
    pattern_free(&pattern);
    if (found != (expected != NULL) || (found && strcmp(match, expected)))
        fail_msg("%s: %s instead of %s", text, match, expected);
    free(match);
}

static void matches(void **state)
{
    struct transcript transcript = { 0 };
    finds(&transcript, "a", false, NULL);
    transcript_add(&transcript, "one two\nthree 42.\nlogin: ", 25);
    finds(&transcript, "T", true, NULL);
    finds(&transcript, "t[a-z]+", false, "two");
    /* The line begins before the place, so no line begins at it. */
    finds(&transcript, "^t", false, "t");
    finds(&transcript, "^.*[0-9]+\\.$", false, NULL);
    finds(&transcript, "([0-9])+\\.$", false, "42.");
    finds(&transcript, "42", true, NULL);
    finds(&transcript, "l.*: $", false, "login: ");
    finds(&transcript, "login", false, NULL);
    transcript_add(&transcript, "a.b axb a\nb", 11);
    finds(&transcript, "axb", true, "axb");
    finds(&transcript, "a.b", false, NULL);
    finds(&transcript, "a\nb", false, "a\nb");
    transcript_free(&transcript);
}

static void finds_over_pieces(void **state)
{
    struct transcript transcript = { 0 };
    struct pattern pattern;
    char *match = NULL;
    assert_true(pattern_init(&harness_shell, &pattern, "end of it$", false));
    for (int i = 0; i < 3000; i++) {
        assert_false(transcript_find(&transcript, &pattern, &match));
        transcript_add(&transcript, "noise enough to fill what a search goes over again\n", 51);
    }
    transcript_add(&transcript, "the end ", 8);
    assert_false(transcript_find(&transcript, &pattern, &match));
    transcript_add(&transcript, "of it", 5);
    assert_true(transcript_find(&transcript, &pattern, &match));
    assert_string_equal(match, "end of it");
    free(match);
    /* Of a flood, what came last is kept. */
    for (int i = 0; i < 60000; i++)
        transcript_add(&transcript, "a flood that nobody has asked for\n", 34);
    assert_false(transcript_find(&transcript, &pattern, &match));
    assert_true(transcript.length <= TRANSCRIPT_MAX + 1);
    pattern_free(&pattern);
    transcript_free(&transcript);
}

static void tails(void **state)
{
    struct transcript transcript = { 0 };
    size_t length;
    transcript_tail(&transcript, 2, 100, &length);
    assert_int_equal(length, 0);
    transcript_add(&transcript, "a\nb\nc\n", 6);
    assert_memory_equal(transcript_tail(&transcript, 2, 100, &length), "b\nc\n", 4);
    assert_int_equal(length, 4);
    transcript_tail(&transcript, 9, 3, &length);
    assert_int_equal(length, 3);
    transcript_free(&transcript);
}

/* --- the commands ----------------------------------------------------------------------- */

static void expects_in_order(void **state)
{
    fake_consoled_say("[pando: domain 1 starts, uuid x, now]\r\nboot\r\nlogin: ");
    harness_expect("expect web boot", SHELL_OK, "", "");
    harness_expect("expect web 'log(in|out): $' --json", SHELL_OK, "\"match\": \"login: \"", "");
    harness_expect("expect web boot --timeout 0.1", SHELL_TIMEOUT, "",
                   "expect: web: \"boot\" has not come in time; nothing has come\n");
    fake_consoled_say("root\r\n# ");
    harness_expect("expect 1 'root\n# $'", SHELL_OK, "", "");
    assert_int_equal(fake_consoled.attached, 1);
}

/* One command alone waits for what happens next, unless it is told to look back. */
static void a_single_one_looks_ahead(void **state)
{
    harness_shell.single = true;
    fake_consoled_say("[pando: domain 1 starts, uuid x, now]\r\nlogin: ");
    harness_expect("expect web login --timeout 0.1", SHELL_TIMEOUT, "",
                   "expect: web: \"login\" has not come in time; nothing has come\n");
    listen_clear();
    harness_expect("expect web login --from-start", SHELL_OK, "", "");
    /* So does what is there already, for wait-for. */
    listen_clear();
    harness_expect("wait-for web login --timeout 5", SHELL_OK, "", "");
    listen_clear();
    harness_shell.single = false;
    harness_expect("expect web login", SHELL_OK, "", "");
    harness_expect("expect web login --timeout 0.1", SHELL_TIMEOUT, "", "has not come in time");
    harness_expect("expect web login --from-start", SHELL_OK, "", "");
}

static void says_what_came_instead(void **state)
{
    fake_consoled_say("one\r\ntwo\r\n\033[31mno \303\251\r\nthree");
    harness_expect("expect web four --timeout 0.1", SHELL_TIMEOUT, "",
                   "web: \"four\" has not come in time; what came instead:\n"
                   "  | one\n  | two\n  | no ??\n  | three\n");
    /* It is still there for the next one. */
    harness_expect("expect web 'two' --plain --timeout 0.1", SHELL_OK, "", "");
}

static void begins_with_the_domain(void **state)
{
    fake_consoled_say("[pando: domain 7 starts, uuid x, now]\r\nlogin:\r\n"
                      "[pando: domain 1 starts, uuid x, now]\r\nagain\r\n");
    harness_expect("expect web login: --timeout 0.1", SHELL_TIMEOUT, "", "| again\n");
    harness_expect("expect web again", SHELL_OK, "", "");
}

static void comes_later(void **state)
{
    fake_consoled.answer = "Linux web 6.1\r\n";
    harness_expect("send web 'uname -a'", SHELL_OK, "", "");
    assert_memory_equal(fake_consoled.typed, "uname -a\r", 9);
    harness_expect("wait-for web 'Linux web'", SHELL_OK, "", "");
    harness_expect("wait-for web runing --timeout 0.1", SHELL_TIMEOUT, "",
                   "\"runing\" was taken as a text; did you mean the state running?");
}

static void sends_escapes(void **state)
{
    harness_expect("send web --no-newline '\\n\\r\\t\\e\\a\\\\\\x03\\xfF\\0x'", SHELL_OK, "", "");
    assert_int_equal(fake_consoled.typed_length, 10);
    assert_memory_equal(fake_consoled.typed, "\n\r\t\033\a\\\x03\xff\0x", 10);
    harness_expect("send web 'a\\'", SHELL_USAGE, "", "found \"\\\", expected \\n");
    harness_expect("send web '\\x1'", SHELL_USAGE, "", "found \"\\x1\"");
    harness_expect("send web '\\q'", SHELL_USAGE, "", "found \"\\q\"");
    assert_int_equal(fake_consoled.typed_length, 10);

    char line[9100] = "send web --no-newline ";
    memset(line + strlen(line), 'x', 9000);
    harness_expect(line, SHELL_OK, "", "");
    assert_int_equal(fake_consoled.typed_length, 9010);
}

static void fails_with_a_reason(void **state)
{
    harness_expect("expect web '('", SHELL_USAGE, "", "\"(\" is no regular expression");
    harness_expect("expect web ''", SHELL_USAGE, "", "found an empty text");
    harness_expect("expect web '(' --plain --timeout 0.1", SHELL_TIMEOUT, "", "has not come");
    harness_expect("expect Domain-0 x", SHELL_FAILED, "", "the host's own domain");
    harness_expect("expect nobody x", SHELL_NO_GUEST, "", "there is no such guest here");
    harness_expect("send nobody x", SHELL_NO_GUEST, "", "there is no such guest here");
    /* consoled does not have it yet, and never will. */
    harness_expect("send db x --timeout 0.2", SHELL_TIMEOUT, "", "has not come up in time");
    fake_consoled.deaf = true;
    harness_expect("send web x --timeout 0.2", SHELL_TIMEOUT, "", "has not taken all of its input");
    fake_consoled.deaf = false;
    fake_consoled.ends_clients = true;
    harness_expect("send web x", SHELL_ENDED, "", "the guest has ended");
    harness_shell.console_socket = "/nowhere";
    harness_expect("send web x", SHELL_FAILED, "", "is consoled running?");
}

static void notices_the_end(void **state)
{
    listen_patience_ms = 0;
    fake_consoled.guest = "old";
    fake_consoled.domid = 3;
    fake_consoled_say("Kernel panic\r\n");
    harness_expect("expect old login:", SHELL_ENDED, "",
                   "old has ended: \"login:\" has not come; what came instead:\n  | Kernel panic");
    harness_expect("expect old panic", SHELL_OK, "", "");
    /* Its last words are there when it is gone. */
    harness_run("destroy old");
    fake_consoled.ended = true;
    listen_clear();
    harness_expect("expect old panic", SHELL_OK, "", "");
    harness_expect("expect old x", SHELL_ENDED, "", "old has ended");
}

static void waits_for_states(void **state)
{
    harness_expect("wait-for web running", SHELL_OK, "", "");
    harness_expect("wait-for web present", SHELL_OK, "", "");
    harness_expect("wait-for db paused", SHELL_OK, "", "");
    harness_expect("wait-for db running --timeout 0.1", SHELL_TIMEOUT, "", "db is not running");
    harness_expect("wait-for old ended", SHELL_OK, "", "");
    harness_expect("wait-for old crash", SHELL_OK, "", "");
    harness_expect("wait-for old poweroff --timeout 0.1", SHELL_TIMEOUT, "", "not poweroff");
    harness_expect("wait-for nobody absent", SHELL_OK, "", "");
    harness_expect("wait-for nobody running --timeout 0.1", SHELL_TIMEOUT, "", "is not running");
    harness_expect("wait-for nobody ended", SHELL_NO_GUEST, "", "there is no guest \"nobody\"");
    harness_expect("wait-for web absent --timeout 0.1", SHELL_TIMEOUT, "", "web is not absent");
    harness_expect("wait-for web running --text --timeout 0.1", SHELL_TIMEOUT, "", "has not come");
    fake_consoled_say("running\n");
    harness_expect("wait-for web running --text", SHELL_OK, "", "");
    harness_expect("wait-for web", SHELL_USAGE, "", "usage: wait-for");
}

static void stops_at_ctrl_c(void **state)
{
    shell_interrupted = 1;
    harness_expect("wait-for web paused", SHELL_INTERRUPTED, "", "");
    harness_expect("expect web x", SHELL_INTERRUPTED, "", "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_is_filtered),
        TEST(matches),
        TEST(finds_over_pieces),
        TEST(tails),
        TEST(expects_in_order),
        TEST(says_what_came_instead),
        TEST(a_single_one_looks_ahead),
        TEST(begins_with_the_domain),
        TEST(comes_later),
        TEST(sends_escapes),
        TEST(fails_with_a_reason),
        TEST(notices_the_end),
        TEST(waits_for_states),
        TEST(stops_at_ctrl_c),
    };
    return cmocka_run_group_tests_name("shell-listen", tests, NULL, NULL);
}
