/* SPDX-License-Identifier: MIT */
/*
 * Event channels from several CPUs at once: three domains, a thread each, which bind,
 * send, move and close channels with one another as fast as they can.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "core/event_internal.h"
#include "fake_machine.h"

#define DOMAINS 3
#define ROUNDS  30000

static struct domain *doms[DOMAINS];
static unsigned int bound[DOMAINS];

/* One step of whatever it is; errors are the others' doing. */
static void step(struct domain *d, unsigned int r)
{
    evtchn_port_t port = r >> 8 & 15;
    struct domain *other = doms[(d->domid + (r >> 16)) % DOMAINS];

    switch (r % 8) {
    case 0:
        evtchn_alloc_unbound(d, other->domid, &port);
        break;
    case 1:
    case 2:
        if (!evtchn_bind_interdomain(d, other, port, &port))
            bound[d->domid]++;
        break;
    case 3:
        evtchn_close(d, port);
        break;
    case 4:
        evtchn_bind_vcpu(d, port, r >> 20 & 1);
        break;
    case 5:
        evtchn_unmask(d, port);
        break;
    default:
        evtchn_send(d, port);
    }
}

static void *run(void *arg)
{
    struct domain *d = arg;
    unsigned int seed = d->domid * 77 + 1;

    fake_set_current(d, 0);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        seed = seed * 1103515245 + 12345;
        step(d, seed >> 4);
    }
    return NULL;
}

static void stress(bool fifo)
{
    pthread_t threads[DOMAINS];

    fake_machine_reset();
    for (unsigned int i = 0; i < DOMAINS; i++) {
        doms[i] = fake_domain((domid_t)i, 2, 4);
        assert_int_equal(evtchn_domain_init(doms[i], 1023), 0);
        for (unsigned int v = 0; fifo && v < 2; v++) {
            struct evtchn_init_control c = { .control_gfn = v, .vcpu = v };
            struct evtchn_expand_array e = { .array_gfn = 2 };

            assert_int_equal(evtchn_fifo_init_control(doms[i], &c), 0);
            if (!v)
                assert_int_equal(evtchn_fifo_expand_array(doms[i], &e), 0);
        }
    }
    for (unsigned int i = 0; i < DOMAINS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, doms[i]), 0);
    for (unsigned int i = 0; i < DOMAINS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned int i = 0; i < DOMAINS; i++) {
        assert_true(bound[i] > 0);
        assert_int_equal(evtchn_domain_destroy(doms[i]), 0);
    }
    for (unsigned int i = 0; i < DOMAINS; i++) {
        assert_int_equal(fake_domain_refs(doms[i]), 0);
        assert_int_equal(doms[i]->evtchn->nr_open, 0);
        evtchn_domain_free(doms[i]);
        fake_domain_discard(doms[i]);
    }
    assert_int_equal(fake_live_allocs, 0);
    assert_int_equal(fake_frames_used(), 0);
}

static void test_2level(void **state)
{
    stress(false);
}

static void test_fifo(void **state)
{
    stress(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_2level),
        cmocka_unit_test(test_fifo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
