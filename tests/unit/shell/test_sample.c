/* SPDX-License-Identifier: MIT */
/* What the screens show, from a fake host. */
#include "harness.h"

#include "shell/sample.h"

static const struct sample_wanted nothing;

static struct sample *take(const struct sample *before)
{
    uint32_t cursor = 0;
    struct sample *sample = sample_take((pando_t *)&fake, before, &nothing, &cursor);
    /* As if a second had passed. */
    if (before)
        sample->time_ns = before->time_ns + 1000000000;
    return sample;
}

/* Shares come from the difference of two samples: the first has none. */
static void shares_are_differences(void **state)
{
    struct sample *one = take(NULL);
    assert_string_equal(one->error, "");
    assert_true(one->host_cpu < 0);
    assert_true(sample_guest(one, "web")->cpu < 0);
    one->time_ns -= 1000000000;
    fake.domains[1].cpu_time_ns += 500000000;
    uint32_t cursor = 0;
    struct sample *two = sample_take((pando_t *)&fake, one, &nothing, &cursor);
    double seconds = (double)(two->time_ns - one->time_ns) / 1e9;
    const struct sample_guest *web = sample_guest(two, "web");
    assert_true(web->cpu * seconds > 0.49 && web->cpu * seconds < 0.51);
    assert_true(two->host_cpu == web->cpu);
    assert_int_equal(web->history.count, 1);
    assert_int_equal(two->host_history.count, 1);
    assert_int_equal(two->event_count, 0);
    sample_free(one);
    sample_free(two);
}

/* A domain that takes over another's number is another guest. */
static void a_number_is_not_a_guest(void **state)
{
    struct sample *one = take(NULL);
    fake.domains[1].uuid[0] = 'f';
    fake.domains[1].cpu_time_ns = 0;
    struct sample *two = take(one);
    assert_true(sample_guest(two, "web")->cpu < 0);
    assert_true(sample_guest(two, "web")->known);
    assert_int_equal(two->event_count, 2);
    sample_free(one);
    sample_free(two);
}

static void expect_event(const struct sample *sample, const char *guest, const char *text, bool bad)
{
    for (size_t i = 0; i < sample->event_count; i++)
        if (!strcmp(sample->events[i].guest, guest) && strstr(sample->events[i].text, text)) {
            assert_int_equal(sample->events[i].bad, bad);
            return;
        }
    fail_msg("no event of %s: %s", guest, text);
}

static void events_are_noticed(void **state)
{
    struct sample *one = take(NULL);
    fake.domains[1].state = PANDO_DOMAIN_SHUTDOWN;
    fake.domains[1].reason = PANDO_REASON_CRASH;
    fake.domains[2].state = PANDO_DOMAIN_BLOCKED;
    fake.domains[2].target_kib = 64 << 10;
    *fake.domains[3].name = 0;
    struct sample *two = take(one);
    expect_event(two, "web", "crash", true);
    expect_event(two, "db", "runs", false);
    expect_event(two, "db", "64 MiB", false);
    expect_event(two, "old", "is gone", false);
    assert_int_equal(two->event_count, 4);
    /* Running and blocked are both life. */
    fake.domains[2].state = PANDO_DOMAIN_RUNNING;
    struct sample *three = take(two);
    assert_int_equal(three->event_count, 0);
    sample_free(one);
    sample_free(two);
    sample_free(three);
}

/* A domain that is being made has neither a name nor vCPUs yet: it is there when it has. */
static void guests_in_the_making_are_no_news(void **state)
{
    struct sample *one = take(NULL);
    fake.domains[3].uuid[0] = 'f';
    fake.domains[3].vcpus_online = 0;
    fake.nameless = fake.domains[3].id;
    struct sample *two = take(one);
    assert_int_equal(two->event_count, 1);
    expect_event(two, "old", "is gone", false);
    fake.nameless = 0;
    struct sample *three = take(two);
    assert_int_equal(three->event_count, 1);
    expect_event(three, "old", "is there", true);
    fake.domains[3].vcpus_online = 1;
    fake.domains[1].vcpus_online = 2;
    struct sample *four = take(three);
    assert_int_equal(four->event_count, 1);
    expect_event(four, "web", "has 2 vCPUs instead of 1", false);
    sample_free(one);
    sample_free(two);
    sample_free(three);
    sample_free(four);
}

