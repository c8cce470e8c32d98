/* SPDX-License-Identifier: MIT */
/* The credit scheduler on simulated CPUs: shares, latency, affinities, cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "core/sched_credit.h"
#include "cost.h"
#include "sched_sim.h"

#define BUSY                                                                                       \
    (struct sim_work)                                                                              \
    {                                                                                              \
        .run = 1                                                                                   \
    }
#define PERCENT 10000 /* of sim_share's millionths */
#define TICK    MSEC(1)

static uint64_t set[CPU_WORDS];

static const uint64_t *only(unsigned int cpu)
{
    memset(set, 0, sizeof(set));
    set[cpu / 64] = 1UL << cpu % 64;
    return set;
}

static bool is_parked(const struct vcpu *v)
{
    const struct credit_vcpu *f = v->sched_data;

    return f->parked || f->out_of_budget;
}

static int params(struct domain *d, unsigned int weight, unsigned int cap)
{
    struct xen_domctl_scheduler_op op = {
        .sched_id = XEN_SCHEDULER_CREDIT,
        .cmd = XEN_DOMCTL_SCHEDOP_putinfo,
        .u.credit = { .weight = (uint16_t)weight, .cap = (uint16_t)cap },
    };
    bool copyback = false;

    return sched_domain_op(d, &op, &copyback);
}

static int start_credit(void **state)
{
    sim_scheduler = "credit";
    return 0;
}

/* --- shares ---------------------------------------------------------------------------------- */

struct demand {
    unsigned int n, weight, cap;
    struct domain *d;
};

/* What a vCPU should get if a CPU's time costs 1/@price a unit of weight. */
static double due(const struct demand *d, double price)
{
    double r = min(d->weight * price, 1.0);

    return d->cap ? min(r, d->cap / 100.0 / d->n) : r;
}

/* The price at which all CPUs are sold: no vCPU can use more than one, nor more than its cap. */
static double fair_price(const struct demand *d, unsigned int n, unsigned int nr)
{
    double low = 0, high = 1;

    for (unsigned int step = 0; step < 100; step++) {
        double price = (low + high) / 2, sold = 0;

        for (unsigned int i = 0; i < n; i++)
            sold += d[i].n * due(&d[i], price);
        if (sold < nr)
            low = price;
        else
            high = price;
    }
    return low;
}

static void make_demand(struct demand *d, unsigned int n, unsigned int vcpus, unsigned int weight,
                        bool caps)
{
    for (unsigned int i = 0; i < n; i++) {
        d[i].n = 1 + sim_random(vcpus);
        d[i].weight = 1 + sim_random(weight);
        d[i].cap = caps && !sim_random(3) ? 5 + sim_random(100 * d[i].n - 5) : 0;
        d[i].d = sim_domain(d[i].n, BUSY);
        assert_int_equal(params(d[i].d, d[i].weight, d[i].cap), 0);
        sim_go(d[i].d);
    }
}

/* How far the worst is from its due, of a CPU: vCPUs, or capped domains as a whole. */
static double worst_error(const struct demand *d, unsigned int n, double price, double *mean)
{
    double worst = 0, all = 0;
    unsigned int count = 0;

    for (unsigned int i = 0; i < n; i++) {
        double sum = 0, off;

        for (unsigned int v = 0; v < d[i].n; v++) {
            double got = sim_share(sim_vcpu(d[i].d, v)) / 1e6;

            off = got > due(&d[i], price) ? got - due(&d[i], price) : due(&d[i], price) - got;
            sum += got;
            all += off;
            count++;
            if (!d[i].cap)
                worst = max(worst, off);
        }
        off = sum - d[i].n * due(&d[i], price);
        if (d[i].cap)
            worst = max(worst, (off < 0 ? -off : off) / d[i].n);
    }
    *mean = all / count;
    return worst;
}

static void shares(unsigned int nr, unsigned int domains, unsigned int vcpus, unsigned int weight,
                   bool caps, unsigned int seed, double allowed)
{
    struct demand d[300];
    double worst, mean;

    sim_start(nr, seed);
    sim_is_held = is_parked;
    make_demand(d, domains, vcpus, weight, caps);
    sim_run(MSEC(300));
    sim_measure();
    sim_run(NS_PER_SEC);
    worst = worst_error(d, domains, fair_price(d, domains, nr), &mean);
    if (worst > allowed || sim_worst_idle_beside > TICK)
        fail_msg("%u CPUs, %u domains of up to %u vCPUs, weights to %u%s, seed %u: off by %.2f %%, "
                 "%lu us beside idle CPUs",
                 nr, domains, vcpus, weight, caps ? ", caps" : "", seed, worst * 100,
                 sim_worst_idle_beside / 1000);
    assert_true(mean < 0.005);
    sim_end();
}

