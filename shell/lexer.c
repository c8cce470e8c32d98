/* SPDX-License-Identifier: MIT */
#include "lexer.h"
#include "shell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct lexer {
    const char *at;
    char *word; /* being made */
    size_t length, room;
    size_t total; /* bytes of all words so far */
    struct words words;
    lexer_variable_fn *variable; /* NULL: $ has no meaning */
    void *arg;
    const char *error;
};

static void wrong(struct lexer *lexer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Keeps the first error. */
static void wrong(struct lexer *lexer, const char *format, ...)
{
    static _Thread_local char text[LEXER_NAME_MAX + 120];
    va_list args;

    if (lexer->error)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    lexer->error = text;
}

static void put_text(struct lexer *lexer, const char *text, size_t length)
{
    if (length > LEXER_TOTAL_MAX - lexer->total) {
        wrong(lexer, "the words are longer than 1 MiB with the values of their variables");
        return;
    }
    lexer->total += length;
    if (!length)
        return;
    if (lexer->room - lexer->length < length) {
        lexer->room = 2 * lexer->length + length + 32;
        lexer->word = shell_need(realloc(lexer->word, lexer->room));
    }
    memcpy(lexer->word + lexer->length, text, length);
    lexer->length += length;
}

static void put(struct lexer *lexer, char c)
{
    put_text(lexer, &c, 1);
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t name_length(const char *text)
{
    size_t length = 0;
    if (starts_name(*text))
        while (starts_name(text[length]) || (text[length] >= '0' && text[length] <= '9'))
            length++;
    return length;
}

bool lexer_name_valid(const char *name)
{
    size_t length = name_length(name);
    return length && length <= LEXER_NAME_MAX && !name[length];
}

static void put_variable(struct lexer *lexer, const char *text, size_t length)
{
    char name[LEXER_NAME_MAX + 1];
    if (length > LEXER_NAME_MAX) {
        wrong(lexer, "$%.20s...: a variable's name has at most %d characters", text,
              LEXER_NAME_MAX);
        return;
    }
    memcpy(name, text, length);
    name[length] = 0;
    char *value = lexer->variable(lexer->arg, name);
    if (!value) {
        wrong(lexer, "there is no variable %s; `set %s VALUE` makes one, '$' is a plain $", name,
              name);
        return;
    }
    put_text(lexer, value, strlen(value));
    free(value);
}

/* At a $ that isn't quoted. At a word's or a string's end it stands for itself. */
static void dollar(struct lexer *lexer)
{
    const char *name = lexer->at + 1;
    size_t length = name_length(name);

    if (!lexer->variable || !*name || strchr(" \t\n\"", *name)) {
        put(lexer, *lexer->at++);
    } else if (length) {
        lexer->at = name + length;
        put_variable(lexer, name, length);
    } else if (*name == '{') {
        length = name_length(++name);
        if (length && name[length] == '}') {
            lexer->at = name + length + 1;
            put_variable(lexer, name, length);
        } else {
            wrong(lexer, "${ is not followed by a variable's name and }");
        }
    } else {
        wrong(lexer, "$ is not followed by a variable's name; '$' is a plain $");
    }
}

static void single_quotes(struct lexer *lexer)
{
    const char *end = strchr(++lexer->at, '\'');
    if (!end) {
        wrong(lexer, "a ' without the other: the line ends inside of quotes");
        return;
    }
    put_text(lexer, lexer->at, (size_t)(end - lexer->at));
    lexer->at = end + 1;
}

static void double_quotes(struct lexer *lexer)
{
    for (lexer->at++; *lexer->at != '"' && !lexer->error;) {
        if (*lexer->at == '$') {
            dollar(lexer);
            continue;
        }
        if (*lexer->at == '\\' && lexer->at[1] && strchr("\"\\$`", lexer->at[1]))
            lexer->at++;
        if (!*lexer->at)
            wrong(lexer, "a \" without the other: the line ends inside of quotes");
        else
            put(lexer, *lexer->at++);
    }
    if (!lexer->error)
        lexer->at++;
}

static void add_word(struct lexer *lexer)
{
    struct words *words = &lexer->words;
    words->list = shell_need(realloc(words->list, (words->count + 2) * sizeof(*words->list)));
    /* Without a byte there is no word yet. */
    words->list[words->count++] =
        shell_need(strndup(lexer->length ? lexer->word : "", lexer->length));
    words->list[words->count] = NULL;
}

/* One word up to the blank behind it. */
static void take_word(struct lexer *lexer)
{
    lexer->length = 0;
    while (!lexer->error && *lexer->at && !strchr(" \t\n", *lexer->at)) {
        if (*lexer->at == '\'') {
            single_quotes(lexer);
        } else if (*lexer->at == '"') {
            double_quotes(lexer);
        } else if (*lexer->at == '$') {
            dollar(lexer);
        } else if (strchr(";|&<>`", *lexer->at)) {
            wrong(lexer, "; | & < > ` have no meaning here: quote them, and write one command a "
                         "line");
        } else {
            if (*lexer->at == '\\')
                lexer->at++;
            if (*lexer->at)
                put(lexer, *lexer->at++);
        }
    }
    if (!lexer->error)
        add_word(lexer);
}

/* Whether a backslash, which none before it quotes, ends the line outside of ' and comments. */
static bool continues(const char *line)
{
    char quote = 0;
    bool start = true; /* of a word */
    for (const char *at = line; *at && *at != '\n'; at++) {
        if (start && !quote && *at == '#')
            return false;
        start = *at == ' ' || *at == '\t';
        if (*at == '\\' && quote != '\'') {
            if (!at[1] || at[1] == '\n')
                return true;
            at++;
        } else if (*at == quote) {
            quote = 0;
        } else if ((*at == '\'' || *at == '"') && !quote) {
            quote = *at;
        }
    }
    return false;
}

enum lexer_result lexer_expand(const char *line, lexer_variable_fn *variable, void *arg,
                               struct words *words, const char **error)
{
    struct lexer lexer = { .at = line, .variable = variable, .arg = arg };

    *words = (struct words){ 0 };
    if (continues(line))
        return LEXER_MORE;
    lexer.words.list = shell_need(calloc(1, sizeof(*lexer.words.list)));
    for (;;) {
        lexer.at += strspn(lexer.at, " \t\n");
        if (!*lexer.at || *lexer.at == '#' || lexer.error)
            break;
        take_word(&lexer);
    }
    free(lexer.word);
    if (lexer.error) {
        words_free(&lexer.words);
        *error = lexer.error;
        return LEXER_WRONG;
    }
    *words = lexer.words;
    return LEXER_OK;
}

enum lexer_result lexer_split(const char *line, struct words *words, const char **error)
{
    return lexer_expand(line, NULL, NULL, words, error);
}

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct words){ 0 };
}
