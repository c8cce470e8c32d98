/* SPDX-License-Identifier: MIT */
/*
 * Domains: the table, references, creation and destruction.
 *
 * The table's slots are static: a slot's word holds the id and the number of
 * references, and both change together by compare-and-swap. So a look-up needs
 * no lock, and can't find a domain that is going away.
 */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/grant.h>
#include <hv/hypercall.h>
#include <hv/init.h>
#include <hv/log.h>
#include <hv/p2m.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/string.h>
#include <hv/vnuma.h>

struct slot {
    uint64_t word; /* domid in bits 63-48, bit 47, references below; 0 references: free */
    struct domain *domain;
};

#define SLOT_BUILDING (1UL << 47) /* its parts are being made: not found yet */
#define SLOT_KEY(w)   ((w) >> 47)
#define SLOT_REFS(w)  ((w) & (SLOT_BUILDING - 1))

static struct slot slots[MAX_DOMAINS];
static spinlock_t slots_lock = SPINLOCK_INIT(LOCK_DOMAIN_IDS); /* who takes a free one */
static domid_t next_domid = 1;

struct domain *dom0;

static struct slot *slot_of(domid_t domid)
{
    return &slots[domid % MAX_DOMAINS];
}

struct domain *domain_get(domid_t domid)
{
    struct slot *s = &slots[index_nospec(domid % MAX_DOMAINS, MAX_DOMAINS)];
    uint64_t w = atomic_read(&s->word);

    do {
        if (!SLOT_REFS(w) || SLOT_KEY(w) != (uint64_t)domid << 1)
            return NULL;
    } while (!atomic_cas(&s->word, &w, w + 1));
    return s->domain;
}

struct domain *domain_get_or_self(domid_t domid)
{
    if (domid != DOMID_SELF)
        return domain_get(domid);
    domain_ref(current->domain);
    return current->domain;
}

struct domain *domain_of_owner(domid_t domid)
{
    struct domain *d = slot_of(domid)->domain;

    return d && d->domid == domid ? d : NULL;
}

void domain_ref(struct domain *d)
{
    atomic_inc(&slot_of(d->domid)->word);
}

struct domain *domain_get_next(domid_t domid)
{
    struct domain *d = NULL;

    for (; !d && domid < DOMID_FIRST_RESERVED; domid++)
        d = domain_get(domid);
    return d;
}

static void vcpu_free(struct vcpu *v)
{
    sched_vcpu_destroy(v);
    arch_vcpu_destroy(v);
    evtchn_vcpu_free(v);
    hv_free(v);
}

static void structure_free(struct domain *d)
{
    hv_free(d->node_pages);
    hv_free(d->vcpu);
    hv_free(d);
}

/* No reference is left, and no CPU looks at it any more. */
static void domain_free(struct grace *g)
{
    struct domain *d = container_of(g, struct domain, grace);
    struct slot *s = slot_of(d->domid);
    struct vcpu *v;

    if (p2m_free(d)) { /* the tables of a large one take some time: others' work comes first */
        grace_call(g, domain_free);
        return;
    }
    for_each_vcpu(d, v)
        vcpu_free(v);
    sched_domain_destroy(d);
    grant_domain_free(d);
    evtchn_domain_free(d);
    arch_domain_free(d);
    if (d->page_refs_left)
        log_error("d%u: %u frames are still charged to the dead domain\n", d->domid,
                  d->page_refs_left);
    vnuma_free(d);
    structure_free(d);
    atomic_set_release(&s->domain, NULL); /* the number may be used again */
    send_host_virq(VIRQ_DOM_EXC);         /* who waits for it to be gone looks again */
}

void domain_put(struct domain *d)
{
    struct slot *s = slot_of(d->domid);
    uint64_t w = atomic_read(&s->word);

    /* Without references nobody finds it, but the slot stays taken until the structure is gone. */
    for (;;) {
        if (SLOT_REFS(w) > 1) {
            if (atomic_cas(&s->word, &w, w - 1))
                return;
        } else if (atomic_cas(&s->word, &w, 0)) {
            break;
        }
    }
    grace_call(&d->grace, domain_free);
}

/* Takes a slot: of @domid, or (DOMID_FIRST_RESERVED and above) of the next free id. */
static int slot_take(struct domain *d, domid_t domid)
{
    int rc = -EEXIST;

    spin_lock(&slots_lock);
    if (domid >= DOMID_FIRST_RESERVED) {
        rc = -ENOSPC;
        for (unsigned int i = 0; i < MAX_DOMAINS; i++) {
            domid_t id = next_domid++;

            if (next_domid >= DOMID_FIRST_RESERVED)
                next_domid = 1;
            if (!slot_of(id)->domain) {
                domid = id;
                rc = 0;
                break;
            }
        }
    } else if (!slot_of(domid)->domain) {
        rc = 0;
    }
    if (!rc) {
        d->domid = domid;
        slot_of(domid)->domain = d;
        atomic_set_release(&slot_of(domid)->word, (uint64_t)domid << 48 | SLOT_BUILDING | 1);
    }
    spin_unlock(&slots_lock);
    return rc;
}

