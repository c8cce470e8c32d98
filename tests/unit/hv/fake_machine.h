/* SPDX-License-Identifier: MIT */
/*
 * A machine for unit tests of the hypervisor's core: a few frames of RAM, domains
 * with vCPUs and a flat p2m, guest virtual addresses that are host pointers. What it
 * is asked to do, it counts.
 */
#ifndef UNIT_FAKE_MACHINE_H
#define UNIT_FAKE_MACHINE_H

#include <hv/domain.h>
#include <hv/event.h>
#include <hv/p2m.h>

#define FAKE_FRAMES 1024
#define FAKE_GFNS   256

struct p2m {
    struct {
        uint64_t mfn;
        enum p2m_type type;
    } entry[FAKE_GFNS];
};

/* --- knobs --- */
extern int fake_copies_left;    /* guest copies that succeed before one fails; -1: all do */
extern int fake_allocs_left;    /* the same for hv_alloc and frames */
extern int fake_preempt_after;  /* hypercall_preempt_check: false so many times; -1: always */
extern bool fake_p2m_set_fails; /* p2m_set returns -ENOMEM */
/* Called by p2m_lookup: where another CPU acts in between. */
extern void (*fake_on_lookup)(struct domain *d, gfn_t g);

/* --- counters --- */
extern unsigned int fake_live_allocs;      /* hv_alloc'ed objects */
extern unsigned int fake_notified[8][16];  /* [domid][vcpu]: arch_vcpu_event_notify */
extern unsigned int fake_unblocked[8][16]; /* vcpu_unblock */
extern unsigned int fake_dirty_marks;      /* calls of p2m_log_write */
extern uint64_t fake_dirty_gfn;            /* of the last */
extern unsigned int fake_p2m_flushes;      /* p2m entries taken away */
extern unsigned int fake_freed_domains;

void fake_machine_reset(void);
/* A domain with @nr_vcpus vCPUs and one reference; pages at gfns [0, nr_pages). */
struct domain *fake_domain(domid_t domid, unsigned int nr_vcpus, unsigned int nr_pages);
/* What stands behind a gfn of @d. */
void *fake_gfn_ptr(struct domain *d, uint64_t g);
struct page_info *fake_gfn_page(struct domain *d, uint64_t g);
/* References to @d held by others than the test. */
unsigned int fake_domain_refs(const struct domain *d);
/* Gives a domain whose last reference went one again. */
void fake_domain_resurrect(struct domain *d);
/* Frees what remains, whatever references there are; a test's end. */
void fake_domain_discard(struct domain *d);
void fake_set_current(struct domain *d, unsigned int vcpu);
/* Frames in use. */
unsigned int fake_frames_used(void);

#define FAKE_ARG(p) ((XEN_GUEST_HANDLE(void)){ (p) })

#endif
