/* SPDX-License-Identifier: MIT */
/* Pando's own sysctl: what every vCPU of the host has done (hv/stats_abi.h). */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/sched.h>
#include <hv/stats_abi.h>
#include <hv/string.h>

#include "core/sysctl_internal.h"

_Static_assert(sizeof(struct pando_vcpu_record) == PANDO_VCPU_STATS_SIZE_MIN, "the first record");
_Static_assert(sizeof(((struct xen_sysctl *)0)->u) >=
                   sizeof(struct pando_sysctl_vcpu_stats) + sizeof(struct sysctl_progress),
               "both fit into the tool's structure");

/* Where to go on, in sysctl_progress.next. */
#define POSITION(domid, vcpu) ((uint32_t)(domid) << 16 | (vcpu))

static void fill(struct vcpu *v, struct pando_vcpu_record *s)
{
    struct vcpu_runstate_info r;

    *s = (struct pando_vcpu_record){ .domid = v->domain->domid, .vcpu = (uint16_t)v->id };
    s->when_ns = vcpu_runstate_get(v, &r);
    s->state = (uint16_t)r.state;
    memcpy(s->time_ns, r.time, sizeof(s->time_ns));
    s->cpu = ACCESS_ONCE(v->cpu);
    if (!(atomic_read(&v->pause_flags) & VPF_DOWN))
        s->flags |= PANDO_VCPU_ONLINE;
    if (sched_credit(v, &s->credit_ns))
        s->flags |= PANDO_VCPU_CREDIT;
}

static int put(const struct pando_sysctl_vcpu_stats *op, struct sysctl_progress *p, struct vcpu *v)
{
    struct pando_vcpu_record s;

    p->total++;
    if (p->done >= op->max_records)
        return 0;
    fill(v, &s);
    if (copy_to_guest_va(op->buffer + (uint64_t)p->done * op->record_size, &s, sizeof(s)))
        return -EFAULT;
    p->done++;
    return 0;
}

/* The vCPUs of @d from @first on. @fresh: nothing was done yet, so it is not preempted. */
static int put_domain(const struct pando_sysctl_vcpu_stats *op, struct sysctl_progress *p,
                      struct domain *d, unsigned int first, bool *fresh)
{
    for (unsigned int i = first; i < d->max_vcpus; i++) {
        struct vcpu *v = domain_vcpu(d, i);
        int rc;

        if (!*fresh && hypercall_preempt_check()) {
            p->next = POSITION(d->domid, i);
            return -ERESTART;
        }
        *fresh = false;
        rc = v ? put(op, p, v) : 0;
        if (rc)
            return rc;
    }
    p->next = POSITION(d->domid + 1, 0);
    return 0;
}

static int check(const struct pando_sysctl_vcpu_stats *op)
{
    if (op->version != PANDO_VCPU_STATS_VERSION)
        return -EOPNOTSUPP;
    return op->record_size < PANDO_VCPU_STATS_SIZE_MIN ||
                   op->record_size > PANDO_VCPU_STATS_SIZE_MAX || op->record_size % 8
               ? -EINVAL
               : 0;
}

int sysctl_vcpu_stats(struct xen_sysctl *arg, bool *copyback)
{
    struct pando_sysctl_vcpu_stats *op = (void *)&arg->u;
    struct sysctl_progress *p = sysctl_progress(arg);
    uint32_t last = min(op->last_domid, DOMID_FIRST_RESERVED - 1u);
    struct domain *d;
    bool fresh = true;
    int rc = check(op);

    if (!sysctl_is_continued(arg))
        *p = (struct sysctl_progress){ .next = POSITION(min(op->first_domid, 0xffffu), 0) };
    while (!rc && p->next >> 16 <= last) {
        unsigned int domid = p->next >> 16;

        d = domain_get_next((domid_t)domid);
        if (!d)
            break;
        if (d->domid <= last)
            rc = put_domain(op, p, d, d->domid == domid ? p->next & 0xffff : 0, &fresh);
        else
            p->next = POSITION(last + 1, 0);
        domain_put(d);
    }
    if (rc)
        return rc;
    op->record_size = min(op->record_size, (uint32_t)sizeof(struct pando_vcpu_record));
    op->nr_records = p->done;
    op->nr_vcpus = p->total;
    *copyback = true;
    return 0;
}