static int shared_info_create(struct domain *d)
{
    d->shared_info_page = page_alloc(0, ALLOC_ANY);
    if (!d->shared_info_page)
        return -ENOMEM;
    d->shared_info = page_to_virt(d->shared_info_page);
    memset(d->shared_info, 0, PAGE_SIZE);
    return domain_share_page(d, d->shared_info_page);
}

static void shared_info_destroy(struct domain *d)
{
    struct page_info *pg = d->shared_info_page;

    if (!pg)
        return;
    d->shared_info_page = NULL;
    domain_unshare_page(d, pg);
}

static int domain_parts_create(struct domain *d, const struct xen_domctl_createdomain *c)
{
    int rc = sched_domain_init(d);

    if (!rc)
        rc = shared_info_create(d);
    if (!rc)
        rc = evtchn_domain_init(d, c->max_evtchn_port);
    if (!rc)
        rc = grant_domain_init(d, c->max_grant_frames, c->max_maptrack_frames,
                               c->grant_opts & XEN_DOMCTL_GRANT_version_mask);
    if (!rc)
        rc = p2m_init(d);
    if (!rc)
        rc = arch_domain_create(d, c);
    return rc;
}

static struct domain *domain_alloc(const struct xen_domctl_createdomain *c, bool privileged)
{
    struct domain *d = hv_alloc(sizeof(*d));

    if (!d)
        return NULL;
    d->max_vcpus = c->max_vcpus;
    d->vcpu = hv_alloc(sizeof(*d->vcpu) * c->max_vcpus);
    if (page_alloc_nodes() > 1)
        d->node_pages = hv_alloc(sizeof(*d->node_pages) * page_alloc_nodes());
    if (!d->vcpu || (page_alloc_nodes() > 1 && !d->node_pages)) {
        structure_free(d);
        return NULL;
    }
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    spin_lock_init(&d->page_lock, LOCK_PAGE_OWNER);
    spin_lock_init(&d->debug_lock, LOCK_DEBUG_LINE);
    d->is_privileged = privileged;
    d->is_hvm = c->flags & XEN_DOMCTL_CDF_hvm;
    d->create_flags = c->flags;
    d->ssidref = c->ssidref;
    d->grant_opts = c->grant_opts;
    d->shutdown_code = ~0u;
    d->node_affinity = ~0UL >> (64 - page_alloc_nodes());
    memcpy(d->handle, c->handle, sizeof(d->handle));
    d->pause_count = d->controller_pauses = 1; /* until its builder unpauses it */
    return d;
}

struct domain *domain_create(domid_t domid, const struct xen_domctl_createdomain *config,
                             bool privileged, int *error)
{
    struct domain *d;

    *error = -EINVAL;
    if (!config->max_vcpus || config->max_vcpus > MAX_VCPUS_PER_DOMAIN)
        return NULL;
    *error = -ENOMEM;
    d = domain_alloc(config, privileged);
    if (!d)
        return NULL;
    *error = slot_take(d, domid);
    if (*error) {
        structure_free(d);
        return NULL;
    }
    *error = domain_parts_create(d, config);
    if (!*error) {
        atomic_and(&slot_of(d->domid)->word, ~SLOT_BUILDING); /* now it can be found */
        return d;
    }
    while (domain_kill(d) == -ERESTART) /* short: it has no memory yet */
        ;
    return NULL;
}

/* With the domain's lock held: two tools at once make each vCPU once. */
static int vcpu_create_locked(struct domain *d, unsigned int id)
{
    struct vcpu *v;
    int rc;

    if (d->vcpu[id])
        return -EEXIST;
    v = hv_alloc(sizeof(*v));
    if (!v)
        return -ENOMEM;
    v->domain = d;
    v->id = id;
    v->pause_flags = VPF_DOWN;
    v->runstate.state = RUNSTATE_offline;
    v->created_at = v->runstate.state_entry_time = time_now();
    v->vcpu_info = vcpu_default_info(d, id);
    rc = sched_vcpu_init(v);
    if (!rc)
        rc = arch_vcpu_create(v);
    if (rc) {
        vcpu_free(v);
        return rc;
    }
    vcpu_timers_init(v);
    atomic_set_release(&d->vcpu[id], v);
    return 0;
}

int vcpu_create(struct domain *d, unsigned int id)
{
    int rc;

    if (id >= d->max_vcpus)
        return -EINVAL;
    spin_lock(&d->lock);
    rc = d->dying ? -ESRCH : vcpu_create_locked(d, id);
    spin_unlock(&d->lock);
    return rc;
}

struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
    if (id >= d->max_vcpus)
        return NULL;
    return atomic_read_acquire(&d->vcpu[index_nospec(id, d->max_vcpus)]);
}

/* --- pausing --- */

void vcpu_pause_nosync(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    vcpu_sleep(v);
}

void vcpu_pause(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    vcpu_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
    if (atomic_dec(&v->pause_count) == 0)
        vcpu_wake(v);
}

