/* SPDX-License-Identifier: MIT */
/* Event channels: the hypercall, every operation on the 2-level interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/errno.h>
#include "core/event_internal.h"
#include "fake_machine.h"

static struct domain *d0, *d1, *d2;

static int op(struct domain *d, int cmd, void *arg)
{
    fake_set_current(d, 0);
    return do_event_channel_op(cmd, FAKE_ARG(arg));
}

static int set_up(void **state)
{
    fake_machine_reset();
    d0 = fake_domain(0, 2, 4);
    d0->is_privileged = true;
    dom0 = d0;
    d1 = fake_domain(1, 2, 4);
    d2 = fake_domain(2, 1, 4);
    assert_int_equal(evtchn_domain_init(d0, 131071), 0);
    assert_int_equal(evtchn_domain_init(d1, 1023), 0);
    assert_int_equal(evtchn_domain_init(d2, 1023), 0);
    return 0;
}

static void end_domain(struct domain *d)
{
    fake_preempt_after = -1;
    while (evtchn_domain_destroy(d) == -ERESTART)
        ;
}

static int tear_down(void **state)
{
    struct domain *all[] = { d0, d1, d2 };

    for (int i = 0; i < 3; i++)
        end_domain(all[i]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fake_domain_refs(all[i]), 0);
        evtchn_domain_free(all[i]);
        for (unsigned int v = 0; v < all[i]->max_vcpus; v++)
            evtchn_vcpu_free(all[i]->vcpu[v]);
        fake_domain_discard(all[i]);
    }
    assert_int_equal(fake_live_allocs, 0);
    assert_int_equal(fake_frames_used(), 0);
    return 0;
}

static evtchn_port_t unbound(struct domain *d, domid_t remote)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = remote };

    assert_int_equal(op(d, EVTCHNOP_alloc_unbound, &a), 0);
    return a.port;
}

/* Connects a port of @a with one of @b. */
static void connect(struct domain *a, struct domain *b, evtchn_port_t *pa, evtchn_port_t *pb)
{
    struct evtchn_bind_interdomain i = { .remote_dom = a->domid };

    *pa = i.remote_port = unbound(a, b->domid);
    assert_int_equal(op(b, EVTCHNOP_bind_interdomain, &i), 0);
    *pb = i.local_port;
}

static struct evtchn_status status(struct domain *d, evtchn_port_t port)
{
    struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

    assert_int_equal(op(d, EVTCHNOP_status, &s), 0);
    return s;
}

static bool pending(struct domain *d, evtchn_port_t port)
{
    return bit_test(d->shared_info->evtchn_pending, port);
}

static int on_port(struct domain *d, int cmd, evtchn_port_t port)
{
    return op(d, cmd, &port);
}

/* The guest has seen to everything. */
static void guest_clears(struct domain *d)
{
    memset(d->shared_info->evtchn_pending, 0, sizeof(d->shared_info->evtchn_pending));
    for (unsigned int v = 0; v < d->max_vcpus; v++) {
        d->vcpu[v]->vcpu_info->evtchn_pending_sel = 0;
        d->vcpu[v]->vcpu_info->evtchn_upcall_pending = 0;
    }
    memset(fake_notified, 0, sizeof(fake_notified));
}

static void test_unbound_then_connected(void **state)
{
    evtchn_port_t p1, p2;
    struct evtchn_status s;

    p1 = unbound(d1, 2);
    assert_int_equal(p1, 1);
    s = status(d1, p1);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 2);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p1), 0); /* dropped */
    assert_int_equal(on_port(d1, EVTCHNOP_close, p1), 0);

    connect(d1, d2, &p1, &p2);
    s = status(d1, p1);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 2);
    assert_int_equal(s.u.interdomain.port, p2);
    assert_int_equal(fake_domain_refs(d1), 1);
    assert_int_equal(fake_domain_refs(d2), 1);
    /* Who binds is told, as events sent earlier may have been lost. */
    assert_true(pending(d2, p2));
    assert_int_equal(fake_notified[2][0], 1);
}

