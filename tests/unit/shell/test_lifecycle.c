/* SPDX-License-Identifier: MIT */
/* Commands that change guests. */
#include "harness.h"
#include "test_commands.h"

#include <fcntl.h>
#include <unistd.h>

static char line[400];

/* A line with the path of a good configuration of the guest "vm" in the place of %s. */
static const char *with_config(const char *format, const char *more)
{
    char text[300], kernel[100];
    strcpy(kernel, harness_file("kernel", ""));
    snprintf(text, sizeof(text), "{ \"name\": \"vm\", \"kernel\": \"%s\",\n \"memory\": 64%s }",
             kernel, more);
    snprintf(line, sizeof(line), format, harness_file("vm.json", text));
    return line;
}

void lifecycle_create(void **state)
{
    harness_expect(with_config("create %s", ""), SHELL_OK, "vm is now domain 4\n", "");
    assert_false(fake.created_paused);
    harness_expect("destroy vm", SHELL_OK, "", "");

    struct json *root = harness_json(with_config("create --json --paused %s memory=96", ""));
    uint64_t id;
    assert_string_equal(json_member(root, "name")->text, "vm");
    assert_true(json_uint(json_member(root, "id"), &id));
    assert_int_equal(id, 5);
    assert_true(json_member(root, "created")->boolean);
    json_free(root);
    assert_true(fake.created_paused);
    assert_int_equal(fake.domains[4].memory_kib, 96 << 10);

    root = harness_json("config show vm");
    assert_string_equal(json_member(root, "memory")->text, "96");
    json_free(root);
    harness_expect("create", SHELL_USAGE, "", "usage: create [OPTIONS] FILE");
}

void lifecycle_create_if_absent(void **state)
{
    assert_int_equal(harness_run(with_config("create --if-absent %s", "")), SHELL_OK);
    harness_expect(with_config("create %s", ""), SHELL_FAILED, "",
                   "vm.json:1: name: a guest \"vm\" exists");
    harness_expect(with_config("create --if-absent %s", ""), SHELL_OK,
                   "vm exists already, as domain 4", "");
    assert_int_equal(fake.creations, 2);

    /* Another failure is one all the same. */
    fake.fail = PANDO_E_EXISTS;
    fake.fail_key = "uuid";
    harness_expect(with_config("create --if-absent %s name=other", ""), SHELL_FAILED, "",
                   "vm.json: uuid: the test wants it so");
}

void lifecycle_create_fails(void **state)
{
    harness_expect("create /nowhere/x.json", SHELL_FAILED, "", "/nowhere/x.json: cannot be read");
    harness_expect(with_config("create %s", ",\n \"vcpus\": 0, \"disks\": []"), SHELL_FAILED, "",
                   "pando: create: 2 mistakes in the configuration; nothing was created\n");
    assert_non_null(strstr(harness_err(), "vm.json:3: vcpus: found 0"));
    assert_non_null(strstr(harness_err(), "vm.json:3: disks: no such key; did you mean disk?"));
    assert_int_equal(fake.creations, 0);

    fake.fail = PANDO_E_NO_MEMORY;
    fake.fail_key = "memory";
    harness_expect(with_config("create %s", ""), SHELL_FAILED, "",
                   "vm.json:2: memory: the test wants it so");
    fake.fail = PANDO_E_NO_MEMORY;
    harness_expect(with_config("create %s memory=99", ""), SHELL_FAILED, "",
                   "create: command line: memory: the test wants it so");
    fake.fail_key = NULL;
    /* A bridge that isn't there is not a guest that isn't there. */
    fake.fail = PANDO_E_NOT_FOUND;
    harness_expect(with_config("create %s", ""), SHELL_FAILED, "", "vm.json: ");
    fake.fail = PANDO_E_TIMEOUT;
    harness_expect(with_config("create %s", ""), SHELL_TIMEOUT, "", "vm.json: ");

    shell_interrupted = 1;
    harness_expect(with_config("create %s", ""), SHELL_INTERRUPTED, "", "create: it was given up");
    shell_interrupted = 0;
}

void lifecycle_create_console(void **state)
{
    fake_console.result = CONSOLE_ATTACH_ENDED;
    assert_int_equal(harness_run(with_config("create --console %s", "")), SHELL_ENDED);
    assert_string_equal(fake_console.guest, "vm");
    assert_false(fake_console.options.no_replay);

    fake.fail = PANDO_E_NO_MEMORY;
    assert_int_equal(harness_run(with_config("create --console %s name=b", "")), SHELL_FAILED);
    assert_int_equal(fake_console.attached, 1);
}

