/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables of a PVH guest (ACPI 6.0, hardware-reduced): RSDP, XSDT, FADT, MADT, DSDT, and SRAT
 * and SLIT if it has virtual nodes.
 */
#ifndef PANDO_BUILD_ACPI_H
#define PANDO_BUILD_ACPI_H

#include <stddef.h>
#include <stdint.h>

/* xAPIC ids are twice the vCPU's, and 255 is the broadcast. */
#define ACPI_VCPUS_MAX 128u

struct vnuma; /* build_vnuma.h */

/* Bytes that the tables of @max_vcpus take at the most, with or without virtual nodes. */
size_t acpi_size(unsigned int max_vcpus);

/*
 * Writes the tables to @buf, of acpi_size() bytes, for use at physical address @address, where the
 * RSDP comes first. vCPU n has ACPI processor uid n and APIC id 2n; those from @vcpus on are
 * offline. @vnuma may be NULL. Returns the size.
 */
size_t acpi_build(void *buf, uint64_t address, unsigned int vcpus, unsigned int max_vcpus,
                  const struct vnuma *vnuma);

#endif
