/* SPDX-License-Identifier: MIT */
#include "store_conn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A string with its NUL, as the wire wants nearly everywhere. */
static struct iovec iov_str(const char *s)
{
    return (struct iovec){ .iov_base = (void *)(uintptr_t)s, .iov_len = strlen(s) + 1 };
}

static int request_path(struct store *store, enum xsd_sockmsg_type type, uint32_t tx,
                        const char *path, char **reply, size_t *length)
{
    struct iovec part = iov_str(path);

    return store_request(store, type, tx, &part, 1, reply, length);
}

int store_read(struct store *store, uint32_t tx, const char *path, char **value, size_t *length)
{
    return request_path(store, XS_READ, tx, path, value, length);
}

int store_read_buf(struct store *store, uint32_t tx, const char *path, char *buf, size_t size)
{
    char *value;
    size_t length;
    int err = store_read(store, tx, path, &value, &length);

    if (err) {
        return err;
    }
    if (length >= size) {
        err = -ENOSPC;
    } else {
        memcpy(buf, value, length + 1);
    }
    free(value);
    return err;
}

int store_read_u64(struct store *store, uint32_t tx, const char *path, uint64_t *value)
{
    char buf[24], *end;
    unsigned long long number;
    int err = store_read_buf(store, tx, path, buf, sizeof(buf));

    if (err) {
        return err == -ENOSPC ? -EINVAL : err;
    }
    if (buf[0] < '0' || buf[0] > '9') {
        return -EINVAL;
    }
    errno = 0;
    number = strtoull(buf, &end, 10);
    if (errno || *end) {
        return -EINVAL;
    }
    *value = number;
    return 0;
}

int store_write(struct store *store, uint32_t tx, const char *path, const void *value,
                size_t length)
{
    struct iovec parts[2] = { iov_str(path) };

    parts[1].iov_base = (void *)(uintptr_t)value;
    parts[1].iov_len = length;
    return store_request(store, XS_WRITE, tx, parts, 2, NULL, NULL);
}

int store_write_str(struct store *store, uint32_t tx, const char *path, const char *value)
{
    return store_write(store, tx, path, value, strlen(value));
}

int store_write_fmt(struct store *store, uint32_t tx, const char *path, const char *format, ...)
{
    char buf[XENSTORE_PAYLOAD_MAX];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(buf, sizeof(buf), format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(buf)) {
        return -E2BIG;
    }
    return store_write(store, tx, path, buf, (size_t)n);
}

int store_mkdir(struct store *store, uint32_t tx, const char *path)
{
    return request_path(store, XS_MKDIR, tx, path, NULL, NULL);
}

int store_rm(struct store *store, uint32_t tx, const char *path)
{
    return request_path(store, XS_RM, tx, path, NULL, NULL);
}

/* Makes an array of the strings in @list ("a\0b\0") in one allocation. */
static int split_names(const char *list, size_t length, char ***names, size_t *count)
{
    size_t n = 0;
    char **array, *copy;

    for (size_t i = 0; i < length; i++) {
        n += list[i] == '\0';
    }
    array = malloc((n + 1) * sizeof(*array) + length + 1);
    if (!array) {
        return -ENOMEM;
    }
    copy = (char *)(array + n + 1);
    memcpy(copy, list, length);
    copy[length] = '\0';
    for (size_t i = 0; i < n; i++) {
        array[i] = copy;
        copy += strlen(copy) + 1;
    }
    array[n] = NULL;
    *names = array;
    *count = n;
    return 0;
}

/* Whether the list so far ends with the empty name that DIRECTORY_PART ends it with. */
static bool list_is_complete(const char *list, size_t length)
{
    return length && list[length - 1] == '\0' && (length == 1 || list[length - 2] == '\0');
}

/* Appends a part's names to the list. */
static int list_append(char **list, size_t *length, const char *names, size_t size)
{
    char *bigger = realloc(*list, *length + size + 1);

    if (!bigger) {
        return -ENOMEM;
    }
    memcpy(bigger + *length, names, size);
    *list = bigger;
    *length += size;
    return 0;
}

/* Reads a directory too long for one message, in parts that all have the same generation. */
static int directory_parts(struct store *store, uint32_t tx, const char *path, char **list,
                           size_t *length)
{
    char *whole = NULL, *part, generation[24] = "";
    size_t have = 0, size, head;
    int err;

    do {
        char offset[24];
        struct iovec parts[2];

        snprintf(offset, sizeof(offset), "%zu", have);
        parts[0] = iov_str(path);
        parts[1] = iov_str(offset);
        err = store_request(store, XS_DIRECTORY_PART, tx, parts, 2, &part, &size);
        if (err) {
            break;
        }
        head = strlen(part) + 1;
        if (head >= size || head > sizeof(generation)) {
            err = -EPROTO;
        } else if (have && strcmp(generation, part)) {
            have = 0; /* it has changed meanwhile: from the start */
        } else {
            memcpy(generation, part, head);
            err = list_append(&whole, &have, part + head, size - head);
        }
        free(part);
    } while (!err && !list_is_complete(whole, have));
    if (err) {
        free(whole);
        return err;
    }
    *list = whole;
    *length = have - 1;
    return 0;
}