static void test_send(void **state)
{
    evtchn_port_t p1, p2;

    connect(d1, d2, &p1, &p2);
    guest_clears(d2);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p1), 0);
    assert_true(pending(d2, p2));
    assert_false(pending(d1, p1));
    assert_int_equal(d2->vcpu[0]->vcpu_info->evtchn_pending_sel, 1);
    assert_int_equal(d2->vcpu[0]->vcpu_info->evtchn_upcall_pending, 1);
    assert_int_equal(fake_notified[2][0], 1);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p1), 0); /* still pending: nobody is told */
    assert_int_equal(fake_notified[2][0], 1);
    assert_int_equal(on_port(d2, EVTCHNOP_send, p2), 0);
    assert_true(pending(d1, p1));
}

static void test_masked_is_told_at_unmask(void **state)
{
    evtchn_port_t p1, p2;

    connect(d1, d2, &p1, &p2);
    guest_clears(d2);
    bit_test_and_set(d2->shared_info->evtchn_mask, p2);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p1), 0);
    assert_true(pending(d2, p2));
    assert_int_equal(fake_notified[2][0], 0);
    assert_int_equal(on_port(d2, EVTCHNOP_unmask, p2), 0);
    assert_false(bit_test(d2->shared_info->evtchn_mask, p2));
    assert_int_equal(fake_notified[2][0], 1);
    assert_int_equal(on_port(d2, EVTCHNOP_unmask, p2), 0);
    assert_int_equal(fake_notified[2][0], 1);
    assert_int_equal(on_port(d2, EVTCHNOP_unmask, 700), -EINVAL);
}

static void test_bind_refusals(void **state)
{
    struct evtchn_bind_interdomain i = { .remote_dom = 1, .remote_port = unbound(d1, 2) };
    evtchn_port_t p = i.remote_port;

    assert_int_equal(op(d0, EVTCHNOP_bind_interdomain, &i), -EINVAL); /* not for dom0 */
    i.remote_port = 99;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -EINVAL);
    i.remote_port = ~0u;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -EINVAL);
    i.remote_port = 0;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -EINVAL);
    i.remote_dom = 77;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -ESRCH);
    i.remote_dom = 2; /* a free port of one's own: the one that would be taken */
    i.remote_port = 1;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -EINVAL);
    i.remote_dom = 1;
    i.remote_port = p;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), 0);
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -EINVAL); /* taken */
}

static void test_loopback(void **state)
{
    struct evtchn_bind_interdomain i = { .remote_dom = DOMID_SELF };
    evtchn_port_t p = unbound(d1, DOMID_SELF);

    assert_int_equal(status(d1, p).u.unbound.dom, 1);
    i.remote_port = p;
    assert_int_equal(op(d1, EVTCHNOP_bind_interdomain, &i), 0);
    guest_clears(d1);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p), 0);
    assert_true(pending(d1, i.local_port));
    assert_int_equal(fake_domain_refs(d1), 2);
    assert_int_equal(on_port(d1, EVTCHNOP_close, i.local_port), 0);
    assert_int_equal(fake_domain_refs(d1), 0);
    assert_int_equal(status(d1, p).status, EVTCHNSTAT_unbound);
}

