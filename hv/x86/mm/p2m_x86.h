/* SPDX-License-Identifier: MIT */
/* The nested page tables, as the back-ends see them. */
#ifndef X86_MM_P2M_X86_H
#define X86_MM_P2M_X86_H

#include <hv/p2m.h>

/*
 * An entry's format. Nested tables of both vendors share most of it: the frame
 * in bits 12-51, bit 7 set in a leaf above 4 KiB, and bits 52-55 free for the
 * p2m_type. What differs is here.
 */
struct p2m_format {
    const char *name;
    uint64_t present; /* an entry with none of these bits isn't present */
    uint64_t (*make_leaf)(mfn_t m, unsigned int order, enum p2m_type t);
    uint64_t (*make_table)(mfn_t m);
    unsigned int (*max_order)(void); /* ORDER_1G or ORDER_2M: what the CPU can map at once */
};

/* Chosen at boot with the vendor's operations, before the first domain. */
extern const struct p2m_format *p2m_format;
extern const struct p2m_format npt_format, ept_format;

/*
 * Reads @len bytes, within one page, of a domain's memory (not of devices). No
 * lock and no reference is taken: the map is looked at again afterwards, and a
 * page that went away meanwhile is not what was read.
 */
bool p2m_read(struct domain *d, paddr_t gpa, void *dst, size_t len);
/* Eight bytes, as page table entries are. */
bool p2m_read_u64(struct domain *d, paddr_t gpa, uint64_t *value);

/* Guest frame numbers from this on cannot be mapped: the guest's physical address width. */
uint64_t p2m_limit(const struct domain *d);

/*
 * How many frames its tables may take (XEN_DOMCTL_set_paging_mempool_size). -EINVAL: too
 * few for any memory; -EBUSY: it has more already.
 */
int p2m_set_table_limit(struct domain *d, uint64_t tables);
uint64_t p2m_get_table_limit(const struct domain *d);

/* The top table, for nested CR3 or the EPT pointer. */
paddr_t p2m_root(struct domain *d);

#endif
