/* SPDX-License-Identifier: MIT */
/*
 * Texts made by a generator from a fixed seed: mutations of a good configuration. Whatever comes
 * out, reading it ends with an answer; what is accepted is printed and read back unchanged. The
 * sanitizers do the rest.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

enum { ROUNDS = 6000, TEXT_MAX = 4096 };

static uint64_t seed = 0x5eed0000;

/* xorshift64* */
static uint32_t next_random(uint32_t below)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * 0x2545f4914f6cdd1dull) >> 32) % below;
}

static const char good[] =
    "{\"name\":\"vm\",\"kernel\":\"/k\",\"ramdisk\":\"/r\",\"memory\":64,\"maxmem\":128,"
    "\"vcpus\":2,\"maxvcpus\":4,\"cpus\":\"0-3,^1\",\"uuid\":"
    "\"2f6ac97d-0d5c-4b1c-9a47-3f0e6f0f8d51\",\"cmdline\":\"a b\","
    "\"disk\":[{\"vdev\":\"xvda\",\"target\":\"/d\",\"access\":\"r\"}],"
    "\"vif\":[{\"mac\":\"00:16:3e:00:00:01\"},{}],\"on_crash\":\"restart\"}";

static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "-1",
    "1e999",
    "\"name\":",
    "\"disk\":[",
    "{}",
    "[]",
    "0",
    "99999999999999999999",
    "\\u0000",
    "\\ud800",
    "\xff",
    "\n",
    "\"vif\":",
    "64",
};

/* One to eight cuts, insertions, changes of a byte or repetitions. */
static size_t mutate(char *text, size_t length)
{
    for (uint32_t n = next_random(8) + 1; n; n--) {
        size_t at = next_random((uint32_t)length + 1);
        size_t span = next_random(12);
        const char *piece = pieces[next_random(sizeof(pieces) / sizeof(pieces[0]))];
        switch (next_random(4)) {
        case 0:
            span = span < length - at ? span : length - at;
            memmove(text + at, text + at + span, length - at - span);
            length -= span;
            break;
        case 1:
            span = strlen(piece);
            if (length + span <= TEXT_MAX) {
                memmove(text + at + span, text + at, length - at);
                memcpy(text + at, piece, span);
                length += span;
            }
            break;
        case 2:
            if (at < length)
                text[at] = (char)next_random(256);
            break;
        default:
            span = length - at < TEXT_MAX - length ? length - at : TEXT_MAX - length;
            memcpy(text + length, text + at, span);
            length += span;
            break;
        }
    }
    return length;
}

static void check(const char *text, size_t length, unsigned *accepted)
{
    struct pando_config config, again;
    struct pando_problems problems = { 0 };
    enum pando_code code = pando_config_parse(&config, text, length, "fuzz", NULL, 0,
                                              PANDO_CONFIG_NO_FILES, &problems);
    char *said = pando_problems_text(&problems);
    assert_non_null(said);
    if (code == PANDO_OK) {
        ++*accepted;
        assert_int_equal(problems.count, 0);
        char *printed = pando_config_print(&config);
        assert_non_null(printed);
        assert_int_equal(pando_config_parse(&again, printed, strlen(printed), "again", NULL, 0,
                                            PANDO_CONFIG_NO_FILES, &problems),
                         PANDO_OK);
        char *reprinted = pando_config_print(&again);
        assert_string_equal(printed, reprinted);
        free(printed);
        free(reprinted);
        pando_config_free(&again);
    } else {
        assert_int_equal(code, PANDO_E_INVALID);
        assert_true(problems.count > 0);
        assert_null(config.name);
    }
    free(said);
    pando_problems_free(&problems);
    pando_config_free(&config);
}

static void mutations(void **state)
{
    char *text = malloc(TEXT_MAX);
    unsigned accepted = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t length = sizeof(good) - 1;
        memcpy(text, good, length);
        length = mutate(text, length);
        /* A copy of exactly that size, so that a byte read beyond it is noticed. */
        char *exact = malloc(length ? length : 1);
        memcpy(exact, text, length);
        check(exact, length, &accepted);
        free(exact);
    }
    /* The generator is neither too wild nor too tame to test both ways. */
    assert_in_range(accepted, 10, ROUNDS - 10);
    free(text);
}

static void overrides(void **state)
{
    char text[64];
    for (unsigned round = 0; round < ROUNDS; round++) {
        const char *key = pando_config_key(next_random(18));
        size_t length = (size_t)snprintf(text, sizeof(text), "%s=", key ? key : "x");
        for (uint32_t n = next_random(4); n; n--)
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%.8s",
                                       pieces[next_random(sizeof(pieces) / sizeof(pieces[0]))]);
        const char *const list[] = { text };
        struct pando_config config;
        struct pando_problems problems = { 0 };
        pando_config_parse(&config, good, sizeof(good) - 1, "fuzz", list, 1, PANDO_CONFIG_NO_FILES,
                           &problems);
        pando_problems_free(&problems);
        pando_config_free(&config);
    }
}

int main(void)
{
    const char *given = getenv("SEED");
    if (given)
        seed = strtoull(given, NULL, 0) | 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutations),
        cmocka_unit_test(overrides),
    };
    print_message("# SEED=0x%" PRIx64 "\n", seed);
    return cmocka_run_group_tests_name("config-fuzz", tests, NULL, NULL);
}
