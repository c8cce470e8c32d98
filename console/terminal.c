/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Those that are noted, and those that mean a crash. */
static const int noted[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH };
static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };

enum { noted_count = sizeof(noted) / sizeof(noted[0]) };
enum { fatal_count = sizeof(fatal) / sizeof(fatal[0]) };

static struct {
    bool entered;
    bool input, output; /* are terminals */
    volatile sig_atomic_t raw;
    struct termios cooked;
    sigset_t mask;
    struct sigaction old_noted[noted_count];
    struct sigaction old_fatal[fatal_count];
    uint16_t columns, rows;
    int ended_by;
} term;

static volatile sig_atomic_t end_signal, stop_signal, continue_signal;

/*
 * What a guest's program may have left switched on: attributes, a line-drawing character set, the
 * alternate screen, a hidden cursor, keypad and cursor keys' modes, mouse reports, bracketed paste.
 */
static const char reset_modes[] = "\017\033(B\033[0m\033[?47l\033[?25h\033[?7h\033[?1l\033>"
                                  "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\r";

/* Called by signal handlers as well. */
static void restore(void)
{
    if (!term.raw) {
        return;
    }
    term.raw = 0;
    if (term.output) {
        (void)!write(STDOUT_FILENO, reset_modes, sizeof(reset_modes) - 1);
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &term.cooked);
}

static void make_raw(void)
{
    struct termios raw;

    if (!term.input) {
        return;
    }
    raw = term.cooked;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    /* Before it is done: a signal may come in between. */
    term.raw = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void note(int signal)
{
    if (signal == SIGTSTP) {
        stop_signal = 1;
    } else if (signal == SIGCONT) {
        continue_signal = 1;
    } else if (signal != SIGWINCH) {
        end_signal = signal;
    }
}

/* The handler is gone when this runs (SA_RESETHAND): the signal comes again, and kills. */
static void crash(int signal)
{
    restore();
    raise(signal);
}

static void catch_signals(sigset_t *waiting)
{
    struct sigaction action = { .sa_handler = note };
    sigset_t block;

    sigemptyset(&block);
    for (int i = 0; i < noted_count; i++) {
        sigaddset(&block, noted[i]);
    }
    sigprocmask(SIG_BLOCK, &block, &term.mask);
    *waiting = term.mask;
    for (int i = 0; i < noted_count; i++) {
        sigaction(noted[i], &action, &term.old_noted[i]);
        if (term.old_noted[i].sa_handler == SIG_IGN) {
            sigaction(noted[i], &term.old_noted[i], NULL); /* as nohup wants it */
        }
        sigdelset(waiting, noted[i]);
    }
    action.sa_handler = crash;
    action.sa_flags = (int)SA_RESETHAND;
    for (int i = 0; i < fatal_count; i++) {
        sigaction(fatal[i], &action, &term.old_fatal[i]);
    }
}

void terminal_enter(sigset_t *waiting)
{
    static bool registered;
    const char *type = getenv("TERM");

    end_signal = stop_signal = continue_signal = 0;
    memset(&term, 0, sizeof(term));
    term.input = tcgetattr(STDIN_FILENO, &term.cooked) == 0;
    term.output = isatty(STDOUT_FILENO) && type && strcmp(type, "dumb");
    term.entered = true;
    if (!registered) {
        registered = true;
        atexit(restore);
    }
    catch_signals(waiting);
    make_raw();
}

void terminal_leave(void)
{
    if (!term.entered) {
        return;
    }
    term.entered = false;
    restore();
    for (int i = 0; i < fatal_count; i++) {
        sigaction(fatal[i], &term.old_fatal[i], NULL);
    }
    for (int i = 0; i < noted_count; i++) {
        sigaction(noted[i], &term.old_noted[i], NULL);
    }
    if (term.ended_by) {
        raise(term.ended_by); /* still blocked: comes with the next line */
    }
    sigprocmask(SIG_SETMASK, &term.mask, NULL);
}

int terminal_signal(void)
{
    if (stop_signal) {
        stop_signal = 0;
        restore();
        raise(SIGSTOP);
        continue_signal = 1;
    }
    if (continue_signal) {
        /* The shell that has stopped us may have changed the terminal. */
        continue_signal = 0;
        make_raw();
    }
    term.ended_by = end_signal;
    return end_signal;
}

bool terminal_has_input(void)
{
    return term.input;
}

bool terminal_has_output(void)
{
    return term.output;
}

bool terminal_size(uint16_t *columns, uint16_t *rows)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row ||
        (size.ws_col == term.columns && size.ws_row == term.rows)) {
        return false;
    }
    *columns = term.columns = size.ws_col;
    *rows = term.rows = size.ws_row;
    return true;
}
