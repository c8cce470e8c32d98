/* SPDX-License-Identifier: MIT */
/*
 * The 2-level interface: one pending and one mask bit for each port in the shared
 * info page, and in each vCPU's vcpu_info a selector word of which each bit stands
 * for one word of pending bits (<xen/xen.h>, struct shared_info).
 *
 * The two layouts differ in the width of these words only. A bit's byte is the
 * same in both, since x86 and Arm are little-endian.
 */
#include <hv/arch.h>
#include "event_internal.h"

/* The 32-bit layout, which the headers describe for 32-bit compilers only. */
#define COMPAT_BITMAP_BYTES (32 * sizeof(uint32_t))
#define COMPAT_SEL_OFFSET   4

static inline void *pending_map(const struct domain *d)
{
    return d->shared_info->evtchn_pending;
}

static inline void *mask_map(const struct domain *d)
{
    if (unlikely(d->is_32bit))
        return (char *)d->shared_info->evtchn_pending + COMPAT_BITMAP_BYTES;
    return d->shared_info->evtchn_mask;
}

/* Sets the selector's bit for @port; its old value. */
static inline bool select_port(struct vcpu *v, evtchn_port_t port)
{
    struct vcpu_info *info = ACCESS_ONCE(v->vcpu_info);
    uint32_t *compat_sel = (uint32_t *)((char *)info + COMPAT_SEL_OFFSET);

    if (unlikely(v->domain->is_32bit)) {
        /* Ports from before a change of layout may be too high: no harm. */
        unsigned int bit = port / 32 % 32;

        return atomic_or(compat_sel, 1u << bit) >> bit & 1;
    }
    return bit_test_and_set(&info->evtchn_pending_sel, port / 64);
}

static unsigned int two_level_max_ports(const struct domain *d)
{
    return d->is_32bit ? 32 * 32 : 64 * 64;
}

static void two_level_set_pending(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    struct vcpu *v = d->vcpu[atomic_read(&chn->notify_vcpu)];

    if (bit_test_and_set(pending_map(d), port))
        return;
    if (!bit_test(mask_map(d), port) && !select_port(v, port))
        evtchn_notify_vcpu(v);
    evtchn_wake_pollers(d, port);
}

static void two_level_clear_pending(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    bit_test_and_clear(pending_map(d), port);
}

static void two_level_unmask(struct domain *d, struct evtchn *chn, evtchn_port_t port)
{
    struct vcpu *v = d->vcpu[atomic_read(&chn->notify_vcpu)];

    if (bit_test_and_clear(mask_map(d), port) && bit_test(pending_map(d), port) &&
        !select_port(v, port))
        evtchn_notify_vcpu(v);
}

static bool two_level_is_pending(struct domain *d, const struct evtchn *chn, evtchn_port_t port)
{
    return bit_test(pending_map(d), port);
}

static bool two_level_is_busy(struct domain *d, evtchn_port_t port)
{
    return false;
}

void evtchn_2level_export_pending(struct domain *d)
{
    unsigned int ports = two_level_max_ports(d);

    for (evtchn_port_t port = 1; port < ports; port++) {
        struct evtchn *chn = evtchn_lookup(d, port);

        if (!chn)
            port |= PORTS_PER_BUCKET - 1; /* none of this bucket */
        else if (bit_test(pending_map(d), port))
            atomic_set(&chn->pending, 1);
    }
}

const struct evtchn_ops evtchn_2level_ops = {
    .max_ports = two_level_max_ports,
    .set_pending = two_level_set_pending,
    .clear_pending = two_level_clear_pending,
    .unmask = two_level_unmask,
    .is_pending = two_level_is_pending,
    .is_busy = two_level_is_busy,
};
