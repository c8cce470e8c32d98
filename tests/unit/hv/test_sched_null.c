/* SPDX-License-Identifier: MIT */
/* The null scheduler: a CPU for each vCPU, or none; and what sched= may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "sched_sim.h"

static const struct sim_work busy = { .run = 1 };
static const struct sim_work sleepy = { .run = USEC(300), .sleep = USEC(700), .varies = true };

static int start_null(void **state)
{
    sim_scheduler = "null";
    return 0;
}

static unsigned int percent(const struct domain *d, unsigned int id)
{
    return (sim_share(sim_vcpu((struct domain *)d, id)) + 5000) / 10000;
}

static void each_has_its_own(void **state)
{
    struct domain *a, *b;

    sim_start(4, 1);
    a = sim_domain(2, busy);
    b = sim_domain(2, sleepy);
    sim_go(a);
    sim_go(b);
    sim_run(MSEC(10));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_int_equal(percent(a, 0), 100);
    assert_int_equal(percent(a, 1), 100);
    assert_int_equal(sim_migrations, 0);
    for (unsigned int i = 0; i < 2; i++) {
        assert_in_range(percent(b, i), 25, 35);
        assert_int_equal(sim_vcpu(b, i)->worst_latency, 0);
    }
    sim_end();
}

/* One that finds no CPU gets that of the first that goes. */
static void others_wait(void **state)
{
    struct domain *a, *b;

    sim_start(2, 1);
    a = sim_domain(2, busy);
    b = sim_domain(1, busy);
    sim_go(a);
    sim_go(b);
    sim_run(MSEC(10));
    sim_measure();
    sim_run(MSEC(100));
    assert_int_equal(percent(b, 0), 0);
    assert_int_equal(b->vcpu[0]->runstate.state, RUNSTATE_runnable);
    /* Blocking gives nothing away, going down does. */
    atomic_or(&a->vcpu[1]->pause_flags, VPF_BLOCKED);
    vcpu_sleep(a->vcpu[1]);
    sim_run(MSEC(10));
    assert_int_equal(percent(b, 0), 0);
    atomic_or(&a->vcpu[1]->pause_flags, VPF_DOWN);
    vcpu_sleep(a->vcpu[1]);
    sim_run(MSEC(1));
    sim_measure();
    sim_run(MSEC(100));
    assert_int_equal(percent(b, 0), 100);
    /* Now it is the other's turn to wait. */
    a->vcpu[1]->pause_flags = 0;
    vcpu_wake(a->vcpu[1]);
    sim_measure();
    sim_run(MSEC(100));
    assert_int_equal(percent(a, 1), 0);
    sim_end();
}

static void affinity_decides(void **state)
{
    uint64_t third[CPU_WORDS] = { 4 }, first_two[CPU_WORDS] = { 3 };
    struct domain *a, *b;

    sim_start(3, 1);
    a = sim_domain(1, busy);
    b = sim_domain(2, busy);
    sim_set_affinity(a->vcpu[0], third, NULL);
    sim_go(a);
    sim_go(b);
    sim_run(MSEC(10));
    assert_int_equal(a->vcpu[0]->cpu, 2);
    /* There is one that is not in use any more, but not for this one. */
    sim_set_affinity(b->vcpu[0], third, NULL);
    sim_run(MSEC(1));
    sim_measure();
    sim_run(MSEC(100));
    assert_int_equal(percent(b, 0), 0);
    assert_int_equal(percent(b, 1), 100);
    sim_set_affinity(a->vcpu[0], first_two, NULL);
    sim_run(MSEC(1));
    sim_measure();
    sim_run(MSEC(100));
    assert_int_equal(percent(a, 0), 100);
    assert_int_equal(percent(b, 0), 100);
    assert_int_equal(b->vcpu[0]->cpu, 2);
    sim_end();
}

static void it_costs_nothing(void **state)
{
    sim_start(2, 1);
    sim_go(sim_domain(2, busy));
    sim_run(MSEC(10));
    sim_measure();
    sim_run(10 * NS_PER_SEC);
    assert_int_equal(sim_switches, 0);
    assert_int_equal(sim_worst_pick, 0);
    sim_end();
}

static void there_is_nothing_to_set(void **state)
{
    struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_NULL,
                                          .cmd = XEN_DOMCTL_SCHEDOP_getinfo };
    struct xen_sysctl_scheduler_op pool = { .sched_id = XEN_SCHEDULER_NULL,
                                            .cmd = XEN_SYSCTL_SCHEDOP_getinfo };
    bool copyback = false;
    int64_t credit;
    struct domain *d;

    sim_start(1, 1);
    d = sim_domain(1, busy);
    assert_int_equal(sched_domain_op(d, &op, &copyback), -EOPNOTSUPP);
    assert_int_equal(sched_pool_op(&pool, &copyback), -EOPNOTSUPP);
    assert_false(sched_credit(d->vcpu[0], &credit));
    assert_false(copyback);
    sim_end();
}

static void names(void **state)
{
    static const struct {
        const char *says;
        unsigned int id;
    } told[] = {
        { NULL, XEN_SCHEDULER_CREDIT },    { "credit", XEN_SCHEDULER_CREDIT },
        { "rtds", XEN_SCHEDULER_RTDS },    { "null", XEN_SCHEDULER_NULL },
        { "credi", XEN_SCHEDULER_CREDIT }, { "null2", XEN_SCHEDULER_CREDIT },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(told); i++) {
        sim_scheduler = told[i].says;
        sim_start(1, 1);
        assert_int_equal(sched_pool_find(0)->ops->id, told[i].id);
        sim_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own),        cmocka_unit_test(others_wait),
        cmocka_unit_test(affinity_decides),        cmocka_unit_test(it_costs_nothing),
        cmocka_unit_test(there_is_nothing_to_set), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, start_null, NULL);
}
