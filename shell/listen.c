/* SPDX-License-Identifier: MIT */
#include "listen.h"
#include "guest.h"
#include "link.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLICE_MS = 250,    /* how long Ctrl-C may go unnoticed */
    JOIN_MS = 10000,   /* for consoled to notice a new guest */
    RETRY_MS = 100,    /* between two attempts */
    LOOK_MS = 1000,    /* between two looks whether the guest is there */
    FRAMES_MAX = 1000, /* taken before a text is looked at */
    TAIL_LINES = 6,
    TAIL_SIZE = 500,
};

int listen_patience_ms = 20000;

struct listener {
    struct listener *next;
    char name[CONSOLE_NAME_MAX + 1];
    struct console_link link;
    struct transcript transcript;
};

/* Those that no thread uses right now. */
static struct listener *idle;
static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- patterns -------------------------------------------------------------------------- */

bool pattern_init(struct shell *shell, struct pattern *pattern, const char *text, bool plain)
{
    *pattern = (struct pattern){ .text = text, .plain = plain };
    if (!*text) {
        shell_error(shell, "found an empty text, expected what is to come");
        return false;
    }
    int code = plain ? 0 : regcomp(&pattern->regex, text, REG_EXTENDED | REG_NEWLINE);
    if (code) {
        char why[200];
        regerror(code, &pattern->regex, why, sizeof(why));
        shell_error(shell, "\"%s\" is no regular expression: %s", text, why);
        return false;
    }
    return true;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern->plain)
        regfree(&pattern->regex);
}

/* --- reaching a console ------------------------------------------------------------------ */

/* What the hypervisor knows of a guest. */
struct presence {
    bool there;
    bool ended; /* by itself; what it was is still there */
    uint32_t domid;
    char name[PANDO_NAME_MAX];
};

static bool look_for(struct shell *shell, const char *guest, struct presence *presence)
{
    struct pando_domain domain;
    pando_t *pando = shell_pando(shell);

    *presence = (struct presence){ 0 };
    snprintf(presence->name, sizeof(presence->name), "%s", guest);
    if (!pando)
        return false;
    enum pando_code code = pando_domain_find(pando, guest, &presence->domid);
    if (code == PANDO_OK)
        code = pando_domain_info(pando, presence->domid, &domain);
    if (code == PANDO_E_NOT_FOUND)
        return true;
    if (code != PANDO_OK) {
        shell_library_error(shell, guest, code);
        return false;
    }
    presence->there = domain.state != PANDO_DOMAIN_DYING;
    presence->ended = domain.state == PANDO_DOMAIN_SHUTDOWN;
    if (*domain.name)
        snprintf(presence->name, sizeof(presence->name), "%s", domain.name);
    return true;
}

static int lost(struct shell *shell, const char *guest, int err)
{
    shell_error(shell, "%s: the console daemon has gone, or does not answer as expected (%s)",
                guest, strerror(-err));
    return SHELL_FAILED;
}

/* Attaches to the console that consoled has for the guest. SHELL_TIMEOUT without an error message:
 * it doesn't have the one that there should be. */
static int attach(struct shell *shell, const char *guest, const struct presence *presence,
                  uint8_t flags, struct console_link *link, struct console_attached *attached)
{
    const char *path = shell->console_socket ? shell->console_socket : CONSOLE_SOCKET;
    struct console_attach request = { .flags = flags };
    struct console_frame frame;
    struct console_sentence sentence;
    int status = SHELL_FAILED, err = link_open(link, path);

    if (err) {
        shell_error(shell, "cannot reach the console daemon: %s: %s; is consoled running?", path,
                    strerror(-err));
        return SHELL_FAILED;
    }
    snprintf(request.guest, sizeof(request.guest), "%s", presence->name);
    err = link_ask_attach(link, &request, &frame);
    if (err) {
        lost(shell, guest, err);
    } else if (!console_get_attached(&frame, attached)) {
        bool right = !presence->there ||
                     (attached->domid == presence->domid && attached->state == CONSOLE_GUEST_ALIVE);
        status = right ? SHELL_OK : SHELL_TIMEOUT;
    } else if (frame.type != CONSOLE_ERROR || console_get_sentence(&frame, &sentence)) {
        lost(shell, guest, -EPROTO);
    } else if (sentence.code == CONSOLE_ERROR_NO_GUEST && presence->there) {
        status = SHELL_TIMEOUT;
    } else {
        shell_error(shell, "%s", sentence.text);
        status = sentence.code == CONSOLE_ERROR_NO_GUEST ? SHELL_NO_GUEST : SHELL_FAILED;
    }
    if (status != SHELL_OK)
        link_close(link);
    return status;
}