int store_directory(struct store *store, uint32_t tx, const char *path, char ***names,
                    size_t *count)
{
    char *list;
    size_t length;
    int err = request_path(store, XS_DIRECTORY, tx, path, &list, &length);

    if (err == -E2BIG) {
        err = directory_parts(store, tx, path, &list, &length);
    }
    if (err) {
        return err;
    }
    err = split_names(list, length, names, count);
    free(list);
    return err;
}

int store_set_perms(struct store *store, uint32_t tx, const char *path,
                    const struct store_perm *perms, size_t count)
{
    char buf[512];
    size_t length = 0;
    struct iovec parts[2] = { iov_str(path) };

    for (size_t i = 0; i < count; i++) {
        int n = snprintf(buf + length, sizeof(buf) - length, "%c%" PRIu32, perms[i].access,
                         perms[i].domid);

        if (n < 0 || (size_t)n >= sizeof(buf) - length) {
            return -E2BIG;
        }
        length += (size_t)n + 1;
    }
    parts[1].iov_base = buf;
    parts[1].iov_len = length;
    return store_request(store, XS_SET_PERMS, tx, parts, 2, NULL, NULL);
}

int store_get_perms(struct store *store, uint32_t tx, const char *path, struct store_perm **perms,
                    size_t *count)
{
    char *list, **texts = NULL;
    size_t length, n = 0;
    struct store_perm *array;
    int err = request_path(store, XS_GET_PERMS, tx, path, &list, &length);

    if (err) {
        return err;
    }
    err = split_names(list, length, &texts, &n);
    free(list);
    if (err) {
        return err;
    }
    array = calloc(n + 1, sizeof(*array));
    if (!array) {
        free(texts);
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        char end;

        if (sscanf(texts[i], "%c%" SCNu32 "%c", &array[i].access, &array[i].domid, &end) != 2) {
            free(array);
            free(texts);
            return -EPROTO;
        }
    }
    free(texts);
    *perms = array;
    *count = n;
    return 0;
}

int store_tx_start(struct store *store, uint32_t *tx)
{
    char *reply, *end;
    unsigned long id;
    int err = request_path(store, XS_TRANSACTION_START, 0, "", &reply, NULL);

    if (err) {
        return err;
    }
    id = strtoul(reply, &end, 10);
    if (end == reply || id == 0 || id > UINT32_MAX) {
        err = -EPROTO;
    } else {
        *tx = (uint32_t)id;
    }
    free(reply);
    return err;
}

int store_tx_end(struct store *store, uint32_t tx, bool commit)
{
    return request_path(store, XS_TRANSACTION_END, tx, commit ? "T" : "F", NULL, NULL);
}

static int request_watch(struct store *store, enum xsd_sockmsg_type type, const char *path,
                         const char *token)
{
    struct iovec parts[2] = { iov_str(path), iov_str(token) };

    return store_request(store, type, 0, parts, 2, NULL, NULL);
}

int store_watch(struct store *store, const char *path, const char *token)
{
    return request_watch(store, XS_WATCH, path, token);
}

int store_unwatch(struct store *store, const char *path, const char *token)
{
    return request_watch(store, XS_UNWATCH, path, token);
}

int store_introduce(struct store *store, uint32_t domid, uint64_t gfn, uint32_t port)
{
    char texts[3][24];
    struct iovec parts[3];

    snprintf(texts[0], sizeof(texts[0]), "%" PRIu32, domid);
    snprintf(texts[1], sizeof(texts[1]), "%" PRIu64, gfn);
    snprintf(texts[2], sizeof(texts[2]), "%" PRIu32, port);
    for (int i = 0; i < 3; i++) {
        parts[i] = iov_str(texts[i]);
    }
    return store_request(store, XS_INTRODUCE, 0, parts, 3, NULL, NULL);
}

static int request_domid(struct store *store, enum xsd_sockmsg_type type, uint32_t domid,
                         char **reply)
{
    char text[16];

    snprintf(text, sizeof(text), "%" PRIu32, domid);
    return request_path(store, type, 0, text, reply, NULL);
}

int store_release(struct store *store, uint32_t domid)
{
    return request_domid(store, XS_RELEASE, domid, NULL);
}

int store_is_introduced(struct store *store, uint32_t domid, bool *introduced)
{
    char *reply;
    int err = request_domid(store, XS_IS_DOMAIN_INTRODUCED, domid, &reply);

    if (err) {
        return err;
    }
    *introduced = !strcmp(reply, "T");
    free(reply);
    return 0;
}

int store_domain_path(struct store *store, uint32_t domid, char **path)
{
    return request_domid(store, XS_GET_DOMAIN_PATH, domid, path);
}
