/* SPDX-License-Identifier: MIT */
#include "socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "request.h"

/* Requests served of one client before the next one's turn. */
#define SERVE_AT_ONCE 16

struct socket_client {
    TAILQ_ENTRY(socket_client) link;
    struct source source;
    struct conn *conn;
    bool ended;
};
TAILQ_HEAD(client_list, socket_client);

static struct client_list clients = TAILQ_HEAD_INITIALIZER(clients);
static struct source listener = { .fd = -1 };
static struct store *listener_store;
static struct loop *listener_loop;

static void set_interest(struct socket_client *client)
{
    uint32_t events =
        (conn_may_serve(client->conn) ? EPOLLIN : 0u) | (client->conn->out_bytes ? EPOLLOUT : 0u);

    if (!client->ended) {
        loop_set(listener_loop, &client->source, events);
    }
}

/* Sends what is queued; a client with too much in its queue is given up. */
static void flush_client(struct conn *conn)
{
    struct socket_client *client = conn->client;
    struct message *message;

    while (!client->ended && (message = TAILQ_FIRST(&conn->out))) {
        ssize_t n = send(client->source.fd, message->data + message->sent,
                         message->length - message->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0) {
            conn_sent(conn, (size_t)n);
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else if (n < 0 && errno != EINTR) {
            client->ended = true;
        }
    }
    client->ended |= conn->hopeless;
    set_interest(client);
}

/* Reads until @want bytes of the request are there: 1, or 0 if not yet. */
static int read_up_to(struct socket_client *client, size_t want)
{
    struct input *in = &client->conn->in;

    while (in->have < want) {
        ssize_t n = recv(client->source.fd, in->data + in->have, want - in->have, MSG_DONTWAIT);

        if (n > 0) {
            in->have += (uint32_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            client->ended = true;
            return 0;
        } else if (errno == EAGAIN) {
            return 0;
        }
    }
    return 1;
}

static bool read_request(struct socket_client *client, struct xsd_sockmsg *header)
{
    if (!read_up_to(client, sizeof(*header))) {
        return false;
    }
    memcpy(header, client->conn->in.data, sizeof(*header));
    if (header->len > XENSTORE_PAYLOAD_MAX) {
        conn_log(client->conn, "sends a request that is too long: disconnected");
        client->ended = true;
        return false;
    }
    return read_up_to(client, sizeof(*header) + header->len);
}

static void client_event(struct source *source, uint32_t events)
{
    struct socket_client *client = source->context;
    struct conn *conn = client->conn;
    struct xsd_sockmsg header;

    if (events & EPOLLOUT) {
        conn_set_dirty(conn);
    }
    if (!(events & EPOLLIN)) {
        client->ended |= (events & (EPOLLHUP | EPOLLERR)) != 0;
        return;
    }
    for (unsigned int i = 0; i < SERVE_AT_ONCE && conn_may_serve(conn); i++) {
        if (!read_request(client, &header)) {
            break;
        }
        request_handle(conn, &header, conn->in.data + sizeof(header));
        conn->in.have = 0;
    }
    conn_set_dirty(conn);
}

void socket_add(struct loop *loop, struct store *store, int fd)
{
    struct socket_client *client = xcalloc(1, sizeof(*client));

    listener_loop = loop;
    client->conn = conn_new(store, DOM0);
    client->conn->client = client;
    client->conn->flush = flush_client;
    client->source = (struct source){ .fd = fd, .handle = client_event, .context = client };
    TAILQ_INSERT_TAIL(&clients, client, link);
    loop_add(loop, &client->source, EPOLLIN);
}

static void client_close(struct socket_client *client)
{
    loop_remove(listener_loop, &client->source);
    close(client->source.fd);
    conn_free(client->conn);
    TAILQ_REMOVE(&clients, client, link);
    free(client);
    if (listener.fd >= 0) {
        loop_set(listener_loop, &listener, EPOLLIN);
    }
}

void socket_reap(void)
{
    struct socket_client *client, *next;

    for (client = TAILQ_FIRST(&clients); client; client = next) {
        next = TAILQ_NEXT(client, link);
        if (client->ended) {
            client_close(client);
        }
    }
}

void socket_close_all(void)
{
    if (listener.fd >= 0) {
        loop_remove(listener_loop, &listener);
        close(listener.fd);
        listener.fd = -1;
    }
    while (!TAILQ_EMPTY(&clients)) {
        client_close(TAILQ_FIRST(&clients));
    }
}

static void listener_event(struct source *source, uint32_t events)
{
    int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        socket_add(listener_loop, listener_store, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
        log_line("a client must wait until another one ends: %s", strerror(errno));
        loop_set(listener_loop, source, 0);
    }
}

void socket_serve(struct loop *loop, struct store *store, int fd)
{
    listener_loop = loop;
    listener_store = store;
    listener = (struct source){ .fd = fd, .handle = listener_event };
    loop_add(loop, &listener, EPOLLIN);
}

int socket_listen(struct loop *loop, struct store *store, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd, err = ENAMETOOLONG;

    if (strlen(path) >= sizeof(address.sun_path)) {
        goto failed;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        err = errno;
        goto failed;
    }
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0600) < 0 ||
        listen(fd, 128) < 0) {
        err = errno;
        close(fd);
        goto failed;
    }
    socket_serve(loop, store, fd);
    return 0;
failed:
    log_line("%s: %s: can't listen there", path, strerror(err));
    return -err;
}