/* The same, and waits for consoled, which notices a new guest a little later than `create`. */
static int join(struct shell *shell, const char *guest, uint8_t flags, int64_t deadline,
                struct console_link *link, struct console_attached *attached)
{
    int64_t limit = shell_clock_ms() + JOIN_MS;
    if (deadline >= 0 && deadline < limit)
        limit = deadline;
    for (;;) {
        struct presence presence;
        if (!look_for(shell, guest, &presence))
            return SHELL_FAILED;
        if (presence.there && presence.domid == 0) {
            shell_error(shell, "%s is the host's own domain: it has no console here", guest);
            return SHELL_FAILED;
        }
        int status = attach(shell, guest, &presence, flags, link, attached);
        if (status != SHELL_TIMEOUT)
            return status;
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
        if (shell_clock_ms() >= limit) {
            shell_error(shell,
                        "%s: its console has not come up in time; `log consoled` may say "
                        "why",
                        guest);
            return SHELL_TIMEOUT;
        }
        poll(NULL, 0, RETRY_MS);
    }
}

/* Waits until there is something to receive or to send, and does it. 0, or a negative errno. */
static int exchange(struct console_link *link, int64_t deadline)
{
    int64_t left = deadline < 0 ? SLICE_MS : deadline - shell_clock_ms();
    struct pollfd pfd = { .fd = link->fd, .events = POLLIN };

    if (link->out_length)
        pfd.events |= POLLOUT;
    if (poll(&pfd, 1, left < 0 ? 0 : left < SLICE_MS ? (int)left : SLICE_MS) <= 0)
        return 0;
    if (pfd.revents & POLLOUT)
        (void)link_send(link); /* a failure shows when receiving */
    if (!(pfd.revents & (POLLIN | POLLHUP | POLLERR)))
        return 0;
    int err = link_receive(link);
    return err == -EAGAIN ? 0 : err;
}

/* --- listening ----------------------------------------------------------------------------- */

static void listener_free(struct listener *listener)
{
    link_close(&listener->link);
    transcript_free(&listener->transcript);
    free(listener);
}

void listen_clear(void)
{
    pthread_mutex_lock(&idle_lock);
    while (idle) {
        struct listener *next = idle->next;
        listener_free(idle);
        idle = next;
    }
    pthread_mutex_unlock(&idle_lock);
}

static void put_back(struct listener *listener)
{
    pthread_mutex_lock(&idle_lock);
    listener->next = idle;
    idle = listener;
    pthread_mutex_unlock(&idle_lock);
}

static struct listener *take(const char *name)
{
    pthread_mutex_lock(&idle_lock);
    struct listener **at = &idle, *found;
    while (*at && strcmp((*at)->name, name))
        at = &(*at)->next;
    found = *at;
    if (found)
        *at = found->next;
    pthread_mutex_unlock(&idle_lock);
    return found;
}

/* Takes what the guest has written before, up to REPLAYED. */
static int replay(struct listener *listener)
{
    struct console_frame frame;
    int err;
    while (!(err = link_next(&listener->link, &frame)) && frame.type != CONSOLE_REPLAYED) {
        if (frame.type == CONSOLE_DATA)
            transcript_add(&listener->transcript, frame.payload, frame.length);
        else if (frame.type != CONSOLE_NOTICE)
            return -EPROTO;
    }
    return err;
}

