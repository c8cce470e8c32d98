/* SPDX-License-Identifier: MIT */
/* The terminal, on a pseudo-terminal: how much is written to it, and that it is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shell/shell.h"
#include "shell/term.h"

enum { WIDTH = 100, HEIGHT = 30, PATIENCE_MS = 300 };

static int master, slave;
static struct term *term;
static struct canvas canvas;
static const struct rect all = { 0, 0, WIDTH, HEIGHT };
static char got[1 << 20];

static int setup(void **state)
{
    const struct winsize size = { .ws_row = HEIGHT, .ws_col = WIDTH };
    setlocale(LC_CTYPE, "C.UTF-8");
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    fcntl(master, F_SETFL, O_NONBLOCK);
    canvas_init(&canvas, WIDTH, HEIGHT);
    return 0;
}

static int teardown(void **state)
{
    if (term)
        term_free(term);
    term = NULL;
    canvas_free(&canvas);
    close(master);
    close(slave);
    return 0;
}

static void open_as(const char *type, int colours)
{
    char error[200] = "";
    const struct term_options options = {
        .in = slave, .out = slave, .type = type, .colours = colours, .mouse = true, .escape_ms = 50
    };
    term = term_open(&options, error, sizeof(error));
    assert_string_equal(error, "");
    assert_non_null(term);
}

/* What the terminal has been sent, as a string. */
static size_t take(void)
{
    struct pollfd fd = { .fd = master, .events = POLLIN };
    size_t length = 0;
    do {
        ssize_t part;
        while ((part = read(master, got + length, sizeof(got) - 1 - length)) > 0)
            length += (size_t)part;
        if (term)
            term_ready(term);
    } while (term && term_wants_output(term) && poll(&fd, 1, PATIENCE_MS) > 0);
    got[length] = 0;
    return length;
}

static void fill(char letter)
{
    char row[WIDTH + 1];
    memset(row, letter, WIDTH);
    row[WIDTH] = 0;
    for (int y = 0; y < HEIGHT; y++)
        canvas_text(&canvas, &all, 0, y, style_default, row);
}

static void only_differences_are_written(void **state)
{
    struct term_statistics statistics;
    open_as("xterm-256color", -1);
    fill('a');
    assert_true(term_show(term, &canvas, 0, 0));
    assert_true(take() >= WIDTH * (HEIGHT - 1));
    /* Nothing is different. */
    assert_true(term_show(term, &canvas, 0, 0));
    assert_int_equal(take(), 0);
    canvas_text(&canvas, &all, 50, 20, style_default, "X");
    assert_true(term_show(term, &canvas, 0, 0));
    size_t length = take();
    assert_true(length > 0 && length < 30);
    assert_non_null(strchr(got, 'X'));
    term_statistics(term, &statistics);
    assert_int_equal(statistics.frames, 2);
    assert_int_equal(statistics.last, length);
    /* All of it, when it is asked for. */
    term_repaint(term);
    assert_true(term_show(term, &canvas, 0, 0));
    assert_true(take() >= WIDTH * (HEIGHT - 1));
}

/* What the terminal does not take is not piled up: the newest frame is shown when it does. */
static void a_slow_terminal_gets_fewer_frames(void **state)
{
    int refused = 0;
    open_as("xterm-256color", -1);
    take();
    for (int frame = 0; frame < 200; frame++) {
        fill((char)('a' + frame % 26));
        refused += !term_show(term, &canvas, 0, 0);
    }
    assert_true(refused > 100);
    assert_true(term_wants_output(term));
    take();
    assert_false(term_wants_output(term));
    fill('Z');
    assert_true(term_show(term, &canvas, 0, 0));
    take();
    assert_non_null(strstr(got, "ZZZZ"));
}

