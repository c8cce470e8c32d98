/* SPDX-License-Identifier: MIT */
#include <hv/vnuma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/grant.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/init.h>
#include <hv/p2m.h>
#include <hv/sched.h>
#include <hv/softirq.h>
#include "fake_host.h"

uintptr_t unit_direct_map_base, unit_frame_table_base;
struct cpu *cpus[MAX_CPUS];
unsigned int nr_cpus;
uint64_t fake_now;
unsigned int fake_virqs, fake_live_objects, fake_timer_virqs;
int fake_arch_domain_error;
void (*fake_on_domain_create)(struct domain *d);
void (*fake_on_copy)(void);
unsigned int fake_p2m_steps, fake_evtchn_ends;

static struct cpu cpu[FAKE_CPUS];
static struct cpu *here = &cpu[0];

struct cpu *this_cpu(void)
{
    return here;
}

uint64_t time_now(void)
{
    return fake_now;
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
    return false;
}

/* --- memory: a page is an object of its own ------------------------------------------ */

void *hv_alloc(size_t size)
{
    fake_live_objects++;
    return calloc(1, size);
}

void hv_free(void *p)
{
    fake_live_objects -= p != NULL;
    free(p);
}

#define FRAMES 64
static struct page_info frames[FRAMES];

struct page_info *page_alloc(unsigned int order, unsigned int flags)
{
    for (unsigned int i = 0; i < FRAMES; i++) {
        if (!frames[i].refs) {
            frames[i] = (struct page_info){ .refs = 1, .owner = PAGE_NO_OWNER };
            return &frames[i];
        }
    }
    return NULL;
}

int domain_share_page(struct domain *d, struct page_info *pg)
{
    pg->owner = d->domid;
    d->page_refs_left++;
    domain_ref(d);
    return 0;
}

void domain_unshare_page(struct domain *d, struct page_info *pg)
{
    page_put(pg);
}

void page_put(struct page_info *pg)
{
    struct domain *d = domain_of_owner(pg->owner);

    assert_non_null(d);
    if (--pg->refs)
        return;
    d->page_refs_left--;
    domain_put(d);
}

struct page_info *p2m_get_page(struct domain *d, gfn_t g, enum p2m_type *t)
{
    return NULL;
}

unsigned int page_alloc_nodes(void)
{
    return 1;
}

void vnuma_free(struct domain *d)
{
}

void page_alloc_set_fallback(unsigned int node, const uint8_t *order)
{
}

int domain_claim_pages(struct domain *d, uint64_t pages)
{
    return 0;
}

int copy_from_guest_va(void *dst, vaddr_t src, size_t len)
{
    memcpy(dst, (const void *)src, len);
    return 0;
}

int copy_to_guest_va(vaddr_t dst, const void *src, size_t len)
{
    if (fake_on_copy)
        fake_on_copy();
    memcpy((void *)dst, src, len);
    return 0;
}

/* --- parts of a domain that are not looked at here ------------------------------------- */

int evtchn_domain_init(struct domain *d, evtchn_port_t max_port)
{
    return 0;
}

int evtchn_domain_destroy(struct domain *d)
{
    fake_evtchn_ends++;
    return 0;
}

void evtchn_domain_free(struct domain *d)
{
}

void evtchn_vcpu_free(struct vcpu *v)
{
}

void evtchn_mark_held(struct domain *d)
{
}

void p2m_log_write(struct domain *d, gfn_t g)
{
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
}

int evtchn_port_is_pending(struct domain *d, evtchn_port_t port)
{
    return 0;
}

void evtchn_poll_begin(struct vcpu *v, evtchn_port_t port)
{
    v->poll_active = true;
}

void evtchn_poll_end(struct vcpu *v)
{
    v->poll_active = false;
}

void send_vcpu_virq(struct vcpu *v, unsigned int virq)
{
    fake_timer_virqs += virq == VIRQ_TIMER;
    vcpu_unblock(v);
}

void send_host_virq(unsigned int virq)
{
    assert_int_equal(here->lock_depth, 0);
    fake_virqs += virq == VIRQ_DOM_EXC;
}

int grant_domain_init(struct domain *d, int max_frames, int max_maptrack_frames,
                      unsigned int max_version)
{
    return 0;
}

int grant_domain_release_mappings(struct domain *d)
{
    return 0;
}

void grant_domain_release_frames(struct domain *d)
{
}

void grant_domain_free(struct domain *d)
{
}

int p2m_init(struct domain *d)
{
    return 0;
}

int p2m_teardown(struct domain *d)
{
    return fake_p2m_steps && fake_p2m_steps-- ? -ERESTART : 0;
}

