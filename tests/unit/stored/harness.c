/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct answer answer;

bool next_message(struct conn *conn)
{
    struct message *message = TAILQ_FIRST(&conn->out);

    if (!message) {
        return false;
    }
    assert_true(message->length >= sizeof(answer.header));
    assert_true(message->length <= sizeof(answer.header) + XENSTORE_PAYLOAD_MAX);
    memset(&answer, 0, sizeof(answer));
    memcpy(&answer.header, message->data, sizeof(answer.header));
    memcpy(answer.payload, message->data + sizeof(answer.header), answer.header.len);
    assert_int_equal(message->length, sizeof(answer.header) + answer.header.len);
    conn_sent(conn, message->length);
    return true;
}

static int errno_of(const char *name)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (!strcmp(xsd_errors[i].errstring, name)) {
            return xsd_errors[i].errnum;
        }
    }
    fail_msg("unknown error %s", name);
    return -1;
}

int ask_bytes(struct conn *conn, uint32_t type, uint32_t tx, const void *payload, size_t length)
{
    static uint32_t id;
    struct xsd_sockmsg header = { .type = type, .req_id = ++id, .tx_id = tx };
    struct message *message, *reply = NULL;
    char copy[XENSTORE_PAYLOAD_MAX + 1];

    header.len = (uint32_t)length;
    memcpy(copy, payload, length);
    request_handle(conn, &header, copy);
    TAILQ_FOREACH(message, &conn->out, link)
    {
        if (!message->event) {
            assert_null(reply);
            reply = message;
        }
    }
    assert_non_null(reply);
    /* To the front, so that next_message() finds it; events stay for check_event(). */
    TAILQ_REMOVE(&conn->out, reply, link);
    TAILQ_INSERT_HEAD(&conn->out, reply, link);
    assert_true(next_message(conn));
    assert_int_equal(answer.header.req_id, header.req_id);
    assert_int_equal(answer.header.tx_id, tx);
    if (answer.header.type == XS_ERROR) {
        return errno_of(answer.payload);
    }
    assert_int_equal(answer.header.type, type);
    return 0;
}

int ask_write(struct conn *conn, uint32_t tx, const char *path, const char *value)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    int length = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, value);

    return ask_bytes(conn, XS_WRITE, tx, payload, (size_t)length);
}

void check_event(struct conn *conn, const char *path, const char *token)
{
    assert_true(next_message(conn));
    assert_int_equal(answer.header.type, XS_WATCH_EVENT);
    assert_int_equal(answer.header.req_id, 0);
    assert_int_equal(answer.header.tx_id, 0);
    assert_string_equal(answer.payload, path);
    assert_string_equal(answer.payload + strlen(path) + 1, token);
    assert_int_equal(answer.header.len, strlen(path) + strlen(token) + 2);
}

void check_no_message(struct conn *conn)
{
    assert_true(TAILQ_EMPTY(&conn->out));
}

void check_value(struct store *store, const char *path, const char *value)
{
    struct node *node = tree_lookup(store->root, path);

    if (!value) {
        assert_null(node);
        return;
    }
    assert_non_null(node);
    assert_int_equal(node->value->length, strlen(value));
    assert_string_equal(node->value->data, value);
}

uint32_t start_tx(struct conn *conn)
{
    assert_int_equal(ask(conn, XS_TRANSACTION_START, 0, ""), 0);
    return (uint32_t)strtoul(answer.payload, NULL, 10);
}

static bool perms_equal(const struct perms *one, const struct perms *other)
{
    if (one->count != other->count) {
        return false;
    }
    for (uint32_t i = 0; i < one->count; i++) {
        if (one->entry[i].domid != other->entry[i].domid ||
            one->entry[i].access != other->entry[i].access) {
            return false;
        }
    }
    return true;
}

bool trees_equal(const struct node *one, const struct node *other)
{
    if (strcmp(one->name, other->name) || one->children != other->children ||
        one->value->length != other->value->length ||
        memcmp(one->value->data, other->value->data, one->value->length) ||
        !perms_equal(one->perms, other->perms)) {
        return false;
    }
    for (uint32_t i = 0; i < one->children; i++) {
        if (!trees_equal(one->child[i], other->child[i])) {
            return false;
        }
    }
    return true;
}

static void set_perms(struct conn *dom0, const char *path, const char *perms, size_t length)
{
    char payload[256];
    size_t path_size = strlen(path) + 1;

    memcpy(payload, path, path_size);
    memcpy(payload + path_size, perms, length);
    assert_int_equal(ask_bytes(dom0, XS_SET_PERMS, 0, payload, path_size + length), 0);
}

void make_domain_dir(struct conn *dom0, unsigned int domid)
{
    char path[64], perms[32];
    int length;

    snprintf(path, sizeof(path), "/local/domain/%u", domid);
    assert_int_equal(ask_write(dom0, 0, path, ""), 0);
    length = snprintf(perms, sizeof(perms), "n0%cr%u", 0, domid);
    set_perms(dom0, path, perms, (size_t)length + 1);
    snprintf(path, sizeof(path), "/local/domain/%u/data", domid);
    assert_int_equal(ask_write(dom0, 0, path, ""), 0);
    length = snprintf(perms, sizeof(perms), "n%u", domid);
    set_perms(dom0, path, perms, (size_t)length + 1);
}

void check_sound(struct store *store)
{
    struct buffer report = { 0 };

    if (store_check(store, &report)) {
        fail_msg("%s", report.data);
    }
    buffer_free(&report);
}

const char *journal_path(void)
{
    static char path[64];

    snprintf(path, sizeof(path), "/tmp/stored-test-%d.state", (int)getpid());
    unlink(path);
    return path;
}

size_t guest_put(struct guest *guest, const void *data, size_t length)
{
    struct xenstore_domain_interface *ring = guest->ring;
    uint32_t room = XENSTORE_RING_SIZE - (ring->req_prod - ring->req_cons);
    size_t count = length < room ? length : room;

    for (size_t i = 0; i < count; i++) {
        ring->req[MASK_XENSTORE_IDX(ring->req_prod + i)] = ((const char *)data)[i];
    }
    ring->req_prod += (uint32_t)count;
    return count;
}

size_t guest_get(struct guest *guest, void *data, size_t length)
{
    struct xenstore_domain_interface *ring = guest->ring;
    uint32_t waiting = ring->rsp_prod - ring->rsp_cons;
    size_t count = length < waiting ? length : waiting;

    for (size_t i = 0; i < count; i++) {
        ((char *)data)[i] = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons + i)];
    }
    ring->rsp_cons += (uint32_t)count;
    return count;
}
