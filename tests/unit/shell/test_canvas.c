/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>

#include "shell/canvas.h"
#include "shell/format.h"

static struct canvas canvas;
static const struct rect all = { 0, 0, 20, 4 };

static int setup(void **state)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    canvas_init(&canvas, 20, 4);
    return 0;
}

static int teardown(void **state)
{
    canvas_free(&canvas);
    return 0;
}

/* The rows as text, each with a newline. */
static void expect_rows(const char *rows)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    canvas_dump(&canvas, out);
    fclose(out);
    assert_string_equal(text, rows);
    free(text);
}

static void text_is_clipped(void **state)
{
    const struct rect rect = { 2, 1, 5, 2 };
    assert_int_equal(canvas_text(&canvas, &rect, 0, 0, style_default, "abcdefgh"), 8);
    canvas_text(&canvas, &rect, -2, 1, style_default, "abcdefgh");
    canvas_text(&canvas, &rect, 0, 2, style_default, "below");
    canvas_text(&canvas, &rect, 0, -1, style_default, "above");
    expect_rows("\n  abcde\n  cdefg\n\n");
}

static void wide_characters_are_whole(void **state)
{
    const struct rect rect = { 0, 0, 5, 1 };
    /* Each takes two columns: the third does not fit. */
    assert_int_equal(canvas_text(&canvas, &rect, 0, 0, style_default, "日本語"), 6);
    expect_rows("日本\n\n\n\n");
    /* Half of one is never left. */
    canvas_text(&canvas, &all, 1, 0, style_default, "x");
    expect_rows(" x本\n\n\n\n");
    canvas_text(&canvas, &all, 3, 0, style_default, "y");
    expect_rows(" x y\n\n\n\n");
}

static void combining_characters_join(void **state)
{
    canvas_text(&canvas, &all, 0, 0, style_default, "e\xcc\x81x");
    assert_int_equal(canvas_at(&canvas, 0, 0)->text[1], 0x301);
    assert_int_equal(canvas_at(&canvas, 1, 0)->text[0], 'x');
    expect_rows("e\xcc\x81x\n\n\n\n");
}

static void hostile_text_is_harmless(void **state)
{
    canvas_text(&canvas, &all, 0, 0, style_default,
                "a\033[2Jb\177\xc2\x9b"
                "c");
    canvas_text(&canvas, &all, 0, 1, style_default, "\xff\xc3(\xe2\x82");
    expect_rows("a?[2Jb??c\n\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\n\n\n");
}

static void utf8_is_strict(void **state)
{
    size_t used;
    assert_int_equal(utf8_next("\xf0\x9f\x98\x80", 4, &used), 0x1f600);
    assert_int_equal(used, 4);
    /* Overlong, a surrogate, too large, cut. */
    assert_int_equal(utf8_next("\xc0\xaf", 2, &used), 0xfffd);
    assert_int_equal(utf8_next("\xed\xa0\x80", 3, &used), 0xfffd);
    assert_int_equal(utf8_next("\xf5\x80\x80\x80", 4, &used), 0xfffd);
    assert_int_equal(utf8_next("\xe2\x82", 2, &used), 0xfffd);
    assert_int_equal(used, 1);
    for (uint32_t c = 1; c < 0x110000; c += 37) {
        char bytes[4];
        size_t length = utf8_put(bytes, c);
        if ((c >> 11) != 0x1b)
            assert_int_equal(utf8_next(bytes, length, &used), c);
    }
}

static void bars_and_sparklines(void **state)
{
    const float shares[] = { 0, -1, 0.5f, 1, 2 };
    canvas_bar(&canvas, &all, 0, 0, 4, 0.5, style_default, style_default);
    canvas_bar(&canvas, &all, 0, 1, 4, 0.001, style_default, style_default);
    canvas_bar(&canvas, &all, 0, 2, 4, 7, style_default, style_default);
    canvas_sparkline(&canvas, &all, 0, 3, 6, shares, 5, style_default);
    expect_rows("██░░\n█░░░\n████\n ▁ ▅██\n");
}

static void paragraphs_break_between_words(void **state)
{
    const struct rect rect = { 1, 0, 9, 4 };
    assert_int_equal(canvas_paragraph(&canvas, &rect, 0, style_default, "one two three\nfour"), 3);
    expect_rows(" one two\n three\n four\n\n");
    assert_int_equal(text_fitting("abcdefghij", 4), 4);
    assert_int_equal(text_fitting("日本", 1), 3);
}

static void numbers_are_short(void **state)
{
    char text[32];
    uint64_t cpus[PANDO_CPU_WORDS] = { 0x2d };

    assert_string_equal(format_kib(0, text), "0K");
    assert_string_equal(format_kib(512 << 10, text), "512M");
    assert_string_equal(format_kib(UINT64_C(64) << 20, text), "64G");
    assert_string_equal(format_kib(UINT64_MAX, text), "16Z");
    assert_string_equal(format_percent(-1, text), "-");
    assert_string_equal(format_percent(0.004, text), "0.4");
    assert_string_equal(format_percent(2.5, text), "250");
    assert_string_equal(format_duration(3599, text), "59m");
    assert_string_equal(format_duration(100 * 86400, text), "100d");
    assert_string_equal(format_cpus(cpus, 8, text, sizeof(text)), "0,2-3,5");
    assert_string_equal(format_cpus(cpus, 1, text, sizeof(text)), "all");
    cpus[0] = 0;
    assert_string_equal(format_cpus(cpus, 8, text, sizeof(text)), "none");
    cpus[0] = 0x5555;
    /* Cut, not overrun. */
    assert_true(strlen(format_cpus(cpus, 16, text, 6)) < 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_clipped, setup, teardown),
        cmocka_unit_test_setup_teardown(wide_characters_are_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(combining_characters_join, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_text_is_harmless, setup, teardown),
        cmocka_unit_test_setup_teardown(utf8_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(bars_and_sparklines, setup, teardown),
        cmocka_unit_test_setup_teardown(paragraphs_break_between_words, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_are_short, setup, teardown),
    };
    return cmocka_run_group_tests_name("shell-canvas", tests, NULL, NULL);
}