static void wanted_guests_have_more(void **state)
{
    struct sample_wanted wanted = { .count = 1 };
    uint32_t cursor = 0;
    strcpy(wanted.guests[0], "web");
    struct sample *one = sample_take((pando_t *)&fake, NULL, &wanted, &cursor);
    assert_int_not_equal(sample_guest(one, "web")->vcpu_count, 0);
    assert_int_equal(sample_guest(one, "db")->vcpu_count, 0);
    struct sample *two = sample_take((pando_t *)&fake, one, &wanted, &cursor);
    assert_int_equal(sample_guest(two, "web")->vcpus[0].history[SHARE_RUN].count, 1);
    assert_true(sample_guest(two, "web")->scheduled);
    assert_null(sample_guest(two, "web")->ties);
    sample_free(one);
    sample_free(two);
}

static bool is_near(double value, double wanted)
{
    return value > wanted - 0.001 && value < wanted + 0.001;
}

static void vcpus_do_all_sorts_of_things(void **state)
{
    const struct sample_wanted all = { .all_vcpus = true };
    uint32_t cursor = 0;
    fake.clock_ns = 4000;
    struct sample *one = sample_take((pando_t *)&fake, NULL, &all, &cursor);
    for (int i = 0; i < VCPU_SHARES; i++)
        assert_true(sample_guest(one, "db")->vcpus[0].shares[i] < 0);
    fake.clock_ns += 4000000;
    struct sample *two = sample_take((pando_t *)&fake, one, &all, &cursor);
    const struct sample_vcpu *vcpu = &sample_guest(two, "db")->vcpus[0];
    assert_true(is_near(vcpu->shares[SHARE_RUN], 0.5));
    assert_true(is_near(vcpu->shares[SHARE_STOLEN], 0.25));
    assert_true(is_near(vcpu->shares[SHARE_BLOCKED], 0.25));
    assert_int_equal(vcpu->history[SHARE_STOLEN].count, 1);
    assert_true(is_near(sample_guest(two, "db")->vcpus[1].shares[SHARE_BLOCKED], 0));
    /* Another hypervisor tells how much it ran, nothing else. */
    fake.foreign = true;
    two->time_ns -= 1000000000;
    struct sample *three = sample_take((pando_t *)&fake, two, &all, &cursor);
    vcpu = &sample_guest(three, "db")->vcpus[0];
    assert_false(vcpu->timed);
    assert_true(is_near(vcpu->shares[SHARE_RUN], 0));
    assert_true(vcpu->shares[SHARE_STOLEN] < 0);
    assert_true(vcpu->history[SHARE_STOLEN].shares[1] < 0);
    assert_false(sample_guest(three, "db")->scheduled);
    sample_free(one);
    sample_free(two);
    sample_free(three);
}

