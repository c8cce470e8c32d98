/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "ring.h"

#include <stdlib.h>

/* A page of its own, so that a byte beside the ring is found by the sanitizer. */
static struct xencons_interface *new_page(void)
{
    struct xencons_interface *page = calloc(1, sizeof(*page));

    assert_non_null(page);
    return page;
}

/* The guest's side: writes what fits. */
static size_t guest_write(struct xencons_interface *page, const char *text, size_t length)
{
    size_t n = 0;

    while (n < length && page->out_prod - page->out_cons < sizeof(page->out)) {
        page->out[MASK_XENCONS_IDX(page->out_prod, page->out)] = text[n++];
        page->out_prod++;
    }
    return n;
}

static size_t guest_read(struct xencons_interface *page, char *buf, size_t size)
{
    size_t n = 0;

    while (n < size && page->in_cons != page->in_prod) {
        buf[n++] = page->in[MASK_XENCONS_IDX(page->in_cons, page->in)];
        page->in_cons++;
    }
    return n;
}

static void peek_leaves_bytes_until_consumed(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char buf[RING_OUT_SIZE];

    ring_init(&ring, page);
    assert_int_equal(ring_pending(&ring), 0);
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), 0);
    guest_write(page, "hello", 5);
    assert_int_equal(ring_pending(&ring), 5);
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(page->out_cons, 0);
    ring_consume(&ring, 2);
    assert_int_equal(page->out_cons, 2);
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "llo", 3);
    assert_int_equal(ring_peek(&ring, buf, 1), 1);
    free(page);
}

/* Every byte of a long stream arrives once, over the ring's edge and the indexes' wrap. */
static void output_wraps(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char buf[RING_OUT_SIZE];
    unsigned char sent = 0, expected = 0;

    page->out_cons = page->out_prod = UINT32_MAX - 3000;
    ring_init(&ring, page);
    for (int i = 0; i < 400; i++) {
        char chunk[333];
        size_t n;

        for (size_t k = 0; k < sizeof(chunk); k++) {
            chunk[k] = (char)(sent + k);
        }
        sent += (unsigned char)guest_write(page, chunk, sizeof(chunk));
        n = ring_peek(&ring, buf, (size_t)(i * 37) % sizeof(buf));
        for (size_t k = 0; k < n; k++) {
            assert_int_equal((unsigned char)buf[k], expected++);
        }
        ring_consume(&ring, n);
    }
    assert_int_equal(ring.resets, 0);
    assert_true(page->out_cons < UINT32_MAX / 2);
    free(page);
}

static void full_ring_is_read_whole(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char buf[RING_OUT_SIZE + 10];

    page->out_cons = page->out_prod = 77;
    ring_init(&ring, page);
    memset(buf, 'x', sizeof(buf));
    assert_int_equal(guest_write(page, buf, sizeof(buf)), RING_OUT_SIZE);
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), RING_OUT_SIZE);
    free(page);
}

static void input_wraps_and_stops_when_full(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char text[3000], got[3000];
    size_t sent = 0, received = 0;

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i * 7);
    }
    page->in_cons = page->in_prod = UINT32_MAX - 500;
    ring_init(&ring, page);
    assert_int_equal(ring_write(&ring, text, sizeof(text)), RING_IN_SIZE);
    assert_int_equal(ring_write(&ring, text, 1), 0);
    sent = RING_IN_SIZE;
    while (received < sizeof(text)) {
        received += guest_read(page, got + received, 100);
        sent += ring_write(&ring, text + sent, sizeof(text) - sent);
    }
    assert_int_equal(sent, sizeof(text));
    assert_memory_equal(text, got, sizeof(text));
    free(page);
}

/* Whatever the guest writes into the indexes, no more than the ring's size is copied. */
static void hostile_indexes(void **state)
{
    static const XENCONS_RING_IDX values[] = { 0,          1,          1023,       1024,
                                               1025,       2047,       2048,       2049,
                                               4096,       0x7fffffff, 0x80000000, 0xfffff000,
                                               0xfffffffe, 0xffffffff };
    enum { count = sizeof(values) / sizeof(values[0]) };
    struct xencons_interface *page = new_page();
    char buf[RING_OUT_SIZE];

    for (int i = 0; i < count * count * count; i++) {
        struct ring ring;
        size_t n;

        page->out_cons = page->in_prod = values[i % count];
        ring_init(&ring, page);
        page->out_prod = page->in_cons = values[i / count % count];
        page->out_cons = page->in_prod = values[i / count / count];
        n = ring_peek(&ring, buf, sizeof(buf));
        assert_true(n <= RING_OUT_SIZE);
        ring_consume(&ring, n);
        assert_int_equal(ring_pending(&ring), 0);
        assert_true(ring_write(&ring, buf, sizeof(buf)) <= RING_IN_SIZE);
        assert_true(ring.resets <= 2);
    }
    free(page);
}

/* The guest's change of our index in the page changes nothing. */
static void our_index_in_the_page_is_not_believed(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char buf[RING_OUT_SIZE];

    ring_init(&ring, page);
    guest_write(page, "abc", 3);
    page->out_cons = 2;
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "abc", 3);
    ring_consume(&ring, 3);
    assert_int_equal(page->out_cons, 3);
    assert_int_equal(ring.resets, 0);
    free(page);
}

/* A kernel that starts anew in the same domain clears the page; its first words are read. */
static void cleared_page_starts_anew(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char buf[RING_OUT_SIZE];

    page->out_cons = page->out_prod = page->in_cons = page->in_prod = 100000;
    ring_init(&ring, page);
    memset(page, 0, sizeof(*page));
    guest_write(page, "boot", 4);
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), 4);
    assert_memory_equal(buf, "boot", 4);
    assert_int_equal(ring.resets, 1);
    ring_consume(&ring, 4);
    assert_int_equal(ring_write(&ring, "in", 2), 2);
    assert_int_equal(guest_read(page, buf, sizeof(buf)), 2);
    free(page);
}

/* A back-end that takes over continues where the last one stopped. */
static void takes_over(void **state)
{
    struct xencons_interface *page = new_page();
    struct ring ring;
    char buf[RING_OUT_SIZE];

    ring_init(&ring, page);
    guest_write(page, "abcdef", 6);
    ring_peek(&ring, buf, sizeof(buf));
    ring_consume(&ring, 2);
    ring_write(&ring, "12", 2);
    ring_init(&ring, page);
    assert_int_equal(ring_peek(&ring, buf, sizeof(buf)), 4);
    assert_memory_equal(buf, "cdef", 4);
    ring_write(&ring, "34", 2);
    assert_int_equal(guest_read(page, buf, sizeof(buf)), 4);
    assert_memory_equal(buf, "1234", 4);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peek_leaves_bytes_until_consumed),
        cmocka_unit_test(output_wraps),
        cmocka_unit_test(full_ring_is_read_whole),
        cmocka_unit_test(input_wraps_and_stops_when_full),
        cmocka_unit_test(hostile_indexes),
        cmocka_unit_test(our_index_in_the_page_is_not_believed),
        cmocka_unit_test(cleared_page_starts_anew),
        cmocka_unit_test(takes_over),
    };

    return cmocka_run_group_tests_name("console ring", tests, NULL, NULL);
}
