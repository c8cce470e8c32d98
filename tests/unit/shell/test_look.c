/* SPDX-License-Identifier: MIT */
/* Lines with their views, themes, and the configuration file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "shell/lines.h"
#include "shell/preferences.h"

static struct lines lines;
static struct canvas canvas;
static struct theme theme;
static const struct rect rect = { 0, 0, 10, 3 };

static int setup(void **state)
{
    lines_init(&lines, 5);
    canvas_init(&canvas, 10, 3);
    theme_init(&theme, 0);
    return 0;
}

static int teardown(void **state)
{
    lines_free(&lines);
    canvas_free(&canvas);
    return 0;
}

static void add(const char *text)
{
    lines_add(&lines, ROLE_TEXT, text, strlen(text));
}

static void expect_view(struct lines_view *view, const char *rows)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    lines_draw(&lines, view, &canvas, &rect, &theme);
    canvas_dump(&canvas, out);
    fclose(out);
    assert_string_equal(text, rows);
    free(text);
}

static void press(struct lines_view *view, const char *name)
{
    struct key key;
    assert_true(key_parse(name, &key));
    assert_true(lines_key(&lines, view, &key));
}

static void pieces_make_lines(void **state)
{
    struct lines_view view = { 0 };
    add("on");
    add("e\ntwo\r\n1%\r2%");
    add("\n\ta\n");
    expect_view(&view, "two\n2%\n        a\n");
    assert_int_equal(lines.count, 4);
}

static void the_oldest_go(void **state)
{
    struct lines_view view = { 0 };
    for (int i = 0; i < 12; i++)
        lines_printf(&lines, ROLE_TEXT, "%d", i);
    assert_int_equal(lines.count, 5);
    assert_int_equal(lines.dropped, 7);
    expect_view(&view, "9\n10\n11\n");
}

static void a_view_holds_its_place(void **state)
{
    struct lines_view view = { 0 };
    add("1\n2\n3\n4\n5\n");
    expect_view(&view, "3\n4\n5\n");
    press(&view, "Up");
    expect_view(&view, "2\n3\n4\n");
    add("6\n");
    expect_view(&view, "2\n3\n4\n");
    /* What it shows is gone: as near as can be. */
    add("7\n8\n9\n");
    expect_view(&view, "5\n6\n7\n");
    press(&view, "End");
    add("10\n");
    expect_view(&view, "8\n9\n10\n");
    press(&view, "Home");
    expect_view(&view, "6\n7\n8\n");
    press(&view, "PageDown");
    expect_view(&view, "8\n9\n10\n");
    press(&view, "PageUp");
    expect_view(&view, "6\n7\n8\n");
}

static void filter_and_search(void **state)
{
    struct lines_view view = { .filter = "A" };
    add("a1\nb\na2\nc\nxa3\n");
    expect_view(&view, "a1\na2\nxa3\n");
    strcpy(view.filter, "");
    strcpy(view.search, "B");
    expect_view(&view, "a2\nc\nxa3\n");
    assert_true(lines_search(&lines, &view, true));
    expect_view(&view, "b\na2\nc\n");
    assert_true(canvas_at(&canvas, 0, 0)->style.attributes & ATTRIBUTE_REVERSE);
    assert_false(lines_search(&lines, &view, true));
    assert_false(lines_search(&lines, &view, false));
}

static void long_lines_go_on(void **state)
{
    struct lines_view view = { .wrap = LINES_WRAP, .hang = 2 };
    add("first\nsome words here\n");
    expect_view(&view, "first\nsome words\n  here\n");
    add("x\n");
    expect_view(&view, "some words\n  here\nx\n");
    press(&view, "Up");
    expect_view(&view, "first\nsome words\n  here\n");
    view.wrap = LINES_WRAP_PROSE;
    add("col  umns  of a table\n");
    press(&view, "End");
    /* A mark says that there is more. */
    expect_view(&view, "x\ncol  umns>\n\n");
    view.wrap = LINES_CUT;
    press(&view, "End");
    press(&view, "Right");
    expect_view(&view, "<s here\n<\n<  of a t>\n");
}

/* What stands behind an option goes on below its begin. */
static void meanings_go_on(void **state)
{
    struct lines_view view = { .wrap = LINES_WRAP_PROSE };
    add("-x  one two\n");
    expect_view(&view, "-x  one\n    two\n\n");
    add("a long one  two\n");
    expect_view(&view, "a long one\n  two\n\n");
}