static unsigned int random_seed(void)
{
    const char *s = getenv("SCHED_SEED");
    unsigned int seed = s ? (unsigned int)atoi(s) : (unsigned int)time(NULL);

    print_message("seed %u (SCHED_SEED repeats it)\n", seed);
    return seed;
}

static void shares_are_exact(void **state)
{
    unsigned int random = random_seed();

    for (unsigned int seed = 1; seed <= 6; seed++) {
        unsigned int s = seed == 6 ? random : seed;

        shares(1, 20, 1, 1000, false, s, 0.01);
        shares(2, 8, 2, 10, false, s, 0.01);
        shares(4, 10, 3, 1000, seed & 1, s, 0.01);
        shares(4, 4, 4, 65535, false, s, 0.01);
        shares(16, 30, 4, 65535, seed & 1, s, 0.01);
    }
}

/* Each looks at a few of the others only: one of hundreds may be a little off. */
static void shares_on_many_cpus(void **state)
{
    shares(256, 128, 8, 1000, false, 1, 0.025);
    shares(256, 300, 2, 1000, true, 1, 0.025);
    shares(64, 65, 1, 1, false, 1, 0.01);
}

/* The heavy one can't use more than a CPU; the rest is for the others by their weights. */
static void too_heavy_a_weight(void **state)
{
    struct domain *heavy, *light[3];

    sim_start(2, 1);
    heavy = sim_domain(1, BUSY);
    assert_int_equal(params(heavy, 65535, 0), 0);
    sim_go(heavy);
    for (unsigned int i = 0; i < 3; i++) {
        light[i] = sim_domain(1, BUSY);
        assert_int_equal(params(light[i], i == 2 ? 2 : 1, 0), 0);
        sim_go(light[i]);
    }
    sim_run(MSEC(500));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(heavy, 0)), 99 * PERCENT, 100 * PERCENT);
    assert_in_range(sim_share(sim_vcpu(light[0], 0)), 24 * PERCENT, 26 * PERCENT);
    assert_in_range(sim_share(sim_vcpu(light[2], 0)), 49 * PERCENT, 51 * PERCENT);
    sim_end();
}

static void nobody_starves(void **state)
{
    struct domain *heavy, *light;

    sim_start(1, 1);
    heavy = sim_domain(8, BUSY);
    light = sim_domain(1, BUSY);
    params(heavy, 65535, 0);
    params(light, 655, 0); /* about a thousandth */
    sim_go(heavy);
    sim_go(light);
    sim_run(20 * NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(light, 0)), 1000, 1600);
    sim_end();
}

/* --- caps ---------------------------------------------------------------------------------------
 */

static void a_cap_holds_on_an_idle_host(void **state)
{
    struct domain *d;
    unsigned int all = 0;

    sim_start(4, 1);
    sim_is_held = is_parked;
    d = sim_domain(4, BUSY);
    assert_int_equal(params(d, 256, 150), 0);
    sim_go(d);
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = 0; i < 4; i++)
        all += sim_share(sim_vcpu(d, i));
    assert_in_range(all, 149 * PERCENT, 151 * PERCENT);
    /* Without it, all that there is. */
    assert_int_equal(params(d, 256, 0), 0);
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = 0; i < 4; i++)
        assert_in_range(sim_share(sim_vcpu(d, i)), 100 * PERCENT - 1, 100 * PERCENT);
    /* And again, to a fraction, from one moment to the next. */
    assert_int_equal(params(d, 256, 7), 0);
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = all = 0; i < 4; i++)
        all += sim_share(sim_vcpu(d, i));
    assert_in_range(all, 6 * PERCENT, 8 * PERCENT);
    sim_end();
}

/* --- latency
 * -------------------------------------------------------------------------------------- */

/* Busy ones, @n to a CPU, and sleepers that use less than their share. */
static void latency(unsigned int nr, unsigned int n, struct sim_work work, unsigned int sleepers,
                    uint64_t most, uint64_t worst)
{
    struct domain *busy, *io;

    sim_start(nr, 3);
    busy = sim_domain(n * nr, BUSY);
    io = sim_domain(sleepers, work);
    sim_go(busy);
    sim_go(io);
    sim_run(MSEC(200));
    sim_measure();
    sim_run(2 * NS_PER_SEC);
    for (unsigned int i = 0; i < sleepers; i++) {
        struct sim_vcpu *s = sim_vcpu(io, i);

        assert_true(s->wakes > 100);
        if (sim_latency(s, 990) > most || s->worst_latency > worst)
            fail_msg("%u CPUs, %u busy each, sleeper %u of %u: 99 %% below %lu us, worst %lu us",
                     nr, n, i, sleepers, sim_latency(s, 990) / 1000, s->worst_latency / 1000);
    }
    sim_end();
}

