/* SPDX-License-Identifier: MIT */
#include "store_conn.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PARTS_MAX 8

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct store *store_open_fd(int fd)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store) {
        return NULL;
    }
    store->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->wake < 0) {
        free(store);
        return NULL;
    }
    store->fd = fd;
    store->limit_ms = STORE_REQUEST_LIMIT_MS;
    store->tail = &store->head;
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

/* Connects; a daemon that hangs may have no room for more connections. */
static int conn_connect(int fd, const struct sockaddr_un *addr, int64_t deadline)
{
    const struct timespec pause = { .tv_nsec = 5000000 };

    while (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        if (now_ms() >= deadline) {
            return -ETIMEDOUT;
        }
        nanosleep(&pause, NULL);
    }
    return 0;
}

int store_open(struct store **store, const char *path)
{
    return store_open_within(store, path, STORE_REQUEST_LIMIT_MS);
}

int store_open_within(struct store **store, const char *path, int limit_ms)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd, err;

    if (!path) {
        path = STORE_SOCKET;
    }
    if (strlen(path) >= sizeof(addr.sun_path)) {
        return -ENAMETOOLONG;
    }
    strcpy(addr.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    err = conn_connect(fd, &addr, now_ms() + limit_ms);
    if (err) {
        close(fd);
        return err;
    }
    *store = store_open_fd(fd);
    if (!*store) {
        close(fd);
        return -ENOMEM;
    }
    (*store)->limit_ms = limit_ms;
    return 0;
}

void store_event_free(struct store_event *event)
{
    free(event->path);
    event->path = event->token = NULL;
}

void store_close(struct store *store)
{
    struct store_queued *item;

    if (!store) {
        return;
    }
    while ((item = store->head)) {
        store->head = item->next;
        store_event_free(&item->event);
        free(item);
    }
    close(store->fd);
    close(store->wake);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

int store_fd(const struct store *store)
{
    return store->fd;
}

int store_failure(struct store *store)
{
    int err;

    pthread_mutex_lock(&store->lock);
    err = store->failed;
    pthread_mutex_unlock(&store->lock);
    return err;
}

static int conn_fail(struct store *store, int err)
{
    if (!store->failed) {
        store->failed = err;
    }
    return err;
}

/* Waits for the socket; 0, -ETIMEDOUT or an error. @deadline in ms of CLOCK_MONOTONIC, -1: none. */
static int conn_wait(struct store *store, short events, int64_t deadline)
{
    struct pollfd pfd = { .fd = store->fd, .events = events };

    for (;;) {
        int64_t left = deadline < 0 ? -1 : deadline - now_ms();
        int n;

        if (deadline >= 0 && left < 0) {
            left = 0;
        }
        n = poll(&pfd, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (n > 0) {
            return 0;
        }
        if (n == 0) {
            return -ETIMEDOUT;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

static int conn_read(struct store *store, void *buf, size_t size, int64_t deadline)
{
    char *p = buf;

    while (size) {
        ssize_t n = recv(store->fd, p, size, MSG_DONTWAIT);

        if (n > 0) {
            p += n;
            size -= (size_t)n;
        } else if (n == 0) {
            return -EPIPE;
        } else if (errno == EAGAIN) {
            int err = conn_wait(store, POLLIN, deadline);

            if (err) {
                return err;
            }
        } else if (errno != EINTR) {
            return errno == ECONNRESET ? -EPIPE : -errno;
        }
    }
    return 0;
}

static int conn_write(struct store *store, const void *buf, size_t size, int64_t deadline)
{
    const char *p = buf;

    while (size) {
        ssize_t n = send(store->fd, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0) {
            p += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN) {
            int err = conn_wait(store, POLLOUT, deadline);

            if (err) {
                return err;
            }
        } else if (errno != EINTR) {
            return errno == ECONNRESET ? -EPIPE : -errno;
        }
    }
    return 0;
}

/* Reads one message; the payload gets a NUL behind it. */
static int conn_read_message(struct store *store, struct xsd_sockmsg *header, char **payload,
                             int64_t deadline)
{
    char *buf;
    int err = conn_read(store, header, sizeof(*header), deadline);

    if (err) {
        return err;
    }
    if (header->len > XENSTORE_PAYLOAD_MAX) {
        return -EPROTO;
    }
    buf = malloc(header->len + 1);
    if (!buf) {
        return -ENOMEM;
    }
    err = conn_read(store, buf, header->len, deadline);
    if (err) {
        free(buf);
        return err;
    }
    buf[header->len] = '\0';
    *payload = buf;
    return 0;
}

/* Queues the event "path\0token\0"; takes over @payload. */
static int conn_queue_event(struct store *store, char *payload, uint32_t length)
{
    size_t path = strlen(payload);
    struct store_queued *item;

    if (path + 1 >= length) {
        free(payload);
        return -EPROTO;
    }
    item = calloc(1, sizeof(*item));
    if (!item) {
        free(payload);
        return -ENOMEM;
    }
    item->event.path = payload;
    item->event.token = payload + path + 1;
    if (store->queued == STORE_QUEUE_MAX) {
        struct store_queued *oldest = store->head;

        store->head = oldest->next;
        store_event_free(&oldest->event);
        free(oldest);
        store->queued--;
    }
    *store->tail = item;
    store->tail = &item->next;
    store->queued++;
    return 0;
}

/* The errno of an error answer, which names it: "ENOENT". */
static int error_from_name(const char *name)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        if (!strcmp(name, xsd_errors[i].errstring)) {
            return -xsd_errors[i].errnum;
        }
    }
    return -EIO;
}

static int conn_send_request(struct store *store, struct xsd_sockmsg *header,
                             const struct iovec *parts, int count, int64_t deadline)
{
    char message[sizeof(*header) + XENSTORE_PAYLOAD_MAX];
    size_t length = sizeof(*header);

    memcpy(message, header, sizeof(*header));
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len) {
            memcpy(message + length, parts[i].iov_base, parts[i].iov_len);
        }
        length += parts[i].iov_len;
    }
    return conn_write(store, message, length, deadline);
}

/* Reads until the answer to request @id comes, whose *payload is set; events on the way are queued.
 */
static int conn_read_reply(struct store *store, uint32_t id, struct xsd_sockmsg *header,
                           char **payload, int64_t deadline)
{
    for (;;) {
        char *message;
        int err = conn_read_message(store, header, &message, deadline);
        uint64_t one = 1;

        if (err) {
            return err;
        }
        if (header->type != XS_WATCH_EVENT) {
            if (header->req_id == id) {
                *payload = message;
                return 0;
            }
            free(message);
            return -EPROTO;
        }
        err = conn_queue_event(store, message, header->len);
        if (err) {
            return err;
        }
        /* Another thread may sleep in store_watch_next(). A full counter wakes it as well. */
        if (write(store->wake, &one, sizeof(one)) < 0 && errno != EAGAIN) {
            return -errno;
        }
    }
}

int store_request(struct store *store, enum xsd_sockmsg_type type, uint32_t tx,
                  const struct iovec *parts, int count, char **reply, size_t *length)
{
    struct xsd_sockmsg header = { .type = type, .tx_id = tx };
    int64_t deadline = now_ms() + store->limit_ms;
    size_t size = 0;
    char *payload = NULL;
    int err;

    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len > XENSTORE_PAYLOAD_MAX - size) {
            return -E2BIG;
        }
        size += parts[i].iov_len;
    }
    header.len = (uint32_t)size;

    pthread_mutex_lock(&store->lock);
    err = store->failed;
    if (!err) {
        header.req_id = ++store->next_id;
        err = conn_send_request(store, &header, parts, count, deadline);
        if (!err) {
            err = conn_read_reply(store, header.req_id, &header, &payload, deadline);
        }
        if (err) {
            conn_fail(store, err);
        } else if (header.type != XS_ERROR && header.type != (uint32_t)type) {
            err = conn_fail(store, -EPROTO);
        }
    }
    pthread_mutex_unlock(&store->lock);
    if (!err && header.type == XS_ERROR) {
        err = error_from_name(payload);
    }
    if (err || !reply) {
        free(payload);
        return err;
    }
    *reply = payload;
    if (length) {
        *length = header.len;
    }
    return 0;
}

