/* SPDX-License-Identifier: MIT */
/* Virtual IRQs: the hypervisor's own events, and who receives the host's. */
#include <hv/errno.h>
#include <hv/log.h>
#include "event_internal.h"

/* domid + 1 of the domain that handles a host-wide VIRQ; 0: dom0. */
static uint32_t virq_handler[NR_VIRQ];

/* One that tells of the host, not of the domain that receives it. */
static bool virq_is_host(unsigned int virq)
{
    return virq_is_global(virq) && virq != VIRQ_ARGO;
}

bool evtchn_virq_allowed(const struct domain *d, unsigned int virq)
{
    return !virq_is_host(virq) || d->is_privileged ||
           atomic_read(&virq_handler[virq]) == d->domid + 1u;
}

/* Raises the VIRQ that is bound, or was just a moment ago, to a port of @v. */
static void send_virq(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;
    evtchn_port_t port = atomic_read_acquire(&v->virq_to_port[virq]);
    struct evtchn *chn;

    if (!port)
        return;
    chn = evtchn_lookup(d, port);
    spin_lock(&chn->lock);
    if (chn->state == CHN_VIRQ && chn->virq == virq)
        d->evtchn->ops->set_pending(d, chn, port);
    spin_unlock(&chn->lock);
}

void send_vcpu_virq(struct vcpu *v, unsigned int virq)
{
    ASSERT(!virq_is_global(virq));
    send_virq(v, virq);
}

void send_global_virq(struct domain *d, unsigned int virq)
{
    ASSERT(virq_is_global(virq));
    if (d->vcpu && d->vcpu[0])
        send_virq(d->vcpu[0], virq);
}

void send_host_virq(unsigned int virq)
{
    uint32_t handler = atomic_read(&virq_handler[virq]);
    struct domain *d;

    if (!handler) {
        if (dom0)
            send_global_virq(dom0, virq);
        return;
    }
    d = domain_get((domid_t)(handler - 1));
    if (d) {
        send_global_virq(d, virq);
        domain_put(d);
    }
}

int evtchn_set_virq_handler(struct domain *d, unsigned int virq)
{
    if (virq >= NR_VIRQ || !virq_is_host(virq))
        return -EINVAL;
    virq = (unsigned int)index_nospec(virq, NR_VIRQ);
    atomic_set(&virq_handler[virq], d == dom0 ? 0 : d->domid + 1u);
    return 0;
}

void evtchn_virq_forget(struct domain *d)
{
    for (unsigned int virq = 0; virq < NR_VIRQ; virq++) {
        uint32_t handler = d->domid + 1u;

        atomic_cas(&virq_handler[virq], &handler, 0);
    }
}