static void test_close_from_either_side(void **state)
{
    evtchn_port_t p1, p2;

    for (int side = 0; side < 2; side++) {
        connect(d1, d2, &p1, &p2);
        assert_int_equal(on_port(side ? d1 : d2, EVTCHNOP_close, side ? p1 : p2), 0);
        assert_int_equal(fake_domain_refs(d1) + fake_domain_refs(d2), 0);
        assert_int_equal(status(d1, p1).status, side ? EVTCHNSTAT_closed : EVTCHNSTAT_unbound);
        assert_int_equal(status(d2, p2).status, side ? EVTCHNSTAT_unbound : EVTCHNSTAT_closed);
        if (side) {
            assert_int_equal(status(d2, p2).u.unbound.dom, 1);
            assert_int_equal(on_port(d2, EVTCHNOP_send, p2), 0);
        } else { /* the peer may bind again */
            struct evtchn_bind_interdomain i = { .remote_dom = 1, .remote_port = p1 };

            assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), 0);
            assert_int_equal(on_port(d1, EVTCHNOP_close, p1), 0);
            assert_int_equal(on_port(d2, EVTCHNOP_close, i.local_port), 0);
        }
    }
    assert_int_equal(on_port(d1, EVTCHNOP_close, p1), -EINVAL);
    assert_int_equal(on_port(d1, EVTCHNOP_close, 0), -EINVAL);
    assert_int_equal(on_port(d1, EVTCHNOP_close, ~0u), -EINVAL);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p1), -EINVAL);
    assert_int_equal(on_port(d1, EVTCHNOP_send, 0), -EINVAL);
    assert_int_equal(on_port(d1, EVTCHNOP_send, 4000000000u), -EINVAL);
}

static void test_close_clears_pending(void **state)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 1 };

    assert_int_equal(op(d1, EVTCHNOP_bind_ipi, &ipi), 0);
    assert_int_equal(on_port(d1, EVTCHNOP_send, ipi.port), 0);
    assert_int_equal(on_port(d1, EVTCHNOP_close, ipi.port), 0);
    assert_false(pending(d1, ipi.port));
    assert_int_equal(unbound(d1, 2), ipi.port);
    assert_int_equal(status(d1, ipi.port).vcpu, 0);
}

static void test_ipi(void **state)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 1 };
    struct evtchn_bind_vcpu bv;

    assert_int_equal(op(d1, EVTCHNOP_bind_ipi, &ipi), 0);
    assert_int_equal(on_port(d1, EVTCHNOP_send, ipi.port), 0);
    assert_int_equal(fake_notified[1][1], 1);
    assert_int_equal(fake_notified[1][0], 0);
    assert_int_equal(status(d1, ipi.port).status, EVTCHNSTAT_ipi);
    assert_int_equal(status(d1, ipi.port).vcpu, 1);
    bv = (struct evtchn_bind_vcpu){ .port = ipi.port, .vcpu = 0 };
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), -EINVAL);
    ipi.vcpu = 2;
    assert_int_equal(op(d1, EVTCHNOP_bind_ipi, &ipi), -ENOENT);
    ipi.vcpu = ~0u;
    assert_int_equal(op(d1, EVTCHNOP_bind_ipi, &ipi), -ENOENT);
}

static void test_bind_vcpu(void **state)
{
    evtchn_port_t p1, p2;
    struct evtchn_bind_vcpu bv;

    connect(d1, d2, &p1, &p2);
    bv = (struct evtchn_bind_vcpu){ .port = p1, .vcpu = 1 };
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), 0);
    assert_int_equal(on_port(d2, EVTCHNOP_send, p2), 0);
    assert_int_equal(fake_notified[1][1], 1);
    bv.vcpu = 9;
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), -ENOENT);
    bv = (struct evtchn_bind_vcpu){ .port = 500, .vcpu = 1 };
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), -EINVAL);
    bv.port = 5; /* in a known bucket, but closed */
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), -EINVAL);
}

static int bind_virq(struct domain *d, unsigned int virq, unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq b = { .virq = virq, .vcpu = vcpu };
    int rc = op(d, EVTCHNOP_bind_virq, &b);

    *port = b.port;
    return rc;
}

