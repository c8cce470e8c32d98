/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "config_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char command_line[] = "command line";

/* --- tables of keys ---------------------------------------------------------------- */

static const struct config_key *find_key(const struct config_key *table, const char *name)
{
    for (; table->key; table++)
        if (!strcmp(table->key, name))
            return table;
    return NULL;
}

static void whole_key(char *buffer, size_t size, const char *prefix, const char *key)
{
    snprintf(buffer, size, "%s%s%.64s", prefix, *prefix ? "." : "", key);
}

static void unknown_key(struct config_reader *reader, const struct config_key *table,
                        const char *name, const struct json *node)
{
    const char *nearest = pando_nearest_word(node->key, &table->key, sizeof(*table));
    if (nearest)
        config_problem(reader, node, name, "no such key; did you mean %s?", nearest);
    else
        config_problem(reader, node, name,
                       "no such key; `pando config help` names those that there are");
}

/* Unknown and repeated keys of one object. */
static void check_keys(struct config_reader *reader, const struct config_key *table,
                       const char *prefix, const struct json *object)
{
    for (const struct json *node = object->first; node; node = node->next) {
        char name[160];
        whole_key(name, sizeof(name), prefix, node->key);
        for (char *c = name; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = '?';
        if (!find_key(table, node->key)) {
            unknown_key(reader, table, name, node);
            continue;
        }
        const struct json *first = json_member(object, node->key);
        if (first != node && reader->source->lines)
            config_problem(reader, node, name, "given twice, first in line %u; remove one",
                           first->line);
        else if (first != node)
            config_problem(reader, node, name, "given twice; remove one");
    }
}

void config_read_object(struct config_reader *reader, const struct config_key *table,
                        const char *prefix, const struct config_source *const *sources,
                        const struct json *const *objects, size_t count, void *base)
{
    for (size_t i = 0; i < count; i++) {
        reader->source = sources[i];
        check_keys(reader, table, prefix, objects[i]);
    }
    for (const struct config_key *key = table; key->key; key++) {
        const struct json *node = NULL;
        char name[160];
        whole_key(name, sizeof(name), prefix, key->key);
        for (size_t i = 0; i < count && !node; i++) {
            reader->source = sources[i];
            node = json_member(objects[i], key->key);
        }
        if (node) {
            config_read_value(reader, key, name, node, base);
        } else if (key->required) {
            char expected[400];
            config_problem(reader, objects[count - 1], name, "missing, expected %s",
                           config_expected(key, expected, sizeof(expected)));
        }
    }
}

/* --- what keys must satisfy together -------------------------------------------------- */

struct check {
    struct config_reader *reader;
    const struct config_source *const *sources;
    size_t count;
    struct pando_config *config;
};

/* Where a problem of the key is to be reported: the node, and its source in the reader. */
static const struct json *locate(const struct check *check, const char *key)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct json *node = json_member(check->sources[i]->root, key);
        check->reader->source = check->sources[i];
        if (node)
            return node;
    }
    return NULL;
}

static const struct json *locate_element(const struct check *check, const char *key, size_t index)
{
    const struct json *list = locate(check, key);
    const struct json *node = list ? list->first : NULL;
    while (node && index--)
        node = node->next;
    return node;
}

/* The value of @least may not be above that of @most, which is the same by default. */
static uint64_t check_order(const struct check *check, const char *least, uint64_t least_value,
                            const char *most, uint64_t most_value)
{
    const struct json *node = locate(check, most);
    if (!node)
        return least_value;
    if (least_value > most_value && !config_has_problem(check->reader->problems, least) &&
        !config_has_problem(check->reader->problems, most))
        config_problem(check->reader, node, most, "found %llu, expected at least the %llu of %s",
                       (unsigned long long)most_value, (unsigned long long)least_value, least);
    return most_value;
}

static void check_disks(const struct check *check)
{
    const struct pando_config *config = check->config;
    for (size_t i = 0; i < config->disk_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const char *a = config->disks[i].vdev, *b = config->disks[j].vdev;
            uint32_t a_number, b_number;
            char key[40];
            if (!a || !b || !pando_vdev_number(a, &a_number) || !pando_vdev_number(b, &b_number) ||
                a_number != b_number)
                continue;
            snprintf(key, sizeof(key), "disk[%zu].vdev", i);
            config_problem(check->reader, locate_element(check, "disk", i), key,
                           "found \"%s\", which disk[%zu] is already; give it another name", a, j);
            break;
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a && b && *a && !strcmp(a, b);
}

static void check_vifs(const struct check *check)
{
    const struct pando_config *config = check->config;
    for (size_t i = 0; i < config->vif_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct pando_vif_config *a = &config->vifs[i], *b = &config->vifs[j];
            char key[40];
            if (same_text(a->mac, b->mac)) {
                snprintf(key, sizeof(key), "vif[%zu].mac", i);
                config_problem(check->reader, locate_element(check, "vif", i), key,
                               "found \"%s\", which vif[%zu] has already; give it another", a->mac,
                               j);
            }
            if (same_text(a->vifname, b->vifname)) {
                snprintf(key, sizeof(key), "vif[%zu].vifname", i);
                config_problem(check->reader, locate_element(check, "vif", i), key,
                               "found \"%s\", which vif[%zu] has already; give it another",
                               a->vifname, j);
            }
        }
    }
}

