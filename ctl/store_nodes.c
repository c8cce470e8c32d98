/* SPDX-License-Identifier: MIT */
#include "store_nodes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_ROOM 512
#define TRIES_MAX 1000 /* of a transaction that conflicts with others' */

void nodes_base(struct store_nodes *n, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(n->base, sizeof(n->base), format, args);
    va_end(args);
}

static void full_path(const struct store_nodes *n, const char *name, char path[PATH_ROOM])
{
    snprintf(path, PATH_ROOM, "%s%s%s", n->base, name[0] ? "/" : "", name);
}

void nodes_put(struct store_nodes *n, const char *name, const char *format, ...)
{
    char path[PATH_ROOM], value[2048];
    va_list args;
    int length;

    if (n->err) {
        return;
    }
    va_start(args, format);
    length = vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof(value)) {
        n->err = -E2BIG;
        return;
    }
    full_path(n, name, path);
    n->err = store_write_str(n->store, n->tx, path, value);
}

void nodes_make(struct store_nodes *n, const char *name, const struct store_perm *perms,
                size_t count)
{
    char path[PATH_ROOM];

    if (n->err) {
        return;
    }
    full_path(n, name, path);
    n->err = store_mkdir(n->store, n->tx, path);
    if (!n->err) {
        n->err = store_set_perms(n->store, n->tx, path, perms, count);
    }
}

void nodes_make_shared(struct store_nodes *n, const char *name, uint32_t owner, uint32_t reader)
{
    const struct store_perm perms[] = { { 'n', owner }, { 'r', reader } };

    nodes_make(n, name, perms, 2);
}

void nodes_remove(struct store_nodes *n, const char *name)
{
    char path[PATH_ROOM];

    if (n->err) {
        return;
    }
    full_path(n, name, path);
    n->err = store_rm(n->store, n->tx, path);
    if (n->err == -ENOENT) {
        n->err = 0;
    }
}

int nodes_transaction(struct store *store, nodes_fn *fn, void *arg)
{
    struct store_nodes n = { .store = store };

    for (int i = 0; i < TRIES_MAX; i++) {
        n.err = store_tx_start(store, &n.tx);
        if (n.err) {
            return n.err;
        }
        fn(&n, arg);
        if (n.err) {
            store_tx_end(store, n.tx, false);
            return n.err;
        }
        n.err = store_tx_end(store, n.tx, true);
        if (n.err != -EAGAIN) {
            return n.err;
        }
    }
    return -EAGAIN;
}
