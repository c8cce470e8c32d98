/* SPDX-License-Identifier: MIT */
/*
 * The FIFO interface of event channels, against a model of a guest that consumes its
 * queues as the interface says, and against guests that do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "core/event_internal.h"
#include "fake_machine.h"

#define PENDING      (1u << EVTCHN_FIFO_PENDING)
#define MASKED       (1u << EVTCHN_FIFO_MASKED)
#define LINKED       (1u << EVTCHN_FIFO_LINKED)
#define BUSY         (1u << EVTCHN_FIFO_BUSY)
#define LINK         ((uint32_t)EVTCHN_FIFO_LINK_MASK)

#define CONTROL_GFN  0 /* of vCPU 0; vCPU 1: 1 */
#define ARRAY_GFN    2
#define CONTROL_OFFS 64

static struct domain *d1, *d2; /* d2 sends, d1 receives by FIFO */

/* The guest's own view of its queues. */
static uint32_t guest_head[2][EVTCHN_FIFO_MAX_QUEUES];

static int op(struct domain *d, int cmd, void *arg)
{
    fake_set_current(d, 0);
    return do_event_channel_op(cmd, FAKE_ARG(arg));
}

static int init_control(unsigned int vcpu)
{
    struct evtchn_init_control c = { .control_gfn = CONTROL_GFN + vcpu,
                                     .offset = CONTROL_OFFS,
                                     .vcpu = vcpu };
    int rc = op(d1, EVTCHNOP_init_control, &c);

    if (!rc)
        assert_int_equal(c.link_bits, 17);
    return rc;
}

static int expand(uint64_t gfn_nr)
{
    struct evtchn_expand_array e = { .array_gfn = gfn_nr };

    return op(d1, EVTCHNOP_expand_array, &e);
}

static struct evtchn_fifo_control_block *control(unsigned int vcpu)
{
    return (void *)((char *)fake_gfn_ptr(d1, CONTROL_GFN + vcpu) + CONTROL_OFFS);
}

static uint32_t *word(evtchn_port_t port)
{
    return (uint32_t *)fake_gfn_ptr(d1, ARRAY_GFN + port / 1024) + port % 1024;
}

static int set_up_2level(void **state)
{
    fake_machine_reset();
    memset(guest_head, 0, sizeof(guest_head));
    d1 = fake_domain(1, 2, 8);
    d2 = fake_domain(2, 1, 0);
    assert_int_equal(evtchn_domain_init(d1, 131071), 0);
    assert_int_equal(evtchn_domain_init(d2, 131071), 0);
    return 0;
}

static int set_up(void **state)
{
    set_up_2level(state);
    assert_int_equal(init_control(0), 0);
    assert_int_equal(init_control(1), 0);
    assert_int_equal(expand(ARRAY_GFN), 0);
    return 0;
}

static int tear_down(void **state)
{
    struct domain *all[] = { d1, d2 };

    fake_preempt_after = -1;
    for (int i = 0; i < 2; i++)
        assert_int_equal(evtchn_domain_destroy(all[i]), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fake_domain_refs(all[i]), 0);
        evtchn_domain_free(all[i]);
        fake_domain_discard(all[i]);
    }
    assert_int_equal(fake_live_allocs, 0);
    assert_int_equal(fake_frames_used(), 0);
    return 0;
}

/* A channel from d2 to d1, whose first event (from binding) is on the receiving end's side. */
static evtchn_port_t connect(evtchn_port_t *sender)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };
    struct evtchn_bind_interdomain i = { .remote_dom = 1 };

    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), 0);
    i.remote_port = a.port;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), 0);
    *sender = i.local_port;
    return a.port;
}

static void send(evtchn_port_t sender)
{
    assert_int_equal(op(d2, EVTCHNOP_send, &sender), 0);
}

static void set_priority(evtchn_port_t port, unsigned int priority, int expect)
{
    struct evtchn_set_priority p = { .port = port, .priority = priority };

    assert_int_equal(op(d1, EVTCHNOP_set_priority, &p), expect);
}

