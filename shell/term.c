/* SPDX-License-Identifier: MIT */
#include "term.h"
#include "shell.h"
#include "term_input.h"
#include "term_tty.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

/* Curses has a function of that name, which isn't used here. */
#define key_name         curses_key_name
#define NCURSES_NOMACROS 1
#include <curses.h>
#undef key_name
#include <termcap.h>

enum { PRESET_WIDTH = 80, PRESET_HEIGHT = 24, LEAST = 2, MOST = 1000, COLOUR_SLOTS = 257 };

struct term {
    int tty;
    SCREEN *screen;
    FILE *memory; /* where curses writes to */
    int colours;
    bool utf8, reports; /* of the mouse, and of pastes */
    bool repaint;
    struct canvas shown;
    int cursor_x, cursor_y;
    uint16_t (*pairs)[COLOUR_SLOTS]; /* curses' number + 1 for a pair of colours */
    int next_pair;

    char *pending; /* bytes that the terminal has not taken */
    size_t pending_length, pending_room, pending_sent;

    struct term_input input;
    bool complete, hangup, resized;
    bool closed;
    uint64_t escape_ms;
    int width, height;
    struct term_statistics statistics;
};

static const char reports_on[] = "\033[?1000h\033[?1002h\033[?1006h\033[?2004h";
static const char reports_off[] = "\033[?1006l\033[?1002l\033[?1000l\033[?2004l";
static const char size_question[] = "\0337\033[999;999H\033[6n\0338";

/* --- what goes out ---------------------------------------------------------------- */

static void send_pending(struct term *term)
{
    while (term->pending_sent < term->pending_length) {
        ssize_t done = write(term->tty, term->pending + term->pending_sent,
                             term->pending_length - term->pending_sent);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            term->hangup |= done < 0 && errno != EAGAIN;
            return;
        }
        term->pending_sent += (size_t)done;
        term->statistics.bytes += (uint64_t)done;
    }
    term->pending_sent = term->pending_length = 0;
}

static char *pending_space(struct term *term, size_t length)
{
    size_t need = term->pending_length + length;
    if (need > term->pending_room) {
        term->pending_room = need + 4096;
        term->pending = shell_need(realloc(term->pending, term->pending_room));
    }
    return term->pending + term->pending_length;
}

static void queue(struct term *term, const char *bytes, size_t length)
{
    if (term->closed)
        return;
    memcpy(pending_space(term, length), bytes, length);
    term->pending_length += length;
}

/* Takes what curses has written. Returns how much. */
static size_t take_output(struct term *term)
{
    int fd = fileno(term->memory);
    off_t length = lseek(fd, 0, SEEK_CUR);
    if (length <= 0)
        return 0;
    ssize_t got = pread(fd, pending_space(term, (size_t)length), (size_t)length, 0);
    if (got > 0)
        term->pending_length += (size_t)got;
    lseek(fd, 0, SEEK_SET);
    return got > 0 ? (size_t)got : 0;
}

/* --- opening and closing ------------------------------------------------------------ */

static const char *capability(const char *name)
{
    const char *value = tigetstr(name);
    return value && value != (char *)-1 ? value : "";
}

static void start_colours(struct term *term, int most)
{
    int have = tigetnum("colors");
    have = have >= 256 ? 256 : have >= 8 ? 8 : 0;
    if (most >= 0 && most < have)
        have = most >= 8 ? 8 : 0;
    if (!have || start_color() == ERR)
        return;
    term->colours = have;
    use_default_colors();
    term->pairs = shell_need(calloc(COLOUR_SLOTS, sizeof(*term->pairs)));
    term->next_pair = 1;
}

