/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

/* --- reading ------------------------------------------------------------------ */

struct parser {
    yajl_handle yajl;
    const unsigned char *text;
    size_t counted; /* newlines of text[0..counted) are in line */
    unsigned line;
    struct json *root;
    struct json *open; /* the container that values are added to */
    char *key;         /* waits for its value */
    unsigned depth, nodes;
    bool failed; /* error has been filled in by a callback */
    struct json_error *error;
};

static int parser_fail(struct parser *parser, const char *text)
{
    if (!parser->failed) {
        parser->failed = true;
        parser->error->line = parser->line;
        snprintf(parser->error->text, sizeof(parser->error->text), "%s", text);
    }
    return 0;
}

static void parser_count_lines(struct parser *parser, size_t end)
{
    for (; parser->counted < end; parser->counted++)
        if (parser->text[parser->counted] == '\n')
            parser->line++;
}

/* The text as a string of its own; NULL (and a failed parser) if it has a NUL or memory is out. */
static char *parser_string(struct parser *parser, const char *text, size_t length)
{
    if (memchr(text, 0, length)) {
        parser_fail(parser, "a string contains \\u0000, which is not allowed");
        return NULL;
    }
    char *copy = strndup(text, length);
    if (!copy)
        parser_fail(parser, "out of memory");
    return copy;
}

static struct json *parser_add(struct parser *parser, enum json_type type)
{
    parser_count_lines(parser, yajl_get_bytes_consumed(parser->yajl));
    if (++parser->nodes > JSON_NODES_MAX) {
        parser_fail(parser, "too many values in the file");
        return NULL;
    }
    struct json *node = calloc(1, sizeof(*node));
    if (!node) {
        parser_fail(parser, "out of memory");
        return NULL;
    }
    node->type = type;
    node->line = parser->line;
    node->key = parser->key;
    parser->key = NULL;
    node->parent = parser->open;
    if (!parser->open)
        parser->root = node;
    else if (!parser->open->first)
        parser->open->first = parser->open->last = node;
    else
        parser->open->last = parser->open->last->next = node;
    return node;
}

static int on_null(void *context)
{
    return parser_add(context, JSON_NULL) != NULL;
}

static int on_bool(void *context, int value)
{
    struct json *node = parser_add(context, JSON_BOOL);
    if (!node)
        return 0;
    node->boolean = value;
    return 1;
}

static int on_number(void *context, const char *text, size_t length)
{
    struct json *node = parser_add(context, JSON_NUMBER);
    return node && (node->text = parser_string(context, text, length));
}

static int on_string(void *context, const unsigned char *text, size_t length)
{
    struct json *node = parser_add(context, JSON_STRING);
    return node && (node->text = parser_string(context, (const char *)text, length));
}

static int on_key(void *context, const unsigned char *text, size_t length)
{
    struct parser *parser = context;
    parser_count_lines(parser, yajl_get_bytes_consumed(parser->yajl));
    parser->key = parser_string(parser, (const char *)text, length);
    return parser->key != NULL;
}

static int container_open(struct parser *parser, enum json_type type)
{
    struct json *node = parser_add(parser, type);
    if (!node)
        return 0;
    if (++parser->depth > JSON_DEPTH_MAX)
        return parser_fail(parser, "lists and objects are nested too deeply");
    parser->open = node;
    return 1;
}

static int on_container_close(void *context)
{
    struct parser *parser = context;
    parser->depth--;
    parser->open = parser->open->parent;
    return 1;
}

static int on_object(void *context)
{
    return container_open(context, JSON_OBJECT);
}

static int on_array(void *context)
{
    return container_open(context, JSON_ARRAY);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_container_close,
    .yajl_start_array = on_array,
    .yajl_end_array = on_container_close,
};

/* yajl's sentence "parse error: REASON\n" becomes "REASON". */
static void take_yajl_error(struct parser *parser)
{
    unsigned char *found = yajl_get_error(parser->yajl, 0, NULL, 0);
    const char *text = found ? (const char *)found : "malformed JSON";
    const char *colon = strstr(text, "error: ");
    parser_fail(parser, colon ? colon + strlen("error: ") : text);
    parser->error->text[strcspn(parser->error->text, "\n")] = 0;
    if (found)
        yajl_free_error(parser->yajl, found);
}

struct json *json_parse(const char *text, size_t length, struct json_error *error)
{
    struct parser parser = { .text = (const unsigned char *)text, .line = 1, .error = error };

    *error = (struct json_error){ 0 };
    if (length > JSON_SIZE_MAX) {
        snprintf(error->text, sizeof(error->text), "longer than %d bytes", JSON_SIZE_MAX);
        return NULL;
    }
    parser.yajl = yajl_alloc(&callbacks, NULL, &parser);
    if (!parser.yajl) {
        snprintf(error->text, sizeof(error->text), "out of memory");
        return NULL;
    }
    yajl_status status = yajl_parse(parser.yajl, parser.text, length);
    parser_count_lines(&parser, yajl_get_bytes_consumed(parser.yajl));
    if (status == yajl_status_ok)
        status = yajl_complete_parse(parser.yajl);
    if (status != yajl_status_ok)
        take_yajl_error(&parser);
    else if (!parser.root)
        parser_fail(&parser, "the file is empty");
    yajl_free(parser.yajl);
    free(parser.key);
    if (parser.failed) {
        json_free(parser.root);
        return NULL;
    }
    return parser.root;
}

