/* SPDX-License-Identifier: MIT */
#include "pane_console_link.h"
#include "shell.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Rounds of receiving in one slice: what consoled lets through of one guest in that time, twice. */
enum { ROUNDS = 64, MS = 1000000 };

static void on_ready(void *arg, short revents);

/* To the next slice, which is the same moment for all consoles: they wake the loop once. */
static void pause_reading(struct pane_link *link)
{
    uint64_t now = loop_clock_ns() / MS;

    link->paused = true;
    loop_timer_set(link->timer, (int64_t)(LINK_SLICE_MS - now % LINK_SLICE_MS));
}

static void set_state(struct pane_link *link, enum pane_link_state state, const char *why)
{
    size_t length = strnlen(why, sizeof(link->why) - 1);

    link->state = state;
    memcpy(link->why, why, length);
    link->why[length] = 0;
    link->events->changed(link->events->arg);
}

static void disconnect(struct pane_link *link)
{
    if (link->open) {
        loop_remove_fd(link->loop, link->watch);
        link_close(&link->link);
        link->open = false;
    }
    link->watch = NULL;
    link->left_length = 0;
    link->input_length = 0;
    link->paused = false;
    loop_timer_set(link->timer, -1);
}

/* Consoled has gone, or can't be reached. */
static void go_away(struct pane_link *link, const char *why)
{
    disconnect(link);
    loop_timer_set(link->timer, link->retry_ms);
    link->retry_ms =
        link->retry_ms * 2 > LINK_RETRY_MAX_MS ? LINK_RETRY_MAX_MS : link->retry_ms * 2;
    set_state(link, PANE_LINK_AWAY, why);
}

static void give_up(struct pane_link *link, const char *why)
{
    disconnect(link);
    set_state(link, PANE_LINK_OVER, why);
}

static void update_events(struct pane_link *link)
{
    short events = 0;

    if (!link->open) {
        return;
    }
    if (!link->paused) {
        events |= POLLIN;
    }
    if (link->link.out_length) {
        events |= POLLOUT;
    }
    /* Without interest in anything, a hang-up must not wake the loop over and over. */
    loop_fd_events(link->watch, events ? events : -1);
}

static void connect_link(struct pane_link *link)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char why[200];
    int fd;

    memset(&link->link, 0, sizeof(link->link));
    fd = strlen(link->path) < sizeof(address.sun_path)
             ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
             : -1;
    strncpy(address.sun_path, link->path, sizeof(address.sun_path) - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        snprintf(why, sizeof(why), "the console daemon can't be reached (%s); trying again",
                 strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        go_away(link, why);
        return;
    }
    link->link.fd = fd;
    link->open = true;
    link->greeted = false;
    link->watch = loop_add_fd(link->loop, fd, POLLIN, on_ready, link);
    link->link.out_length = console_put_hello(link->link.out, CONSOLE_VERSION);
    link->link.out_length +=
        console_put_attach(link->link.out + link->link.out_length, &link->attach);
    loop_timer_set(link->timer, LINK_ANSWER_MS);
    set_state(link, PANE_LINK_ASKING, "");
    update_events(link);
}

/* --- what consoled says --- */

static void on_attached(struct pane_link *link, const struct console_frame *frame)
{
    struct console_attached attached;

    if (console_get_attached(frame, &attached)) {
        go_away(link, "the console daemon sent what this program does not understand");
        return;
    }
    link->known = link->replaying = true;
    link->retry_ms = LINK_RETRY_MS;
    link->window = link->columns != 0;
    loop_timer_set(link->timer, -1);
    set_state(link, PANE_LINK_ATTACHED, "");
    link->events->attached(link->events->arg, &attached);
}

static void on_end(struct pane_link *link, const struct console_frame *frame)
{
    struct console_sentence sentence;

    if (console_get_sentence(frame, &sentence)) {
        go_away(link, "the console daemon sent what this program does not understand");
    } else if (frame->type == CONSOLE_NOTICE) {
        link->events->notice(link->events->arg, sentence.text);
    } else if (frame->type == CONSOLE_END && sentence.code != CONSOLE_END_STOP) {
        give_up(link, sentence.text);
    } else if (frame->type == CONSOLE_ERROR &&
               (sentence.code == CONSOLE_ERROR_PROTOCOL ||
                (sentence.code == CONSOLE_ERROR_NO_GUEST && !link->known))) {
        give_up(link, sentence.text);
    } else {
        /* It stops, has too many clients, or does not know the guest yet. */
        go_away(link, sentence.text);
    }
}

