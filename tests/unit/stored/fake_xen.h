/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor with a few domains, behind xen.h. Ring pages outlive the daemon under test.
 */
#ifndef FAKE_XEN_H
#define FAKE_XEN_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#define FAKE_DOMAINS 8

struct fake_domain {
    bool exists, dying, shutdown;
    bool refuse_map;
    unsigned int maps, binds; /* as they are now */
    unsigned int notified;    /* by the daemon, so often */
    union {
        struct xenstore_domain_interface ring;
        char bytes[4096];
    } page;
};
extern struct fake_domain fake_domain[FAKE_DOMAINS];

/* Called, if set, when the daemon notifies a domain. */
extern void (*fake_notified)(uint16_t domid);

/* All domains exist, with empty rings. */
void fake_xen_reset(void);

#define FAKE_PORT(domid) (100u + (domid))

#endif
