/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "shell/script.h"
#include "test_complete.h"

static int run(const char *text)
{
    FILE *file = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(file);
    harness_clear();
    harness_shell.quit = false;
    int status = script_run(&harness_shell, file, "test.pando");
    fclose(file);
    return status;
}

static void runs_line_by_line(void **state)
{
    assert_int_equal(run("# first\n\n  pause web # that one\nrename db 'db2'\n"), SHELL_OK);
    assert_int_equal(fake.domains[1].state, PANDO_DOMAIN_PAUSED);
    assert_string_equal(fake.domains[2].name, "db2");
    assert_string_equal(harness_err(), "");
    assert_null(harness_shell.script);
    /* The last line may lack its newline. */
    assert_int_equal(run("version"), SHELL_OK);
    assert_non_null(strstr(harness_out(), PANDO_VERSION));
}

static void stops_at_a_failure(void **state)
{
    assert_int_equal(run("version\npause nobody\npause web\n"), SHELL_NO_GUEST);
    assert_string_equal(harness_err(), "test.pando:2: pause: there is no guest \"nobody\"\n");
    assert_int_equal(fake.pauses, 0);
    assert_int_equal(run("\n\nlist 'x\n"), SHELL_USAGE);
    assert_non_null(strstr(harness_err(), "test.pando:3: "));
}

static void goes_on_if_told_to(void **state)
{
    assert_int_equal(run("on-error continue\npause nobody\nfrob\npause web\n"), SHELL_NO_GUEST);
    assert_int_equal(fake.pauses, 1);
    assert_non_null(strstr(harness_err(), "test.pando:3: no command \"frob\""));

    harness_shell.keep_going = true;
    assert_int_equal(run("frob\non-error stop\nunpause nobody\nunpause web\n"), SHELL_USAGE);
    assert_int_equal(fake.pauses, 1);
    assert_int_equal(run("on-error perhaps\n"), SHELL_USAGE);
    assert_non_null(strstr(harness_err(), "found \"perhaps\", expected stop or continue"));
}

static void joins_lines(void **state)
{
    assert_int_equal(run("pause \\\n  web \\\n db\nversion\nfrob\n"), SHELL_USAGE);
    assert_int_equal(fake.domains[1].state, PANDO_DOMAIN_PAUSED);
    /* An error has the number of the first line, and later lines are counted right. */
    assert_string_equal(harness_err(), "test.pando:5: no command \"frob\"; `help` lists them\n");
    assert_int_equal(run("version\npause \\\nnobody\n"), SHELL_NO_GUEST);
    assert_non_null(strstr(harness_err(), "test.pando:2: "));
    /* At the end of the script there is nothing to join. */
    assert_int_equal(run("unpause web \\"), SHELL_OK);
}

static void has_variables(void **state)
{
    assert_int_equal(run("set guest web\nset what '$guest is'\npause $guest\n"
                         "rename \"${guest}\" ${guest}2\nset --json\n"),
                     SHELL_OK);
    assert_string_equal(fake.domains[1].name, "web2");
    assert_non_null(strstr(harness_out(), "\"value\": \"$guest is\""));
    assert_int_equal(run("set guest db\nset\n"), SHELL_OK);
    assert_string_equal(harness_out(), "NAME   VALUE\nguest  db\nwhat   $guest is\n");
    assert_int_equal(run("pause $nobody\n"), SHELL_USAGE);
    assert_string_equal(harness_err(), "test.pando:1: there is no variable nobody; `set nobody "
                                       "VALUE` makes one, '$' is a plain $\n");
    assert_int_equal(run("set a\n"), SHELL_USAGE);
    assert_int_equal(run("set a-b c\n"), SHELL_USAGE);
    assert_int_equal(run("set --environment\n"), SHELL_USAGE);
    /* A variable that is as long as a line can't be doubled for ever. */
    assert_int_equal(run("set x 0123456789012345\n"), SHELL_OK);
    for (int i = 0; i < 16; i++)
        assert_int_equal(run("set x $x$x\n"), i < 15 ? SHELL_OK : SHELL_USAGE);
    assert_non_null(strstr(harness_err(), "longer than 1 MiB"));
}

static void takes_the_environment_when_told_to(void **state)
{
    setenv("PANDO_TEST", "from outside", 1);
    assert_int_equal(run("rename web $PANDO_TEST\n"), SHELL_USAGE);
    assert_int_equal(run("set PANDO_TEST --environment\nset\n"), SHELL_OK);
    assert_non_null(strstr(harness_out(), "PANDO_TEST  from outside\n"));
    unsetenv("PANDO_TEST");
    assert_int_equal(run("set PANDO_TEST --environment preset\nset\n"), SHELL_OK);
    assert_non_null(strstr(harness_out(), "PANDO_TEST  preset\n"));
    assert_int_equal(run("set PANDO_TEST --environment\n"), SHELL_FAILED);
    assert_non_null(strstr(harness_err(), "PANDO_TEST is not in the environment"));
}

static void refuses_what_is_no_script(void **state)
{
    static const char bytes[] = "on-error continue\nversion\0\nversion\n";
    FILE *file = fmemopen((char *)(uintptr_t)bytes, sizeof(bytes) - 1, "r");
    harness_clear();
    assert_int_equal(script_run(&harness_shell, file, "x"), SHELL_USAGE);
    fclose(file);
    assert_string_equal(harness_err(), "x:2: the line has a NUL byte: this is no script\n");
    assert_string_equal(harness_out(), "");
    harness_shell.keep_going = false;
    assert_int_equal(run("pause \\\r\n web\r\nrename web web2\r\n"), SHELL_OK);
    assert_string_equal(fake.domains[1].name, "web2");
}

static void quits(void **state)
{
    assert_int_equal(run("version\nquit\npause web\n"), SHELL_OK);
    assert_int_equal(fake.pauses, 0);
    assert_int_equal(run("on-error continue\nfrob\nquit\n"), SHELL_USAGE);
}

static void runs_files(void **state)
{
    assert_int_equal(script_run_file(&harness_shell, harness_file("a.pando", "#!/usr/bin/pando -f\n"
                                                                             "list\n")),
                     SHELL_OK);
    assert_non_null(strstr(harness_out(), "web"));
    assert_int_equal(script_run_file(&harness_shell, "/nowhere"), SHELL_FAILED);
    assert_non_null(strstr(harness_err(), "/nowhere: cannot be read: No such file"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(runs_line_by_line),
        TEST(stops_at_a_failure),
        TEST(goes_on_if_told_to),
        TEST(joins_lines),
        TEST(has_variables),
        TEST(takes_the_environment_when_told_to),
        TEST(refuses_what_is_no_script),
        TEST(quits),
        TEST(runs_files),
        TEST(completes_commands),
        TEST(completes_options),
        TEST(completes_arguments),
        TEST(completes_configurations),
        TEST(completes_devices),
        TEST(completes_variables),
        TEST(completes_nothing_in_doubt),
    };
    return cmocka_run_group_tests_name("shell-script", tests, NULL, NULL);
}
