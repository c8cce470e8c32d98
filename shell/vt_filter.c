/* SPDX-License-Identifier: MIT */
/* ECMA-48's sequences, with VT220's and xterm's, as far as a guest's console has use for them. */
#include "vt_filter.h"
#include "canvas.h"

#include <stdio.h>
#include <string.h>

enum { ESC = 0x1b, REPLACEMENT = 0xfffd, REPEAT_MAX = 1000, BEYOND = 500 };

void filter_init(struct filter *filter, const struct filter_sink *sink, void *arg)
{
    memset(filter, 0, sizeof(*filter));
    filter->sink = sink;
    filter->arg = arg;
    filter->marks = FILTER_MARKS;
    filter_reset_modes(filter);
}

void filter_reset_modes(struct filter *filter)
{
    filter->insert = false;
    filter->shift = 0;
    filter->set[0] = filter->set[1] = 'B';
}

static void flush(struct filter *filter)
{
    if (filter->out_length) {
        size_t length = filter->out_length;

        filter->out_length = 0;
        filter->sink->write(filter->arg, filter->out, length);
    }
}

static void put(struct filter *filter, const char *bytes, size_t length)
{
    if (filter->out_length + length > sizeof(filter->out)) {
        flush(filter);
    }
    memcpy(filter->out + filter->out_length, bytes, length);
    filter->out_length += length;
}

void filter_put(struct filter *filter, const char *text)
{
    put(filter, text, strlen(text));
}

/* --- characters --- */

static void put_character(struct filter *filter, uint32_t character)
{
    char bytes[4];
    size_t length;

    if (filter_is_control(character)) {
        return;
    }
    if ((character >> 11) == 0x1b) { /* a surrogate */
        character = REPLACEMENT;
    }
    length = utf8_put(bytes, character);
    if (filter_is_mark(character)) {
        if (filter->marks >= FILTER_MARKS) {
            return;
        }
        filter->marks++;
    } else {
        filter->marks = 0;
        memcpy(filter->last, bytes, length);
        filter->last_length = length;
    }
    put(filter, bytes, length);
}

/* A character that was not complete does not get it any more. */
static void cut_character(struct filter *filter)
{
    if (filter->missing) {
        filter->missing = 0;
        put_character(filter, REPLACEMENT);
    }
}

static void begin_character(struct filter *filter, unsigned char byte)
{
    if (byte < 0xc2 || byte > 0xf4) {
        put_character(filter, REPLACEMENT);
    } else {
        filter->missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        filter->least = byte < 0xe0 ? 0x80 : byte < 0xf0 ? 0x800 : 0x10000;
        filter->character = byte & (0x3fu >> filter->missing);
    }
}

/* A byte of at least 0x80. */
static void text_byte(struct filter *filter, unsigned char byte)
{
    if (byte >= 0xc0) {
        cut_character(filter);
    }
    if (!filter->missing) {
        begin_character(filter, byte);
        return;
    }
    filter->character = filter->character << 6 | (byte & 0x3f);
    if (!--filter->missing) {
        put_character(filter, filter->character < filter->least || filter->character > 0x10ffff
                                  ? REPLACEMENT
                                  : filter->character);
    }
}

static void control_byte(struct filter *filter, unsigned char byte)
{
    if (byte >= 0x07 && byte <= 0x0f) {
        if (byte >= 0x0e) {
            filter->shift = byte == 0x0e;
        }
        filter->last_length = 0;
        put(filter, (const char[]){ (char)byte }, 1);
    }
}

/* --- escape sequences --- */

static void designate(struct filter *filter, unsigned char command)
{
    if ((filter->between == '(' || filter->between == ')') && strchr("0AB", command)) {
        put(filter, (const char[]){ ESC, filter->between, (char)command }, 3);
        filter->set[filter->between == ')'] = (char)command;
    } else if (filter->between == '#' && command == '8') {
        filter_put(filter, "\033#8");
        filter->heavy = true;
    }
}

static void restore_cursor(struct filter *filter)
{
    /* The screen may have become smaller since; any CSI brings the cursor back into it. */
    filter_put(filter, "\0338\033[0n");
}

