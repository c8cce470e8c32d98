/* SPDX-License-Identifier: MIT */
/*
 * The hypercall event_channel_op (<xen/event_channel.h>): arguments in, who may do
 * it, results out. A port whose number could not be told is closed again.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include "event_internal.h"

/* An operation on @d; @arg is the hypervisor's copy of its argument. */
typedef int event_fn(struct domain *d, void *arg);

static int op_alloc_unbound(struct domain *d, void *arg)
{
    struct evtchn_alloc_unbound *op = arg;

    if (op->remote_dom == DOMID_SELF)
        op->remote_dom = current->domain->domid;
    return evtchn_alloc_unbound(d, op->remote_dom, &op->port);
}

static int op_bind_interdomain(struct domain *d, void *arg)
{
    struct evtchn_bind_interdomain *op = arg;
    struct domain *rd = domain_get_or_self(op->remote_dom);
    int rc;

    if (!rd)
        return -ESRCH;
    rc = evtchn_bind_interdomain(d, rd, op->remote_port, &op->local_port);
    domain_put(rd);
    return rc;
}

static int op_bind_virq(struct domain *d, void *arg)
{
    struct evtchn_bind_virq *op = arg;

    return evtchn_bind_virq(d, op->virq, op->vcpu, &op->port);
}

static int op_bind_ipi(struct domain *d, void *arg)
{
    struct evtchn_bind_ipi *op = arg;

    return evtchn_bind_ipi(d, op->vcpu, &op->port);
}

static int op_bind_vcpu(struct domain *d, void *arg)
{
    const struct evtchn_bind_vcpu *op = arg;

    return evtchn_bind_vcpu(d, op->port, op->vcpu);
}

static int op_close(struct domain *d, void *arg)
{
    return evtchn_close(d, ((const struct evtchn_close *)arg)->port);
}

static int op_unmask(struct domain *d, void *arg)
{
    return evtchn_unmask(d, ((const struct evtchn_unmask *)arg)->port);
}

static int op_set_priority(struct domain *d, void *arg)
{
    const struct evtchn_set_priority *op = arg;

    return evtchn_set_priority(d, op->port, op->priority);
}

static int op_status(struct domain *d, void *arg)
{
    struct evtchn_status *op = arg;
    struct evtchn *chn = evtchn_lookup(d, op->port);

    if (!chn)
        return -EINVAL;
    op->status = EVTCHNSTAT_closed;
    spin_lock(&chn->lock);
    switch (chn->state) {
    case CHN_UNBOUND:
        op->status = EVTCHNSTAT_unbound;
        op->u.unbound.dom = chn->unbound_for;
        break;
    case CHN_INTERDOMAIN:
        op->status = EVTCHNSTAT_interdomain;
        op->u.interdomain.dom = chn->remote->domid;
        op->u.interdomain.port = chn->remote_port;
        break;
    case CHN_VIRQ:
        op->status = EVTCHNSTAT_virq;
        op->u.virq = chn->virq;
        break;
    case CHN_IPI:
        op->status = EVTCHNSTAT_ipi;
        break;
    }
    op->vcpu = chn->notify_vcpu;
    spin_unlock(&chn->lock);
    return 0;
}

static int op_reset(struct domain *d, void *arg)
{
    /* Another's vCPUs must not open ports meanwhile. */
    if (d != current->domain && !atomic_read(&d->controller_pauses))
        return -EINVAL;
    return evtchn_reset(d);
}

static int op_init_control(struct domain *d, void *arg)
{
    int rc;

    spin_lock(&d->evtchn->lock);
    rc = evtchn_fifo_init_control(d, arg);
    spin_unlock(&d->evtchn->lock);
    return rc;
}

static int op_expand_array(struct domain *d, void *arg)
{
    int rc;

    spin_lock(&d->evtchn->lock);
    rc = evtchn_fifo_expand_array(d, arg);
    spin_unlock(&d->evtchn->lock);
    return rc;
}

#define MAX_ARG 24

struct event_op {
    event_fn *fn;
    uint8_t size;  /* of the argument */
    bool named;    /* its first field names the domain; the others are the caller's */
    bool answers;  /* the argument goes back */
    uint8_t opens; /* where in it the port stands that was opened; 0: none was */
};

#define OP(name)        .fn = op_##name, .size = sizeof(struct evtchn_##name)
#define ANSWERS         .answers = true
#define OPENS(type, at) .answers = true, .opens = offsetof(struct evtchn_##type, at)

/* Without EVTCHNOP_send, and bind_pirq: no device is passed through yet. */
static const struct event_op ops[] = {
    [EVTCHNOP_bind_interdomain] = { OP(bind_interdomain), OPENS(bind_interdomain, local_port) },
    [EVTCHNOP_bind_virq] = { OP(bind_virq), OPENS(bind_virq, port) },
    [EVTCHNOP_close] = { OP(close) },
    [EVTCHNOP_status] = { OP(status), ANSWERS, .named = true },
    [EVTCHNOP_alloc_unbound] = { OP(alloc_unbound), OPENS(alloc_unbound, port), .named = true },
    [EVTCHNOP_bind_ipi] = { OP(bind_ipi), OPENS(bind_ipi, port) },
    [EVTCHNOP_bind_vcpu] = { OP(bind_vcpu) },
    [EVTCHNOP_unmask] = { OP(unmask) },
    [EVTCHNOP_reset] = { OP(reset), .named = true },
    [EVTCHNOP_init_control] = { OP(init_control), ANSWERS },
    [EVTCHNOP_expand_array] = { OP(expand_array) },
    [EVTCHNOP_set_priority] = { OP(set_priority) },
};

_Static_assert(sizeof(struct evtchn_status) <= MAX_ARG, "the longest argument");

/* The domain that an operation names: the caller, or one that it controls. Referenced. */
static int named_domain(domid_t domid, struct domain **found)
{
    struct domain *d = domain_get_or_self(domid);
    int rc;

    if (!d)
        return -ESRCH;
    rc = d == current->domain ? 0 : permission_control(d);
    if (rc)
        domain_put(d);
    else
        *found = d;
    return rc;
}

static int run(const struct event_op *o, vaddr_t at)
{
    uint64_t arg[MAX_ARG / sizeof(uint64_t)];
    struct domain *d = current->domain;
    int rc;

    if (copy_from_guest_va(arg, at, o->size))
        return -EFAULT;
    if (o->named) {
        rc = named_domain(*(const domid_t *)(void *)arg, &d);
        if (rc)
            return rc;
    }
    rc = o->fn(d, arg);
    if (!rc && o->answers && copy_to_guest_va(at, arg, o->size)) {
        if (o->opens)
            evtchn_close(d, *(evtchn_port_t *)(void *)((char *)arg + o->opens));
        rc = -EFAULT;
    }
    if (o->named)
        domain_put(d);
    return rc == -ERESTART ? hypercall_continue(0) : rc;
}

static __noinline int run_cmd(int cmd, vaddr_t at)
{
    const struct event_op *o;

    if ((unsigned int)cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    o = &ops[index_nospec((unsigned int)cmd, ARRAY_SIZE(ops))];
    return o->fn ? run(o, at) : -ENOSYS;
}

int do_event_channel_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    evtchn_port_t port;

    if (unlikely(cmd != EVTCHNOP_send))
        return run_cmd(cmd, (vaddr_t)arg.p);
    /* The hot one, by itself. */
    if (copy_from_guest_va(&port, (vaddr_t)arg.p, sizeof(port)))
        return -EFAULT;
    return evtchn_send(current->domain, port);
}
