/* SPDX-License-Identifier: MIT */
/*
 * Event channels: the ports of a domain, what each is bound to, and sending.
 * The locking is explained in event_internal.h.
 */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/hypercall.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include "event_internal.h"

/* Ports closed between two looks for something more urgent. */
#define CLOSE_BATCH 64
/* Closed ports, still linked in the guest's queues, that a search goes over. */
#define MAX_BUSY 4096

/* --- ports --- */

static void chn_init(struct evtchn *chn)
{
    spin_lock_init(&chn->lock, LOCK_EVTCHN_PORT);
    chn->fifo_queue = FIFO_QUEUE_NONE;
}

/* The channel of @port, made if need be; NULL: no memory. Under the event lock. */
static struct evtchn *evtchn_make(struct evtchn_state *st, evtchn_port_t port)
{
    struct evtchn_group *group = st->group[port / PORTS_PER_GROUP];
    unsigned int b = port / PORTS_PER_BUCKET % BUCKETS_PER_GROUP;
    struct evtchn *bucket;

    if (!group) {
        group = hv_alloc(sizeof(*group));
        if (!group)
            return NULL;
        atomic_set_release(&st->group[port / PORTS_PER_GROUP], group);
    }
    bucket = group->bucket[b];
    if (!bucket) {
        bucket = hv_alloc(PORTS_PER_BUCKET * sizeof(*bucket));
        if (!bucket)
            return NULL;
        for (unsigned int i = 0; i < PORTS_PER_BUCKET; i++)
            chn_init(&bucket[i]);
        atomic_set_release(&group->bucket[b], bucket);
    }
    return &bucket[port % PORTS_PER_BUCKET];
}

/*
 * Finds a free port, under the event lock; it stays free until chn_open. -ENOSPC,
 * -ENOMEM, -EINVAL without vCPUs, -ESRCH when the domain is being destroyed.
 */
static int port_find(struct domain *d, evtchn_port_t *port, struct evtchn **found)
{
    struct evtchn_state *st = d->evtchn;
    evtchn_port_t last = min(st->max_port, st->ops->max_ports(d) - 1);
    unsigned int busy = 0;

    if (st->dying)
        return -ESRCH;
    if (!d->vcpu[0])
        return -EINVAL; /* nobody to tell */
    if (st->nr_open >= last)
        return -ENOSPC;
    for (evtchn_port_t p = st->first_free; p <= last; p++) {
        struct evtchn *chn = evtchn_make(st, p);

        if (!chn)
            return -ENOMEM;
        if (atomic_read(&chn->state) != CHN_FREE)
            continue;
        if (st->ops->is_busy(d, p)) {
            if (++busy > MAX_BUSY)
                break;
            continue;
        }
        if (!busy)
            st->first_free = p;
        *port = p;
        *found = chn;
        return 0;
    }
    return -ENOSPC;
}

/* Under the event lock and the channel's. */
static void chn_open(struct domain *d, struct evtchn *chn, evtchn_port_t port,
                     enum evtchn_bound state, unsigned int vcpu)
{
    struct evtchn_state *st = d->evtchn;

    atomic_set(&chn->notify_vcpu, (uint16_t)vcpu);
    chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    atomic_set(&chn->state, (uint8_t)state);
    st->nr_open++;
    if (port == st->first_free)
        st->first_free++;
}

/* Under the event lock and the channel's. */
static void chn_release(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    struct evtchn_state *st = d->evtchn;

    atomic_set(&chn->state, CHN_FREE);
    atomic_set(&chn->notify_vcpu, 0);
    st->ops->clear_pending(d, chn, port);
    st->nr_open--;
    st->first_free = min(st->first_free, port);
}

static void pair_lock(struct evtchn *a, struct evtchn *b)
{
    spin_lock(a < b ? &a->lock : &b->lock);
    spin_lock_nested(a < b ? &b->lock : &a->lock);
}

static void pair_unlock(struct evtchn *a, struct evtchn *b)
{
    spin_unlock(&a->lock);
    spin_unlock(&b->lock);
}

/* --- binding --- */

int evtchn_alloc_unbound(struct domain *d, domid_t remote, evtchn_port_t *port)
{
    struct evtchn *chn;
    int rc;

    spin_lock(&d->evtchn->lock);
    rc = port_find(d, port, &chn);
    if (!rc) {
        spin_lock(&chn->lock);
        chn->unbound_for = remote;
        chn_open(d, chn, *port, CHN_UNBOUND, 0);
        spin_unlock(&chn->lock);
    }
    spin_unlock(&d->evtchn->lock);
    return rc;
}

