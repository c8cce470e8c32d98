/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <errno.h>
#include <string.h>

static const uint8_t hello_magic[4] = { 'P', 'C', 'O', 'N' };

static uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get_u32(const uint8_t *p)
{
    return get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

static void put_u16(uint8_t *p, unsigned int value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *p, uint32_t value)
{
    put_u16(p, value & 0xffff);
    put_u16(p + 2, value >> 16);
}

/* --- receiving ----------------------------------------------------------------- */

uint8_t *console_reader_space(struct console_reader *reader, size_t *space)
{
    if (reader->next) {
        memmove(reader->buf, reader->buf + reader->next, reader->have - reader->next);
        reader->have -= reader->next;
        reader->next = 0;
    }
    *space = sizeof(reader->buf) - reader->have;
    return reader->buf + reader->have;
}

void console_reader_add(struct console_reader *reader, size_t length)
{
    reader->have += length;
}

int console_reader_next(struct console_reader *reader, struct console_frame *frame)
{
    const uint8_t *header = reader->buf + reader->next;
    size_t left = reader->have - reader->next, length;

    if (left < CONSOLE_HEADER_SIZE) {
        return 0;
    }
    length = get_u16(header + 2);
    if (header[0] < CONSOLE_HELLO || header[0] > CONSOLE_ERROR || header[1] != 0 ||
        length > CONSOLE_PAYLOAD_MAX) {
        return -EPROTO;
    }
    if (left < CONSOLE_HEADER_SIZE + length) {
        return 0;
    }
    frame->type = (enum console_frame_type)header[0];
    frame->payload = header + CONSOLE_HEADER_SIZE;
    frame->length = length;
    reader->next += CONSOLE_HEADER_SIZE + length;
    return 1;
}

void console_reader_unget(struct console_reader *reader, const struct console_frame *frame)
{
    reader->next -= CONSOLE_HEADER_SIZE + frame->length;
}

/* Takes the text from @offset on: one without NUL, not longer than @size - 1, which it must fit. */
static int get_text(const struct console_frame *frame, size_t offset, char *text, size_t size)
{
    size_t length = frame->length - offset;

    if (length >= size || memchr(frame->payload + offset, '\0', length)) {
        return -EPROTO;
    }
    memcpy(text, frame->payload + offset, length);
    text[length] = '\0';
    return 0;
}

static int get_name(const struct console_frame *frame, size_t offset, char *name)
{
    if (frame->length <= offset) {
        return -EPROTO;
    }
    return get_text(frame, offset, name, CONSOLE_NAME_MAX + 1);
}

static int get_state(uint8_t byte, enum console_guest_state *state)
{
    if (byte > CONSOLE_GUEST_ALIVE) {
        return -EPROTO;
    }
    *state = (enum console_guest_state)byte;
    return 0;
}

int console_get_hello(const struct console_frame *frame, unsigned int *version)
{
    if (frame->type != CONSOLE_HELLO || frame->length != 8 ||
        memcmp(frame->payload, hello_magic, sizeof(hello_magic))) {
        return -EPROTO;
    }
    *version = get_u16(frame->payload + 4);
    return 0;
}

int console_get_attach(const struct console_frame *frame, struct console_attach *attach)
{
    if (frame->type != CONSOLE_ATTACH || frame->length < 2 ||
        (frame->payload[0] & ~CONSOLE_ATTACH_FLAGS)) {
        return -EPROTO;
    }
    attach->flags = frame->payload[0];
    return get_name(frame, 1, attach->guest);
}

int console_get_attached(const struct console_frame *frame, struct console_attached *attached)
{
    if (frame->type != CONSOLE_ATTACHED || frame->length < 7 ||
        get_state(frame->payload[4], &attached->state) ||
        (frame->payload[5] & ~CONSOLE_ATTACH_FLAGS)) {
        return -EPROTO;
    }
    attached->domid = get_u32(frame->payload);
    attached->flags = frame->payload[5];
    return get_name(frame, 6, attached->name);
}

int console_get_window(const struct console_frame *frame, uint16_t *columns, uint16_t *rows)
{
    if (frame->type != CONSOLE_WINDOW || frame->length != 4) {
        return -EPROTO;
    }
    *columns = get_u16(frame->payload);
    *rows = get_u16(frame->payload + 2);
    return 0;
}

int console_get_entry(const struct console_frame *frame, struct console_entry *entry)
{
    if (frame->type != CONSOLE_ENTRY) {
        return -EPROTO;
    }
    entry->last = frame->length == 0;
    if (entry->last) {
        return 0;
    }
    if (frame->length < 13 || get_state(frame->payload[4], &entry->state)) {
        return -EPROTO;
    }
    entry->domid = get_u32(frame->payload);
    entry->clients = get_u16(frame->payload + 6);
    entry->scrollback = get_u32(frame->payload + 8);
    return get_name(frame, 12, entry->name);
}

int console_get_sentence(const struct console_frame *frame, struct console_sentence *sentence)
{
    size_t offset = frame->type == CONSOLE_NOTICE ? 0 : 1;

    if ((frame->type != CONSOLE_NOTICE && frame->type != CONSOLE_END &&
         frame->type != CONSOLE_ERROR) ||
        frame->length < offset) {
        return -EPROTO;
    }
    sentence->code = offset ? frame->payload[0] : 0;
    if (get_text(frame, offset, sentence->text, sizeof(sentence->text))) {
        return -EPROTO;
    }
    for (char *p = sentence->text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }
    return 0;
}

/* --- sending --------------------------------------------------------------------- */

/* Writes the header for @fixed bytes that are in place and @text behind them. */
static size_t finish(uint8_t *buf, enum console_frame_type type, size_t fixed, const char *text)
{
    size_t length = strlen(text);

    if (length > CONSOLE_PAYLOAD_MAX - fixed) {
        length = CONSOLE_PAYLOAD_MAX - fixed;
    }
    buf[0] = (uint8_t)type;
    buf[1] = 0;
    put_u16(buf + 2, (unsigned int)(fixed + length));
    memcpy(buf + CONSOLE_HEADER_SIZE + fixed, text, length);
    return CONSOLE_HEADER_SIZE + fixed + length;
}

size_t console_put(uint8_t *buf, enum console_frame_type type, const void *payload, size_t length)
{
    if (length) {
        memcpy(buf + CONSOLE_HEADER_SIZE, payload, length);
    }
    return finish(buf, type, length, "");
}

size_t console_put_hello(uint8_t *buf, unsigned int version)
{
    uint8_t *payload = buf + CONSOLE_HEADER_SIZE;

    memcpy(payload, hello_magic, sizeof(hello_magic));
    put_u16(payload + 4, version);
    put_u16(payload + 6, 0);
    return finish(buf, CONSOLE_HELLO, 8, "");
}

size_t console_put_attach(uint8_t *buf, const struct console_attach *attach)
{
    buf[CONSOLE_HEADER_SIZE] = attach->flags;
    return finish(buf, CONSOLE_ATTACH, 1, attach->guest);
}

size_t console_put_attached(uint8_t *buf, const struct console_attached *attached)
{
    uint8_t *payload = buf + CONSOLE_HEADER_SIZE;

    put_u32(payload, attached->domid);
    payload[4] = (uint8_t)attached->state;
    payload[5] = attached->flags;
    return finish(buf, CONSOLE_ATTACHED, 6, attached->name);
}

size_t console_put_window(uint8_t *buf, uint16_t columns, uint16_t rows)
{
    put_u16(buf + CONSOLE_HEADER_SIZE, columns);
    put_u16(buf + CONSOLE_HEADER_SIZE + 2, rows);
    return finish(buf, CONSOLE_WINDOW, 4, "");
}

size_t console_put_entry(uint8_t *buf, const struct console_entry *entry)
{
    uint8_t *payload = buf + CONSOLE_HEADER_SIZE;

    if (entry->last) {
        return finish(buf, CONSOLE_ENTRY, 0, "");
    }
    put_u32(payload, entry->domid);
    payload[4] = (uint8_t)entry->state;
    payload[5] = 0;
    put_u16(payload + 6, entry->clients > 0xffff ? 0xffff : entry->clients);
    put_u32(payload + 8, entry->scrollback);
    return finish(buf, CONSOLE_ENTRY, 12, entry->name);
}

size_t console_put_sentence(uint8_t *buf, enum console_frame_type type, uint8_t code,
                            const char *text)
{
    if (type == CONSOLE_NOTICE) {
        return finish(buf, type, 0, text);
    }
    buf[CONSOLE_HEADER_SIZE] = code;
    return finish(buf, type, 1, text);
}
