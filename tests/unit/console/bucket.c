/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "bucket.h"

#define S  1000000000ull
#define MS 1000000ull

static void starts_full_and_refills_at_its_rate(void **state)
{
    struct bucket b;

    bucket_init(&b, 1000, 500, 5 * S);
    assert_int_equal(bucket_level(&b, 5 * S), 500);
    bucket_take(&b, 500);
    assert_int_equal(bucket_level(&b, 5 * S), 0);
    assert_int_equal(bucket_level(&b, 5 * S + 100 * MS), 100);
    assert_int_equal(bucket_level(&b, 5 * S + 499 * MS), 499);
    assert_int_equal(bucket_level(&b, 60 * S), 500);
}

/* Asking often must not lose the parts of a token. */
static void no_token_is_lost_by_asking(void **state)
{
    struct bucket b;

    bucket_init(&b, 1000, 1000, 0);
    bucket_take(&b, 1000);
    for (uint64_t t = 0; t <= S / 2; t += 33333) {
        bucket_level(&b, t);
    }
    assert_in_range(bucket_level(&b, S / 2), 499, 500);
}

/* Over a long time not more is given than rate times time. */
static void never_more_than_the_rate(void **state)
{
    struct bucket b;
    uint64_t taken = 0, now = 0;

    bucket_init(&b, 4 << 20, 64 << 10, now);
    while (now < 2 * S) {
        uint64_t level = bucket_level(&b, now);

        bucket_take(&b, level);
        taken += level;
        now += 70001;
    }
    assert_in_range(taken, 8 << 20, (8 << 20) + (64 << 10));
}

static void wait_is_exact(void **state)
{
    struct bucket b;
    uint64_t wait;

    bucket_init(&b, 3000, 3000, 0);
    assert_int_equal(bucket_wait(&b, 3000, 0), 0);
    bucket_take(&b, 3000);
    wait = bucket_wait(&b, 1000, 0);
    assert_in_range(wait, 333333333, 333333334);
    assert_int_equal(bucket_level(&b, wait - 1000), 999);
    assert_int_equal(bucket_level(&b, wait), 1000);
    /* More than it can hold would never come: the wait is for a full one. */
    assert_int_equal(bucket_wait(&b, 1u << 30, 10 * S), 0);
}

static void odd_clocks(void **state)
{
    struct bucket b;

    bucket_init(&b, 1ull << 40, 1ull << 40, 100 * S);
    bucket_take(&b, 1ull << 40);
    assert_int_equal(bucket_level(&b, 99 * S), 0);
    assert_int_equal(bucket_level(&b, UINT64_MAX), 1ull << 40);
    bucket_take(&b, UINT64_MAX);
    assert_int_equal(bucket_level(&b, UINT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_full_and_refills_at_its_rate),
        cmocka_unit_test(no_token_is_lost_by_asking),
        cmocka_unit_test(never_more_than_the_rate),
        cmocka_unit_test(wait_is_exact),
        cmocka_unit_test(odd_clocks),
    };

    return cmocka_run_group_tests_name("console token bucket", tests, NULL, NULL);
}
