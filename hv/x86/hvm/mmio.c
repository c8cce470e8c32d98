/* SPDX-License-Identifier: MIT */
#include <hv/log.h>

#include "x86/hvm/hvm.h"
#include "x86/hvm/mmio.h"

bool mmio_handle(struct vcpu *v, paddr_t gpa, bool write)
{
    return false;
}

void mmio_unclaimed(struct vcpu *v, paddr_t gpa, bool write)
{
    domain_crash(v->domain, "vCPU %u %s %#lx, where nothing is, at %#lx", v->id,
                 write ? "writes to" : "reads from", gpa, v->arch->rip);
}
