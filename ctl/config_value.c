/* SPDX-License-Identifier: MIT */
/* The kinds of values: each is read from JSON into a struct, written back, freed and described. */
#include "config_schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uuid/uuid.h>

enum { QUOTE = 80, EXPECTED = 400 };

struct value {
    struct config_reader *reader;
    const struct config_key *key;
    const char *name; /* the key with what it is in */
    const struct json *node;
    void *member; /* where the value belongs */
    void *base;   /* the struct that the member is in */
};

static void wrong(const struct value *value)
{
    char quote[QUOTE], expected[EXPECTED];
    config_problem(value->reader, value->node, value->name, "found %s, expected %s",
                   config_quote(value->node, quote, sizeof(quote)),
                   config_expected(value->key, expected, sizeof(expected)));
}

/* --- strings --------------------------------------------------------------------- */

static void set_string(const struct value *value, char *text)
{
    char **member = value->member;
    if (!text)
        value->reader->no_memory = true;
    free(*member);
    *member = text;
}

static void read_string_if(const struct value *value, bool right)
{
    if (right)
        set_string(value, strdup(value->node->text));
    else
        wrong(value);
}

static bool text_valid(const struct value *value)
{
    const char *text = value->node->text;
    size_t length = strlen(text);
    for (const char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c))
            return false;
    return length >= value->key->min && length <= value->key->max;
}

/* What the kernel takes as the name of an interface: dev_valid_name() of Linux. */
static bool ifname_valid(const char *name)
{
    size_t length = strlen(name);
    for (const char *c = name; *c; c++)
        if (!isgraph((unsigned char)*c) || *c == '/' || *c == ':')
            return false;
    return length > 0 && length < 16 && strcmp(name, ".") && strcmp(name, "..");
}

static void read_name(const struct value *value)
{
    read_string_if(value, pando_name_valid(value->node->text));
}

static void read_text(const struct value *value)
{
    read_string_if(value, text_valid(value));
}

static void read_ifname(const struct value *value)
{
    read_string_if(value, ifname_valid(value->node->text));
}

static void read_vdev(const struct value *value)
{
    uint32_t number;
    read_string_if(value, pando_vdev_number(value->node->text, &number));
}

static void read_path(const struct value *value, bool device_allowed)
{
    const char *text = value->node->text;
    struct stat status;
    char *path = NULL;

    if (!*text || !text_valid(value)) {
        wrong(value);
        return;
    }
    if (*text == '/')
        path = strdup(text);
    else if (asprintf(&path, "%s/%s", value->reader->source->folder, text) < 0)
        path = NULL;
    set_string(value, path);
    if (!path || value->reader->flags & PANDO_CONFIG_NO_FILES)
        return;
    if (stat(path, &status) || access(path, R_OK))
        config_problem(value->reader, value->node, value->name,
                       "\"%s\" cannot be read: %m; expected the path of %s in dom0", path,
                       device_allowed ? "an image file" : "a file");
    else if (!S_ISREG(status.st_mode) && !(device_allowed && S_ISBLK(status.st_mode)))
        config_problem(value->reader, value->node, value->name,
                       "\"%s\" is %s, expected the path of %s", path,
                       S_ISDIR(status.st_mode) ? "a folder" : "a special file",
                       device_allowed ? "an image file or a block device" : "a file");
}

static void read_file(const struct value *value)
{
    read_path(value, false);
}

static void read_image(const struct value *value)
{
    read_path(value, true);
}

static void read_uuid(const struct value *value)
{
    uuid_t uuid;
    if (uuid_parse(value->node->text, uuid) || uuid_is_null(uuid))
        wrong(value);
    else
        uuid_unparse_lower(uuid, value->member);
}

static void read_mac(const struct value *value)
{
    const char *text = value->node->text;
    char *mac = value->member;
    bool right = strlen(text) == 17;

    for (size_t i = 0; right && i < 17; i++)
        right = i % 3 == 2 ? text[i] == ':' : isxdigit((unsigned char)text[i]) != 0;
    /* The lowest bit of the first byte marks a multicast address (IEEE 802). */
    if (!right || strchr("13579bBdDfF", text[1]) || !strcmp(text, "00:00:00:00:00:00")) {
        wrong(value);
        return;
    }
    for (size_t i = 0; i < 18; i++)
        mac[i] = (char)tolower((unsigned char)text[i]);
}

