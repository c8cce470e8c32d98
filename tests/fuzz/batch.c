/* SPDX-License-Identifier: MIT */
/*
 * The batch grammar: words against a second reading of pando-script(5), words that are quoted and
 * split again, and whole scripts, run by the real commands on a host that is made up.
 */
#include "fuzz.h"
#include "shell/command.h"
#include "shell/script.h"
#include "shell/variables.h"
#include "tests/unit/shell/fake_pando.h"
#include "tests/unit/shell/harness.h"

enum { LINE = 60, WORDS = 5, LINE_ROUNDS = 60000, QUOTE_ROUNDS = 20000, SCRIPT_ROUNDS = 1500 };

/* --- a second reading of the grammar -------------------------------------------------------- */

struct reading {
    const char *at;
    char words[16][4 * LINE];
    size_t count;
    enum { READING_OK, READING_WRONG, READING_MORE } result;
};

static char *value_of(void *arg, const char *name)
{
    if (!strcmp(name, "a"))
        return strdup("x 'y\" $a #");
    return strcmp(name, "b_1") ? NULL : strdup("");
}

/* variable, or a $ that stands for itself. */
static void read_variable(struct reading *reading, char *word)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_",
                      later[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    char name[LINE + 1] = "";
    bool braces = reading->at[1] == '{';
    const char *at = reading->at + 1 + braces;

    if (*at && strchr(first, *at)) {
        size_t length = strspn(at, later);
        memcpy(name, at, length);
        at += length;
    } else if (!braces && (!*at || strchr(" \t\n\"", *at))) {
        strcat(word, "$");
        reading->at++;
        return;
    }
    char *value = *name && (!braces || *at == '}') ? value_of(NULL, name) : NULL;
    if (value)
        strcat(word, value);
    else
        reading->result = READING_WRONG;
    free(value);
    reading->at = at + braces;
}

static void read_quoted(struct reading *reading, char *word)
{
    char quote = *reading->at++;
    while (reading->result == READING_OK && *reading->at != quote) {
        if (!*reading->at) {
            reading->result = READING_WRONG;
        } else if (quote == '"' && *reading->at == '$') {
            read_variable(reading, word);
        } else {
            if (quote == '"' && *reading->at == '\\' && strchr("\"\\$`", reading->at[1]))
                reading->at++;
            strncat(word, reading->at++, 1);
        }
    }
    if (reading->result == READING_OK)
        reading->at++;
}

static void read_word(struct reading *reading)
{
    char *word = reading->words[reading->count];
    *word = 0;
    while (reading->result == READING_OK && *reading->at && !strchr(" \t\n", *reading->at)) {
        if (strchr(";|&<>`", *reading->at)) {
            reading->result = READING_WRONG;
        } else if (*reading->at == '\'' || *reading->at == '"') {
            read_quoted(reading, word);
        } else if (*reading->at == '$') {
            read_variable(reading, word);
        } else {
            reading->at += *reading->at == '\\';
            strncat(word, reading->at++, 1);
        }
    }
    reading->count++;
}

/* A backslash at the very end that neither quotes, a backslash nor a comment take away. */
static bool is_joined(const char *line)
{
    bool single = false, two = false, start = true;
    for (const char *at = line; *at; at++) {
        if (!single && !two && start && *at == '#')
            return false;
        start = *at == ' ' || *at == '\t';
        if (*at == '\\' && !single) {
            if (!at[1])
                return true;
            at++;
        } else if (*at == '\'' && !two) {
            single = !single;
        } else if (*at == '"' && !single) {
            two = !two;
        }
    }
    return false;
}

static void read_line(struct reading *reading, const char *line)
{
    *reading = (struct reading){ .at = line };
    if (is_joined(line)) {
        reading->result = READING_MORE;
        return;
    }
    while (reading->result == READING_OK) {
        reading->at += strspn(reading->at, " \t\n");
        if (!*reading->at || *reading->at == '#')
            return;
        assert_true(reading->count < sizeof(reading->words) / sizeof(reading->words[0]));
        read_word(reading);
    }
}

static void compare(const char *line)
{
    static struct reading reading;
    struct words words;
    const char *error = NULL;
    char *exact = strdup(line);
    enum lexer_result result = lexer_expand(exact, value_of, NULL, &words, &error);

    free(exact);
    read_line(&reading, line);
    if ((result == LEXER_OK) != (reading.result == READING_OK) ||
        (result == LEXER_MORE) != (reading.result == READING_MORE))
        fail_msg("%s: read as %d, not %d", line, result, (int)reading.result);
    if (result == LEXER_WRONG)
        assert_true(error && *error);
    if (result != LEXER_OK)
        return;
    assert_null(words.list[words.count]);
    if (words.count != reading.count)
        fail_msg("%s: %zu words, not %zu", line, words.count, reading.count);
    for (size_t i = 0; i < words.count; i++)
        if (strcmp(words.list[i], reading.words[i]))
            fail_msg("%s: %s, not %s", line, words.list[i], reading.words[i]);
    words_free(&words);
}

