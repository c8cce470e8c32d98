/* SPDX-License-Identifier: MIT */
#include "test_config.h"
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char full[] =
    "{ \"name\": \"web-1\", \"uuid\": \"2F6AC97D-0D5C-4B1C-9A47-3F0E6F0F8D51\",\n"
    "\"type\": \"pvh\", \"kernel\": \"kernel\", \"ramdisk\": \"ramdisk\",\n"
    "\"cmdline\": \"console=hvc0 x=\\\"a b\\\"\", \"memory\": 128, \"maxmem\": 256,\n"
    "\"vcpus\": 2, \"maxvcpus\": 4, \"cpus\": \"0-3,^2,8\",\n"
    "\"disk\": [{\"vdev\":\"xvda\",\"target\":\"disk.img\",\"access\":\"ro\"},\n"
    "{\"vdev\":\"xvdb1\",\"target\":\"other.img\",\"format\":\"raw\",\"access\":\"w\"}],\n"
    "\"vif\": [{\"mac\":\"00:16:3E:01:02:0a\",\"bridge\":\"br1\",\"vifname\":\"web\"}, {}],\n"
    "\"on_poweroff\": \"preserve\", \"on_reboot\": \"rename-restart\",\n"
    "\"on_crash\": \"restart\" }";

static void load(const char *text, const char *const *overrides, size_t count,
                 struct pando_config *config)
{
    struct pando_problems problems = { 0 };
    if (harness_load(text, overrides, count, config, &problems) != PANDO_OK)
        fail_msg("%s", pando_problems_text(&problems));
    assert_int_equal(problems.count, 0);
}

static void reads_every_key(void **state)
{
    struct pando_config config;
    load(full, NULL, 0, &config);
    assert_string_equal(config.name, "web-1");
    assert_string_equal(config.uuid, "2f6ac97d-0d5c-4b1c-9a47-3f0e6f0f8d51");
    assert_int_equal(config.type, PANDO_TYPE_PVH);
    assert_string_equal(config.kernel, harness_path("kernel"));
    assert_string_equal(config.ramdisk, harness_path("ramdisk"));
    assert_string_equal(config.cmdline, "console=hvc0 x=\"a b\"");
    assert_int_equal(config.memory_mib, 128);
    assert_int_equal(config.maxmem_mib, 256);
    assert_int_equal(config.vcpus, 2);
    assert_int_equal(config.maxvcpus, 4);
    assert_false(config.cpus_all);
    assert_int_equal(config.cpus[0], 0x10b);
    assert_int_equal(config.disk_count, 2);
    assert_string_equal(config.disks[0].vdev, "xvda");
    assert_string_equal(config.disks[0].target, harness_path("disk.img"));
    assert_int_equal(config.disks[0].access, PANDO_DISK_READ_ONLY);
    assert_int_equal(config.disks[1].access, PANDO_DISK_READ_WRITE);
    assert_int_equal(config.vif_count, 2);
    assert_string_equal(config.vifs[0].mac, "00:16:3e:01:02:0a");
    assert_string_equal(config.vifs[0].bridge, "br1");
    assert_string_equal(config.vifs[0].vifname, "web");
    assert_string_equal(config.vifs[1].mac, "");
    assert_string_equal(config.vifs[1].bridge, "xenbr0");
    assert_null(config.vifs[1].vifname);
    assert_int_equal(config.on_poweroff, PANDO_ACTION_PRESERVE);
    assert_int_equal(config.on_reboot, PANDO_ACTION_RENAME_RESTART);
    assert_int_equal(config.on_crash, PANDO_ACTION_RESTART);
    pando_config_free(&config);
    assert_null(config.name);
    assert_int_equal(config.disk_count, 0);
}

static void fills_in_defaults(void **state)
{
    struct pando_config config;
    load("{ \"name\": \"vm\", \"kernel\": \"kernel\", \"memory\": 64 }", NULL, 0, &config);
    assert_string_equal(config.uuid, "");
    assert_null(config.ramdisk);
    assert_null(config.cmdline);
    assert_int_equal(config.maxmem_mib, 64);
    assert_int_equal(config.vcpus, 1);
    assert_int_equal(config.maxvcpus, 1);
    assert_true(config.cpus_all);
    assert_int_equal(config.cpus[PANDO_CPU_WORDS - 1], UINT64_MAX);
    assert_int_equal(config.on_poweroff, PANDO_ACTION_DESTROY);
    assert_int_equal(config.on_reboot, PANDO_ACTION_RESTART);
    assert_int_equal(config.on_crash, PANDO_ACTION_DESTROY);
    pando_config_free(&config);
}