/* The guest's listener, a new one if there is none yet. */
static int open_listener(struct shell *shell, const char *guest, enum listen_from from,
                         int64_t deadline, struct listener **listener)
{
    const uint8_t flags = CONSOLE_ATTACH_READ_ONLY | CONSOLE_ATTACH_REPLAY | CONSOLE_ATTACH_FOLLOW;
    struct console_attached attached;
    struct presence presence;

    if (!look_for(shell, guest, &presence))
        return SHELL_FAILED;
    *listener = take(presence.name);
    if (*listener && from == LISTEN_START) {
        listener_free(*listener);
        *listener = NULL;
    }
    if (*listener) {
        transcript_restart(&(*listener)->transcript);
        return SHELL_OK;
    }
    struct listener *made = shell_need(calloc(1, sizeof(*made)));
    int status = join(shell, guest, flags, deadline, &made->link, &attached);
    if (status != SHELL_OK) {
        free(made);
        return status;
    }
    snprintf(made->name, sizeof(made->name), "%s", attached.name);
    int err = replay(made);
    if (err) {
        listener_free(made);
        return lost(shell, guest, err);
    }
    if (from == LISTEN_NOW)
        transcript_skip_all(&made->transcript);
    else
        transcript_skip_to_domain(&made->transcript, attached.domid);
    *listener = made;
    return SHELL_OK;
}

/* Takes the frames that are there. 0, or a negative errno when no more will come. */
static int take_frames(struct listener *listener)
{
    struct console_frame frame;
    int err = 0;
    for (int i = 0; i < FRAMES_MAX && !err;) {
        int got = console_reader_next(&listener->link.in, &frame);
        if (got < 0)
            return got;
        if (!got) {
            err = link_receive(&listener->link);
            continue;
        }
        if (frame.type == CONSOLE_DATA)
            transcript_add(&listener->transcript, frame.payload, frame.length);
        else if (frame.type != CONSOLE_NOTICE)
            return -EPIPE;
        i++;
    }
    return err == -EAGAIN ? 0 : err;
}

/* Writes the last lines of what came, harmless for any terminal. */
static void show_tail(struct shell *shell, const struct transcript *transcript)
{
    size_t length;
    const char *text = transcript_tail(transcript, TAIL_LINES, TAIL_SIZE, &length);
    bool begins = true;

    for (size_t i = 0; i < length; i++) {
        if (begins)
            fputs("  | ", shell->err);
        begins = text[i] == '\n';
        fputc(text[i] == '\n' || text[i] == '\t' || (text[i] >= ' ' && text[i] < 0x7f) ? text[i]
                                                                                       : '?',
              shell->err);
    }
    if (!begins)
        fputc('\n', shell->err);
    fflush(shell->err);
}

static int complain(struct shell *shell, const char *guest, const struct pattern *pattern,
                    const struct transcript *transcript, bool ended)
{
    shell_error(shell, "%s%s: \"%s\" has not come%s; %s", guest, ended ? " has ended" : "",
                pattern->text, ended ? "" : " in time",
                transcript->place < transcript->length ? "what came instead:" : "nothing has come");
    show_tail(shell, transcript);
    return ended ? SHELL_ENDED : SHELL_TIMEOUT;
}

/* Whether the guest has been gone for so long that nothing restarts it. */
static bool is_gone(struct shell *shell, const char *name, int64_t *look_at, int64_t *gone_since)
{
    struct presence presence;
    int64_t now = shell_clock_ms();

    if (now < *look_at)
        return false;
    *look_at = now + LOOK_MS;
    if (!look_for(shell, name, &presence) || (presence.there && !presence.ended))
        *gone_since = -1;
    else if (*gone_since < 0)
        *gone_since = now;
    return *gone_since >= 0 && now - *gone_since >= listen_patience_ms;
}