int evtchn_bind_interdomain(struct domain *ld, struct domain *rd, evtchn_port_t rport,
                            evtchn_port_t *lport)
{
    struct evtchn *lchn, *rchn = evtchn_lookup(rd, rport);
    int rc;

    if (!rchn)
        return -EINVAL;
    spin_lock(&ld->evtchn->lock);
    rc = port_find(ld, lport, &lchn);
    if (rc)
        goto out;
    if (lchn == rchn) { /* a free port of our own */
        rc = -EINVAL;
        goto out;
    }
    pair_lock(lchn, rchn);
    if (rchn->state == CHN_UNBOUND && rchn->unbound_for == ld->domid) {
        domain_ref(rd);
        domain_ref(ld);
        lchn->remote = rd;
        lchn->remote_port = rport;
        rchn->remote = ld;
        rchn->remote_port = *lport;
        chn_open(ld, lchn, *lport, CHN_INTERDOMAIN, 0);
        atomic_set(&rchn->state, CHN_INTERDOMAIN);
        /* What the peer sent before there was a connection would be lost. */
        ld->evtchn->ops->set_pending(ld, lchn, *lport);
    } else {
        rc = -EINVAL;
    }
    pair_unlock(lchn, rchn);
out:
    spin_unlock(&ld->evtchn->lock);
    return rc;
}

int evtchn_bind_virq(struct domain *d, unsigned int virq, unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn *chn;
    struct vcpu *v;
    int rc;

    if (virq >= NR_VIRQ)
        return -EINVAL;
    virq = (unsigned int)index_nospec(virq, NR_VIRQ);
    if (virq_is_global(virq) && vcpu != 0)
        return -EINVAL;
    v = domain_vcpu(d, vcpu);
    if (!v)
        return -ENOENT;
    if (!evtchn_virq_allowed(d, virq))
        return -EPERM;

    spin_lock(&d->evtchn->lock);
    rc = v->virq_to_port[virq] ? -EEXIST : port_find(d, port, &chn);
    if (!rc) {
        spin_lock(&chn->lock);
        chn->virq = (uint8_t)virq;
        chn_open(d, chn, *port, CHN_VIRQ, vcpu);
        spin_unlock(&chn->lock);
        /* Last: from now on events come. */
        atomic_set_release(&v->virq_to_port[virq], *port);
    }
    spin_unlock(&d->evtchn->lock);
    return rc;
}

int evtchn_bind_ipi(struct domain *d, unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn *chn;
    int rc;

    if (!domain_vcpu(d, vcpu))
        return -ENOENT;
    spin_lock(&d->evtchn->lock);
    rc = port_find(d, port, &chn);
    if (!rc) {
        spin_lock(&chn->lock);
        chn_open(d, chn, *port, CHN_IPI, vcpu);
        spin_unlock(&chn->lock);
    }
    spin_unlock(&d->evtchn->lock);
    return rc;
}

int evtchn_bind_vcpu(struct domain *d, evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn *chn = evtchn_lookup(d, port);
    struct vcpu *v = domain_vcpu(d, vcpu);
    int rc = -EINVAL;

    if (!v)
        return -ENOENT;
    if (!chn)
        return -EINVAL;
    spin_lock(&chn->lock);
    if (chn->state == CHN_UNBOUND || chn->state == CHN_INTERDOMAIN ||
        (chn->state == CHN_VIRQ && virq_is_global(chn->virq))) {
        atomic_set(&chn->notify_vcpu, (uint16_t)v->id);
        rc = 0;
    }
    spin_unlock(&chn->lock);
    return rc;
}

/* --- closing --- */

/*
 * Breaks an interdomain connection whose local channel is locked: the peer is
 * unbound again. *peer: whose reference the caller has to put; *again: the locks had
 * to be dropped and the state has changed, look at it once more.
 */