static void check_all(const struct check *check)
{
    struct pando_config *config = check->config;

    config->maxmem_mib =
        check_order(check, "memory", config->memory_mib, "maxmem", config->maxmem_mib);
    config->maxvcpus =
        (uint32_t)check_order(check, "vcpus", config->vcpus, "maxvcpus", config->maxvcpus);
    check_disks(check);
    check_vifs(check);
    const struct config_vnuma vnuma = { check->reader, locate(check, "vnuma"), config };
    config_check_vnuma(&vnuma);
}

/* --- overrides ------------------------------------------------------------------------ */

/* Adds one "key=value" to the object that the writer is in. Scalars need no quotes. */
static void override_add(struct config_reader *reader, struct json_writer *writer, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        config_problem(reader, NULL, "", "found \"%s\", expected KEY=VALUE", text);
        return;
    }
    char *name = strndup(text, (size_t)(equals - text));
    if (!name) {
        reader->no_memory = true;
        return;
    }
    const char *value = equals + 1;
    const struct config_key *key = find_key(config_keys, name);
    struct json_error error;
    struct json *tree = NULL;
    bool as_json =
        key && (key->kind == CONFIG_LIST || key->kind == CONFIG_UINT || key->kind == CONFIG_MEMORY);
    if (as_json)
        tree = json_parse(value, strlen(value), &error);
    if (as_json && !tree && key->kind == CONFIG_LIST) {
        config_problem(reader, NULL, name, "malformed: %s; expected JSON: [{...}, ...]",
                       error.text);
    } else {
        json_write_key(writer, name);
        if (tree)
            json_write_tree(writer, tree);
        else
            json_write_string(writer, value);
    }
    json_free(tree);
    free(name);
}

/* One object of all overrides; NULL when out of memory. */
static struct json *overrides_parse(struct config_reader *reader, const char *const *overrides,
                                    size_t count)
{
    struct json_error error;
    struct json *root = NULL;
    struct json_writer *writer = json_writer_new();

    if (!writer)
        return NULL;
    json_write_object_begin(writer);
    for (size_t i = 0; i < count; i++)
        override_add(reader, writer, overrides[i]);
    json_write_object_end(writer);
    char *text = json_writer_finish(writer);
    if (text)
        root = json_parse(text, strlen(text), &error);
    if (text && !root)
        config_problem(reader, NULL, "", "%s", error.text);
    free(text);
    return root;
}

/* --- reading ---------------------------------------------------------------------------- */

static enum pando_code outcome(struct pando_config *config, const struct config_reader *reader)
{
    if (reader->no_memory || reader->problems->count) {
        pando_config_free(config);
        return reader->no_memory ? PANDO_E_SYSTEM : PANDO_E_INVALID;
    }
    return PANDO_OK;
}

/* Reads the sources, the first of which wins, into the initialised configuration. */
static void read_sources(struct config_reader *reader, const struct config_source *first,
                         const struct config_source *second, struct pando_config *config)
{
    const struct config_source *const sources[] = { first, second };
    const struct json *const objects[] = { first->root, second->root };
    struct check check = { reader, sources, 2, config };

    config_read_object(reader, config_keys, "", sources, objects, 2, config);
    if (!reader->no_memory)
        check_all(&check);
    config_sort_problems(reader->problems, command_line);
}

static enum pando_code parse_in(struct pando_config *config, const char *json, size_t length,
                                const char *where, const char *folder, const char *const *overrides,
                                size_t override_count, unsigned int flags,
                                struct pando_problems *problems)
{
    char *cwd = getcwd(NULL, 0);
    struct config_source file = { .where = where, .folder = folder ? folder : cwd, .lines = true };
    struct config_source words = { .where = command_line, .folder = cwd };
    struct config_reader reader = { .source = &file, .flags = flags, .problems = problems };
    struct json_error error;

    pando_config_init(config);
    if (!cwd)
        return PANDO_E_SYSTEM;
    file.root = json_parse(json, length, &error);
    if (!file.root || file.root->type != JSON_OBJECT) {
        struct json at = { .line = file.root ? file.root->line : error.line };
        if (file.root)
            config_problem(&reader, &at, "", "found %s, expected an object { \"key\": value, ... }",
                           json_type_name(file.root->type));
        else
            config_problem(&reader, &at, "", "not valid JSON: %s", error.text);
    } else {
        reader.source = &words;
        words.root = overrides_parse(&reader, overrides, override_count);
        if (words.root)
            read_sources(&reader, &words, &file, config);
        else if (!problems->count)
            reader.no_memory = true;
    }
    json_free(file.root);
    json_free(words.root);
    free(cwd);
    return outcome(config, &reader);
}

