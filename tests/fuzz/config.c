/* SPDX-License-Identifier: MIT */
/*
 * Readers of configurations: JSON, the whole file, KEY=VALUE, and the small languages in it (sets
 * of CPUs, names of disks, names of guests). Whatever comes in, they end with an answer; what is
 * refused is explained; what is accepted is printed, and read back as the same.
 */
#include "fuzz.h"

#include "config.h"
#include "json.h"

enum { FILE_ROUNDS = 12000, OVERRIDE_ROUNDS = 8000, WORD_ROUNDS = 60000 };

static const char *const dictionary[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "false",
    "-1",
    "0",
    "1e999",
    "0.5",
    "{}",
    "[]",
    "[[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "99999999999999999999",
    "18446744073709551615",
    "\\u0000",
    "\\ud800",
    "\\u00e9",
    "\xff",
    "\xc3\xa9",
    "\n",
    "/*",
    "*/",
    "//",
    "\"name\":",
    "\"memory\":",
    "\"maxmem\":",
    "\"cpus\":",
    "\"uuid\":",
    "\"disk\":[",
    "\"vif\":[",
    "\"vdev\":",
    "\"target\":",
    "\"mac\":",
    "\"bridge\":",
    "\"cmdline\":",
    "\"on_crash\":",
    "\"restart\"",
    "\"xvda\"",
    "\"hda1\"",
    "\"/d\"",
    "\"0-3,^1\"",
    "\"00:16:3e:00:00:01\"",
    "64",
    "128",
    NULL,
};

struct input {
    struct fuzz_corpus corpus;
    unsigned accepted;
};

static void check_problems(const struct pando_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        assert_non_null(problems->list[i].where);
        assert_non_null(problems->list[i].key);
        assert_true(*problems->list[i].text);
    }
    char *text = pando_problems_text(problems);
    assert_non_null(text);
    free(text);
}

/* Printing and reading again leads to the same text. */
static void check_round_trip(const struct pando_config *config)
{
    struct pando_config again, copy;
    struct pando_problems problems = { 0 };
    char *printed = pando_config_print(config);
    assert_non_null(printed);
    enum pando_code code = pando_config_parse(&again, printed, strlen(printed), "again", NULL, 0,
                                              PANDO_CONFIG_NO_FILES, &problems);
    if (code != PANDO_OK)
        fail_msg("not read again: %s", printed);
    assert_int_equal(pando_config_copy(&copy, &again), PANDO_OK);
    char *reprinted = pando_config_print(&copy);
    assert_string_equal(printed, reprinted);
    free(printed);
    free(reprinted);
    pando_config_free(&again);
    pando_config_free(&copy);
}

/* Returns whether the configuration was accepted. */
static bool read_config(const char *text, size_t length, const char *override)
{
    struct pando_config config;
    struct pando_problems problems = { 0 };
    enum pando_code code = pando_config_parse(&config, text, length, "fuzz", &override,
                                              override != NULL, PANDO_CONFIG_NO_FILES, &problems);
    check_problems(&problems);
    if (code == PANDO_OK) {
        assert_int_equal(problems.count, 0);
        check_round_trip(&config);
    } else {
        assert_int_equal(code, PANDO_E_INVALID);
        assert_true(problems.count > 0);
        assert_null(config.name);
    }
    pando_problems_free(&problems);
    pando_config_free(&config);
    return code == PANDO_OK;
}

static void read_json(const char *text, size_t length)
{
    struct json_error error = { 0 };
    struct json *root = json_parse(text, length, &error);
    if (!root) {
        assert_true(*error.text);
        return;
    }
    struct json_writer *writer = json_writer_new();
    json_write_tree(writer, root);
    char *printed = json_writer_finish(writer);
    assert_non_null(printed);
    struct json *again = json_parse(printed, strlen(printed), &error);
    if (!again)
        fail_msg("%u: %s: %s", error.line, error.text, printed);
    json_free(again);
    json_free(root);
    free(printed);
}

static void one_file(void *arg)
{
    struct input *input = arg;
    struct fuzz_text text = fuzz_mutated(&input->corpus, dictionary);
    read_json(text.bytes, text.length);
    input->accepted += read_config(text.bytes, text.length, NULL);
    free(text.bytes);
}

static void files(void **unused)
{
    struct input input = { 0 };
    fuzz_corpus_load(&input.corpus, "config");
    fuzz_run(FILE_ROUNDS, one_file, &input);
    fuzz_corpus_free(&input.corpus);
    /* The generator is neither too wild nor too tame to try both ways. */
    if (!getenv("FUZZ_SEED"))
        assert_in_range(input.accepted, 100, FILE_ROUNDS * 100u);
}

static void one_override(void *arg)
{
    struct input *input = arg;
    const struct fuzz_text *text = &input->corpus.list[fuzz_below((uint32_t)input->corpus.count)];
    char override[140], value[60];
    size_t keys = 0;

    while (pando_config_key(keys))
        keys++;
    fuzz_string(value, fuzz_below(2) ? 4 : 50, "{}[]\",:01-^ xvdahtrue/\\");
    const char *key = pando_config_key(fuzz_below((uint32_t)keys + 1));
    snprintf(override, sizeof(override), "%s%s%s%s", key ? key : value, fuzz_below(20) ? "=" : "",
             fuzz_below(3) ? "" : "[{\"vdev\":", value);
    input->accepted += read_config(text->bytes, text->length, override);
}

static void overrides(void **unused)
{
    struct input input = { 0 };
    fuzz_corpus_load(&input.corpus, "config");
    fuzz_run(OVERRIDE_ROUNDS, one_override, &input);
    fuzz_corpus_free(&input.corpus);
    if (!getenv("FUZZ_SEED"))
        assert_in_range(input.accepted, 100, OVERRIDE_ROUNDS * 100u);
}

static void one_word(void *arg)
{
    uint64_t cpus[PANDO_CPU_WORDS], again[PANDO_CPU_WORDS];
    uint32_t number;
    char text[40];

    fuzz_string(text, 16, "0123456789-,^ all");
    if (pando_cpus_parse(text, cpus)) {
        char *printed = pando_cpus_print(cpus);
        assert_non_null(printed);
        assert_true(pando_cpus_parse(printed, again));
        assert_memory_equal(cpus, again, sizeof(cpus));
        free(printed);
    }
    fuzz_string(text, 8, "xvdshdaz0123456789p");
    pando_vdev_number(text, &number);
    fuzz_string(text, 39, "aZ0._+-");
    bool valid = pando_name_valid(text);
    assert_true(!valid || (*text && *text != '-' && *text != '.' && !strpbrk(text, "/ \n")));
    char *help = pando_config_help(text);
    assert_null(help);
}

static void words(void **unused)
{
    fuzz_run(WORD_ROUNDS, one_word, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(overrides),
        cmocka_unit_test(words),
    };
    return fuzz_end(cmocka_run_group_tests_name("fuzz-config", tests, NULL, NULL));
}