static void one_line(void *arg)
{
    char line[LINE + 1];
    fuzz_string(line, LINE / (fuzz_below(3) + 1), "ab_1 \t'\"\\$${}##;ab_1");
    /* A line has its newline at the end only. */
    for (char *at = line; *at; at++)
        if (*at == '\n')
            *at = ' ';
    /* What is counted below has room for this many words. */
    size_t blanks = 0;
    for (char *at = line; *at; at++)
        if ((*at == ' ' || *at == '\t') && ++blanks > 14)
            *at = '_';
    compare(line);
}

static void lines(void **unused)
{
    fuzz_run(LINE_ROUNDS, one_line, NULL);
}

/* --- quoting and splitting ---------------------------------------------------------------- */

/* Quotes a word in one of three ways; "" can't be written without quotes. */
static void quote(char *to, const char *word)
{
    uint32_t way = *word ? fuzz_below(3) : 0;
    to += strlen(to);
    if (way < 2)
        *to++ = way ? '"' : '\'';
    for (; *word; word++) {
        if (way == 0 && *word == '\'')
            to = stpcpy(to, "'\\'");
        else if (way == 2 || (way == 1 && strchr("\"\\$`", *word)))
            *to++ = '\\';
        *to++ = *word;
    }
    if (way < 2)
        *to++ = way ? '"' : '\'';
    *to = 0;
}

static void one_quoted(void *arg)
{
    char words[WORDS][LINE + 1], line[WORDS * LINE * 4 + 20] = "";
    size_t count = fuzz_below(WORDS + 1);
    struct words split;
    const char *error;

    for (size_t i = 0; i < count; i++) {
        fuzz_string(words[i], 12, "ab '\"\\$`#;{}\t");
        for (char *at = words[i]; *at; at++)
            *at = *at == '\n' ? '.' : *at;
        quote(line, words[i]);
        strcat(line, fuzz_below(2) ? " " : "\t  ");
    }
    strcat(line, fuzz_below(2) ? "# a comment\n" : "\n");
    if (lexer_expand(line, value_of, NULL, &split, &error) != LEXER_OK)
        fail_msg("%s: %s", line, error);
    if (split.count != count)
        fail_msg("%s: %zu words, not %zu", line, split.count, count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(split.list[i], words[i]))
            fail_msg("%s: %s, not %s", line, split.list[i], words[i]);
    words_free(&split);
}

static void quoted(void **unused)
{
    fuzz_run(QUOTE_ROUNDS, one_quoted, NULL);
}

/* --- scripts -------------------------------------------------------------------------------- */

static const char *const dictionary[] = {
    "list",
    "info ",
    "vcpu-list",
    "create ",
    "destroy ",
    "pause ",
    "unpause ",
    "rename ",
    "mem-set ",
    "config ",
    "show ",
    "check ",
    "help ",
    "dmesg",
    "log ",
    "wait-for ",
    "send ",
    "expect ",
    "set ",
    "on-error ",
    "continue",
    "stop",
    "version",
    "quit",
    "--json ",
    "--timeout ",
    "--if-absent ",
    "--if-present ",
    "--plain ",
    "--text ",
    "--environment ",
    "--no-newline ",
    "web",
    "db",
    "old",
    "Domain-0",
    "$x",
    "${x}",
    "${",
    "$",
    "'",
    "\"",
    "\\",
    "\\\n",
    "\n",
    "\r\n",
    "#",
    " ",
    "\t",
    ";",
    "--",
    "-",
    "=",
    "running",
    "absent",
    "0",
    "1",
    "99999999999",
    "1e9",
    "\\x41",
    "(",
    "[a-",
    "x*",
    "\xff",
    "\xc3\xa9",
    "memory=",
    "name=",
    "/dev/null",
    NULL,
};

static void one_script(void *arg)
{
    struct fuzz_text text = fuzz_mutated(arg, dictionary);
    FILE *file = fmemopen(text.bytes, text.length ? text.length : 1, "r");

    fake_reset();
    variables_clear();
    harness_clear();
    harness_shell.quit = false;
    harness_shell.keep_going = fuzz_below(2);
    /* What would wait gives up at once. */
    harness_shell.interactive = true;
    shell_interrupted = 1;
    assert_non_null(file);
    int status = script_run(&harness_shell, file, "fuzz");
    fclose(file);
    free(text.bytes);

    assert_true((status >= SHELL_OK && status <= SHELL_ENDED) || status == SHELL_INTERRUPTED);
    assert_null(harness_shell.script);
    assert_null(harness_shell.command);
    /* Who fails says why, but for Ctrl-C. */
    if (status != SHELL_OK && status != SHELL_INTERRUPTED && strncmp(harness_err(), "fuzz:", 5) &&
        strncmp(harness_err(), "usage:", 6))
        fail_msg("code %d: %s", status, harness_err());
}

static void scripts(void **unused)
{
    struct fuzz_corpus corpus;
    fuzz_corpus_load(&corpus, "batch");
    harness_shell.console_socket = "/nowhere";
    fuzz_run(SCRIPT_ROUNDS, one_script, &corpus);
    fuzz_corpus_free(&corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(quoted),
        cmocka_unit_test_setup_teardown(scripts, harness_setup, harness_teardown),
    };
    return fuzz_end(cmocka_run_group_tests_name("fuzz-batch", tests, NULL, NULL));
}
