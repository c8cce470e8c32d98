/* SPDX-License-Identifier: MIT */
/*
 * Entries of VT-d's interrupt remapping table whose interrupts are posted (VT-d 9.11): into the
 * posted-interrupt descriptor (vmx/posted.h) of one vCPU, by its virtual vector. Linked to its
 * unit test only, until the IOMMU is driven.
 */
#ifndef X86_IOMMU_VTD_IRTE_H
#define X86_IOMMU_VTD_IRTE_H

#include <hv/types.h>

struct vtd_irte {
    uint64_t low, high;
} __aligned(16);

/*
 * @descriptor: its physical address, 64-byte aligned. @source: the device's bus, device and
 * function, all of which must match. @urgent: notices are sent though they are suppressed.
 */
struct vtd_irte vtd_irte_posted(paddr_t descriptor, uint8_t vector, bool urgent, uint16_t source);

#endif
