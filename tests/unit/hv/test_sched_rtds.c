/* SPDX-License-Identifier: MIT */
/* The real-time scheduler: each gets its budget in each period; parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "cost.h"
#include "sched_sim.h"

#define PERCENT 10000 /* of sim_share's millionths */

static const struct sim_work busy = { .run = 1 };

static int start_rtds(void **state)
{
    sim_scheduler = "rtds";
    return 0;
}

static int put(struct domain *d, uint32_t budget, uint32_t period, uint32_t flags)
{
    struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_RTDS,
                                          .cmd = XEN_DOMCTL_SCHEDOP_putinfo };
    bool copyback = false;

    op.u.rtds = (struct xen_domctl_sched_rtds){ period, budget, flags };
    return sched_domain_op(d, &op, &copyback);
}

static int per_vcpu(struct domain *d, unsigned int cmd, struct xen_domctl_schedparam_vcpu *list,
                    uint32_t n)
{
    struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_RTDS, .cmd = cmd };
    bool copyback = false;

    op.u.v.vcpus.p = list;
    op.u.v.nr_vcpus = n;
    return sched_domain_op(d, &op, &copyback);
}

/* --- deadlines ----------------------------------------------------------------------------------
 */

/*
 * Jobs of the length of the budget, one a period, the first at once: each must be over when the
 * next one begins. The simulated vCPU sleeps for what is left of the period.
 */
struct task {
    uint64_t period, job, begins; /* ns */
    unsigned int done, missed;
};

static struct task tasks[256];

static void job_done(struct sim_vcpu *s)
{
    struct task *t = &tasks[s->v.domain->domid];

    if (!t->period)
        return;
    t->done++;
    t->missed += sim_now > t->begins + t->period;
    t->begins += t->period;
    s->work.sleep = t->begins > sim_now ? t->begins - sim_now : 1;
}

/* A task set for @nr CPUs that Goossens' test accepts, as full as can be. */
static unsigned int make_tasks(unsigned int nr)
{
    double most = 0, sum = 0;
    unsigned int n = 0;

    while (n < 100) {
        uint32_t period = 1000 + sim_random(20000), budget = period / 100 * (1 + sim_random(60));
        double u = (double)budget / period;
        struct domain *d;

        if (sum + u > nr - (nr - 1) * max(most, u))
            break;
        most = max(most, u);
        sum += u;
        /* A hair less than its budget: what a switch costs is the guest's time. */
        d = sim_domain(1, (struct sim_work){ .run = USEC(budget) - 1000, .sleep = 1 });
        assert_int_equal(put(d, budget, period, 0), 0);
        tasks[d->domid] = (struct task){ .period = USEC(period), .job = USEC(budget) };
        n++;
    }
    return n;
}

static void deadlines(unsigned int nr, unsigned int seed)
{
    struct domain *rogue;
    unsigned int n;

    memset(tasks, 0, sizeof(tasks));
    sim_start(nr, seed);
    n = make_tasks(nr);
    rogue = sim_domain(nr * 2, busy); /* takes all that there is, as extra time */
    assert_int_equal(put(rogue, 10, 1000000, XEN_DOMCTL_SCHEDRT_extra), 0);
    sim_on_phase_end = job_done;
    sim_go(rogue);
    for (unsigned int i = 1; i <= n; i++) {
        struct domain *d = sim_domain_at(i - 1);

        tasks[i].begins = sim_now;
        sim_go(d);
        sim_run(USEC(sim_random(3000)));
    }
    sim_run(5 * NS_PER_SEC);
    for (unsigned int i = 1; i <= n; i++) {
        assert_true(tasks[i].done > 100);
        if (tasks[i].missed)
            fail_msg("%u CPUs, seed %u: task %u of %u (%lu of %lu us) missed %u of %u deadlines",
                     nr, seed, i, n, tasks[i].job / 1000, tasks[i].period / 1000, tasks[i].missed,
                     tasks[i].done);
    }
    sim_end();
}