static void test_vcpu_virq(void **state)
{
    evtchn_port_t p0, p1, p;
    struct evtchn_bind_vcpu bv;

    assert_int_equal(bind_virq(d1, VIRQ_TIMER, 0, &p0), 0);
    assert_int_equal(bind_virq(d1, VIRQ_TIMER, 1, &p1), 0);
    assert_int_equal(bind_virq(d1, VIRQ_TIMER, 1, &p), -EEXIST);
    assert_int_equal(bind_virq(d1, VIRQ_TIMER, 2, &p), -ENOENT);
    assert_int_equal(bind_virq(d1, NR_VIRQS, 0, &p), -EINVAL);
    assert_int_equal(bind_virq(d1, ~0u, 0, &p), -EINVAL);
    send_vcpu_virq(d1->vcpu[1], VIRQ_TIMER);
    assert_true(pending(d1, p1));
    assert_false(pending(d1, p0));
    assert_int_equal(fake_notified[1][1], 1);
    send_vcpu_virq(d1->vcpu[1], VIRQ_DEBUG); /* not bound */
    bv = (struct evtchn_bind_vcpu){ .port = p1, .vcpu = 0 };
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), -EINVAL);
    assert_int_equal(on_port(d1, EVTCHNOP_send, p1), -EINVAL); /* a guest does not raise it */
    assert_int_equal(on_port(d1, EVTCHNOP_close, p1), 0);
    guest_clears(d1);
    send_vcpu_virq(d1->vcpu[1], VIRQ_TIMER);
    assert_false(pending(d1, p1));
    assert_int_equal(bind_virq(d1, VIRQ_TIMER, 1, &p), 0);
}

static void test_global_virq(void **state)
{
    evtchn_port_t p;
    struct evtchn_bind_vcpu bv;

    assert_int_equal(bind_virq(d1, VIRQ_ARGO, 1, &p), -EINVAL);
    assert_int_equal(bind_virq(d1, VIRQ_ARGO, 0, &p), 0);
    assert_int_equal(status(d1, p).status, EVTCHNSTAT_virq);
    assert_int_equal(status(d1, p).u.virq, VIRQ_ARGO);
    bv = (struct evtchn_bind_vcpu){ .port = p, .vcpu = 1 };
    assert_int_equal(op(d1, EVTCHNOP_bind_vcpu, &bv), 0);
    send_global_virq(d1, VIRQ_ARGO);
    assert_int_equal(fake_notified[1][1], 1);
    assert_int_equal(on_port(d1, EVTCHNOP_close, p), 0);
    assert_int_equal(bind_virq(d1, VIRQ_ARGO, 0, &p), 0); /* free again */
}

static void test_host_virq(void **state)
{
    evtchn_port_t p0, p1;

    assert_int_equal(bind_virq(d1, VIRQ_DOM_EXC, 0, &p1), -EPERM);
    assert_int_equal(bind_virq(d0, VIRQ_DOM_EXC, 0, &p0), 0);
    assert_int_equal(bind_virq(d0, VIRQ_CON_RING, 0, &p1), 0);
    send_host_virq(VIRQ_DOM_EXC);
    assert_true(pending(d0, p0));
    assert_int_equal(evtchn_set_virq_handler(d1, VIRQ_TIMER), -EINVAL);
    assert_int_equal(evtchn_set_virq_handler(d1, 24), -EINVAL);
    assert_int_equal(evtchn_set_virq_handler(d1, VIRQ_DOM_EXC), 0);
    assert_int_equal(bind_virq(d1, VIRQ_DOM_EXC, 0, &p1), 0);
    guest_clears(d0);
    send_host_virq(VIRQ_DOM_EXC);
    assert_true(pending(d1, p1));
    assert_false(pending(d0, p0));
    end_domain(d1); /* dom0's again */
    send_host_virq(VIRQ_DOM_EXC);
    assert_true(pending(d0, p0));
}

static void test_permissions(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = 2, .remote_dom = 1 };
    struct evtchn_status s = { .dom = 2, .port = 1 };
    struct evtchn_reset r = { .dom = 2 };

    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), -EPERM);
    assert_int_equal(op(d1, EVTCHNOP_status, &s), -EPERM);
    assert_int_equal(op(d1, EVTCHNOP_reset, &r), -EPERM);
    assert_int_equal(op(d0, EVTCHNOP_alloc_unbound, &a), 0);
    assert_int_equal(a.port, 1);
    assert_int_equal(op(d0, EVTCHNOP_status, &s), 0);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(op(d0, EVTCHNOP_reset, &r), -EINVAL); /* it runs */
    d2->controller_pauses = 1;
    assert_int_equal(op(d0, EVTCHNOP_reset, &r), 0);
    assert_int_equal(status(d2, 1).status, EVTCHNSTAT_closed);
    a.dom = s.dom = r.dom = 55;
    assert_int_equal(op(d0, EVTCHNOP_alloc_unbound, &a), -ESRCH);
    assert_int_equal(op(d0, EVTCHNOP_status, &s), -ESRCH);
    assert_int_equal(op(d0, EVTCHNOP_reset, &r), -ESRCH);
    assert_int_equal(fake_domain_refs(d0) + fake_domain_refs(d1) + fake_domain_refs(d2), 0);
}

