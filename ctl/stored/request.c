/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

int request_strings(const struct request *request, const char **string, int max)
{
    size_t at = 0, length = request->header.len;
    int count = 0;

    if (length && request->payload[length - 1]) {
        return -1;
    }
    while (at < length) {
        if (count == max) {
            return -1;
        }
        string[count++] = request->payload + at;
        at += strlen(request->payload + at) + 1;
    }
    return count;
}

bool request_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *value = strtoull(text, &end, 10);
    return !errno && !*end && *value <= max;
}

void request_reply(struct request *request)
{
    struct xsd_sockmsg header = request->header;

    header.len = (uint32_t)request->reply.length;
    conn_send(request->conn, &header, request->reply.data);
    request->replied = true;
}

void request_reply_string(struct request *request, const char *string)
{
    buffer_add(&request->reply, string, strlen(string) + 1);
}

/* The path that the payload begins with; *rest (may be NULL) is what follows it. */
static int get_path(const struct request *request, char path[PATH_SIZE], const char **rest)
{
    size_t length = strnlen(request->payload, request->header.len);

    if (length == request->header.len || (!rest && length + 1 != request->header.len)) {
        return EINVAL;
    }
    if (rest) {
        *rest = request->payload + length + 1;
    }
    return path_resolve(path, request->payload, request->conn->actor.domid, NULL);
}

static size_t rest_length(const struct request *request, const char *rest)
{
    return (size_t)(request->payload + request->header.len - rest);
}

static int handle_read(struct request *request)
{
    char path[PATH_SIZE];
    struct node *node;
    int err = get_path(request, path, NULL);

    if (!err) {
        err = conn_read(request->conn, request->tx, path, &node);
    }
    if (!err) {
        buffer_add(&request->reply, node->value->data, node->value->length);
    }
    return err;
}

static int handle_directory(struct request *request)
{
    char path[PATH_SIZE];
    struct node *node;
    int err = get_path(request, path, NULL);

    if (!err) {
        err = conn_list(request->conn, request->tx, path, &node);
    }
    for (uint32_t i = 0; !err && i < node->children; i++) {
        request_reply_string(request, node->child[i]->name);
        if (request->reply.length > XENSTORE_PAYLOAD_MAX) {
            err = E2BIG;
        }
    }
    return err;
}

/* Names of children from byte @offset of the whole list on, as many as fit. */
static void list_part(struct request *request, const struct node *node, uint64_t offset)
{
    uint64_t at = 0;

    for (uint32_t i = 0; i < node->children; i++) {
        size_t size = strlen(node->child[i]->name) + 1;

        if (at >= offset) {
            if (request->reply.length + size > XENSTORE_PAYLOAD_MAX) {
                return;
            }
            request_reply_string(request, node->child[i]->name);
        }
        at += size;
    }
    /* An empty name ends the list. */
    if (request->reply.length < XENSTORE_PAYLOAD_MAX) {
        request_reply_string(request, "");
    }
}

static int handle_directory_part(struct request *request)
{
    char path[PATH_SIZE];
    const char *rest;
    struct node *node;
    uint64_t offset;
    char generation[24];
    int err = get_path(request, path, &rest);

    if (err) {
        return err;
    }
    if (!request_number(rest, UINT32_MAX, &offset) ||
        strlen(rest) + 1 != rest_length(request, rest)) {
        return EINVAL;
    }
    err = conn_list(request->conn, request->tx, path, &node);
    if (err) {
        return err;
    }
    snprintf(generation, sizeof(generation), "%llu", (unsigned long long)node->children_generation);
    request_reply_string(request, generation);
    list_part(request, node, offset);
    return 0;
}

static int handle_write(struct request *request)
{
    char path[PATH_SIZE];
    const char *rest;
    int err = get_path(request, path, &rest);

    return err ? err
               : conn_write(request->conn, request->tx, path, rest, rest_length(request, rest));
}

static int handle_mkdir(struct request *request)
{
    char path[PATH_SIZE];
    int err = get_path(request, path, NULL);

    return err ? err : conn_mkdir(request->conn, request->tx, path);
}

static int handle_rm(struct request *request)
{
    char path[PATH_SIZE];
    int err = get_path(request, path, NULL);

    return err ? err : conn_rm(request->conn, request->tx, path);
}

