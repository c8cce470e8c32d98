/* SPDX-License-Identifier: MIT */
/*
 * What the files of the event channels share: a channel's state, the ports of a
 * domain, and the operations in which the two kinds of guest interface differ.
 *
 * Locks. The domain's event lock (LOCK_EVTCHN) serialises what allocates, frees
 * and configures ports of one domain. A channel's lock (LOCK_EVTCHN_PORT) guards
 * its state; an interdomain pair changes under both channels' locks, the one with
 * the lower address first. A sender takes its own channel's lock only: while it
 * holds it, the peer can be neither closed nor bound to someone else, and the
 * reference that the channel holds keeps the peer's domain.
 */
#ifndef CORE_EVENT_INTERNAL_H
#define CORE_EVENT_INTERNAL_H

#include <hv/event.h>

enum evtchn_bound { CHN_FREE, CHN_RESERVED, CHN_UNBOUND, CHN_INTERDOMAIN, CHN_VIRQ, CHN_IPI };

/* No queue: a channel that was never linked into one. */
#define FIFO_QUEUE_NONE 0xffff

struct evtchn {
    spinlock_t lock;
    uint8_t state;        /* enum evtchn_bound; changed under the lock, atomic */
    uint8_t priority;     /* FIFO: of its events; 0 is the highest */
    uint16_t notify_vcpu; /* whom its events are for */
    uint16_t fifo_queue;  /* FIFO: vCPU and priority of the queue that it was last put in */
    uint8_t pending;      /* FIFO: raised while its event word did not exist; atomic */
    union {
        domid_t unbound_for; /* CHN_UNBOUND: who may bind to it */
        uint8_t virq;        /* CHN_VIRQ */
        struct {             /* CHN_INTERDOMAIN; a reference to @remote is held */
            struct domain *remote;
            evtchn_port_t remote_port;
        };
    };
};

#define PORTS_PER_BUCKET  32 /* fills an object of hv_alloc */
#define BUCKETS_PER_GROUP 64
#define PORTS_PER_GROUP   (PORTS_PER_BUCKET * BUCKETS_PER_GROUP)
#define NR_PORT_GROUPS    (EVTCHN_FIFO_NR_CHANNELS / PORTS_PER_GROUP)

struct evtchn_group {
    struct evtchn *bucket[BUCKETS_PER_GROUP];
};

/* In which the 2-level and FIFO interfaces differ. Ports given are valid. */
struct evtchn_ops {
    /* The highest number of ports (port 0 counted). */
    unsigned int (*max_ports)(const struct domain *d);
    /* Called under the lock of @chn or of its peer; tells the vCPU if need be. */
    void (*set_pending)(struct domain *d, struct evtchn *chn, evtchn_port_t port);
    void (*clear_pending)(struct domain *d, struct evtchn *chn, evtchn_port_t port);
    void (*unmask)(struct domain *d, struct evtchn *chn, evtchn_port_t port);
    bool (*is_pending)(struct domain *d, const struct evtchn *chn, evtchn_port_t port);
    /* The guest's queues still refer to the port: it can't be used again yet. */
    bool (*is_busy)(struct domain *d, evtchn_port_t port);
};

struct evtchn_state {
    spinlock_t lock; /* the domain's event lock */
    const struct evtchn_ops *ops;
    evtchn_port_t max_port;   /* the domain's limit, of whatever interface */
    evtchn_port_t first_free; /* no lower port is free */
    evtchn_port_t cursor;     /* where closing all ports goes on */
    uint32_t nr_open;         /* ports in use */
    uint32_t pollers;         /* vCPUs in SCHEDOP_poll; atomic */
    bool dying;               /* no port may be opened any more */
    struct evtchn_group *group[NR_PORT_GROUPS];
};

extern const struct evtchn_ops evtchn_2level_ops, evtchn_fifo_ops;

/* The channel of @port, or NULL where no port was ever allocated. */
static inline struct evtchn *evtchn_lookup(const struct domain *d, evtchn_port_t port)
{
    const struct evtchn_state *st = d->evtchn;
    struct evtchn_group *group;
    struct evtchn *bucket;

    if (unlikely(port > st->max_port))
        return NULL;
    port = (evtchn_port_t)index_nospec(port, EVTCHN_FIFO_NR_CHANNELS);
    group = atomic_read_acquire(&st->group[port / PORTS_PER_GROUP]);
    if (unlikely(!group))
        return NULL;
    bucket = atomic_read_acquire(&group->bucket[port / PORTS_PER_BUCKET % BUCKETS_PER_GROUP]);
    return likely(bucket) ? &bucket[port % PORTS_PER_BUCKET] : NULL;
}

/* The operations behind the hypercall (event.c); errors as EVTCHNOP_* has them. */
int evtchn_bind_interdomain(struct domain *ld, struct domain *rd, evtchn_port_t rport,
                            evtchn_port_t *lport);
int evtchn_bind_virq(struct domain *d, unsigned int virq, unsigned int vcpu, evtchn_port_t *port);
int evtchn_bind_ipi(struct domain *d, unsigned int vcpu, evtchn_port_t *port);
int evtchn_bind_vcpu(struct domain *d, evtchn_port_t port, unsigned int vcpu);
int evtchn_close(struct domain *d, evtchn_port_t port);
int evtchn_unmask(struct domain *d, evtchn_port_t port);
int evtchn_set_priority(struct domain *d, evtchn_port_t port, unsigned int priority);

/* Bound once per domain, on vCPU 0; the others are each vCPU's own. */
static inline bool virq_is_global(unsigned int virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* May @d bind @virq? */
bool evtchn_virq_allowed(const struct domain *d, unsigned int virq);
/* @d, being destroyed, handles no host-wide VIRQ any more: dom0 does. */
void evtchn_virq_forget(struct domain *d);

/* Tells @v that its vcpu_info or control block has news. */
void evtchn_notify_vcpu(struct vcpu *v);
/* Wakes the vCPUs of @d that wait for @port in SCHEDOP_poll. */
void evtchn_wake_pollers(struct domain *d, evtchn_port_t port);

/*
 * EVTCHNOP_init_control and _expand_array, under the event lock. Errors: -ENOENT
 * (vCPU), -EINVAL (page, offset, or done already), -ENOMEM; -EOPNOTSUPP and -ENOSPC
 * for arrays.
 */
int evtchn_fifo_init_control(struct domain *d, struct evtchn_init_control *op);
int evtchn_fifo_expand_array(struct domain *d, const struct evtchn_expand_array *op);
/* Gives back the guest's pages; all ports are closed, the event lock is held. */
void evtchn_fifo_release(struct domain *d);

/* evtchn_2level.c: collects what is pending there as channels' own flags, before FIFO. */
void evtchn_2level_export_pending(struct domain *d);

#endif
