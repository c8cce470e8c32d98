/* SPDX-License-Identifier: MIT */
/*
 * What stored needs from the hypervisor, through the devices of dom0's kernel (/dev/xen/evtchn,
 * gntdev, privcmd, hypercall; /proc/xen/xsd_*). Functions return 0 or a negative errno.
 */
#ifndef STORED_XEN_H
#define STORED_XEN_H

#include <stdbool.h>
#include <stdint.h>

struct xenstore_domain_interface;

/* A mapped ring page. */
struct xen_ring {
    struct xenstore_domain_interface *page;
    uint64_t index; /* gntdev's handle, or XEN_RING_LOCAL */
};
#define XEN_RING_LOCAL UINT64_MAX

struct xen_domain_state {
    bool dying;
    bool shutdown;
};

/* Opens the devices; says in the log which one failed. */
int xen_open(void);

/* To be polled for input. */
int xen_event_fd(void);

/*
 * The next port that has fired; -EAGAIN if there is none; -EOVERFLOW if some were lost. It may fire
 * again at once, so look at what it stands for afterwards.
 */
int xen_next_event(uint32_t *port);

/* The ring that dom0's kernel has set up for itself, and its port. */
int xen_map_local_ring(struct xen_ring *ring, uint32_t *port);

/* A guest's, by its grant GNTTAB_RESERVED_XENSTORE. */
int xen_map_ring(uint16_t domid, struct xen_ring *ring);
void xen_unmap_ring(struct xen_ring *ring);

int xen_bind_port(uint16_t domid, uint32_t remote, uint32_t *local);
int xen_bind_dom_exc(uint32_t *local);
void xen_unbind_port(uint32_t local);
int xen_notify_port(uint32_t local);

/* -ESRCH: there is no such domain. */
int xen_domain_state(uint16_t domid, struct xen_domain_state *state);

#endif
