/* SPDX-License-Identifier: MIT */
/*
 * What consoled needs of the hypervisor, through the kernel's /dev/xen/gntdev and /dev/xen/evtchn.
 * Tests have another implementation of it.
 */
#ifndef CONSOLE_XEN_H
#define CONSOLE_XEN_H

#include <stddef.h>
#include <stdint.h>

struct xen;

/* Opens the devices. 0, or -errno after a report of what failed. */
int xen_open(struct xen **xen);
void xen_close(struct xen *xen);

/*
 * Maps the one page that a guest has granted as its console ring. It stays ours, also when the
 * guest has gone, until it is unmapped; but only then is the guest's memory free.
 */
int xen_map(struct xen *xen, uint32_t domid, uint32_t grant_ref, void **page);
void xen_unmap(struct xen *xen, void *page);

/* Binds a guest's event channel; *port is ours. The guest's end can be bound again after an
 * unbind, or our death. */
int xen_bind(struct xen *xen, uint32_t domid, uint32_t remote_port, uint32_t *port);
void xen_unbind(struct xen *xen, uint32_t port);

void xen_notify(struct xen *xen, uint32_t port);

/* For poll(): readable when an event is there. */
int xen_event_fd(const struct xen *xen);

/*
 * Takes ports that were notified, at most @size; returns how many. They are masked from then on
 * until they are unmasked; a notification meanwhile comes after that. -EOVERFLOW: events have been
 * forgotten, any port may be one that was notified and is masked.
 */
int xen_take_events(struct xen *xen, uint32_t *ports, size_t size);
void xen_unmask(struct xen *xen, uint32_t port);

#endif
