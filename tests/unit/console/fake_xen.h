/* SPDX-License-Identifier: MIT */
/*
 * A console/xen.h without a hypervisor, and the guests' side of their rings. Self-checking: a page
 * that isn't unmapped, a port that isn't unbound and a call with one that isn't ours fail the test.
 */
#ifndef CONSOLE_FAKE_XEN_H
#define CONSOLE_FAKE_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_GUESTS 8u

/* Gives every guest an empty ring. */
void fake_xen_reset(void);

/* Empties one guest's ring, as for a new domain. */
void fake_xen_new_domain(uint32_t domid);

/* Lets mapping guests' rings fail with that (negative errno), or work (0). */
void fake_xen_fail_map(int err);

/* The domain writes what fits into its ring, without or with a notification. */
size_t fake_guest_put(uint32_t domid, const char *buf, size_t length);
size_t fake_guest_write(uint32_t domid, const char *buf, size_t length);
/* The same with all of a text. */
void fake_guest_say(uint32_t domid, const char *text);

/* Reads what is for the domain. */
size_t fake_guest_read(uint32_t domid, char *buf, size_t size);

/* Writes the ring's indexes of the guest's side as they never should be. */
void fake_guest_corrupt(uint32_t domid, uint32_t out_prod, uint32_t in_cons);

void fake_guest_notify(uint32_t domid);

/* How often the domain was notified. */
unsigned int fake_guest_notified(uint32_t domid);

/* Bytes in the ring that consoled hasn't taken. */
size_t fake_guest_pending(uint32_t domid);

bool fake_is_mapped(uint32_t domid);

#endif
