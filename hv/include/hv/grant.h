/* SPDX-License-Identifier: MIT */
/* Grant tables (<xen/grant_table.h>), versions 1 and 2. */
#ifndef HV_GRANT_H
#define HV_GRANT_H

#include <hv/domain.h>
#include <hv/p2m.h>

/* Limits in frames; -1 asks for the default (64 and 1024). @max_version: 1 or 2. */
int grant_domain_init(struct domain *d, int max_frames, int max_maptrack_frames,
                      unsigned int max_version);
/* Unmaps what @d has mapped of others, in bounded steps: -ERESTART until done. */
int grant_domain_release_mappings(struct domain *d);
/* Gives the table's frames back, after p2m_teardown: they count as the domain's. */
void grant_domain_release_frames(struct domain *d);
/* Frees the table, with the domain itself. Mappings by others hold the domain alive. */
void grant_domain_free(struct domain *d);

int do_grant_table_op(unsigned int cmd, XEN_GUEST_HANDLE(void) uop, unsigned int count);

/*
 * The frame of the shared table (or, @status, of version 2's status array) with
 * index @idx, growing the table if need be, for XENMEM_add_to_physmap and
 * acquire_resource. The caller takes its own reference. -EINVAL, -ENOMEM.
 */
int grant_table_frame(struct domain *d, unsigned int idx, bool status, mfn_t *m);
/* How many of them there can be at the most. */
unsigned int grant_table_max_frames(const struct domain *d, bool status);

#endif
