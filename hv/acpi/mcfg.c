/* SPDX-License-Identifier: MIT */
/* Memory mapped configuration space (PCI Firmware Specification 3.3, 4.1.2). */
#include <hv/acpi.h>
#include <hv/log.h>
#include <hv/string.h>

struct mcfg_entry {
    uint64_t address;
    uint16_t segment;
    uint8_t bus_first, bus_last;
    uint32_t reserved;
} __packed;

#define MCFG_ENTRIES (sizeof(struct acpi_header) + 8)

void __init acpi_parse_mcfg(const struct acpi_header *h, uint32_t length)
{
    struct mcfg_entry e;

    for (uint32_t off = MCFG_ENTRIES; length >= off + sizeof(e); off += sizeof(e)) {
        memcpy(&e, (const uint8_t *)h + off, sizeof(e));
        /* 1 MiB a bus; the region of bus 255 must not wrap. */
        if (!e.address || (e.address & 0xfffff) || e.address >> 52 || e.bus_first > e.bus_last) {
            log_warning("acpi: MCFG entry of segment %u is wrong, ignored\n", e.segment);
            continue;
        }
        if (acpi_host.nr_ecams == ACPI_MAX_ECAMS)
            break;
        acpi_host.ecam[acpi_host.nr_ecams++] = (struct acpi_ecam){
            .paddr = e.address,
            .segment = e.segment,
            .bus_first = e.bus_first,
            .bus_last = e.bus_last,
        };
    }
}