static void test_bad_calls(void **state)
{
    struct evtchn_bind_pirq pirq = { .pirq = 4 };

    for (int cmd = -1; cmd < 20; cmd++)
        assert_int_equal(op(d1, cmd, NULL), cmd < 0 || cmd > 13 || cmd == 2 ? -ENOSYS : -EFAULT);
    assert_int_equal(op(d1, EVTCHNOP_bind_pirq, &pirq), -ENOSYS);
    assert_int_equal(fake_domain_refs(d1), 0);
}

/* When the result can't be told, nothing is left open. */
static void test_result_not_writable(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };
    struct evtchn_bind_interdomain i = { .remote_dom = 2 };
    struct evtchn_bind_virq v = { .virq = VIRQ_TIMER };
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    struct {
        int cmd;
        void *arg;
    } calls[] = {
        { EVTCHNOP_alloc_unbound, &a },
        { EVTCHNOP_bind_interdomain, &i },
        { EVTCHNOP_bind_virq, &v },
        { EVTCHNOP_bind_ipi, &ipi },
    };

    i.remote_port = unbound(d2, 1);
    for (unsigned int n = 0; n < ARRAY_SIZE(calls); n++) {
        fake_copies_left = 1;
        assert_int_equal(op(d1, calls[n].cmd, calls[n].arg), -EFAULT);
        fake_copies_left = -1;
        assert_int_equal(d1->evtchn->nr_open, 0);
        assert_int_equal(fake_domain_refs(d2), 0);
    }
    assert_int_equal(status(d2, i.remote_port).status, EVTCHNSTAT_unbound);
    assert_int_equal(d1->vcpu[0]->virq_to_port[VIRQ_TIMER], 0);
}

static void test_limits(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };

    for (unsigned int i = 1; i <= 1023; i++)
        assert_int_equal(unbound(d1, 2), i);
    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), -ENOSPC);
    assert_int_equal(on_port(d1, EVTCHNOP_close, 500), 0);
    assert_int_equal(on_port(d1, EVTCHNOP_close, 400), 0);
    assert_int_equal(unbound(d1, 2), 400);
    assert_int_equal(unbound(d1, 2), 500);
    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), -ENOSPC);

    for (unsigned int i = 1; i <= 4095; i++)
        assert_int_equal(unbound(d0, 2), i);
    assert_int_equal(op(d0, EVTCHNOP_alloc_unbound, &a), -ENOSPC); /* 2-level has no more */
}

static void test_no_memory(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };

    for (unsigned int i = 1; i < PORTS_PER_BUCKET; i++)
        unbound(d1, 2);
    fake_allocs_left = 0;
    assert_int_equal(op(d1, EVTCHNOP_alloc_unbound, &a), -ENOMEM);
    fake_allocs_left = -1;
    assert_int_equal(unbound(d1, 2), PORTS_PER_BUCKET);
    for (int n = 0; n < 3; n++) {
        struct domain *d = fake_domain(5, 1, 0);

        fake_allocs_left = n;
        assert_int_equal(evtchn_domain_init(d, 1023), -ENOMEM);
        fake_allocs_left = -1;
        fake_domain_discard(d);
    }
}