static void bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu b = { .port = port, .vcpu = vcpu };

    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &b), 0);
}

/* The guest takes one event off the queues of @vcpu; 0: there is none. */
static evtchn_port_t consume(unsigned int vcpu)
{
    struct evtchn_fifo_control_block *c = control(vcpu);

    d1->vcpu[vcpu]->vcpu_info->evtchn_upcall_pending = 0;
    while (c->ready) {
        unsigned int q = (unsigned int)__builtin_ctz(c->ready);
        evtchn_port_t port = guest_head[vcpu][q];
        uint32_t w;

        if (!port)
            port = c->head[q];
        w = *word(port);
        assert_true(w & LINKED);
        *word(port) = w & ~(LINKED | LINK);
        guest_head[vcpu][q] = w & LINK;
        if (!(w & LINK))
            c->ready &= ~(1u << q);
        if ((w & PENDING) && !(w & MASKED)) {
            *word(port) &= ~PENDING;
            return port;
        }
    }
    return 0;
}

static void test_one_event(void **state)
{
    evtchn_port_t s, p = connect(&s);

    send(s);
    assert_int_equal(*word(p), PENDING | LINKED);
    assert_int_equal(control(0)->head[7], p);
    assert_int_equal(control(0)->ready, 1 << 7);
    assert_int_equal(fake_notified[1][0], 1);
    send(s);
    assert_int_equal(fake_notified[1][0], 1);
    assert_int_equal(consume(0), p);
    assert_int_equal(*word(p), 0);
    assert_int_equal(consume(0), 0);
    send(s);
    assert_int_equal(fake_notified[1][0], 2);
    assert_int_equal(consume(0), p);
}

static void test_order_within_a_queue(void **state)
{
    evtchn_port_t s[5], p[5];

    for (int i = 0; i < 5; i++)
        p[i] = connect(&s[i]);
    for (int round = 0; round < 3; round++) {
        for (int i = 4; i >= 0; i--)
            send(s[i]);
        assert_int_equal(consume(0), p[4]);
        send(s[4]); /* goes to the end */
        for (int i = 3; i >= 0; i--)
            assert_int_equal(consume(0), p[i]);
        assert_int_equal(consume(0), p[4]);
        assert_int_equal(consume(0), 0);
    }
}

static void test_priorities(void **state)
{
    evtchn_port_t s[3], p[3];

    for (int i = 0; i < 3; i++)
        p[i] = connect(&s[i]);
    set_priority(p[1], EVTCHN_FIFO_PRIORITY_MAX, 0);
    set_priority(p[0], EVTCHN_FIFO_PRIORITY_MIN, 0);
    set_priority(p[0], 16, -EINVAL);
    set_priority(5000, 3, -EINVAL);
    for (int i = 0; i < 3; i++)
        send(s[i]);
    assert_int_equal(consume(0), p[1]);
    assert_int_equal(consume(0), p[2]);
    assert_int_equal(consume(0), p[0]);
    assert_int_equal(consume(0), 0);
}

static void test_masked(void **state)
{
    evtchn_port_t s, p = connect(&s);

    *word(p) |= MASKED;
    send(s);
    assert_int_equal(*word(p), PENDING | MASKED);
    assert_int_equal(fake_notified[1][0], 0);
    assert_int_equal(evtchn_port_is_pending(d1, p), 1);
    assert_int_equal(op(d1, EVTCHNOP_unmask, &p), 0);
    assert_int_equal(*word(p), PENDING | LINKED);
    assert_int_equal(fake_notified[1][0], 1);
    assert_int_equal(op(d1, EVTCHNOP_unmask, &p), 0);
    assert_int_equal(fake_notified[1][0], 1);
    assert_int_equal(consume(0), p);
    assert_int_equal(evtchn_port_is_pending(d1, p), 0);
}

