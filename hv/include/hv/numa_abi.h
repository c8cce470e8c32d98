/* SPDX-License-Identifier: MIT */
/*
 * Pando's own operation of sysctl: in which nodes of the host a domain's memory is, which the
 * interface of Xen 4.17 does not tell. As in stats_abi.h: private to the hypervisor and
 * ctl/hcall*.c, a .cmd far from Xen's numbers, -ENOSYS from who does not have it.
 *
 * Errors: -EPERM for domains that may not control the host; -EACCES for another version of sysctl;
 * -EOPNOTSUPP for another version of this; -ESRCH: no such domain; -EFAULT.
 */
#ifndef HV_NUMA_ABI_H
#define HV_NUMA_ABI_H

#include <stdint.h>

#define PANDO_SYSCTL_domain_nodes  0x70610010u

#define PANDO_DOMAIN_NODES_VERSION 1u

struct pando_sysctl_domain_nodes {
    uint32_t version;   /* IN: PANDO_DOMAIN_NODES_VERSION */
    uint32_t domid;     /* IN */
    uint32_t max_nodes; /* IN: the buffer has room for them; the rest is left out */
    uint32_t nr_nodes;  /* OUT: how many the host has */
    uint64_t buffer;    /* IN: address of a uint64_t for each: frames, as XENMEM_current_reservation
                         * counts them */
};

#endif
