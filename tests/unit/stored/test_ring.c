/* SPDX-License-Identifier: MIT */
#include "harness.h"

static struct xenstore_domain_interface page;
static struct ring ring;

static int setup(void **state)
{
    memset(&page, 0, sizeof(page));
    ring = (struct ring){ .page = &page };
    return 0;
}

static void test_indexes(void **state)
{
    page.req_prod = 10;
    assert_int_equal(ring_readable(&ring), 10);
    page.req_prod = XENSTORE_RING_SIZE;
    assert_int_equal(ring_readable(&ring), XENSTORE_RING_SIZE);
    page.req_prod = XENSTORE_RING_SIZE + 1;
    assert_int_equal(ring_readable(&ring), -1);
    page.req_prod = UINT32_MAX;
    assert_int_equal(ring_readable(&ring), -1);
    assert_int_equal(ring_writable(&ring), XENSTORE_RING_SIZE);
    ring.rsp_prod = XENSTORE_RING_SIZE;
    assert_int_equal(ring_writable(&ring), 0);
    page.rsp_cons = 1;
    assert_int_equal(ring_writable(&ring), 1);
    page.rsp_cons = XENSTORE_RING_SIZE + 1;
    assert_int_equal(ring_writable(&ring), -1);
}

/* The guest's view of our own indexes is none of our business. */
static void test_own_indexes(void **state)
{
    page.req_cons = 12345;
    page.rsp_prod = 54321;
    page.req_prod = 1;
    assert_int_equal(ring_readable(&ring), 1);
    assert_int_equal(ring_writable(&ring), XENSTORE_RING_SIZE);
}

static void test_wrap(void **state)
{
    struct guest guest = { .ring = &page };
    char out[700], in[700];

    for (size_t i = 0; i < sizeof(out); i++) {
        out[i] = (char)(i * 7);
    }
    page.req_prod = page.req_cons = page.rsp_prod = page.rsp_cons = UINT32_MAX - 100;
    ring_adopt(&ring);
    for (unsigned int i = 0; i < 10; i++) {
        out[0] = (char)i;
        assert_int_equal(guest_put(&guest, out, sizeof(out)), sizeof(out));
        assert_int_equal(ring_readable(&ring), sizeof(out));
        ring_peek(&ring, in, sizeof(in));
        assert_memory_equal(in, out, sizeof(out));
        ring.req_cons += sizeof(out);
        ring_put(&ring, out, sizeof(out));
        assert_int_equal(guest_get(&guest, in, sizeof(in)), 0);
        ring_publish(&ring);
        assert_int_equal(guest_get(&guest, in, sizeof(in)), sizeof(in));
        assert_memory_equal(in, out, sizeof(out));
    }
}

static void test_reset(void **state)
{
    page.req_prod = 77;
    page.rsp_cons = 99;
    page.error = XENSTORE_ERROR_PROTO;
    page.connection = XENSTORE_RECONNECT;
    assert_true(ring_wants_reset(&ring));
    ring_reset(&ring);
    assert_false(ring_wants_reset(&ring));
    assert_int_equal(page.error, XENSTORE_ERROR_NONE);
    assert_int_equal(ring_readable(&ring), 0);
    assert_int_equal(ring_writable(&ring), XENSTORE_RING_SIZE);
    assert_int_equal(page.server_features,
                     XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_indexes, setup),
        cmocka_unit_test_setup(test_own_indexes, setup),
        cmocka_unit_test_setup(test_wrap, setup),
        cmocka_unit_test_setup(test_reset, setup),
    };

    return cmocka_run_group_tests_name("stored ring", tests, NULL, NULL);
}
