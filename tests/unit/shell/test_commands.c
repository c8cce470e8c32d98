/* SPDX-License-Identifier: MIT */
/* Commands that show something; exit codes; JSON. */
#include "harness.h"
#include "shell/command.h"
#include "test_commands.h"
#include "test_json.h"

static void list_table(void **state)
{
    assert_int_equal(harness_run("list"), SHELL_OK);
    assert_string_equal(harness_out(),
                        "ID  NAME      STATE    VCPUS  TIME(s)  MEM(MiB)  MAXMEM(MiB)\n"
                        " 0  Domain-0  running      1      1.2       128            -\n"
                        " 1  web       running      1      1.2       128          256\n"
                        " 2  db        paused       1      1.2       128          256\n"
                        " 3  old       crash        1      1.2       128          256\n");
    assert_int_equal(harness_run("list db 1"), SHELL_OK);
    assert_null(strstr(harness_out(), "old"));
    assert_true(strstr(harness_out(), "db") < strstr(harness_out(), "web"));
    harness_expect("list web nobody", SHELL_NO_GUEST, "", "there is no guest \"nobody\"");
    assert_string_equal(harness_out(), "");
}

static void list_json(void **state)
{
    struct json *root = harness_json("list --json");
    assert_int_equal(root->type, JSON_ARRAY);
    const struct json *old = root->last;
    assert_string_equal(json_member(old, "name")->text, "old");
    assert_string_equal(json_member(old, "state")->text, "shutdown");
    assert_string_equal(json_member(old, "reason")->text, "crash");
    assert_string_equal(json_member(old, "memory_kib")->text, "131072");
    assert_string_equal(json_member(old, "cpu_time_ns")->text, "1250000000");
    assert_null(json_member(root->first, "reason"));
    json_free(root);

    root = harness_json("list --json web");
    assert_ptr_equal(root->first, root->last);
    json_free(root);
}

/* A name that is not UTF-8 leaves the JSON valid. */
static void foreign_names(void **state)
{
    strcpy(fake.domains[1].name, "w\xff\"\x1b");
    struct json *root = harness_json("list --json");
    assert_string_equal(json_member(root->first->next, "name")->text, "w\xef\xbf\xbd\"\x1b");
    json_free(root);
}

static void info(void **state)
{
    harness_expect("info", SHELL_OK, "Memory, free           1024 MiB\n", "");
    harness_expect("info web", SHELL_OK, "Name                   web\n", "");
    harness_expect("info nobody", SHELL_NO_GUEST, "", "nobody");
    harness_expect("info web db", SHELL_USAGE, "", "too many arguments: \"db\"");
    struct json *root = harness_json("info --json");
    assert_string_equal(json_member(root, "free_kib")->text, "1048576");
    assert_true(json_member(root, "hvm")->boolean);
    json_free(root);
    root = harness_json("info --json db");
    assert_string_equal(json_member(root, "state")->text, "paused");
    json_free(root);
}

static void expect_number(const struct json *object, const char *key, const char *number)
{
    const struct json *member = json_member(object, key);
    assert_non_null(member);
    assert_int_equal(member->type, JSON_NUMBER);
    assert_string_equal(member->text, number);
}

static void vcpu_list(void **state)
{
    fake.clock_ns = UINT64_C(6000000000);
    harness_expect("vcpu-list web", SHELL_OK,
                   "web    1     0  running    3      0.0        1.5  0,2-3          all\n"
                   "web    1     1  offline    -      0.0        0.0  0,2-3          all\n",
                   "");
    struct json *root = harness_json("vcpu-list --json");
    assert_string_equal(json_member(root->last, "hard_affinity")->text, "0,2-3");
    assert_string_equal(json_member(root->last, "state")->text, "offline");
    expect_number(root->last, "offline_ns", "6000000000");
    expect_number(root->last, "when_ns", "6000000000");
    assert_null(json_member(root->last, "credit_ns"));
    expect_number(root->first, "running_ns", "3000000000");
    expect_number(root->first, "runnable_ns", "1500000000");
    expect_number(root->first, "blocked_ns", "1500000000");
    expect_number(root->first, "credit_ns", "-2500000");
    json_free(root);
}