static void colours_are_those_there_are(void **state)
{
    const struct style style = { 203, 24, ATTRIBUTE_BOLD };
    open_as("xterm-256color", 8);
    assert_int_equal(term_colours(term), 8);
    canvas_text(&canvas, &all, 0, 0, style, "x");
    assert_true(term_show(term, &canvas, 0, 0));
    take();
    assert_null(strstr(got, "8;5;"));
    term_free(term);
    open_as("xterm-256color", -1);
    assert_int_equal(term_colours(term), 256);
    assert_true(term_show(term, &canvas, 0, 0));
    take();
    assert_non_null(strstr(got, "38;5;203"));
    assert_non_null(strstr(got, "48;5;24"));
    term_free(term);
    open_as("vt100", -1);
    assert_int_equal(term_colours(term), 0);
}

static void it_is_given_back(void **state)
{
    struct termios before, during, after;
    tcgetattr(slave, &before);
    open_as("xterm-256color", -1);
    tcgetattr(slave, &during);
    assert_false(during.c_lflag & (ICANON | ECHO | ISIG));
    assert_true(term_show(term, &canvas, 0, 0));
    take();
    assert_non_null(strstr(got, "\033[?1049h"));
    assert_non_null(strstr(got, "\033[?1006h"));
    term_close(term);
    take();
    assert_non_null(strstr(got, "\033[?1049l"));
    assert_non_null(strstr(got, "\033[?1006l"));
    assert_non_null(strstr(got, "\033[?2004l"));
    tcgetattr(slave, &after);
    assert_int_equal(before.c_lflag, after.c_lflag);
    /* Nothing more is written. */
    canvas_text(&canvas, &all, 0, 0, style_default, "late");
    assert_true(term_show(term, &canvas, 0, 0));
    term_bell(term);
    assert_int_equal(take(), 0);
}

static bool next(struct term_event *event)
{
    int wait_ms;
    struct pollfd fd = { .fd = slave, .events = POLLIN };
    poll(&fd, 1, PATIENCE_MS);
    term_ready(term);
    return term_event(term, event, &wait_ms);
}

static void sizes_and_keys(void **state)
{
    const struct winsize larger = { .ws_row = 50, .ws_col = 132 }, none = { 0 };
    struct term_event event;
    int width, height;
    open_as("xterm", -1);
    assert_true(next(&event));
    assert_int_equal(event.type, TERM_RESIZE);
    term_size(term, &width, &height);
    assert_int_equal(width, WIDTH);
    ioctl(master, TIOCSWINSZ, &larger);
    term_ask_size(term, false);
    assert_true(next(&event));
    assert_int_equal(event.type, TERM_RESIZE);
    take();
    /* The kernel knows none: the terminal is asked. */
    ioctl(master, TIOCSWINSZ, &none);
    term_ask_size(term, false);
    take();
    assert_non_null(strstr(got, "\033[6n"));
    assert_int_equal(write(master, "\033[40;90R", 8), 8);
    assert_true(next(&event));
    assert_int_equal(event.type, TERM_RESIZE);
    term_size(term, &width, &height);
    assert_int_equal(width, 90);
    assert_int_equal(height, 40);
    assert_int_equal(write(master, "\003", 1), 1);
    assert_true(next(&event));
    assert_true(key_is(&event.key, 'c', MODIFIER_CTRL));
}

static void other_types_are_refused(void **state)
{
    char error[200];
    int file = open("/dev/null", O_RDWR);
    struct term_options options = { .in = slave, .out = slave, .type = "dumb" };
    assert_null(term_open(&options, error, sizeof(error)));
    assert_non_null(strstr(error, "no addressable cursor"));
    options.type = "nonesuch";
    assert_null(term_open(&options, error, sizeof(error)));
    assert_non_null(strstr(error, "nonesuch"));
    options.in = file;
    assert_null(term_open(&options, error, sizeof(error)));
    assert_non_null(strstr(error, "not a terminal"));
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_differences_are_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_terminal_gets_fewer_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(colours_are_those_there_are, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_and_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(other_types_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("shell-term", tests, NULL, NULL);
}
