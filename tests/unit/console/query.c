/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "query.h"

#include <stdio.h>
#include <stdlib.h>

/* Filters @from in pieces of @piece bytes. */
static const char *filtered(const char *from, size_t length, size_t piece)
{
    static char to[20000];
    struct query_filter filter = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < length; i += piece) {
        size_t part = length - i < piece ? length - i : piece;
        char *out = malloc(part + QUERY_HELD_MAX);
        size_t made = query_filter(&filter, from + i, part, out);

        assert_true(made <= part + QUERY_HELD_MAX);
        memcpy(to + n, out, made);
        n += made;
        free(out);
    }
    n += query_finish(&filter, to + n);
    to[n] = '\0';
    return to;
}

static void check(const char *from, const char *expected)
{
    for (size_t piece = 1; piece <= strlen(from); piece++) {
        assert_string_equal(filtered(from, strlen(from), piece), expected);
    }
}

static void text_and_looks_pass(void **state)
{
    static const char *const texts[] = {
        "plain\r\ntext \xc3\xa4",   "\033[1;31mred\033[0m",
        "\033[2J\033[H\033[10;20H", "\033(B\0337\0338\033=\033>\033M\033c",
        "\033[?1049h\033[?25l",     "\033[4 q\033[!p\033[u",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check(texts[i], texts[i]);
    }
}

static void questions_are_taken_out(void **state)
{
    check("a\033[6nb", "ab");
    check("a\033[5n\033[cb\033[>0c\033[=c", "ab");
    check("\033Zx\005y", "xy");
    check("\033[?2026$p\033[18t\033[>0q\033[?uz", "z");
    check("\033]10;?\007x\033]0;title\033\\y\033P$qm\033\\z\033_G\033\\!", "xyz!");
    check("\033[\033[6nb", "\033[b");
}

static void incomplete_sequences_are_handed_out(void **state)
{
    check("x\033", "x\033");
    check("x\033[12", "x\033[12");
    check("\033[1\n2J", "\033[1\n2J");
}

static void endless_strings_end(void **state)
{
    char text[10000];

    memset(text, 'x', sizeof(text));
    memcpy(text, "\033]", 2);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(strlen(filtered(text, strlen(text), 100)), sizeof(text) - 1 - 2 - 4096);
    memcpy(text, "\033[", 2);
    memset(text + 2, '1', sizeof(text) - 3);
    assert_string_equal(filtered(text, strlen(text), 100), text);
}

static void garbage_is_harmless(void **state)
{
    unsigned int seed = 3;

    for (int round = 0; round < 2000; round++) {
        static const char alphabet[] = "\033\033\033[]P;?1230nc\\\007$p x";
        char text[200];

        for (size_t i = 0; i < sizeof(text); i++) {
            text[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
        }
        assert_null(strstr(filtered(text, sizeof(text), 1 + (size_t)round % 50), "\033[6n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_looks_pass),
        cmocka_unit_test(questions_are_taken_out),
        cmocka_unit_test(incomplete_sequences_are_handed_out),
        cmocka_unit_test(endless_strings_end),
        cmocka_unit_test(garbage_is_harmless),
    };

    return cmocka_run_group_tests_name("console query filter", tests, NULL, NULL);
}
