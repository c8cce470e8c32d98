/* SPDX-License-Identifier: MIT */
/*
 * Watches, found by the path that they watch.
 */
#ifndef STORED_WATCH_H
#define STORED_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "tree.h"

#define WATCH_BUCKETS    4096
#define WATCH_DEPTH_NONE UINT32_MAX

struct conn;

struct watch {
    LIST_ENTRY(watch) hash_link;
    LIST_ENTRY(watch) conn_link;
    struct conn *conn;
    char *path; /* absolute or special */
    char *token;
    uint32_t hash;
    uint32_t depth; /* how many levels below path are watched, or WATCH_DEPTH_NONE */
    bool relative;  /* events name paths relative to the domain's own */
};
LIST_HEAD(watch_list, watch);

struct watch_table {
    struct watch_list bucket[WATCH_BUCKETS];
    uint32_t count;
};

struct watch *watch_add(struct watch_table *table, struct conn *conn, const char *path,
                        const char *token, uint32_t depth, bool relative);
struct watch *watch_find(struct watch_table *table, const struct conn *conn, const char *path,
                         const char *token);
void watch_remove(struct watch_table *table, struct watch *watch);

size_t watch_bytes(const struct watch *watch);

/* Sends the event that @path has changed to @watch's connection. */
void watch_send(const struct watch *watch, const char *path);

/*
 * Tells all who watch @path or something above it, and may read a node with permissions @perms. For
 * a special path that is all who watch it.
 */
void watch_fire(struct watch_table *table, const char *path, const struct perms *perms);

/*
 * @node at @path was removed, with all below: who watches that or something above is told so; who
 * watches something below, that this has gone.
 */
void watch_fire_removed(struct watch_table *table, const char *path, struct node *node);

#endif