static void handle_frame(struct pane_link *link, const struct console_frame *frame)
{
    unsigned int version;

    if (!link->greeted && frame->type == CONSOLE_HELLO) {
        link->greeted = true;
        if (console_get_hello(frame, &version) || version != CONSOLE_VERSION) {
            give_up(link, "the console daemon is of another version than this program: restart "
                          "both");
        }
        return;
    }
    switch (frame->type) {
    case CONSOLE_ATTACHED:
        on_attached(link, frame);
        break;
    case CONSOLE_DATA:
        link->left = frame->payload;
        link->left_length = frame->length;
        break;
    case CONSOLE_REPLAYED:
        link->replaying = false;
        link->events->replayed(link->events->arg);
        break;
    case CONSOLE_NOTICE:
    case CONSOLE_END:
    case CONSOLE_ERROR:
        on_end(link, frame);
        break;
    default:
        go_away(link, "the console daemon sent what this program does not understand");
    }
}

/* Hands on what has been received. False: not all of it was taken. */
static bool hand_on(struct pane_link *link, size_t *credit)
{
    struct console_frame frame;
    size_t taken;
    int got;

    while (link->open) {
        if (link->left_length) {
            taken = link->events->data(link->events->arg, link->left, link->left_length, credit);
            link->left += taken;
            link->left_length -= taken;
            if (link->left_length) {
                return false;
            }
            continue;
        }
        got = console_reader_next(&link->link.in, &frame);
        if (got < 0) {
            go_away(link, "the console daemon sent garbage");
            break;
        }
        if (got == 0) {
            break;
        }
        handle_frame(link, &frame);
    }
    return true;
}

static void receive(struct pane_link *link)
{
    size_t credit = link->replaying ? LINK_CREDIT_REPLAY : LINK_CREDIT;
    bool taken = hand_on(link, &credit);
    int err = 0;

    for (int i = 0; taken && !err && i < ROUNDS && link->open; i++) {
        err = link_receive(&link->link);
        if (!err) {
            taken = hand_on(link, &credit);
        }
    }
    if (link->open && err && err != -EAGAIN) {
        go_away(link, "the console daemon has gone; waiting for it");
    } else if (link->open && link->state == PANE_LINK_ATTACHED) {
        pause_reading(link);
    }
}

/* --- what is typed --- */

/* Moves typed bytes into frames, as far as there is room. */
static void send_input(struct pane_link *link)
{
    while (link->input_length && link_has_room(&link->link)) {
        size_t length =
            link->input_length < CONSOLE_PAYLOAD_MAX ? link->input_length : CONSOLE_PAYLOAD_MAX;

        link_put(&link->link, CONSOLE_DATA, link->input, length);
        link->input_length -= length;
        memmove(link->input, link->input + length, link->input_length);
    }
    if (link->window && link_has_room(&link->link)) {
        link->window = false;
        link_put_window(&link->link, link->columns, link->rows);
    }
}

static void send_all(struct pane_link *link)
{
    int err = 0;

    while (link->open && !err) {
        if (link->state == PANE_LINK_ATTACHED) {
            send_input(link);
        }
        if (!link->link.out_length) {
            break;
        }
        err = link_send(&link->link); /* a failure shows when receiving */
    }
    update_events(link);
}

bool pane_link_type(struct pane_link *link, const void *bytes, size_t length)
{
    if (link->state != PANE_LINK_ATTACHED || length > LINK_INPUT_MAX - link->input_length) {
        return false;
    }
    memcpy(link->input + link->input_length, bytes, length);
    link->input_length += length;
    send_all(link);
    return true;
}

void pane_link_window(struct pane_link *link, int columns, int rows)
{
    link->columns = (uint16_t)columns;
    link->rows = (uint16_t)rows;
    link->window = true;
    send_all(link);
}

/* --- the loop --- */

static void on_ready(void *arg, short revents)
{
    struct pane_link *link = arg;

    if (revents & (POLLIN | POLLHUP | POLLERR)) {
        receive(link);
    }
    send_all(link);
}

static void on_timer(void *arg)
{
    struct pane_link *link = arg;

    if (!link->open) {
        connect_link(link);
    } else if (link->state == PANE_LINK_ASKING) {
        go_away(link, "the console daemon does not answer; trying again");
    } else {
        link->paused = false;
        if (link->left_length) {
            receive(link);
        }
        send_all(link);
    }
}

void pane_link_open(struct pane_link *link, struct loop *loop, const char *path,
                    const struct console_attach *attach, const struct pane_link_events *events)
{
    memset(link, 0, sizeof(*link));
    link->loop = loop;
    link->path = path;
    link->attach = *attach;
    link->events = events;
    link->retry_ms = LINK_RETRY_MS;
    link->input = shell_need(malloc(LINK_INPUT_MAX));
    link->timer = loop_add_timer(loop, on_timer, link);
    connect_link(link);
}

void pane_link_again(struct pane_link *link)
{
    disconnect(link);
    link->retry_ms = LINK_RETRY_MS;
    connect_link(link);
}

void pane_link_close(struct pane_link *link)
{
    disconnect(link);
    loop_remove_timer(link->loop, link->timer);
    free(link->input);
}
