/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "path.h"

static struct watch_list *bucket_of(struct watch_table *table, uint32_t hash)
{
    return &table->bucket[(hash ^ (hash >> 16)) % WATCH_BUCKETS];
}

struct watch *watch_find(struct watch_table *table, const struct conn *conn, const char *path,
                         const char *token)
{
    struct watch *watch;

    LIST_FOREACH(watch, bucket_of(table, hash_continue(HASH_START, path, strlen(path))), hash_link)
    {
        if (watch->conn == conn && !strcmp(watch->path, path) && !strcmp(watch->token, token)) {
            return watch;
        }
    }
    return NULL;
}

size_t watch_bytes(const struct watch *watch)
{
    return strlen(watch->path) + strlen(watch->token) + 2;
}

struct watch *watch_add(struct watch_table *table, struct conn *conn, const char *path,
                        const char *token, uint32_t depth, bool relative)
{
    struct watch *watch = xcalloc(1, sizeof(*watch));

    watch->conn = conn;
    watch->path = xstrdup(path);
    watch->token = xstrdup(token);
    watch->hash = hash_continue(HASH_START, path, strlen(path));
    watch->depth = depth;
    watch->relative = relative;
    LIST_INSERT_HEAD(bucket_of(table, watch->hash), watch, hash_link);
    LIST_INSERT_HEAD(&conn->watches, watch, conn_link);
    conn->watch_count++;
    conn->watch_bytes += watch_bytes(watch);
    table->count++;
    return watch;
}

void watch_remove(struct watch_table *table, struct watch *watch)
{
    LIST_REMOVE(watch, hash_link);
    LIST_REMOVE(watch, conn_link);
    watch->conn->watch_count--;
    watch->conn->watch_bytes -= watch_bytes(watch);
    table->count--;
    free(watch->path);
    free(watch->token);
    free(watch);
}

void watch_send(const struct watch *watch, const char *path)
{
    if (watch->relative) {
        char prefix[DOMAIN_PREFIX_SIZE];

        path += path_of_domain(prefix, watch->conn->actor.domid) + 1;
    }
    conn_send_event(watch->conn, path, watch->token);
}

static uint32_t levels(const char *path)
{
    uint32_t count = 0;

    for (; *path; path++) {
        count += *path == '/';
    }
    return count;
}

/* Fires those who watch the first @length bytes of @path, whose hash that is. */
static void fire_watchers(struct watch_table *table, const char *path, size_t length, uint32_t hash,
                          const struct perms *perms)
{
    struct watch *watch;

    LIST_FOREACH(watch, bucket_of(table, hash), hash_link)
    {
        if (watch->hash != hash || strncmp(watch->path, path, length) || watch->path[length]) {
            continue;
        }
        if (watch->depth != WATCH_DEPTH_NONE &&
            (length > 1 ? levels(path + length) : levels(path)) > watch->depth) {
            continue;
        }
        if (perms_allow(perms, &watch->conn->actor, ACCESS_READ)) {
            watch_send(watch, path);
        }
    }
}

void watch_fire(struct watch_table *table, const char *path, const struct perms *perms)
{
    uint32_t hash = HASH_START;
    size_t length = 0;

    if (!table->count) {
        return;
    }
    if (path[0] == '/') {
        hash = hash_continue(hash, path, 1);
        if (path[1]) {
            fire_watchers(table, path, 1, hash, perms);
        }
        length = 1;
    }
    while (path[length]) {
        size_t next = length + 1 + strcspn(path + length + 1, "/");

        hash = hash_continue(hash, path + length, next - length);
        length = next;
        fire_watchers(table, path, length, hash, perms);
    }
    if (length == 1) {
        fire_watchers(table, path, 1, hash, perms);
    }
}

struct removal {
    struct watch_table *table;
    struct node *top;
};

static void fire_exact(const char *path, struct node *node, void *context)
{
    struct removal *removal = context;

    if (node != removal->top) {
        fire_watchers(removal->table, path, strlen(path),
                      hash_continue(HASH_START, path, strlen(path)), node->perms);
    }
}

void watch_fire_removed(struct watch_table *table, const char *path, struct node *node)
{
    struct removal removal = { .table = table, .top = node };

    if (!table->count) {
        return;
    }
    watch_fire(table, path, node->perms);
    tree_walk(path, node, fire_exact, &removal);
}
