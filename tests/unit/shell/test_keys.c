/* SPDX-License-Identifier: MIT */
/* Keys: from a terminal's bytes, by name, and in tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shell/term_input.h"

static struct term_input *input;

static int setup(void **state)
{
    input = calloc(1, sizeof(*input));
    return 0;
}

static int teardown(void **state)
{
    free(input);
    return 0;
}

static void feed(const char *bytes, size_t length)
{
    while (length) {
        size_t space;
        char *to = input_space(input, &space);
        size_t part = length < space ? length : space;
        assert_int_not_equal(part, 0);
        memcpy(to, bytes, part);
        input_add(input, part);
        bytes += part;
        length -= part;
    }
}

static void expect_key(const char *bytes, const char *name)
{
    struct term_event event;
    char buffer[KEY_NAME_MAX];
    feed(bytes, strlen(bytes));
    assert_int_equal(input_next(input, true, &event), INPUT_EVENT);
    assert_int_equal(event.type, TERM_KEY);
    assert_string_equal(key_name(&event.key, buffer), name);
    assert_int_equal(input_next(input, true, &event), INPUT_NOTHING);
}

static void keys_of_terminals(void **state)
{
    static const struct {
        const char *bytes, *name;
    } keys[] = {
        { "a", "a" },
        { "\303\244", "ä" },
        { "\r", "Enter" },
        { "\t", "Tab" },
        { "\177", "Backspace" },
        { "\b", "Backspace" },
        { "\001", "Ctrl-A" },
        { "\035", "Ctrl-]" },
        { "\033", "Esc" },
        { "\033x", "Alt-x" },
        { "\033\177", "Alt-Backspace" },
        { "\033\001", "Ctrl-Alt-A" },
        { "\033[A", "Up" },
        { "\033OA", "Up" },
        { "\033[1;5C", "Ctrl-Right" },
        { "\033[1;3D", "Alt-Left" },
        { "\033[H", "Home" },
        { "\033[1~", "Home" },
        { "\033[7~", "Home" },
        { "\033[4~", "End" },
        { "\033[3~", "Delete" },
        { "\033[3;5~", "Ctrl-Delete" },
        { "\033[5~", "PageUp" },
        { "\033OP", "F1" },
        { "\033[11~", "F1" },
        { "\033[[A", "F1" },
        { "\033[15~", "F5" },
        { "\033[21~", "F10" },
        { "\033[24;2~", "Shift-F12" },
        { "\033[Z", "Shift-Tab" },
        { "\033[", "Alt-[" },
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        expect_key(keys[i].bytes, keys[i].name);
}

static void bytes_may_come_one_by_one(void **state)
{
    static const char bytes[] = "\033[1;5A";
    struct term_event event;
    for (size_t i = 0; i + 1 < strlen(bytes); i++) {
        feed(bytes + i, 1);
        assert_int_equal(input_next(input, false, &event), INPUT_MORE);
    }
    feed("A", 1);
    assert_int_equal(input_next(input, false, &event), INPUT_EVENT);
    assert_true(key_is(&event.key, K_UP, MODIFIER_CTRL));
    feed("\303", 1);
    assert_int_equal(input_next(input, false, &event), INPUT_MORE);
    feed("\244", 1);
    assert_int_equal(input_next(input, false, &event), INPUT_EVENT);
    assert_int_equal(event.key.code, 0xe4);
}

static void unknown_sequences_are_dropped(void **state)
{
    expect_key("\033[?1;2c\033[99~\033[<999;1;1Mx", "x");
}

static void mouse_reports(void **state)
{
    struct term_event event;
    feed("\033[<0;5;7M\033[<64;1;1M\033[<32;6;7M\033[<0;6;7m", 38);
    assert_int_equal(input_next(input, true, &event), INPUT_EVENT);
    assert_int_equal(event.type, TERM_MOUSE);
    assert_int_equal(event.mouse.action, MOUSE_PRESS);
    assert_int_equal(event.mouse.x, 4);
    assert_int_equal(event.mouse.y, 6);
    assert_int_equal(event.mouse.button, 1);
    assert_int_equal(input_next(input, true, &event), INPUT_EVENT);
    assert_int_equal(event.mouse.action, MOUSE_WHEEL_UP);
    assert_int_equal(input_next(input, true, &event), INPUT_EVENT);
    assert_int_equal(event.mouse.action, MOUSE_DRAG);
    assert_int_equal(input_next(input, true, &event), INPUT_EVENT);
    assert_int_equal(event.mouse.action, MOUSE_RELEASE);
}

static void the_size_is_an_answer(void **state)
{
    struct term_event event;
    /* Nobody has asked: it is a key. */
    expect_key("\033[1;2R", "Shift-F3");
    input->asked = true;
    feed("\033[60;200R", 9);
    assert_int_equal(input_next(input, false, &event), INPUT_ANSWER);
    assert_int_equal(input->answer_x, 200);
    assert_int_equal(input->answer_y, 60);
}

