/* SPDX-License-Identifier: MIT */
/*
 * Pando's own operation of sysctl: what every vCPU of the host has done since it was made.
 *
 * The interface of Xen 4.17 tells for how long a vCPU has run, by two calls for each of them. This
 * one tells for how long it has been in each state, for all vCPUs at once: some hundred
 * instructions a vCPU, so that a console can ask ten times a second. Nothing is counted for it that
 * is not kept for guests anyway (VCPUOP_get_runstate_info).
 *
 * Shared by the hypervisor and ctl/hcall*.c, and private to them: other tools use libpando. It is
 * xen_sysctl's .cmd, far from Xen's numbers, with struct pando_sysctl_vcpu_stats in its .u. A
 * hypervisor that does not have it answers -ENOSYS.
 *
 * How it grows. New fields are put at the end of the record, and its size tells who has them: the
 * caller says what it has room for, the hypervisor fills in what it knows of and says how much that
 * is. The version changes only when a field gets another meaning. The first record's size is the
 * least that is accepted, for good.
 *
 * Errors: -EPERM for domains that may not control the host; -EACCES for another version of sysctl;
 * -EOPNOTSUPP for another version of this; -EINVAL for a size of records that is too small, above
 * PANDO_VCPU_STATS_SIZE_MAX or not a multiple of 8; -EFAULT for a buffer that can't be written to.
 * A range without domains is none: it has no vCPUs.
 */
#ifndef HV_STATS_ABI_H
#define HV_STATS_ABI_H

#include <stdint.h>

#define PANDO_SYSCTL_vcpu_stats   0x70610001u

#define PANDO_VCPU_STATS_VERSION  1u
#define PANDO_VCPU_STATS_SIZE_MIN 64u
#define PANDO_VCPU_STATS_SIZE_MAX 1024u

struct pando_sysctl_vcpu_stats {
    uint32_t version;     /* IN: PANDO_VCPU_STATS_VERSION */
    uint32_t record_size; /* IN: bytes from one record to the next; OUT: of each, filled in */
    uint32_t first_domid, last_domid; /* IN: of these domains, both included */
    uint32_t max_records;             /* IN: the buffer has room for them; 0: count vCPUs only */
    uint32_t nr_records;              /* OUT: how many were written */
    uint32_t nr_vcpus; /* OUT: how many there are: if more, the buffer was too small */
    uint32_t reserved;
    uint64_t buffer; /* IN: address of the records */
};

#define PANDO_VCPU_ONLINE 0x1u /* flags: it was brought up */
#define PANDO_VCPU_CREDIT 0x2u /* the scheduler has such a thing: .credit_ns */

/* In the order of domains, then of vCPUs. */
struct pando_vcpu_record {
    uint16_t domid, vcpu;
    uint16_t state; /* RUNSTATE_* now */
    uint16_t flags;
    uint32_t cpu; /* where it runs, ran last, or waits */
    uint32_t reserved;
    /*
     * The moment that this record is of, in system time. The times are those up to then: they add
     * up to the vCPU's age, and between two records to what has passed.
     */
    uint64_t when_ns;
    uint64_t time_ns[4]; /* by RUNSTATE_*: running, runnable (stolen by others), blocked, offline */
    /*
     * Credit: what the scheduler owes it, how far it is behind its share of what those on its
     * CPU have had; negative: ahead. Rtds: what is left of its budget in this period; negative:
     * it has had extra time.
     */
    int64_t credit_ns;
};

#endif
