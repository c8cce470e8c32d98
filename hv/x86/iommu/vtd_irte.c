/* SPDX-License-Identifier: MIT */
#include "x86/iommu/vtd_irte.h"

#define IRTE_PRESENT       (1UL << 0)
#define IRTE_URGENT        (1UL << 14)
#define IRTE_POSTED        (1UL << 15)
#define IRTE_VECTOR_SHIFT  16
#define IRTE_ADDRESS_LOW   (0xffffffc0UL << 32) /* in place: bits 31 to 6 of the address */
#define IRTE_VERIFY_SOURCE (1UL << 18)          /* all of its 16 bits */
#define IRTE_ADDRESS_HIGH  0xffffffff00000000UL

struct vtd_irte vtd_irte_posted(paddr_t descriptor, uint8_t vector, bool urgent, uint16_t source)
{
    return (struct vtd_irte){
        .low = IRTE_PRESENT | IRTE_POSTED | (urgent ? IRTE_URGENT : 0) |
               (uint64_t)vector << IRTE_VECTOR_SHIFT | (descriptor << 32 & IRTE_ADDRESS_LOW),
        .high = source | IRTE_VERIFY_SOURCE | (descriptor & IRTE_ADDRESS_HIGH),
    };
}
