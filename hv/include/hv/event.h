/* SPDX-License-Identifier: MIT */
/*
 * Event channels (<xen/event_channel.h>): ports, their binding, and the two ways
 * (2-level bitmaps, FIFO queues) in which pending ones are shown to a guest.
 */
#ifndef HV_EVENT_H
#define HV_EVENT_H

#include <hv/domain.h>

/* Ports above @max_port are refused (domctl createdomain's max_evtchn_port). */
int evtchn_domain_init(struct domain *d, evtchn_port_t max_port);
/* Closes every port, in bounded steps: -ERESTART until done. */
int evtchn_domain_destroy(struct domain *d);
/* Frees the structures, after destroy, with the domain itself. */
void evtchn_domain_free(struct domain *d);
void evtchn_vcpu_free(struct vcpu *v);

int do_event_channel_op(int cmd, XEN_GUEST_HANDLE(void) arg);

/* EVTCHNOP_send of the calling domain, without the copy of its argument. */
int evtchn_send(struct domain *d, evtchn_port_t port);

/* The hypervisor's own events. Nothing happens when the guest has not bound the VIRQ. */
void send_vcpu_virq(struct vcpu *v, unsigned int virq);
void send_global_virq(struct domain *d, unsigned int virq); /* bound on any vCPU */
/* VIRQs that are the host's (console, domain exceptions...): to the domain that handles them. */
void send_host_virq(unsigned int virq);

/* XEN_DOMCTL_set_virq_handler: a host-wide VIRQ goes to @d from now on. -EINVAL: not one. */
int evtchn_set_virq_handler(struct domain *d, unsigned int virq);

/* A port between @d and a remote domain's event, allocated by the control interface. */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, evtchn_port_t *port);
/* Is @port of @d one that SCHEDOP_poll may wait on, and is it pending? -EINVAL if not valid. */
int evtchn_port_is_pending(struct domain *d, evtchn_port_t port);
/*
 * SCHEDOP_poll: between the two, an event on @port (0: on any) unblocks @v. Begin,
 * then look at the ports, then block. Either may be called again to no effect.
 */
void evtchn_poll_begin(struct vcpu *v, evtchn_port_t port);
void evtchn_poll_end(struct vcpu *v);
/* VCPUOP_register_vcpu_info moved v->vcpu_info: raise what may have been missed. */
void evtchn_vcpu_info_moved(struct vcpu *v);
/* The pages that its events are written to are dirty: part of domain_mark_held. */
void evtchn_mark_held(struct domain *d);
/* SHUTDOWN_soft_reset or kexec: EVTCHNOP_reset of everything. */
int evtchn_reset(struct domain *d);

/* Asked before a guest is entered: is there an unmasked upcall for @v? */
static inline bool vcpu_event_pending(const struct vcpu *v)
{
    return ACCESS_ONCE(v->vcpu_info->evtchn_upcall_pending) != 0;
}

#endif