static void prints_what_it_reads(void **state)
{
    static const char *const texts[] = {
        full, "{ \"name\": \"vm\", \"kernel\": \"kernel\", \"memory\": 64 }"
    };
    for (size_t i = 0; i < 2; i++) {
        struct pando_config config, again, copy;
        load(texts[i], NULL, 0, &config);
        char *printed = pando_config_print(&config);
        load(printed, NULL, 0, &again);
        char *reprinted = pando_config_print(&again);
        assert_string_equal(printed, reprinted);
        assert_int_equal(again.cpus_all, config.cpus_all);
        assert_memory_equal(again.cpus, config.cpus, sizeof(config.cpus));

        assert_int_equal(pando_config_copy(&copy, &config), PANDO_OK);
        pando_config_free(&config);
        char *copied = pando_config_print(&copy);
        assert_string_equal(copied, printed);
        free(copied);
        free(printed);
        free(reprinted);
        pando_config_free(&again);
        pando_config_free(&copy);
    }
}

static void overrides_win(void **state)
{
    static const char *const overrides[] = {
        "memory=96",
        "name=5x",
        "cmdline=a=b \"c\"",
        "vcpus=3",
        "disk=[{\"vdev\":\"xvdc\",\"target\":\"/dev/null/..\"}]",
    };
    struct pando_config config;
    struct pando_problems problems = { 0 };
    assert_int_equal(harness_load(full, overrides, 5, &config, &problems), PANDO_E_INVALID);
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.list[0].key, "disk[0].target");
    assert_string_equal(problems.list[0].where, "command line");
    pando_problems_free(&problems);

    load(full, overrides, 4, &config);
    assert_string_equal(config.name, "5x");
    assert_string_equal(config.cmdline, "a=b \"c\"");
    assert_int_equal(config.memory_mib, 96);
    assert_int_equal(config.maxmem_mib, 256);
    assert_int_equal(config.vcpus, 3);
    pando_config_free(&config);
}

/* As mem-set takes it, in the file and on the command line. */
static void memory_may_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t mib; /* 0: it is refused */
    } sizes[] = {
        { "memory=98304k", 96 },  { "memory=96M", 96 }, { "memory=1g", 1024 },
        { "memory=2T", 2 << 20 }, { "memory=96k", 0 },  { "memory=9000k", 0 },
        { "memory=96B", 0 },      { "memory=M", 0 },
    };
    static const char text[] = "{ \"name\": \"vm\", \"kernel\": \"kernel\", \"memory\": \"1G\" }";
    struct pando_config config;

    load(text, NULL, 0, &config);
    assert_int_equal(config.memory_mib, 1024);
    pando_config_free(&config);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct pando_problems problems = { 0 };
        const char *const override = sizes[i].text;
        int code = harness_load(text, &override, 1, &config, &problems);
        assert_int_equal(code, sizes[i].mib ? PANDO_OK : PANDO_E_INVALID);
        if (sizes[i].mib)
            assert_int_equal(config.memory_mib, sizes[i].mib);
        else
            assert_string_equal(problems.list[0].key, "memory");
        pando_problems_free(&problems);
        pando_config_free(&config);
    }
}

/* A live configuration is read back even if its files are gone. */
static void files_may_be_ignored(void **state)
{
    static const char text[] = "{ \"name\": \"vm\", \"kernel\": \"/gone\", \"memory\": 64 }";
    struct pando_problems problems = { 0 };
    struct pando_config config;
    assert_int_equal(pando_config_parse(&config, text, strlen(text), "live", NULL, 0,
                                        PANDO_CONFIG_NO_FILES, &problems),
                     PANDO_OK);
    assert_string_equal(config.kernel, "/gone");
    pando_config_free(&config);
}

static void keys_are_located(void **state)
{
    struct pando_config config;
    char path[200];
    load("{ \"name\": \"vm\", \"kernel\": \"kernel\",\n \"memory\": 64,\n"
         "\"disk\": [\n{\n\"vdev\": \"xvda\", \"target\": \"disk.img\" },\n"
         "{ \"vdev\": \"xvdb\",\n \"target\": \"other.img\" } ] }",
         NULL, 0, &config);
    pando_config_free(&config);
    strcpy(path, harness_path("vm.json"));
    assert_int_equal(pando_config_line(path, "name"), 1);
    assert_int_equal(pando_config_line(path, "memory"), 2);
    assert_int_equal(pando_config_line(path, "disk"), 3);
    assert_int_equal(pando_config_line(path, "disk[0]"), 4);
    assert_int_equal(pando_config_line(path, "disk[0].target"), 5);
    assert_int_equal(pando_config_line(path, "disk[1].access"), 6);
    assert_int_equal(pando_config_line(path, "disk[1].target"), 7);
    assert_int_equal(pando_config_line(path, "disk[2].target"), 3);
    assert_int_equal(pando_config_line(path, "memory[0].x"), 2);
    assert_int_equal(pando_config_line(path, "maxmem"), 0);
    assert_int_equal(pando_config_line(path, "[[.]"), 0);
    assert_int_equal(pando_config_line(path, ""), 0);
    assert_int_equal(pando_config_line("/nowhere", "name"), 0);
}