/* A hypervisor that does not tell as much: nothing is made up. */
static void what_is_not_told(void **state)
{
    fake.foreign = true;
    harness_expect("vcpu-list web", SHELL_OK,
                   "web    1     0  running    3      0.0          -  0,2-3          all\n", "");
    struct json *root = harness_json("vcpu-list --json web");
    assert_null(json_member(root->first, "runnable_ns"));
    assert_null(json_member(root->first, "when_ns"));
    json_free(root);
    harness_expect("info web", SHELL_OK,
                   "Scheduler              -\n"
                   "Event channels         -\n"
                   "Grants                 -\n",
                   "");
    root = harness_json("info --json web");
    assert_null(json_member(root, "scheduler"));
    assert_null(json_member(root, "event_channels"));
    assert_null(json_member(root, "grants"));
    json_free(root);
    root = harness_json("info --json");
    assert_string_equal(json_member(root, "scheduler")->text, "");
    json_free(root);
}

static void details(void **state)
{
    harness_expect("info", SHELL_OK,
                   "Scheduler              credit2\n"
                   "Node 0                 1024 MiB, 512 MiB free, CPUs 0-1, distances 10 21\n"
                   "Node 1                 1024 MiB, 512 MiB free, CPUs 2-3, distances 21 10\n",
                   "");
    struct json *root = harness_json("info --json");
    assert_string_equal(json_member(json_member(root, "node_list")->last, "cpus")->text, "2-3");
    json_free(root);
    harness_expect("info web", SHELL_OK,
                   "Memory, node 0         3 MiB\n"
                   "Memory, node 1         500 MiB\n"
                   "Scheduler              credit2, weight 256, cap 50 % of a CPU\n"
                   "Event channels         3\n"
                   "Grants                 2, in a table of 1 pages, at the most 64\n",
                   "");
    root = harness_json("info --json web");
    expect_number(root, "weight", "256");
    const struct json *channels = json_member(root, "event_channels");
    assert_string_equal(json_member(channels->first, "kind")->text, "interdomain");
    expect_number(channels->first, "remote_port", "17");
    assert_null(json_member(channels->first, "irq"));
    expect_number(channels->first->next, "irq", "9");
    assert_null(json_member(channels->first->next, "remote"));
    expect_number(channels->last, "remote", "2");
    const struct json *grants = json_member(root, "grants");
    expect_number(grants->first, "frame", "256");
    assert_string_equal(json_member(grants->last, "kind")->text, "transfer");
    expect_number(root, "max_grant_frames", "64");
    json_free(root);
}

static void rename_and_memory(void **state)
{
    harness_expect("rename web shop", SHELL_OK, "", "");
    assert_string_equal(fake.domains[1].name, "shop");
    harness_expect("rename shop db", SHELL_FAILED, "", "shop: a guest \"db\" exists");
    harness_expect("mem-set shop 200", SHELL_OK, "", "");
    assert_int_equal(fake.domains[1].target_kib, 200 << 10);
    harness_expect("mem-set shop 1G", SHELL_FAILED, "", "shop: 1048576 KiB is more");
    harness_expect("mem-set --max shop 1G", SHELL_OK, "", "");
    assert_int_equal(fake.domains[1].maxmem_kib, 1 << 20);
    harness_expect("mem-set shop much", SHELL_USAGE, "", "found \"much\", expected MiB");
    harness_expect("mem-set shop 0", SHELL_USAGE, "", "found \"0\"");
    harness_expect("mem-set shop", SHELL_USAGE, "", "an argument is missing");
}

static void devices(void **state)
{
    harness_expect("attach web disk vdev=xvdb target=/b.img", SHELL_OK, "", "");
    assert_non_null(strstr(fake.device, "attach 1 disk {"));
    assert_non_null(strstr(fake.device, "\"target\": \"/b.img\""));
    harness_expect("attach web vif", SHELL_OK, "", "");
    assert_non_null(strstr(fake.device, "attach 1 vif {"));
    harness_expect("attach web disk xvdb", SHELL_USAGE, "", "found \"xvdb\", expected KEY=VALUE");
    harness_expect("attach web usb", SHELL_USAGE, "", "expected disk or vif");
    harness_expect("attach nobody vif", SHELL_NO_GUEST, "", "no guest");
    harness_expect("attach 0 vif", SHELL_FAILED, "", "host's own domain");
    harness_expect("detach web disk xvdb", SHELL_OK, "", "");
    assert_string_equal(fake.device, "detach 1 disk xvdb 20000");
    harness_expect("detach web vif 1 --timeout 3", SHELL_OK, "", "");
    assert_string_equal(fake.device, "detach 1 vif 1 3000");
    harness_expect("detach web vif 1 --force", SHELL_OK, "", "");
    assert_string_equal(fake.device, "detach 1 vif 1 0");
    fake.fail = PANDO_E_NOT_FOUND;
    harness_expect("detach web vif 1", SHELL_FAILED, "", "web: ");
    fake.fail = PANDO_E_TIMEOUT;
    harness_expect("detach web vif 1", SHELL_TIMEOUT, "", "web: ");
}