static void escape(struct filter *filter, unsigned char command)
{
    filter->last_length = 0;
    switch (command) {
    case '7':
    case '=':
    case '>':
    case 'D':
    case 'E':
    case 'H':
    case 'M':
        put(filter, (const char[]){ ESC, (char)command }, 2);
        break;
    case '8':
        restore_cursor(filter);
        break;
    case 'Z':
        filter_put(filter, "\033[c");
        break;
    case 'c':
        flush(filter);
        filter->heavy = true;
        filter->sink->reset(filter->arg);
        break;
    default:
        break;
    }
}

static void begin_csi(struct filter *filter)
{
    filter->state = FILTER_CSI;
    filter->leader = filter->between = 0;
    filter->count = 1;
    filter->argument[0] = -1;
    filter->part[0] = false;
}

static void escape_byte(struct filter *filter, unsigned char byte)
{
    filter->state = FILTER_GROUND;
    if (byte == '[') {
        begin_csi(filter);
    } else if (byte == ']') {
        filter->state = FILTER_STRING_OSC;
        filter->string_length = 0;
    } else if (byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        filter->state = FILTER_STRING_OTHER;
    } else if (byte >= 0x20 && byte < 0x30) {
        filter->state = FILTER_ESCAPE_MORE;
        filter->between = (char)byte;
    } else if (byte < 0x7f) {
        escape(filter, byte);
    }
}

static void escape_more_byte(struct filter *filter, unsigned char byte)
{
    if (byte >= 0x20 && byte < 0x30) {
        filter->between = ' '; /* no sequence with two is known */
        return;
    }
    filter->state = FILTER_GROUND;
    if (byte < 0x7f) {
        designate(filter, byte);
    }
}

/* --- control sequences --- */

int filter_argument(const struct filter *filter, int i, int preset)
{
    return i < filter->count && filter->argument[i] >= 0 ? filter->argument[i] : preset;
}

/* Passes the sequence on, with at most @most arguments. */
static void pass(struct filter *filter, unsigned char command, int most)
{
    char text[64];
    size_t length = 0;

    length += (size_t)snprintf(text, sizeof(text), "\033[");
    if (filter->leader) {
        text[length++] = filter->leader;
    }
    for (int i = 0; i < most && i < filter->count; i++) {
        if (i) {
            text[length++] = ';';
        }
        if (filter->argument[i] >= 0) {
            length += (size_t)snprintf(text + length, 8, "%d", filter->argument[i]);
        }
    }
    if (filter->between) {
        text[length++] = filter->between;
    }
    text[length++] = (char)command;
    put(filter, text, length);
}

static void pass_heavy(struct filter *filter, unsigned char command)
{
    pass(filter, command, 1);
    filter->heavy = true;
}

static void repeat(struct filter *filter)
{
    int times = filter_argument(filter, 0, 1);

    times = times < 1 ? 1 : times > REPEAT_MAX ? REPEAT_MAX : times;
    for (int i = 0; i < times && filter->last_length; i++) {
        put(filter, filter->last, filter->last_length);
    }
    filter->heavy = true;
}

static void move_to(struct filter *filter, unsigned char command)
{
    if (filter_argument(filter, 0, 1) >= BEYOND || filter_argument(filter, 1, 1) >= BEYOND) {
        flush(filter);
        filter->sink->measure(filter->arg);
    }
    pass(filter, command, 2);
}

static bool is_known_mode(int mode)
{
    switch (mode) {
    case 1:    /* cursor keys */
    case 5:    /* inverse screen */
    case 6:    /* origin */
    case 7:    /* wrap */
    case 12:   /* blinking cursor */
    case 25:   /* visible cursor */
    case 1000: /* mouse: press and release, */
    case 1002: /* and dragging, */
    case 1003: /* and moving; */
    case 1005: /* encoded so */
    case 1006: /* or so */
    case 1015: /* or so */
    case 1047: /* alternate screen */
    case 1048: /* save the cursor */
    case 1049: /* both */
    case 2004: /* bracketed paste */
        return true;
    default:
        return false;
    }
}

static void set_modes(struct filter *filter, unsigned char command)
{
    char text[16];

    for (int i = 0; i < filter->count; i++) {
        int mode = filter->argument[i] == 47 ? 1047 : filter->argument[i];

        if (filter->leader ? is_known_mode(mode) : mode == 4 || mode == 20) {
            snprintf(text, sizeof(text), "\033[%s%d%c", filter->leader ? "?" : "", mode, command);
            filter_put(filter, text);
            if (mode == 4) {
                filter->insert = command == 'h';
            }
            filter->heavy = filter->heavy || mode == 1047 || mode == 1049;
        }
    }
}

