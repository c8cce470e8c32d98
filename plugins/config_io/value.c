/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

void *need(void *pointer)
{
    if (!pointer) {
        fputs("config_io: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return pointer;
}

char *need_format(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return need(text);
}

struct value *value_new(enum value_type type, const char *text, unsigned line)
{
    struct value *value = need(calloc(1, sizeof(*value)));
    value->type = type;
    value->text = need(strdup(text ? text : ""));
    value->line = line;
    return value;
}

struct value *value_add(struct value *list, struct value *member)
{
    if (list->last)
        list->last->next = member;
    else
        list->first = member;
    list->last = member;
    return member;
}

struct value *value_set(struct value *object, const char *key, struct value *member)
{
    free(member->key);
    member->key = need(strdup(key));
    return value_add(object, member);
}

struct value *value_copy(const struct value *value)
{
    struct value *copy = value_new(value->type, value->text, value->line);
    for (const struct value *member = value->first; member; member = member->next) {
        struct value *child = value_copy(member);
        if (member->key)
            value_set(copy, member->key, child);
        else
            value_add(copy, child);
    }
    return copy;
}

void value_free(struct value *value)
{
    if (!value)
        return;
    while (value->first) {
        struct value *member = value->first;
        value->first = member->next;
        value_free(member);
    }
    free(value->key);
    free(value->text);
    free(value);
}

struct value *value_get(const struct value *object, const char *key)
{
    if (!object || object->type != VALUE_OBJECT)
        return NULL;
    for (struct value *member = object->first; member; member = member->next)
        if (!strcmp(member->key, key))
            return member;
    return NULL;
}

const char *value_text(const struct value *object, const char *key, const char *preset)
{
    const struct value *member = value_get(object, key);
    return member && (member->type == VALUE_STRING || member->type == VALUE_NUMBER) ? member->text
                                                                                    : preset;
}

void value_remove(struct value *object, const char *key)
{
    struct value *before = NULL, *member = value_get(object, key);
    if (!member)
        return;
    for (struct value *other = object->first; other != member; other = other->next)
        before = other;
    if (before)
        before->next = member->next;
    else
        object->first = member->next;
    if (object->last == member)
        object->last = before;
    value_free(member);
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type || strcmp(a->text, b->text))
        return false;
    const struct value *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next)
        if (!x->key != !y->key || (x->key && strcmp(x->key, y->key)) || !value_equal(x, y))
            return false;
    return !x && !y;
}

bool value_number(const struct value *value, long long *number)
{
    char *end;
    if ((value->type != VALUE_NUMBER && value->type != VALUE_STRING) || !*value->text)
        return false;
    errno = 0;
    *number = strtoll(value->text, &end, 0);
    return !errno && !*end && end != value->text;
}

/* --- JSON in --------------------------------------------------------------------------- */

struct parser {
    struct value *stack[VALUE_DEPTH_MAX + 1];
    char *keys[VALUE_DEPTH_MAX + 1]; /* of objects: of the member that comes */
    size_t depth;
    struct value *root;
    bool too_deep;
};

static int put(struct parser *parser, enum value_type type, const char *text, size_t length)
{
    char *copy = need(strndup(text, length));
    struct value *value = value_new(type, copy, 0);
    free(copy);
    if (!parser->depth) {
        parser->root = value;
    } else {
        struct value *parent = parser->stack[parser->depth - 1];
        char **key = &parser->keys[parser->depth - 1];
        if (parent->type == VALUE_OBJECT)
            value_set(parent, *key ? *key : "", value);
        else
            value_add(parent, value);
        free(*key);
        *key = NULL;
    }
    if (type != VALUE_LIST && type != VALUE_OBJECT)
        return 1;
    if (parser->depth == VALUE_DEPTH_MAX) {
        parser->too_deep = true;
        return 0;
    }
    parser->stack[parser->depth++] = value;
    return 1;
}

static int on_null(void *arg)
{
    return put(arg, VALUE_NULL, "", 0);
}

static int on_boolean(void *arg, int value)
{
    return value ? put(arg, VALUE_BOOL, "true", 4) : put(arg, VALUE_BOOL, "false", 5);
}

static int on_number(void *arg, const char *text, size_t length)
{
    return put(arg, VALUE_NUMBER, text, length);
}

static int on_string(void *arg, const unsigned char *text, size_t length)
{
    return put(arg, VALUE_STRING, (const char *)text, length);
}

