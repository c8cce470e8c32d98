/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls and foreign memory by /dev/xen/privcmd.
 *
 * Functions return 0 (or a result that is not negative) or a negative errno, the hypervisor's or
 * the kernel's. All may be called from any thread.
 */
#ifndef PANDO_HCALL_H
#define PANDO_HCALL_H

#include "xenabi.h"

#include <stdbool.h>
#include <stddef.h>

struct hcall;

/*
 * Opens the devices. On failure *why (a static string) says in a sentence what is missing.
 */
int hcall_open(struct hcall **hcall, const char **why);
void hcall_close(struct hcall *hcall);

/*
 * Memory that the hypervisor may read and write during a hypercall: zeroed, page-aligned, never
 * paged out or migrated. NULL when out of memory.
 */
void *hcall_alloc(struct hcall *hcall, size_t size);
void hcall_free(struct hcall *hcall, void *buf, size_t size);

/* Each copies *op into safe memory and back. Buffers that *op points to come from hcall_alloc(). */
int hcall_domctl(struct hcall *hcall, struct xen_domctl *op);
int hcall_sysctl(struct hcall *hcall, struct xen_sysctl *op);
long hcall_memory(struct hcall *hcall, unsigned int cmd, void *arg, size_t size);
int hcall_event(struct hcall *hcall, unsigned int cmd, void *arg, size_t size);
/* One argument; its own status is to be looked at, too. */
int hcall_grant(struct hcall *hcall, unsigned int cmd, void *arg, size_t size);
/* The result of xen_version is a number for XENVER_version; @arg may be NULL. */
long hcall_version(struct hcall *hcall, unsigned int cmd, void *arg, size_t size);

/* A domctl without arguments: pause, unpause, destroy. */
int hcall_domctl_simple(struct hcall *hcall, uint32_t cmd, uint32_t domid);

int hcall_param_set(struct hcall *hcall, uint32_t domid, uint32_t param, uint64_t value);
int hcall_param_get(struct hcall *hcall, uint32_t domid, uint32_t param, uint64_t *value);

/* An event channel of @domid that domain @remote may bind to. */
int hcall_evtchn_alloc(struct hcall *hcall, uint32_t domid, uint32_t remote, uint32_t *port);

/*
 * Gives memory to a domain: @count extents of 2^@order pages at the frames @gfns, with XENMEMF_
 * flags. Returns how many were given, which may be fewer, or a negative errno if none.
 */
long hcall_populate(struct hcall *hcall, uint32_t domid, const uint64_t *gfns, size_t count,
                    unsigned int order, unsigned int flags);

/* Bytes to be copied to a page that a domain has granted: @offset + @length is within it. */
struct hcall_copy {
    uint32_t ref;
    uint16_t offset, length;
    const void *from;
};

/* Copies by /dev/xen/gntdev, -ENOENT without that. An error may leave a part copied. */
int hcall_grant_copy(struct hcall *hcall, uint32_t domid, const struct hcall_copy *list,
                     size_t count);

/* Maps frames of a resource (XENMEM_resource_*) of a domain; unmap with hcall_unmap(). */
int hcall_map_resource(struct hcall *hcall, uint32_t domid, uint32_t type, uint32_t id,
                       uint32_t frame, size_t count, void **address);
void hcall_unmap(void *address, size_t count);

/* Information on domains from @first on, at most @max: returns how many there were. */
int hcall_domain_list(struct hcall *hcall, uint32_t first, struct xen_domctl_getdomaininfo *list,
                      size_t max);

/* One domain; -ESRCH if there is none with just that id. */
int hcall_domain_info(struct hcall *hcall, uint32_t domid, struct xen_domctl_getdomaininfo *info);

/*
 * How many frames of a domain are in each node of the host, for the first *count nodes; *count
 * becomes how many the host has. -ENOSYS from hypervisors other than Pando.
 */
int hcall_domain_nodes(struct hcall *hcall, uint32_t domid, uint64_t *frames, size_t *count);

/*
 * What all vCPUs have done, in the order of domains and vCPUs; *list is to be freed. -ENOSYS from
 * hypervisors other than Pando.
 */
struct pando_vcpu_times;
int hcall_vcpu_times(struct hcall *hcall, struct pando_vcpu_times **list, size_t *count);

#endif