static void read_cpus(const struct value *value)
{
    if (!pando_cpus_parse(value->node->text, value->member))
        wrong(value);
    else
        *(bool *)((char *)value->base + value->key->offset2) = !strcmp(value->node->text, "all");
}

static void read_choice(const struct value *value)
{
    for (const struct config_choice *choice = value->key->choices; choice->word; choice++) {
        if (!strcmp(choice->word, value->node->text)) {
            memcpy(value->member, &choice->value, sizeof(choice->value));
            return;
        }
    }
    wrong(value);
}

static void write_string(struct json_writer *writer, const struct config_key *key,
                         const void *member, const void *base)
{
    json_write_string(writer, *(char *const *)member);
}

static void write_buffer(struct json_writer *writer, const struct config_key *key,
                         const void *member, const void *base)
{
    json_write_string(writer, member);
}

static void write_cpus(struct json_writer *writer, const struct config_key *key, const void *member,
                       const void *base)
{
    bool all = *(const bool *)((const char *)base + key->offset2);
    char *text = all ? NULL : pando_cpus_print(member);
    json_write_string(writer, text ? text : "all");
    free(text);
}

static const char *choice_word(const struct config_key *key, int value)
{
    const struct config_choice *choice = key->choices;
    while (choice->word && choice->value != value)
        choice++;
    return choice->word;
}

static void write_choice(struct json_writer *writer, const struct config_key *key,
                         const void *member, const void *base)
{
    json_write_string(writer, choice_word(key, *(const int *)member));
}

/* Of a string, or of numbers. */
static void free_string(const struct config_key *key, void *base)
{
    free(*(char **)((char *)base + key->offset));
}

/* --- numbers --------------------------------------------------------------------- */

static void set_number(const struct config_key *key, void *member, uint64_t number)
{
    if (key->size == sizeof(uint64_t))
        *(uint64_t *)member = number;
    else
        *(uint32_t *)member = (uint32_t)number;
}

static void read_uint(const struct value *value)
{
    uint64_t number;
    if (json_uint(value->node, &number) && number >= value->key->min && number <= value->key->max)
        set_number(value->key, value->member, number);
    else
        wrong(value);
}

static void read_memory(const struct value *value)
{
    uint64_t kib;
    if (value->node->type == JSON_NUMBER)
        read_uint(value);
    else if (pando_memory_parse(value->node->text, &kib) && kib % 1024 == 0 &&
             kib / 1024 >= value->key->min && kib / 1024 <= value->key->max)
        set_number(value->key, value->member, kib / 1024);
    else
        wrong(value);
}

static uint64_t get_number(const struct config_key *key, const void *member)
{
    bool wide = key->size == sizeof(uint64_t);
    return wide ? *(const uint64_t *)member : *(const uint32_t *)member;
}

static void write_uint(struct json_writer *writer, const struct config_key *key, const void *member,
                       const void *base)
{
    json_write_uint(writer, get_number(key, member));
}

static void read_uints(const struct value *value)
{
    uint32_t *numbers = NULL;
    size_t count = 0;

    for (const struct json *node = value->node->first; node; node = node->next)
        count++;
    if (count)
        numbers = calloc(count, sizeof(*numbers));
    if (count && !numbers) {
        value->reader->no_memory = true;
        return;
    }
    size_t used = 0;
    for (const struct json *node = value->node->first; node; node = node->next) {
        uint64_t number;
        if (node->type != JSON_NUMBER || !json_uint(node, &number) || number < value->key->min ||
            number > value->key->max) {
            char quote[QUOTE], expected[EXPECTED];
            config_problem(value->reader, node, value->name, "found %s in it, expected %s",
                           config_quote(node, quote, sizeof(quote)),
                           config_expected(value->key, expected, sizeof(expected)));
            free(numbers);
            return;
        }
        numbers[used++] = (uint32_t)number;
    }
    *(uint32_t **)value->member = numbers;
    *(size_t *)((char *)value->base + value->key->offset2) = count;
}

static void write_uints(struct json_writer *writer, const struct config_key *key,
                        const void *member, const void *base)
{
    const uint32_t *numbers = *(uint32_t *const *)member;
    size_t count = *(const size_t *)((const char *)base + key->offset2);

    json_write_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_write_uint(writer, numbers[i]);
    json_write_array_end(writer);
}

/* --- lists of objects ------------------------------------------------------------- */