/* The guest has unlinked the event, and not cleared PENDING yet: it must come again. */
static void test_raised_while_handled(void **state)
{
    evtchn_port_t s, p = connect(&s);

    send(s);
    *word(p) &= ~(LINKED | LINK);
    control(0)->ready = 0;
    send(s);
    assert_int_equal(*word(p), PENDING | LINKED);
    assert_int_equal(control(0)->ready, 1 << 7);
}

static void test_moves_between_queues(void **state)
{
    evtchn_port_t s[3], p[3];

    for (int i = 0; i < 3; i++)
        p[i] = connect(&s[i]);
    send(s[0]);
    send(s[1]); /* p[1] is the tail of vCPU 0's queue */
    bind_vcpu(p[1], 1);
    send(s[1]); /* still linked: stays where it is */
    assert_int_equal(control(1)->ready, 0);
    assert_int_equal(consume(0), p[0]);
    assert_int_equal(consume(0), p[1]);
    send(s[1]);
    assert_int_equal(control(1)->head[7], p[1]);
    assert_int_equal(fake_notified[1][1], 1);
    /* It was the tail of vCPU 0's queue and is linked: nothing may be appended to it there. */
    send(s[2]);
    assert_int_equal(*word(p[1]) & LINK, 0);
    assert_int_equal(consume(0), p[2]);
    assert_int_equal(consume(1), p[1]);
    set_priority(p[2], 3, 0);
    send(s[2]);
    send(s[0]);
    assert_int_equal(control(0)->head[3], p[2]);
    assert_int_equal(consume(0), p[2]);
    assert_int_equal(consume(0), p[0]);
    assert_int_equal(consume(0), 0);
    assert_int_equal(consume(1), 0);
}

/* Random sends, moves and consumption: every event arrives, each queue stays whole. */
static void test_model(void **state)
{
    evtchn_port_t s[24], p[24];
    bool due[24] = { false };
    unsigned int seed = 12345;

    for (int i = 0; i < 24; i++)
        p[i] = connect(&s[i]);
    for (int n = 0; n < 20000; n++) {
        unsigned int r = seed = seed * 1103515245 + 12345, i = (r >> 16) % 24;

        switch ((r >> 8) % 8) {
        case 0:
            bind_vcpu(p[i], r >> 24 & 1);
            break;
        case 1:
            set_priority(p[i], r >> 24 & 15, 0);
            break;
        case 2:
        case 3:
        case 4:
            send(s[i]);
            due[i] = true;
            break;
        default: {
            evtchn_port_t got = consume(r >> 24 & 1);

            for (int k = 0; k < 24; k++)
                if (p[k] == got) {
                    assert_true(due[k]);
                    due[k] = false;
                }
        }
        }
    }
    for (int v = 0; v < 2; v++)
        for (evtchn_port_t got; (got = consume(v)) != 0;)
            for (int k = 0; k < 24; k++)
                if (p[k] == got)
                    due[k] = false;
    for (int k = 0; k < 24; k++)
        assert_false(due[k]);
}

static void test_pending_before_the_page(void **state)
{
    evtchn_port_t s = 0, p = 0;

    while (p < 1024)
        p = connect(&s);
    send(s);
    assert_int_equal(evtchn_port_is_pending(d1, p), 1);
    assert_int_equal(fake_notified[1][0], 0);
    assert_int_equal(expand(ARRAY_GFN + 1), 0);
    assert_int_equal(*word(p), PENDING | LINKED);
    assert_int_equal(consume(0), p);
}

static void test_pending_from_2level(void **state)
{
    evtchn_port_t s, p = connect(&s);

    send(s);
    assert_true(bit_test(d1->shared_info->evtchn_pending, p));
    set_priority(p, 3, -ENOSYS);
    assert_int_equal(expand(ARRAY_GFN), -EOPNOTSUPP);
    assert_int_equal(init_control(0), 0);
    assert_int_equal(evtchn_port_is_pending(d1, p), 1);
    assert_int_equal(expand(ARRAY_GFN), 0);
    assert_int_equal(consume(0), p);
}

