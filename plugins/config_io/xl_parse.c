/* SPDX-License-Identifier: MIT */
#include "xl_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 1000, NODES_MAX = 20000, NEST_MAX = 8 };

struct reader {
    const char *at, *end;
    unsigned line;
    size_t nodes;
    struct report *report;
    struct value **kept;
    bool failed;
};

static void fail(struct reader *reader, const char *what)
{
    char found[40] = "the end of the file";
    if (reader->failed)
        return;
    reader->failed = true;
    if (reader->at < reader->end && *reader->at == '\n')
        snprintf(found, sizeof(found), "the end of the line");
    else if (reader->at < reader->end) {
        int length = 0;
        while (length < 20 && reader->at + length < reader->end &&
               !strchr("\n ", reader->at[length]))
            length++;
        snprintf(found, sizeof(found), "\"%.*s\"", length ? length : 1, reader->at);
    }
    report_add(reader->report, NOTE_WRONG, reader->line, "", "found %s, expected %s", found, what);
}

static int peek(const struct reader *reader)
{
    return reader->at < reader->end ? (unsigned char)*reader->at : EOF;
}

static int next(struct reader *reader)
{
    int c = peek(reader);
    if (c != EOF)
        reader->at++;
    if (c == '\n')
        reader->line++;
    return c;
}

/* --- what is between words ----------------------------------------------------------------- */

/* A comment with what export could not say otherwise. */
static void take_kept(struct reader *reader, const char *text, size_t length)
{
    char error[200];
    unsigned line;
    struct value *value = value_parse(text, length, &line, error, sizeof(error));
    if (value && value->type == VALUE_OBJECT && !*reader->kept) {
        *reader->kept = value;
        return;
    }
    value_free(value);
    report_add(reader->report, NOTE_WRONG, reader->line, "",
               "found a second or a broken comment " XL_KEPT_COMMENT ": remove it");
}

static void skip_comment(struct reader *reader)
{
    const char *start = reader->at;
    const char *end = memchr(start, '\n', (size_t)(reader->end - start));
    size_t length = (size_t)((end ? end : reader->end) - start), mark = strlen(XL_KEPT_COMMENT);
    if (length > mark && !strncmp(start, XL_KEPT_COMMENT, mark))
        take_kept(reader, start + mark, length - mark);
    reader->at = start + length;
}

/* Blanks and comments, with @lines also ends of lines. */
static void skip(struct reader *reader, bool lines)
{
    for (;;) {
        int c = peek(reader);
        if (c == '#')
            skip_comment(reader);
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || (lines && c == '\n'))
            next(reader);
        else
            return;
    }
}

/* --- values ----------------------------------------------------------------------------------- */

