/* SPDX-License-Identifier: MIT */
#include "interactive.h"
#include "command.h"
#include "edit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { KEY_DETACH = 0x1d /* Ctrl-], of the command console */ };

static const char prompt[] = "pando> ";

/* readline's callbacks take no argument. */
static struct shell *the_shell;

static int keys; /* see open_keys() */

/* SIGINT is blocked but while a command runs, and while the next key is waited for. */
static sigset_t mask_blocked, mask_open;

static void on_interrupt(int signal)
{
    shell_interrupted = 1;
}

/* --- the prompt ---------------------------------------------------------------------- */

/*
 * Runs a line. Keys that are typed meanwhile are for the next one, where readline shows them; the
 * terminal would show them in the middle of the command's output.
 */
static void run_line(const char *line)
{
    struct termios before, quiet;
    bool terminal = tcgetattr(keys, &before) == 0;

    if (terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(keys, TCSANOW, &quiet);
    }
    shell_interrupted = 0;
    sigprocmask(SIG_SETMASK, &mask_open, NULL);
    command_run_line(the_shell, line);
    sigprocmask(SIG_SETMASK, &mask_blocked, NULL);
    if (terminal)
        tcsetattr(keys, TCSANOW, &before);
}

static void on_line(char *line)
{
    /* The terminal is the command's while it runs. */
    rl_callback_handler_remove();
    if (shell_interrupted) {
        /* Not a line, but what readline makes of read_key()'s EOF. */
        free(line);
        return;
    }
    if (!line) {
        fputs("quit\n", the_shell->out);
        fflush(the_shell->out);
        the_shell->quit = true;
        return;
    }
    if (line[strspn(line, " \t")]) {
        edit_remember(line);
        run_line(line);
        if (shell_interrupted)
            fputc('\n', the_shell->out);
        shell_interrupted = 0;
    }
    free(line);
    fflush(the_shell->out);
    if (!the_shell->quit)
        rl_callback_handler_install(prompt, on_line);
}

static void drop_line(void)
{
    shell_interrupted = 0;
    rl_callback_sigcleanup();
    rl_free_line_state();
    rl_callback_handler_remove();
    fputs("^C\n", the_shell->out);
    fflush(the_shell->out);
    rl_callback_handler_install(prompt, on_line);
}

/*
 * The terminal, without blocking: Ctrl-C takes back what was typed before it, so that there may be
 * nothing to read a moment after there was. Opened anew, since the flag of an open file is shared
 * with whoever else has it. -1 with an error message on failure.
 */
static int open_keys(struct shell *shell)
{
    const char *name = ttyname(STDIN_FILENO);
    int fd = open(name ? name : "/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        shell_error(shell, "the terminal cannot be opened: %m");
    return fd;
}

/* The next byte of the terminal, EOF at its end or on Ctrl-C. */
static int read_key(FILE *stream)
{
    struct pollfd input = { .fd = keys, .events = POLLIN };
    unsigned char key;

    while (!shell_interrupted) {
        if (ppoll(&input, 1, NULL, &mask_open) <= 0)
            continue;
        /*
         * ppoll() lets no signal in when there is input. What there is after a Ctrl-C was typed
         * behind it, and belongs to the next line.
         */
        sigprocmask(SIG_SETMASK, &mask_open, NULL);
        sigprocmask(SIG_SETMASK, &mask_blocked, NULL);
        if (shell_interrupted)
            break;
        ssize_t got = read(keys, &key, 1);
        if (got == 1)
            return key;
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return EOF;
}

int interactive_run(struct shell *shell)
{
    struct sigaction interrupt = { .sa_handler = on_interrupt }, before;

    keys = open_keys(shell);
    if (keys < 0)
        return SHELL_FAILED;
    the_shell = shell;
    shell->interactive = true;
    rl_getc_function = read_key;
    edit_start(shell);
    /* For who leaves a console a moment after its guest has ended: readline would take the next
     * key for one to search for. */
    rl_unbind_key(KEY_DETACH);

    sigprocmask(SIG_BLOCK, NULL, &mask_open);
    mask_blocked = mask_open;
    sigaddset(&mask_blocked, SIGINT);
    sigprocmask(SIG_SETMASK, &mask_blocked, NULL);
    sigaction(SIGINT, &interrupt, &before);
    fputs("`help` lists the commands, Tab completes, Ctrl-D leaves.\n", shell->out);
    fflush(shell->out);
    rl_callback_handler_install(prompt, on_line);
    while (!shell->quit) {
        rl_callback_read_char();
        if (shell_interrupted)
            drop_line();
    }
    rl_callback_handler_remove();
    sigprocmask(SIG_SETMASK, &mask_open, NULL);
    sigaction(SIGINT, &before, NULL);
    close(keys);
    edit_stop(NULL);
    shell->interactive = false;
    return SHELL_OK;
}
