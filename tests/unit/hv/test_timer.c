/* SPDX-License-Identifier: MIT */
/* Timers of several CPUs, and the heap that they stand in. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/init.h>
#include <hv/sched.h>
#include <hv/softirq.h>

#define NR 3

struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus = NR;
static struct cpu cpu[NR];
static _Thread_local struct cpu *here = &cpu[0];
static uint64_t now, armed[NR], charged, fn_takes;
static struct vcpu owner;

struct cpu *this_cpu(void)
{
    return here;
}

uint64_t time_now(void)
{
    return atomic_read(&now);
}

void arch_timer_arm(uint64_t deadline)
{
    armed[here->id] = deadline;
}

void arch_cpu_kick(unsigned int id)
{
}

void arch_cpu_relax(void)
{
    sched_yield();
}

void sched_charge(struct vcpu *v, uint64_t ns)
{
    assert_ptr_equal(v, &owner);
    charged += ns;
}

static int set_up(void **state)
{
    now = 1000;
    charged = 0;
    fn_takes = 0;
    for (unsigned int i = 0; i < NR; i++) {
        cpu[i] = (struct cpu){ .self = &cpu[i], .id = i };
        cpus[i] = here = &cpu[i];
        timer_init_cpu();
    }
    here = &cpu[0];
    return 0;
}

/* Has CPU @id execute what is due. */
static void run_on(unsigned int id)
{
    struct cpu *was = here;

    here = &cpu[id];
    softirq_raise(SOFTIRQ_TIMER);
    softirq_run();
    here = was;
}

/* --- the heap --- */

static uint64_t rnd(void)
{
    static uint64_t x = 88172645463325252UL;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static void heap_gives_the_smallest(void **state)
{
    static struct heap_node node[500];
    static bool in[500];
    struct heap_node *heap = NULL;

    for (unsigned int step = 0; step < 20000; step++) {
        unsigned int i = (unsigned int)(rnd() % 500);
        uint64_t least = ~0UL;

        if (in[i]) {
            heap_remove(&heap, &node[i]);
        } else {
            node[i].key = rnd() % 1000;
            heap_insert(&heap, &node[i]);
        }
        in[i] = !in[i];
        for (unsigned int k = 0; k < 500; k++) {
            if (in[k] && node[k].key < least)
                least = node[k].key;
        }
        assert_int_equal(heap ? heap->key : ~0UL, least);
    }
}

/* --- timers --- */

static unsigned int order[16], nr_fired;

static void note(void *arg)
{
    order[nr_fired++ % 16] = (unsigned int)(uintptr_t)arg;
    now += fn_takes;
}

static void they_fire_in_order(void **state)
{
    struct timer t[4];

    nr_fired = 0;
    for (unsigned int i = 0; i < 4; i++)
        timer_init(&t[i], note, (void *)(uintptr_t)i, NULL, 0);
    timer_set(&t[2], 1300);
    assert_int_equal(armed[0], 1300);
    timer_set(&t[0], 1100);
    assert_int_equal(armed[0], 1100);
    timer_set(&t[1], 1200);
    timer_set(&t[3], 1150);
    timer_stop(&t[3]);
    run_on(0);
    assert_int_equal(nr_fired, 0);
    now = 1250;
    run_on(0);
    assert_int_equal(nr_fired, 2);
    assert_int_equal(order[0], 0);
    assert_int_equal(order[1], 1);
    assert_int_equal(armed[0], 1300);
    timer_set(&t[0], 10); /* gone by */
    run_on(0);
    assert_int_equal(nr_fired, 3);
    assert_true(timer_is_armed(&t[2]));
    assert_false(timer_is_armed(&t[0]));
}

static void they_move_with_their_time(void **state)
{
    struct timer t;

    nr_fired = 0;
    timer_init(&t, note, NULL, NULL, 0);
    timer_migrate(&t, 1);
    assert_false(timer_is_armed(&t));
    timer_set(&t, 1100);
    timer_migrate(&t, 2);
    now = 1200;
    run_on(1);
    assert_int_equal(nr_fired, 0);
    run_on(2);
    assert_int_equal(nr_fired, 1);
}

/* Many at once don't keep a CPU from its other work: the rest waits for the next interrupt. */
static void few_in_one_go(void **state)
{
    struct timer t[100];

    nr_fired = 0;
    for (unsigned int i = 0; i < 100; i++) {
        timer_init(&t[i], note, NULL, NULL, 0);
        timer_set(&t[i], 1001);
    }
    now = 2000;
    run_on(0);
    assert_int_equal(nr_fired, 64);
    assert_int_equal(armed[0], 1001);
    run_on(0);
    assert_int_equal(nr_fired, 100);
}

static void the_owner_is_charged(void **state)
{
    struct timer t, host;

    timer_init(&t, note, NULL, &owner, 0);
    timer_init(&host, note, NULL, NULL, 0);
    fn_takes = 30;
    timer_set(&t, 1001);
    timer_set(&host, 1002);
    now = 2000;
    run_on(0);
    assert_int_equal(charged, 30);
}

/* --- the end of one that runs on two CPUs --- */

static struct timer moving;
static unsigned int entered, let_go, over, killed;

/* The first call stays until it is let go. */
static void slow(void *arg)
{
    if (atomic_inc(&entered) > 1)
        return;
    while (!atomic_read_acquire(&let_go))
        sched_yield();
    atomic_set_release(&over, 1);
}

static void *slow_cpu(void *arg)
{
    here = &cpu[1];
    softirq_raise(SOFTIRQ_TIMER);
    softirq_run();
    return NULL;
}

static void *killer(void *arg)
{
    here = &cpu[2];
    timer_kill(&moving);
    assert_int_equal(atomic_read(&over), 1);
    atomic_set(&killed, 1);
    return NULL;
}

static void kill_waits_for_all(void **state)
{
    pthread_t a, b;

    timer_init(&moving, slow, NULL, NULL, 1);
    timer_set(&moving, 1001);
    atomic_set(&now, 2000);
    pthread_create(&a, NULL, slow_cpu, NULL);
    while (!atomic_read(&entered))
        sched_yield();
    /* Its function still runs on CPU 1. It moves to CPU 0, and fires there too. */
    timer_migrate(&moving, 0);
    timer_set(&moving, 1500);
    run_on(0);
    assert_int_equal(atomic_read(&entered), 2);
    pthread_create(&b, NULL, killer, NULL);
    usleep(30000); /* time enough to come back too early */
    assert_int_equal(atomic_read(&killed), 0);
    atomic_set_release(&let_go, 1);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    assert_int_equal(killed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heap_gives_the_smallest),
        cmocka_unit_test_setup(they_fire_in_order, set_up),
        cmocka_unit_test_setup(they_move_with_their_time, set_up),
        cmocka_unit_test_setup(few_in_one_go, set_up),
        cmocka_unit_test_setup(the_owner_is_charged, set_up),
        cmocka_unit_test_setup(kill_waits_for_all, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