static void pasted_text_is_no_key(void **state)
{
    struct term_event event;
    feed("\033[200~a\033[Ab\r", 12);
    assert_int_equal(input_next(input, false, &event), INPUT_EVENT);
    assert_int_equal(event.type, TERM_PASTE);
    assert_int_equal(event.paste_length, 6);
    assert_memory_equal(event.paste, "a\033[Ab\r", 6);
    feed("c\033[20", 5);
    assert_int_equal(input_next(input, false, &event), INPUT_EVENT);
    assert_int_equal(event.paste_length, 1);
    assert_int_equal(input_next(input, false, &event), INPUT_MORE);
    feed("1~d", 3);
    assert_int_equal(input_next(input, false, &event), INPUT_EVENT);
    assert_int_equal(event.type, TERM_KEY);
    assert_int_equal(event.key.code, 'd');
}

static void long_pastes_come_in_pieces(void **state)
{
    struct term_event event;
    size_t got = 0;
    char *text = malloc(3 * TERM_PASTE_MAX);
    memset(text, 'p', 3 * TERM_PASTE_MAX);
    feed("\033[200~", 6);
    for (int i = 0; i < 3; i++) {
        feed(text, TERM_PASTE_MAX);
        while (input_next(input, false, &event) == INPUT_EVENT)
            got += event.paste_length;
    }
    feed("\033[201~", 6);
    while (input_next(input, false, &event) == INPUT_EVENT)
        got += event.paste_length;
    assert_int_equal(got, 3 * TERM_PASTE_MAX);
    assert_false(input->pasting);
    free(text);
}

/* Any bytes: no more than there are, and it ends. */
static void garbage_is_survived(void **state)
{
    struct term_event event;
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        char bytes[16];
        for (size_t i = 0; i < sizeof(bytes); i++) {
            static const char often[] = "\033\033[[O<;;01~MmAR";
            seed = seed * 1103515245 + 12345;
            unsigned value = seed >> 16;
            bytes[i] = value & 1 ? often[value / 2 % (sizeof(often) - 1)] : (char)(value >> 1);
        }
        feed(bytes, sizeof(bytes));
        input->asked = seed & 1;
        while (input_next(input, round % 3 == 0, &event) >= INPUT_EVENT)
            ;
        if (input->end - input->first > INPUT_MAX / 2) {
            while (input_next(input, true, &event) >= INPUT_EVENT)
                ;
        }
    }
}

static int ran;

static void on_run(void *place)
{
    ran++;
}

static void tables_of_keys(void **state)
{
    static const struct key_binding table[] = {
        { "Up k", "up", on_run },
        { "Space Ctrl-A", "more", on_run },
        { "PageUp", "shown only", NULL },
        { NULL },
    };
    struct key key;
    ran = 0;
    assert_true(key_parse("k", &key));
    assert_true(key_binding_run(table, &key, NULL));
    assert_true(key_parse("ctrl-a", &key));
    assert_true(key_binding_run(table, &key, NULL));
    assert_true(key_parse("space", &key));
    assert_true(key_binding_run(table, &key, NULL));
    assert_int_equal(ran, 3);
    assert_true(key_parse("pageup", &key));
    assert_non_null(key_binding_find(table, &key));
    assert_false(key_binding_run(table, &key, NULL));
    assert_true(key_parse("K", &key));
    assert_null(key_binding_find(table, &key));
    assert_null(key_binding_find(NULL, &key));
}

static void names_of_keys(void **state)
{
    static const char *const good[] = { "a",        "Ctrl-]", "Alt-x", "F12",
                                        "Shift-F1", "PageUp", "?",     "Ctrl-Alt-A" };
    static const char *const bad[] = { "", "F13", "F0", "Ctrl-", "ab", "\001", "Hyper-x" };
    struct key key;
    char buffer[KEY_NAME_MAX];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(key_parse(good[i], &key));
        assert_string_equal(key_name(&key, buffer), good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(key_parse(bad[i], &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_of_terminals, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_may_come_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_sequences_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(mouse_reports, setup, teardown),
        cmocka_unit_test_setup_teardown(the_size_is_an_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(pasted_text_is_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(long_pastes_come_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_is_survived, setup, teardown),
        cmocka_unit_test(tables_of_keys),
        cmocka_unit_test(names_of_keys),
    };
    return cmocka_run_group_tests_name("shell-keys", tests, NULL, NULL);
}
