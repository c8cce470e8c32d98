/* SPDX-License-Identifier: MIT */
/* Device registers in a guest's physical address space, emulated. */
#ifndef X86_HVM_MMIO_H
#define X86_HVM_MMIO_H

#include "x86/x86.h"

/*
 * Accesses are of 1, 2, 4 or 8 bytes, of any alignment, within one page. They
 * come from the vCPU that runs, with no lock held.
 */
struct mmio_device {
    bool (*match)(struct vcpu *v, paddr_t gpa);
    uint64_t (*read)(struct vcpu *v, paddr_t gpa, unsigned int size);
    void (*write)(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t value);
};

/*
 * Emulates the access at @gpa if a device of the hypervisor's is there (local
 * APIC, IO-APIC, PCI configuration, MSI-X tables). False: none is.
 */
bool mmio_handle(struct vcpu *v, paddr_t gpa, bool write);
/* Nothing is there: reads give all ones, writes are lost, as on a bus. */
void mmio_unclaimed(struct vcpu *v, paddr_t gpa, bool write);

/* The machine's own registers at @pa are the hypervisor's: dom0 must not reach them. */
bool mmio_is_reserved(paddr_t pa);

#endif