static void read_element(const struct value *value, const struct json *node, size_t index)
{
    const struct config_key *key = value->key;
    void *element = *(char **)value->member + index * key->element_size;
    size_t *used = (size_t *)((char *)value->base + key->offset2);
    char name[80];

    snprintf(name, sizeof(name), "%s[%zu]", value->name, index);
    *used = index + 1;
    if (!config_set_defaults(key->element, element)) {
        value->reader->no_memory = true;
        return;
    }
    if (node->type != JSON_OBJECT) {
        char quote[QUOTE];
        config_problem(value->reader, node, name, "found %s, expected an object {...}",
                       config_quote(node, quote, sizeof(quote)));
        return;
    }
    config_read_object(value->reader, key->element, name, &value->reader->source, &node, 1,
                       element);
}

static void read_list(const struct value *value)
{
    const struct config_key *key = value->key;
    size_t count = 0;

    for (const struct json *node = value->node->first; node; node = node->next)
        count++;
    if (count > key->max) {
        config_problem(value->reader, value->node, value->name,
                       "found a list of %zu, expected at most %llu", count,
                       (unsigned long long)key->max);
        return;
    }
    if (!count)
        return;
    void *elements = calloc(count, key->element_size);
    if (!elements) {
        value->reader->no_memory = true;
        return;
    }
    *(void **)value->member = elements;
    size_t index = 0;
    for (const struct json *node = value->node->first; node; node = node->next)
        read_element(value, node, index++);
}

static void write_list(struct json_writer *writer, const struct config_key *key, const void *member,
                       const void *base)
{
    const char *elements = *(char *const *)member;
    size_t count = *(const size_t *)((const char *)base + key->offset2);

    if (!count) {
        json_write_array_empty(writer);
        return;
    }
    json_write_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        config_write_object(writer, key->element, elements + i * key->element_size);
    json_write_array_end(writer);
}

static void free_list(const struct config_key *key, void *base)
{
    char *elements = *(char **)((char *)base + key->offset);
    size_t count = *(size_t *)((char *)base + key->offset2);

    for (size_t i = 0; i < count; i++)
        config_free_object(key->element, elements + i * key->element_size);
    free(elements);
}

/* --- what is not looked into ---------------------------------------------------------- */

static void read_json(const struct value *value)
{
    struct json_writer *writer = json_writer_new();
    if (writer)
        json_write_tree(writer, value->node);
    set_string(value, writer ? json_writer_finish(writer) : NULL);
}

static void write_json(struct json_writer *writer, const struct config_key *key, const void *member,
                       const void *base)
{
    const char *text = *(char *const *)member;
    struct json_error error;
    struct json *tree = json_parse(text, strlen(text), &error);
    if (tree)
        json_write_tree(writer, tree);
    else
        json_write_string(writer, NULL);
    json_free(tree);
}

/* --- the kinds --------------------------------------------------------------------- */

static const struct kind {
    enum json_type type;
    const char *expected; /* NULL: made from the key */
    void (*read)(const struct value *value);
    void (*write)(struct json_writer *writer, const struct config_key *key, const void *member,
                  const void *base);
    void (*release)(const struct config_key *key, void *base);
} kinds[CONFIG_KINDS] = {
    [CONFIG_NAME] = { JSON_STRING,
                      "a name: 1 to 63 of A-Z a-z 0-9 . _ + - that starts with none of . - and is "
                      "not just digits",
                      read_name, write_string, free_string },
    [CONFIG_TEXT] = { JSON_STRING, NULL, read_text, write_string, free_string },
    [CONFIG_IFNAME] = { JSON_STRING, "the name of a network interface, at most 15 characters",
                        read_ifname, write_string, free_string },
    [CONFIG_FILE] = { JSON_STRING, "the path of a file", read_file, write_string, free_string },
    [CONFIG_IMAGE] = { JSON_STRING, "the path of an image file or a block device", read_image,
                       write_string, free_string },
    [CONFIG_VDEV] = { JSON_STRING, "a virtual disk such as \"xvda\"", read_vdev, write_string,
                      free_string },
    [CONFIG_UUID] = { JSON_STRING, "a UUID such as \"2f6ac97d-0d5c-4b1c-9a47-3f0e6f0f8d51\"",
                      read_uuid, write_buffer, NULL },
    [CONFIG_MAC] = { JSON_STRING, "a hardware address such as \"00:16:3e:12:34:56\", not multicast",
                     read_mac, write_buffer, NULL },
    [CONFIG_UINT] = { JSON_NUMBER, NULL, read_uint, write_uint, NULL },
    [CONFIG_MEMORY] = { JSON_NUMBER, NULL, read_memory, write_uint, NULL },
    [CONFIG_UINTS] = { JSON_ARRAY, NULL, read_uints, write_uints, free_string },
    [CONFIG_CHOICE] = { JSON_STRING, NULL, read_choice, write_choice, NULL },
    [CONFIG_CPUS] = { JSON_STRING, "a set of CPUs such as \"0-3,8\" or \"all,^0\"", read_cpus,
                      write_cpus, NULL },
    [CONFIG_JSON] = { JSON_OBJECT, "an object {...}", read_json, write_json, free_string },
    [CONFIG_LIST] = { JSON_ARRAY, "a list of objects [{...}, ...]", read_list, write_list,
                      free_list },
};

