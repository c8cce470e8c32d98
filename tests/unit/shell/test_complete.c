/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "shell/complete.h"
#include "shell/variables.h"
#include "test_complete.h"

#include <sys/stat.h>
#include <unistd.h>

/* The candidates with a blank between them; "FILES" for files. */
static void offers(const char *before, const char *word, const char *expected)
{
    struct candidates candidates;
    char text[1000] = "";
    complete(&harness_shell, before, word, &candidates);
    for (size_t i = 0; i < candidates.count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, candidates.list[i]);
    }
    if (candidates.files)
        strcat(text, "FILES");
    candidates_free(&candidates);
    if (strcmp(text, expected))
        fail_msg("%s%s: %s instead of %s", before, word, text, expected);
    assert_string_equal(harness_err(), "");
}

void completes_commands(void **state)
{
    offers("", "vc", "vcpu-list");
    offers("  ", "re", "reboot rename");
    offers("", "frob", "");
    offers("help ", "des", "destroy");
    offers("help list ", "", "");
}

void completes_options(void **state)
{
    offers("list ", "--", "--json");
    offers("shutdown web ", "--", "--wait --if-present --timeout=");
    offers("shutdown ", "--w", "--wait");
    offers("pause ", "--", "");
}

void completes_arguments(void **state)
{
    offers("pause ", "", "Domain-0 web db old");
    offers("pause web ", "d", "db");
    offers("console ", "we", "web");
    offers("console --read-only ", "we", "web");
    offers("console web ", "", "");
    offers("rename ", "o", "old");
    offers("rename old ", "", "");
    offers("shutdown --timeout 5 ", "we", "web");
    offers("create x.json ", "mem", "memory=");
    offers("create x.json memory=5 ", "on_", "on_poweroff= on_reboot= on_crash=");
    offers("on-error ", "", "continue stop");
    offers("config ", "", "show check help");
    offers("config show ", "we", "web");
    offers("config show web ", "", "");
    offers("config check x.json ", "cp", "cpus=");
    offers("config help ", "cp", "cpus");
    offers("config --man help ", "cp", "cpus");
    offers("config frob ", "", "");
    offers("wait-for ", "we", "web");
    offers("wait-for web ", "p", "present paused poweroff");
    offers("send ", "we", "web");
    harness_file("console-gone.log", "");
    harness_file("stored.log", "");
    offers("log ", "", "gone stored");
}

/* Neither what can be no configuration, nor what is hidden, unless a dot says so. */
void completes_configurations(void **state)
{
    char folder[300], line[400];
    harness_file("web.json", "");
    harness_file("disk.img", "");
    harness_file(".hidden.json", "");
    snprintf(folder, sizeof(folder), "%s", harness_file("weekly.json", ""));
    *(strrchr(folder, '/') + 1) = 0;
    snprintf(line, sizeof(line), "%sold", folder);
    assert_int_equal(mkdir(line, 0700), 0);

    char word[320], expected[1000];
    snprintf(expected, sizeof(expected), "%sold/ %sweb.json %sweekly.json", folder, folder, folder);
    offers("create ", folder, expected);
    offers("create --paused ", folder, expected);
    offers("config check ", folder, expected);
    snprintf(word, sizeof(word), "%swe", folder);
    snprintf(expected, sizeof(expected), "%sweb.json %sweekly.json", folder, folder);
    offers("create ", word, expected);
    snprintf(word, sizeof(word), "%s.", folder);
    snprintf(expected, sizeof(expected), "%s.hidden.json", folder);
    offers("create ", word, expected);
    offers("create ", "/nonexistent/", "");

    /* Where guests are kept comes first, if nothing is typed. */
    const char *before = complete_guest_folder;
    struct candidates candidates;
    snprintf(word, sizeof(word), "%sold", folder);
    complete_guest_folder = word;
    snprintf(line, sizeof(line), "%s/demo.json", word);
    fclose(fopen(line, "w"));
    complete(&harness_shell, "create ", "", &candidates);
    assert_true(candidates.count >= 1);
    assert_string_equal(candidates.list[0], line);
    candidates_free(&candidates);
    complete_guest_folder = before;
    unlink(line);
    rmdir(word);
}

void completes_devices(void **state)
{
    char line[400];
    harness_file("kernel", "");
    harness_file("disk.img", "");
    snprintf(line, sizeof(line), "create %s",
             harness_file("vm.json", "{\"name\": \"vm\", \"memory\": 64, \"kernel\": \"kernel\", "
                                     "\"disk\": [{\"vdev\": \"xvda\", \"target\": \"disk.img\"}, "
                                     "{\"vdev\": \"hdb\", \"target\": \"disk.img\"}], "
                                     "\"vif\": [{\"mac\": \"00:16:3e:01:02:03\"}, {}]}"));
    assert_int_equal(harness_run(line), SHELL_OK);
    harness_clear();
    offers("attach vm ", "", "disk vif");
    offers("attach vm disk ", "a", "access=");
    offers("attach vm vif bridge=x ", "m", "mac=");
    offers("attach vm frob ", "", "");
    offers("detach vm ", "d", "disk");
    offers("detach vm disk ", "", "xvda hdb");
    offers("detach --timeout 5 vm disk ", "x", "xvda");
    offers("detach vm vif ", "", "00:16:3e:01:02:03");
    offers("detach vm disk xvda ", "", "");
    offers("detach nobody disk ", "", "");
}

void completes_variables(void **state)
{
    variable_set("GUEST", "web");
    variable_set("FILE", "x.json");
    offers("set ", "", "FILE GUEST");
    offers("create ", "$F", "$FILE");
    offers("create $FILE ", "${", "${FILE} ${GUEST}");
    offers("", "$", "$FILE $GUEST");
}

void completes_nothing_in_doubt(void **state)
{
    offers("frob ", "", "");
    offers("pause 'we", "b", "");
    offers("# ", "li", "list");
    offers("dmesg ", "", "");
    fake.fail = PANDO_E_HYPERVISOR;
    offers("pause ", "", "");
    fake.absent = true;
    harness_shell.pando = NULL;
    offers("pause ", "", "");
}
