/* SPDX-License-Identifier: MIT */
#include "test_vt.h"
#include "shell/shell.h"
#include "shell/vt_history.h"

/* A vi-like editor on the alternate screen: colours, insertion and deletion of lines, regions. */
static const char vi[] =
    "\033[?1049h\033[?1h\033=\033[1;24r\033[H\033[2J"
    "\033[1;1Hfirst line\r\nsecond line\r\nthird line\033[4;1H\033[94m~\033[5;1H~\033[m"
    "\033[24;1H\033[7m\"notes.txt\"\033[m 3L, 33B\033[1;1H"
    "\033[2;1H\033[L"                          /* o */
    "inserted\033[1;23r\033[23;1H\n\033[1;24r" /* scrolled in a region */
    "\033[1;1H\033[4hAB\033[4l\033[3P\033[K"
    "\033[24;1H\033[K:q\r\033[?1l\033>\033[?1049l";

/* A top-like table: home, lines with erased ends, reverse header. */
static const char top[] =
    "\033[?1h\033=\033[H\033[2J\033(B\033[m\017top - 10:00:00 up 1 day,  1 user\033[m\017\033[K\n\r"
    "Tasks: \033[1m 80 \033[mtotal\033[K\n\r\033[K\n\r"
    "\033[7m  PID USER      PR  NI    VIRT COMMAND\033[m\033[K\n\r"
    "    1 root      20   0    4096 init\033[K\n\r\033[1m   17 root      20   0     512 top\033[m"
    "\033[K\n\r\033[J\033[H";

/* An installer's dialog: line drawing, background colours, a shadow. */
static const char dialog[] =
    "\033[?1049h\033[22;0;0t\033[37m\033[44m\033[H\033[2J\033[5;20H\033[30m\033[47m\033("
    "0lqqqqqqqqqqk"
    "\033[6;20Hx\033(B Proceed? \033(0x\033[7;20Hmqqqqqqqqqqj\033(B\033[40m \033[m"
    "\033[6;22H\033[1;33;41m<Yes>\033[39;49m\033[m\033[24;1H\033[?25l\033[3 q";

/* A kernel's boot, and a login. */
static const char boot[] =
    "[    0.000000] Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)\r\n"
    "[    0.000000] Command line: root=/dev/xvda1 ro console=hvc0 a_long_line=1 which_wraps=1\r\n"
    "[\033[0;32m  OK  \033[0m] Started \033[0;1;39mGetty\033[0m.\r\n\r\n"
    "Debian GNU/Linux 12 demo hvc0\r\n\r\ndemo login: root\r\nPassword: \r\n"
    "\033]0;root@demo: ~\007root@demo:~# \033[01;34mls\033[m\b \b\033[K\007\r\n";

/* Wide and combining characters. */
static const char wide[] = "\xe4\xb8\xad\xe6\x96\x87 e\xcc\x81 \xf0\x9f\x98\x80"
                           "x\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\r\n\xef\xbc\xa1|\r\n";

/* As less and resize do. */
static const char less[] =
    "\033[?1049h\033[?1h\033=\rline 1\033[m\r\nline 2\r\n\033[7m(END)\033[27m"
    "\033[K\033[24;1H\033M\033[H\033M\033[L\033[?1l\033>\033[?1049l"
    "\0337\033[r\033[999;999H\033[6n\0338";

/* Colours of all kinds. */
static const char colours[] = "\033[31mred\033[38;5;208morange\033[38;2;255;0;0mtrue\033[48:5:21m"
                              "blue\033[38:2::0:255:0mgreen\033[0;4:3mcurly\033[m\033[1;3;5;7mall"
                              "\033[22;23;25;27m\033[101;97mbright\033[m\r\n";

#define SESSION(name)                                                                              \
    {                                                                                              \
#name, name, sizeof(name) - 1                                                              \
    }

const struct session sessions[SESSIONS] = {
    SESSION(vi),   SESSION(top),  SESSION(dialog),  SESSION(boot),
    SESSION(wide), SESSION(less), SESSION(colours),
};

const char *line_text(struct vt *vt, uint64_t line)
{
    static char text[VT_COLUMNS_MAX * CELL_TEXT + 1];
    static struct cell cells[VT_COLUMNS_MAX];
    size_t length = 0;
    int count = vt_line(vt, line, cells, VT_COLUMNS_MAX, NULL);

    for (int i = 0; i < count; i++) {
        if (cells[i].width) {
            length += cell_text(&cells[i], text + length);
        }
    }
    while (length && text[length - 1] == ' ') {
        length--;
    }
    text[length] = 0;
    return text;
}

const char *row_text(struct vt *vt, int row)
{
    return line_text(vt, vt_top(vt) + (uint64_t)row);
}

const struct cell *cell_at(struct vt *vt, int row, int column)
{
    static struct cell cells[VT_COLUMNS_MAX];

    vt_line(vt, vt_top(vt) + (uint64_t)row, cells, VT_COLUMNS_MAX, NULL);
    return &cells[column];
}

void take_text(struct vt *vt, const char *text)
{
    size_t length = strlen(text), done = 0;

    while (done < length) {
        done += vt_input(vt, text + done, length - done, SIZE_MAX);
    }
}

static void check_cell(const struct cell *cell)
{
    for (int i = 0; i < CELL_CHARACTERS && cell->text[i]; i++) {
        assert_false(filter_is_control(cell->text[i]));
        assert_true(cell->text[i] > ' ');
        assert_int_equal(character_width(cell->text[i]), i ? 0 : cell->width);
    }
    assert_in_range(cell->style.foreground + 1, 0, 256);
    assert_in_range(cell->style.background + 1, 0, 256);
}

void check_line(const struct vt *vt, uint64_t line, int columns)
{
    struct cell cells[VT_COLUMNS_MAX];
    int count = vt_line(vt, line, cells, columns, NULL);

    assert_in_range(count, 0, VT_COLUMNS_MAX);
    for (int i = 0; i < columns; i++) {
        assert_in_range(cells[i].width, 0, 2);
        if (cells[i].width == 2) {
            assert_true(i + 1 < columns && cells[i + 1].width == 0);
        }
        if (cells[i].width == 0) {
            assert_true(i > 0 && cells[i - 1].width == 2);
            assert_int_equal(cells[i].text[0], 0);
        }
        check_cell(&cells[i]);
    }
}

/* The terminal needs nothing else of the shell. */
void shell_out_of_memory(void)
{
    abort();
}

void *shell_need(void *pointer)
{
    if (!pointer) {
        shell_out_of_memory();
    }
    return pointer;
}