void domain_pause_nosync(struct domain *d)
{
    struct vcpu *v;

    atomic_inc(&d->pause_count);
    for_each_vcpu(d, v)
        vcpu_sleep(v);
}

void domain_pause(struct domain *d)
{
    struct vcpu *v;

    atomic_inc(&d->pause_count);
    for_each_vcpu(d, v)
        vcpu_sleep_sync(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;

    if (atomic_dec(&d->pause_count))
        return;
    for_each_vcpu(d, v)
        vcpu_wake(v);
}

#define MAX_CONTROLLER_PAUSES 255

int domain_pause_by_controller(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if (d->controller_pauses == MAX_CONTROLLER_PAUSES)
        rc = -EOVERFLOW;
    else
        d->controller_pauses++;
    spin_unlock(&d->lock);
    if (!rc)
        domain_pause(d);
    return rc;
}

int domain_unpause_by_controller(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->lock);
    if (!d->controller_pauses)
        rc = -EINVAL;
    else
        d->controller_pauses--;
    if (!rc && !d->controller_pauses)
        d->created = true;
    spin_unlock(&d->lock);
    if (!rc)
        domain_unpause(d);
    return rc;
}

/* --- the end --- */

void domain_shutdown(struct domain *d, unsigned int code)
{
    bool was;

    if (d == dom0) {
        log_info("dom0 asks for shutdown, reason %u\n", code);
        if (code == SHUTDOWN_reboot)
            arch_machine_restart();
        if (code == SHUTDOWN_poweroff)
            arch_machine_poweroff();
        panic("dom0 ended with reason %u", code);
    }
    spin_lock(&d->lock);
    was = d->shutting_down;
    d->shutting_down = true;
    if (!was && d->shutdown_code == ~0u)
        d->shutdown_code = code;
    spin_unlock(&d->lock);
    if (was)
        return;
    domain_pause_nosync(d); /* for good: until resumed or destroyed */
    /* From here on none of its vCPUs begins to run, and each that stops looks at this. */
    (void)atomic_xchg(&d->shutdown_waits, true);
    domain_shutdown_check(d);
}

void domain_shutdown_check(struct domain *d)
{
    struct vcpu *v;
    bool over;

    for_each_vcpu(d, v) {
        if (atomic_read_acquire(&v->is_running))
            return;
    }
    spin_lock(&d->lock);
    over = d->shutdown_waits;
    if (over) {
        d->shutdown_waits = false;
        d->is_shut_down = true;
    }
    spin_unlock(&d->lock);
    if (over)
        send_host_virq(VIRQ_DOM_EXC);
}

int domain_resume(struct domain *d)
{
    spin_lock(&d->lock);
    if (!d->is_shut_down) {
        spin_unlock(&d->lock);
        return -EINVAL;
    }
    d->shutting_down = d->is_shut_down = false;
    d->shutdown_code = ~0u;
    spin_unlock(&d->lock);
    domain_unpause(d);
    return 0;
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char why[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    log_domain(d, LOG_ERROR, "crashed: %s\n", why);
    domain_shutdown(d, SHUTDOWN_crash);
}

static int release_vcpus(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        vcpu_release_guest_pages(v);
    domain_claim_pages(d, 0);
    return 0;
}

static int release_shared_pages(struct domain *d)
{
    grant_domain_release_frames(d);
    shared_info_destroy(d);
    return 0;
}

/*
 * Each step can be called again and goes on where it stopped; what is done is not
 * done again. Several callers at once: the lock lets one through, the others come again.
 */
static int give_back_parts(struct domain *d)
{
    static int (*const steps[])(struct domain * d) = {
        evtchn_domain_destroy, grant_domain_release_mappings, release_vcpus, arch_domain_destroy,
        p2m_teardown,          release_shared_pages,
    };

    for (; d->kill_step < ARRAY_SIZE(steps); d->kill_step++) {
        int rc = steps[d->kill_step](d);

        if (rc)
            return rc;
    }
    return 0;
}

int domain_kill(struct domain *d)
{
    int rc;

    if (d == dom0 || (current && current->domain == d))
        return -EINVAL;
    if (!spin_trylock(&d->lock))
        return -ERESTART;
    if (d->dying == DOMAIN_DEAD) {
        spin_unlock(&d->lock);
        return 0;
    }
    if (d->dying == DOMAIN_ALIVE) {
        d->dying = DOMAIN_DYING;
        spin_unlock(&d->lock);
        domain_pause(d);
        return -ERESTART;
    }
    if (d->kill_busy) {
        spin_unlock(&d->lock);
        return -ERESTART;
    }
    d->kill_busy = true;
    spin_unlock(&d->lock);

    rc = give_back_parts(d);

    spin_lock(&d->lock);
    d->kill_busy = false;
    if (!rc)
        d->dying = DOMAIN_DEAD;
    spin_unlock(&d->lock);
    if (rc)
        return rc;
    send_host_virq(VIRQ_DOM_EXC);
    domain_put(d); /* the reference of its being alive */
    return 0;
}