void lifecycle_pause(void **state)
{
    harness_expect("pause web", SHELL_OK, "", "");
    assert_int_equal(fake.domains[1].state, PANDO_DOMAIN_PAUSED);
    /* Once more changes nothing: the hypervisor counts. */
    harness_expect("pause web db", SHELL_OK, "", "");
    assert_int_equal(fake.pauses, 1);
    harness_expect("unpause web db", SHELL_OK, "", "");
    assert_int_equal(fake.domains[1].state, PANDO_DOMAIN_RUNNING);
    assert_int_equal(fake.domains[2].state, PANDO_DOMAIN_RUNNING);
    harness_expect("unpause web", SHELL_OK, "", "");
    assert_int_equal(fake.pauses, 3);

    /* One that isn't there does not keep the others from it. */
    harness_expect("pause nobody web", SHELL_NO_GUEST, "", "there is no guest \"nobody\"");
    assert_int_equal(fake.domains[1].state, PANDO_DOMAIN_PAUSED);
    harness_expect("pause", SHELL_USAGE, "", "usage: pause GUEST...");
}

void lifecycle_destroy(void **state)
{
    harness_expect("destroy web", SHELL_OK, "", "");
    harness_expect("destroy web", SHELL_NO_GUEST, "", "there is no guest \"web\"");
    harness_expect("destroy --if-present web db", SHELL_OK, "", "");
    harness_expect("destroy --if-present db web", SHELL_OK, "", "");
    fake.fail = PANDO_E_HYPERVISOR;
    harness_expect("destroy --if-present old", SHELL_FAILED, "", "old: the test wants it so");
}

void lifecycle_shutdown(void **state)
{
    harness_expect("shutdown web", SHELL_OK, "", "");
    harness_expect("shutdown --wait --timeout 0.05 web", SHELL_TIMEOUT, "",
                   "web has not been removed in time");
    fake.obedient = true;
    harness_expect("shutdown --wait web db", SHELL_OK, "", "");
    harness_expect("list", SHELL_OK, "Domain-0", "");
    assert_null(strstr(harness_out(), "web"));
    harness_expect("shutdown --wait web", SHELL_NO_GUEST, "", "no guest");
    harness_expect("shutdown --timeout soon old", SHELL_USAGE, "",
                   "--timeout: found \"soon\", expected a number of seconds");
    fake.fail = PANDO_E_TIMEOUT;
    harness_expect("shutdown old", SHELL_TIMEOUT, "", "old: ");
}

/* A guest that is kept when it has powered off will never be gone. */
void lifecycle_shutdown_if_present(void **state)
{
    fake.obedient = true;
    harness_expect("shutdown --if-present --wait nobody web", SHELL_OK, "", "");
    assert_int_equal(fake.shutdowns, 1);
    harness_expect("shutdown --if-present --wait web nobody", SHELL_OK, "", "");
    harness_expect("shutdown --if-present Domain-0", SHELL_FAILED, "", "cannot be shut down");
    assert_int_equal(fake.shutdowns, 1);
    fake.absent = true;
    shell_close(&harness_shell);
    harness_expect("shutdown --if-present web", SHELL_FAILED, "", "this is not dom0");
}

void lifecycle_shutdown_preserved(void **state)
{
    assert_int_equal(harness_run(with_config("create %s on_poweroff=preserve", "")), SHELL_OK);
    fake.obedient = true;
    harness_expect("shutdown --wait --timeout 5 vm", SHELL_OK, "", "");
    harness_expect("list vm", SHELL_OK, "poweroff", "");
}

void lifecycle_reboot(void **state)
{
    fake.obedient = true;
    fake.restarts = true;
    harness_expect("reboot --wait web", SHELL_OK, "", "");
    fake.restarts = false;
    harness_expect("reboot --wait --timeout 0.05 db", SHELL_TIMEOUT, "",
                   "db has not been started again in time");
    harness_expect("reboot nobody", SHELL_NO_GUEST, "", "no guest");
}

void lifecycle_host_is_safe(void **state)
{
    static const char *const lines[] = { "pause Domain-0",     "unpause 0",
                                         "shutdown --wait 0",  "reboot Domain-0",
                                         "destroy 0",          "destroy --if-present Domain-0",
                                         "rename Domain-0 xx", "destroy web 0" };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        harness_expect(lines[i], SHELL_FAILED, "", "is the host's own domain and cannot be");
    assert_string_equal(fake.domains[0].name, "Domain-0");
    assert_int_equal(fake.domains[0].state, PANDO_DOMAIN_RUNNING);
}