static void console(void **state)
{
    static const struct {
        int result, status;
    } cases[] = { { CONSOLE_ATTACH_DETACHED, SHELL_OK },
                  { CONSOLE_ATTACH_FAILED, SHELL_FAILED },
                  { CONSOLE_ATTACH_NO_GUEST, SHELL_NO_GUEST },
                  { CONSOLE_ATTACH_ENDED, SHELL_ENDED },
                  { CONSOLE_ATTACH_SIGNAL, SHELL_INTERRUPTED } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_console.result = cases[i].result;
        assert_int_equal(harness_run("console --read-only web"), cases[i].status);
        assert_string_equal(fake_console.guest, "web");
        assert_true(fake_console.options.read_only);
        assert_int_equal(fake_console.options.follow, CONSOLE_FOLLOW_ON_TERMINAL);
        assert_int_equal(fake_console.options.escape, 0x1d);
    }
    harness_run("console --follow web");
    assert_int_equal(fake_console.options.follow, CONSOLE_FOLLOW_ALWAYS);
    harness_run("console web --no-follow");
    assert_int_equal(fake_console.options.follow, CONSOLE_FOLLOW_NEVER);
    harness_expect("console web --no-follow --follow", SHELL_USAGE, "", "contradict");
}

static void dmesg(void **state)
{
    assert_int_equal(harness_run("dmesg --clear"), SHELL_OK);
    assert_string_equal(harness_out(), "(XEN) line\n");
    assert_int_equal(harness_run("dmesg"), SHELL_OK);
    assert_string_equal(harness_out(), "");
    shell_interrupted = 1;
    assert_int_equal(harness_run("dmesg --follow"), SHELL_INTERRUPTED);
}

static void logs(void **state)
{
    harness_file("console-web.log", "one\ntwo\nthree");
    harness_file("stored.log", "started\n");
    harness_file("notes.txt", "");
    assert_int_equal(harness_run("log web"), SHELL_OK);
    assert_string_equal(harness_out(), "one\ntwo\nthree");
    assert_int_equal(harness_run("log --lines 2 web"), SHELL_OK);
    assert_string_equal(harness_out(), "two\nthree");
    assert_int_equal(harness_run("log --lines 1 stored"), SHELL_OK);
    assert_string_equal(harness_out(), "started\n");
    assert_int_equal(harness_run("log --lines 0 stored"), SHELL_OK);
    assert_string_equal(harness_out(), "");
    assert_int_equal(harness_run("log --lines all web"), SHELL_OK);
    assert_string_equal(harness_out(), "one\ntwo\nthree");
    harness_expect("log --lines many web", SHELL_USAGE, "", "found \"many\"");
    harness_expect("log nobody", SHELL_FAILED, "", "there is no log of \"nobody\"");
    harness_expect("log ../web", SHELL_FAILED, "", "there is no log");
    harness_expect("log", SHELL_OK, "stored", "");
    assert_null(strstr(harness_out(), "notes"));
    struct json *root = harness_json("log --json");
    assert_string_equal(json_member(root->first, "name")->text, "web");
    assert_string_equal(json_member(root->first, "bytes")->text, "13");
    json_free(root);
}

static void long_log(void **state)
{
    enum { LINES = 30000 };
    char *text = malloc(LINES * 8 + 1), *at = text;
    for (int i = 0; i < LINES; i++)
        at += sprintf(at, "%07d\n", i);
    harness_file("long.log", text);
    free(text);
    assert_int_equal(harness_run("log --lines 20000 long"), SHELL_OK);
    assert_memory_equal(harness_out(), "0010000\n", 8);
    assert_int_equal(strlen(harness_out()), 20000 * 8);
}

static void config(void **state)
{
    harness_expect("config show web", SHELL_FAILED, "", "web: another tool has created it");
    harness_expect("config show nobody", SHELL_NO_GUEST, "", "nobody");
    harness_expect("config show", SHELL_USAGE, "", "usage: config");
    harness_expect("create ?", SHELL_OK, "usage: create [OPTIONS] FILE", "");
    harness_expect("create ?", SHELL_OK, "maxmem", "");
    harness_expect("pause ?", SHELL_OK, "usage: pause GUEST", "");
    harness_expect("config help memory", SHELL_OK, "MiB", "");
    harness_expect("config help memroy", SHELL_USAGE, "", "no key \"memroy\"");
    harness_expect("config help --man", SHELL_OK, ".SH KEYS\n", "");
    harness_expect("config check", SHELL_USAGE, "", "expected a file");
    harness_expect("config chekc", SHELL_USAGE, "", "expected show, check or help");

    char line[300];
    snprintf(line, sizeof(line), "config check %s kernel=/dev/null",
             harness_file("vm.json", "{\"name\": \"vm\", \"memory\": 64 }"));
    harness_expect(line, SHELL_FAILED, "", "command line: kernel: \"/dev/null\" is a special file");
    snprintf(line, sizeof(line), "config check %s kernel=vm.json",
             harness_file("vm.json", "{\"name\": \"vm\", \"memory\": 64 }"));
    harness_expect(line, SHELL_FAILED, "", "pando: config: 1 mistake in the configuration\n");
    snprintf(
        line, sizeof(line), "config check %s",
        harness_file("vm.json", "{\"name\": \"vm\", \"memory\": 64, \"kernel\": \"vm.json\" }"));
    struct json *root = harness_json(line);
    assert_string_equal(json_member(root, "maxvcpus")->text, "1");
    json_free(root);
}