/* *broken: the listener is of no more use. */
static int await(struct shell *shell, struct listener *listener, const char *guest,
                 const struct pattern *pattern, int64_t deadline, char **match, bool *broken)
{
    int64_t look_at = 0, gone_since = -1;
    struct transcript *transcript = &listener->transcript;

    for (;;) {
        int err = take_frames(listener);
        if (transcript_find(transcript, pattern, match))
            return SHELL_OK;
        if (err) {
            *broken = true;
            return lost(shell, guest, err);
        }
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
        if (deadline >= 0 && shell_clock_ms() >= deadline)
            return complain(shell, guest, pattern, transcript, false);
        if (is_gone(shell, listener->name, &look_at, &gone_since))
            return complain(shell, guest, pattern, transcript, true);
        /* A failure shows again in take_frames(). */
        (void)exchange(&listener->link, deadline);
    }
}

int listen_for(struct shell *shell, const char *guest, const struct pattern *pattern,
               enum listen_from from, int64_t deadline, char **match)
{
    struct listener *listener;
    bool broken = false;
    char *found = NULL;

    int status = open_listener(shell, guest, from, deadline, &listener);
    if (status != SHELL_OK)
        return status;
    status = await(shell, listener, guest, pattern, deadline, &found, &broken);
    if (broken)
        listener_free(listener);
    else
        put_back(listener);
    if (match)
        *match = found;
    else
        free(found);
    return status;
}

/* --- typing --------------------------------------------------------------------------------- */

/* What the end of a connection means for what was typed. */
static int end_of_typing(struct shell *shell, const char *guest, const struct console_frame *frame)
{
    struct console_sentence sentence;
    if (console_get_sentence(frame, &sentence))
        return lost(shell, guest, -EPROTO);
    if (frame->type == CONSOLE_END && sentence.code == CONSOLE_END_DETACHED)
        return SHELL_OK;
    shell_error(shell, "%s", sentence.text);
    return frame->type == CONSOLE_END && sentence.code == CONSOLE_END_GUEST ? SHELL_ENDED
                                                                            : SHELL_FAILED;
}

/* Sends the bytes and a DETACH behind them, whose answer says that they have been taken. */
static int type(struct shell *shell, const char *guest, struct console_link *link,
                const char *bytes, size_t length, int64_t deadline)
{
    struct console_frame frame;
    bool asked = false;

    for (;;) {
        while (length && link_has_room(link)) {
            size_t piece = length < CONSOLE_PAYLOAD_MAX ? length : CONSOLE_PAYLOAD_MAX;
            link_put(link, CONSOLE_DATA, bytes, piece);
            bytes += piece;
            length -= piece;
        }
        if (!length && !asked && link_has_room(link)) {
            link_put(link, CONSOLE_DETACH, NULL, 0);
            asked = true;
        }
        int err = exchange(link, deadline), got;
        while ((got = console_reader_next(&link->in, &frame)) > 0)
            if (frame.type == CONSOLE_END || frame.type == CONSOLE_ERROR)
                return end_of_typing(shell, guest, &frame);
        if (err || got < 0)
            return lost(shell, guest, err ? err : got);
        if (shell_interrupted)
            return SHELL_INTERRUPTED;
        if (deadline >= 0 && shell_clock_ms() >= deadline) {
            shell_error(shell,
                        "%s has not taken all of its input in time: it does not read from "
                        "its console, or hangs",
                        guest);
            return SHELL_TIMEOUT;
        }
    }
}

int listen_type(struct shell *shell, const char *guest, const char *bytes, size_t length,
                int64_t deadline)
{
    struct console_link *link = shell_need(calloc(1, sizeof(*link)));
    struct console_attached attached;

    int status = join(shell, guest, 0, deadline, link, &attached);
    if (status == SHELL_OK) {
        status = type(shell, guest, link, bytes, length, deadline);
        link_close(link);
    }
    free(link);
    return status;
}
