/* SPDX-License-Identifier: MIT */
#include "term_tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000 };

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static struct {
    volatile sig_atomic_t entered;
    int in, out;
    struct termios before;
    char restore[256];
} tty;

void tty_write(int fd, const char *bytes, size_t length)
{
    struct pollfd room = { .fd = fd, .events = POLLOUT };
    while (length) {
        ssize_t done = write(fd, bytes, length);
        if (done > 0) {
            bytes += done;
            length -= (size_t)done;
        } else if (done < 0 && errno == EAGAIN) {
            if (poll(&room, 1, PATIENCE_MS) <= 0)
                return;
        } else if (done == 0 || errno != EINTR) {
            return;
        }
    }
}

static void restore(void)
{
    if (!tty.entered)
        return;
    tty_write(tty.out, tty.restore, strlen(tty.restore));
    tty_leave();
}

static void on_fatal(int number)
{
    restore();
    signal(number, SIG_DFL);
    raise(number);
}

bool tty_enter(int in, int out, const char *bytes)
{
    static bool registered;
    struct sigaction action = { .sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND };

    if (tcgetattr(in, &tty.before) < 0)
        return false;
    struct termios raw = tty.before;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tty.in = in;
    tty.out = out;
    snprintf(tty.restore, sizeof(tty.restore), "%s", bytes);
    if (tcsetattr(in, TCSADRAIN, &raw) < 0)
        return false;
    tty.entered = 1;
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        sigaction(fatal[i], &action, NULL);
    if (!registered)
        atexit(restore);
    registered = true;
    return true;
}

void tty_leave(void)
{
    if (!tty.entered)
        return;
    tty.entered = 0;
    tcsetattr(tty.in, TCSADRAIN, &tty.before);
}

int tty_reopen(int fd)
{
    const char *name = ttyname(fd);
    int own = name ? open(name, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    /* The controlling terminal may have a name that this root folder doesn't have. */
    if (own < 0 && isatty(fd))
        own = open("/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return own;
}

bool tty_size(int fd, int *width, int *height)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
        return false;
    *width = size.ws_col;
    *height = size.ws_row;
    return true;
}