static char escape(struct reader *reader)
{
    static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
    int c = next(reader), number = 0;
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter)
        return meanings[letter - letters];
    if (c == 'x' && isxdigit(peek(reader))) {
        for (int i = 0; i < 2 && isxdigit(peek(reader)); i++) {
            int digit = next(reader);
            number = number * 16 + (isdigit(digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }
        return (char)number;
    }
    if (c >= '0' && c <= '7') {
        number = c - '0';
        for (int i = 0; i < 2 && peek(reader) >= '0' && peek(reader) <= '7'; i++)
            number = number * 8 + next(reader) - '0';
        return (char)number;
    }
    return (char)c;
}

static struct value *read_string(struct reader *reader)
{
    unsigned line = reader->line;
    int quote = next(reader);
    char *text = need(malloc((size_t)(reader->end - reader->at) + 1)), *out = text;
    while (peek(reader) != quote) {
        if (peek(reader) == EOF || peek(reader) == '\n') {
            fail(reader,
                 quote == '"' ? "a \" at the end of the string" : "a ' at the end of the string");
            break;
        }
        int c = next(reader);
        char byte =
            c == '\\' && peek(reader) != '\n' && peek(reader) != EOF ? escape(reader) : (char)c;
        if (!byte) {
            fail(reader, "a string without a NUL byte");
            break;
        }
        *out++ = byte;
    }
    next(reader);
    *out = 0;
    struct value *value = value_new(VALUE_STRING, text, line);
    free(text);
    return value;
}

static struct value *read_number(struct reader *reader)
{
    char text[32], *end;
    size_t length = 0;
    while ((isalnum(peek(reader)) || peek(reader) == '-' || peek(reader) == '+' ||
            peek(reader) == '.' || peek(reader) == '_') &&
           length < sizeof(text) - 1)
        text[length++] = (char)next(reader);
    text[length] = 0;
    errno = 0;
    long long number = strtoll(text, &end, 0);
    if (!length || *end || errno) {
        reader->at -= length;
        fail(reader, "a string in quotes, a number or a list [...]");
    }
    snprintf(text, sizeof(text), "%lld", number);
    return value_new(VALUE_NUMBER, text, reader->line);
}

static struct value *read_value(struct reader *reader, int nest);

static struct value *read_list(struct reader *reader, int nest)
{
    struct value *list = value_new(VALUE_LIST, "", reader->line);
    next(reader);
    skip(reader, true);
    while (!reader->failed && peek(reader) != ']') {
        if (++reader->nodes > NODES_MAX || nest >= NEST_MAX) {
            fail(reader, "a list that is neither so long nor nested so deeply");
            break;
        }
        value_add(list, read_value(reader, nest + 1));
        skip(reader, true);
        if (peek(reader) == ',')
            next(reader);
        else if (peek(reader) != ']')
            fail(reader, "a comma, or ] at the end of the list");
        skip(reader, true);
    }
    next(reader);
    return list;
}

static struct value *read_value(struct reader *reader, int nest)
{
    int c = peek(reader);
    if (c == '"' || c == '\'')
        return read_string(reader);
    return c == '[' ? read_list(reader, nest) : read_number(reader);
}

/* --- settings -----------------------------------------------------------------------------------
 */

/* KEY += VALUE: a longer string, or more in a list. */
static void append(struct reader *reader, struct value *old, struct value *more)
{
    if (old->type == VALUE_LIST && more->type == VALUE_LIST) {
        while (more->first) {
            struct value *member = more->first;
            more->first = member->next;
            member->next = NULL;
            value_add(old, member);
        }
        more->last = NULL;
    } else if (old->type == VALUE_STRING && more->type == VALUE_STRING) {
        char *text = need_format("%s%s", old->text, more->text);
        free(old->text);
        old->text = text;
    } else {
        report_add(reader->report, NOTE_WRONG, more->line, old->key,
                   "found += of another type than before; make both lists or both strings");
    }
    value_free(more);
}

static void add_setting(struct reader *reader, struct value *object, const char *key,
                        struct value *value, bool appended)
{
    struct value *old = value_get(object, key);
    if (old && appended) {
        append(reader, old, value);
        return;
    }
    if (old) {
        report_add(reader->report, NOTE_CHANGED, value->line, key,
                   "given twice, first in line %u: this is the one that counts", old->line);
        value_remove(object, key);
    }
    value_set(object, key, value);
}

static void read_setting(struct reader *reader, struct value *object)
{
    char key[65];
    size_t length = 0;
    while ((isalnum(peek(reader)) || peek(reader) == '_') && length < sizeof(key) - 1)
        key[length++] = (char)next(reader);
    key[length] = 0;
    if (!length || isdigit((unsigned char)*key)) {
        reader->at -= length;
        fail(reader, "KEY=VALUE");
        return;
    }
    skip(reader, false);
    bool appended = peek(reader) == '+';
    if (appended)
        next(reader);
    if (peek(reader) != '=') {
        fail(reader, "= behind a key");
        return;
    }
    next(reader);
    skip(reader, false);
    struct value *value = read_value(reader, 0);
    if (reader->failed)
        value_free(value);
    else
        add_setting(reader, object, key, value, appended);
    skip(reader, false);
    if (peek(reader) == ';' || peek(reader) == '\n')
        next(reader);
    else if (peek(reader) != EOF)
        fail(reader, "the end of the line, or ;");
}

struct value *xl_parse(const char *text, size_t length, struct report *report, struct value **kept)
{
    struct reader reader = {
        .at = text, .end = text + length, .line = 1, .report = report, .kept = kept
    };
    struct value *object = value_new(VALUE_OBJECT, "", 1);
    size_t keys = 0;
    *kept = NULL;
    if (length > VALUE_TEXT_MAX || memchr(text, 0, length))
        fail(&reader, "a text of at most 1 MiB without NUL bytes");
    for (skip(&reader, true); !reader.failed && peek(&reader) != EOF; skip(&reader, true)) {
        if (peek(&reader) == ';') {
            next(&reader);
            continue;
        }
        if (++keys > KEYS_MAX)
            fail(&reader, "fewer keys");
        else
            read_setting(&reader, object);
    }
    if (!reader.failed)
        return object;
    value_free(object);
    value_free(*kept);
    *kept = NULL;
    return NULL;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void print_string(const char *text, FILE *out)
{
    char quote = strchr(text, '"') && !strchr(text, '\'') ? '\'' : '"';
    fputc(quote, out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == (unsigned char)quote || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\%03o", c);
        else
            fputc(c, out);
    }
    fputc(quote, out);
}

static bool print_value(const struct value *value, FILE *out, int indent)
{
    bool right = true;
    long long number;
    switch (value->type) {
    case VALUE_STRING:
        print_string(value->text, out);
        return true;
    case VALUE_BOOL:
        fputs(!strcmp(value->text, "true") ? "1" : "0", out);
        return true;
    case VALUE_NUMBER:
        fputs(value->text, out);
        return value_number(value, &number);
    case VALUE_LIST:
        fputc('[', out);
        for (const struct value *member = value->first; member; member = member->next) {
            fprintf(out, "\n%*s", indent + 4, "");
            right = print_value(member, out, indent + 4) && right;
            if (member->next)
                fputc(',', out);
        }
        if (value->first)
            fprintf(out, "\n%*s", indent, "");
        fputs(value->first ? "]" : " ]", out);
        return right;
    default:
        fputs("\"\"", out);
        return false;
    }
}

static bool key_valid(const char *key)
{
    if (!*key || isdigit((unsigned char)*key))
        return false;
    for (; *key; key++)
        if (!isalnum((unsigned char)*key) && *key != '_')
            return false;
    return true;
}

void xl_print(const struct value *object, FILE *out, struct report *report)
{
    for (const struct value *value = object->first; value; value = value->next) {
        if (!key_valid(value->key)) {
            report_add(report, NOTE_WRONG, value->line, value->key,
                       "cannot be a key of an xl configuration, and is left out");
            continue;
        }
        fprintf(out, "%s = ", value->key);
        if (!print_value(value, out, 0))
            report_add(report, NOTE_WRONG, value->line, value->key,
                       "has a value that xl configurations cannot have: expected strings, whole "
                       "numbers and lists");
        fputc('\n', out);
    }
}
