/* SPDX-License-Identifier: MIT */
/* vCPUs that wait: SCHEDOP_poll, periodic timers, and who pays for timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include "fake_host.h"

static struct domain *d;

static int set_up(void **state)
{
    fake_host_reset(2);
    return 0;
}

static int tear_down(void **state)
{
    fake_domain_kill(d);
    fake_settle();
    return 0;
}

/* The clock goes on to @ns later; what is due then happens. */
static void pass(uint64_t ns)
{
    fake_now += ns;
    for (unsigned int i = 0; i < nr_cpus; i++) {
        fake_cpu(i);
        softirq_raise(SOFTIRQ_TIMER);
    }
    fake_settle();
}

/* The vCPU that runs on our CPU calls. */
static struct vcpu *enter(struct vcpu *v)
{
    fake_settle();
    assert_true(v->is_running);
    fake_cpu(v->cpu);
    assert_ptr_equal(current, v);
    return v;
}

static int poll(uint64_t timeout)
{
    struct sched_poll op = { .timeout = timeout };

    return do_sched_op(SCHEDOP_poll, (XEN_GUEST_HANDLE(void)){ &op });
}

static int vcpu_op(int cmd, void *arg)
{
    return do_vcpu_op(cmd, current->id, (XEN_GUEST_HANDLE(void)){ arg });
}

static void a_poll_times_out(void **state)
{
    struct vcpu *v;

    d = fake_domain_create(1);
    v = enter(d->vcpu[0]);
    assert_int_equal(poll(fake_now + MSEC(5)), 0);
    fake_settle();
    assert_false(v->is_running);
    pass(MSEC(4));
    assert_false(v->is_running);
    pass(MSEC(2));
    assert_true(v->is_running);
    assert_false(v->poll_active);
}

/* An event ends a poll, its timeout with it: a halt that follows lasts. */
static void a_timeout_ends_with_its_poll(void **state)
{
    struct vcpu *v;

    d = fake_domain_create(1);
    v = enter(d->vcpu[0]);
    assert_int_equal(poll(fake_now + MSEC(5)), 0);
    fake_settle();
    vcpu_unblock(v);
    enter(v);
    assert_false(timer_is_armed(&v->poll_timer));
    vcpu_block();
    pass(MSEC(10));
    assert_false(v->is_running);
    vcpu_unblock(v);
    assert_true(enter(v)->is_running);
}

/* One that does not run is told once, and goes on ticking with its next turn. */
static void ticks_wait_for_a_turn(void **state)
{
    struct vcpu_set_periodic_timer op = { .period_ns = MSEC(1) };
    struct vcpu *v;

    d = fake_domain_create(1);
    v = enter(d->vcpu[0]);
    assert_int_equal(vcpu_op(VCPUOP_set_periodic_timer, &op), 0);
    for (unsigned int i = 0; i < 5; i++)
        pass(MSEC(1));
    assert_int_equal(fake_timer_virqs, 5);
    fake_cpu(!v->cpu);
    assert_int_equal(domain_pause_by_controller(d), 0);
    fake_settle();
    assert_false(v->is_running);
    for (unsigned int i = 0; i < 50; i++)
        pass(MSEC(1));
    assert_int_equal(fake_timer_virqs, 6);
    assert_int_equal(domain_unpause_by_controller(d), 0);
    enter(v);
    pass(MSEC(1));
    assert_int_equal(fake_timer_virqs, 7);
    /* A tick wakes one that halts. */
    enter(v);
    vcpu_block();
    fake_settle();
    assert_false(v->is_running);
    pass(MSEC(1));
    assert_true(v->is_running);
    assert_int_equal(fake_timer_virqs, 8);
    op.period_ns = MSEC(1) - 1;
    enter(v);
    assert_int_equal(vcpu_op(VCPUOP_set_periodic_timer, &op), -EINVAL);
    assert_int_equal(vcpu_op(VCPUOP_stop_periodic_timer, NULL), 0);
    pass(MSEC(5));
    assert_int_equal(fake_timer_virqs, 8);
}

static uint64_t ran(const struct vcpu *v)
{
    struct vcpu_runstate_info r;

    vcpu_runstate_get(v, &r);
    return r.time[RUNSTATE_running];
}

/*
 * Two vCPUs on one CPU get half of it each; one that costs time in softirqs, too, gets
 * that much less of the rest.
 */
static void softirq_time_is_paid_for(void **state)
{
    uint64_t start[2], got[2];

    fake_host_reset(1);
    d = fake_domain_create(2);
    fake_settle();
    for (unsigned int i = 0; i < 2; i++)
        start[i] = ran(d->vcpu[i]);
    for (unsigned int ms = 0; ms < 2000; ms++) {
        fake_cpu(0);
        fake_now += MSEC(1) / 2; /* of each millisecond the half goes to timers of vCPU 1 */
        sched_charge(d->vcpu[1], MSEC(1) / 2);
        pass(MSEC(1) / 2);
    }
    for (unsigned int i = 0; i < 2; i++)
        got[i] = ran(d->vcpu[i]) - start[i];
    /* 1 s was its timers': nothing of the other second is left for it. */
    assert_true(got[0] > MSEC(1700));
    assert_true(got[1] < MSEC(300));
    fake_host_reset(2);
}

static uint64_t spent(const struct vcpu *v, int in)
{
    struct vcpu_runstate_info r;
    uint64_t until = vcpu_runstate_get(v, &r);

    assert_int_equal(until, fake_now);
    assert_int_equal(r.time[0] + r.time[1] + r.time[2] + r.time[3], until - v->created_at);
    return r.time[in];
}

/* One that is held waits for no CPU, whatever it did before. */
static void held_is_not_stolen(void **state)
{
    struct vcpu *one, *two;
    uint64_t was, offline;

    fake_host_reset(1);
    d = fake_domain_create(2);
    fake_settle();
    one = d->vcpu[0]->is_running ? d->vcpu[0] : d->vcpu[1];
    two = d->vcpu[!one->id];
    was = spent(two, RUNSTATE_runnable);
    fake_now += MSEC(1);
    assert_int_equal(spent(two, RUNSTATE_runnable), was + MSEC(1));
    vcpu_pause_nosync(two);
    offline = spent(two, RUNSTATE_offline);
    fake_now += MSEC(1);
    assert_int_equal(spent(two, RUNSTATE_runnable), was + MSEC(1));
    assert_int_equal(spent(two, RUNSTATE_offline), offline + MSEC(1));
    vcpu_unpause(two);
    fake_now += MSEC(1);
    assert_int_equal(spent(two, RUNSTATE_runnable), was + MSEC(2));
    fake_host_reset(2);
}

/* Woken by a CPU whose clock is ahead of the one that it runs on. */
static void no_time_is_lost_between_clocks(void **state)
{
    struct vcpu *v;
    uint64_t now = fake_now;

    d = fake_domain_create(1);
    v = enter(d->vcpu[0]);
    vcpu_block();
    fake_settle();
    fake_now = now + MSEC(2);
    vcpu_unblock(v);
    fake_now = now + MSEC(1);
    fake_settle();
    assert_true(v->is_running);
    fake_now = now + MSEC(3);
    assert_int_equal(spent(v, RUNSTATE_runnable), 0);
    assert_int_equal(spent(v, RUNSTATE_running), MSEC(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_poll_times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_timeout_ends_with_its_poll, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ticks_wait_for_a_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(softirq_time_is_paid_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(held_is_not_stolen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_time_is_lost_between_clocks, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