static bool queue_pop(struct store *store, struct store_event *event)
{
    struct store_queued *item = store->head;

    if (!item) {
        return false;
    }
    store->head = item->next;
    if (!store->head) {
        store->tail = &store->head;
    }
    store->queued--;
    *event = item->event;
    free(item);
    return true;
}

/* Takes what the socket has now, at most one message, and queues it. Called with the lock held. */
static int conn_pump(struct store *store)
{
    struct xsd_sockmsg header;
    char *payload;
    int err = conn_wait(store, POLLIN, 0);

    if (err) {
        return err == -ETIMEDOUT ? 0 : err;
    }
    err = conn_read_message(store, &header, &payload, now_ms() + store->limit_ms);
    if (err) {
        return conn_fail(store, err);
    }
    if (header.type != XS_WATCH_EVENT) {
        free(payload);
        return conn_fail(store, -EPROTO);
    }
    err = conn_queue_event(store, payload, header.len);
    return err ? conn_fail(store, err) : 0;
}

int store_watch_next(struct store *store, int timeout_ms, struct store_event *event)
{
    int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    uint64_t count;

    for (;;) {
        struct pollfd fds[2] = { { .fd = store->fd, .events = POLLIN },
                                 { .fd = store->wake, .events = POLLIN } };
        int64_t left = -1;
        int err = 0;
        bool got;

        pthread_mutex_lock(&store->lock);
        got = queue_pop(store, event);
        if (!got) {
            err = store->failed ? store->failed : conn_pump(store);
            got = !err && queue_pop(store, event);
        }
        pthread_mutex_unlock(&store->lock);
        if (got || err) {
            return err;
        }
        if (deadline >= 0) {
            left = deadline - now_ms();
            if (left <= 0) {
                return -ETIMEDOUT;
            }
        }
        if (poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR) {
            return -errno;
        }
        if ((fds[1].revents & POLLIN) && read(store->wake, &count, sizeof(count)) < 0 &&
            errno != EAGAIN) {
            return -errno;
        }
    }
}