static void a_sleeper_runs_at_once(void **state)
{
    struct sim_work io = { .run = USEC(100), .sleep = MSEC(2), .varies = true };
    struct sim_work packet = { .run = USEC(20), .sleep = USEC(500), .varies = true };
    struct sim_work burst = { .run = MSEC(1), .sleep = MSEC(10), .varies = true };

    latency(1, 1, io, 1, USEC(100), USEC(100));
    latency(1, 8, io, 1, USEC(140), USEC(100));
    latency(4, 3, packet, 4, USEC(140), USEC(500));
    latency(4, 2, burst, 4, USEC(270), MSEC(4));
}

/* One that wants half a CPU beside a busy one of its weight is served as it wakes up. */
static void half_a_cpu(void **state)
{
    struct domain *busy, *d;

    sim_start(1, 1);
    busy = sim_domain(1, BUSY);
    d = sim_domain(1, (struct sim_work){ .run = MSEC(3), .sleep = MSEC(4) });
    sim_go(busy);
    sim_go(d);
    sim_run(MSEC(200));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(d, 0)), 40 * PERCENT, 44 * PERCENT);
    sim_end();
}

static void yielding_gives_way(void **state)
{
    struct domain *busy, *spins;

    sim_start(1, 1);
    busy = sim_domain(1, BUSY);
    spins = sim_domain(1, (struct sim_work){ .run = USEC(10), .yields = true });
    sim_go(busy);
    sim_go(spins);
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(busy, 0)), 95 * PERCENT, 100 * PERCENT);
    assert_in_range(sim_share(sim_vcpu(spins, 0)), 1000, 5 * PERCENT); /* a moment each slice */
    /* What it gave away is not owed to it. */
    sim_vcpu(spins, 0)->work = BUSY;
    sim_run(MSEC(20));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_in_range(sim_share(sim_vcpu(spins, 0)), 49 * PERCENT, 51 * PERCENT);
    sim_end();
}

/* --- affinities
 * ------------------------------------------------------------------------------------- */

static void hard_affinity_is_obeyed(void **state)
{
    struct domain *d, *free;

    sim_start(8, 1);
    d = sim_domain(16, (struct sim_work){ .run = MSEC(1), .sleep = MSEC(1), .varies = true });
    free = sim_domain(4, BUSY);
    for (unsigned int i = 0; i < 16; i++)
        sim_set_affinity(d->vcpu[i], only(i % 3), NULL); /* sched_sim.c looks whether they are */
    sim_go(d);
    sim_go(free);
    sim_run(MSEC(500));
    for (unsigned int i = 0; i < 4; i++)
        sim_set_affinity(free->vcpu[i], only(7), NULL);
    sim_run(MSEC(20));
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = 0; i < 4; i++) {
        assert_int_equal(free->vcpu[i]->cpu, 7);
        assert_in_range(sim_share(sim_vcpu(free, i)), 24 * PERCENT, 26 * PERCENT);
    }
    assert_true(sim_worst_idle_beside <= TICK);
    sim_end();
}

static double liked(struct domain *d)
{
    uint64_t all = 0, there = 0;

    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        all += sim_vcpu(d, i)->ran;
        there += sim_vcpu(d, i)->ran_liked;
    }
    return (double)there / (double)all;
}

/* Two nodes of four CPUs; the guests of each fit there, and others may run anywhere. */
static void soft_affinity_is_honoured(void **state)
{
    struct sim_work io = { .run = MSEC(2), .sleep = MSEC(1), .varies = true };
    struct domain *a, *b, *anywhere;
    uint64_t node_a[CPU_WORDS] = { 0x0f }, node_b[CPU_WORDS] = { 0xf0 };

    sim_start(8, 1);
    a = sim_domain(3, io);
    b = sim_domain(3, io);
    anywhere = sim_domain(2, BUSY);
    for (unsigned int i = 0; i < 3; i++) {
        sim_set_affinity(a->vcpu[i], NULL, node_a);
        sim_set_affinity(b->vcpu[i], NULL, node_b);
    }
    sim_go(anywhere);
    sim_go(a);
    sim_go(b);
    sim_run(MSEC(200));
    sim_measure();
    sim_run(2 * NS_PER_SEC);
    assert_true(liked(a) >= 0.95 && liked(b) >= 0.95);
    assert_true(sim_worst_idle_beside <= TICK);
    sim_end();
}