static int handle_get_perms(struct request *request)
{
    char path[PATH_SIZE];
    struct perms *perms;
    int err = get_path(request, path, NULL);

    if (!err) {
        err = conn_get_perms(request->conn, request->tx, path, &perms);
    }
    if (!err) {
        perms_format(perms, &request->reply);
    }
    return err;
}

static int handle_set_perms(struct request *request)
{
    char path[PATH_SIZE];
    const char *rest;
    struct perms *perms;
    int err = get_path(request, path, &rest);

    if (err) {
        return err;
    }
    perms = perms_parse(rest, rest_length(request, rest));
    if (!perms) {
        return EINVAL;
    }
    err = conn_set_perms(request->conn, request->tx, path, perms);
    perms_unref(perms);
    return err;
}

static int handle_transaction_start(struct request *request)
{
    struct conn *conn = request->conn;
    char id[16];
    struct tx *tx;

    if (request->header.tx_id) {
        return EBUSY;
    }
    if (!actor_is_privileged(&conn->actor) && conn->tx_count >= QUOTA_TRANSACTIONS) {
        return ENOSPC;
    }
    tx = conn_start_tx(conn, 0);
    tx_root(tx, request->store->root);
    state_log_tx_start(conn, tx->id);
    snprintf(id, sizeof(id), "%u", tx->id);
    request_reply_string(request, id);
    return 0;
}

static int handle_transaction_end(struct request *request)
{
    const char *string[1];
    struct tx *tx = request->tx;

    request->tx = NULL;
    if (!tx) {
        return ENOENT;
    }
    if (request_strings(request, string, 1) != 1) {
        return EINVAL;
    }
    if (!strcmp(string[0], "T")) {
        return conn_commit_tx(request->conn, tx);
    }
    if (strcmp(string[0], "F")) {
        return EINVAL;
    }
    state_log_tx_end(request->conn, tx->id);
    conn_end_tx(request->conn, tx);
    return 0;
}

/* Path, token and perhaps depth of a watch. */
struct watch_arguments {
    char path[PATH_SIZE];
    const char *token;
    uint32_t depth;
    bool relative;
};

static int get_watch(const struct request *request, struct watch_arguments *watch)
{
    const char *string[3];
    uint64_t depth = WATCH_DEPTH_NONE;
    int count = request_strings(request, string, 3);

    if (count < 2 ||
        path_resolve(watch->path, string[0], request->conn->actor.domid, &watch->relative)) {
        return EINVAL;
    }
    if (watch->path[0] == '@' && strcmp(watch->path, PATH_INTRODUCE) &&
        strcmp(watch->path, PATH_RELEASE)) {
        return EINVAL;
    }
    if (count == 3 && string[2][0] && !request_number(string[2], UINT32_MAX - 1, &depth)) {
        return EINVAL;
    }
    watch->token = string[1];
    watch->depth = (uint32_t)depth;
    return 0;
}

static int handle_watch(struct request *request)
{
    struct conn *conn = request->conn;
    struct watch_arguments arguments;
    struct watch *watch;
    int err = get_watch(request, &arguments);

    if (err) {
        return err;
    }
    if (watch_find(&request->store->watches, conn, arguments.path, arguments.token)) {
        return EEXIST;
    }
    if (!actor_is_privileged(&conn->actor) &&
        (conn->watch_count >= QUOTA_WATCHES || conn->watch_bytes > QUOTA_WATCH_BYTES)) {
        conn_log(conn, "is at its quota of watches");
        return ENOSPC;
    }
    watch = watch_add(&request->store->watches, conn, arguments.path, arguments.token,
                      arguments.depth, arguments.relative);
    state_log_watch(watch);
    request_reply_string(request, "OK");
    request_reply(request);
    watch_send(watch, watch->path);
    return 0;
}

static int handle_unwatch(struct request *request)
{
    struct watch_arguments arguments;
    struct watch *watch;
    int err = get_watch(request, &arguments);

    if (err) {
        return err;
    }
    watch = watch_find(&request->store->watches, request->conn, arguments.path, arguments.token);
    if (!watch) {
        return ENOENT;
    }
    state_log_unwatch(watch);
    watch_remove(&request->store->watches, watch);
    return 0;
}

static int handle_reset_watches(struct request *request)
{
    struct tx *tx;

    TAILQ_FOREACH(tx, &request->conn->transactions, link)
    {
        state_log_tx_end(request->conn, tx->id);
    }
    conn_drop_transactions(request->conn);
    state_log_drop_watches(request->conn);
    conn_drop_watches(request->conn);
    return 0;
}

