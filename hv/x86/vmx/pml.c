/* SPDX-License-Identifier: MIT */
/*
 * Page-modification logging (SDM 3, 29.3.6): the CPU writes the guest-physical address of each
 * access that sets an EPT entry's dirty flag into a page of the vCPU's, from its end to its start,
 * and exits when that is full. What is logged is told at each exit.
 */
#include <hv/arch.h>
#include <hv/atomic.h>
#include <hv/errno.h>
#include <hv/p2m.h>

#include "x86/vmx/vmx.h"

#define PML_ENTRIES 512u

static void free_pages(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        vmx_log_free(v);
}

int vmx_log_start(struct domain *d)
{
    struct vcpu *v;

    if (!vmx_caps.pml)
        return -EOPNOTSUPP;
    for_each_vcpu(d, v) {
        vmx_of(v)->pml = hv_alloc_pages(0, ALLOC_NO_SCRUB);
        if (!vmx_of(v)->pml) {
            free_pages(d);
            return -ENOMEM;
        }
    }
    atomic_set_release(&d->arch->log_by_cpu, true);
    return 0;
}

/* No CPU is in the guest with the log on when the flush is over; each vCPU's next entry is without.
 */
void vmx_log_stop(struct domain *d)
{
    atomic_set_release(&d->arch->log_by_cpu, false);
    arch_p2m_flush(d);
    free_pages(d);
}

void vmx_log_free(struct vcpu *v)
{
    if (vmx_of(v)->pml)
        hv_free_pages(vmx_of(v)->pml, 0);
    vmx_of(v)->pml = NULL;
}

void vmx_log_follow(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);
    uint64_t *to = atomic_read_acquire(&v->domain->arch->log_by_cpu) ? s->pml : NULL;
    uint64_t eptp = vmread(VMCS_EPT_POINTER) & ~(uint64_t)EPTP_AD;

    if (likely(to == s->pml_now))
        return;
    s->pml_now = to;
    if (to) {
        vmwrite(VMCS_PML_ADDRESS, virt_to_paddr(to));
        vmwrite(VMCS_PML_INDEX, PML_ENTRIES - 1);
        s->secondary |= SEC_PML;
    } else {
        s->secondary &= ~SEC_PML;
    }
    vmwrite(VMCS_SECONDARY_CONTROLS, s->secondary);
    vmwrite(VMCS_EPT_POINTER, to ? eptp | EPTP_AD : eptp);
}

void vmx_log_drain(struct vcpu *v)
{
    const uint64_t *log = vmx_of(v)->pml_now;
    uint64_t index = vmread(VMCS_PML_INDEX); /* of the next entry; behind the last: 0xffff */

    if (likely(index == PML_ENTRIES - 1))
        return;
    for (uint64_t i = index < PML_ENTRIES ? index + 1 : 0; i < PML_ENTRIES; i++)
        p2m_mark_dirty(v->domain, gfn(PFN_DOWN(log[i])));
    vmwrite(VMCS_PML_INDEX, PML_ENTRIES - 1);
}