static void test_bad_control(void **state)
{
    struct evtchn_init_control c = { .control_gfn = 0, .offset = 0, .vcpu = 2 };
    uint32_t offsets[] = { 4, 1, 4096, 4096 - 64, ~0u, ~7u };
    unsigned int refs = fake_gfn_page(d1, 0)->refs;

    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -ENOENT);
    c.vcpu = 1;
    for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
        c.offset = offsets[i];
        assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -EINVAL);
    }
    c.offset = 0;
    c.control_gfn = 200; /* a hole */
    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -EINVAL);
    c.control_gfn = ~0UL;
    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -EINVAL);
    c.control_gfn = 0;
    d1->p2m->entry[0].type = p2m_foreign; /* somebody else's */
    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -EINVAL);
    d1->p2m->entry[0].type = p2m_ram_ro;
    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -EINVAL);
    d1->p2m->entry[0].type = p2m_ram_rw;
    for (int n = 0; n < 2; n++) {
        fake_allocs_left = n;
        assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -ENOMEM);
        fake_allocs_left = -1;
        assert_ptr_equal(d1->evtchn->ops, &evtchn_2level_ops);
    }
    assert_int_equal(fake_gfn_page(d1, 0)->refs, refs);
    c.offset = 4096 - 72; /* the last that fits */
    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), 0);
    assert_int_equal(op(d1, EVTCHNOP_init_control, &c), -EINVAL); /* once only */
    assert_int_equal(fake_gfn_page(d1, 0)->refs, refs + 1);
    assert_int_equal(expand(200), -EINVAL);
}

static void test_array_limit(void **state)
{
    for (int i = 1; i < 128; i++)
        assert_int_equal(expand(ARRAY_GFN), 0); /* the same page: only the guest's loss */
    assert_int_equal(expand(ARRAY_GFN), -ENOSPC);
}

static void test_vcpu_without_control_block(void **state)
{
    evtchn_port_t s, p;

    assert_int_equal(init_control(0), 0);
    assert_int_equal(expand(ARRAY_GFN), 0);
    p = connect(&s);
    bind_vcpu(p, 1);
    send(s);
    assert_int_equal(*word(p), PENDING);
    assert_int_equal(init_control(1), 0);
    send(s);
    assert_int_equal(consume(1), p);
}

static void test_linked_port_is_not_reused(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };
    evtchn_port_t s, p = connect(&s);

    send(s);
    assert_int_equal(op(d1, EVTCHNOP_close, &p), 0);
    assert_int_equal(*word(p), LINKED); /* no longer pending */
    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), 0);
    assert_int_equal(a.port, p + 1);
    assert_int_equal(consume(0), 0);
    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), 0);
    assert_int_equal(a.port, p);
}

/* The tail is a closed port, still linked: it is appended to, and the guest goes over it. */
static void test_append_to_closed_tail(void **state)
{
    evtchn_port_t s1, s2, p1 = connect(&s1), p2 = connect(&s2);

    send(s1);
    assert_int_equal(op(d1, EVTCHNOP_close, &p1), 0);
    send(s2);
    assert_int_equal(*word(p1), LINKED | p2);
    assert_int_equal(consume(0), p2);
}

/* A guest that scribbles over everything that it may. */
static void test_hostile_words(void **state)
{
    evtchn_port_t s[8], p[8];
    unsigned int seed = 99;

    for (int i = 0; i < 8; i++)
        p[i] = connect(&s[i]);
    for (int n = 0; n < 50000; n++) {
        unsigned int i = (seed = seed * 1103515245 + 12345) >> 16 & 7;

        *word(p[seed >> 20 & 7]) = seed * 2654435761u;
        memset(control(0), (int)(seed >> 24), sizeof(*control(0)));
        memset(control(1), (int)(seed >> 23), sizeof(*control(1)));
        if (seed >> 28 & 1)
            bind_vcpu(p[i], seed >> 29 & 1);
        if ((seed >> 27 & 3) == 0)
            assert_int_equal(op(d1, EVTCHNOP_unmask, &p[i]), 0);
        send(s[i]);
    }
}

