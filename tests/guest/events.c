/* SPDX-License-Identifier: MIT */
/* Event channels across two vCPUs; with the word "fifo", by the FIFO ABI. */
#include "lib.h"

static evtchn_port_t alloc_unbound(domid_t remote)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = remote };

    return event_op(EVTCHNOP_alloc_unbound, &op) ? 0 : op.port;
}

static long bind_interdomain(evtchn_port_t remote, evtchn_port_t *port)
{
    struct evtchn_bind_interdomain op = { .remote_dom = DOMID_SELF, .remote_port = remote };
    long rc = event_op(EVTCHNOP_bind_interdomain, &op);

    *port = op.local_port;
    return rc;
}

static long bind_ipi(unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };
    long rc = event_op(EVTCHNOP_bind_ipi, &op);

    *port = op.port;
    if (!rc)
        ACCESS(event_count[op.port]) = 0;
    return rc;
}

static long bind_virq(unsigned int virq, unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
    long rc = event_op(EVTCHNOP_bind_virq, &op);

    *port = op.port;
    if (!rc)
        ACCESS(event_count[op.port]) = 0;
    return rc;
}

static long bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

    return event_op(EVTCHNOP_bind_vcpu, &op);
}

static long send(evtchn_port_t port)
{
    struct evtchn_send op = { .port = port };

    return event_op(EVTCHNOP_send, &op);
}

static long close(evtchn_port_t port)
{
    struct evtchn_close op = { .port = port };

    return event_op(EVTCHNOP_close, &op);
}

static unsigned int status(evtchn_port_t port)
{
    struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

    return event_op(EVTCHNOP_status, &op) ? ~0u : op.status;
}

/* How often @port is taken in a moment with interrupts on. */
static unsigned int taken(evtchn_port_t port)
{
    uint32_t before = ACCESS(event_count[port]);

    WAIT_FOR(false, 10);
    return ACCESS(event_count[port]) - before;
}

/* The same for what has to come: waits for it, and for what may follow. */
static unsigned int arrives(evtchn_port_t port)
{
    uint32_t before = ACCESS(event_count[port]);

    WAIT_FOR(ACCESS(event_count[port]) != before, 3000);
    WAIT_FOR(false, 5);
    return ACCESS(event_count[port]) - before;
}

static void test_binding(void)
{
    evtchn_port_t a = alloc_unbound(DOMID_SELF), b, c;

    CHECK(a, "an unbound port, %u", a);
    CHECK_EQUAL(status(a), EVTCHNSTAT_unbound, "its status");
    CHECK_EQUAL(bind_interdomain(a, &b), 0, "bound to from the same domain");
    CHECK_EQUAL(status(a), EVTCHNSTAT_interdomain, "one end");
    CHECK_EQUAL(status(b), EVTCHNSTAT_interdomain, "the other");
    CHECK_EQUAL(bind_interdomain(a, &c), -E_EINVAL, "it is bound once only");
    event_unmask(b);
    taken(b);
    CHECK_EQUAL(send(a), 0, "send");
    CHECK_EQUAL(arrives(b), 1, "arrives at the other end");
    CHECK_EQUAL(ACCESS(event_count[a]), 0, "and only there");
    CHECK_EQUAL(close(b), 0, "close");
    CHECK_EQUAL(status(b), EVTCHNSTAT_closed, "closed");
    CHECK_EQUAL(status(a), EVTCHNSTAT_unbound, "the peer is unbound again");
    CHECK_EQUAL(close(a), 0, "close the peer");
    CHECK_EQUAL(close(a), -E_EINVAL, "close it twice");
}

static void test_errors(void)
{
    struct evtchn_alloc_unbound alloc = { .dom = 77, .remote_dom = 0 };
    struct evtchn_status st = { .dom = 77, .port = 1 };
    struct evtchn_set_priority prio = { .port = 1, .priority = 99 };
    evtchn_port_t p;

    CHECK_EQUAL(send(0), -E_EINVAL, "send to port 0");
    CHECK_EQUAL(send(1000), -E_EINVAL, "send to a closed port");
    CHECK_EQUAL(send(1u << 17), -E_EINVAL, "send beyond the last port");
    CHECK_EQUAL(send(~0u), -E_EINVAL, "send to port 2^32-1");
    CHECK_EQUAL(close(0), -E_EINVAL, "close port 0");
    CHECK_EQUAL(event_op(EVTCHNOP_alloc_unbound, &alloc), -E_ESRCH, "port of no domain");
    CHECK_EQUAL(event_op(EVTCHNOP_status, &st), -E_ESRCH, "status of no domain");
    CHECK_EQUAL(bind_interdomain(900, &p), -E_EINVAL, "bind to a closed port");
    CHECK_EQUAL(bind_ipi(7, &p), -E_ENOENT, "IPI for no vCPU");
    CHECK_EQUAL(bind_virq(NR_VIRQS, 0, &p), -E_EINVAL, "no such VIRQ");
    CHECK_EQUAL(bind_virq(VIRQ_TIMER, 7, &p), -E_ENOENT, "VIRQ of no vCPU");
    CHECK_EQUAL(bind_virq(VIRQ_DOM_EXC, 1, &p), -E_EINVAL, "a global VIRQ on vCPU 1");
    CHECK_EQUAL(event_op(77, &prio), -E_ENOSYS, "no such call");
    CHECK_EQUAL(event_op(EVTCHNOP_set_priority, &prio), fifo_used ? -E_EINVAL : -E_ENOSYS,
                "a bad priority");
}

