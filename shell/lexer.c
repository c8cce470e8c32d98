/* SPDX-License-Identifier: MIT */
#include "lexer.h"
#include "shell.h"

#include <stdlib.h>
#include <string.h>

struct lexer {
    const char *at;
    char *word; /* being made; never longer than the line */
    size_t length;
    struct words words;
    const char *error;
};

static void put(struct lexer *lexer, char c)
{
    lexer->word[lexer->length++] = c;
}

static void single_quotes(struct lexer *lexer)
{
    const char *end = strchr(++lexer->at, '\'');
    if (!end) {
        lexer->error = "a ' without the other: the line ends inside of quotes";
        return;
    }
    while (lexer->at < end)
        put(lexer, *lexer->at++);
    lexer->at++;
}

static void double_quotes(struct lexer *lexer)
{
    for (lexer->at++; *lexer->at != '"'; lexer->at++) {
        if (*lexer->at == '\\' && lexer->at[1] && strchr("\"\\$`", lexer->at[1]))
            lexer->at++;
        if (!*lexer->at) {
            lexer->error = "a \" without the other: the line ends inside of quotes";
            return;
        }
        put(lexer, *lexer->at);
    }
    lexer->at++;
}

static void add_word(struct lexer *lexer)
{
    struct words *words = &lexer->words;
    words->list = shell_need(realloc(words->list, (words->count + 2) * sizeof(*words->list)));
    words->list[words->count++] = shell_need(strndup(lexer->word, lexer->length));
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
        } else if (strchr(";|&<>", *lexer->at)) {
            lexer->error = "; | & < > have no meaning here: quote them, and write one command a "
                           "line";
        } else {
            if (*lexer->at == '\\')
                lexer->at++;
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
    const char *at = line;
    for (; *at && *at != '\n'; at++) {
        if (*at == '\\' && quote != '\'') {
            if (!at[1] || at[1] == '\n')
                return true;
            at++;
        } else if (*at == '#' && !quote && (at == line || strchr(" \t", at[-1]))) {
            return false;
        } else if (*at == quote) {
            quote = 0;
        } else if ((*at == '\'' || *at == '"') && !quote) {
            quote = *at;
        }
    }
    return false;
}

enum lexer_result lexer_split(const char *line, struct words *words, const char **error)
{
    struct lexer lexer = { .at = line };

    *words = (struct words){ 0 };
    if (continues(line))
        return LEXER_MORE;
    lexer.word = shell_need(malloc(strlen(line) + 1));
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

void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct words){ 0 };
}