/* The control block and the array in one and the same page. */
static void test_overlapping_pages(void **state)
{
    evtchn_port_t s, p;

    assert_int_equal(init_control(0), 0);
    assert_int_equal(init_control(1), 0);
    assert_int_equal(expand(CONTROL_GFN), 0);
    for (int i = 0; i < 200; i++) {
        p = connect(&s);
        send(s);
        if (i & 1)
            bind_vcpu(p, 1);
        send(s);
    }
}

static void test_reset_goes_back(void **state)
{
    struct evtchn_reset r = { .dom = DOMID_SELF };
    evtchn_port_t s, p = connect(&s);
    unsigned int refs = fake_gfn_page(d1, ARRAY_GFN)->refs;

    bind_vcpu(p, 1);
    send(s);
    assert_int_equal(op(d1, EVTCHNOP_reset, &r), 0);
    assert_ptr_equal(d1->evtchn->ops, &evtchn_2level_ops);
    assert_int_equal(fake_gfn_page(d1, ARRAY_GFN)->refs, refs - 1);
    assert_int_equal(expand(ARRAY_GFN), -EOPNOTSUPP);
    /* The next kernel starts afresh, with vCPU 0 only. */
    memset(fake_gfn_ptr(d1, ARRAY_GFN), 0, PAGE_SIZE);
    memset(control(0), 0, sizeof(*control(0)));
    memset(guest_head, 0, sizeof(guest_head));
    assert_int_equal(init_control(0), 0);
    assert_int_equal(expand(ARRAY_GFN), 0);
    p = connect(&s);
    send(s);
    assert_int_equal(consume(0), p);
}

/* During a reset another vCPU links a port that the reset is past: no stale queue is used. */
static void test_port_used_during_reset(void **state)
{
    struct evtchn_reset r = { .dom = DOMID_SELF };
    evtchn_port_t s, p = 0;

    for (int i = 0; i < 200; i++)
        connect(&s);
    fake_preempt_after = 0;
    assert_int_equal(op(d1, EVTCHNOP_reset, &r), -ERESTART);
    fake_preempt_after = -1;
    p = connect(&s);
    assert_true(p < d1->evtchn->cursor);
    bind_vcpu(p, 1);
    send(s);
    assert_int_equal(consume(1), p);
    assert_int_equal(op(d1, EVTCHNOP_close, &p), 0);
    assert_int_equal(op(d1, EVTCHNOP_reset, &r), 0);
    assert_ptr_equal(d1->evtchn->ops, &evtchn_2level_ops);
    assert_int_equal(init_control(0), 0);
    assert_int_equal(expand(ARRAY_GFN), 0);
    assert_int_equal(connect(&s), p);
    send(s);
    assert_true(*word(p) & LINKED);
}

static void test_poll(void **state)
{
    evtchn_port_t s, p = connect(&s);

    *word(p) |= MASKED;
    evtchn_poll_begin(d1->vcpu[1], p);
    send(s);
    assert_int_equal(fake_unblocked[1][1], 1);
    evtchn_poll_end(d1->vcpu[1]);
}

#define TEST(f)        cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define TEST_2LEVEL(f) cmocka_unit_test_setup_teardown(f, set_up_2level, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_event),
        TEST(test_order_within_a_queue),
        TEST(test_priorities),
        TEST(test_masked),
        TEST(test_raised_while_handled),
        TEST(test_moves_between_queues),
        TEST(test_model),
        TEST(test_pending_before_the_page),
        TEST_2LEVEL(test_pending_from_2level),
        TEST_2LEVEL(test_bad_control),
        TEST(test_array_limit),
        TEST_2LEVEL(test_vcpu_without_control_block),
        TEST(test_linked_port_is_not_reused),
        TEST(test_append_to_closed_tail),
        TEST(test_hostile_words),
        TEST_2LEVEL(test_overlapping_pages),
        TEST(test_reset_goes_back),
        TEST(test_port_used_during_reset),
        TEST(test_poll),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
