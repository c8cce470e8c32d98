/* SPDX-License-Identifier: MIT */
/* Time as a guest sees it: vcpu_time_info, wallclock, runstate (<xen/xen.h>, <xen/vcpu.h>). */
#include <hv/arch.h>
#include <hv/guest_copy.h>
#include <hv/page_alloc.h>
#include <hv/timer.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"

/* Odd versions tell the guest that an update is under way. */
static void write_time(struct vcpu_time_info *t, const struct vcpu *v)
{
    atomic_set_release(&t->version, t->version | 1);
    smp_wmb();
    t->tsc_timestamp = tsc_origin + v->arch->tsc_offset;
    t->system_time = 0;
    t->tsc_to_system_mul = tsc_to_ns_mul;
    t->tsc_shift = tsc_to_ns_shift;
    t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
    smp_wmb();
    atomic_set_release(&t->version, t->version + 1);
}

/*
 * The scale never changes and the TSC is the host's own, so once is enough:
 * whenever the place changes.
 */
void arch_vcpu_time_update(struct vcpu *v)
{
    struct vcpu_time_info copy = { 0 };

    write_time(&v->vcpu_info->time, v);
    if (v->time_info_guest && v == current) {
        write_time(&copy, v);
        if (copy_to_guest_va(v->time_info_guest, &copy, sizeof(copy)))
            v->time_info_guest = 0;
    }
}

void hvm_wallclock_update(struct domain *d)
{
    struct page_info *pg = ACCESS_ONCE(d->shared_info_page);
    struct shared_info *s;
    uint64_t ns = wallclock_boot_ns, seconds = ns / NS_PER_SEC + (uint64_t)d->time_offset;

    /* A domain that is being destroyed may give its page back at any moment. */
    if (!pg || !page_get(pg, d))
        return;
    s = page_to_virt(pg);
    s->wc_version |= 1;
    smp_wmb();
    s->wc_sec = (uint32_t)seconds;
    s->wc_sec_hi = (uint32_t)(seconds >> 32);
    s->wc_nsec = (uint32_t)(ns % NS_PER_SEC);
    smp_wmb();
    s->wc_version++;
    page_put(pg);
}

void arch_vcpu_runstate_update(struct vcpu *v)
{
    if (v->runstate_guest && copy_to_guest_va(v->runstate_guest, &v->runstate, sizeof(v->runstate)))
        v->runstate_guest = 0; /* it is gone; a copy at each switch would fail each time */
}