enum pando_code pando_config_parse(struct pando_config *config, const char *json, size_t length,
                                   const char *where, const char *const *overrides,
                                   size_t override_count, unsigned int flags,
                                   struct pando_problems *problems)
{
    return parse_in(config, json, length, where, NULL, overrides, override_count, flags, problems);
}

/* Reads a file that is no larger than a configuration may be. NULL with errno on failure. */
static char *slurp(const char *path, size_t *length)
{
    struct stat status;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return NULL;
    *length = 0;
    if (fstat(fd, &status))
        goto fail;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        goto fail;
    }
    text = malloc(JSON_SIZE_MAX + 2);
    if (!text)
        goto fail;
    while (*length < JSON_SIZE_MAX + 1) {
        ssize_t got = read(fd, text + *length, JSON_SIZE_MAX + 1 - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            goto fail;
        if (got == 0)
            break;
        *length += (size_t)got;
    }
    close(fd);
    return text;
fail:
    free(text);
    close(fd);
    return NULL;
}

/* The absolute folder of a file, to be freed. */
static char *folder_of(const char *path)
{
    char *real = realpath(path, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    if (slash)
        slash[slash == real] = 0;
    return real;
}

enum pando_code pando_config_load(struct pando_config *config, const char *path,
                                  const char *const *overrides, size_t override_count,
                                  unsigned int flags, struct pando_problems *problems)
{
    const struct config_source source = { .where = path };
    struct config_reader reader = { .source = &source, .problems = problems };
    size_t length = 0;

    pando_config_init(config);
    char *text = slurp(path, &length);
    char *folder = text ? folder_of(path) : NULL;
    if (!folder) {
        config_problem(&reader, NULL, "", "cannot be read: %m");
        free(text);
        return PANDO_E_FILE;
    }
    enum pando_code code =
        parse_in(config, text, length, path, folder, overrides, override_count, flags, problems);
    free(folder);
    free(text);
    return code;
}

/* The value that a key names, or the one around it that there is. */
static const struct json *find_value(const struct json *root, const char *key)
{
    const struct json *found = NULL;
    while (*key) {
        char name[64];
        size_t length = strcspn(key, ".[");
        snprintf(name, sizeof(name), "%.*s", (int)length, key);
        const struct json *node = json_member(found ? found : root, name);
        if (!node)
            break;
        found = node;
        key += length;
        if (*key == '[') {
            char *end;
            unsigned long index = strtoul(key + 1, &end, 10);
            for (node = found->first; node && index; index--)
                node = node->next;
            if (!node)
                break;
            found = node;
            key = end + (*end == ']');
        }
        key += *key == '.';
    }
    return found;
}

unsigned pando_config_line(const char *path, const char *key)
{
    struct json_error error;
    size_t length;
    char *text = slurp(path, &length);
    struct json *root = text ? json_parse(text, length, &error) : NULL;
    const struct json *node = root ? find_value(root, key) : NULL;
    unsigned line = node ? node->line : 0;

    json_free(root);
    free(text);
    return line;
}

/* --- the struct ------------------------------------------------------------------------- */

void pando_config_init(struct pando_config *config)
{
    *config = (struct pando_config){ 0 };
    /* No key of the outer table has a string for a default, so that this cannot fail. */
    config_set_defaults(config_keys, config);
}

void pando_config_free(struct pando_config *config)
{
    config_free_object(config_keys, config);
    pando_config_init(config);
}

char *pando_config_print(const struct pando_config *config)
{
    struct json_writer *writer = json_writer_new();
    if (!writer)
        return NULL;
    config_write_object(writer, config_keys, config);
    return json_writer_finish(writer);
}

enum pando_code pando_config_copy(struct pando_config *copy, const struct pando_config *config)
{
    struct pando_problems problems = { 0 };
    char *text = pando_config_print(config);

    pando_config_init(copy);
    if (!text)
        return PANDO_E_SYSTEM;
    enum pando_code code = pando_config_parse(copy, text, strlen(text), "copy", NULL, 0,
                                              PANDO_CONFIG_NO_FILES, &problems);
    pando_problems_free(&problems);
    free(text);
    return code == PANDO_OK ? PANDO_OK : PANDO_E_SYSTEM;
}

const char *pando_action_name(enum pando_action action)
{
    const struct config_choice *choice = find_key(config_keys, "on_crash")->choices;
    while (choice->word && choice->value != (int)action)
        choice++;
    return choice->word ? choice->word : "unknown";
}

const char *pando_config_key(size_t n)
{
    for (const struct config_key *key = config_keys; key->key; key++)
        if (n-- == 0)
            return key->key;
    return NULL;
}

const char *pando_config_element_key(const char *list, size_t n)
{
    for (const struct config_key *key = config_keys; key->key; key++)
        if (key->element && !strcmp(key->key, list))
            for (const struct config_key *part = key->element; part->key; part++)
                if (n-- == 0)
                    return part->key;
    return NULL;
}
