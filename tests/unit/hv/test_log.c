/* SPDX-License-Identifier: MIT */
/* The log: what goes to the console at once, what waits, what is left out. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/atomic.h>
#include <hv/log_ring.h>
#include <hv/softirq.h>

struct domain *dom0;
static _Thread_local struct cpu cpu;
static uint64_t now;
static char console[16384];
static unsigned int console_len, room, softirqs;
static struct domain guest, control;

struct cpu *this_cpu(void)
{
    return &cpu;
}

uint64_t time_now(void)
{
    return now;
}

void softirq_raise(enum softirq nr)
{
    softirqs |= 1u << nr;
}

unsigned int arch_console_room(void)
{
    return room;
}

void arch_console_putc(char c)
{
    console[console_len++ % sizeof(console)] = c;
    if (room)
        room--;
}

void arch_cpu_relax(void)
{
    sched_yield();
}

void arch_backtrace(void)
{
}

void arch_panic_stop(void)
{
    abort();
}

static int set_up(void **state)
{
    room = ~0u;
    while (log_drain())
        ;
    memset(console, 0, sizeof(console));
    console_len = softirqs = 0;
    guest = (struct domain){ .domid = 7 };
    control = (struct domain){ .domid = 0, .is_privileged = true };
    dom0 = &control;
    now += 1000 * NS_PER_SEC;
    return 0;
}

/* What was logged since @pos. */
static const char *logged(uint64_t pos)
{
    static char buf[65536];

    buf[log_read(&pos, buf, sizeof(buf) - 1)] = 0;
    return buf;
}

static void guests_lines_wait(void **state)
{
    uint64_t pos = log_position();

    room = 0;
    log_domain(&guest, LOG_INFO, "hello\n");
    assert_string_equal(logged(pos), "(pando) d7: hello\n");
    assert_int_equal(console_len, 0);
    assert_int_equal(softirqs, 1u << SOFTIRQ_CONSOLE);
    assert_true(log_drain());
    assert_int_equal(console_len, 0);
    room = 16;
    assert_true(log_drain());
    assert_string_equal(console, "(pando) d7: hell");
    room = 16;
    assert_false(log_drain());
    assert_string_equal(console, "(pando) d7: hello\r\n");
}

static void others_do_not(void **state)
{
    room = 0;
    log_info("host\n");
    log_domain(&control, LOG_INFO, "dom0\n");
    assert_string_equal(console, "(pando) host\r\n(pando) d0: dom0\r\n");
}

static void but_for_a_line_that_has_begun(void **state)
{
    room = 0;
    log_domain(&guest, LOG_INFO, "hello\n");
    log_domain(&guest, LOG_INFO, "again\n");
    room = 16;
    assert_true(log_drain());
    log_info("host\n");
    assert_string_equal(console, "(pando) d7: hello\r\n(pando) host\r\n");
    room = ~0u;
    assert_false(log_drain());
    assert_string_equal(console, "(pando) d7: hello\r\n(pando) host\r\n(pando) d7: again\r\n");
}

static void quiet_levels_stay_in_the_log(void **state)
{
    uint64_t pos = log_position();

    log_domain(&guest, LOG_DEBUG, "detail\n");
    assert_false(log_drain());
    assert_int_equal(console_len, 0);
    assert_string_equal(logged(pos), "(pando) d7: detail\n");
}

static unsigned int count(const char *text, const char *what)
{
    unsigned int n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void many_lines_are_left_out(void **state)
{
    uint64_t pos = log_position();

    for (unsigned int i = 0; i < 60; i++)
        log_domain(&guest, LOG_INFO, "again\n");
    assert_int_equal(count(logged(pos), "again"), 50);
    pos = log_position();
    now += NS_PER_SEC / 4;
    for (unsigned int i = 0; i < 10; i++)
        log_domain(&guest, LOG_INFO, "again\n");
    assert_int_equal(count(logged(pos), "again"), 2);
    assert_non_null(strstr(logged(pos), "d7: warning: 10 lines more were too many"));
    now += 60 * NS_PER_SEC;
    pos = log_position();
    for (unsigned int i = 0; i < 60; i++)
        log_domain(&guest, LOG_INFO, "again\n");
    assert_int_equal(count(logged(pos), "again"), 50);
}

static void a_full_queue_drops_and_counts(void **state)
{
    char line[101];
    unsigned int written = 0;

    memset(line, 'x', 100);
    line[100] = 0;
    room = 0;
    for (; written < 50; written++)
        log_domain(&guest, LOG_INFO, "%s\n", line);
    room = ~0u;
    while (log_drain())
        ;
    assert_int_equal(count(console, "(pando) d7: x"), 4096 / 114);
    now += 60 * NS_PER_SEC;
    log_domain(&guest, LOG_INFO, "later\n");
    while (log_drain())
        ;
    snprintf(
        line, sizeof(line),
        "\r\n(pando) %u lines of guests are in the log only\r\n(pando) d7:", written - 4096 / 114);
    assert_non_null(strstr(console, line));
}

static void *writer(void *arg)
{
    for (unsigned int i = 0; i < 5000; i++)
        log_domain(&guest, LOG_DEBUG, "race\n");
    return NULL;
}

static void cpus_share_one_allowance(void **state)
{
    uint64_t pos = log_position();
    pthread_t t[4];

    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, writer, NULL), 0);
    for (unsigned int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(count(logged(pos), "race"), 50);
    assert_int_equal(guest.log_dropped, 4 * 5000 - 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(guests_lines_wait, set_up),
        cmocka_unit_test_setup(others_do_not, set_up),
        cmocka_unit_test_setup(but_for_a_line_that_has_begun, set_up),
        cmocka_unit_test_setup(quiet_levels_stay_in_the_log, set_up),
        cmocka_unit_test_setup(many_lines_are_left_out, set_up),
        cmocka_unit_test_setup(a_full_queue_drops_and_counts, set_up),
        cmocka_unit_test_setup(cpus_share_one_allowance, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
