/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "fake_store.h"
#include "fake_xen.h"
#include "store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NODES  64u
#define EVENTS 64u

struct node {
    char path[80], value[300];
};

struct watch {
    char path[80], token[16];
};

struct store {
    bool open;
    int failed; /* negative errno, or 0 */
    int fd;
    struct watch watches[NODES];
    unsigned int watch_count, event_count;
    struct watch events[EVENTS];
};

static struct node nodes[NODES];
static struct store the_store;
static bool introduced[FAKE_GUESTS], running, hanging;

void fake_store_reset(void)
{
    assert_false(the_store.open);
    memset(nodes, 0, sizeof(nodes));
    memset(introduced, 0, sizeof(introduced));
    running = true;
    hanging = false;
}

static bool is_below(const char *path, const char *top)
{
    size_t length = strlen(top);

    return !strncmp(path, top, length) && (path[length] == '\0' || path[length] == '/');
}

static void fire(const char *path)
{
    for (unsigned int i = 0; the_store.open && i < the_store.watch_count; i++) {
        const struct watch *watch = &the_store.watches[i];
        uint64_t one = 1;

        if (is_below(path, watch->path) || is_below(watch->path, path)) {
            assert_true(the_store.event_count < EVENTS);
            the_store.events[the_store.event_count++] = *watch;
            assert_int_equal(write(the_store.fd, &one, sizeof(one)), sizeof(one));
        }
    }
}

static struct node *find(const char *path)
{
    for (unsigned int i = 0; i < NODES; i++) {
        if (!strcmp(nodes[i].path, path)) {
            return &nodes[i];
        }
    }
    return NULL;
}

void fake_store_set(const char *value, const char *format, ...)
{
    char path[80];
    va_list args;
    struct node *node;

    va_start(args, format);
    vsnprintf(path, sizeof(path), format, args);
    va_end(args);
    if (!value) {
        for (unsigned int i = 0; i < NODES; i++) {
            if (is_below(nodes[i].path, path)) {
                nodes[i].path[0] = '\0';
            }
        }
    } else {
        node = find(path);
        if (!node) {
            node = find("");
        }
        assert_non_null(node);
        strcpy(node->path, path);
        snprintf(node->value, sizeof(node->value), "%s", value);
    }
    fire(path);
}

const char *fake_store_get(const char *path)
{
    const struct node *node = find(path);

    return node ? node->value : NULL;
}

void fake_store_introduce(uint32_t domid, bool on)
{
    introduced[domid] = on;
    fire(on ? "@introduceDomain" : "@releaseDomain");
}

void fake_store_add_guest(uint32_t domid, const char *name, const char *uuid)
{
    char text[100];

    fake_store_set(name, "/local/domain/%u/name", domid);
    if (uuid) {
        snprintf(text, sizeof(text), "/vm/%s", uuid);
        fake_store_set(text, "/local/domain/%u/vm", domid);
    }
    fake_store_introduce(domid, true);
    fake_store_set("xenconsoled", "/local/domain/%u/console/type", domid);
    fake_store_set("983041", "/local/domain/%u/console/ring-ref", domid);
    fake_store_set("2", "/local/domain/%u/console/port", domid);
}

void fake_store_remove_guest(uint32_t domid)
{
    fake_store_set(NULL, "/local/domain/%u", domid);
    fake_store_introduce(domid, false);
}

void fake_store_run(bool on)
{
    uint64_t one = 1;

    running = on;
    if (!on && the_store.open) {
        the_store.failed = -EPIPE;
        assert_int_equal(write(the_store.fd, &one, sizeof(one)), sizeof(one));
    }
}

void fake_store_hang(bool hang)
{
    hanging = hang;
    the_store.failed = hang ? -ETIMEDOUT : 0;
}

unsigned int fake_store_watches(void)
{
    return the_store.watch_count;
}

/* --- ctl/store.h ---------------------------------------------------------------------- */