const char *config_expected(const struct config_key *key, char *buffer, size_t size)
{
    if (kinds[key->kind].expected)
        return kinds[key->kind].expected;
    if (key->kind == CONFIG_TEXT) {
        snprintf(buffer, size, "a text of at most %llu bytes without control characters",
                 (unsigned long long)key->max);
    } else if (key->kind == CONFIG_MEMORY) {
        snprintf(
            buffer, size,
            "a number of MiB from %llu to %llu, or a text with K, M, G or T behind the number, "
            "such as \"1G\"; in all, whole MiB",
            (unsigned long long)key->min, (unsigned long long)key->max);
    } else if (key->kind == CONFIG_UINTS) {
        snprintf(buffer, size, "a list [...] of numbers from %llu to %llu",
                 (unsigned long long)key->min, (unsigned long long)key->max);
    } else if (key->kind == CONFIG_UINT) {
        snprintf(buffer, size, "a number from %llu to %llu%s%s%s", (unsigned long long)key->min,
                 (unsigned long long)key->max, key->unit ? " (" : "", key->unit ? key->unit : "",
                 key->unit ? ")" : "");
    } else {
        size_t used = 0;
        for (const struct config_choice *choice = key->choices; choice->word; choice++)
            if (choice->help && used < size)
                used += (size_t)snprintf(buffer + used, size - used, "%s\"%s\"",
                                         choice == key->choices ? "" : " or ", choice->word);
    }
    return buffer;
}

void config_read_value(struct config_reader *reader, const struct config_key *key, const char *name,
                       const struct json *node, void *base)
{
    struct value value = { reader, key, name, node, (char *)base + key->offset, base };
    bool size = key->kind == CONFIG_MEMORY && node->type == JSON_STRING;
    if (node->type == kinds[key->kind].type || size)
        kinds[key->kind].read(&value);
    else
        wrong(&value);
}

bool config_set_defaults(const struct config_key *table, void *base)
{
    bool done = true;
    for (const struct config_key *key = table; key->key; key++) {
        void *member = (char *)base + key->offset;
        if (key->kind == CONFIG_UINT || key->kind == CONFIG_MEMORY) {
            set_number(key, member, key->default_number);
        } else if (key->kind == CONFIG_CHOICE) {
            int number = (int)key->default_number;
            memcpy(member, &number, sizeof(number));
        } else if (key->kind == CONFIG_CPUS) {
            memset(member, 0xff, key->size);
            *(bool *)((char *)base + key->offset2) = true;
        } else if (key->default_text) {
            done = (*(char **)member = strdup(key->default_text)) && done;
        }
    }
    return done;
}

/* Whether there is nothing to print: a NULL string or list, an empty buffer, no number. */
static bool member_absent(const struct config_key *key, const void *member)
{
    if (key->kind == CONFIG_UINT)
        return key->default_number > key->max && get_number(key, member) == key->default_number;
    if (kinds[key->kind].write == write_string || kinds[key->kind].write == write_json ||
        key->kind == CONFIG_UINTS)
        return !*(char *const *)member;
    return kinds[key->kind].write == write_buffer && !*(const char *)member;
}

void config_write_object(struct json_writer *writer, const struct config_key *table,
                         const void *base)
{
    json_write_object_begin(writer);
    for (const struct config_key *key = table; key->key; key++) {
        const void *member = (const char *)base + key->offset;
        if (member_absent(key, member))
            continue;
        json_write_key(writer, key->key);
        kinds[key->kind].write(writer, key, member, base);
    }
    json_write_object_end(writer);
}

void config_free_object(const struct config_key *table, void *base)
{
    for (const struct config_key *key = table; key->key; key++)
        if (kinds[key->kind].release)
            kinds[key->kind].release(key, base);
}
