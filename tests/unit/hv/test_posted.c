/* SPDX-License-Identifier: MIT */
/* Posted interrupts of devices: the formats, and that no vCPU sleeps over one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>

#include "x86/iommu/vtd_irte.h"
#include "x86/vmx/posted.h"

#define WAKE_UP 0xf3u
#define RUNNING 0xf2u
#define CPUS    3u
#define VCPUS   4u

static struct cpu here;

struct cpu *this_cpu(void)
{
    return &here;
}

void arch_cpu_relax(void)
{
    fail_msg("a lock that is never released");
}

/* --- formats ------------------------------------------------------------------------------------
 */

static void test_irte(void **state)
{
    struct vtd_irte e = vtd_irte_posted(0x123456789abcdec0UL, 0x57, false, 0x03a1);

    assert_int_equal(sizeof(e), 16);
    assert_int_equal(e.low & 1, 1);                 /* P */
    assert_int_equal(e.low >> 1 & 0x7f, 0);         /* FPD, reserved */
    assert_int_equal(e.low >> 8 & 0x3f, 0);         /* available, reserved */
    assert_int_equal(e.low >> 14 & 1, 0);           /* URG */
    assert_int_equal(e.low >> 15 & 1, 1);           /* IM */
    assert_int_equal(e.low >> 16 & 0xff, 0x57);     /* vector */
    assert_int_equal(e.low >> 24 & 0x3fff, 0);      /* reserved */
    assert_int_equal(e.low >> 38, 0x9abcdec0 >> 6); /* the address's bits 31 to 6 */
    assert_int_equal(e.high & 0xffff, 0x03a1);      /* SID */
    assert_int_equal(e.high >> 16 & 3, 0);          /* SQ: all 16 bits */
    assert_int_equal(e.high >> 18 & 3, 1);          /* SVT: by SID and SQ */
    assert_int_equal(e.high >> 20 & 0xfff, 0);      /* reserved */
    assert_int_equal(e.high >> 32, 0x12345678);     /* the address's upper half */
    assert_int_equal(vtd_irte_posted(0, 1, true, 0).low, 1 | 3UL << 14 | 1UL << 16);
}

static void test_descriptor(void **state)
{
    assert_int_equal(sizeof(struct posted), 64);
    assert_int_equal(offsetof(struct posted, state), 256 / 8);
    assert_int_equal(POSTED_OUTSTANDING, 1UL << (256 - 256));
    assert_int_equal(POSTED_SUPPRESSED, 1UL << (257 - 256));
    assert_int_equal(POSTED_VECTOR(0xab), 0xabUL << (272 - 256));
    assert_int_equal(POSTED_DESTINATION(0xcdef0123), 0xcdef0123UL << (288 - 256));
    assert_int_equal(POSTED_DESTINATION(posted_xapic_id(7)), 7UL << (296 - 256));
}

/* --- an IOMMU, and CPUs ------------------------------------------------------------------------
 */

static struct posted descriptor[VCPUS];
static struct posted_vcpu vcpu[VCPUS];
static struct posted_waiters waiters[CPUS];
static unsigned int notices[CPUS][256], nr_notices, woken[VCPUS];

static int begin(void **state)
{
    memset(descriptor, 0, sizeof(descriptor));
    memset(notices, 0, sizeof(notices));
    memset(woken, 0, sizeof(woken));
    nr_notices = 0;
    for (unsigned int i = 0; i < CPUS; i++)
        posted_waiters_init(&waiters[i], i, WAKE_UP);
    for (unsigned int i = 0; i < VCPUS; i++)
        posted_vcpu_init(&vcpu[i], &descriptor[i]);
    return 0;
}

/* VT-d 5.2.3 */
static void device_posts(unsigned int v, uint8_t vector, bool urgent)
{
    struct posted *p = &descriptor[v];

    p->requests[vector / 64] |= 1UL << vector % 64;
    if (p->state & POSTED_OUTSTANDING || (p->state & POSTED_SUPPRESSED && !urgent))
        return;
    p->state |= POSTED_OUTSTANDING;
    assert_true(p->state >> 32 < CPUS);
    notices[p->state >> 32][p->state >> 16 & 0xff]++;
    nr_notices++;
}

/* What is outstanding goes into the virtual APIC. */
static bool entry_takes(unsigned int v)
{
    struct posted *p = &descriptor[v];
    bool any = false;

    if (!(p->state & POSTED_OUTSTANDING))
        return false;
    p->state &= ~POSTED_OUTSTANDING;
    for (unsigned int i = 0; i < 4; i++) {
        any |= p->requests[i] != 0;
        p->requests[i] = 0;
    }
    return any;
}

static void wake(struct posted_vcpu *v)
{
    woken[v - vcpu]++;
    assert_null(v->waits_on);
}