static bool start_curses(struct term *term, const char *type, char *error, size_t size)
{
    int fd = memfd_create("frame", MFD_CLOEXEC);
    term->memory = fd < 0 ? NULL : fdopen(fd, "r+");
    if (!term->memory) {
        snprintf(error, size, "no memory for the terminal's frames: %s", strerror(errno));
        return false;
    }
    /* newterm() would lose memory for a type that is not known. */
    if (type && *type && tgetent(NULL, type) == 1)
        term->screen = newterm(type, term->memory, term->memory);
    if (!term->screen || !*capability("cup")) {
        snprintf(error, size, "a terminal of type \"%s\" (TERM) %s", type ? type : "",
                 term->screen ? "has no addressable cursor" : "is not known here");
        return false;
    }
    /* It must not look whether there are keys: what it would look at is not the keyboard. */
    typeahead(-1);
    leaveok(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    return true;
}

static void free_term(struct term *term)
{
    if (term->screen)
        delscreen(term->screen);
    if (term->memory)
        fclose(term->memory);
    close(term->tty);
    canvas_free(&term->shown);
    free(term->pairs);
    free(term->pending);
    free(term);
}

static bool enter(struct term *term, bool mouse, char *error, size_t size)
{
    char restore[256];
    term->reports = mouse && (*capability("kmous") || *capability("XM"));
    snprintf(restore, sizeof(restore), "%s%s%s%s%s", term->reports ? reports_off : "",
             capability("sgr0"), capability("op"), capability("cnorm"), capability("rmcup"));
    if (!tty_enter(term->tty, term->tty, restore)) {
        snprintf(error, size, "the terminal cannot be made raw: %s", strerror(errno));
        return false;
    }
    if (term->reports)
        queue(term, reports_on, strlen(reports_on));
    term->repaint = true;
    return true;
}

struct term *term_open(const struct term_options *options, char *error, size_t size)
{
    const char *type = options->type ? options->type : getenv("TERM");
    if (!isatty(options->in) || !isatty(options->out)) {
        snprintf(error, size, "input and output are not a terminal");
        return NULL;
    }
    int tty = tty_reopen(options->in);
    if (tty < 0) {
        snprintf(error, size, "the terminal cannot be opened: %s", strerror(errno));
        return NULL;
    }
    struct term *term = shell_need(calloc(1, sizeof(*term)));
    term->tty = tty;
    term->escape_ms = (uint64_t)options->escape_ms;
    term->utf8 = !options->ascii && !strcmp(nl_langinfo(CODESET), "UTF-8");
    if (!start_curses(term, type, error, size) || !enter(term, options->mouse, error, size)) {
        free_term(term);
        return NULL;
    }
    start_colours(term, options->colours);
    term->width = PRESET_WIDTH;
    term->height = PRESET_HEIGHT;
    canvas_init(&term->shown, term->width, term->height);
    term_ask_size(term, false);
    send_pending(term);
    return term;
}

void term_close(struct term *term)
{
    if (term->reports)
        queue(term, reports_off, strlen(reports_off));
    endwin();
    take_output(term);
    tty_write(term->tty, term->pending + term->pending_sent,
              term->pending_length - term->pending_sent);
    term->pending_length = term->pending_sent = 0;
    tty_leave();
    term->closed = true;
}

void term_free(struct term *term)
{
    if (!term->closed)
        term_close(term);
    free_term(term);
}

int term_colours(const struct term *term)
{
    return term->colours;
}

bool term_utf8(const struct term *term)
{
    return term->utf8;
}

/* --- the size ------------------------------------------------------------------------ */

static void set_size(struct term *term, int width, int height)
{
    width = width < LEAST ? LEAST : width > MOST ? MOST : width;
    height = height < LEAST ? LEAST : height > MOST ? MOST : height;
    if (width == term->width && height == term->height)
        return;
    term->width = width;
    term->height = height;
    term->resized = true;
}

void term_size(const struct term *term, int *width, int *height)
{
    *width = term->width;
    *height = term->height;
}

void term_ask_size(struct term *term, bool always)
{
    int width, height;
    bool known = tty_size(term->tty, &width, &height);
    if (known)
        set_size(term, width, height);
    if (known && !always)
        return;
    queue(term, size_question, strlen(size_question));
    term->input.asked = true;
    send_pending(term);
}

/* --- cells ---------------------------------------------------------------------------- */

/* For terminals that have no other characters. */
static uint32_t ascii_of(uint32_t character)
{
    static const char levels[] = "_.,-=+*#";
    if (character < 0x7f)
        return character;
    if (character == 0x2500)
        return '-';
    if (character == 0x2502)
        return '|';
    if (character > 0x2502 && character < 0x2580)
        return '+';
    if (character >= 0x2581 && character <= 0x2588)
        return (uint32_t)levels[character - 0x2581];
    if (character == 0x2591)
        return '.';
    return character == 0xb7 ? '.' : character == 0x2026 ? '~' : '?';
}

/* One of the 8 colours that all have, for one of 256. */
static int16_t coarse(int16_t colour)
{
    if (colour < 16)
        return colour < 8 ? colour : (int16_t)(colour - 8);
    if (colour >= 232)
        return colour >= 244 ? 7 : 0;
    int cube = colour - 16, red = cube / 36, green = cube / 6 % 6, blue = cube % 6;
    return (int16_t)((red > 2) | (green > 2) << 1 | (blue > 2) << 2);
}

static int pair_of(struct term *term, const struct style *style)
{
    int16_t foreground = style->foreground, background = style->background;
    if (!term->colours || (foreground < 0 && background < 0))
        return 0;
    if (term->colours < 256) {
        foreground = foreground < 0 ? foreground : coarse(foreground);
        background = background < 0 ? background : coarse(background);
    }
    uint16_t *pair = &term->pairs[foreground + 1][background + 1];
    if (!*pair && term->next_pair < COLOR_PAIRS && term->next_pair < UINT16_MAX &&
        init_extended_pair(term->next_pair, foreground, background) == OK)
        *pair = (uint16_t)(term->next_pair++ + 1);
    return *pair ? *pair - 1 : 0;
}

static attr_t attributes_of(const struct term *term, const struct style *style)
{
    static const attr_t attributes[] = { WA_BOLD,      WA_DIM,   WA_ITALIC,
                                         WA_UNDERLINE, WA_BLINK, WA_REVERSE };
    attr_t all = 0;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
        if (style->attributes & 1u << i)
            all |= attributes[i];
    if (term->colours && term->colours < 256 && style->foreground >= 8 && style->foreground < 16)
        all |= WA_BOLD;
    return all;
}

static void make_cell(struct term *term, const struct cell *cell, cchar_t *to)
{
    wchar_t text[CELL_CHARACTERS + 1] = L" ";
    for (size_t i = 0; i < CELL_CHARACTERS && cell->text[i]; i++) {
        uint32_t character = cell->text[i];
        if (!term->utf8)
            character = ascii_of(character);
        else if (wcwidth((wchar_t)character) < 0)
            character = 0xfffd;
        text[i] = (wchar_t)character;
        text[i + 1] = 0;
        if (!term->utf8)
            break;
    }
    int pair = pair_of(term, &cell->style);
    setcchar(to, text, attributes_of(term, &cell->style), (short)(pair & 0x7fff), &pair);
}

static bool cells_equal(const struct cell *a, const struct cell *b)
{
    return !memcmp(a->text, b->text, sizeof(a->text)) && a->width == b->width &&
           a->style.foreground == b->style.foreground &&
           a->style.background == b->style.background && a->style.attributes == b->style.attributes;
}

/* Gives curses the part of a row that differs from what it has. */
static bool show_row(struct term *term, const struct canvas *canvas, int y)
{
    cchar_t cells[MOST];
    int first = 0, last = canvas->width - 1;
    const struct cell *row = canvas_at(canvas, 0, y);
    struct cell *shown = canvas_at(&term->shown, 0, y);

    while (first <= last && cells_equal(&row[first], &shown[first]))
        first++;
    if (first > last)
        return false;
    while (cells_equal(&row[last], &shown[last]))
        last--;
    while (first > 0 && !row[first].width)
        first--;
    int count = 0;
    for (int x = first; x <= last; x++)
        if (row[x].width)
            make_cell(term, &row[x], &cells[count++]);
    mvadd_wchnstr(y, first, cells, count);
    memcpy(&shown[first], &row[first], (size_t)(last - first + 1) * sizeof(*row));
    return true;
}

bool term_show(struct term *term, const struct canvas *canvas, int x, int y)
{
    bool cursor = x >= 0 && x < canvas->width && y >= 0 && y < canvas->height;
    bool changed = false;

    if (term->closed)
        return true;
    if (term->pending_length)
        return false;
    if (canvas->width != term->shown.width || canvas->height != term->shown.height) {
        canvas_resize(&term->shown, canvas->width, canvas->height);
        resizeterm(canvas->height, canvas->width);
        term->repaint = true;
    }
    if (term->repaint) {
        canvas_resize(&term->shown, canvas->width, canvas->height);
        erase();
        clearok(curscr, TRUE);
        changed = true;
    }
    for (int row = 0; row < canvas->height; row++)
        changed |= show_row(term, canvas, row);
    if (!changed && (cursor ? x == term->cursor_x && y == term->cursor_y : term->cursor_x < 0))
        return true;
    if (cursor != (term->cursor_x >= 0) || term->repaint)
        curs_set(cursor);
    move(cursor ? y : canvas->height - 1, cursor ? x : 0);
    refresh();
    term->repaint = false;
    term->cursor_x = cursor ? x : -1;
    term->cursor_y = y;
    size_t bytes = take_output(term);
    if (bytes) {
        term->statistics.frames++;
        term->statistics.last = (uint32_t)bytes;
        if (bytes > term->statistics.largest)
            term->statistics.largest = (uint32_t)bytes;
    }
    send_pending(term);
    return true;
}

void term_repaint(struct term *term)
{
    term->repaint = true;
}

/* --- what comes in -------------------------------------------------------------------- */

int term_fd(const struct term *term)
{
    return term->tty;
}

bool term_wants_output(const struct term *term)
{
    return term->pending_length != 0;
}

void term_ready(struct term *term)
{
    size_t space;
    char *to = input_space(&term->input, &space);

    send_pending(term);
    if (!space)
        return;
    ssize_t got = read(term->tty, to, space);
    if (got > 0)
        input_add(&term->input, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        term->hangup = true;
    term->complete = false;
}

void term_escape_over(struct term *term)
{
    term->complete = true;
}

bool term_event(struct term *term, struct term_event *event, int *wait_ms)
{
    enum input_result result;

    *wait_ms = -1;
    while ((result = input_next(&term->input, term->complete, event)) == INPUT_ANSWER)
        set_size(term, term->input.answer_x, term->input.answer_y);
    if (result == INPUT_EVENT)
        return true;
    if (result == INPUT_MORE)
        *wait_ms = (int)term->escape_ms;
    if (term->resized || term->hangup) {
        *event = (struct term_event){ .type = term->resized ? TERM_RESIZE : TERM_HANGUP };
        term->resized = false;
        return true;
    }
    return false;
}

void term_bell(struct term *term)
{
    queue(term, "\a", 1);
    send_pending(term);
}

void term_copy(struct term *term, const char *text, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = (const unsigned char *)text;

    if (!term->reports)
        return;
    queue(term, "\033]52;c;", 7);
    for (size_t i = 0; i < length; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (i + 1 < length ? bytes[i + 1] << 8 : 0) |
                         (i + 2 < length ? bytes[i + 2] : 0);
        char four[4];
        for (int j = 0; j < 4; j++)
            four[j] = digits[three >> (18 - 6 * j) & 63];
        if (i + 1 >= length)
            four[2] = '=';
        if (i + 2 >= length)
            four[3] = '=';
        queue(term, four, 4);
    }
    queue(term, "\a", 1);
    send_pending(term);
}

void term_statistics(const struct term *term, struct term_statistics *statistics)
{
    *statistics = term->statistics;
}
