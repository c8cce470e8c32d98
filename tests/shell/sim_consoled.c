/* SPDX-License-Identifier: MIT */
/*
 * A simulated console daemon: consoled's protocol, and guests that do what their names say:
 *
 *   web...    a shell on a pseudo-terminal: what is a full-screen program runs there
 *   build...  write PANDO_SIM_RATE lines a second (preset 1000), numbered
 *   mail...   write what would upset a terminal, each time something is typed
 *   others    say who they are, and repeat what is typed
 *
 * sim-consoled SOCKET
 */
#include "protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 20, LINES_AT_ONCE = 60 };

struct client {
    int fd, pty;
    pid_t child;
    char name[CONSOLE_NAME_MAX + 1];
    struct console_reader reader;
    uint64_t line, start_ns;
};

static const char hostile[] =
    "\033]0;title\a\033[?1049h\033[8;5;5t\033[21t\033c\033[6n\033[c\033[5i\033P+q\033\\"
    "\033]52;c;aGFja2Vk\a\xff\xfe\xc0\xaf\x9b"
    "2J\033[999999999b\033#8\033[?1000h\016hostile\017\r\n";

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool send_all(const struct client *client, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length) {
        ssize_t done = send(client->fd, at, length, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        at += done;
        length -= (size_t)done;
    }
    return true;
}

static bool say(const struct client *client, const void *bytes, size_t length)
{
    uint8_t frame[CONSOLE_FRAME_MAX];
    const uint8_t *at = bytes;
    while (length) {
        size_t part = length < CONSOLE_PAYLOAD_MAX ? length : CONSOLE_PAYLOAD_MAX;
        if (!send_all(client, frame, console_put(frame, CONSOLE_DATA, at, part)))
            return false;
        at += part;
        length -= part;
    }
    return true;
}

static bool say_text(const struct client *client, const char *text)
{
    return say(client, text, strlen(text));
}

static bool is(const struct client *client, const char *kind)
{
    return !strncmp(client->name, kind, strlen(kind));
}

static bool attach(struct client *client, const struct console_frame *frame)
{
    struct console_attach request;
    struct console_attached answer = { .domid = 1, .state = CONSOLE_GUEST_ALIVE };
    uint8_t out[CONSOLE_FRAME_MAX];
    char text[400];

    if (console_get_attach(frame, &request))
        return false;
    snprintf(client->name, sizeof(client->name), "%s", request.guest);
    if (is(client, "nobody")) {
        send_all(client, out,
                 console_put_sentence(out, CONSOLE_ERROR, CONSOLE_ERROR_NO_GUEST,
                                      "nobody is not there"));
        return false;
    }
    snprintf(answer.name, sizeof(answer.name), "%s", request.guest);
    answer.flags = request.flags;
    if (!send_all(client, out, console_put_attached(out, &answer)) ||
        !send_all(client, out, console_put(out, CONSOLE_REPLAYED, NULL, 0)))
        return false;
    if (is(client, "web")) {
        struct winsize size = { .ws_row = 24, .ws_col = 80 };
        client->child = forkpty(&client->pty, NULL, NULL, &size);
        if (client->child == 0) {
            setenv("TERM", "xterm", 1);
            setenv("PS1", "web# ", 1);
            execlp("sh", "sh", "-i", NULL);
            _exit(127);
        }
        return true;
    }
    snprintf(text, sizeof(text), "This is the console of %.255s.\r\n", client->name);
    client->start_ns = now_ns();
    return say_text(client, text);
}

static bool typed(struct client *client, const struct console_frame *frame)
{
    if (client->pty >= 0)
        return write(client->pty, frame->payload, frame->length) >= 0;
    /* Not for what the terminal answers: each would bring several more, without an end. */
    if (is(client, "mail"))
        return frame->payload[0] == '\033' || say(client, hostile, sizeof(hostile) - 1);
    if (is(client, "build"))
        return true;
    for (size_t i = 0; i < frame->length; i++)
        if (!say(client, frame->payload[i] == '\r' ? (const void *)"\r\n" : &frame->payload[i],
                 frame->payload[i] == '\r' ? 2 : 1))
            return false;
    return true;
}

/* False: the connection is to be ended. */
static bool take(struct client *client, const struct console_frame *frame)
{
    uint8_t out[CONSOLE_FRAME_MAX];
    switch (frame->type) {
    case CONSOLE_HELLO:
        return send_all(client, out, console_put_hello(out, CONSOLE_VERSION));
    case CONSOLE_ATTACH:
        return attach(client, frame);
    case CONSOLE_DATA:
        return typed(client, frame);
    case CONSOLE_WINDOW:
        return true;
    case CONSOLE_DETACH:
        send_all(client, out,
                 console_put_sentence(out, CONSOLE_END, CONSOLE_END_DETACHED, "detached"));
        return false;
    default:
        return false;
    }
}

/* The lines that are due; the next turn waits until the client has taken these. */
static bool flood(struct client *client)
{
    const char *wanted = getenv("PANDO_SIM_RATE");
    uint64_t rate = wanted ? strtoull(wanted, NULL, 10) : 1000;
    uint64_t due = (now_ns() - client->start_ns) / 1000 * rate / 1000000;
    char text[LINES_AT_ONCE * 64];
    size_t length = 0;

    for (int i = 0; i < LINES_AT_ONCE && client->line < due; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "line %" PRIu64 " of a flood, with some words behind it\r\n",
                                   client->line++);
    return !length || say(client, text, length);
}

static bool receive(struct client *client)
{
    struct console_frame frame;
    size_t space;
    uint8_t *to = console_reader_space(&client->reader, &space);
    ssize_t got = recv(client->fd, to, space, 0);
    if (got <= 0)
        return false;
    console_reader_add(&client->reader, (size_t)got);
    while (console_reader_next(&client->reader, &frame) == 1)
        if (!take(client, &frame))
            return false;
    return true;
}

static bool from_pty(const struct client *client)
{
    char bytes[CONSOLE_PAYLOAD_MAX];
    ssize_t got = read(client->pty, bytes, sizeof(bytes));
    return got > 0 && say(client, bytes, (size_t)got);
}

static void *serve(void *arg)
{
    struct client *client = arg;
    bool goes_on = true;
    while (goes_on) {
        bool floods = is(client, "build");
        struct pollfd fds[2] = { { .fd = client->fd, .events = POLLIN },
                                 { .fd = client->pty, .events = POLLIN } };
        poll(fds, 2, floods ? TICK_MS : -1);
        if (fds[0].revents)
            goes_on = receive(client);
        if (goes_on && fds[1].revents)
            goes_on = from_pty(client);
        if (goes_on && floods)
            goes_on = flood(client);
    }
    close(client->fd);
    if (client->pty >= 0) {
        close(client->pty);
        kill(client->child, SIGKILL);
        waitpid(client->child, NULL, 0);
    }
    free(client);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc != 2) {
        fputs("usage: sim-consoled SOCKET\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
    unlink(argv[1]);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 64)) {
        perror("sim-consoled");
        return 1;
    }
    for (;;) {
        pthread_t thread;
        struct client *client = calloc(1, sizeof(*client));
        client->pty = -1;
        client->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (client->fd < 0 || pthread_create(&thread, NULL, serve, client)) {
            free(client);
            continue;
        }
        pthread_detach(thread);
    }
}
