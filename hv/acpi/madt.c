/* SPDX-License-Identifier: MIT */
/* What the host's MADT says of its CPUs and IO-APICs (ACPI 6.4, 5.2.12). */
#include <hv/acpi_madt.h>
#include <hv/log.h>
#include <hv/string.h>

static uint8_t flags_polarity(uint16_t flags)
{
    return flags & 3;
}

static uint8_t flags_trigger(uint16_t flags)
{
    return (flags >> 2) & 3;
}

static void __init add_cpu(uint32_t apic_id, uint32_t uid, uint32_t flags)
{
    if (!(flags & (LAPIC_ENABLED | LAPIC_ONLINE_CAPABLE)))
        return;
    /* A CPU may have an entry of each kind (5.2.12.12). */
    for (unsigned int i = 0; i < acpi_host.nr_cpus; i++)
        if (acpi_host.cpu[i].apic_id == apic_id)
            return;
    if (acpi_host.nr_cpus == MAX_CPUS) {
        log_warning("acpi: CPU with APIC id %u ignored: more than %u\n", apic_id, MAX_CPUS);
        return;
    }
    acpi_host.cpu[acpi_host.nr_cpus++] = (struct acpi_cpu){
        .apic_id = apic_id,
        .acpi_uid = uid,
        .enabled = flags & LAPIC_ENABLED,
        .online_capable = !(flags & LAPIC_ENABLED),
    };
}

static void __init add_ioapic(const struct madt_ioapic *e)
{
    if (acpi_host.nr_ioapics == ACPI_MAX_IOAPICS) {
        log_warning("acpi: IO-APIC %u ignored: more than %u\n", e->id, ACPI_MAX_IOAPICS);
        return;
    }
    acpi_host.ioapic[acpi_host.nr_ioapics++] =
        (struct acpi_ioapic){ .id = e->id, .paddr = e->address, .gsi_base = e->gsi_base };
}

static void __init add_override(const struct madt_override *e)
{
    if (acpi_host.nr_overrides == ACPI_MAX_OVERRIDES)
        return;
    acpi_host.override[acpi_host.nr_overrides++] = (struct acpi_irq_override){
        .source = e->source,
        .gsi = e->gsi,
        .polarity = flags_polarity(e->flags),
        .trigger = flags_trigger(e->flags),
    };
}

static void __init add_nmi(uint32_t uid, uint8_t lint, uint16_t flags)
{
    if (acpi_host.nr_nmis == ACPI_MAX_NMIS)
        return;
    acpi_host.nmi[acpi_host.nr_nmis++] = (struct acpi_lapic_nmi){
        .acpi_uid = uid,
        .lint = lint,
        .polarity = flags_polarity(flags),
        .trigger = flags_trigger(flags),
    };
}

/* @e: an entry of @length bytes, all of them in the table. */
static void __init parse_entry(const uint8_t *e, unsigned int length)
{
    /* Copied, so that a short entry reads as zeros behind its end. */
    union {
        uint8_t raw[32];
        struct madt_lapic lapic;
        struct madt_ioapic ioapic;
        struct madt_override override;
        struct madt_lapic_nmi nmi;
        struct madt_lapic_address address;
        struct madt_x2apic x2apic;
        struct madt_x2apic_nmi x2nmi;
    } u = { .raw = { 0 } };

    memcpy(u.raw, e, min(length, (unsigned int)sizeof(u)));
    switch (u.raw[0]) {
    case MADT_LAPIC:
        if (length >= sizeof(u.lapic) && u.lapic.apic_id != 0xff)
            add_cpu(u.lapic.apic_id, u.lapic.uid, u.lapic.flags);
        break;
    case MADT_IOAPIC:
        if (length >= sizeof(u.ioapic))
            add_ioapic(&u.ioapic);
        break;
    case MADT_OVERRIDE:
        if (length >= sizeof(u.override) && u.override.bus == 0)
            add_override(&u.override);
        break;
    case MADT_LAPIC_NMI:
        if (length >= sizeof(u.nmi))
            add_nmi(u.nmi.uid == 0xff ? ~0u : u.nmi.uid, u.nmi.lint, u.nmi.flags);
        break;
    case MADT_LAPIC_ADDRESS:
        if (length >= sizeof(u.address))
            acpi_host.lapic_paddr = u.address.address;
        break;
    case MADT_X2APIC:
        if (length >= sizeof(u.x2apic))
            add_cpu(u.x2apic.apic_id, u.x2apic.uid, u.x2apic.flags);
        break;
    case MADT_X2APIC_NMI:
        if (length >= sizeof(u.x2nmi))
            add_nmi(u.x2nmi.uid, u.x2nmi.lint, u.x2nmi.flags);
        break;
    }
}

void __init acpi_parse_madt(const struct acpi_header *h, uint32_t length)
{
    const struct madt_head *m = (const struct madt_head *)h;
    uint32_t off = sizeof(*m);

    if (length < sizeof(*m)) {
        log_warning("acpi: MADT is too short (%u bytes)\n", length);
        return;
    }
    acpi_host.has_madt = true;
    acpi_host.lapic_paddr = m->lapic;
    acpi_host.has_8259 = m->flags & MADT_FLAG_8259;
    while (length - off >= 2) {
        const uint8_t *e = (const uint8_t *)h + off;
        unsigned int entry_length = e[1];

        if (entry_length < 2 || entry_length > length - off) {
            log_warning("acpi: MADT entry at %u has length %u, the rest is ignored\n", off,
                        entry_length);
            break;
        }
        parse_entry(e, entry_length);
        off += entry_length;
    }
}
