/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_LIMIT_MS 10000

bool link_has_room(const struct console_link *link)
{
    return sizeof(link->out) - link->out_length >= CONSOLE_FRAME_MAX;
}

void link_put(struct console_link *link, enum console_frame_type type, const void *payload,
              size_t length)
{
    if (link_has_room(link)) {
        link->out_length += console_put(link->out + link->out_length, type, payload, length);
    }
}

void link_put_window(struct console_link *link, uint16_t columns, uint16_t rows)
{
    if (link_has_room(link)) {
        link->out_length += console_put_window(link->out + link->out_length, columns, rows);
    }
}

int link_send(struct console_link *link)
{
    ssize_t n = send(link->fd, link->out, link->out_length, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0) {
        return errno == EINTR ? -EAGAIN : -errno;
    }
    link->out_length -= (size_t)n;
    memmove(link->out, link->out + n, link->out_length);
    return 0;
}

int link_receive(struct console_link *link)
{
    size_t space;
    uint8_t *to = console_reader_space(&link->in, &space);
    ssize_t n;

    if (!space) {
        return -EAGAIN;
    }
    n = recv(link->fd, to, space, MSG_DONTWAIT);
    if (n > 0) {
        console_reader_add(&link->in, (size_t)n);
        return 0;
    }
    if (n == 0 || errno == ECONNRESET) {
        return -EPIPE;
    }
    return errno == EINTR ? -EAGAIN : -errno;
}

int link_next(struct console_link *link, struct console_frame *frame)
{
    struct pollfd pfd = { .fd = link->fd };
    int got, err = 0;

    while ((got = console_reader_next(&link->in, frame)) == 0 && !err) {
        pfd.events = (short)(POLLIN | (link->out_length ? POLLOUT : 0));
        got = poll(&pfd, 1, ANSWER_LIMIT_MS);
        if (got == 0) {
            return -ETIMEDOUT;
        }
        if (got < 0) {
            err = errno == EINTR ? 0 : -errno;
            continue;
        }
        if (pfd.revents & POLLOUT) {
            (void)link_send(link); /* a failure shows when receiving */
        }
        if (pfd.revents & (POLLIN | POLLHUP | POLLERR)) {
            err = link_receive(link);
            err = err == -EAGAIN ? 0 : err;
        }
    }
    return err ? err : got < 0 ? got : 0;
}

int link_open(struct console_link *link, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct console_frame frame;
    unsigned int version;
    int err = 0;

    memset(link, 0, sizeof(*link));
    if (strlen(path) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    strcpy(address.sun_path, path);
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->fd < 0) {
        return -errno;
    }
    if (connect(link->fd, (struct sockaddr *)&address, sizeof(address))) {
        err = -errno;
    } else {
        link->out_length = console_put_hello(link->out, CONSOLE_VERSION);
        err = link_next(link, &frame);
    }
    if (!err) {
        err = frame.type == CONSOLE_ERROR ? -EUSERS : console_get_hello(&frame, &version);
    }
    if (!err && version != CONSOLE_VERSION) {
        err = -EPROTONOSUPPORT;
    }
    if (err) {
        link_close(link);
    }
    return err;
}

void link_close(struct console_link *link)
{
    close(link->fd);
}

int link_ask_attach(struct console_link *link, const struct console_attach *attach,
                    struct console_frame *answer)
{
    link->out_length += console_put_attach(link->out + link->out_length, attach);
    return link_next(link, answer);
}
