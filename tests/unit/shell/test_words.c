/* SPDX-License-Identifier: MIT */
/* Words of a line, options of a command, sizes and tables. */
#include "harness.h"
#include "config.h"
#include "shell/lexer.h"
#include "shell/options.h"
#include "shell/table.h"

#include <stdint.h>

/* The words joined by | and a | at the end, or the error. */
static void splits(const char *line, const char *expected)
{
    struct words words;
    const char *error = NULL;
    char text[200] = "";
    switch (lexer_split(line, &words, &error)) {
    case LEXER_OK:
        for (size_t i = 0; i < words.count; i++) {
            strcat(text, words.list[i]);
            strcat(text, "|");
        }
        assert_null(words.list[words.count]);
        words_free(&words);
        break;
    case LEXER_MORE:
        strcpy(text, "more");
        break;
    case LEXER_WRONG:
        strcpy(text, "wrong");
        assert_non_null(error);
        break;
    }
    if (strcmp(text, expected))
        fail_msg("%s: %s instead of %s", line, text, expected);
}

static void words_and_quotes(void **state)
{
    splits("", "");
    splits(" \t \n", "");
    splits("list", "list|");
    splits("  list \t a  b\n", "list|a|b|");
    splits("# a comment", "");
    splits("list # a 'comment", "list|");
    splits("a#b #c", "a#b|");
    splits("\\#a \"#b\" '#c'", "#a|#b|#c|");
    splits("a\\ b", "a b|");
    splits("'a b' \"c d\" ''", "a b|c d||");
    splits("a'b c'd\"e f\"g", "ab cde fg|");
    splits("'a\\b\"c'", "a\\b\"c|");
    splits("\"a\\b\\\\\\\"\\$\\`c\"", "a\\b\\\"$`c|");
    splits("key='[{\"vdev\": \"xvda\"}]'", "key=[{\"vdev\": \"xvda\"}]|");
    splits("\"a;b|c&d<e>f\" 'x;y' p\\;q", "a;b|c&d<e>f|x;y|p;q|");
    splits("$HOME", "$HOME|");
    splits("\xc3\xa9 \xff", "\xc3\xa9|\xff|");
}

static void words_refused(void **state)
{
    splits("'a", "wrong");
    splits("a \"b", "wrong");
    splits("\"a\\\"", "wrong");
    splits("a; b", "wrong");
    splits("a | b", "wrong");
    splits("a>b", "wrong");
    splits("a &", "wrong");
}

static void words_continued(void **state)
{
    splits("a \\", "more");
    splits("a \\\n", "more");
    splits("a \\\\\n", "a|\\|");
    splits("a '\\'\n", "a|\\|");
    splits("a \"b\\\n", "more");
    splits("# a \\\n", "");
    splits("a#b \\\n", "more");
    /* A blank that is quoted begins no word, and so no comment. */
    splits("a\\ #b \\\n", "more");
    splits("\"a #b\" \\\n", "more");
}

static char *lookup(void *arg, const char *name)
{
    if (!strcmp(name, "A"))
        return strdup("a b");
    if (!strcmp(name, "_x1"))
        return strdup("$A'\"");
    return strcmp(name, "EMPTY") ? NULL : strdup("");
}

/* As splits(), with variables; an error is compared whole. */
static void expands(const char *line, const char *expected)
{
    struct words words;
    const char *error = "more";
    char text[200] = "";
    if (lexer_expand(line, lookup, NULL, &words, &error) == LEXER_OK) {
        for (size_t i = 0; i < words.count; i++)
            sprintf(text + strlen(text), "%s|", words.list[i]);
        words_free(&words);
        error = text;
    }
    if (!strstr(error, expected) || (error == text && strcmp(text, expected)))
        fail_msg("%s: %s instead of %s", line, error, expected);
}

static void variables(void **state)
{
    expands("x$A ${A}x \"-$A-\" $EMPTY", "xa b|a bx|-a b-||");
    expands("$A$A \"${A}1\"", "a ba b|a b1|");
    /* A value has nothing special in it. */
    expands("$_x1 b", "$A'\"|b|");
    expands("'$A' \\$A \"\\$A\" '$('", "$A|$A|$A|$(|");
    /* At the end of a word, as regular expressions have it. */
    expands("a$ $ \"b$\" \"c$ d\"", "a$|$|b$|c$ d|");
    expands("# $nothing", "");
    expands("$nothing", "there is no variable nothing");
    expands("\"$A1\"", "there is no variable A1");
    expands("${A", "${ is not followed");
    expands("${A:-x}", "${ is not followed");
    expands("${}", "${ is not followed");
    expands("$(ls)", "$ is not followed");
    expands("$1", "$ is not followed");
    expands("a$'b'", "$ is not followed");
    expands("$A`", "no meaning here");
    assert_true(lexer_name_valid("_a1"));
    assert_false(lexer_name_valid(""));
    assert_false(lexer_name_valid("1a"));
    assert_false(lexer_name_valid("a-b"));
    assert_false(lexer_name_valid("\xc3\xa9"));
}

