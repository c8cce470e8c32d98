/* SPDX-License-Identifier: MIT */
#include "hcall_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/include/hv/numa_abi.h"
#include "hv/include/hv/stats_abi.h"
#include "pando.h"

/* The first guess, and what is added to what there were: some may be made meanwhile. */
#define ROOM 64u
/* More vCPUs than a host can have: a hypervisor that says so is not believed. */
#define VCPUS_MAX (1u << 20)
#define TRIES     8

static void convert(const struct pando_vcpu_record *from, struct pando_vcpu_times *to)
{
    *to = (struct pando_vcpu_times){ .domid = from->domid,
                                     .vcpu = from->vcpu,
                                     .when_ns = from->when_ns,
                                     .running_ns = from->time_ns[RUNSTATE_running],
                                     .runnable_ns = from->time_ns[RUNSTATE_runnable],
                                     .blocked_ns = from->time_ns[RUNSTATE_blocked],
                                     .offline_ns = from->time_ns[RUNSTATE_offline],
                                     .has_credit = from->flags & PANDO_VCPU_CREDIT,
                                     .credit_ns = from->credit_ns };
}

/* Asks once, with room for *count. Returns how many there are. */
static long ask(struct hcall *h, struct pando_vcpu_record *records, uint32_t *count)
{
    struct xen_sysctl op = { .cmd = PANDO_SYSCTL_vcpu_stats };
    struct pando_sysctl_vcpu_stats *s = (void *)&op.u;
    int err;

    *s = (struct pando_sysctl_vcpu_stats){ .version = PANDO_VCPU_STATS_VERSION,
                                           .record_size = sizeof(*records),
                                           .last_domid = DOMID_FIRST_RESERVED,
                                           .max_records = *count,
                                           .buffer = (uintptr_t)records };
    err = hcall_sysctl(h, &op);
    if (err) {
        return err;
    }
    if (s->nr_records > *count || s->nr_vcpus > VCPUS_MAX ||
        s->record_size < PANDO_VCPU_STATS_SIZE_MIN) {
        return -EPROTO;
    }
    *count = s->nr_records;
    return s->nr_vcpus;
}

int hcall_vcpu_times(struct hcall *h, struct pando_vcpu_times **list, size_t *count)
{
    long there = 0;

    for (int i = 0; i < TRIES; i++) {
        uint32_t have = (uint32_t)there + ROOM;
        size_t size = have * sizeof(struct pando_vcpu_record);
        struct pando_vcpu_record *records = hcall_alloc(h, size);

        if (!records) {
            return -ENOMEM;
        }
        there = ask(h, records, &have);
        if (there >= 0 && have >= there) {
            *list = calloc(have + 1u, sizeof(**list));
            for (uint32_t n = 0; *list && n < have; n++) {
                convert(&records[n], &(*list)[n]);
            }
            *count = have;
        }
        hcall_free(h, records, size);
        if (there < 0) {
            return (int)there;
        }
        if (have >= there) {
            return *list ? 0 : -ENOMEM;
        }
    }
    return -EAGAIN;
}

int hcall_domain_nodes(struct hcall *h, uint32_t domid, uint64_t *frames, size_t *count)
{
    struct xen_sysctl op = { .cmd = PANDO_SYSCTL_domain_nodes };
    struct pando_sysctl_domain_nodes *n = (void *)&op.u;
    size_t size = *count * sizeof(*frames);
    uint64_t *buffer = hcall_alloc(h, size);
    int err;

    if (!buffer) {
        return -ENOMEM;
    }
    *n = (struct pando_sysctl_domain_nodes){ .version = PANDO_DOMAIN_NODES_VERSION,
                                             .domid = domid,
                                             .max_nodes = (uint32_t)*count,
                                             .buffer = (uintptr_t)buffer };
    err = hcall_sysctl(h, &op);
    if (!err) {
        memcpy(frames, buffer, size);
        *count = n->nr_nodes;
    }
    hcall_free(h, buffer, size);
    return err;
}
