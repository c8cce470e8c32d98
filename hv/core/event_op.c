/* SPDX-License-Identifier: MIT */
/*
 * The hypercall event_channel_op (<xen/event_channel.h>): arguments in, who may do
 * it, results out. A port whose number could not be told is closed again.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include "event_internal.h"

typedef XEN_GUEST_HANDLE(void) arg_t;

#define copy_in(op, arg)  copy_from_guest_va(op, (vaddr_t)(arg).p, sizeof(*(op)))
#define copy_out(arg, op) copy_to_guest_va((vaddr_t)(arg).p, op, sizeof(*(op)))

/* The domain that an operation names: the caller, or one that it controls. Referenced. */
static int controlled_domain(domid_t domid, struct domain **found)
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

static int op_alloc_unbound(arg_t arg)
{
    struct evtchn_alloc_unbound op;
    struct domain *d;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    rc = controlled_domain(op.dom, &d);
    if (rc)
        return rc;
    if (op.remote_dom == DOMID_SELF)
        op.remote_dom = current->domain->domid;
    rc = evtchn_alloc_unbound(d, op.remote_dom, &op.port);
    if (!rc && copy_out(arg, &op)) {
        evtchn_close(d, op.port);
        rc = -EFAULT;
    }
    domain_put(d);
    return rc;
}

static int op_bind_interdomain(struct domain *d, arg_t arg)
{
    struct evtchn_bind_interdomain op;
    struct domain *rd;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    rd = domain_get_or_self(op.remote_dom);
    if (!rd)
        return -ESRCH;
    rc = evtchn_bind_interdomain(d, rd, op.remote_port, &op.local_port);
    domain_put(rd);
    if (!rc && copy_out(arg, &op)) {
        evtchn_close(d, op.local_port);
        rc = -EFAULT;
    }
    return rc;
}

static int op_bind_virq(struct domain *d, arg_t arg)
{
    struct evtchn_bind_virq op;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    rc = evtchn_bind_virq(d, op.virq, op.vcpu, &op.port);
    if (!rc && copy_out(arg, &op)) {
        evtchn_close(d, op.port);
        rc = -EFAULT;
    }
    return rc;
}

static int op_bind_ipi(struct domain *d, arg_t arg)
{
    struct evtchn_bind_ipi op;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    rc = evtchn_bind_ipi(d, op.vcpu, &op.port);
    if (!rc && copy_out(arg, &op)) {
        evtchn_close(d, op.port);
        rc = -EFAULT;
    }
    return rc;
}

static int port_status(const struct domain *d, struct evtchn_status *op)
{
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

static int op_status(arg_t arg)
{
    struct evtchn_status op;
    struct domain *d;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    rc = controlled_domain(op.dom, &d);
    if (rc)
        return rc;
    rc = port_status(d, &op);
    domain_put(d);
    if (!rc && copy_out(arg, &op))
        rc = -EFAULT;
    return rc;
}

static int op_reset(arg_t arg)
{
    struct evtchn_reset op;
    struct domain *d;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    rc = controlled_domain(op.dom, &d);
    if (rc)
        return rc;
    /* Another's vCPUs must not open ports meanwhile. */
    if (d != current->domain && !atomic_read(&d->controller_pauses))
        rc = -EINVAL;
    else
        rc = evtchn_reset(d);
    domain_put(d);
    return rc == -ERESTART ? hypercall_continue(0) : rc;
}

static int op_init_control(struct domain *d, arg_t arg)
{
    struct evtchn_init_control op;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    spin_lock(&d->evtchn->lock);
    rc = evtchn_fifo_init_control(d, &op);
    spin_unlock(&d->evtchn->lock);
    if (!rc && copy_out(arg, &op))
        rc = -EFAULT;
    return rc;
}

static int op_expand_array(struct domain *d, arg_t arg)
{
    struct evtchn_expand_array op;
    int rc;

    if (copy_in(&op, arg))
        return -EFAULT;
    spin_lock(&d->evtchn->lock);
    rc = evtchn_fifo_expand_array(d, &op);
    spin_unlock(&d->evtchn->lock);
    return rc;
}

static int op_bind_vcpu(struct domain *d, arg_t arg)
{
    struct evtchn_bind_vcpu op;

    return copy_in(&op, arg) ? -EFAULT : evtchn_bind_vcpu(d, op.port, op.vcpu);
}

static int op_set_priority(struct domain *d, arg_t arg)
{
    struct evtchn_set_priority op;

    return copy_in(&op, arg) ? -EFAULT : evtchn_set_priority(d, op.port, op.priority);
}

/* Those whose argument is a port alone. */
static int op_on_port(struct domain *d, arg_t arg, int (*fn)(struct domain *, evtchn_port_t))
{
    evtchn_port_t port;

    return copy_in(&port, arg) ? -EFAULT : fn(d, port);
}

int do_event_channel_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    struct domain *d = current->domain;

    /* The hot one, before the switch. */
    if (likely(cmd == EVTCHNOP_send))
        return op_on_port(d, arg, evtchn_send);
    switch (cmd) {
    case EVTCHNOP_alloc_unbound:
        return op_alloc_unbound(arg);
    case EVTCHNOP_bind_interdomain:
        return op_bind_interdomain(d, arg);
    case EVTCHNOP_bind_virq:
        return op_bind_virq(d, arg);
    case EVTCHNOP_bind_ipi:
        return op_bind_ipi(d, arg);
    case EVTCHNOP_close:
        return op_on_port(d, arg, evtchn_close);
    case EVTCHNOP_status:
        return op_status(arg);
    case EVTCHNOP_bind_vcpu:
        return op_bind_vcpu(d, arg);
    case EVTCHNOP_unmask:
        return op_on_port(d, arg, evtchn_unmask);
    case EVTCHNOP_reset:
        return op_reset(arg);
    case EVTCHNOP_init_control:
        return op_init_control(d, arg);
    case EVTCHNOP_expand_array:
        return op_expand_array(d, arg);
    case EVTCHNOP_set_priority:
        return op_set_priority(d, arg);
    default: /* EVTCHNOP_bind_pirq among them: no device is passed through yet */
        return -ENOSYS;
    }
}
