/* SPDX-License-Identifier: MIT */
#include <hv/arch.h>
#include <hv/domain_info.h>
#include <hv/string.h>

static uint32_t state_flags(struct domain *d)
{
    struct vcpu *v;
    bool running = false, all_blocked = true;
    uint32_t flags;

    for_each_vcpu(d, v) {
        if (atomic_read(&v->pause_flags) & VPF_DOWN)
            continue;
        running |= v->is_running;
        all_blocked &= v->runstate.state == RUNSTATE_blocked;
    }
    flags = (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
            (d->is_shut_down ? XEN_DOMINF_shutdown : 0) |
            (d->controller_pauses ? XEN_DOMINF_paused : 0) | (running ? XEN_DOMINF_running : 0) |
            (all_blocked && !running ? XEN_DOMINF_blocked : 0) |
            (d->is_hvm ? XEN_DOMINF_hvm_guest | XEN_DOMINF_hap : 0) |
            (d->create_flags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMINF_xs_domain : 0);
    return flags | (d->shutdown_code & XEN_DOMINF_shutdownmask) << XEN_DOMINF_shutdownshift;
}

void domain_get_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    struct vcpu_runstate_info r;
    struct vcpu *v;

    *info = (struct xen_domctl_getdomaininfo){
        .domain = d->domid,
        .flags = state_flags(d),
        .tot_pages = atomic_read(&d->tot_pages),
        .max_pages = d->max_pages,
        .outstanding_pages = d->outstanding_pages,
        .shared_info_frame = ~0UL, /* where the guest has mapped it is its own business */
        .max_vcpu_id = XEN_INVALID_MAX_VCPU_ID,
        .ssidref = d->ssidref,
        .gpaddr_bits = (uint8_t)arch_domain_paddr_bits(d),
        .arch_config.emulation_flags = d->emulation_flags,
    };
    memcpy(info->handle, d->handle, sizeof(info->handle));
    for_each_vcpu(d, v) {
        vcpu_runstate_get(v, &r);
        info->cpu_time += r.time[RUNSTATE_running];
        info->max_vcpu_id = v->id;
        if (!(atomic_read(&v->pause_flags) & VPF_DOWN))
            info->nr_online_vcpus++;
    }
}
