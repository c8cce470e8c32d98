/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor with several domains but without their memory, behind hcall.h: for the lifecycle.
 */
#ifndef CTL_FAKE_DOMAINS_H
#define CTL_FAKE_DOMAINS_H

#include "hcall.h"

#define FAKE_DOMAINS 16u

struct fake_domain {
    bool exists;
    uint32_t flags; /* XEN_DOMINF_* */
    xen_domain_handle_t handle;
    uint32_t max_vcpus;
    uint64_t max_kib, pages;
    uint64_t soft[2], hard[2]; /* of the first vCPUs; 0: never set, any */
    uint64_t exact[3];         /* pages given from just that node */
};

struct fake_domains {
    struct fake_domain list[FAKE_DOMAINS]; /* by id; 0 exists */
    uint32_t next_id;
    uint64_t free_kib;
    bool two_large_nodes; /* 0 and 2; else node 2 has 1 MiB free */
    int fail_in;          /* this many calls from now one fails by fail_by; -1: none */
    int fail_by;
    int cache_error; /* what asking about caches returns */
    bool zombies;    /* destroyed domains stay as dying ones */
    size_t mapped;
};

extern struct fake_domains fake_domains;

void fake_domains_reset(void);

/* How many there are besides domain 0. */
unsigned int fake_domains_count(void);

#endif
