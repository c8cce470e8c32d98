/* SPDX-License-Identifier: MIT */
#include "fake_xen.h"

#include <string.h>

#include "ctl/stored/xen.h"

struct fake_domain fake_domain[FAKE_DOMAINS];
void (*fake_notified)(uint16_t domid);

void fake_xen_reset(void)
{
    memset(fake_domain, 0, sizeof(fake_domain));
    for (unsigned int i = 0; i < FAKE_DOMAINS; i++) {
        fake_domain[i].exists = true;
    }
}

int xen_map_local_ring(struct xen_ring *ring, uint32_t *port)
{
    *port = 1;
    return xen_map_ring(0, ring);
}

int xen_map_ring(uint16_t domid, struct xen_ring *ring)
{
    if (domid >= FAKE_DOMAINS || !fake_domain[domid].exists || fake_domain[domid].refuse_map) {
        return -EINVAL;
    }
    fake_domain[domid].maps++;
    ring->page = &fake_domain[domid].page.ring;
    ring->index = domid;
    return 0;
}

void xen_unmap_ring(struct xen_ring *ring)
{
    fake_domain[ring->index].maps--;
}

int xen_bind_port(uint16_t domid, uint32_t remote, uint32_t *local)
{
    fake_domain[domid].binds++;
    *local = FAKE_PORT(domid);
    return 0;
}

void xen_unbind_port(uint32_t local)
{
    fake_domain[local - FAKE_PORT(0)].binds--;
}

int xen_notify_port(uint32_t local)
{
    fake_domain[local - FAKE_PORT(0)].notified++;
    if (fake_notified) {
        fake_notified((uint16_t)(local - FAKE_PORT(0)));
    }
    return 0;
}

int xen_domain_state(uint16_t domid, struct xen_domain_state *state)
{
    if (domid >= FAKE_DOMAINS || !fake_domain[domid].exists) {
        return -ESRCH;
    }
    state->dying = fake_domain[domid].dying;
    state->shutdown = fake_domain[domid].shutdown;
    return 0;
}
