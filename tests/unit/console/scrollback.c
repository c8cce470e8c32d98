/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "scrollback.h"

#include <stdlib.h>

static char byte_at(uint64_t position)
{
    return (char)(position * 31 + position / 251);
}

/* Appends the next @length bytes of the endless text that byte_at() is. */
static void append(struct scrollback *sb, size_t length)
{
    char *buf = malloc(length + 1);

    for (size_t i = 0; i < length; i++) {
        buf[i] = byte_at(sb->end + i);
    }
    assert_int_equal(scrollback_append(sb, buf, length), 0);
    free(buf);
}

static void check_all(const struct scrollback *sb)
{
    uint64_t position = 0, lost = 0;
    char buf[777];
    size_t n;

    n = scrollback_read(sb, &position, buf, 0, &lost);
    assert_int_equal(n, 0);
    assert_int_equal(lost, sb->start);
    while ((n = scrollback_read(sb, &position, buf, sizeof(buf), &lost)) > 0) {
        assert_int_equal(lost, 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(buf[i], byte_at(position - n + i));
        }
    }
    assert_int_equal(position, sb->end);
}

static void keeps_everything_up_to_its_size(void **state)
{
    struct scrollback sb = { 0 };

    check_all(&sb);
    for (size_t n = 1; sb.end + n <= SCROLLBACK_SIZE; n = n * 3 % 5003) {
        append(&sb, n);
        assert_int_equal(sb.start, 0);
        assert_true(sb.size <= 2 * sb.end || sb.size == 4096);
    }
    check_all(&sb);
    scrollback_free(&sb);
    assert_null(sb.data);
}

static void drops_the_oldest(void **state)
{
    struct scrollback sb = { 0 };

    for (int i = 0; i < 1000; i++) {
        append(&sb, 2048 + (size_t)i % 5);
        assert_true(sb.end - sb.start <= SCROLLBACK_SIZE);
    }
    assert_int_equal(sb.end - sb.start, SCROLLBACK_SIZE);
    check_all(&sb);
    append(&sb, 3 * SCROLLBACK_SIZE + 17);
    assert_int_equal(sb.end - sb.start, SCROLLBACK_SIZE);
    check_all(&sb);
    scrollback_free(&sb);
}

static void slow_reader_is_told_what_it_lost(void **state)
{
    struct scrollback sb = { 0 };
    uint64_t position, lost;
    char buf[10];

    append(&sb, 100);
    position = 50;
    append(&sb, SCROLLBACK_SIZE);
    assert_int_equal(scrollback_read(&sb, &position, buf, sizeof(buf), &lost), 10);
    assert_int_equal(lost, 50);
    assert_int_equal(position, 110);
    assert_int_equal(buf[0], byte_at(100));
    assert_int_equal(scrollback_read(&sb, &position, buf, sizeof(buf), &lost), 10);
    assert_int_equal(lost, 0);
    scrollback_free(&sb);
}

static void clear_keeps_positions(void **state)
{
    struct scrollback sb = { 0 };
    uint64_t position = 5, lost;
    char buf[10];

    append(&sb, 20);
    scrollback_clear(&sb);
    append(&sb, 3);
    assert_int_equal(scrollback_read(&sb, &position, buf, sizeof(buf), &lost), 3);
    assert_int_equal(lost, 15);
    assert_int_equal(buf[0], byte_at(20));
    assert_int_equal(position, 23);
    append(&sb, 10000);
    check_all(&sb);
    scrollback_free(&sb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_everything_up_to_its_size),
        cmocka_unit_test(drops_the_oldest),
        cmocka_unit_test(slow_reader_is_told_what_it_lost),
        cmocka_unit_test(clear_keeps_positions),
    };

    return cmocka_run_group_tests_name("console scrollback", tests, NULL, NULL);
}
