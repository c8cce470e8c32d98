/* SPDX-License-Identifier: MIT */
/* What a micro-kernel shares with the hypervisor: shared info, time, events. */
#include "lib.h"

#define HOLES_START   (5UL << 30)
#define POOL_PAGES    256
#define FIFO_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))

struct shared_info *shared_info;
uint32_t event_count[MAX_PORTS];
uint8_t event_vcpu[MAX_PORTS];
bool fifo_used;
bool wait_yields;

static uint8_t pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned int pool_used;
static uint64_t next_hole = HOLES_START;
static struct evtchn_fifo_control_block *control[MAX_VCPUS];
static uint32_t heads[MAX_VCPUS][EVTCHN_FIFO_MAX_QUEUES];
static event_word_t *fifo_words;

uint64_t hole_alloc(unsigned int pages)
{
    uint64_t at = next_hole;

    next_hole += pages * PAGE_SIZE;
    return at;
}

void *page_get(void)
{
    if (pool_used == POOL_PAGES)
        die("page_get: all %u pages are used", POOL_PAGES);
    return pool[pool_used++];
}

void shared_init(void)
{
    struct xen_add_to_physmap x = { .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info };

    shared_info = (void *)hole_alloc(1);
    x.gpfn = (uint64_t)shared_info >> 12;
    if (memory_op(XENMEM_add_to_physmap, &x))
        die("the shared info can't be mapped");
    for (unsigned int i = 0; i < MAX_VCPUS; i++)
        cpus[i].info = &shared_info->vcpu_info[i];
}

uint64_t now(void)
{
    const volatile struct vcpu_time_info *t = &this_cpu()->info->time;
    uint64_t ns, delta;
    uint32_t version;

    do {
        version = t->version;
        barrier();
        delta = rdtsc() - t->tsc_timestamp;
        delta = t->tsc_shift >= 0 ? delta << t->tsc_shift : delta >> -t->tsc_shift;
        ns = t->system_time + (uint64_t)((unsigned __int128)delta * t->tsc_to_system_mul >> 32);
        barrier();
    } while (version & 1 || version != t->version);
    return ns;
}

/* --- events -------------------------------------------------------------------------------------
 */

static void took(evtchn_port_t port)
{
    if (port < MAX_PORTS) {
        ACCESS(event_vcpu[port]) = (uint8_t)this_cpu()->id;
        ACCESS(event_count[port])++;
    }
}

static void scan_2level(struct vcpu_info *info)
{
    uint64_t words = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

    for (unsigned int w = 0; w < 64; w++) {
        uint64_t bits;

        if (!(words >> w & 1))
            continue;
        bits = ACCESS(shared_info->evtchn_pending[w]) & ~ACCESS(shared_info->evtchn_mask[w]);
        for (unsigned int b = 0; b < 64; b++) {
            if (!(bits >> b & 1))
                continue;
            __atomic_fetch_and(&shared_info->evtchn_pending[w], ~(1UL << b), __ATOMIC_SEQ_CST);
            took(w * 64 + b);
        }
    }
}

/* One event of a queue, by the FIFO protocol; false: it was the last. */
static bool fifo_consume(struct evtchn_fifo_control_block *cb, unsigned int cpu, unsigned int q)
{
    uint32_t head = heads[cpu][q], next;
    event_word_t *word, old, new;

    if (!head)
        head = ACCESS(cb->head[q]);
    if (!head)
        return false;
    word = &fifo_words[head];
    old = ACCESS(*word);
    do
        new = old & ~((1u << EVTCHN_FIFO_LINKED) | EVTCHN_FIFO_LINK_MASK);
    while (
        !__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    next = old & EVTCHN_FIFO_LINK_MASK;
    heads[cpu][q] = next;
    old = ACCESS(*word);
    if (old >> EVTCHN_FIFO_PENDING & 1 && !(old >> EVTCHN_FIFO_MASKED & 1)) {
        __atomic_fetch_and(word, ~(1u << EVTCHN_FIFO_PENDING), __ATOMIC_SEQ_CST);
        took(head);
    }
    return next;
}

/* A queue's bit is taken before its events are: set again, there are new ones. */
static void scan_fifo(unsigned int cpu)
{
    struct evtchn_fifo_control_block *cb = control[cpu];
    uint32_t ready = cb ? __atomic_exchange_n(&cb->ready, 0, __ATOMIC_SEQ_CST) : 0;

    while (ready) {
        unsigned int q = (unsigned int)__builtin_ctz(ready);

        if (!fifo_consume(cb, cpu, q))
            ready &= ~(1u << q);
        ready |= __atomic_exchange_n(&cb->ready, 0, __ATOMIC_SEQ_CST);
    }
}

static void upcall(struct frame *f)
{
    struct cpu *c = this_cpu();

    ACCESS(c->info->evtchn_upcall_pending) = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (fifo_used)
        scan_fifo(c->id);
    else
        scan_2level(c->info);
}

void events_init(void)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ };

    irq_handler[EVENT_VECTOR] = upcall;
    p.value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | EVENT_VECTOR;
    if (hvm_op(HVMOP_set_param, &p))
        die("the event callback can't be set");
    if (!fifo_used)
        memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
}

void event_unmask(evtchn_port_t port)
{
    struct evtchn_unmask op = { .port = port };

    if (event_op(EVTCHNOP_unmask, &op))
        die("port %u can't be unmasked", port);
}

void event_mask(evtchn_port_t port)
{
    if (fifo_used)
        __atomic_fetch_or(&fifo_words[port], 1u << EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_or(&shared_info->evtchn_mask[port / 64], 1UL << port % 64, __ATOMIC_SEQ_CST);
}

bool event_is_pending(evtchn_port_t port)
{
    if (fifo_used)
        return ACCESS(fifo_words[port]) >> EVTCHN_FIFO_PENDING & 1;
    return ACCESS(shared_info->evtchn_pending[port / 64]) >> port % 64 & 1;
}

long fifo_init(void)
{
    unsigned int id = this_cpu()->id;
    struct evtchn_init_control init = { .vcpu = id };
    struct evtchn_expand_array expand;
    long rc;

    control[id] = page_get();
    init.control_gfn = (uint64_t)control[id] >> 12;
    rc = event_op(EVTCHNOP_init_control, &init);
    if (rc || fifo_words)
        return rc;
    fifo_words = page_get();
    for (unsigned int i = 0; i < FIFO_PER_PAGE; i++)
        fifo_words[i] = 1u << EVTCHN_FIFO_MASKED;
    expand.array_gfn = (uint64_t)fifo_words >> 12;
    rc = event_op(EVTCHNOP_expand_array, &expand);
    fifo_used = !rc;
    return rc;
}
