/* SPDX-License-Identifier: MIT */
/*
 * Domains and their virtual CPUs: life cycle, references, pausing.
 *
 * A struct domain lives as long as references to it are held, and then for a grace
 * period (grace.h); domain_get is lock-free, and finds only what is complete. Destruction
 * (domain_kill) gives its resources back in bounded steps; the structure itself goes
 * after the last reference, which VIRQ_DOM_EXC tells.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include <hv/grace.h>
#include <hv/lock.h>
#include <hv/percpu.h>
#include <hv/public.h>
#include <hv/timer.h>

#define MAX_VCPUS_PER_DOMAIN 128
#define MAX_DOMAINS          4096

struct evtchn_state; /* event.c */
struct evtchn_fifo_vcpu;
struct evtchn_fifo_domain;
struct grant_table; /* grant.c */
struct p2m;
struct dirty_log;
struct vnuma;
struct arch_domain;
struct arch_vcpu;

#define NR_VIRQ NR_VIRQS /* 24, <xen/xen.h> */

/* vcpu.pause_flags: it can't run while any is set */
#define VPF_BLOCKED 0x1 /* waits for an event */
#define VPF_DOWN    0x2 /* not brought up, or taken down */

/* A hypercall in progress, and how to go on with it later. */
struct hypercall_state {
    bool restart; /* the handler asked to be called again, with: */
    bool in_multicall;
    uint64_t nr;
    uint64_t args[6];
};

struct vcpu {
    struct domain *domain;
    unsigned int id;
    unsigned int cpu;         /* where it runs, or ran last */
    bool initialised;         /* its register state was set */
    volatile bool is_running; /* its state is loaded on v->cpu */

    uint32_t pause_flags; /* VPF_*, atomic */
    uint32_t pause_count; /* atomic */

    /* The shared vcpu_info; points into shared_info or a page that the guest registered. */
    struct vcpu_info *vcpu_info;
    struct page_info *vcpu_info_page; /* NULL: in shared_info */
    uint64_t vcpu_info_gfn;           /* of the page */

    evtchn_port_t virq_to_port[NR_VIRQ]; /* 0: not bound; under the domain's event lock */
    struct evtchn_fifo_vcpu *evtchn_fifo;
    bool poll_active;        /* in SCHEDOP_poll */
    evtchn_port_t poll_port; /* the only port polled; 0: several */
    struct timer poll_timer;

    struct vcpu_runstate_info runstate; /* times in ns */
    uint64_t created_at;                /* ns; its times add up to its age */
    vaddr_t runstate_guest;             /* where the guest wants a copy; 0: nowhere */
    vaddr_t time_info_guest;            /* second copy of vcpu_time_info; 0: nowhere */

    struct timer singleshot_timer, periodic_timer;
    uint64_t periodic_period; /* ns; 0: off */

    uint64_t hard_affinity[MAX_CPUS / 64], soft_affinity[MAX_CPUS / 64];
    void *sched_data;

    struct hypercall_state hcall;
    struct arch_vcpu *arch;
};

enum domain_dying { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
    domid_t domid;
    bool is_privileged; /* dom0: may use control interfaces */
    bool is_hvm;        /* PVH and HVM: runs in hardware virtualization */
    bool is_32bit;      /* 32-bit layout of the shared structures */
    spinlock_t lock;
    struct grace grace; /* after the last reference */

    enum domain_dying dying;
    bool shutting_down;         /* asked for */
    bool shutdown_waits;        /* for the last vCPU that still runs */
    bool is_shut_down;          /* all vCPUs have stopped, their state is saved */
    unsigned int shutdown_code; /* SHUTDOWN_* */
    uint32_t pause_count;       /* atomic */
    uint32_t controller_pauses; /* of these, by the control interface */
    bool kill_busy;             /* a CPU is in one of domain_kill's steps */
    uint8_t kill_step;          /* of these, the next */
    bool created;               /* unpaused by its builder once */

    xen_domain_handle_t handle;
    uint32_t create_flags, emulation_flags, ssidref, grant_opts;

    struct sched_pool *pool; /* whose CPUs its vCPUs run on */
    void *sched_data;        /* the pool's scheduler's own */

    unsigned int max_vcpus;
    struct vcpu **vcpu; /* [max_vcpus], entries NULL until created */

    /* accounting, under page_lock: domain_page_alloc and friends */
    spinlock_t page_lock;
    uint32_t tot_pages;         /* charged; atomic */
    uint32_t max_pages;         /* the limit */
    uint64_t node_affinity;     /* where its frames are looked for first; atomic (numa.h) */
    bool node_affinity_set;     /* by a tool; else it follows the vCPUs' affinities */
    struct vnuma *vnuma;        /* its virtual nodes; NULL: none; under .lock (vnuma.h) */
    uint32_t *node_pages;       /* [page_alloc_nodes()]: of tot_pages; NULL: one node; atomic */
    uint32_t shared_pages;      /* domain_share_page */
    uint32_t outstanding_pages; /* claimed, not allocated yet */
    uint32_t page_refs_left;    /* frames owned, of whatever kind: 0 before the structure goes */