static void no_deadline_is_missed(void **state)
{
    const char *s = getenv("SCHED_SEED");
    unsigned int random = s ? (unsigned int)atoi(s) : (unsigned int)time(NULL);

    print_message("seed %u (SCHED_SEED repeats it)\n", random);
    for (unsigned int seed = 1; seed <= 8; seed++) {
        deadlines(1, seed == 8 ? random : seed);
        deadlines(4, seed == 8 ? random : seed);
        deadlines(16, seed == 8 ? random : seed);
    }
}

/* One that wants more than its budget gets just that; with extra time, what is left. */
static void an_overrun_is_isolated(void **state)
{
    struct domain *good, *rogue;

    sim_start(1, 1);
    good = sim_domain(1, busy);
    rogue = sim_domain(1, busy);
    assert_int_equal(put(good, 3000, 10000, 0), 0);
    assert_int_equal(put(rogue, 2000, 10000, 0), 0);
    sim_go(good);
    sim_go(rogue);
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(good, 0)), 30 * PERCENT - 100, 30 * PERCENT + 100);
    assert_in_range(sim_share(sim_vcpu(rogue, 0)), 20 * PERCENT - 100, 20 * PERCENT + 100);
    assert_int_equal(put(rogue, 2000, 10000, XEN_DOMCTL_SCHEDRT_extra), 0);
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(good, 0)), 30 * PERCENT - 100, 30 * PERCENT + 100);
    assert_in_range(sim_share(sim_vcpu(rogue, 0)), 70 * PERCENT - 100, 70 * PERCENT + 100);
    sim_end();
}

/* The budget is there whenever in the period it is wanted. */
static void the_server_is_deferrable(void **state)
{
    struct domain *d, *rogue;

    sim_start(1, 1);
    rogue = sim_domain(2, busy);
    d = sim_domain(1, (struct sim_work){ .run = USEC(200), .sleep = MSEC(3), .varies = true });
    assert_int_equal(put(d, 2000, 10000, 0), 0);
    sim_go(rogue);
    sim_go(d);
    sim_run(MSEC(100));
    sim_measure();
    sim_run(2 * NS_PER_SEC);
    assert_true(sim_vcpu(d, 0)->wakes > 400);
    /* The others, of the same period, have used theirs up when theirs ends first. */
    assert_true(sim_vcpu(d, 0)->worst_latency <= MSEC(8));
    sim_end();
}

static void extra_time_goes_round(void **state)
{
    struct domain *d;

    sim_start(2, 1);
    d = sim_domain(5, busy);
    assert_int_equal(put(d, 10, 100000, XEN_DOMCTL_SCHEDRT_extra), 0);
    sim_go(d);
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = 0; i < 5; i++)
        assert_in_range(sim_share(sim_vcpu(d, i)), 39 * PERCENT, 41 * PERCENT);
    assert_int_equal(sim_worst_idle_beside, 0);
    sim_end();
}

static void affinity_is_obeyed(void **state)
{
    uint64_t second[CPU_WORDS] = { 2 };
    struct domain *d;

    sim_start(2, 1);
    d = sim_domain(3, busy);
    for (unsigned int i = 0; i < 2; i++)
        sim_set_affinity(d->vcpu[i], second, NULL);
    assert_int_equal(put(d, 4000, 10000, 0), 0);
    sim_go(d); /* sched_sim.c looks where they run */
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = 0; i < 3; i++)
        assert_in_range(sim_share(sim_vcpu(d, i)), 40 * PERCENT - 100, 40 * PERCENT + 100);
    sim_end();
}

/* --- parameters ----------------------------------------------------------------------------------
 */