static void sequences_are_no_text(void **state)
{
    struct lines_view view = { 0 };
    add("\033[1;32mgreen\033[0m\n\033]0;title\007\033[");
    add("0mon\b\n");
    expect_view(&view, "green\non\n\n");
}

static void styles_are_words(void **state)
{
    struct style style;
    assert_true(style_parse("bold white on bright-blue underline", &style));
    assert_int_equal(style.foreground, 7);
    assert_int_equal(style.background, 12);
    assert_int_equal(style.attributes, ATTRIBUTE_BOLD | ATTRIBUTE_UNDERLINE);
    assert_true(style_parse("203", &style));
    assert_int_equal(style.foreground, 203);
    assert_false(style_parse("purple", &style));
    assert_false(style_parse("red green", &style));
    assert_false(style_parse("red on", &style));
    assert_false(style_parse("256", &style));
    /* All presets are understood, and none of the first needs colours. */
    for (int colours = 0; colours <= 256; colours += colours ? 248 : 8) {
        struct theme preset;
        theme_init(&preset, colours);
        assert_int_equal(preset.colours, colours);
        for (int role = 0; role < ROLES && !colours; role++)
            assert_true(preset.styles[role].foreground < 0 && preset.styles[role].background < 0);
        assert_int_equal(preset.styles[ROLE_SELECTED].attributes & ATTRIBUTE_REVERSE,
                         colours ? 0 : ATTRIBUTE_REVERSE);
    }
}

/* Reads a text as a configuration file; what was said of it is in *said, to be freed. */
static int read_text(struct preferences *preferences, const char *text, char **said)
{
    char path[] = "/tmp/shell-look-XXXXXX";
    size_t size;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    FILE *errors = open_memstream(said, &size);
    int mistakes = preferences_read(preferences, path, errors);
    fclose(errors);
    unlink(path);
    return mistakes;
}

static void a_file_is_read(void **state)
{
    struct preferences preferences;
    char *said;
    preferences_init(&preferences);
    assert_int_equal(preferences.refresh_ms, 1000);
    assert_int_equal(read_text(&preferences,
                               "{\"leave\": \"F12\", \"refresh_ms\": 250, \"mouse\": false,\n"
                               " \"colours\": 8, \"theme\": {\"bad\": \"blink red\"}}",
                               &said),
                     0);
    assert_string_equal(said, "");
    free(said);
    assert_int_equal(preferences.leave.code, K_F12);
    assert_int_equal(preferences.refresh_ms, 250);
    assert_false(preferences.mouse);
    assert_int_equal(preferences.colours, 8);
    preferences_theme(&preferences, 8, &theme);
    assert_int_equal(theme.styles[ROLE_BAD].attributes, ATTRIBUTE_BLINK);
    assert_int_equal(preferences_read(&preferences, "/nonexistent/shell.json", stderr), 0);
}

static void all_mistakes_are_told(void **state)
{
    struct preferences preferences;
    char *said;
    preferences_init(&preferences);
    assert_int_equal(read_text(&preferences,
                               "{\n\"leave\": \"x\",\n\"refresh_ms\": 5,\n\"colours\": 16,\n"
                               "\"mouse\": 1,\n\"nonsense\": 1,\n"
                               "\"theme\": {\"bad\": \"odd\",\n\"worse\": \"red\"}, "
                               "\"scrollback\": 200}",
                               &said),
                     7);
    for (int line = 2; line <= 8; line++) {
        char mark[16];
        snprintf(mark, sizeof(mark), ":%d: ", line);
        assert_non_null(strstr(said, mark));
    }
    assert_non_null(strstr(said, "from 100 to 60000 (milliseconds)"));
    free(said);
    /* What is right is taken. */
    assert_int_equal(preferences.scrollback, 200);
    assert_int_equal(preferences.refresh_ms, 1000);
    assert_int_equal(read_text(&preferences, "[", &said), 1);
    free(said);
    assert_int_equal(read_text(&preferences, "[]", &said), 1);
    free(said);
}

static void the_manual_has_all_keys(void **state)
{
    static const char *const words[] = { "leave", "refresh_ms", "scrollback", "guests_width",
                                         "theme", "clipboard",  "bar-empty",  "SEE ALSO" };
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    preferences_manual(out);
    fclose(out);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_non_null(strstr(text, words[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pieces_make_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_view_holds_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(filter_and_search, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(meanings_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(sequences_are_no_text, setup, teardown),
        cmocka_unit_test(styles_are_words),
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(all_mistakes_are_told),
        cmocka_unit_test(the_manual_has_all_keys),
    };
    return cmocka_run_group_tests_name("shell-look", tests, NULL, NULL);
}
