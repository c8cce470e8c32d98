/* SPDX-License-Identifier: MIT */
#include "attach.h"
#include "link.h"
#include "protocol.h"
#include "query.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Bytes written to a terminal or pipe at once: it may block beyond what poll() promised. */
#define WRITE_MAX 1024u

/* ms to wait for consoled to confirm that all input has been taken: for a person, for a script. */
#define DETACH_PATIENCE        2000
#define DETACH_PATIENCE_SCRIPT 30000

#define INPUT_MAX              1024u /* bytes of input in one frame */

enum { RUNNING = -1 };

struct session {
    const struct console_attach_options *options;
    struct console_link link;
    int result;       /* RUNNING, or what to return when the screen's bytes are out */
    bool input_open;  /* standard input has not ended */
    bool replaying;   /* what comes is scrollback */
    bool told;        /* that input isn't sent */
    int64_t leave_at; /* detaching: when not to wait any longer; 0 if not detaching */
    struct query_filter filter;
    size_t screen_length;
    uint8_t screen[4 * CONSOLE_PAYLOAD_MAX]; /* bytes to be written to standard output */
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool has_room(const struct session *session)
{
    return sizeof(session->screen) - session->screen_length >= 2 * CONSOLE_PAYLOAD_MAX;
}

static void complain(const struct console_attach_options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void complain(const struct console_attach_options *options, const char *format, ...)
{
    char text[CONSOLE_PAYLOAD_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (options->complain) {
        options->complain(options->complain_arg, text);
    } else {
        fprintf(stderr, "pando: %s\n", text);
    }
}

/* Shows a line of our own: on the screen when that is a raw terminal, else as a message. */
static void say(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct session *session, const char *format, ...)
{
    char text[CONSOLE_PAYLOAD_MAX - 16], line[CONSOLE_PAYLOAD_MAX];
    va_list args;
    size_t length;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!terminal_has_input()) {
        complain(session->options, "%s", text);
        return;
    }
    if (!isatty(STDOUT_FILENO)) {
        fprintf(stderr, "[pando: %s]\r\n", text);
        return;
    }
    length = (size_t)snprintf(line, sizeof(line), "\r\n[pando: %s]\r\n", text);
    if (length <= sizeof(session->screen) - session->screen_length) {
        memcpy(session->screen + session->screen_length, line, length);
        session->screen_length += length;
    }
}

/* "Ctrl-]" for 0x1d. */
static const char *key_name(int key, char *buf, size_t size)
{
    if (key < 0x20) {
        snprintf(buf, size, "Ctrl-%c", key + 0x40);
    } else if (key < 0x7f) {
        snprintf(buf, size, "'%c'", key);
    } else {
        snprintf(buf, size, "byte 0x%02x", (unsigned int)key);
    }
    return buf;
}

static void greet(struct session *session, const struct console_attached *attached)
{
    char key[16], detach[64] = "";

    if (!terminal_has_input()) {
        return;
    }
    if (session->options->escape != CONSOLE_ESCAPE_NONE) {
        snprintf(detach, sizeof(detach), "; %s detaches",
                 key_name(session->options->escape, key, sizeof(key)));
    }
    say(session, "console of %s%s%s%s", attached->name,
        session->options->read_only ? ", read-only" : "",
        attached->state == CONSOLE_GUEST_ENDED ? ", which has ended" : "", detach);
}

/* --- from consoled -------------------------------------------------------------------- */

static void show(struct session *session, const struct console_frame *frame)
{
    uint8_t *to = session->screen + session->screen_length;

    /* Who leaves a terminal wants to leave; a script wants what it has asked for. */
    if (session->leave_at && terminal_has_input()) {
        return;
    }
    if (session->replaying && terminal_has_output()) {
        session->screen_length += query_filter(&session->filter, frame->payload, frame->length, to);
    } else {
        memcpy(to, frame->payload, frame->length);
        session->screen_length += frame->length;
    }
}

static void end(struct session *session, const struct console_sentence *sentence)
{
    switch ((enum console_end)sentence->code) {
    case CONSOLE_END_DETACHED:
        session->result = CONSOLE_ATTACH_DETACHED;
        return;
    case CONSOLE_END_GUEST:
        session->result = session->leave_at ? CONSOLE_ATTACH_DETACHED : CONSOLE_ATTACH_ENDED;
        break;
    case CONSOLE_END_STOP:
        session->result = CONSOLE_ATTACH_FAILED;
        break;
    default:
        session->result = CONSOLE_ATTACH_FAILED;
    }
    say(session, "%s", sentence->text);
}

static void handle_frame(struct session *session, const struct console_frame *frame)
{
    struct console_sentence sentence;

    switch (frame->type) {
    case CONSOLE_DATA:
        show(session, frame);
        return;
    case CONSOLE_REPLAYED:
        session->screen_length +=
            query_finish(&session->filter, session->screen + session->screen_length);
        session->replaying = false;
        return;
    case CONSOLE_NOTICE:
    case CONSOLE_END:
    case CONSOLE_ERROR:
        if (console_get_sentence(frame, &sentence)) {
            break;
        }
        if (frame->type == CONSOLE_END) {
            end(session, &sentence);
        } else {
            say(session, "%s", sentence.text);
            session->result =
                frame->type == CONSOLE_ERROR ? CONSOLE_ATTACH_FAILED : session->result;
        }
        return;
    default:
        break;
    }
    say(session, "the console daemon sent what this program does not understand");
    session->result = CONSOLE_ATTACH_FAILED;
}

/* Handles the frames that are there, while there is room for what they say. */
static void handle_frames(struct session *session)
{
    struct console_frame frame;
    int got = 1;

    while (session->result == RUNNING && has_room(session) && got > 0) {
        got = console_reader_next(&session->link.in, &frame);
        if (got > 0) {
            handle_frame(session, &frame);
        } else if (got < 0) {
            say(session, "the console daemon sent garbage");
            session->result = CONSOLE_ATTACH_FAILED;
        }
    }
}

static void receive(struct session *session)
{
    int err = link_receive(&session->link);

    handle_frames(session);
    if (err && err != -EAGAIN && session->result == RUNNING) {
        say(session, "the console daemon has gone; attach again when it is back");
        session->result = CONSOLE_ATTACH_FAILED;
    }
}

/* --- from the user ----------------------------------------------------------------------- */

static void detach(struct session *session)
{
    session->leave_at =
        now_ms() + (terminal_has_input() ? DETACH_PATIENCE : DETACH_PATIENCE_SCRIPT);
    link_put(&session->link, CONSOLE_DETACH, NULL, 0);
}

static void type(struct session *session, const uint8_t *buf, size_t length)
{
    if (!length) {
        return;
    }
    if (!session->options->read_only) {
        link_put(&session->link, CONSOLE_DATA, buf, length);
    } else if (!session->told) {
        session->told = true;
        say(session, "read-only: what you type is not sent to the guest");
    }
}

static void read_input(struct session *session)
{
    uint8_t buf[INPUT_MAX], *key = NULL;
    ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n <= 0) {
        session->input_open = false;
        if (terminal_has_input()) {
            detach(session); /* the terminal has gone */
        }
        return;
    }
    if (session->options->escape != CONSOLE_ESCAPE_NONE) {
        key = memchr(buf, session->options->escape, (size_t)n);
    }
    type(session, buf, key ? (size_t)(key - buf) : (size_t)n);
    if (key) {
        detach(session);
    }
}

static void write_screen(struct session *session)
{
    size_t length = session->screen_length < WRITE_MAX ? session->screen_length : WRITE_MAX;
    ssize_t n = write(STDOUT_FILENO, session->screen, length);

    if (n < 0) {
        if (errno != EINTR && errno != EAGAIN) {
            session->screen_length = 0;
            session->result = CONSOLE_ATTACH_FAILED;
            complain(session->options, "standard output: %s", strerror(errno));
        }
        return;
    }
    session->screen_length -= (size_t)n;
    memmove(session->screen, session->screen + n, session->screen_length);
}

/* --- the loop ------------------------------------------------------------------------------ */

enum { POLL_LINK, POLL_INPUT, POLL_OUTPUT, POLL_COUNT };

static void choose(const struct session *session, struct pollfd *fds)
{
    bool running = session->result == RUNNING;

    for (int i = 0; i < POLL_COUNT; i++) {
        fds[i] = (struct pollfd){ .fd = -1 };
    }
    if (running && (has_room(session) || session->link.out_length)) {
        fds[POLL_LINK].fd = session->link.fd;
        fds[POLL_LINK].events =
            (short)((has_room(session) ? POLLIN : 0) | (session->link.out_length ? POLLOUT : 0));
    }
    if (running && session->input_open && !session->leave_at && link_has_room(&session->link)) {
        fds[POLL_INPUT].fd = STDIN_FILENO;
        fds[POLL_INPUT].events = POLLIN;
    }
    if (session->screen_length) {
        fds[POLL_OUTPUT].fd = STDOUT_FILENO;
        fds[POLL_OUTPUT].events = POLLOUT;
    }
}

/* Waits, at most until it is time to leave. False: nothing has happened, or a signal. */
static bool wait_for(const struct session *session, struct pollfd *fds, const sigset_t *waiting)
{
    struct timespec timeout = { 0 };
    int64_t left = session->leave_at - now_ms();

    if (left > 0) {
        timeout.tv_sec = left / 1000;
        timeout.tv_nsec = left % 1000 * 1000000;
    }
    return ppoll(fds, POLL_COUNT, session->leave_at ? &timeout : NULL, waiting) > 0;
}

static void send_size(struct session *session)
{
    uint16_t columns, rows;

    if (link_has_room(&session->link) && terminal_size(&columns, &rows)) {
        link_put_window(&session->link, columns, rows);
    }
}

static void step(struct session *session, const sigset_t *waiting)
{
    struct pollfd fds[POLL_COUNT];

    send_size(session);
    choose(session, fds);
    if (wait_for(session, fds, waiting)) {
        if (fds[POLL_OUTPUT].revents) {
            write_screen(session);
        }
        if (fds[POLL_INPUT].revents) {
            read_input(session);
        }
        if (fds[POLL_LINK].revents & POLLOUT) {
            link_send(&session->link); /* a failure shows when receiving, with the reason */
        }
        if (fds[POLL_LINK].revents & (POLLIN | POLLHUP | POLLERR)) {
            receive(session);
        }
    }
    handle_frames(session);
    if (session->result == RUNNING && session->leave_at && now_ms() >= session->leave_at) {
        session->result = CONSOLE_ATTACH_DETACHED;
    }
    if (terminal_signal()) {
        session->screen_length = 0;
        session->result = CONSOLE_ATTACH_SIGNAL;
    }
}

static int run(struct session *session, const struct console_attached *attached)
{
    sigset_t waiting;

    terminal_enter(&waiting);
    greet(session, attached);
    /* The scrollback follows with REPLAYED behind it, also if none was wanted. */
    while (session->result == RUNNING || session->screen_length) {
        step(session, &waiting);
        /* The user waits: what a stuck terminal hasn't shown by now is not shown. */
        if (session->leave_at && session->result != RUNNING && terminal_has_input()) {
            break;
        }
    }
    if (session->result == CONSOLE_ATTACH_DETACHED && terminal_has_input()) {
        terminal_leave();
        fprintf(stderr, "\n[pando: detached from %s]\n", attached->name);
    }
    terminal_leave();
    return session->result;
}

/* --- beginning ---------------------------------------------------------------------------------
 */

static bool follows(const struct console_attach_options *options)
{
    return options->follow == CONSOLE_FOLLOW_ALWAYS ||
           (options->follow == CONSOLE_FOLLOW_ON_TERMINAL && isatty(STDIN_FILENO));
}

/* Asks for the console. RUNNING, or the result when that is the end. */
static int request(struct session *session, const char *guest, struct console_attached *attached)
{
    const struct console_attach_options *options = session->options;
    struct console_attach attach = { 0 };
    struct console_frame frame;
    struct console_sentence sentence;
    int err;

    attach.flags = (options->read_only ? CONSOLE_ATTACH_READ_ONLY : 0) |
                   (options->no_replay ? 0 : CONSOLE_ATTACH_REPLAY) |
                   (follows(options) ? CONSOLE_ATTACH_FOLLOW : 0);
    snprintf(attach.guest, sizeof(attach.guest), "%s", guest);
    err = link_ask_attach(&session->link, &attach, &frame);
    if (err) {
        complain(options, "the console daemon does not answer as expected: %s", strerror(-err));
        return CONSOLE_ATTACH_FAILED;
    }
    if (!console_get_attached(&frame, attached)) {
        return RUNNING;
    }
    if (frame.type != CONSOLE_ERROR || console_get_sentence(&frame, &sentence)) {
        complain(options, "the console daemon sent what this program does not understand");
        return CONSOLE_ATTACH_FAILED;
    }
    complain(options, "%s", sentence.text);
    return sentence.code == CONSOLE_ERROR_NO_GUEST ? CONSOLE_ATTACH_NO_GUEST
                                                   : CONSOLE_ATTACH_FAILED;
}

int console_attach(const char *guest, const struct console_attach_options *options)
{
    static struct session session; /* large, and there is one terminal */
    const char *path = options->socket ? options->socket : CONSOLE_SOCKET;
    struct console_attached attached;
    int err;

    memset(&session, 0, sizeof(session));
    session.options = options;
    session.input_open = session.replaying = true;
    if (!*guest || strlen(guest) > CONSOLE_NAME_MAX) {
        complain(options, "\"%s\" cannot be the name of a guest", guest);
        return CONSOLE_ATTACH_NO_GUEST;
    }
    err = link_open(&session.link, path);
    if (err) {
        complain(options, "cannot reach the console daemon: %s: %s; is consoled running?", path,
                 strerror(-err));
        return CONSOLE_ATTACH_FAILED;
    }
    session.result = request(&session, guest, &attached);
    if (session.result == RUNNING) {
        fflush(stdout);
        session.result = run(&session, &attached);
    }
    link_close(&session.link);
    return session.result;
}

int console_list(const char *socket, int (*visit)(const struct console_info *info, void *context),
                 void *context)
{
    static struct console_link link;
    struct console_entry entry;
    struct console_frame frame;
    int err = link_open(&link, socket ? socket : CONSOLE_SOCKET), stop = 0;

    if (err) {
        return err;
    }
    link_put(&link, CONSOLE_LIST, NULL, 0);
    while (!err && !stop) {
        struct console_info info;

        err = link_next(&link, &frame);
        if (!err) {
            err = console_get_entry(&frame, &entry);
        }
        if (err || entry.last) {
            break;
        }
        info.domid = entry.domid;
        info.alive = entry.state == CONSOLE_GUEST_ALIVE;
        info.clients = entry.clients;
        info.scrollback = entry.scrollback;
        info.name = entry.name;
        stop = visit(&info, context);
    }
    link_close(&link);
    return err;
}