static void parameters_are_checked(void **state)
{
    struct xen_domctl_schedparam_vcpu list[3] = { { .vcpuid = 0 },
                                                  { .vcpuid = 1 },
                                                  { .vcpuid = 2 } };
    struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_RTDS,
                                          .cmd = XEN_DOMCTL_SCHEDOP_getinfo };
    struct domain *d;
    bool copyback = false;

    sim_start(1, 1);
    d = sim_domain(2, busy);
    assert_int_equal(put(d, 5000, 20000, 0), 0);
    assert_int_equal(put(d, 20001, 20000, 0), -EINVAL); /* more than the period */
    assert_int_equal(put(d, 0, 20000, 0), -EINVAL);
    assert_int_equal(put(d, 5, 20000, 0), -EINVAL);
    assert_int_equal(put(d, 100, 0, 0), -EINVAL);
    assert_int_equal(put(d, 100, 5000001, 0), -EINVAL);
    assert_int_equal(put(d, 100, 1000, 2), -EINVAL);
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, list, 2), 0);
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(list[i].u.rtds.budget, 5000);
        assert_int_equal(list[i].u.rtds.period, 20000);
        assert_int_equal(list[i].u.rtds.flags, 0);
    }
    /* All or nothing. */
    list[0].u.rtds.budget = 7000;
    list[1].u.rtds.budget = 30000;
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_putvcpuinfo, list, 2), -EINVAL);
    list[1].u.rtds.budget = 8000;
    list[1].vcpuid = 2; /* there is none */
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_putvcpuinfo, list, 2), -EINVAL);
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_putvcpuinfo, list, 3), -EINVAL);
    list[1].vcpuid = 1;
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, list, 2), 0);
    assert_int_equal(list[0].u.rtds.budget, 5000);
    list[1].u.rtds = (struct xen_domctl_sched_rtds){ 4000, 1000, XEN_DOMCTL_SCHEDRT_extra };
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_putvcpuinfo, &list[1], 1), 0);
    memset(&list[1].u, 0, sizeof(list[1].u));
    assert_int_equal(per_vcpu(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, list, 2), 0);
    assert_int_equal(list[0].u.rtds.period, 20000);
    assert_int_equal(list[1].u.rtds.period, 4000);
    assert_int_equal(list[1].u.rtds.budget, 1000);
    assert_int_equal(list[1].u.rtds.flags, XEN_DOMCTL_SCHEDRT_extra);
    /* The domain's are the defaults. */
    assert_int_equal(sched_domain_op(d, &op, &copyback), 0);
    assert_int_equal(op.u.rtds.period, 10000);
    assert_int_equal(op.u.rtds.budget, 4000);
    sim_end();
}

static void credit_is_the_budget_left(void **state)
{
    struct domain *d;
    int64_t left;

    sim_start(1, 1);
    d = sim_domain(1, busy);
    assert_int_equal(put(d, 5000, 20000, 0), 0);
    sim_go(d);
    sim_run(MSEC(2));
    assert_true(sched_credit(d->vcpu[0], &left));
    assert_int_equal(left, MSEC(3));
    sim_end();
}

static unsigned long cost(unsigned int n)
{
    unsigned long worst;

    sim_start(16, 1);
    for (unsigned int made = 0; made < n; made += 100) {
        struct domain *d = sim_domain(100, busy);

        put(d, 10 + sim_random(1000), 100000 + sim_random(100000), XEN_DOMCTL_SCHEDRT_extra);
        sim_go(d);
    }
    sim_run(MSEC(50));
    sim_measure();
    sim_run(MSEC(50));
    worst = sim_worst_pick;
    sim_end();
    return worst;
}

static void cost_is_logarithmic(void **state)
{
    unsigned long few = cost(100), many = cost(10000);

    print_message("basic blocks at most: %lu with 100 vCPUs on 16 CPUs, %lu with 10,000\n", few,
                  many);
    assert_true(many < few * 8); /* timers of many are due at once, too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_deadline_is_missed),     cmocka_unit_test(an_overrun_is_isolated),
        cmocka_unit_test(the_server_is_deferrable),  cmocka_unit_test(extra_time_goes_round),
        cmocka_unit_test(affinity_is_obeyed),        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(credit_is_the_budget_left), cmocka_unit_test(cost_is_logarithmic),
    };

    return cmocka_run_group_tests(tests, start_rtds, NULL);
}
