/* SPDX-License-Identifier: MIT */
/* The host's IO-APICs (82093AA data sheet), by global system interrupt (GSI). */
#ifndef X86_CPU_IOAPIC_H
#define X86_CPU_IOAPIC_H

#include <hv/types.h>

/* What a redirection entry says. */
struct ioapic_route {
    uint8_t vector;
    uint32_t apic_id; /* of the CPU that is to get it; physical */
    bool level, active_low, masked;
};

/* Boot: maps all that ACPI lists, and masks every line. */
void ioapic_init(void);
/* The number of lines of the @n-th IO-APIC of acpi_host; 0: it does not answer. */
unsigned int ioapic_pins(unsigned int n);
bool ioapic_has_gsi(uint32_t gsi);
/* Is one of their pages at @pa? */
bool ioapic_is_at(paddr_t pa);

/* Each takes a lock of order LOCK_IRQ_DESC; nothing happens where there is no such line. */
void ioapic_set_route(uint32_t gsi, const struct ioapic_route *r);
void ioapic_set_mask(uint32_t gsi, bool masked);

#endif
