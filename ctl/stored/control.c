/* SPDX-License-Identifier: MIT */
/*
 * XS_CONTROL: looking into the daemon.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>

static void count_node(const char *path, struct node *node, void *context)
{
    account_add(context, perms_owner(node->perms), 1, (int64_t)node_cost(node));
}

uint32_t store_check(struct store *store, struct buffer *report)
{
    const struct account *is = &store->account;
    struct account *should = xcalloc(1, sizeof(*should));
    uint32_t problems = 0;

    tree_walk("/", store->root, count_node, should);
    if (is->total != should->total || is->bytes != should->bytes) {
        buffer_printf(report, "%u nodes of %lld bytes are charged, there are %u of %lld\n",
                      is->total, (long long)is->bytes, should->total, (long long)should->bytes);
        problems++;
    }
    for (uint32_t i = 0; i <= UINT16_MAX; i++) {
        if (is->nodes[i] != should->nodes[i]) {
            buffer_printf(report, "domain %u is charged for %u nodes and has %u\n", i, is->nodes[i],
                          should->nodes[i]);
            problems++;
        }
    }
    free(should);
    return problems;
}

static int control_check(struct request *request, const char *argument)
{
    if (!store_check(request->store, &request->reply)) {
        buffer_printf(&request->reply, "OK");
    }
    return 0;
}

static int control_log(struct request *request, const char *argument)
{
    if (strcmp(argument, "on") && strcmp(argument, "off")) {
        return EINVAL;
    }
    request->store->log_requests = !strcmp(argument, "on");
    buffer_printf(&request->reply, "OK");
    return 0;
}

static int control_memreport(struct request *request, const char *argument)
{
    const struct store *store = request->store;
    const struct domain *domain;
    const struct conn *conn;
    unsigned int conns = 0;
    size_t queued = 0;

    TAILQ_FOREACH(conn, &store->conns, link)
    {
        conns++;
        queued += conn->out_bytes;
    }
    buffer_printf(&request->reply,
                  "nodes: %u, %lld bytes\nold versions: %lld bytes\nwatches: %u\n"
                  "connections: %u, %zu bytes queued\n",
                  store->account.total, (long long)store->account.bytes,
                  (long long)((int64_t)tree_bytes() - store->account.bytes), store->watches.count,
                  conns, queued);
    TAILQ_FOREACH(domain, &store->domains, link)
    {
        conn = domain->conn;
        if (conn && request->reply.length < XENSTORE_PAYLOAD_MAX - 128) {
            buffer_printf(&request->reply,
                          "domain %u: nodes %u watches %u transactions %u queued %zu%s\n",
                          domain->domid, store->account.nodes[domain->domid], conn->watch_count,
                          conn->tx_count, conn->out_bytes, domain->broken ? " broken" : "");
        }
    }
    return 0;
}

static int control_print(struct request *request, const char *argument)
{
    log_line("%s", argument);
    buffer_printf(&request->reply, "OK");
    return 0;
}

static int control_help(struct request *request, const char *argument);

static const struct {
    const char *name, *argument;
    int (*handle)(struct request *request, const char *argument);
} controls[] = {
    { "check", "", control_check },        { "help", "", control_help },
    { "log", " on|off", control_log },     { "memreport", "", control_memreport },
    { "print", " STRING", control_print },
};

static int control_help(struct request *request, const char *argument)
{
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        buffer_printf(&request->reply, "%s%s\n", controls[i].name, controls[i].argument);
    }
    return 0;
}

int request_control(struct request *request)
{
    const char *string[2];
    int count = request_strings(request, string, 2);
    int err = EINVAL;

    for (size_t i = 0; count > 0 && i < sizeof(controls) / sizeof(controls[0]); i++) {
        if (!strcmp(string[0], controls[i].name)) {
            err = controls[i].handle(request, count > 1 ? string[1] : "");
            buffer_add(&request->reply, "", 1);
        }
    }
    return err;
}
