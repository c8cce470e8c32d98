/* SPDX-License-Identifier: MIT */
/*
 * dom0 reads the host's ACPI tables where they are. What it gets of its own is a
 * list of tables that leaves out what describes hardware it does not own, and a
 * MADT of its vCPUs (ACPI 6.4, 5.2.5 to 5.2.12).
 */
#include <hv/acpi_madt.h>
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/boot/dom0.h"

#define LAPIC_PADDR 0xfee00000u

#define RSDP_SPACE  64 /* tables start at multiples of 16 */

struct writer {
    uint8_t *base;
    size_t size, used;
    bool full;
};

/* Memory in the output, zeroed; NULL when it doesn't fit. */
static void *__init put(struct writer *w, const void *data, size_t len)
{
    void *p = w->base + w->used;

    if (len > w->size - w->used) {
        w->full = true;
        return NULL;
    }
    w->used += len;
    memcpy(p, data, len);
    return p;
}

/* Length and checksum of the table that starts at @start and ends here. */
static void __init finish(struct writer *w, size_t start)
{
    struct acpi_header *h = (struct acpi_header *)(w->base + start);

    if (w->full)
        return;
    h->length = w->used - start;
    h->checksum = 0;
    h->checksum = -acpi_sum(h, h->length);
}

static struct acpi_header __init own_header(const char *signature, uint8_t revision)
{
    struct acpi_header h = { .revision = revision, .oem_revision = 1, .creator_revision = 1 };

    memcpy(h.signature, signature, 4);
    memcpy(h.oem_id, "PANDO ", 6);
    memcpy(h.oem_table_id, "PANDO   ", 8);
    memcpy(&h.creator_id, "PNDO", 4);
    return h;
}

static void __init put_madt(struct writer *w, unsigned int vcpus)
{
    struct madt_head head = { own_header("APIC", 4), LAPIC_PADDR, 0 /* no 8259s */ };
    size_t start = w->used;

    put(w, &head, sizeof(head));
    for (unsigned int i = 0; i < vcpus; i++) {
        struct madt_lapic e = { .type = MADT_LAPIC,
                                .length = sizeof(e),
                                .uid = i,
                                .apic_id = 2 * i,
                                .flags = LAPIC_ENABLED };

        put(w, &e, sizeof(e));
    }
    for (unsigned int i = 0; i < acpi_host.nr_ioapics; i++) {
        const struct acpi_ioapic *a = &acpi_host.ioapic[i];
        struct madt_ioapic e = { .type = MADT_IOAPIC,
                                 .length = sizeof(e),
                                 .id = a->id,
                                 .address = a->paddr,
                                 .gsi_base = a->gsi_base };

        put(w, &e, sizeof(e));
    }
    for (unsigned int i = 0; i < acpi_host.nr_overrides; i++) {
        const struct acpi_irq_override *o = &acpi_host.override[i];
        struct madt_override e = { .type = MADT_OVERRIDE,
                                   .length = sizeof(e),
                                   .source = o->source,
                                   .gsi = o->gsi,
                                   .flags = o->polarity | o->trigger << 2 };

        put(w, &e, sizeof(e));
    }
    finish(w, start);
}

/*
 * CPUs, memory and their distances (its vCPUs and memory are others), IOMMUs,
 * the HPET and watchdogs are the hypervisor's.
 */
static bool __init is_hidden(const struct acpi_table *t)
{
    static const char hidden[][5] = { "APIC", "SRAT", "SLIT", "HMAT", "MSCT", "MPST", "PMTT",
                                      "DMAR", "IVRS", "HPET", "WDAT", "WDRT", "XSDT", "RSDT" };

    for (unsigned int i = 0; i < ARRAY_SIZE(hidden); i++)
        if (!memcmp(t->header->signature, hidden[i], 4))
            return true;
    return false;
}

static void __init put_xsdt(struct writer *w, uint64_t madt)
{
    struct acpi_header h = own_header("XSDT", 1);
    size_t start = w->used;

    put(w, &h, sizeof(h));
    put(w, &madt, sizeof(madt));
    for (unsigned int i = 0; i < acpi_host.nr_tables; i++)
        if (!is_hidden(&acpi_host.table[i]))
            put(w, &(uint64_t){ acpi_host.table[i].paddr }, sizeof(uint64_t));
    finish(w, start);
}

static void __init put_rsdp(struct writer *w, paddr_t xsdt)
{
    struct acpi_rsdp r = { .revision = 2, .length = sizeof(r), .xsdt = xsdt };

    memcpy(r.signature, "RSD PTR ", 8);
    memcpy(r.oem_id, "PANDO ", 6);
    r.checksum = -acpi_sum(&r, 20);
    r.extended_checksum = -acpi_sum(&r, sizeof(r));
    memcpy(w->base, &r, sizeof(r));
}

long __init dom0_acpi_build(void *dst, size_t size, paddr_t at, unsigned int vcpus)
{
    struct writer w = { .base = dst, .size = size, .used = RSDP_SPACE };
    paddr_t madt = at + RSDP_SPACE, xsdt;

    if (size < RSDP_SPACE)
        return -ENOSPC;
    memset(dst, 0, size);
    put_madt(&w, vcpus);
    w.used = min(ROUND_UP(w.used, 16), w.size);
    xsdt = at + w.used;
    put_xsdt(&w, madt);
    if (w.full)
        return -ENOSPC;
    put_rsdp(&w, xsdt);
    return w.used;
}