/* --- control sequences, which is which --- */

static void plain_csi(struct filter *filter, unsigned char command)
{
    switch (command) {
    case '@':
    case 'A' ... 'G':
    case 'I':
    case 'K':
    case 'P':
    case 'X':
    case 'Z':
    case '`':
    case 'a':
    case 'd':
    case 'e':
    case 'g':
    case 'j':
    case 'k':
        pass(filter, command, 1);
        break;
    case 'T': /* with more, it is about a mouse */
        if (filter->count == 1) {
            pass_heavy(filter, command);
        }
        break;
    case 'J':
    case 'L':
    case 'M':
    case 'S':
        pass_heavy(filter, command);
        break;
    case 'H':
    case 'f':
        move_to(filter, command);
        break;
    case 'b':
        repeat(filter);
        break;
    case 'c':
    case 'n':
        pass(filter, command, 1);
        break;
    case 'h':
    case 'l':
        set_modes(filter, command);
        break;
    case 'm':
        filter_attributes(filter);
        break;
    case 'r':
        pass(filter, command, 2);
        break;
    case 's':
        filter_put(filter, "\0337");
        break;
    case 'u':
        restore_cursor(filter);
        break;
    case 't':
        if (filter_argument(filter, 0, 0) == 18) {
            flush(filter);
            filter->sink->report_size(filter->arg);
        }
        break;
    default:
        break;
    }
}

static void private_csi(struct filter *filter, unsigned char command)
{
    if (command == 'h' || command == 'l') {
        set_modes(filter, command);
    } else if (command == 'J') {
        pass_heavy(filter, command);
    } else if (command == 'K' || command == 'n') {
        pass(filter, command, 1);
    }
}

static void csi(struct filter *filter, unsigned char command)
{
    if (!filter->leader && !filter->between) {
        plain_csi(filter, command);
    } else if (filter->leader == '?' && !filter->between) {
        private_csi(filter, command);
    } else if (filter->leader == '?' && filter->between == '$' && command == 'p') {
        pass(filter, command, 1); /* DECRQM */
    } else if (filter->leader == '>' && !filter->between && command == 'c') {
        filter_put(filter, "\033[>c");
    } else if (!filter->leader && filter->between == ' ' && command == 'q') {
        pass(filter, command, 1); /* DECSCUSR */
    } else if (!filter->leader && filter->between == '!' && command == 'p') {
        flush(filter);
        filter->sink->soft_reset(filter->arg);
    }
    if (command != 'b') {
        filter->last_length = 0;
    }
}

static void csi_digit(struct filter *filter, unsigned char byte)
{
    int16_t *number = &filter->argument[filter->count - 1];
    int value = (*number < 0 ? 0 : *number) * 10 + byte - '0';

    *number = (int16_t)(value > FILTER_NUMBER_MAX ? FILTER_NUMBER_MAX : value);
}

static void csi_byte(struct filter *filter, unsigned char byte)
{
    if (byte >= 0x40) {
        enum filter_state state = filter->state;

        filter->state = FILTER_GROUND;
        if (state == FILTER_CSI && byte < 0x7f) {
            csi(filter, byte);
        }
    } else if (filter->state == FILTER_CSI_WRONG) {
        return;
    } else if (byte >= '0' && byte <= '9' && !filter->between) {
        csi_digit(filter, byte);
    } else if ((byte == ';' || byte == ':') && !filter->between) {
        if (filter->count == FILTER_ARGUMENTS) {
            filter->state = FILTER_CSI_WRONG;
            return;
        }
        filter->part[filter->count] = byte == ':';
        filter->argument[filter->count++] = -1;
    } else if (byte < 0x30 && !filter->between) {
        filter->between = (char)byte;
    } else if (byte >= 0x3c && !filter->leader && filter->count == 1 && filter->argument[0] < 0) {
        filter->leader = (char)byte;
    } else {
        filter->state = FILTER_CSI_WRONG;
    }
}

/* --- strings --- */