static void no_host(void **state)
{
    fake.absent = true;
    harness_expect("list", SHELL_FAILED, "", "pando: list: this is not dom0");
    harness_expect("info web", SHELL_FAILED, "", "this is not dom0");
    harness_expect("help", SHELL_OK, "vcpu-list", "");
    harness_expect("version", SHELL_OK, PANDO_VERSION, "");
    json_free(harness_json("version --json"));
    fake.absent = false;
    harness_expect("list", SHELL_OK, "web", "");
    fake.fail = PANDO_E_HYPERVISOR;
    harness_expect("list", SHELL_FAILED, "", "the test wants it so");
}

static void unknown_commands(void **state)
{
    harness_expect("lsit", SHELL_USAGE, "", "no command \"lsit\"; did you mean list?");
    harness_expect("frobnicate", SHELL_USAGE, "", "`help` lists them");
    harness_expect("list --jsno", SHELL_USAGE, "", "did you mean --json?");
    harness_expect("help lsit", SHELL_USAGE, "", "no command \"lsit\"");
    harness_expect("list 'a", SHELL_USAGE, "", "inside of quotes");
    harness_expect("list \\", SHELL_USAGE, "", "ends with a backslash");
}

static void unescape_hyphens(char *text)
{
    char *to = text;
    for (; *text; text++)
        if (strncmp(text, "\\-", 2))
            *to++ = *text;
    *to = 0;
}

/* Whatever a command offers is explained, in the help and in the manual page. */
static void everything_is_documented(void **state)
{
    assert_int_equal(harness_run("help --print=commands"), SHELL_OK);
    char *manual = strdup(harness_out());
    unescape_hyphens(manual);
    for (size_t i = 0; commands[i]; i++) {
        const struct command *command = commands[i];
        char text[100];
        assert_true(command->summary && command->run && command->arguments);
        assert_ptr_equal(command_find(command->name), command);
        assert_int_equal(harness_run("help"), SHELL_OK);
        assert_non_null(strstr(harness_out(), command->name));
        assert_non_null(strstr(manual, command->summary + 1));
        snprintf(text, sizeof(text), "help %s", command->name);
        assert_int_equal(harness_run(text), SHELL_OK);
        size_t options = 0;
        for (const struct option_info *option = command->options; option && option->name;
             option++, options++) {
            snprintf(text, sizeof(text), "--%s", option->name);
            assert_non_null(strstr(harness_out(), text));
        }
        assert_true(options <= OPTIONS_MAX);
        for (const char *at = harness_out(); at && *at;
             at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
            assert_true(strcspn(at, "\n") <= 90);
    }
    free(manual);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(list_table),
        TEST(list_json),
        TEST(foreign_names),
        TEST(info),
        TEST(vcpu_list),
        TEST(what_is_not_told),
        TEST(details),
        TEST(rename_and_memory),
        TEST(devices),
        TEST(console),
        TEST(dmesg),
        TEST(logs),
        TEST(long_log),
        TEST(config),
        TEST(no_host),
        TEST(unknown_commands),
        TEST(everything_is_documented),
        TEST(json_is_as_documented),
        TEST(silence_of_the_others),
        TEST(json_of_what_is_empty),
        TEST(json_is_documented),
        TEST(lifecycle_create),
        TEST(lifecycle_create_if_absent),
        TEST(lifecycle_create_fails),
        TEST(lifecycle_create_console),
        TEST(lifecycle_pause),
        TEST(lifecycle_destroy),
        TEST(lifecycle_shutdown),
        TEST(lifecycle_shutdown_if_present),
        TEST(lifecycle_shutdown_preserved),
        TEST(lifecycle_reboot),
        TEST(lifecycle_host_is_safe),
    };
    return cmocka_run_group_tests_name("shell-commands", tests, NULL, NULL);
}