static void test_poll(void **state)
{
    evtchn_port_t p1, p2;

    connect(d1, d2, &p1, &p2);
    guest_clears(d1);
    bit_test_and_set(d1->shared_info->evtchn_mask, p1); /* pollers mask what they poll */
    evtchn_poll_begin(d1->vcpu[1], p1);
    assert_int_equal(evtchn_port_is_pending(d1, p1), 0);
    assert_int_equal(on_port(d2, EVTCHNOP_send, p2), 0);
    assert_int_equal(fake_unblocked[1][1], 1);
    assert_int_equal(evtchn_port_is_pending(d1, p1), 1);
    assert_int_equal(evtchn_port_is_pending(d1, ~0u), -EINVAL);
    assert_int_equal(evtchn_port_is_pending(d1, 900), -EINVAL);
    evtchn_poll_end(d1->vcpu[1]);

    guest_clears(d1);
    evtchn_poll_begin(d1->vcpu[1], 7); /* another port */
    on_port(d2, EVTCHNOP_send, p2);
    assert_int_equal(fake_unblocked[1][1], 1);
    evtchn_poll_end(d1->vcpu[1]);
    guest_clears(d1);
    evtchn_poll_begin(d1->vcpu[1], 0); /* any */
    on_port(d2, EVTCHNOP_send, p2);
    assert_int_equal(fake_unblocked[1][1], 2);
    evtchn_poll_end(d1->vcpu[1]);
    assert_int_equal(d1->evtchn->pollers, 0);
}

static void test_32bit_layout(void **state)
{
    struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 2 };
    evtchn_port_t p1 = 0, p2;
    uint32_t *info, *shared = (uint32_t *)d2->shared_info;

    d2->is_32bit = true;
    for (int i = 0; i < 40; i++)
        unbound(d2, 9);
    connect(d1, d2, &p1, &p2);
    assert_int_equal(p2, 41);
    info = (uint32_t *)d2->vcpu[0]->vcpu_info;
    assert_int_equal(info[1], 1 << 1); /* evtchn_pending_sel, after two bytes and padding */
    assert_int_equal(info[0] & 0xff, 1);
    assert_int_equal(shared[2048 / 4 + 1], 1 << 9);
    guest_clears(d2);
    memset(shared, 0, PAGE_SIZE);
    shared[2048 / 4 + 32 + 1] = 1 << 9; /* masked */
    on_port(d1, EVTCHNOP_send, p1);
    assert_int_equal(info[1], 0);
    on_port(d2, EVTCHNOP_unmask, p2);
    assert_int_equal(info[1], 1 << 1);
    assert_int_equal(shared[2048 / 4 + 32 + 1], 0);
    evtchn_vcpu_info_moved(d2->vcpu[0]);
    assert_int_equal(info[1], ~0u);
    for (int i = 42; i < 1024; i++)
        if (i <= 1023)
            unbound(d2, 9);
    assert_int_equal(op(d2, EVTCHNOP_alloc_unbound, &a), -ENOSPC);
}

static void test_vcpu_info_moved(void **state)
{
    static struct vcpu_info elsewhere;

    elsewhere.evtchn_upcall_pending = 1;
    d1->vcpu[1]->vcpu_info = &elsewhere;
    evtchn_vcpu_info_moved(d1->vcpu[1]);
    assert_true(elsewhere.evtchn_pending_sel == ~0UL);
    assert_int_equal(fake_notified[1][1], 1);
}

/* A vCPU beyond those of the shared info page, before it has registered a vcpu_info. */
static void test_no_vcpu_info(void **state)
{
    static struct vcpu_info dummy;
    struct evtchn_bind_ipi ipi = { .vcpu = 1 };

    d1->vcpu[1]->id = XEN_LEGACY_MAX_VCPUS;
    d1->vcpu[1]->vcpu_info = &dummy;
    assert_int_equal(op(d1, EVTCHNOP_bind_ipi, &ipi), 0);
    assert_int_equal(on_port(d1, EVTCHNOP_send, ipi.port), 0);
    assert_true(pending(d1, ipi.port));
    assert_int_equal(dummy.evtchn_upcall_pending, 0);
}