static void disconnect(struct domain *d, struct evtchn *chn, struct domain **peer, bool *again)
{
    struct domain *rd = chn->remote;
    evtchn_port_t rport = chn->remote_port;
    struct evtchn *rchn = evtchn_lookup(rd, rport);

    if (rchn < chn) { /* the wrong order */
        domain_ref(rd);
        spin_unlock(&chn->lock);
        pair_lock(chn, rchn);
        *again = chn->state != CHN_INTERDOMAIN || chn->remote != rd || chn->remote_port != rport;
        *peer = rd;
        if (*again) {
            spin_unlock(&rchn->lock);
            return;
        }
        domain_put(rd); /* not the last: the channel's is left */
    } else {
        spin_lock_nested(&rchn->lock);
    }
    *peer = rd;
    atomic_set(&rchn->state, CHN_UNBOUND);
    rchn->unbound_for = d->domid;
    spin_unlock(&rchn->lock);
}

/* Closes @port. -EINVAL: it is not open. */
int evtchn_close(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_lookup(d, port);
    struct domain *peer;
    bool again, connected;

    if (!chn)
        return -EINVAL;
    do {
        peer = NULL;
        again = connected = false;
        spin_lock(&d->evtchn->lock);
        spin_lock(&chn->lock);
        if (chn->state <= CHN_RESERVED) {
            spin_unlock(&chn->lock);
            spin_unlock(&d->evtchn->lock);
            return -EINVAL;
        }
        if (chn->state == CHN_INTERDOMAIN) {
            connected = true;
            disconnect(d, chn, &peer, &again);
        }
        if (!again) {
            if (chn->state == CHN_VIRQ) {
                struct vcpu *v = d->vcpu[virq_is_global(chn->virq) ? 0 : chn->notify_vcpu];

                atomic_set(&v->virq_to_port[chn->virq], 0);
            }
            chn_release(d, chn, port);
        }
        spin_unlock(&chn->lock);
        spin_unlock(&d->evtchn->lock);
        if (connected && !again)
            domain_put(d); /* the peer's; the caller has one of its own */
        if (peer)
            domain_put(peer);
    } while (again);
    return 0;
}

/* --- sending --- */

void evtchn_notify_vcpu(struct vcpu *v)
{
    /* Without a vcpu_info of its own it shares a dummy, with other domains too. */
    if (unlikely(v->id >= XEN_LEGACY_MAX_VCPUS && !v->vcpu_info_page))
        return;
    if (!atomic_xchg(&v->vcpu_info->evtchn_upcall_pending, 1))
        arch_vcpu_event_notify(v);
}

void evtchn_wake_pollers(struct domain *d, evtchn_port_t port)
{
    struct vcpu *v;

    /* Pairs with evtchn_poll_begin: it sees the event, or we see the poller. */
    smp_mb();
    if (likely(!atomic_read(&d->evtchn->pollers)))
        return;
    for_each_vcpu(d, v) {
        evtchn_port_t polled = atomic_read(&v->poll_port);

        if (ACCESS_ONCE(v->poll_active) && (!polled || polled == port))
            vcpu_unblock(v);
    }
}

void evtchn_poll_begin(struct vcpu *v, evtchn_port_t port)
{
    atomic_set(&v->poll_port, port);
    if (!atomic_xchg(&v->poll_active, true))
        atomic_inc(&v->domain->evtchn->pollers);
    smp_mb(); /* pairs with evtchn_wake_pollers */
}

void evtchn_poll_end(struct vcpu *v)
{
    if (atomic_xchg(&v->poll_active, false))
        atomic_dec(&v->domain->evtchn->pollers);
}

int evtchn_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_lookup(d, port), *peer;
    struct domain *rd;
    int rc = 0;

    if (unlikely(!chn))
        return -EINVAL;
    spin_lock(&chn->lock);
    switch (chn->state) {
    case CHN_INTERDOMAIN:
        rd = chn->remote;
        peer = evtchn_lookup(rd, chn->remote_port);
        rd->evtchn->ops->set_pending(rd, peer, chn->remote_port);
        break;
    case CHN_IPI:
        d->evtchn->ops->set_pending(d, chn, port);
        break;
    case CHN_UNBOUND: /* nobody there yet: dropped */
        break;
    default:
        rc = -EINVAL;
    }
    spin_unlock(&chn->lock);
    return rc;
}

/* --- what is pending --- */

int evtchn_port_is_pending(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_lookup(d, port);
    int pending = 0;

    if (!chn)
        return -EINVAL;
    spin_lock(&chn->lock);
    if (chn->state > CHN_RESERVED)
        pending = d->evtchn->ops->is_pending(d, chn, port);
    spin_unlock(&chn->lock);
    return pending;
}

