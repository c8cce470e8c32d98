/* SPDX-License-Identifier: MIT */
/*
 * Puts bytes into the memory of a domain that is being built, by copies through grants: until the
 * domain runs, its grant table is the builder's. A copy takes the hypervisor a third of what it
 * takes dom0 to map a frame and to unmap it again.
 */
#ifndef PANDO_BUILD_COPY_H
#define PANDO_BUILD_COPY_H

#include "hcall.h"
#include "pando.h"

/* Pages that are granted at the same time: the first frame of a table of version 1. */
#define BUILD_COPY_REFS (XEN_PAGE_SIZE / sizeof(grant_entry_v1_t))

struct build_copy {
    struct hcall *hcall;
    uint32_t domid;
    grant_entry_v1_t *table; /* NULL: not open */
    unsigned int refs;       /* the next that is free */
    unsigned int count;
    struct hcall_copy list[2 * BUILD_COPY_REFS];
};

/* Maps the domain's grant table, whose entries are then all free. */
enum pando_code build_copy_open(struct build_copy *copy, struct hcall *hcall, uint32_t domid);

/* May be called at any time, and more than once. */
void build_copy_close(struct build_copy *copy);

/*
 * Copies @length bytes to @paddr, all in one page; @from has to stay until build_copy_flush(), when
 * it is done at the latest.
 */
enum pando_code build_copy_add(struct build_copy *copy, uint64_t paddr, const void *from,
                               uint64_t length);
enum pando_code build_copy_flush(struct build_copy *copy);

#endif