static void test_masking(void)
{
    evtchn_port_t p;

    CHECK_EQUAL(bind_ipi(0, &p), 0, "IPI on the same vCPU");
    CHECK_EQUAL(status(p), EVTCHNSTAT_ipi, "its status");
    event_mask(p);
    CHECK_EQUAL(send(p), 0, "send while masked");
    CHECK_EQUAL(taken(p), 0, "no event");
    CHECK(event_is_pending(p), "it is pending");
    send(p);
    send(p);
    event_unmask(p);
    CHECK_EQUAL(arrives(p), 1, "one event when unmasked");
    CHECK(!event_is_pending(p), "no more");
    send(p);
    CHECK_EQUAL(arrives(p), 1, "and the next");
    close(p);
}

static evtchn_port_t ping, pong;

static void other_sends(void)
{
    send(ping);
}

static void test_across(void)
{
    evtchn_port_t p, a, b;

    CHECK_EQUAL(bind_ipi(1, &p), 0, "IPI on vCPU 1");
    event_unmask(p);
    send(p);
    CHECK(WAIT_FOR(ACCESS(event_count[p]) == 1, 3000), "it comes");
    CHECK_EQUAL(ACCESS(event_vcpu[p]), 1, "there");
    CHECK_EQUAL(bind_vcpu(p, 0), -E_EINVAL, "an IPI stays on its vCPU");
    close(p);

    a = alloc_unbound(DOMID_SELF);
    bind_interdomain(a, &b);
    event_unmask(b);
    taken(b);
    CHECK_EQUAL(bind_vcpu(b, 1), 0, "another port moves to vCPU 1");
    event_count[b] = 0;
    send(a);
    CHECK(WAIT_FOR(ACCESS(event_count[b]) == 1, 3000) && ACCESS(event_vcpu[b]) == 1,
          "it comes there");
    CHECK_EQUAL(bind_vcpu(b, 0), 0, "and back");
    ping = a;
    ap_run(1, other_sends);
    CHECK(WAIT_FOR(ACCESS(event_count[b]) == 2, 3000) && ACCESS(event_vcpu[b]) == 0,
          "from vCPU 1 to vCPU 0");
    CHECK_EQUAL(bind_vcpu(b, 9), -E_ENOENT, "to no vCPU");
    close(a);
    close(b);
}

static void answer_pings(void)
{
    for (unsigned int i = 1; i <= 300; i++) {
        if (!WAIT_FOR(ACCESS(event_count[ping]) >= i, 2000))
            return;
        send(pong);
    }
}

/* Each answers the other: an event that is lost stops it. */
static void test_ping_pong(void)
{
    unsigned int i;

    bind_ipi(1, &ping);
    bind_ipi(0, &pong);
    event_unmask(ping);
    event_unmask(pong);
    event_count[ping] = event_count[pong] = 0;
    /* vCPU 1 does the answering meanwhile: started without waiting for its end. */
    ap_begin(1, answer_pings);
    for (i = 1; i <= 300; i++) {
        send(ping);
        if (!WAIT_FOR(ACCESS(event_count[pong]) >= i, 2000))
            break;
    }
    CHECK_EQUAL(i, 301, "300 rounds from vCPU to vCPU");
    CHECK(ap_wait(1, 3000), "both ended");
    close(ping);
    close(pong);
}

static long poll(evtchn_port_t port, uint64_t timeout)
{
    struct sched_poll p = { .nr_ports = 1, .timeout = timeout };

    set_xen_guest_handle(p.ports, &port);
    return sched_op(SCHEDOP_poll, &p);
}

static void send_later(void)
{
    uint64_t end = now() + 20 * MS;

    while (now() < end)
        ;
    send(ping);
}

static void test_poll(void)
{
    struct sched_poll many = { .nr_ports = 1000 };
    evtchn_port_t p;
    uint64_t start;

    bind_ipi(0, &p);
    event_mask(p);
    send(p);
    CHECK_EQUAL(poll(p, 0), 0, "poll returns at once for what is pending");
    close(p);
    bind_ipi(0, &p);
    event_mask(p);
    start = now();
    CHECK_EQUAL(poll(p, start + 10 * MS), 0, "poll ends by its time-out");
    CHECK(now() - start >= 10 * MS, "not before it");
    ping = p;
    ap_begin(1, send_later);
    CHECK_EQUAL(poll(p, 0), 0, "poll is ended by an event");
    CHECK(event_is_pending(p), "which is pending, for masked it is");
    ap_wait(1, 1000);
    CHECK_EQUAL(poll(2000, 0), -E_EINVAL, "poll of a port that isn't there");
    CHECK_EQUAL(sched_op(SCHEDOP_poll, &many), -E_EINVAL, "poll of 1000 ports");
    close(p);
}

