/* SPDX-License-Identifier: MIT */
/* Access to a VMCS: by VMREAD and VMWRITE, of the one that is current on the CPU (SDM 3, 25.1). */
#include <hv/atomic.h>

#include "x86/vmx/vmx.h"

void vmcs_load(struct vmx_vcpu *s)
{
    __asm__ __volatile__("vmptrld %0" : : "m"(s->vmcs_paddr) : "cc", "memory");
}

void vmcs_unload(struct vmx_vcpu *s)
{
    __asm__ __volatile__("vmclear %0" : : "m"(s->vmcs_paddr) : "cc", "memory");
    s->launched = false;
}

/*
 * A vCPU's VMCS is on a CPU only as long as the vCPU runs there (switch_in, switch_out), so for
 * one that does not run any CPU may fetch it; two at once may not.
 */
void vmcs_borrow(struct vmx_vcpu *s)
{
    while (atomic_xchg(&s->access, true))
        cpu_pause();
    vmcs_load(s);
}

void vmcs_give_back(struct vmx_vcpu *s)
{
    struct vcpu *mine = current;

    vmcs_unload(s);
    atomic_set_release(&s->access, false);
    if (mine)
        vmcs_load(vmx_of(mine));
}

uint64_t vmx_read_absent(struct vcpu *v, uint64_t field)
{
    struct vmx_vcpu *s = vmx_of(v);
    uint64_t value;

    vmcs_borrow(s);
    value = vmread(field);
    vmcs_give_back(s);
    return value;
}

void vmx_write_absent(struct vcpu *v, uint64_t field, uint64_t value)
{
    struct vmx_vcpu *s = vmx_of(v);

    vmcs_borrow(s);
    vmwrite(field, value);
    vmcs_give_back(s);
}