    struct shared_info *shared_info; /* in the direct map */
    struct page_info *shared_info_page;

    struct evtchn_state *evtchn;
    struct evtchn_fifo_domain *evtchn_fifo;
    struct grant_table *grant;
    struct p2m *p2m;
    struct dirty_log *dirty_log; /* which of its frames were written; NULL: not logged */

    int64_t time_offset;     /* seconds, of its wallclock */
    uint64_t hvm_params[64]; /* HVM_PARAM_* (hvm/params.h) */

    spinlock_t debug_lock; /* a line of debug output that is not complete yet */
    uint8_t debug_len;
    char debug_line[160];
    uint64_t log_due;     /* ns: rate limit of log_domain; atomic */
    uint32_t log_dropped; /* lines beyond it, not told yet; atomic */

    struct arch_domain *arch;
};

extern struct domain *dom0;

/* Looks one up and takes a reference; NULL if there is none. */
struct domain *domain_get(domid_t domid);
/* The same with DOMID_SELF meaning the caller. */
struct domain *domain_get_or_self(domid_t domid);
void domain_ref(struct domain *d);
void domain_put(struct domain *d);
/*
 * Whose a frame in use is: a domain that owns frames is alive (page_refs_left). Not
 * referenced; NULL only if the books are wrong.
 */
struct domain *domain_of_owner(domid_t domid);
/* The first domain with an id at or above @domid, referenced; NULL: none. */
struct domain *domain_get_next(domid_t domid);

struct domain *domain_create(domid_t domid, const struct xen_domctl_createdomain *config,
                             bool privileged, int *error);
int vcpu_create(struct domain *d, unsigned int id);
/* Destroys in bounded steps: -ERESTART until done. */
int domain_kill(struct domain *d);

/* Counted; the _sync form returns when no vCPU of it is running. Not for oneself. */
void domain_pause(struct domain *d);
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
int domain_pause_by_controller(struct domain *d);
int domain_unpause_by_controller(struct domain *d);

/* A character of the guest's debug output; lines go to the log, tagged. */
void domain_debug_char(struct domain *d, char c);

/* Stops it for good, until it is resumed or destroyed. Its vCPUs may run on for a moment. */
void domain_shutdown(struct domain *d, unsigned int code);
/* One of its vCPUs has left its CPU: if it was the last, it is shut down now. */
void domain_shutdown_check(struct domain *d);
int domain_resume(struct domain *d);
/* The guest broke the machine's rules: it, alone, ends with SHUTDOWN_crash. */
void domain_crash(struct domain *d, const char *fmt, ...) __printf(2, 3);

bool vcpu_is_runnable(const struct vcpu *v);
/* Clears VPF_BLOCKED, wakes it. */
void vcpu_unblock(struct vcpu *v);
/* An interrupt or event became pending: unblock it, or make it notice if it is running. */
void vcpu_kick(struct vcpu *v);
/* Runstate book-keeping, by the scheduler, one CPU at a time. */
void vcpu_runstate_set(struct vcpu *v, int state, uint64_t now);

/* @id bounded against speculation; NULL if there is no such vCPU. */
struct vcpu *domain_vcpu(const struct domain *d, unsigned int id);

#define for_each_vcpu(d, v)                                                                        \
    for (unsigned int iter_ = 0; iter_ < (d)->max_vcpus; iter_++)                                  \
        if (((v) = ACCESS_ONCE((d)->vcpu[iter_])) != NULL)

/* vcpu.c: where its vcpu_info is by default; its timers; its end. */
struct vcpu_info *vcpu_default_info(struct domain *d, unsigned int id);
void vcpu_timers_init(struct vcpu *v);
void vcpu_timers_migrate(struct vcpu *v, unsigned int cpu);
/* Its turn begins: its periodic timer goes on, if it has one. */
void vcpu_periodic_resume(struct vcpu *v);
void vcpu_release_guest_pages(struct vcpu *v);
/* The pages of its memory that the hypervisor writes to at any time are dirty (p2m_mark_dirty). */
void domain_mark_held(struct domain *d);
/* As it is now, whole, from any CPU; returns the time up to which the times are. */
uint64_t vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *r);
void vcpu_poll_timeout(void *arg);

int do_vcpu_op(int cmd, unsigned int vcpuid, XEN_GUEST_HANDLE(void) arg);
int vcpu_register_info(struct vcpu *v, gfn_t g, unsigned int offset);

/* permission.c: may the calling domain do control operations on @target? 0 or -EPERM. */
int permission_control(const struct domain *target);
/* May the caller use host-wide control (sysctl, platform_op)? */
int permission_host(void);

#endif