static void end_string(struct filter *filter, bool osc)
{
    const char *text = filter->string;

    filter->state = FILTER_GROUND;
    filter->last_length = 0;
    if (osc && filter->string_length >= 2 && (*text == '0' || *text == '2') && text[1] == ';') {
        flush(filter);
        filter->sink->title(filter->arg, text + 2, filter->string_length - 2);
    }
}

static void string_byte(struct filter *filter, unsigned char byte)
{
    if (filter->state == FILTER_STRING_OSC && filter->string_length < FILTER_STRING) {
        filter->string[filter->string_length++] = (char)byte;
    }
}

/* --- all of it --- */

static bool is_string(const struct filter *filter)
{
    return filter->state == FILTER_STRING_OSC || filter->state == FILTER_STRING_OTHER;
}

static void low_byte(struct filter *filter, unsigned char byte)
{
    cut_character(filter);
    if (byte == ESC) {
        filter->osc = filter->state == FILTER_STRING_OSC;
        filter->state = is_string(filter) ? FILTER_STRING_ESCAPE : FILTER_ESCAPE;
    } else if (byte == 0x18 || byte == 0x1a) {
        filter->state = FILTER_GROUND;
    } else if (!is_string(filter)) {
        control_byte(filter, byte);
    } else if (byte == 0x07 && filter->state == FILTER_STRING_OSC) {
        end_string(filter, true);
    } else if (byte == '\n' || byte == '\r') {
        /* Garbage that looks like a string's beginning must not silence a console for good. */
        filter->state = FILTER_GROUND;
        control_byte(filter, byte);
    }
}

static void byte_in(struct filter *filter, unsigned char byte)
{
    if (byte < 0x20) {
        low_byte(filter, byte);
        return;
    }
    switch (filter->state) {
    case FILTER_GROUND:
        if (byte >= 0x80) {
            text_byte(filter, byte);
        } else {
            cut_character(filter);
            if (byte != 0x7f) {
                put_character(filter, byte);
            }
        }
        break;
    case FILTER_ESCAPE:
        escape_byte(filter, byte);
        break;
    case FILTER_ESCAPE_MORE:
        escape_more_byte(filter, byte);
        break;
    case FILTER_CSI:
    case FILTER_CSI_WRONG:
        csi_byte(filter, byte);
        break;
    case FILTER_STRING_OSC:
    case FILTER_STRING_OTHER:
        string_byte(filter, byte);
        break;
    case FILTER_STRING_ESCAPE:
        if (byte == '\\') {
            end_string(filter, filter->osc);
        } else {
            escape_byte(filter, byte);
        }
        break;
    }
}

/* Bytes of plain ASCII that may be passed on as they are. */
static size_t plain(const struct filter *filter, const char *bytes, size_t length)
{
    size_t count = 0;

    if (filter->state == FILTER_GROUND && !filter->missing) {
        if (length > FILTER_OUT - filter->out_length) {
            length = FILTER_OUT - filter->out_length;
        }
        while (count < length && bytes[count] >= 0x20 && bytes[count] < 0x7f) {
            count++;
        }
    }
    return count;
}

/* Plain characters that nothing stands in the way of go to the screen directly: libvterm takes ten
 * times as long. But the last one, since a mark may follow. */
static size_t put_directly(struct filter *filter, const char *bytes, size_t length)
{
    char text[16];
    size_t done;

    if (length < FILTER_RUN || filter->insert || filter->set[filter->shift] != 'B') {
        return 0;
    }
    flush(filter);
    done = filter->sink->text(filter->arg, bytes, length - 1);
    if (done) {
        snprintf(text, sizeof(text), "\033[%uC", (unsigned int)done);
        filter_put(filter, text);
    }
    return done;
}

size_t filter_input(struct filter *filter, const char *bytes, size_t length)
{
    size_t done = 0;

    filter->heavy = false;
    while (done < length && filter->out_length < FILTER_OUT && !filter->heavy) {
        size_t count = plain(filter, bytes + done, length - done);

        if (count) {
            size_t direct = put_directly(filter, bytes + done, count);

            put(filter, bytes + done + direct, count - direct);
            done += count;
            filter->last[0] = bytes[done - 1];
            filter->last_length = 1;
            filter->marks = 0;
        } else {
            byte_in(filter, (unsigned char)bytes[done++]);
        }
    }
    flush(filter);
    return done;
}