static void test_running(void **state)
{
    assert_false(posted_run(&vcpu[0], 1, RUNNING));
    device_posts(0, 40, false);
    device_posts(0, 41, false); /* one is outstanding */
    assert_int_equal(notices[1][RUNNING], 1);
    assert_int_equal(nr_notices, 1);
    assert_true(entry_takes(0));
    posted_run(&vcpu[0], 2, RUNNING); /* elsewhere */
    device_posts(0, 40, false);
    assert_int_equal(notices[2][RUNNING], 1);
}

static void test_preempted(void **state)
{
    posted_run(&vcpu[0], 1, RUNNING);
    posted_preempt(&vcpu[0]);
    device_posts(0, 40, false);
    assert_int_equal(nr_notices, 0);
    assert_false(entry_takes(0));
    assert_true(posted_run(&vcpu[0], 2, RUNNING)); /* though nobody told */
    assert_true(entry_takes(0));
    posted_preempt(&vcpu[0]);
    device_posts(0, 41, true);
    assert_int_equal(notices[2][RUNNING], 1); /* urgent */
}

static void test_waiting(void **state)
{
    posted_run(&vcpu[0], 1, RUNNING);
    posted_run(&vcpu[1], 1, RUNNING);
    assert_true(posted_block(&vcpu[0], &waiters[1]));
    assert_true(posted_block(&vcpu[1], &waiters[1]));
    device_posts(1, 200, false);
    device_posts(1, 201, false);
    assert_int_equal(notices[1][WAKE_UP], 1);
    posted_wake(&waiters[1], wake);
    assert_int_equal(woken[0], 0);
    assert_int_equal(woken[1], 1);
    posted_wake(&waiters[1], wake);
    assert_int_equal(woken[1], 1); /* it is gone from the list */
    posted_unblock(&vcpu[1]);
    posted_unblock(&vcpu[0]); /* woken by something else */
    assert_true(list_empty(&waiters[1].list));
    device_posts(0, 200, false);
    assert_int_equal(nr_notices, 1);
}

static void test_no_sleep_over_one(void **state)
{
    posted_run(&vcpu[0], 1, RUNNING);
    device_posts(0, 40, false); /* just before it waits */
    assert_false(posted_block(&vcpu[0], &waiters[1]));
    assert_true(list_empty(&waiters[1].list));
    posted_run(&vcpu[0], 1, RUNNING);
    assert_true(entry_takes(0));
    posted_preempt(&vcpu[0]);
    device_posts(0, 40, false); /* suppressed */
    assert_false(posted_block(&vcpu[0], &waiters[2]));
    assert_null(vcpu[0].waits_on);
}

/* Whatever happens: one that waits, and has something requested, is sent a wake-up. */
static void test_random(void **state)
{
    enum { OFF, ON, WAITS } is[VCPUS] = { OFF };

    srand(42);
    for (unsigned int i = 0; i < 100000; i++) {
        unsigned int v = (unsigned int)rand() % VCPUS, c = (unsigned int)rand() % CPUS;

        switch (rand() % 6) {
        case 0:
        case 1:
            device_posts(v, (uint8_t)rand(), rand() % 8 == 0);
            break;
        case 2:
            if (is[v] == WAITS)
                posted_unblock(&vcpu[v]);
            posted_run(&vcpu[v], c, RUNNING);
            entry_takes(v);
            for (unsigned int w = 0; w < 4; w++)
                assert_int_equal(descriptor[v].requests[w], 0); /* it has seen all there was */
            is[v] = ON;
            break;
        case 3:
            if (is[v] == ON) {
                posted_preempt(&vcpu[v]);
                is[v] = OFF;
            }
            break;
        case 4:
            if (is[v] == ON)
                is[v] = posted_block(&vcpu[v], &waiters[c]) ? WAITS : OFF;
            break;
        case 5:
            if (!notices[c][WAKE_UP])
                break;
            notices[c][WAKE_UP] = 0;
            memset(woken, 0, sizeof(woken));
            posted_wake(&waiters[c], wake);
            for (unsigned int w = 0; w < VCPUS; w++) {
                assert_true(!woken[w] || is[w] == WAITS);
                if (woken[w]) {
                    posted_unblock(&vcpu[w]);
                    is[w] = OFF;
                }
            }
        }
        for (unsigned int w = 0; w < VCPUS; w++) {
            const struct posted *p = &descriptor[w];

            assert_int_equal(is[w] == WAITS, vcpu[w].waits_on != NULL);
            if (is[w] == WAITS &&
                (p->requests[0] | p->requests[1] | p->requests[2] | p->requests[3]))
                assert_true(notices[vcpu[w].waits_on - waiters][WAKE_UP]);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_irte),    TEST(test_descriptor),        TEST(test_running), TEST(test_preempted),
        TEST(test_waiting), TEST(test_no_sleep_over_one), TEST(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