enum {
    IN_TX = 1, /* works inside of a transaction, if the header names one */
    DOM0_ONLY = 2,
    SAYS_OK = 4, /* the reply is "OK" */
};

static const struct {
    const char *name;
    int (*handle)(struct request *request);
    unsigned int flags;
} handlers[XS_TYPE_COUNT] = {
    [XS_CONTROL] = { "control", request_control, DOM0_ONLY },
    [XS_DIRECTORY] = { "directory", handle_directory, IN_TX },
    [XS_READ] = { "read", handle_read, IN_TX },
    [XS_GET_PERMS] = { "get_perms", handle_get_perms, IN_TX },
    [XS_WATCH] = { "watch", handle_watch, 0 },
    [XS_UNWATCH] = { "unwatch", handle_unwatch, SAYS_OK },
    [XS_TRANSACTION_START] = { "transaction_start", handle_transaction_start, 0 },
    [XS_TRANSACTION_END] = { "transaction_end", handle_transaction_end, IN_TX | SAYS_OK },
    [XS_INTRODUCE] = { "introduce", request_introduce, DOM0_ONLY | SAYS_OK },
    [XS_RELEASE] = { "release", request_release, DOM0_ONLY | SAYS_OK },
    [XS_GET_DOMAIN_PATH] = { "get_domain_path", request_get_domain_path, 0 },
    [XS_WRITE] = { "write", handle_write, IN_TX | SAYS_OK },
    [XS_MKDIR] = { "mkdir", handle_mkdir, IN_TX | SAYS_OK },
    [XS_RM] = { "rm", handle_rm, IN_TX | SAYS_OK },
    [XS_SET_PERMS] = { "set_perms", handle_set_perms, IN_TX | SAYS_OK },
    [XS_IS_DOMAIN_INTRODUCED] = { "is_domain_introduced", request_is_introduced, 0 },
    [XS_RESUME] = { "resume", request_resume, DOM0_ONLY | SAYS_OK },
    [XS_SET_TARGET] = { "set_target", request_set_target, DOM0_ONLY | SAYS_OK },
    [XS_RESET_WATCHES] = { "reset_watches", handle_reset_watches, SAYS_OK },
    [XS_DIRECTORY_PART] = { "directory_part", handle_directory_part, IN_TX },
};

static int dispatch(struct request *request)
{
    uint32_t type = request->header.type;

    if (type >= XS_TYPE_COUNT || !handlers[type].handle) {
        return ENOSYS;
    }
    if ((handlers[type].flags & DOM0_ONLY) && !actor_is_privileged(&request->conn->actor)) {
        return EACCES;
    }
    if ((handlers[type].flags & IN_TX) && request->header.tx_id) {
        request->tx = conn_find_tx(request->conn, request->header.tx_id);
        if (!request->tx) {
            return ENOENT;
        }
    }
    return handlers[type].handle(request);
}

static void reply_error(struct request *request, int err)
{
    const char *name = "EINVAL";

    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (xsd_errors[i].errnum == err) {
            name = xsd_errors[i].errstring;
        }
    }
    request->header.type = XS_ERROR;
    request->reply.length = 0;
    request_reply_string(request, name);
    request_reply(request);
}

static void log_request(const struct request *request, int err)
{
    uint32_t type = request->header.type;
    const char *name = type < XS_TYPE_COUNT && handlers[type].name ? handlers[type].name : "?";

    log_line("%s of domain %u: %s tx %u '%.128s'%s%s", request->conn->client ? "client" : "ring",
             request->conn->actor.domid, name, request->header.tx_id, request->payload,
             err ? ": " : "", err ? strerror(err) : "");
}

void request_handle(struct conn *conn, const struct xsd_sockmsg *header, char *payload)
{
    struct request request = {
        .conn = conn, .store = conn->store, .header = *header, .payload = payload
    };
    int err;

    payload[header->len] = '\0';
    err = dispatch(&request);
    if (!err && request.reply.length > XENSTORE_PAYLOAD_MAX) {
        err = E2BIG;
    }
    if (request.store->log_requests) {
        log_request(&request, err);
    }
    if (err) {
        reply_error(&request, err);
    } else if (!request.replied) {
        if (handlers[header->type].flags & SAYS_OK) {
            request_reply_string(&request, "OK");
        }
        request_reply(&request);
    }
    buffer_free(&request.reply);
}
