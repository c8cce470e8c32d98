/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pando-config-XXXXXX";
static const char *const files[] = { "kernel", "ramdisk", "disk.img", "other.img", "vm.json" };

const char *harness_path(const char *name)
{
    static char path[200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(harness_path(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

int harness_setup(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        write_file(files[i], "");
    return mkdir(harness_path("folder"), 0700);
}

int harness_teardown(void **state)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlink(harness_path(files[i]));
    rmdir(harness_path("folder"));
    return rmdir(folder);
}

enum pando_code harness_load(const char *text, const char *const *overrides, size_t count,
                             struct pando_config *config, struct pando_problems *problems)
{
    write_file("vm.json", text);
    return pando_config_load(config, harness_path("vm.json"), overrides, count, 0, problems);
}

static bool problem_is(const struct pando_problem *problem, const char *expected)
{
    char *rest;
    unsigned long line = strtoul(expected, &rest, 10);
    rest += 2;
    size_t key = strcspn(rest, ":");
    return problem->line == line && strlen(problem->key) == key &&
           !strncmp(problem->key, rest, key) && strstr(problem->text, rest + key + 2);
}

void harness_fails(const char *text, const char *const *overrides, size_t count,
                   const char *const *expected)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    enum pando_code code = harness_load(text, overrides, count, &config, &problems);
    char *said = pando_problems_text(&problems);
    size_t found = 0;

    assert_int_equal(code, PANDO_E_INVALID);
    assert_null(config.name);
    for (; expected[found]; found++)
        if (found >= problems.count || !problem_is(&problems.list[found], expected[found]))
            fail_msg("expected \"%s\" as problem %zu of\n%s", expected[found], found, said);
    if (found != problems.count)
        fail_msg("expected %zu problems, found\n%s", found, said);
    free(said);
    pando_problems_free(&problems);
    pando_config_free(&config);
}
