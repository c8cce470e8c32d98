/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "fake_store.h"

#include <errno.h>
#include <stdio.h>

#define NODES_MAX 512

struct node {
    char path[128];
    char value[512];
};

struct store {
    int unused;
};

struct fake_store fake_store;

static struct store the_store;
static struct node nodes[NODES_MAX];
static unsigned int node_count;

void fake_store_reset(void)
{
    memset(&fake_store, 0, sizeof(fake_store));
    fake_store.fail_in = -1;
    node_count = 0;
}

static int request(void)
{
    if (fake_store.dead) {
        return -EPIPE;
    }
    return fake_store.fail_in >= 0 && fake_store.fail_in-- == 0 ? -EIO : 0;
}

static struct node *find(const char *path)
{
    for (unsigned int i = 0; i < node_count; i++) {
        if (!strcmp(nodes[i].path, path)) {
            return &nodes[i];
        }
    }
    return NULL;
}

static void set(const char *path, const char *value, size_t length)
{
    struct node *node = find(path);

    if (!node) {
        assert_true(node_count < NODES_MAX);
        node = &nodes[node_count++];
        snprintf(node->path, sizeof(node->path), "%s", path);
    }
    assert_true(length < sizeof(node->value));
    memcpy(node->value, value, length);
    node->value[length] = '\0';
}

unsigned int fake_store_count(const char *prefix)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < node_count; i++) {
        count += !strncmp(nodes[i].path, prefix, strlen(prefix));
    }
    return count;
}

const char *fake_store_value(const char *path)
{
    struct node *node = find(path);

    return node ? node->value : NULL;
}

int store_open(struct store **store, const char *path)
{
    *store = &the_store;
    return fake_store.dead ? -ECONNREFUSED : 0;
}

void store_close(struct store *store)
{
}

int store_failure(struct store *store)
{
    return fake_store.dead ? -EPIPE : 0;
}

int store_read_buf(struct store *store, uint32_t tx, const char *path, char *buf, size_t size)
{
    const char *value = fake_store_value(path);
    int err = request();

    if (err) {
        return err;
    }
    if (!value) {
        return -ENOENT;
    }
    if (strlen(value) >= size) {
        return -ENOSPC;
    }
    strcpy(buf, value);
    return 0;
}

int store_read_u64(struct store *store, uint32_t tx, const char *path, uint64_t *value)
{
    char buf[24];
    int err = store_read_buf(store, tx, path, buf, sizeof(buf));

    *value = err ? 0 : strtoull(buf, NULL, 10);
    return err;
}

/* If @path is the state of a front-end that has closed, its back-end closes. */
static void close_behind(const char *path)
{
    char backend[128], kind[8];
    unsigned int domid, id;
    int length = 0;

    if (sscanf(path, "/local/domain/%u/device/%7[a-z]/%u/state%n", &domid, kind, &id, &length) ==
            3 &&
        length && !strcmp(fake_store_value(path), "6")) {
        snprintf(backend, sizeof(backend), "/local/domain/0/backend/%s/%u/%u/state", kind, domid,
                 id);
        set(backend, "6", 1);
    }
}

int store_write(struct store *store, uint32_t tx, const char *path, const void *value,
                size_t length)
{
    size_t end = strlen(path);
    int err = request();

    if (err) {
        return err;
    }
    set(path, value, length);
    if (!fake_store.stubborn && strstr(path, "/backend/v") && !strcmp(path + end - 6, "/state")) {
        if (!strcmp(fake_store_value(path), "1")) {
            set(path, "2", 1);
        } else if (!strcmp(fake_store_value(path), "5")) {
            set(path, fake_store.racing ? "4" : "6", 1);
        }
    }
    if (fake_store.racing) {
        close_behind(path);
    }
    return 0;
}

int store_write_str(struct store *store, uint32_t tx, const char *path, const char *value)
{
    return store_write(store, tx, path, value, strlen(value));
}

int store_write_fmt(struct store *store, uint32_t tx, const char *path, const char *format, ...)
{
    char buf[512];
    va_list args;

    va_start(args, format);
    vsnprintf(buf, sizeof(buf), format, args);
    va_end(args);
    return store_write_str(store, tx, path, buf);
}

int store_mkdir(struct store *store, uint32_t tx, const char *path)
{
    int err = request();

    if (!err && !find(path)) {
        set(path, "", 0);
    }
    return err;
}

int store_rm(struct store *store, uint32_t tx, const char *path)
{
    size_t length = strlen(path);
    bool found = false;
    int err = request();

    for (unsigned int i = 0; i < node_count && !err;) {
        if (!strncmp(nodes[i].path, path, length) &&
            (nodes[i].path[length] == '/' || !nodes[i].path[length])) {
            nodes[i] = nodes[--node_count];
            found = true;
        } else {
            i++;
        }
    }
    return err ? err : found ? 0 : -ENOENT;
}

int store_directory(struct store *store, uint32_t tx, const char *path, char ***names,
                    size_t *count)
{
    size_t length = strlen(path), n = 0, room = NODES_MAX * (sizeof(char *) + 32);
    char **array, *text;
    int err = request();

    if (err) {
        return err;
    }
    array = calloc(1, room);
    text = (char *)(array + NODES_MAX);
    for (unsigned int i = 0; i < node_count; i++) {
        const char *rest = nodes[i].path + length + 1;
        bool known = false;
        char name[32];

        if (strncmp(nodes[i].path, path, length) != 0 || nodes[i].path[length] != '/') {
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(rest, "/"), rest);
        for (size_t k = 0; k < n; k++) {
            known |= !strcmp(array[k], name);
        }
        if (!known) {
            array[n] = text + 32 * n;
            strcpy(array[n++], name);
        }
    }
    if (!n) {
        free(array);
        return -ENOENT;
    }
    *names = array;
    *count = n;
    return 0;
}

int store_set_perms(struct store *store, uint32_t tx, const char *path,
                    const struct store_perm *perms, size_t count)
{
    return request();
}

int store_tx_start(struct store *store, uint32_t *tx)
{
    *tx = 1;
    return request();
}

int store_tx_end(struct store *store, uint32_t tx, bool commit)
{
    return request();
}

int store_watch(struct store *store, const char *path, const char *token)
{
    return request();
}

int store_watch_next(struct store *store, int timeout_ms, struct store_event *event)
{
    return -ETIMEDOUT;
}

void store_event_free(struct store_event *event)
{
}

int store_introduce(struct store *store, uint32_t domid, uint64_t gfn, uint32_t port)
{
    int err = request();

    fake_store.introduced += !err;
    return err;
}

int store_release(struct store *store, uint32_t domid)
{
    int err = request();

    fake_store.released += !err;
    return err;
}