static const struct option_info options[] = {
    { "json", NULL, "" },
    { "timeout", "SECONDS", "" },
    { NULL },
};

static void options_anywhere(void **state)
{
    const char *const words[] = { "a", "--json", "-", "--timeout", "--json", "--", "--b", NULL };
    struct arguments arguments;
    assert_true(arguments_parse(&harness_shell, options, words, &arguments));
    assert_int_equal(arguments.count, 3);
    assert_string_equal(arguments.words[0], "a");
    assert_string_equal(arguments.words[1], "-");
    assert_string_equal(arguments.words[2], "--b");
    assert_true(option_given(&arguments, "json"));
    assert_string_equal(option_value(&arguments, "timeout"), "--json");
    arguments_free(&arguments);

    const char *const others[] = { "--timeout=5=6", NULL };
    assert_true(arguments_parse(&harness_shell, options, others, &arguments));
    assert_string_equal(option_value(&arguments, "timeout"), "5=6");
    assert_false(option_given(&arguments, "json"));
    arguments_free(&arguments);
}

static void options_refused(void **state)
{
    static const struct {
        const char *word, *error;
    } cases[] = {
        { "--jsno", "no option --jsno; did you mean --json?" },
        { "--frob", "no option --frob; see `help list`" },
        { "--json=1", "option --json takes no value" },
        { "--timeout", "option --timeout: SECONDS is missing" },
        { "-j", "no option -j" },
        { "---", "no option ---" },
    };
    harness_shell.command = "list";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const words[] = { cases[i].word, NULL };
        struct arguments arguments;
        harness_clear();
        assert_false(arguments_parse(&harness_shell, options, words, &arguments));
        if (!strstr(harness_err(), cases[i].error))
            fail_msg("%s: %s", cases[i].word, harness_err());
    }
}

static void timeouts(void **state)
{
    static const struct {
        const char *text;
        int ms;
    } cases[] = { { "0", 0 },   { "5", 5000 }, { "0.25", 250 }, { "", -1 },     { "x", -1 },
                  { "-1", -1 }, { "5s", -1 },  { "nan", -1 },   { "1e12", -1 }, { "inf", -1 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arguments arguments = { .options = options, .values = { NULL, cases[i].text } };
        int ms = 7;
        assert_int_equal(option_timeout(&harness_shell, &arguments, 7, &ms), cases[i].ms >= 0);
        if (cases[i].ms >= 0)
            assert_int_equal(ms, cases[i].ms);
    }
    struct arguments none = { .options = options };
    int ms;
    assert_true(option_timeout(&harness_shell, &none, 7, &ms));
    assert_int_equal(ms, 7);
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        bool right;
        uint64_t kib;
    } cases[] = {
        { "128", true, 128 << 10 },
        { "128M", true, 128 << 10 },
        { "2g", true, 2 << 20 },
        { "512K", true, 512 },
        { "1T", true, 1 << 30 },
        { "0", true, 0 },
        { "", false, 0 },
        { "M", false, 0 },
        { "1.5G", false, 0 },
        { "-1", false, 0 },
        { "5MB", false, 0 },
        { "5 ", false, 0 },
        { "17592186044416G", false, 0 },
        { "17592186044415G", true, 17592186044415ull << 20 },
        { "99999999999999999999", false, 0 },
        { "9999999999999999999999999999999", false, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t kib = 0;
        if (pando_memory_parse(cases[i].text, &kib) != cases[i].right || kib != cases[i].kib)
            fail_msg("%s: %llu", cases[i].text, (unsigned long long)kib);
    }
    uint64_t number;
    assert_true(parse_number("18446744073709551615", UINT64_MAX, &number));
    assert_int_equal(number, UINT64_MAX);
    assert_false(parse_number("18446744073709551616", UINT64_MAX, &number));
    assert_true(parse_number("7", 7, &number));
    assert_false(parse_number("8", 7, &number));
    assert_false(parse_number("8", 5, &number));
}

static void tables(void **state)
{
    static const char *const titles[] = { "NAME", ">ID", "STATE", NULL };
    struct table table;
    table_init(&table, titles);
    table_add(&table, "%s", "caf\xc3\xa9-1");
    table_add(&table, "%d", 1000);
    table_add(&table, "%s", "running");
    table_add(&table, "%s", "b");
    table_add(&table, "%d", 2);
    table_add(&table, "%s", "x");
    table_print(&table, harness_shell.out);
    assert_string_equal(harness_out(), "NAME      ID  STATE\n"
                                       "caf\xc3\xa9-1  1000  running\n"
                                       "b          2  x\n");
    harness_clear();
    table_init(&table, titles);
    table_print(&table, harness_shell.out);
    assert_string_equal(harness_out(), "NAME  ID  STATE\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_and_quotes, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(words_refused, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(words_continued, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(variables, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(options_anywhere, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(options_refused, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(timeouts, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(sizes, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(tables, harness_setup, harness_teardown),
    };
    return cmocka_run_group_tests_name("shell-words", tests, NULL, NULL);
}