int evtchn_unmask(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_lookup(d, port);

    if (!chn)
        return -EINVAL;
    spin_lock(&chn->lock);
    if (chn->state > CHN_RESERVED)
        d->evtchn->ops->unmask(d, chn, port);
    spin_unlock(&chn->lock);
    return 0;
}

int evtchn_set_priority(struct domain *d, evtchn_port_t port, unsigned int priority)
{
    struct evtchn *chn = evtchn_lookup(d, port);

    if (d->evtchn->ops != &evtchn_fifo_ops)
        return -ENOSYS;
    if (!chn || priority > EVTCHN_FIFO_PRIORITY_MIN)
        return -EINVAL;
    spin_lock(&chn->lock);
    atomic_set(&chn->priority, (uint8_t)priority);
    spin_unlock(&chn->lock);
    return 0;
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
    /* Events may have been noted in the old place: the guest looks through all. */
    if (v->domain->is_32bit)
        atomic_or((uint32_t *)v->vcpu_info + 1, ~0u);
    else
        atomic_or(&v->vcpu_info->evtchn_pending_sel, ~0UL);
    atomic_xchg(&v->vcpu_info->evtchn_upcall_pending, 1);
    arch_vcpu_event_notify(v);
}

/* --- a domain's beginning and end --- */

int evtchn_domain_init(struct domain *d, evtchn_port_t max_port)
{
    struct evtchn_state *st = hv_alloc(sizeof(*st));
    struct evtchn *zero;

    if (!st)
        return -ENOMEM;
    spin_lock_init(&st->lock, LOCK_EVTCHN);
    st->ops = &evtchn_2level_ops;
    st->max_port = min(max_port, (evtchn_port_t)EVTCHN_FIFO_NR_CHANNELS - 1);
    st->first_free = 1;
    zero = evtchn_make(st, 0);
    if (zero)
        zero->state = CHN_RESERVED;
    d->evtchn = st;
    if (zero)
        return 0;
    evtchn_domain_free(d);
    return -ENOMEM;
}

/* Closes ports from st->cursor on; -ERESTART if something more urgent came up. */
static int close_all(struct domain *d)
{
    struct evtchn_state *st = d->evtchn;
    evtchn_port_t port = st->cursor, done = 0;

    for (; port <= st->max_port; port++) {
        struct evtchn *chn = evtchn_lookup(d, port);

        if (!chn) {
            port |= PORTS_PER_BUCKET - 1;
        } else {
            evtchn_close(d, port);
            chn->fifo_queue = FIFO_QUEUE_NONE;
            atomic_set(&chn->pending, 0);
        }
        if (++done % CLOSE_BATCH == 0 && hypercall_preempt_check()) {
            st->cursor = port + 1;
            return -ERESTART;
        }
    }
    st->cursor = 0;
    return 0;
}

int evtchn_reset(struct domain *d)
{
    struct evtchn_state *st = d->evtchn;
    bool partial = st->cursor != 0;
    int rc = close_all(d);

    if (rc)
        return rc;
    /* An earlier reset had been given up half-way, and ports were opened since. */
    if (partial && atomic_read(&st->nr_open))
        return -ERESTART;
    spin_lock(&st->lock);
    if (!st->nr_open) {
        atomic_set_release(&st->ops, &evtchn_2level_ops);
        evtchn_fifo_release(d);
    }
    spin_unlock(&st->lock);
    return 0;
}

int evtchn_domain_destroy(struct domain *d)
{
    struct evtchn_state *st = d->evtchn;
    int rc;

    if (!st)
        return 0;
    spin_lock(&st->lock);
    if (!st->dying) {
        st->dying = true;
        st->cursor = 0;
    }
    spin_unlock(&st->lock);
    rc = close_all(d);
    if (rc)
        return rc;
    evtchn_virq_forget(d);
    spin_lock(&st->lock);
    evtchn_fifo_release(d);
    spin_unlock(&st->lock);
    return 0;
}

void evtchn_domain_free(struct domain *d)
{
    struct evtchn_state *st = d->evtchn;

    if (!st)
        return;
    for (unsigned int g = 0; g < NR_PORT_GROUPS; g++) {
        if (!st->group[g])
            continue;
        for (unsigned int b = 0; b < BUCKETS_PER_GROUP; b++)
            hv_free(st->group[g]->bucket[b]);
        hv_free(st->group[g]);
    }
    d->evtchn = NULL;
    hv_free(st);
}