int p2m_free(struct domain *d)
{
    return fake_p2m_steps && fake_p2m_steps-- ? -ERESTART : 0;
}

int permission_control(const struct domain *target)
{
    return 0;
}

/* --- the architecture ---------------------------------------------------------------------- */

int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *config)
{
    if (fake_on_domain_create)
        fake_on_domain_create(d);
    return fake_arch_domain_error;
}

int arch_domain_destroy(struct domain *d)
{
    return 0;
}

void arch_domain_free(struct domain *d)
{
}

int arch_vcpu_create(struct vcpu *v)
{
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
}

void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    if (next && next->singleshot_timer.cpu != next->cpu)
        vcpu_timers_migrate(next, next->cpu);
}

bool arch_vcpu_has_interrupt(struct vcpu *v)
{
    return false;
}

void arch_vcpu_time_update(struct vcpu *v)
{
}

void arch_vcpu_runstate_update(struct vcpu *v)
{
}

unsigned int arch_domain_paddr_bits(const struct domain *d)
{
    return 48;
}

void arch_timer_arm(uint64_t deadline_ns)
{
}

void arch_cpu_kick(unsigned int id)
{
}

/* A vCPU is waited for: let its CPU do what it was asked to. */
void arch_cpu_relax(void)
{
    unsigned int me = here->id;

    for (unsigned int i = 0; i < nr_cpus; i++) {
        if (i != me)
            fake_softirqs(i);
    }
    fake_cpu(me);
}

void arch_machine_restart(void)
{
    abort();
}

void arch_machine_poweroff(void)
{
    abort();
}

/* --- the test's hands ------------------------------------------------------------------------ */

void fake_cpu(unsigned int id)
{
    here = &cpu[id];
}

void fake_softirqs(unsigned int id)
{
    fake_cpu(id);
    softirq_run();
}

void fake_settle(void)
{
    unsigned int me = here->id;
    bool busy;

    do {
        busy = false;
        for (unsigned int i = 0; i < nr_cpus; i++) {
            busy |= cpu[i].softirq_pending != 0;
            fake_softirqs(i);
        }
    } while (busy);
    fake_cpu(me);
}

static struct domain *create(domid_t domid, unsigned int nr_vcpus)
{
    struct xen_domctl_createdomain config = { .flags = XEN_DOMCTL_CDF_hvm, .max_vcpus = nr_vcpus };
    int error;
    struct domain *d = domain_create(domid, &config, domid == 0, &error);

    assert_non_null(d);
    for (unsigned int i = 0; i < nr_vcpus; i++)
        assert_int_equal(vcpu_create(d, i), 0);
    return d;
}

struct domain *fake_domain_create(unsigned int nr_vcpus)
{
    struct domain *d = create((domid_t)DOMID_INVALID, nr_vcpus);

    for (unsigned int i = 0; i < nr_vcpus; i++) {
        d->vcpu[i]->initialised = true;
        d->vcpu[i]->pause_flags = 0;
    }
    assert_int_equal(domain_unpause_by_controller(d), 0);
    return d;
}

void fake_domain_kill(struct domain *d)
{
    unsigned int me = here->id, i = 0;
    int rc;

    while (i < nr_cpus && cpu[i].curr && cpu[i].curr->domain == d)
        i++;
    fake_cpu(i);
    while ((rc = domain_kill(d)) == -ERESTART)
        ;
    assert_int_equal(rc, 0);
    fake_cpu(me);
}

void fake_host_reset(unsigned int nr)
{
    static char *ram;
    static bool once;

    if (!once) {
        ram = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE);
        unit_direct_map_base = (uintptr_t)ram;
        unit_frame_table_base = (uintptr_t)frames;
        nr_cpus = 1;
        cpus[0] = &cpu[0];
        softirq_set_handler(SOFTIRQ_SCHEDULE, sched_run);
        sched_init();
        grace_init();
        once = true;
    }
    fake_now += NS_PER_SEC;
    nr_cpus = nr;
    for (unsigned int i = 0; i < nr; i++) {
        cpus[i] = here = cpu[i].self = &cpu[i];
        cpu[i].id = i;
        if (cpu[i].sched_data)
            continue;
        timer_init_cpu();
        sched_init_cpu(i);
    }
    fake_cpu(0);
    if (!dom0)
        dom0 = create(0, 1);
    fake_virqs = fake_timer_virqs = fake_p2m_steps = fake_evtchn_ends = 0;
    fake_arch_domain_error = 0;
    fake_on_domain_create = NULL;
    fake_on_copy = NULL;
}