static void vdev_numbers(void **state)
{
    static const struct {
        const char *vdev;
        bool right;
        uint32_t number;
    } cases[] = {
        { "xvda", true, 51712 },
        { "xvdb2", true, 51730 },
        { "xvdp15", true, 202 << 8 | 15 << 4 | 15 },
        { "xvdq", true, 1 << 28 | 16 << 8 },
        { "xvda16", true, 1 << 28 | 16 },
        { "xvdaa", true, 1 << 28 | 26 << 8 },
        { "d0", true, 51712 },
        { "d1p3", true, 51731 },
        { "sda1", true, 8 << 8 | 1 },
        { "sdq", false, 0 },
        { "hda", true, 768 },
        { "hdd3", true, 22 << 8 | 1 << 6 | 3 },
        { "hde", false, 0 },
        { "xvd", false, 0 },
        { "xvda0", false, 0 },
        { "xvda01", false, 0 },
        { "xvda256", false, 0 },
        { "xvdzzzzzzzzzz", false, 0 },
        { "xvda1x", false, 0 },
        { "d", false, 0 },
        { "d0p", false, 0 },
        { "", false, 0 },
        { "51712", false, 0 },
        { "XVDA", false, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t number = 0;
        bool right = pando_vdev_number(cases[i].vdev, &number);
        if (right != cases[i].right || (right && number != cases[i].number))
            fail_msg("%s: %d %u", cases[i].vdev, right, number);
    }
}

static void cpu_sets(void **state)
{
    static const struct {
        const char *text, *printed; /* NULL: refused */
    } cases[] = {
        { "0", "0" },
        { "0-3,8", "0-3,8" },
        { "3,2,1", "1-3" },
        { "0-7,^3", "0-2,4-7" },
        { "all", "all" },
        { "all,^0", "1-1023" },
        { "63-64", "63-64" },
        { "0-1023", "all" },
        { "", NULL },
        { "^0", NULL },
        { "1024", NULL },
        { "0-", NULL },
        { "0,", NULL },
        { "5-2", NULL },
        { "-1", NULL },
        { "0,^0", NULL },
        { "0 ,1", NULL },
        { "allx", NULL },
        { "99999999999999999999", NULL },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t cpus[PANDO_CPU_WORDS];
        bool right = pando_cpus_parse(cases[i].text, cpus);
        if (right != (cases[i].printed != NULL))
            fail_msg("\"%s\"", cases[i].text);
        if (!right)
            continue;
        char *printed = pando_cpus_print(cpus);
        assert_string_equal(printed, cases[i].printed);
        free(printed);
    }
}

static void names(void **state)
{
    assert_true(pando_name_valid("a"));
    assert_true(pando_name_valid("Web_1.example+x-y"));
    assert_true(pando_name_valid("1a"));
    assert_false(pando_name_valid(""));
    assert_false(pando_name_valid("12"));
    assert_false(pando_name_valid("-a"));
    assert_false(pando_name_valid(".."));
    assert_false(pando_name_valid("a/b"));
    assert_false(pando_name_valid("a b"));
    assert_true(
        pando_name_valid("x23456789012345678901234567890123456789012345678901234567890123"));
    assert_false(
        pando_name_valid("x234567890123456789012345678901234567890123456789012345678901234"));
}

/* Every key is in the help and in the manual page, and has help of its own. */
static void help_has_every_key(void **state)
{
    char *help = pando_config_help(NULL), *manual = pando_config_manual();
    assert_non_null(help);
    assert_non_null(manual);
    for (size_t n = 0; pando_config_key(n); n++) {
        const char *key = pando_config_key(n);
        assert_non_null(strstr(help, key));
        assert_non_null(strstr(manual, key));
        char *text = pando_config_help(key);
        assert_non_null(text);
        assert_non_null(strstr(text, "Value:"));
        free(text);
    }
    char *text = pando_config_help("disk.vdev");
    assert_non_null(strstr(text, "xvda"));
    free(text);
    assert_null(pando_config_help("disk.nothing"));
    assert_null(pando_config_help("memory.x"));
    assert_null(pando_config_help("nothing"));
    free(help);
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_key),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(prints_what_it_reads),
        cmocka_unit_test(memory_may_have_units),
        cmocka_unit_test(overrides_win),
        cmocka_unit_test(memory_may_have_units),
        cmocka_unit_test(files_may_be_ignored),
        cmocka_unit_test(keys_are_located),
        cmocka_unit_test(vdev_numbers),
        cmocka_unit_test(cpu_sets),
        cmocka_unit_test(names),
        cmocka_unit_test(help_has_every_key),
        cmocka_unit_test(problems_all_at_once),
        cmocka_unit_test(problems_of_the_text),
        cmocka_unit_test(problems_of_missing_keys),
        cmocka_unit_test(problems_of_two_keys),
        cmocka_unit_test(problems_of_wrong_types),
        cmocka_unit_test(problems_of_overrides),
        cmocka_unit_test(problems_of_the_file),
        cmocka_unit_test(problems_are_bounded),
        cmocka_unit_test(reads_virtual_nodes),
        cmocka_unit_test(problems_of_virtual_nodes),
    };
    return cmocka_run_group_tests_name("config", tests, harness_setup, harness_teardown);
}