/* Each port is a call: they are not asked for with each sample. */
static void ties_are_looked_at_now_and_then(void **state)
{
    struct sample_wanted wanted = { .count = 2, .ties = { false, true } };
    uint32_t cursor = 0;
    strcpy(wanted.guests[0], "web");
    strcpy(wanted.guests[1], "web");
    struct sample *one = sample_take((pando_t *)&fake, NULL, &wanted, &cursor);
    const struct sample_ties *ties = sample_guest(one, "web")->ties;
    assert_int_equal(ties->channel_count, 3);
    assert_int_equal(ties->grants.count, 2);
    assert_int_equal(fake.looks, 1);
    sample_guest(one, "web")->ties->time_ns += UINT64_C(3600000000000);
    struct sample *two = sample_take((pando_t *)&fake, one, &wanted, &cursor);
    sample_free(one);
    assert_int_equal(fake.looks, 1);
    assert_int_equal(sample_guest(two, "web")->ties->channels[1].irq, 9);
    sample_guest(two, "web")->ties->time_ns -= UINT64_C(3601000000000);
    fake.foreign = true;
    struct sample *three = sample_take((pando_t *)&fake, two, &wanted, &cursor);
    assert_int_equal(fake.looks, 2);
    assert_false(sample_guest(three, "web")->ties->has_channels);
    assert_false(sample_guest(three, "web")->ties->has_grants);
    sample_free(two);
    sample_free(three);
}

/* Uptime is told by the library, or at least counted from when a guest was seen first. */
static void uptime_is_known_or_counted(void **state)
{
    bool whole;
    struct sample *one = take(NULL);
    one->when += 30;
    assert_int_equal(sample_uptime(one, sample_guest(one, "web"), &whole), 30);
    assert_false(whole);
    assert_int_equal(one->node_count, 2);
    assert_string_equal(one->cache, "nothing is measured here");
    sample_free(one);
    fake.started = time(NULL) - 3600;
    one = take(NULL);
    assert_true(sample_uptime(one, sample_guest(one, "web"), &whole) >= 3600);
    assert_true(whole);
    sample_free(one);
    /* dom0's clock was set back. */
    fake.started = time(NULL) + 3600;
    one = take(NULL);
    assert_int_equal(sample_uptime(one, sample_guest(one, "web"), &whole), 0);
    sample_free(one);
    fake.started = 0;
}

static void alerts(void **state)
{
    char text[200];
    struct sample *sample = take(NULL);
    assert_int_equal(sample_alerts(sample, text, sizeof(text)), 1);
    assert_string_equal(text, "old has ended: crash");
    sample->host.free_kib = 1;
    assert_int_equal(sample_alerts(sample, text, sizeof(text)), 2);
    sample_free(sample);
}

static void failures_are_told(void **state)
{
    char text[200];
    fake.fail = PANDO_E_HYPERVISOR;
    struct sample *one = take(NULL);
    assert_string_equal(one->error, "the test wants it so");
    assert_int_equal(one->count, 0);
    assert_int_equal(sample_alerts(one, text, sizeof(text)), 1);
    /* The next one does not take all guests for new. */
    struct sample *two = take(one);
    assert_string_equal(two->error, "");
    assert_int_equal(two->event_count, 0);
    sample_free(one);
    sample_free(two);
}

static void history_is_bounded(void **state)
{
    struct sample *sample = take(NULL);
    for (int i = 0; i < SAMPLE_HISTORY + 20; i++) {
        struct sample *next = take(sample);
        sample_free(sample);
        sample = next;
    }
    assert_int_equal(sample_guest(sample, "web")->history.count, SAMPLE_HISTORY);
    sample_free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shares_are_differences, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(a_number_is_not_a_guest, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(events_are_noticed, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(guests_in_the_making_are_no_news, harness_setup,
                                        harness_teardown),
        cmocka_unit_test_setup_teardown(wanted_guests_have_more, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(vcpus_do_all_sorts_of_things, harness_setup,
                                        harness_teardown),
        cmocka_unit_test_setup_teardown(ties_are_looked_at_now_and_then, harness_setup,
                                        harness_teardown),
        cmocka_unit_test_setup_teardown(uptime_is_known_or_counted, harness_setup,
                                        harness_teardown),
        cmocka_unit_test_setup_teardown(alerts, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(failures_are_told, harness_setup, harness_teardown),
        cmocka_unit_test_setup_teardown(history_is_bounded, harness_setup, harness_teardown),
    };
    return cmocka_run_group_tests_name("shell-sample", tests, NULL, NULL);
}
