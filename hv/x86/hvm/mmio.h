/* SPDX-License-Identifier: MIT */
/* Device registers in a guest's physical address space, emulated. */
#ifndef X86_HVM_MMIO_H
#define X86_HVM_MMIO_H

#include "x86/x86.h"

/*
 * Emulates the access at @gpa if a device of the hypervisor's is there (local
 * APIC, IO-APIC, PCI configuration, MSI-X tables). False: none is.
 */
bool mmio_handle(struct vcpu *v, paddr_t gpa, bool write);
/* Nothing is there: reads give all ones, writes are lost, as on a bus. */
void mmio_unclaimed(struct vcpu *v, paddr_t gpa, bool write);

#endif
