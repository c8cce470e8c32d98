/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

static struct json *parse(const char *text, struct json_error *error)
{
    return json_parse(text, strlen(text), error);
}

static void fails(const char *text, unsigned line, const char *reason)
{
    struct json_error error;
    assert_null(parse(text, &error));
    assert_int_equal(error.line, line);
    if (!strstr(error.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void keeps_lines_and_order(void **state)
{
    struct json_error error;
    struct json *root =
        parse("{\n \"b\": 1,\n\n \"a\": [\n  true,\n  null],\n \"b\":\n  \"x\"\n}", &error);
    assert_non_null(root);
    assert_int_equal(root->type, JSON_OBJECT);
    assert_int_equal(root->line, 1);

    const struct json *first = root->first;
    assert_string_equal(first->key, "b");
    assert_int_equal(first->line, 2);
    assert_string_equal(first->text, "1");

    const struct json *list = first->next;
    assert_int_equal(list->type, JSON_ARRAY);
    assert_int_equal(list->line, 4);
    assert_int_equal(list->first->line, 5);
    assert_true(list->first->boolean);
    assert_int_equal(list->last->line, 6);
    assert_int_equal(list->last->type, JSON_NULL);

    /* Duplicate keys are kept, for the schema to complain about. */
    assert_string_equal(list->next->key, "b");
    assert_int_equal(list->next->line, 8);
    assert_string_equal(list->next->text, "x");
    assert_ptr_equal(json_member(root, "b"), first);
    assert_null(json_member(root, "c"));
    json_free(root);
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        bool right;
        uint64_t value;
    } cases[] = {
        { "0", true, 0 },       { "18446744073709551615", true, UINT64_MAX },
        { "-1", false, 0 },     { "18446744073709551616", false, 0 },
        { "1.0", false, 0 },    { "1e3", false, 0 },
        { "\"12\"", false, 0 }, { "123456", true, 123456 },
        { "-0", false, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json_error error;
        struct json *root = parse(cases[i].text, &error);
        uint64_t value = 0;
        assert_non_null(root);
        assert_int_equal(json_uint(root, &value), cases[i].right);
        assert_int_equal(value, cases[i].value);
        json_free(root);
    }
}

static void malformed(void **state)
{
    fails("", 1, "");
    fails("   \n ", 2, "");
    fails("{\n  \"a\": 1,\n  nonsense\n}", 3, "invalid string in json text");
    fails("{\n\"a\": 1", 2, "premature EOF");
    fails("[1]\n[2]", 2, "trailing garbage");
    fails("{ \"a\": \"x\\u0000y\" }", 1, "\\u0000");
    fails("{\"\\u0000\": 1}", 1, "\\u0000");
    fails("\"\xff\"", 1, "UTF8");
    fails("// c\n1", 1, "comment");
}

static void bounded(void **state)
{
    enum { DEEP = 100000 };
    struct json_error error;
    char *text = malloc(JSON_SIZE_MAX + 2);
    memset(text, '[', DEEP);
    assert_null(json_parse(text, DEEP, &error));
    assert_non_null(strstr(error.text, "nested too deeply"));

    text[0] = '[';
    for (size_t i = 1; i + 1 < 2 * (JSON_NODES_MAX + 2); i += 2)
        memcpy(text + i, "1,", 2);
    assert_null(json_parse(text, 2 * (JSON_NODES_MAX + 2), &error));
    assert_non_null(strstr(error.text, "too many values"));

    memset(text, ' ', JSON_SIZE_MAX + 1);
    assert_null(json_parse(text, JSON_SIZE_MAX + 1, &error));
    assert_non_null(strstr(error.text, "longer than"));
    free(text);
}

static void writes(void **state)
{
    struct json_writer *writer = json_writer_new();
    json_write_object_begin(writer);
    json_write_key(writer, "text");
    json_write_string(writer, "a\"b\\c\n\x01\xc3\xa9");
    json_write_key(writer, "none");
    json_write_string(writer, NULL);
    json_write_key(writer, "list");
    json_write_array_begin(writer);
    json_write_uint(writer, UINT64_MAX);
    json_write_bool(writer, false);
    json_write_array_end(writer);
    json_write_object_end(writer);
    char *text = json_writer_finish(writer);
    assert_non_null(text);
    assert_int_equal(text[strlen(text) - 1], '\n');

    struct json_error error;
    struct json *root = parse(text, &error);
    assert_non_null(root);
    assert_string_equal(json_member(root, "text")->text, "a\"b\\c\n\x01\xc3\xa9");
    assert_int_equal(json_member(root, "none")->type, JSON_NULL);
    assert_string_equal(json_member(root, "list")->first->text, "18446744073709551615");

    /* The tree as written again is the same text. */
    writer = json_writer_new();
    json_write_tree(writer, root);
    char *again = json_writer_finish(writer);
    assert_string_equal(again, text);
    free(again);
    free(text);
    json_free(root);
}

static void writes_foreign_bytes(void **state)
{
    static const char *const bad[] = {
        "\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xc3", "\xe2\x82", "a\x80z"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct json_error error;
        struct json_writer *writer = json_writer_new();
        json_write_string(writer, bad[i]);
        char *text = json_writer_finish(writer);
        struct json *root = parse(text, &error);
        assert_non_null(root);
        assert_non_null(strstr(root->text, "\xef\xbf\xbd"));
        json_free(root);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_lines_and_order),
        cmocka_unit_test(numbers),
        cmocka_unit_test(malformed),
        cmocka_unit_test(bounded),
        cmocka_unit_test(writes),
        cmocka_unit_test(writes_foreign_bytes),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
