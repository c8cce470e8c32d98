/* SPDX-License-Identifier: MIT */
/* The prompt, driven by keys on a pseudo-terminal, on the fake host. */
#include "harness.h"
#include "shell/interactive.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 20 };

static int terminal;
static pid_t child;
static char seen[1 << 16]; /* since the last type() */
static size_t seen_length;

static void run_child(void)
{
    setenv("TERM", "dumb", 1);
    setenv("HOME", harness_shell.log_folder, 1);
    unsetenv("INPUTRC");
    alarm(LIMIT_S);
    harness_shell.out = stdout;
    harness_shell.err = stderr;
    /* Not exit(): what readline keeps is no leak of ours. */
    _exit(interactive_run(&harness_shell));
}

static void start(void)
{
    seen_length = 0;
    child = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (!child)
        run_child();
}

/* Waits until the text has been written behind what was typed last. */
static void see(const char *text)
{
    for (;;) {
        struct pollfd input = { .fd = terminal, .events = POLLIN };
        seen[seen_length] = 0;
        char *found = strstr(seen, text);
        if (found) {
            /* The rest is for the next call. */
            seen_length -= (size_t)(found - seen) + strlen(text);
            memmove(seen, found + strlen(text), seen_length);
            return;
        }
        assert_true(seen_length < sizeof(seen) - 1);
        ssize_t got = poll(&input, 1, LIMIT_S * 1000) == 1
                          ? read(terminal, seen + seen_length, sizeof(seen) - 1 - seen_length)
                          : -1;
        if (got <= 0)
            fail_msg("\"%s\" was not written, but \"%s\"", text, seen);
        seen_length += (size_t)got;
    }
}

static void type(const char *keys)
{
    assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys));
}

static void ends(int expected)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(terminal);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static void runs_commands(void **state)
{
    start();
    see("pando> ");
    type("list web\r");
    see("running");
    see("pando> ");
    /* An error has no prefix here, and does not end it. */
    type("pause nobody\r");
    see("\npause: there is no guest \"nobody\"");
    see("pando> ");
    type("list 'x\r");
    see("inside of quotes");
    see("pando> ");
    type("\r");
    see("pando> ");
    type("quit\r");
    ends(SHELL_OK);
}

/* dom0's console has colours, and who knows what else, in what the hypervisor logs of it. */
static void logs_are_harmless(void **state)
{
    fake.log = "a \033[31mred\033[0m \033]0;title\007line\b\n";
    start();
    see("pando> ");
    type("dmesg\r");
    see("\na red line\r\n");
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

/* Lines of the history that were changed, but not run, are what they were again. */
static void history_has_what_was_run(void **state)
{
    start();
    see("pando> ");
    type("list web\r");
    see("running");
    see("pando> ");
    type("list nobody\r");
    see("no guest \"nobody\"");
    see("pando> ");
    type("\x10\x10zzz\x0e\x0e"); /* twice back, twice forward: the empty line */
    type("pause nobody\r");
    see("pause: there is no guest \"nobody\"");
    see("pando> ");
    type("\x10\x10\x10\r");
    see("running");
    see("pando> ");
    type("quit\r");
    ends(SHELL_OK);
}

static void ctrl_d_leaves(void **state)
{
    start();
    see("pando> ");
    type("\x04");
    see("quit");
    ends(SHELL_OK);
}

static void ctrl_c_drops_the_line(void **state)
{
    start();
    see("pando> ");
    type("destroy web");
    see("destroy web");
    type("\x03");
    see("^C");
    see("pando> ");
    type("list\r");
    see("web");
    see("pando> ");
    /* In the middle of a search, too. */
    type("\x12li");
    see("list");
    type("\x03");
    see("pando> ");
    type("version\r");
    see("pando " PANDO_VERSION);
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

static void keys_behind_ctrl_c_are_kept(void **state)
{
    start();
    see("pando> ");
    type("destroy web\x03version\r");
    see("^C");
    see("pando " PANDO_VERSION);
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

static void ctrl_bracket_takes_no_key(void **state)
{
    start();
    see("pando> ");
    type("\x1dversion\r");
    see("pando " PANDO_VERSION);
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

static void ctrl_c_ends_a_wait(void **state)
{
    start();
    see("pando> ");
    type("shutdown --wait --timeout 0 web\r");
    /* The echo of the line's end: from then on the command runs, or is about to. */
    see("\n");
    usleep(100000);
    type("\x03");
    see("pando> ");
    type("list web\r");
    see("running");
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

static void keys_of_the_next_line_wait_for_it(void **state)
{
    start();
    see("pando> ");
    type("shutdown --wait --timeout 2 web\r");
    see("\n");
    usleep(100000);
    type("vers");
    struct pollfd input = { .fd = terminal, .events = POLLIN };
    assert_int_equal(poll(&input, 1, 300), 0);
    see("in time");
    see("pando> ");
    see("vers");
    type("ion\r");
    see("pando " PANDO_VERSION);
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

static void tab_completes(void **state)
{
    start();
    see("pando> ");
    type("vc\t");
    see("vcpu-list ");
    type("we\t");
    see("web ");
    type("--js\t\r");
    see("--json");
    see("hard_affinity");
    see("pando> ");
    /* One of several: what they share, then all of them. */
    type("re\t\t");
    see("reboot");
    see("rename");
    type("\x03");
    see("^C");
    see("pando> ");
    /* Nothing in the place of a guest, not even a file. */
    type("pause /et\t/x\r");
    see("there is no guest \"/et/x\"");
    see("pando> ");
    /* A folder leads on: no blank behind it. */
    type("config check /de\tnull\r");
    see("/dev/null");
    see("not valid JSON");
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);
}

static void history_is_kept(void **state)
{
    start();
    see("pando> ");
    type("list web\r");
    see("running");
    see("pando> ");
    /* Also when it is killed. */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(terminal);

    start();
    see("pando> ");
    type("\x10");
    see("list web");
    type("\r");
    see("running");
    see("pando> ");
    type("\x04");
    ends(SHELL_OK);

    /* Twice the same is kept once, and nobody else may read it. */
    char path[100], text[100] = "";
    snprintf(path, sizeof(path), "%s/.pando_history", harness_shell.log_folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    assert_string_equal(text, "list web\n");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(runs_commands),
        TEST(logs_are_harmless),
        TEST(history_has_what_was_run),
        TEST(ctrl_d_leaves),
        TEST(ctrl_c_drops_the_line),
        TEST(keys_behind_ctrl_c_are_kept),
        TEST(ctrl_bracket_takes_no_key),
        TEST(ctrl_c_ends_a_wait),
        TEST(keys_of_the_next_line_wait_for_it),
        TEST(tab_completes),
        TEST(history_is_kept),
    };
    return cmocka_run_group_tests_name("shell-prompt", tests, NULL, NULL);
}