int store_open_within(struct store **store, const char *path, int limit_ms)
{
    assert_in_range(limit_ms, 1, 1000);
    assert_false(the_store.open);
    if (!running) {
        return -ECONNREFUSED;
    }
    memset(&the_store, 0, sizeof(the_store));
    the_store.open = true;
    the_store.failed = hanging ? -ETIMEDOUT : 0;
    the_store.fd = eventfd(0, EFD_NONBLOCK);
    *store = &the_store;
    return 0;
}

void store_close(struct store *store)
{
    if (store) {
        assert_true(store->open);
        store->open = false;
        close(store->fd);
    }
}

int store_failure(struct store *store)
{
    return store->failed;
}

int store_fd(const struct store *store)
{
    return store->fd;
}

int store_read_buf(struct store *store, uint32_t tx, const char *path, char *buf, size_t size)
{
    struct node *node = find(path);

    if (store->failed || !node) {
        return store->failed ? store->failed : -ENOENT;
    }
    if (strlen(node->value) >= size) {
        return -ENOSPC;
    }
    strcpy(buf, node->value);
    return 0;
}

int store_read_u64(struct store *store, uint32_t tx, const char *path, uint64_t *value)
{
    char buf[32];
    int err = store_read_buf(store, tx, path, buf, sizeof(buf));

    if (!err) {
        *value = strtoull(buf, NULL, 10);
    }
    return err;
}

int store_write_str(struct store *store, uint32_t tx, const char *path, const char *value)
{
    if (!store->failed) {
        fake_store_set(value, "%s", path);
    }
    return store->failed;
}

int store_directory(struct store *store, uint32_t tx, const char *path, char ***names,
                    size_t *count)
{
    char *texts;

    if (store->failed) {
        return store->failed;
    }
    assert_string_equal(path, "/local/domain");
    *names = malloc(FAKE_GUESTS * (sizeof(char *) + 8));
    texts = (char *)(*names + FAKE_GUESTS);
    *count = 0;
    for (unsigned int domid = 0; domid < FAKE_GUESTS; domid++) {
        char below[40];

        snprintf(below, sizeof(below), "/local/domain/%u", domid);
        for (unsigned int i = 0; i < NODES; i++) {
            if (is_below(nodes[i].path, below)) {
                (*names)[*count] = texts + 8 * domid;
                sprintf((*names)[(*count)++], "%u", domid);
                break;
            }
        }
    }
    return 0;
}

int store_watch(struct store *store, const char *path, const char *token)
{
    struct watch *watch = &store->watches[store->watch_count];

    if (store->failed) {
        return store->failed;
    }
    assert_true(store->watch_count < NODES);
    snprintf(watch->path, sizeof(watch->path), "%s", path);
    snprintf(watch->token, sizeof(watch->token), "%s", token);
    store->watch_count++;
    fire(path);
    return 0;
}

int store_unwatch(struct store *store, const char *path, const char *token)
{
    for (unsigned int i = 0; i < store->watch_count; i++) {
        if (!strcmp(store->watches[i].path, path) && !strcmp(store->watches[i].token, token)) {
            store->watches[i] = store->watches[--store->watch_count];
            return 0;
        }
    }
    return -ENOENT;
}

int store_watch_next(struct store *store, int timeout_ms, struct store_event *event)
{
    uint64_t count;

    assert_int_equal(timeout_ms, 0);
    if (store->failed) {
        return store->failed;
    }
    (void)!read(store->fd, &count, sizeof(count));
    if (!store->event_count) {
        return -ETIMEDOUT;
    }
    event->path = strdup(store->events[0].path);
    event->token = strdup(store->events[0].token);
    store->event_count--;
    memmove(store->events, store->events + 1, store->event_count * sizeof(store->events[0]));
    return 0;
}

void store_event_free(struct store_event *event)
{
    free(event->path);
    free(event->token);
}

int store_is_introduced(struct store *store, uint32_t domid, bool *is_introduced)
{
    if (store->failed) {
        return store->failed;
    }
    *is_introduced = domid < FAKE_GUESTS && introduced[domid];
    return 0;
}