static int on_object(void *arg)
{
    return put(arg, VALUE_OBJECT, "", 0);
}

static int on_key(void *arg, const unsigned char *text, size_t length)
{
    struct parser *parser = arg;
    char **key = &parser->keys[parser->depth - 1];
    free(*key);
    *key = need(strndup((const char *)text, length));
    return 1;
}

static int on_list(void *arg)
{
    return put(arg, VALUE_LIST, "", 0);
}

static int on_end(void *arg)
{
    struct parser *parser = arg;
    parser->depth--;
    return 1;
}

static void describe_error(yajl_handle yajl, const struct parser *parser, const char *text,
                           size_t length, unsigned *line, char *error, size_t size)
{
    size_t at = yajl_get_bytes_consumed(yajl);
    *line = 1;
    for (size_t i = 0; i < at && i < length; i++)
        *line += text[i] == '\n';
    if (parser->too_deep) {
        snprintf(error, size, "values are nested deeper than %d", VALUE_DEPTH_MAX);
        return;
    }
    unsigned char *message = yajl_get_error(yajl, 0, NULL, 0);
    snprintf(error, size, "%s", message ? (const char *)message : "malformed");
    error[strcspn(error, "\n")] = 0;
    if (message)
        yajl_free_error(yajl, message);
}

struct value *value_parse(const char *text, size_t length, unsigned *line, char *error, size_t size)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_boolean,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_object,
        .yajl_map_key = on_key,
        .yajl_end_map = on_end,
        .yajl_start_array = on_list,
        .yajl_end_array = on_end,
    };
    struct parser parser = { 0 };
    yajl_handle yajl = need(yajl_alloc(&callbacks, NULL, &parser));
    bool done = length <= VALUE_TEXT_MAX &&
                yajl_parse(yajl, (const unsigned char *)text, length) == yajl_status_ok &&
                yajl_complete_parse(yajl) == yajl_status_ok && parser.root;
    if (!done)
        describe_error(yajl, &parser, text, length, line, error, size);
    yajl_free(yajl);
    for (size_t i = 0; i <= VALUE_DEPTH_MAX; i++)
        free(parser.keys[i]);
    if (done)
        return parser.root;
    value_free(parser.root);
    return NULL;
}

/* --- JSON out -------------------------------------------------------------------------- */

/* Text from elsewhere may be in any encoding: what isn't UTF-8 is taken for Latin-1. */
static void print_text(yajl_gen gen, const char *text)
{
    if (yajl_gen_string(gen, (const unsigned char *)text, strlen(text)) != yajl_gen_invalid_string)
        return;
    char *copy = need(malloc(2 * strlen(text) + 1)), *out = copy;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x80) {
            *out++ = (char)c;
        } else {
            *out++ = (char)(0xc0 | c >> 6);
            *out++ = (char)(0x80 | (c & 0x3f));
        }
    }
    *out = 0;
    yajl_gen_string(gen, (const unsigned char *)copy, strlen(copy));
    free(copy);
}

static void print(yajl_gen gen, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        yajl_gen_null(gen);
        return;
    case VALUE_BOOL:
        yajl_gen_bool(gen, !strcmp(value->text, "true"));
        return;
    case VALUE_NUMBER:
        yajl_gen_number(gen, value->text, strlen(value->text));
        return;
    case VALUE_STRING:
        print_text(gen, value->text);
        return;
    case VALUE_LIST:
        yajl_gen_array_open(gen);
        for (const struct value *member = value->first; member; member = member->next)
            print(gen, member);
        yajl_gen_array_close(gen);
        return;
    case VALUE_OBJECT:
        yajl_gen_map_open(gen);
        for (const struct value *member = value->first; member; member = member->next) {
            print_text(gen, member->key);
            print(gen, member);
        }
        yajl_gen_map_close(gen);
        return;
    }
}

char *value_print(const struct value *value, bool indented)
{
    const unsigned char *text;
    size_t length;
    yajl_gen gen = need(yajl_gen_alloc(NULL));
    yajl_gen_config(gen, yajl_gen_beautify, indented);
    yajl_gen_config(gen, yajl_gen_indent_string, "  ");
    yajl_gen_config(gen, yajl_gen_validate_utf8, 1);
    print(gen, value);
    yajl_gen_get_buf(gen, &text, &length);
    char *copy = need(strndup((const char *)text, length));
    yajl_gen_free(gen);
    return copy;
}