/* All want the same CPU: the others are used all the same. */
static void soft_affinity_wastes_nothing(void **state)
{
    struct domain *d;

    sim_start(4, 1);
    d = sim_domain(4, BUSY);
    for (unsigned int i = 0; i < 4; i++)
        sim_set_affinity(d->vcpu[i], NULL, only(2));
    sim_go(d);
    sim_run(MSEC(20));
    sim_measure();
    sim_run(NS_PER_SEC);
    for (unsigned int i = 0; i < 4; i++)
        assert_in_range(sim_share(sim_vcpu(d, i)), 98 * PERCENT, 100 * PERCENT);
    assert_true(sim_worst_idle_beside <= TICK);
    sim_end();
}

/* One that runs where it does not like to changes places with one that does not mind. */
static void places_are_changed(void **state)
{
    struct domain *picky, *easy;

    sim_start(2, 1);
    easy = sim_domain(1, BUSY);
    sim_go(easy);
    sim_run(MSEC(50));
    picky = sim_domain(1, BUSY);
    sim_set_affinity(picky->vcpu[0], NULL, only(easy->vcpu[0]->cpu));
    sim_go(picky);
    sim_run(MSEC(50));
    sim_measure();
    sim_run(NS_PER_SEC);
    assert_int_equal(sim_vcpu(picky, 0)->migrations, 0);
    assert_true(bit_test(picky->vcpu[0]->soft_affinity, picky->vcpu[0]->cpu));
    assert_in_range(sim_share(sim_vcpu(picky, 0)), 98 * PERCENT, 100 * PERCENT);
    assert_in_range(sim_share(sim_vcpu(easy, 0)), 98 * PERCENT, 100 * PERCENT);
    sim_end();
}

/* --- nothing waits beside an idle CPU
 * --------------------------------------------------------------- */

static void no_cpu_is_wasted(void **state)
{
    unsigned int random = random_seed();

    for (unsigned int seed = 1; seed <= 4; seed++) {
        sim_start(8, seed == 4 ? random : seed);
        for (unsigned int i = 0; i < 12; i++) {
            struct domain *d = sim_domain(1 + sim_random(3),
                                          (struct sim_work){ .run = USEC(50 + sim_random(5000)),
                                                             .sleep = USEC(50 + sim_random(9000)),
                                                             .varies = true });

            if (sim_random(2)) {
                uint64_t mask[CPU_WORDS] = { 1 + sim_random(255) };

                sim_set_affinity(d->vcpu[0], sim_random(2) ? mask : NULL, mask);
            }
            sim_go(d);
        }
        sim_run(2 * NS_PER_SEC);
        assert_true(sim_worst_idle_beside <= TICK);
        sim_end();
    }
}

/* --- cost
 * -------------------------------------------------------------------------------------------- */

/* The most that a pass through the scheduler costs with @n vCPUs on @cpus CPUs. */
static unsigned long cost(unsigned int nr, unsigned int n)
{
    unsigned long worst;

    sim_start(nr, 1);
    for (unsigned int made = 0; made < n; made += 100) {
        struct domain *d = sim_domain(
            100, made % 300
                     ? BUSY
                     : (struct sim_work){ .run = MSEC(1), .sleep = MSEC(5), .varies = true });

        params(d, 1 + sim_random(1000), 0);
        sim_go(d);
    }
    sim_run(MSEC(50));
    sim_measure();
    sim_run(MSEC(100));
    worst = sim_worst_pick;
    sim_end();
    return worst;
}

static void cost_is_logarithmic(void **state)
{
    unsigned long few = cost(1, 100), many = cost(1, 10000), hundred_each = cost(256, 10000);

    print_message("basic blocks at most: %lu with 100 vCPUs on a CPU, %lu with 10,000; "
                  "%lu with 10,000 on 256 CPUs\n",
                  few, many, hundred_each);
    /* log2(10000) / log2(100) is 2. */
    assert_true(many < few * 3);
    assert_true(hundred_each < few * 6);
}

/* --- parameters
 * ---------------------------------------------------------------------------------------- */

