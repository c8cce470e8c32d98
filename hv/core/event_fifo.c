/* SPDX-License-Identifier: MIT */
/*
 * The FIFO interface: a 32-bit event word for each port in pages of the guest's,
 * linked into queues, one per vCPU and priority (<xen/event_channel.h>).
 *
 * A queue is a list in guest memory: the control block's head[] names the first
 * port when the guest finds its copy of the queue empty, each word's LINK the
 * next. The hypervisor appends: it remembers the tail, and links the new port to it
 * if the tail is still LINKED; if the guest has taken the tail off, the queue was
 * empty, and head[] and the ready bit are set.
 *
 * All of it is the guest's memory, which it may change at any moment. So what
 * decides where the hypervisor writes (tails, the queue that a port is in) is kept
 * here, and every compare-and-swap loop on a word is bounded. A guest that breaks
 * the rules loses its own events.
 *
 * A port's fifo_queue changes, and the hypervisor sets LINKED, only under the lock
 * of the vCPU that fifo_queue names. So a tail is always a port of that queue.
 */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/p2m.h>
#include "event_internal.h"

#define WORD_PENDING   (1u << EVTCHN_FIFO_PENDING)
#define WORD_MASKED    (1u << EVTCHN_FIFO_MASKED)
#define WORD_LINKED    (1u << EVTCHN_FIFO_LINKED)
#define WORD_BUSY      (1u << EVTCHN_FIFO_BUSY)
#define WORD_LINK      ((event_word_t)EVTCHN_FIFO_LINK_MASK)

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES      (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

/* Tries of a compare-and-swap before, and again after, BUSY asks the guest to hold still. */
#define WORD_TRIES 8
/* Times that a port may change its queue under us. */
#define QUEUE_TRIES 8

struct evtchn_fifo_vcpu {
    spinlock_t lock;                           /* of its queues */
    struct evtchn_fifo_control_block *control; /* the guest's; the page is referenced */
    uint64_t control_gfn;
    evtchn_port_t tail[EVTCHN_FIFO_MAX_QUEUES];
};

struct evtchn_fifo_domain {
    unsigned int nr_pages;
    event_word_t *page[MAX_PAGES]; /* the guest's; each is referenced */
    uint64_t gfn[MAX_PAGES];       /* where they are in its memory */
};

/* NULL: the guest has not given the page with this port's word. */
static event_word_t *word_of(const struct domain *d, evtchn_port_t port)
{
    event_word_t *page = atomic_read_acquire(&d->evtchn_fifo->page[port / WORDS_PER_PAGE]);

    return likely(page) ? &page[port % WORDS_PER_PAGE] : NULL;
}

static uint16_t queue_id(unsigned int vcpu, unsigned int priority)
{
    return (uint16_t)(vcpu * EVTCHN_FIFO_MAX_QUEUES + priority);
}

/*
 * Replaces the bits BUSY and LINK of *@word by @set, as long as all bits of @need
 * are set and none of @forbid. False if they are not, or the guest kept changing it.
 */
static bool word_update(event_word_t *word, event_word_t need, event_word_t forbid,
                        event_word_t set)
{
    event_word_t w = atomic_read(word);

    for (unsigned int i = 0; i < 2 * WORD_TRIES; i++) {
        if ((w & need) != need || (w & forbid))
            break;
        if (likely(atomic_cas(word, &w, (w & ~(WORD_BUSY | WORD_LINK)) | set)))
            return true;
        if (i == WORD_TRIES - 1)
            w = atomic_or(word, WORD_BUSY) | WORD_BUSY;
    }
    if (w & WORD_BUSY)
        atomic_and(word, ~WORD_BUSY);
    return false;
}

/* Appends, under the queue's lock. True if the vCPU has to be told. */
static bool queue_append(struct domain *d, struct evtchn_fifo_vcpu *fv, unsigned int priority,
                         evtchn_port_t port, event_word_t *word)
{
    evtchn_port_t tail = fv->tail[priority];
    uint32_t ready = 1u << priority;

    if (!word_update(word, WORD_PENDING, WORD_LINKED | WORD_MASKED, WORD_LINKED))
        return false;
    fv->tail[priority] = port;
    if (tail && tail != port && word_update(word_of(d, tail), WORD_LINKED, 0, port))
        return false;
    atomic_set_release(&fv->control->head[priority], port);
    return !(atomic_or(&fv->control->ready, ready) & ready);
}

/*
 * Lets @chn go from the queue @from to the queue @to, unless it is still linked in
 * @from: then the guest will find it there, and false is returned.
 */
static bool queue_leave(struct domain *d, struct evtchn *chn, evtchn_port_t port,
                        const event_word_t *word, uint16_t from, uint16_t to)
{
    struct evtchn_fifo_vcpu *fv = NULL;
    unsigned int priority = from % EVTCHN_FIFO_MAX_QUEUES;
    bool left = true;

    if (from != FIFO_QUEUE_NONE)
        fv = atomic_read_acquire(&d->vcpu[from / EVTCHN_FIFO_MAX_QUEUES]->evtchn_fifo);
    if (!fv) { /* never in one, or not since EVTCHNOP_reset */
        atomic_cas(&chn->fifo_queue, &from, to);
        return true;
    }
    spin_lock(&fv->lock);
    if (chn->fifo_queue == from) {
        left = !(atomic_read(word) & WORD_LINKED);
        if (left) {
            if (fv->tail[priority] == port)
                fv->tail[priority] = 0;
            atomic_set(&chn->fifo_queue, to);
        }
    }
    spin_unlock(&fv->lock);
    return left;
}

static void link_event(struct domain *d, struct evtchn *chn, evtchn_port_t port, event_word_t *word)
{
    for (unsigned int i = 0; i < QUEUE_TRIES; i++) {
        struct vcpu *v = d->vcpu[atomic_read(&chn->notify_vcpu)];
        unsigned int priority = atomic_read(&chn->priority);
        struct evtchn_fifo_vcpu *fv = atomic_read_acquire(&v->evtchn_fifo);
        uint16_t want = queue_id(v->id, priority), queue = atomic_read(&chn->fifo_queue);
        bool there, tell = false;

        if (!fv)
            return; /* its control block isn't set up: pending, but not queued */
        if (unlikely(queue != want) && !queue_leave(d, chn, port, word, queue, want))
            return;
        spin_lock(&fv->lock);
        there = chn->fifo_queue == want;
        if (likely(there))
            tell = queue_append(d, fv, priority, port, word);
        spin_unlock(&fv->lock);
        if (tell)
            evtchn_notify_vcpu(v);
        if (likely(there))
            return;
    }
}

static unsigned int fifo_max_ports(const struct domain *d)
{
    return EVTCHN_FIFO_NR_CHANNELS;
}

static void fifo_set_pending(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    event_word_t *word = word_of(d, port), old;

    if (unlikely(!word)) {
        /* Kept until the guest gives the page; which may be happening right now. */
        atomic_xchg(&chn->pending, 1);
        word = word_of(d, port);
        if (!word || !atomic_xchg(&chn->pending, 0))
            return;
    }
    old = atomic_or(word, WORD_PENDING);
    if (!(old & (WORD_MASKED | WORD_LINKED)))
        link_event(d, chn, port, word);
    if (!(old & WORD_PENDING))
        evtchn_wake_pollers(d, port);
}

static void fifo_clear_pending(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    event_word_t *word = word_of(d, port);

    atomic_set(&chn->pending, 0);
    if (word)
        atomic_and(word, ~WORD_PENDING);
}

static void fifo_unmask(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    event_word_t *word = word_of(d, port);

    if (!word)
        return;
    if (atomic_and(word, ~WORD_MASKED) & WORD_PENDING)
        fifo_set_pending(d, chn, port);
}

static bool fifo_is_pending(struct domain *d, const struct evtchn *chn, evtchn_port_t port)
{
    const event_word_t *word = word_of(d, port);

    return word ? (atomic_read(word) & WORD_PENDING) != 0 : atomic_read(&chn->pending) != 0;
}

static bool fifo_is_busy(struct domain *d, evtchn_port_t port)
{
    const event_word_t *word = word_of(d, port);

    return word && (atomic_read(word) & WORD_LINKED);
}

const struct evtchn_ops evtchn_fifo_ops = {
    .max_ports = fifo_max_ports,
    .set_pending = fifo_set_pending,
    .clear_pending = fifo_clear_pending,
    .unmask = fifo_unmask,
    .is_pending = fifo_is_pending,
    .is_busy = fifo_is_busy,
};

/* One of the domain's own writable pages, referenced, as a pointer; NULL if it is not. */
static void *own_page_get(struct domain *d, uint64_t gfn_nr)
{
    enum p2m_type t;
    mfn_t m = p2m_lookup(d, gfn(gfn_nr), &t, NULL);

    return t == p2m_ram_rw && page_get(mfn_to_page(m), d) ? mfn_to_virt(m) : NULL;
}

int evtchn_fifo_init_control(struct domain *d, struct evtchn_init_control *op)
{
    struct vcpu *v = domain_vcpu(d, op->vcpu);
    struct evtchn_fifo_vcpu *fv;
    void *page;

    if (!v)
        return -ENOENT;
    if (op->offset > PAGE_SIZE - sizeof(*fv->control) || op->offset % 8)
        return -EINVAL;
    if (v->evtchn_fifo)
        return -EINVAL;
    page = own_page_get(d, op->control_gfn);
    if (!page)
        return -EINVAL;
    fv = hv_alloc(sizeof(*fv));
    if (fv && !d->evtchn_fifo)
        d->evtchn_fifo = hv_alloc(sizeof(*d->evtchn_fifo));
    if (!fv || !d->evtchn_fifo) {
        hv_free(fv);
        page_put(virt_to_page(page));
        return -ENOMEM;
    }
    spin_lock_init(&fv->lock, LOCK_EVTCHN_FIFO);
    fv->control = (void *)((char *)page + op->offset);
    fv->control_gfn = op->control_gfn;
    atomic_set_release(&v->evtchn_fifo, fv);
    if (d->evtchn->ops != &evtchn_fifo_ops) {
        atomic_set_release(&d->evtchn->ops, &evtchn_fifo_ops);
        evtchn_2level_export_pending(d);
    }
    op->link_bits = EVTCHN_FIFO_LINK_BITS;
    return 0;
}

int evtchn_fifo_expand_array(struct domain *d, const struct evtchn_expand_array *op)
{
    struct evtchn_fifo_domain *fifo = d->evtchn_fifo;
    evtchn_port_t first;
    void *page;

    if (!fifo)
        return -EOPNOTSUPP;
    if (fifo->nr_pages >= MAX_PAGES)
        return -ENOSPC;
    page = own_page_get(d, op->array_gfn);
    if (!page)
        return -EINVAL;
    first = (evtchn_port_t)(fifo->nr_pages * WORDS_PER_PAGE);
    fifo->gfn[fifo->nr_pages] = op->array_gfn;
    atomic_set_release(&fifo->page[fifo->nr_pages++], page);
    smp_mb(); /* a sender sees the page, or we see the flag that it left */
    for (evtchn_port_t port = first; port < first + WORDS_PER_PAGE; port++) {
        struct evtchn *chn = evtchn_lookup(d, port);

        if (!chn) {
            port |= PORTS_PER_BUCKET - 1; /* none of this bucket */
            continue;
        }
        spin_lock(&chn->lock);
        if (atomic_xchg(&chn->pending, 0) && chn->state > CHN_RESERVED)
            fifo_set_pending(d, chn, port);
        spin_unlock(&chn->lock);
    }
    return 0;
}

void evtchn_mark_held(struct domain *d)
{
    const struct evtchn_fifo_domain *fifo;
    struct vcpu *v;

    spin_lock(&d->evtchn->lock);
    fifo = d->evtchn_fifo;
    for_each_vcpu(d, v) {
        if (fifo && v->evtchn_fifo)
            p2m_mark_dirty(d, gfn(v->evtchn_fifo->control_gfn));
    }
    for (unsigned int i = 0; fifo && i < fifo->nr_pages; i++)
        p2m_mark_dirty(d, gfn(fifo->gfn[i]));
    spin_unlock(&d->evtchn->lock);
}

void evtchn_fifo_release(struct domain *d)
{
    struct evtchn_fifo_domain *fifo = d->evtchn_fifo;
    struct vcpu *v;

    if (!fifo)
        return;
    for_each_vcpu(d, v) {
        if (v->evtchn_fifo)
            page_put(virt_to_page(v->evtchn_fifo->control));
        evtchn_vcpu_free(v);
    }
    for (unsigned int i = 0; i < fifo->nr_pages; i++)
        page_put(virt_to_page(fifo->page[i]));
    d->evtchn_fifo = NULL;
    hv_free(fifo);
}

void evtchn_vcpu_free(struct vcpu *v)
{
    hv_free(v->evtchn_fifo);
    v->evtchn_fifo = NULL;
}
