/* SPDX-License-Identifier: MIT */
#include "tty.h"
#include "client.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

/* Bytes moved at once, and how often in one turn. */
#define CHUNK  4096u
#define ROUNDS 4

void ttys_open(struct ttys *ttys)
{
    ttys->watches = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (ttys->watches < 0) {
        report("inotify: %s; there are no terminals for other tools", strerror(errno));
    }
}

/* --- coming and going ------------------------------------------------------------------------ */

static void set_open(struct tty *tty, bool open, uint64_t now)
{
    if (tty->open != open) {
        tty->open = open;
        tty->moved_at = now;
        tty->guest->clients += open ? 1u : -1u;
    }
}

/* Makes the pair of ends: nothing is echoed or translated, that is the guest's business. */
static int open_pair(struct ttys *ttys, struct tty *tty)
{
    struct termios raw;

    tty->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (tty->fd < 0) {
        return -errno;
    }
    if (grantpt(tty->fd) || unlockpt(tty->fd) || ptsname_r(tty->fd, tty->path, sizeof(tty->path)) ||
        tcgetattr(tty->fd, &raw)) {
        return -errno;
    }
    cfmakeraw(&raw);
    if (tcsetattr(tty->fd, TCSANOW, &raw)) {
        return -errno;
    }
    tty->watch = inotify_add_watch(ttys->watches, tty->path, IN_OPEN);
    return tty->watch < 0 ? -errno : 0;
}

static void tty_free(struct ttys *ttys, struct tty *tty, uint64_t now)
{
    set_open(tty, false, now);
    if (tty->watch >= 0) {
        inotify_rm_watch(ttys->watches, tty->watch);
    }
    if (tty->fd >= 0) {
        close(tty->fd);
    }
    free(tty);
}

void ttys_close(struct ttys *ttys)
{
    while (ttys->count) {
        tty_free(ttys, ttys->all[--ttys->count], 0);
    }
    if (ttys->watches >= 0) {
        close(ttys->watches);
        ttys->watches = -1;
    }
}

static struct tty *find(struct ttys *ttys, const struct guest *guest)
{
    for (size_t i = 0; i < ttys->count; i++) {
        if (ttys->all[i]->guest == guest && ttys->all[i]->domain == guest->domains) {
            return ttys->all[i];
        }
    }
    return NULL;
}

static struct tty *tty_new(struct ttys *ttys, struct guest *guest, uint64_t now)
{
    struct tty *tty = ttys->count < GUESTS_MAX ? calloc(1, sizeof(*tty)) : NULL;
    int err = -ENOMEM;

    if (tty) {
        *tty = (struct tty){ .guest = guest, .domain = guest->domains, .watch = -1, .slot = -1 };
        tty->position = guest->scrollback.end;
        err = open_pair(ttys, tty);
    }
    if (!err) {
        ttys->all[ttys->count++] = tty;
        ttys->complained = false;
        return tty;
    }
    if (tty) {
        tty_free(ttys, tty, now);
    }
    if (!ttys->complained) {
        report("%s: no terminal for other tools: %s", guest->name, strerror(-err));
        ttys->complained = true;
    }
    return NULL;
}

const char *ttys_serve(struct ttys *ttys, struct guest *guest, uint64_t now)
{
    struct tty *tty = find(ttys, guest);

    if (!tty && ttys->watches >= 0) {
        tty = tty_new(ttys, guest, now);
    }
    return tty ? tty->path : NULL;
}

/* --- bytes -------------------------------------------------------------------------------------
 */

static bool has_ended(const struct tty *tty)
{
    return !tty->guest->alive || tty->guest->domains != tty->domain;
}

static uint64_t limit_of(const struct tty *tty)
{
    return has_ended(tty) ? tty->guest->end : tty->guest->scrollback.end;
}

static bool has_room(const struct tty *tty)
{
    return !has_ended(tty) && tty->guest->input_length < GUEST_INPUT_MAX;
}