static int pool(struct xen_sysctl_scheduler_op *op, unsigned int cmd, unsigned int ms,
                unsigned int limit, unsigned int delay)
{
    bool copyback = false;

    *op = (struct xen_sysctl_scheduler_op){
        .sched_id = XEN_SCHEDULER_CREDIT,
        .cmd = cmd,
        .u.sched_credit = { ms, limit, delay },
    };
    return sched_pool_op(op, &copyback);
}

static void parameters_are_checked(void **state)
{
    struct xen_domctl_scheduler_op get = { .sched_id = XEN_SCHEDULER_CREDIT,
                                           .cmd = XEN_DOMCTL_SCHEDOP_getinfo };
    struct xen_sysctl_scheduler_op op;
    struct domain *d;
    bool copyback = false;

    sim_start(1, 1);
    d = sim_domain(2, BUSY);
    assert_int_equal(params(d, 100, 50), 0);
    assert_int_equal(params(d, 0, 10), -EINVAL);
    assert_int_equal(params(d, 10, 201), -EINVAL);
    assert_int_equal(sched_domain_op(d, &get, &copyback), 0);
    assert_true(copyback);
    assert_int_equal(get.u.credit.weight, 100);
    assert_int_equal(get.u.credit.cap, 50);
    get.sched_id = XEN_SCHEDULER_RTDS;
    assert_int_equal(sched_domain_op(d, &get, &copyback), -EINVAL);
    get.sched_id = XEN_SCHEDULER_CREDIT;
    get.cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo;
    assert_int_equal(sched_domain_op(d, &get, &copyback), -EINVAL);

    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, 10, 1000, 0), 0);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, 0, 1000, 0), -EINVAL);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, 1001, 1000, 0), -EINVAL);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, 10, 99, 0), -EINVAL);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, 1, 1001, 0), -EINVAL);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, 10, 0, 100001), -EINVAL);
    assert_int_equal(pool(&op, 7, 10, 0, 0), -EINVAL);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_getinfo, 0, 0, 0), 0);
    assert_int_equal(op.u.sched_credit.tslice_ms, 10);
    assert_int_equal(op.u.sched_credit.ratelimit_us, 1000);
    op.cpupool_id = 1;
    assert_int_equal(sched_pool_op(&op, &copyback), -ESRCH);
    sim_end();
}

/* How many times another gets the CPU, of two busy vCPUs. */
static unsigned long switches(unsigned int slice_ms)
{
    struct xen_sysctl_scheduler_op op;
    unsigned long n;

    sim_start(1, 1);
    assert_int_equal(pool(&op, XEN_SYSCTL_SCHEDOP_putinfo, slice_ms, 0, 0), 0);
    sim_go(sim_domain(2, BUSY));
    sim_run(MSEC(100));
    sim_measure();
    sim_run(NS_PER_SEC);
    n = sim_switches;
    sim_end();
    return n;
}

static void the_slice_is_as_told(void **state)
{
    assert_in_range(switches(1), 480, 1010);
    assert_in_range(switches(20), 24, 52);
}

static void credit_is_what_is_owed(void **state)
{
    struct domain *d;
    int64_t credit[2];

    sim_start(1, 1);
    d = sim_domain(2, BUSY);
    sim_go(d);
    sim_run(MSEC(3));
    for (unsigned int i = 0; i < 2; i++)
        assert_true(sched_credit(d->vcpu[i], &credit[i]));
    /* One has had nearly 3 ms, each should have had 1.5. */
    assert_in_range(max(credit[0], credit[1]), USEC(1300), USEC(1500));
    assert_in_range(-min(credit[0], credit[1]), USEC(1300), USEC(1500));
    sim_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_exact),
        cmocka_unit_test(shares_on_many_cpus),
        cmocka_unit_test(too_heavy_a_weight),
        cmocka_unit_test(nobody_starves),
        cmocka_unit_test(a_cap_holds_on_an_idle_host),
        cmocka_unit_test(a_sleeper_runs_at_once),
        cmocka_unit_test(half_a_cpu),
        cmocka_unit_test(yielding_gives_way),
        cmocka_unit_test(hard_affinity_is_obeyed),
        cmocka_unit_test(soft_affinity_is_honoured),
        cmocka_unit_test(soft_affinity_wastes_nothing),
        cmocka_unit_test(places_are_changed),
        cmocka_unit_test(no_cpu_is_wasted),
        cmocka_unit_test(cost_is_logarithmic),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(the_slice_is_as_told),
        cmocka_unit_test(credit_is_what_is_owed),
    };

    return cmocka_run_group_tests(tests, start_credit, NULL);
}
