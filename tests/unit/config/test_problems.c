/* SPDX-License-Identifier: MIT */
/* Each kind of mistake is reported, with its line and key, all at once. */
#include "test_config.h"
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EXPECT(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define GOOD        "\"name\": \"vm\", \"kernel\": \"kernel\", \"memory\": 64"

void problems_all_at_once(void **state)
{
    harness_fails(
        "{\n"
        " \"name\": \"a b\",\n"
        " \"kernel\": \"missing\",\n"
        " \"ramdisk\": \"folder\",\n"
        " \"memroy\": 12,\n"
        " \"memory\": \"64T\",\n"
        " \"vcpus\": 0,\n"
        " \"type\": \"hvm\",\n"
        " \"uuid\": \"1234\",\n"
        " \"cpus\": \"3-1\",\n"
        " \"on_crash\": 5,\n"
        " \"disk\": [\n"
        "  { \"vdev\": \"xvda\", \"target\": \"disk.img\" },\n"
        "  { \"vdev\": \"floppy\", \"access\": \"x\",\n"
        "    \"format\": \"qcow2\", \"taget\": 1 },\n"
        "  7 ],\n"
        " \"vif\": [{ \"mac\": \"01:16:3e:00:00:00\",\n"
        "  \"bridge\": \"a bridge with a long name\" }]\n"
        "}",
        NULL, 0,
        EXPECT("2: name: found \"a b\", expected a name",
               "3: kernel: /missing\" cannot be read: No such file or directory",
               "4: ramdisk: /folder\" is a folder, expected the path of a file",
               "5: memroy: no such key; did you mean memory?",
               "6: memory: found \"64T\", expected a number of MiB from 8 to 16777216, or a "
               "text with K, M, G or T behind the number, such as \"1G\"",
               "7: vcpus: found 0, expected a number from 1 to 128",
               "8: type: found \"hvm\", expected \"pvh\"",
               "9: uuid: found \"1234\", expected a UUID",
               "10: cpus: found \"3-1\", expected a set of CPUs",
               "11: on_crash: found 5, expected \"destroy\" or \"restart\" or",
               "14: disk[1].vdev: found \"floppy\", expected a virtual disk",
               "14: disk[1].target: missing, expected the path of an image",
               "14: disk[1].access: found \"x\", expected \"rw\" or \"r\"",
               "15: disk[1].taget: no such key; did you mean target?",
               "15: disk[1].format: found \"qcow2\", expected \"raw\"",
               "16: disk[2]: found 7, expected an object",
               "17: vif[0].mac: found \"01:16:3e:00:00:00\", expected a hardware",
               "18: vif[0].bridge: found \"a bridge"));
}

void problems_of_the_text(void **state)
{
    harness_fails("{\n \"name\": \"vm\"\n \"memory\": 3 }", NULL, 0,
                  EXPECT("3: : not valid JSON: "));
    harness_fails("[\n]", NULL, 0, EXPECT("1: : found a list, expected an object"));
    harness_fails("{ " GOOD ",\n\"frobnicate\": 1 }", NULL, 0,
                  EXPECT("2: frobnicate: no such key; `pando config help`"));
    harness_fails("{ " GOOD ",\n\"memory\": 65 }", NULL, 0,
                  EXPECT("2: memory: given twice, first in line 1"));
}

void problems_of_missing_keys(void **state)
{
    harness_fails("\n{}", NULL, 0,
                  EXPECT("2: name: missing, expected a name", "2: kernel: missing, expected",
                         "2: memory: missing, expected a number"));
}

void problems_of_two_keys(void **state)
{
    harness_fails("{ " GOOD ",\n \"maxmem\": 32,\n \"vcpus\": 4,\n \"maxvcpus\": 2 }", NULL, 0,
                  EXPECT("2: maxmem: found 32, expected at least the 64 of memory",
                         "4: maxvcpus: found 2, expected at least the 4 of vcpus"));
    /* One that is wrong by itself is not compared. */
    harness_fails("{ " GOOD ",\n \"maxmem\": 1 }", NULL, 0,
                  EXPECT("2: maxmem: found 1, expected a number of MiB from 8"));
    harness_fails("{ " GOOD ", \"disk\": [ { \"vdev\": \"xvda\", \"target\": \"disk.img\" },\n"
                  "{ \"vdev\": \"d0\", \"target\": \"other.img\" } ] }",
                  NULL, 0, EXPECT("2: disk[1].vdev: found \"d0\", which disk[0] is already"));
    harness_fails("{ " GOOD ", \"vif\": [\n"
                  "{ \"mac\": \"00:16:3e:00:00:aa\", \"vifname\": \"x\" },\n"
                  "{ \"mac\": \"00:16:3E:00:00:AA\", \"vifname\": \"x\" } ] }",
                  NULL, 0,
                  EXPECT("3: vif[1].mac: found \"00:16:3e:00:00:aa\", which vif[0]",
                         "3: vif[1].vifname: found \"x\", which vif[0]"));
}

void problems_of_wrong_types(void **state)
{
    harness_fails("{ \"name\": 5, \"kernel\": null, \"memory\": [], \"disk\": {},\n"
                  "\"vcpus\": 1.5, \"maxvcpus\": -1, \"maxmem\": 1e99, \"cmdline\": true }",
                  NULL, 0,
                  EXPECT("1: name: found 5,", "1: kernel: found null,", "1: memory: found a list,",
                         "1: disk: found an object, expected a list of objects",
                         "2: cmdline: found true,", "2: maxmem: found 1e99,",
                         "2: vcpus: found 1.5,", "2: maxvcpus: found -1,"));
}

void problems_of_overrides(void **state)
{
    static const char *const overrides[] = { "memory=none",          "nonsense", "vcpu=2",
                                             "disk=[{\"vdev\": 1}]", "vif=x",    "name=-" };
    harness_fails("{ " GOOD ",\n \"vcpus\": 0 }", overrides, 6,
                  EXPECT("2: vcpus: found 0", "0: : found \"nonsense\", expected KEY=VALUE",
                         "0: vif: malformed: ", "0: vcpu: no such key; did you mean vcpus?",
                         "0: name: found \"-\"", "0: memory: found \"none\"",
                         "0: disk[0].vdev: found 1", "0: disk[0].target: missing"));
}

void problems_of_the_file(void **state)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    enum pando_code code = pando_config_load(&config, "/nowhere/vm.json", NULL, 0, 0, &problems);
    assert_int_equal(code, PANDO_E_FILE);
    char *text = pando_problems_text(&problems);
    assert_string_equal(text, "/nowhere/vm.json: cannot be read: No such file or directory\n");
    free(text);
    pando_problems_free(&problems);

    code = pando_config_load(&config, harness_path("folder"), NULL, 0, 0, &problems);
    assert_int_equal(code, PANDO_E_FILE);
    assert_non_null(strstr(problems.list[0].text, "Is a directory"));
    pando_problems_free(&problems);
}

/* A file with nothing but mistakes is not quoted without an end, nor what a mistake contains. */
void problems_are_bounded(void **state)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("{ \"name\": \"\\u001b[31mred", out);
    for (int i = 0; i < 500; i++)
        fputc('x', out);
    fputc('"', out);
    for (int i = 0; i < 500; i++)
        fprintf(out, ", \"zzzzzzzzzz%d\\u001b\": 1", i);
    fputs("}", out);
    fclose(out);
    assert_int_equal(harness_load(text, NULL, 0, &config, &problems), PANDO_E_INVALID);
    free(text);
    assert_int_equal(problems.count, 100);
    assert_int_equal(problems.left_out, 403);
    for (size_t i = 0; i < problems.count; i++)
        assert_true(strlen(problems.list[i].text) < 400);
    text = pando_problems_text(&problems);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "(and 403 more)\n"));
    free(text);
    pando_problems_free(&problems);
}
