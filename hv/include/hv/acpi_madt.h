/* SPDX-License-Identifier: MIT */
/* Multiple APIC Description Table (ACPI 6.4, 5.2.12): the host's, and the one made for dom0. */
#ifndef HV_ACPI_MADT_H
#define HV_ACPI_MADT_H

#include <hv/acpi.h>

/* Behind the header: the local APICs' address. */
struct madt_head {
    struct acpi_header header;
    uint32_t lapic, flags;
} __packed;

#define MADT_FLAG_8259 0x1

enum {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_NMI = 4,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9,
    MADT_X2APIC_NMI = 10,
};

struct madt_lapic {
    uint8_t type, length, uid, apic_id;
    uint32_t flags;
} __packed;

struct madt_ioapic {
    uint8_t type, length, id, reserved;
    uint32_t address, gsi_base;
} __packed;

struct madt_override {
    uint8_t type, length, bus, source;
    uint32_t gsi;
    uint16_t flags;
} __packed;

struct madt_lapic_nmi {
    uint8_t type, length, uid;
    uint16_t flags;
    uint8_t lint;
} __packed;

struct madt_lapic_address {
    uint8_t type, length;
    uint16_t reserved;
    uint64_t address;
} __packed;

struct madt_x2apic {
    uint8_t type, length;
    uint16_t reserved;
    uint32_t apic_id, flags, uid;
} __packed;

struct madt_x2apic_nmi {
    uint8_t type, length;
    uint16_t flags;
    uint32_t uid;
    uint8_t lint, reserved[3];
} __packed;

#define LAPIC_ENABLED        0x1
#define LAPIC_ONLINE_CAPABLE 0x2

#endif