static void write_out(struct tty *tty, uint64_t now)
{
    char buf[CHUNK];

    for (int i = 0; i < ROUNDS && tty->position < limit_of(tty); i++) {
        uint64_t at = tty->position, left = limit_of(tty) - at;
        size_t length = scrollback_read(&tty->guest->scrollback, &at, buf,
                                        left < CHUNK ? (size_t)left : CHUNK, NULL);
        ssize_t written = write(tty->fd, buf, length);

        if (written <= 0) {
            return;
        }
        tty->position = at - length + (uint64_t)written;
        tty->moved_at = now;
    }
    if (tty->position >= limit_of(tty)) {
        tty->moved_at = now;
    }
}

static void read_in(struct tty *tty)
{
    char buf[CHUNK];
    size_t room = GUEST_INPUT_MAX - tty->guest->input_length;
    ssize_t length = read(tty->fd, buf, room < CHUNK ? room : CHUNK);

    if (length > 0) {
        guest_type(tty->guest, buf, (size_t)length);
    }
}

/* --- turns ---------------------------------------------------------------------------------------
 */

size_t ttys_poll(struct ttys *ttys, struct pollfd *fds, uint64_t *wake)
{
    size_t count = 0;

    for (size_t i = 0; i < ttys->count; i++) {
        struct tty *tty = ttys->all[i];

        tty->slot = -1;
        if (has_ended(tty) && tty->guest->ended_at + TTY_LINGER < *wake) {
            *wake = tty->guest->ended_at + TTY_LINGER;
        }
        if (tty->open) {
            tty->slot = (int)count;
            fds[count] = (struct pollfd){ .fd = tty->fd };
            fds[count].events |= has_room(tty) ? POLLIN : 0;
            fds[count++].events |= tty->position < limit_of(tty) ? POLLOUT : 0;
        }
    }
    return count;
}

static bool is_over(const struct tty *tty, uint64_t now)
{
    return has_ended(tty) && (!tty->open || now >= tty->guest->ended_at + TTY_LINGER);
}

void ttys_hold(struct ttys *ttys, uint64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < ttys->count; i++) {
        struct tty *tty = ttys->all[i];

        if (is_over(tty, now)) {
            tty_free(ttys, tty, now);
            continue;
        }
        ttys->all[kept++] = tty;
        if (tty->open && now - tty->moved_at < CLIENT_HOLD && tty->position < tty->guest->needed) {
            tty->guest->needed = tty->position;
        }
    }
    ttys->count = kept;
}

static void take_opened(struct ttys *ttys, uint64_t now)
{
    _Alignas(struct inotify_event) char buf[CHUNK];
    ssize_t length;

    while ((length = read(ttys->watches, buf, sizeof(buf))) > 0) {
        for (ssize_t at = 0; at < length;) {
            const struct inotify_event *event = (const void *)(buf + at);

            for (size_t i = 0; i < ttys->count; i++) {
                /* When events have been forgotten, any may be open; poll() says which aren't. */
                if (ttys->all[i]->watch == event->wd || (event->mask & IN_Q_OVERFLOW)) {
                    set_open(ttys->all[i], true, now);
                }
            }
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
}

static void tty_turn(struct tty *tty, short revents, uint64_t now)
{
    if (revents & POLLIN && has_room(tty)) {
        read_in(tty);
    }
    if (revents & (POLLHUP | POLLERR | POLLNVAL)) {
        set_open(tty, false, now);
    }
    if (tty->open) {
        write_out(tty, now);
    }
}

void ttys_turn(struct ttys *ttys, const struct pollfd *fds, bool opened, uint64_t now)
{
    for (size_t i = 0; i < ttys->count; i++) {
        struct tty *tty = ttys->all[i];

        tty_turn(tty, tty->slot < 0 ? 0 : fds[tty->slot].revents, now);
        tty->slot = -1;
    }
    /* Behind it: one that was closed and is open again would be taken for closed. */
    if (opened) {
        take_opened(ttys, now);
    }
}
