/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "handle.h"
#include "hcall.h"

static void set_name(struct pando_scheduler *scheduler, uint32_t id)
{
    static const char *const names[] = {
        [XEN_SCHEDULER_CREDIT] = "credit",     [XEN_SCHEDULER_CREDIT2] = "credit2",
        [XEN_SCHEDULER_ARINC653] = "arinc653", [XEN_SCHEDULER_RTDS] = "rtds",
        [XEN_SCHEDULER_NULL] = "null",
    };

    if (id < sizeof(names) / sizeof(names[0]) && names[id]) {
        snprintf(scheduler->name, sizeof(scheduler->name), "%s", names[id]);
    } else {
        snprintf(scheduler->name, sizeof(scheduler->name), "%u", id);
    }
}

/* The scheduler of a pool. */
static int get_id(pando_t *pando, uint32_t pool, uint32_t *id)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_cpupool_op };
    int err;

    op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    op.u.cpupool_op.cpupool_id = pool;
    err = hcall_sysctl(pando->hcall, &op);
    *id = op.u.cpupool_op.sched_id;
    /* It answers for the first pool from that one on. */
    return !err && op.u.cpupool_op.cpupool_id != pool ? -ENOENT : err;
}

/* What it does for the whole pool. One that has nothing to be asked for answers with an error. */
static void add_pool(pando_t *pando, uint32_t pool, uint32_t id, struct pando_scheduler *scheduler)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_scheduler_op };
    struct xen_sysctl_scheduler_op *s = &op.u.scheduler_op;

    s->cpupool_id = pool;
    s->sched_id = id;
    s->cmd = XEN_SYSCTL_SCHEDOP_getinfo;
    if (hcall_sysctl(pando->hcall, &op)) {
        return;
    }
    if (id == XEN_SCHEDULER_CREDIT) {
        scheduler->timeslice_us = s->u.sched_credit.tslice_ms * 1000;
        scheduler->ratelimit_us = s->u.sched_credit.ratelimit_us;
    } else if (id == XEN_SCHEDULER_CREDIT2) {
        scheduler->ratelimit_us = s->u.sched_credit2.ratelimit_us;
    }
}

static void add_domain(pando_t *pando, uint32_t domid, uint32_t id,
                       struct pando_scheduler *scheduler)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_scheduler_op, .domain = (domid_t)domid };
    struct xen_domctl_scheduler_op *s = &op.u.scheduler_op;

    s->sched_id = id;
    s->cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    if (hcall_domctl(pando->hcall, &op)) {
        return;
    }
    if (id == XEN_SCHEDULER_CREDIT) {
        scheduler->weighted = true;
        scheduler->weight = s->u.credit.weight;
        scheduler->cap = s->u.credit.cap;
    } else if (id == XEN_SCHEDULER_CREDIT2) {
        scheduler->weighted = true;
        scheduler->weight = s->u.credit2.weight;
        scheduler->cap = s->u.credit2.cap;
    } else if (id == XEN_SCHEDULER_RTDS) {
        scheduler->reserved = true;
        scheduler->period_us = s->u.rtds.period;
        scheduler->budget_us = s->u.rtds.budget;
    }
}

enum pando_code pando_scheduler_info(pando_t *pando, uint32_t domid,
                                     struct pando_scheduler *scheduler)
{
    struct xen_domctl_getdomaininfo info;
    uint32_t id;
    int err = hcall_domain_info(pando->hcall, domid, &info);

    *scheduler = (struct pando_scheduler){ 0 };
    if (err == -ESRCH) {
        return pando_fail_no_domain(domid);
    }
    if (!err) {
        err = get_id(pando, info.cpupool, &id);
    }
    if (err) {
        return pando_fail_hcall("asking for the scheduler", err);
    }
    set_name(scheduler, id);
    add_pool(pando, info.cpupool, id, scheduler);
    add_domain(pando, domid, id, scheduler);
    return PANDO_OK;
}