static void test_virq(void)
{
    evtchn_port_t p, q;

    CHECK_EQUAL(bind_virq(VIRQ_TIMER, 0, &p), 0, "timer VIRQ");
    CHECK_EQUAL(status(p), EVTCHNSTAT_virq, "its status");
    CHECK_EQUAL(bind_virq(VIRQ_TIMER, 0, &q), -E_EEXIST, "once for each vCPU");
    CHECK_EQUAL(bind_virq(VIRQ_TIMER, 1, &q), 0, "that of vCPU 1");
    CHECK_EQUAL(send(p), -E_EINVAL, "can't be sent to");
    event_unmask(p);
    hcall1(set_timer_op, now() + 2 * MS);
    CHECK_EQUAL(arrives(p), 1, "the timer's event");
    CHECK_EQUAL(close(p), 0, "closed");
    hcall1(set_timer_op, now());
    CHECK_EQUAL(taken(p), 0, "no event without a port");
    CHECK_EQUAL(bind_virq(VIRQ_TIMER, 0, &p), 0, "bound again");
    close(p);
    close(q);
}

/* A vector of a vCPU's own for the upcall, through the local APIC. */
static void own_vector(struct frame *f)
{
    irq_handler[EVENT_VECTOR](f);
}

static void test_upcall_vector(void)
{
    struct xen_hvm_evtchn_upcall_vector op = { .vcpu = 1, .vector = 0x71 };
    evtchn_port_t p;

    irq_handler[0x71] = own_vector;
    CHECK_EQUAL(hvm_op(HVMOP_set_evtchn_upcall_vector, &op), 0, "an upcall vector for vCPU 1");
    bind_ipi(1, &p);
    event_unmask(p);
    for (unsigned int i = 0; i < 3; i++) {
        uint32_t before = ACCESS(event_count[p]);

        send(p);
        CHECK(WAIT_FOR(ACCESS(event_count[p]) == before + 1, 3000), "event %u", i);
    }
    CHECK(ACCESS(cpus[1].irqs[0x71]) >= 3, "they came by that vector");
    op.vector = 3;
    CHECK_EQUAL(hvm_op(HVMOP_set_evtchn_upcall_vector, &op), -E_EINVAL, "vector 3");
    op = (struct xen_hvm_evtchn_upcall_vector){ .vcpu = 9, .vector = 0x71 };
    CHECK_EQUAL(hvm_op(HVMOP_set_evtchn_upcall_vector, &op), -E_ENOENT, "no such vCPU");
    close(p);
}

/* All ports there are, and one more. */
static void test_exhaustion(void)
{
    static evtchn_port_t ports[MAX_PORTS];
    unsigned int n = 0;
    long rc = 0;

    while (n < MAX_PORTS) {
        struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };

        rc = event_op(EVTCHNOP_alloc_unbound, &op);
        if (rc)
            break;
        ports[n++] = op.port;
    }
    /* FIFO has more; and the page of a port's word may come after the port. */
    CHECK_EQUAL(rc, fifo_used ? 0 : -E_ENOSPC, "no more after %u ports, unless by FIFO", n);
    CHECK_EQUAL(n, fifo_used ? MAX_PORTS : MAX_PORTS - 1, "all were given");
    while (n)
        close(ports[--n]);
    CHECK(alloc_unbound(DOMID_SELF) != 0, "and there are some again");
}

static void test_priority(void)
{
    struct evtchn_set_priority op;
    evtchn_port_t low, high;

    bind_ipi(0, &low);
    bind_ipi(0, &high);
    op = (struct evtchn_set_priority){ .port = high, .priority = 1 };
    CHECK_EQUAL(event_op(EVTCHNOP_set_priority, &op), 0, "set_priority");
    event_unmask(low);
    event_unmask(high);
    send(low);
    send(high);
    irq_on();
    irq_off();
    CHECK(ACCESS(event_count[low]) && ACCESS(event_count[high]), "both queues are served");
    close(low);
    close(high);
}

static void ap_events(void)
{
    if (option("fifo") && fifo_init())
        die("FIFO events can't be set up on vCPU 1");
    irq_on();
}

static void test_reset(void)
{
    struct evtchn_reset op = { .dom = DOMID_SELF };
    evtchn_port_t p = alloc_unbound(DOMID_SELF);

    CHECK_EQUAL(event_op(EVTCHNOP_reset, &op), 0, "reset");
    CHECK_EQUAL(status(p), EVTCHNSTAT_closed, "closes all");
    fifo_used = false;
    p = alloc_unbound(DOMID_SELF);
    CHECK_EQUAL(p, 1, "the first port is the first again");
}

void test_main(void)
{
    if (option("fifo"))
        CHECK_EQUAL(fifo_init(), 0, "FIFO events");
    events_init();
    if (!CHECK(ap_start(1, ap_events), "vCPU 1 starts"))
        return;
    test_binding();
    test_errors();
    test_masking();
    test_across();
    test_ping_pong();
    test_poll();
    test_virq();
    test_upcall_vector();
    if (fifo_used)
        test_priority();
    test_exhaustion();
    test_reset();
}