void json_free(struct json *root)
{
    /* Iterative: from the first leaf upwards, so that no depth of the text is a depth of calls. */
    struct json *node = root;
    while (node) {
        if (node->first) {
            struct json *child = node->first;
            node->first = NULL;
            node = child;
            continue;
        }
        struct json *after = node->next ? node->next : node->parent;
        free(node->key);
        free(node->text);
        free(node);
        node = after;
    }
}

bool json_uint(const struct json *node, uint64_t *value)
{
    if (node->type != JSON_NUMBER || node->text[0] < '0' || node->text[0] > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(node->text, &end, 10);
    if (errno || *end)
        return false;
    *value = number;
    return true;
}

const struct json *json_member(const struct json *object, const char *key)
{
    for (const struct json *node = object->first; node; node = node->next)
        if (node->key && !strcmp(node->key, key))
            return node;
    return NULL;
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "true or false", [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string", [JSON_ARRAY] = "a list",       [JSON_OBJECT] = "an object",
    };
    return names[type];
}

/* --- writing ------------------------------------------------------------------ */

struct json_writer {
    yajl_gen yajl;
    bool failed;
};

static void writer_note(struct json_writer *writer, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        writer->failed = true;
}

struct json_writer *json_writer_new(void)
{
    struct json_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return NULL;
    writer->yajl = yajl_gen_alloc(NULL);
    if (!writer->yajl) {
        free(writer);
        return NULL;
    }
    yajl_gen_config(writer->yajl, yajl_gen_beautify, 1);
    yajl_gen_config(writer->yajl, yajl_gen_indent_string, "  ");
    return writer;
}

void json_write_object_begin(struct json_writer *writer)
{
    writer_note(writer, yajl_gen_map_open(writer->yajl));
}

void json_write_object_end(struct json_writer *writer)
{
    writer_note(writer, yajl_gen_map_close(writer->yajl));
}

void json_write_array_begin(struct json_writer *writer)
{
    writer_note(writer, yajl_gen_array_open(writer->yajl));
}

void json_write_array_end(struct json_writer *writer)
{
    writer_note(writer, yajl_gen_array_close(writer->yajl));
}

void json_write_array_empty(struct json_writer *writer)
{
    /* Opened and closed, yajl puts an empty line in. What it writes as a number, it does not read.
     */
    writer_note(writer, yajl_gen_number(writer->yajl, "[]", 2));
}

/* Length in bytes of the UTF-8 character at @text (RFC 3629), 0 if it is none. */
static size_t utf8_length(const unsigned char *text)
{
    if (text[0] < 0x80)
        return 1;
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool surrogate = text[0] == 0xed && text[1] > 0x9f;
    bool too_large = text[0] == 0xf4 && text[1] > 0x8f;
    return overlong || surrogate || too_large ? 0 : length;
}

void json_write_string(struct json_writer *writer, const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";

    if (!text) {
        writer_note(writer, yajl_gen_null(writer->yajl));
        return;
    }
    /* At the worst each byte becomes the three of the replacement. */
    char *clean = malloc(strlen(text) * 3 + 1);
    if (!clean) {
        writer->failed = true;
        return;
    }
    size_t used = 0;
    while (*text) {
        size_t length = utf8_length((const unsigned char *)text);
        memcpy(clean + used, length ? text : replacement, length ? length : 3);
        used += length ? length : 3;
        text += length ? length : 1;
    }
    writer_note(writer, yajl_gen_string(writer->yajl, (const unsigned char *)clean, used));
    free(clean);
}

void json_write_key(struct json_writer *writer, const char *key)
{
    json_write_string(writer, key);
}

void json_write_uint(struct json_writer *writer, uint64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    writer_note(writer, yajl_gen_number(writer->yajl, text, (size_t)length));
}

void json_write_int(struct json_writer *writer, int64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%lld", (long long)value);
    writer_note(writer, yajl_gen_number(writer->yajl, text, (size_t)length));
}

void json_write_bool(struct json_writer *writer, bool value)
{
    writer_note(writer, yajl_gen_bool(writer->yajl, value));
}

static void write_scalar(struct json_writer *writer, const struct json *node)
{
    if (node->type == JSON_BOOL)
        json_write_bool(writer, node->boolean);
    else if (node->type == JSON_NUMBER)
        writer_note(writer, yajl_gen_number(writer->yajl, node->text, strlen(node->text)));
    else
        json_write_string(writer, node->type == JSON_STRING ? node->text : NULL);
}

void json_write_tree(struct json_writer *writer, const struct json *node)
{
    if (node->type != JSON_ARRAY && node->type != JSON_OBJECT) {
        write_scalar(writer, node);
        return;
    }
    /* Recursion is bounded by JSON_DEPTH_MAX. */
    bool object = node->type == JSON_OBJECT;
    writer_note(writer,
                object ? yajl_gen_map_open(writer->yajl) : yajl_gen_array_open(writer->yajl));
    for (const struct json *member = node->first; member; member = member->next) {
        if (object)
            json_write_key(writer, member->key);
        json_write_tree(writer, member);
    }
    writer_note(writer,
                object ? yajl_gen_map_close(writer->yajl) : yajl_gen_array_close(writer->yajl));
}

char *json_writer_finish(struct json_writer *writer)
{
    const unsigned char *text;
    size_t length;
    char *copy = NULL;

    if (!writer->failed && yajl_gen_get_buf(writer->yajl, &text, &length) == yajl_gen_status_ok)
        copy = strndup((const char *)text, length);
    yajl_gen_free(writer->yajl);
    free(writer);
    return copy;
}
