/* SPDX-License-Identifier: MIT */
#include "fake_consoled.h"
#include "protocol.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENTS = 8 };

struct client {
    int fd; /* -1: none */
    struct console_reader in;
    bool attached, replaying;
    size_t position;
};

struct fake_consoled fake_consoled;

static struct client clients[CLIENTS];
static int listening, wake[2];
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *scrollback;
static size_t length;
static bool stopping;

static void write_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        at += n;
        size -= (size_t)n;
    }
}

static void put(struct client *client, enum console_frame_type type, const void *payload,
                size_t size)
{
    uint8_t buffer[CONSOLE_FRAME_MAX];
    write_all(client->fd, buffer, console_put(buffer, type, payload, size));
}

static void put_sentence(struct client *client, enum console_frame_type type, uint8_t code,
                         const char *text)
{
    uint8_t buffer[CONSOLE_FRAME_MAX];
    write_all(client->fd, buffer, console_put_sentence(buffer, type, code, text));
}

static void append(const void *bytes, size_t size)
{
    scrollback = realloc(scrollback, length + size);
    memcpy(scrollback + length, bytes, size);
    length += size;
}

static void drop(struct client *client)
{
    close(client->fd);
    *client = (struct client){ .fd = -1 };
}

static void attach(struct client *client, const struct console_frame *frame)
{
    struct console_attach attach;
    struct console_attached attached = {
        .domid = fake_consoled.domid,
        .state = fake_consoled.ended ? CONSOLE_GUEST_ENDED : CONSOLE_GUEST_ALIVE,
    };
    uint8_t buffer[CONSOLE_FRAME_MAX];
    if (console_get_attach(frame, &attach) || !fake_consoled.guest ||
        strcmp(attach.guest, fake_consoled.guest)) {
        put_sentence(client, CONSOLE_ERROR, CONSOLE_ERROR_NO_GUEST, "there is no such guest here");
        drop(client);
        return;
    }
    strcpy(attached.name, attach.guest);
    write_all(client->fd, buffer, console_put_attached(buffer, &attached));
    client->attached = client->replaying = true;
    client->position = attach.flags & CONSOLE_ATTACH_REPLAY ? 0 : length;
    fake_consoled.attached++;
}

static void detach(struct client *client)
{
    if (fake_consoled.deaf)
        return;
    bool ends = fake_consoled.ends_clients;
    put_sentence(client, CONSOLE_END, ends ? CONSOLE_END_GUEST : CONSOLE_END_DETACHED,
                 "the guest has ended");
    drop(client);
}

static void handle(struct client *client, const struct console_frame *frame)
{
    uint8_t buffer[CONSOLE_FRAME_MAX];
    switch (frame->type) {
    case CONSOLE_HELLO:
        write_all(client->fd, buffer, console_put_hello(buffer, CONSOLE_VERSION));
        break;
    case CONSOLE_ATTACH:
        attach(client, frame);
        break;
    case CONSOLE_DATA:
        if (fake_consoled.typed_length + frame->length <= sizeof(fake_consoled.typed)) {
            memcpy(fake_consoled.typed + fake_consoled.typed_length, frame->payload, frame->length);
            fake_consoled.typed_length += frame->length;
        }
        if (fake_consoled.answer)
            append(fake_consoled.answer, strlen(fake_consoled.answer));
        break;
    case CONSOLE_WINDOW:
        break;
    case CONSOLE_DETACH:
        detach(client);
        break;
    default:
        abort();
    }
}

static void receive(struct client *client)
{
    struct console_frame frame;
    size_t space;
    uint8_t *to = console_reader_space(&client->in, &space);
    ssize_t n = recv(client->fd, to, space, MSG_DONTWAIT);
    if (n <= 0) {
        drop(client);
        return;
    }
    console_reader_add(&client->in, (size_t)n);
    while (client->fd >= 0 && console_reader_next(&client->in, &frame) > 0)
        handle(client, &frame);
}

static void send_news(struct client *client)
{
    while (client->position < length) {
        size_t size = length - client->position;
        if (size > CONSOLE_PAYLOAD_MAX)
            size = CONSOLE_PAYLOAD_MAX;
        put(client, CONSOLE_DATA, scrollback + client->position, size);
        client->position += size;
    }
    if (client->replaying)
        put(client, CONSOLE_REPLAYED, NULL, 0);
    client->replaying = false;
}

static void serve(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0 && clients[i].attached)
            send_news(&clients[i]);
}

static void accept_one(void)
{
    int fd = accept(listening, NULL, NULL);
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].fd < 0) {
            clients[i].fd = fd;
            return;
        }
    abort();
}

static void *run(void *arg)
{
    for (;;) {
        struct pollfd fds[CLIENTS + 2] = { { wake[0], POLLIN }, { listening, POLLIN } };
        for (size_t i = 0; i < CLIENTS; i++)
            fds[i + 2] = (struct pollfd){ clients[i].fd, POLLIN };
        poll(fds, CLIENTS + 2, -1);
        pthread_mutex_lock(&lock);
        char byte;
        bool stop = stopping;
        if (fds[0].revents && read(wake[0], &byte, 1) != 1)
            abort();
        for (size_t i = 0; i < CLIENTS; i++)
            if (fds[i + 2].revents)
                receive(&clients[i]);
        if (fds[1].revents)
            accept_one();
        serve();
        pthread_mutex_unlock(&lock);
        if (stop)
            return NULL;
    }
}

void fake_consoled_start(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strcpy(address.sun_path, path);
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = (struct client){ .fd = -1 };
    stopping = false;
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (struct sockaddr *)&address, sizeof(address)) || listen(listening, 5) ||
        pipe(wake) || pthread_create(&thread, NULL, run, NULL))
        abort();
}

static void kick(void)
{
    if (write(wake[1], "", 1) != 1)
        abort();
}

void fake_consoled_stop(void)
{
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_mutex_unlock(&lock);
    kick();
    pthread_join(thread, NULL);
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0)
            drop(&clients[i]);
    close(listening);
    close(wake[0]);
    close(wake[1]);
    free(scrollback);
    scrollback = NULL;
    length = 0;
}

void fake_consoled_say_bytes(const void *bytes, size_t size)
{
    pthread_mutex_lock(&lock);
    append(bytes, size);
    pthread_mutex_unlock(&lock);
    kick();
}

void fake_consoled_say(const char *text)
{
    fake_consoled_say_bytes(text, strlen(text));
}