static void test_reset_in_steps(void **state)
{
    struct evtchn_reset r = { .dom = DOMID_SELF };
    evtchn_port_t p1, p2, p;
    int steps = 0;

    for (int i = 0; i < 300; i++)
        unbound(d1, 2);
    connect(d1, d2, &p1, &p2);
    assert_int_equal(bind_virq(d1, VIRQ_TIMER, 0, &p), 0);
    fake_preempt_after = 0;
    assert_int_equal(op(d1, EVTCHNOP_reset, &r), -ERESTART);
    assert_int_equal(unbound(d1, 2), 1); /* opened in between: closed all the same */
    while (op(d1, EVTCHNOP_reset, &r) == -ERESTART) {
        fake_preempt_after = 0;
        assert_true(++steps < 20);
    }
    assert_int_equal(d1->evtchn->nr_open, 0);
    assert_int_equal(status(d2, p2).status, EVTCHNSTAT_unbound);
    assert_int_equal(unbound(d1, 2), 1);
}

static void test_destruction(void **state)
{
    evtchn_port_t p1, p2, q1, q0;
    struct evtchn_alloc_unbound a = { .dom = 1, .remote_dom = 0 };
    struct evtchn_bind_interdomain i = { .remote_dom = 1 };
    int steps = 0;

    connect(d1, d2, &p1, &p2);
    connect(d1, d0, &q1, &q0);
    for (int n = 0; n < 200; n++)
        i.remote_port = unbound(d1, 2);
    fake_preempt_after = 0;
    assert_int_equal(evtchn_domain_destroy(d1), -ERESTART);
    assert_int_equal(op(d0, EVTCHNOP_alloc_unbound, &a), -ESRCH);
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), 0); /* one that is not closed yet */
    assert_int_equal(on_port(d2, EVTCHNOP_send, i.local_port), 0);
    while (evtchn_domain_destroy(d1) == -ERESTART) {
        fake_preempt_after = 0;
        assert_true(++steps < 20);
    }
    assert_int_equal(fake_domain_refs(d1) + fake_domain_refs(d2) + fake_domain_refs(d0), 0);
    assert_int_equal(status(d2, p2).status, EVTCHNSTAT_unbound);
    assert_int_equal(status(d2, i.local_port).status, EVTCHNSTAT_unbound);
    i.remote_port = 30;
    assert_int_equal(op(d2, EVTCHNOP_bind_interdomain, &i), -EINVAL);
    assert_int_equal(on_port(d0, EVTCHNOP_send, q0), 0);
    fake_preempt_after = -1;
    assert_int_equal(evtchn_domain_destroy(d1), 0); /* once more does no harm */
}

/* The last reference of a domain goes with its peer's port: after the locks are dropped. */
static void test_last_reference(void **state)
{
    evtchn_port_t p1, p2;

    connect(d1, d2, &p1, &p2);
    domain_put(d2);
    assert_int_equal(fake_freed_domains, 0);
    assert_int_equal(on_port(d1, EVTCHNOP_close, p1), 0);
    assert_int_equal(fake_freed_domains, 1);
    domain_put(d1);
    /* Leave the counts as the test's end expects them. */
    fake_domain_resurrect(d1);
    fake_domain_resurrect(d2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unbound_then_connected),
        TEST(test_send),
        TEST(test_masked_is_told_at_unmask),
        TEST(test_bind_refusals),
        TEST(test_loopback),
        TEST(test_close_from_either_side),
        TEST(test_close_clears_pending),
        TEST(test_ipi),
        TEST(test_bind_vcpu),
        TEST(test_vcpu_virq),
        TEST(test_global_virq),
        TEST(test_host_virq),
        TEST(test_permissions),
        TEST(test_bad_calls),
        TEST(test_result_not_writable),
        TEST(test_limits),
        TEST(test_no_memory),
        TEST(test_poll),
        TEST(test_32bit_layout),
        TEST(test_vcpu_info_moved),
        TEST(test_no_vcpu_info),
        TEST(test_reset_in_steps),
        TEST(test_destruction),
        TEST(test_last_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
