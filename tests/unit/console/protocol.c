/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "protocol.h"

#include <errno.h>
#include <stdlib.h>

static void feed(struct console_reader *reader, const void *data, size_t length)
{
    size_t space;
    uint8_t *to = console_reader_space(reader, &space);

    assert_true(length <= space);
    memcpy(to, data, length);
    console_reader_add(reader, length);
}

/* Parses the one frame in @buf. */
static struct console_frame parse(struct console_reader *reader, const uint8_t *buf, size_t length)
{
    struct console_frame frame, none;

    memset(reader, 0, sizeof(*reader));
    feed(reader, buf, length);
    assert_int_equal(console_reader_next(reader, &frame), 1);
    assert_int_equal(console_reader_next(reader, &none), 0);
    return frame;
}

static void every_frame_round_trips(void **state)
{
    static struct console_reader reader;
    static uint8_t buf[CONSOLE_FRAME_MAX];
    static struct console_sentence sentence;
    struct console_attach attach = { .flags = CONSOLE_ATTACH_FOLLOW, .guest = "demo" }, attach2;
    struct console_attached attached = { 0x7ff0, CONSOLE_GUEST_ALIVE, 3, "demo" }, attached2;
    struct console_entry entry = { false, 9, CONSOLE_GUEST_ENDED, 4, 1u << 20, "b" }, entry2;
    struct console_frame frame;
    unsigned int version;
    uint16_t columns, rows;

    frame = parse(&reader, buf, console_put_hello(buf, 0x1234));
    assert_int_equal(console_get_hello(&frame, &version), 0);
    assert_int_equal(version, 0x1234);
    frame = parse(&reader, buf, console_put_attach(buf, &attach));
    assert_int_equal(console_get_attach(&frame, &attach2), 0);
    assert_int_equal(attach2.flags, attach.flags);
    assert_string_equal(attach2.guest, "demo");
    frame = parse(&reader, buf, console_put_attached(buf, &attached));
    assert_int_equal(console_get_attached(&frame, &attached2), 0);
    assert_int_equal(attached2.domid, 0x7ff0);
    assert_int_equal(attached2.state, CONSOLE_GUEST_ALIVE);
    assert_int_equal(attached2.flags, 3);
    assert_string_equal(attached2.name, "demo");
    frame = parse(&reader, buf, console_put_window(buf, 132, 50000));
    assert_int_equal(console_get_window(&frame, &columns, &rows), 0);
    assert_int_equal(columns, 132);
    assert_int_equal(rows, 50000);
    frame = parse(&reader, buf, console_put_entry(buf, &entry));
    assert_int_equal(console_get_entry(&frame, &entry2), 0);
    assert_false(entry2.last);
    assert_int_equal(entry2.domid, 9);
    assert_int_equal(entry2.clients, 4);
    assert_int_equal(entry2.scrollback, 1u << 20);
    assert_string_equal(entry2.name, "b");
    entry.last = true;
    frame = parse(&reader, buf, console_put_entry(buf, &entry));
    assert_int_equal(console_get_entry(&frame, &entry2), 0);
    assert_true(entry2.last);
    frame = parse(&reader, buf, console_put_sentence(buf, CONSOLE_ERROR, 2, "No\n\x1b[guest."));
    assert_int_equal(console_get_sentence(&frame, &sentence), 0);
    assert_int_equal(sentence.code, 2);
    assert_string_equal(sentence.text, "No??[guest.");
    frame = parse(&reader, buf, console_put_sentence(buf, CONSOLE_NOTICE, 0, "Yes."));
    assert_int_equal(console_get_sentence(&frame, &sentence), 0);
    assert_string_equal(sentence.text, "Yes.");
}

static void long_texts_are_cut(void **state)
{
    static struct console_reader reader;
    static uint8_t buf[CONSOLE_FRAME_MAX];
    static struct console_sentence sentence;
    static char text[10000];
    struct console_frame frame;

    memset(text, 'a', sizeof(text) - 1);
    assert_int_equal(console_put_sentence(buf, CONSOLE_END, 1, text), CONSOLE_FRAME_MAX);
    frame = parse(&reader, buf, CONSOLE_FRAME_MAX);
    assert_int_equal(console_get_sentence(&frame, &sentence), 0);
    assert_int_equal(strlen(sentence.text), CONSOLE_PAYLOAD_MAX - 1);
}

/* Frames arrive whole when their bytes come one by one, and several at a time. */
static void frames_are_cut_out_of_a_stream(void **state)
{
    static struct console_reader reader;
    static uint8_t stream[3 * CONSOLE_FRAME_MAX];
    static char big[CONSOLE_PAYLOAD_MAX];
    struct console_frame frame;
    size_t length = 0, frames = 0;

    length += console_put(stream + length, CONSOLE_LIST, NULL, 0);
    length += console_put(stream + length, CONSOLE_DATA, big, sizeof(big));
    length += console_put(stream + length, CONSOLE_DATA, "xyz", 3);
    length += console_put(stream + length, CONSOLE_DETACH, NULL, 0);
    for (size_t i = 0; i < length; i++) {
        feed(&reader, stream + i, 1);
        frames += (size_t)console_reader_next(&reader, &frame);
    }
    assert_int_equal(frames, 4);
    assert_int_equal(frame.type, CONSOLE_DETACH);

    for (size_t i = 0; i < length;) {
        size_t space, n = length - i;
        uint8_t *to = console_reader_space(&reader, &space);

        assert_true(space > 0);
        n = n < space ? n : space;
        memcpy(to, stream + i, n);
        console_reader_add(&reader, n);
        i += n;
        while (console_reader_next(&reader, &frame)) {
            frames++;
        }
    }
    assert_int_equal(frames, 8);
}

