/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor with one domain, behind hcall.h: frames, parameters, grants, records.
 */
#ifndef CTL_FAKE_HCALL_H
#define CTL_FAKE_HCALL_H

#include "hcall.h"

#define FAKE_DOMID      5u
#define FAKE_FRAMES     0x100000u /* below 4 GiB */
#define FAKE_PARAMS     64u
#define FAKE_FIRST_PORT 3u

struct fake_host {
    bool is_pando;       /* gives zeroed memory, and says so */
    bool no_order_18;    /* has no free GiB in one piece */
    long populate_limit; /* calls of populate until memory runs out; -1: never */
    int copy_error, resource_error, context_error;

    bool present[FAKE_FRAMES];
    uint8_t *frames[FAKE_FRAMES]; /* those that were copied to */
    uint64_t pages;               /* given in all, above 4 GiB too */
    uint64_t extents[3];          /* by order: 0, 9, 18 */
    size_t mapped;                /* frames of the grant table, now */

    uint64_t params[FAKE_PARAMS];
    uint32_t next_port;
    grant_entry_v1_t grants[512];
    struct xen_domctl_vnuma vnuma; /* as it was set; its arrays: */
    unsigned int vdistance[4], vcpu_to_vnode[2], vnode_to_pnode[2];
    xen_vmemrange_t vmemrange[3];
    uint64_t exact[2];      /* pages given from just that node */
    unsigned int full_node; /* one that has nothing, plus 1 */
    unsigned int map_entries;
    uint8_t records[16384];
    uint32_t records_size;
};

extern struct fake_host fake_host;

void fake_host_reset(void);

/* Frames that something was copied to. */
size_t fake_frames(void);

/* Reads the domain's memory; frames never copied to are garbage, or zero on Pando. */
uint8_t fake_byte(uint64_t paddr);

#endif