static void unget_returns_the_frame_again(void **state)
{
    static struct console_reader reader;
    uint8_t buf[100];
    struct console_frame frame;
    size_t length = console_put(buf, CONSOLE_DATA, "abc", 3);

    feed(&reader, buf, length);
    feed(&reader, buf, length);
    assert_int_equal(console_reader_next(&reader, &frame), 1);
    console_reader_unget(&reader, &frame);
    assert_int_equal(console_reader_next(&reader, &frame), 1);
    assert_memory_equal(frame.payload, "abc", 3);
    assert_int_equal(console_reader_next(&reader, &frame), 1);
    assert_int_equal(console_reader_next(&reader, &frame), 0);
}

static void malformed_headers_are_refused(void **state)
{
    static const uint8_t bad[][4] = {
        { 0, 0, 0, 0 },         { 13, 0, 0, 0 },
        { 255, 255, 255, 255 }, { CONSOLE_DATA, 1, 1, 0 },
        { 4, 0, 1, 0x10 },      { 'G', 'E', 'T', ' ' },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct console_reader reader = { 0 };
        struct console_frame frame;

        feed(&reader, bad[i], 3);
        assert_int_equal(console_reader_next(&reader, &frame), 0);
        feed(&reader, bad[i] + 3, 1);
        assert_int_equal(console_reader_next(&reader, &frame), -EPROTO);
    }
}

/* Each payload that is too short, too long or has a NUL in its text. */
static void malformed_payloads_are_refused(void **state)
{
    uint8_t payload[400] = { 0 };
    struct console_frame frame = { CONSOLE_HELLO, payload, 0 };
    struct console_attach attach;
    struct console_attached attached;
    struct console_entry entry;
    static struct console_sentence sentence;
    unsigned int version;
    uint16_t size;

    memset(payload + 1, 'a', sizeof(payload) - 1);
    for (frame.length = 0; frame.length < 20; frame.length++) {
        assert_int_equal(console_get_hello(&frame, &version), -EPROTO);
    }
    frame.type = CONSOLE_ATTACH;
    frame.length = 1;
    assert_int_equal(console_get_attach(&frame, &attach), -EPROTO);
    frame.length = 2 + CONSOLE_NAME_MAX;
    assert_int_equal(console_get_attach(&frame, &attach), -EPROTO);
    frame.length--;
    assert_int_equal(console_get_attach(&frame, &attach), 0);
    payload[0] = 0x80;
    assert_int_equal(console_get_attach(&frame, &attach), -EPROTO);
    payload[0] = 0;
    payload[9] = 0;
    assert_int_equal(console_get_attach(&frame, &attach), -EPROTO);
    frame.type = CONSOLE_ATTACHED;
    assert_int_equal(console_get_attached(&frame, &attached), -EPROTO);
    frame.type = CONSOLE_WINDOW;
    assert_int_equal(console_get_window(&frame, &size, &size), -EPROTO);
    frame.type = CONSOLE_ENTRY;
    frame.length = 12;
    assert_int_equal(console_get_entry(&frame, &entry), -EPROTO);
    frame.type = CONSOLE_END;
    frame.length = 0;
    assert_int_equal(console_get_sentence(&frame, &sentence), -EPROTO);
    frame.type = CONSOLE_DATA;
    frame.length = 3;
    assert_int_equal(console_get_sentence(&frame, &sentence), -EPROTO);
    assert_int_equal(console_get_hello(&frame, &version), -EPROTO);
    assert_int_equal(console_get_attach(&frame, &attach), -EPROTO);
}

/* Random bytes: whatever comes, the reader neither overruns nor hangs. */
static void garbage(void **state)
{
    unsigned int seed = 12345;
    static struct console_reader reader;
    static struct console_sentence sentence;
    struct console_attach attach;
    struct console_attached attached;
    struct console_entry entry;
    unsigned int version, accepted = 0;
    uint16_t size;

    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        struct console_frame frame;
        int n;

        memset(&reader, 0, sizeof(reader));
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)rand_r(&seed);
        }
        /* Mostly a header that passes. */
        if (round % 4) {
            bytes[0] = (uint8_t)(1 + bytes[0] % 12);
            bytes[1] = bytes[3] = 0;
            bytes[2] &= 0x3f;
        }
        feed(&reader, bytes, sizeof(bytes));
        while ((n = console_reader_next(&reader, &frame)) == 1) {
            accepted += !console_get_hello(&frame, &version);
            accepted += !console_get_attach(&frame, &attach);
            accepted += !console_get_attached(&frame, &attached);
            accepted += !console_get_window(&frame, &size, &size);
            accepted += !console_get_entry(&frame, &entry);
            accepted += !console_get_sentence(&frame, &sentence);
        }
        assert_true(n == 0 || n == -EPROTO);
    }
    assert_true(accepted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_round_trips),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(frames_are_cut_out_of_a_stream),
        cmocka_unit_test(unget_returns_the_frame_again),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(malformed_payloads_are_refused),
        cmocka_unit_test(garbage),
    };

    return cmocka_run_group_tests_name("console protocol", tests, NULL, NULL);
}
