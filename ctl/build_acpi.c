/* SPDX-License-Identifier: MIT */
/* ACPI specification 6.0, chapter 5.2 for the tables, chapter 20 for the DSDT's byte code. */
#include "build_acpi.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "build_vnuma.h"

#define RSDP_SIZE     36u
#define HEADER_SIZE   36u
#define XSDT_SIZE     (HEADER_SIZE + 4 * 8u)
#define FADT_SIZE     276u
#define MADT_FIXED    (HEADER_SIZE + 8u)
#define MADT_LAPIC    8u
#define SRAT_FIXED    (HEADER_SIZE + 12u)
#define SRAT_LAPIC    16u
#define SRAT_MEMORY   40u
#define SRAT_ENABLED  1u
#define SLIT_FIXED    (HEADER_SIZE + 8u)

#define LAPIC_ADDRESS 0xfee00000u

/* FADT: offsets and bits (table 5-34). */
#define FADT_DSDT       40
#define FADT_BOOT_ARCH  109
#define FADT_FLAGS      112
#define FADT_X_DSDT     140
#define BOOT_NO_VGA     (1u << 2)
#define BOOT_NO_RTC     (1u << 5)
#define FLAG_WBINVD     (1u << 0)
#define FLAG_PROC_C1    (1u << 2)
#define FLAG_PWR_BUTTON (1u << 4)
#define FLAG_SLP_BUTTON (1u << 5)
#define FLAG_FIX_RTC    (1u << 6)
#define FLAG_HW_REDUCED (1u << 20)

/* AML opcodes (20.2). */
#define AML_NAME     0x08
#define AML_BYTE     0x0a
#define AML_STRING   0x0d
#define AML_SCOPE    0x10
#define AML_EXT      0x5b
#define AML_EXT_DEV  0x82
#define AML_ROOT     '\\'
#define DEVICE_SIZE  64u /* an upper limit */
#define SCOPE_PREFIX 9u  /* opcode, length, name */

struct writer {
    uint8_t *base;
    size_t at;
};

static void put(struct writer *w, const void *data, size_t size)
{
    memcpy(w->base + w->at, data, size);
    w->at += size;
}

static void put8(struct writer *w, unsigned int value)
{
    w->base[w->at++] = (uint8_t)value;
}

static void set_le(uint8_t *p, uint64_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(value >> 8 * i);
    }
}

static void put_le(struct writer *w, uint64_t value, unsigned int bytes)
{
    set_le(w->base + w->at, value, bytes);
    w->at += bytes;
}

static uint8_t checksum(const uint8_t *p, size_t size)
{
    unsigned int sum = 0;

    while (size--) {
        sum += *p++;
    }
    return (uint8_t)-sum;
}

static size_t align64(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

size_t acpi_size(unsigned int max_vcpus)
{
    size_t dsdt = HEADER_SIZE + SCOPE_PREFIX + (size_t)max_vcpus * DEVICE_SIZE;
    size_t madt = MADT_FIXED + (size_t)max_vcpus * MADT_LAPIC;

    size_t srat =
        SRAT_FIXED + (size_t)max_vcpus * SRAT_LAPIC + (size_t)VNUMA_RANGES_MAX * SRAT_MEMORY;
    size_t slit = SLIT_FIXED + (size_t)PANDO_VNODES_MAX * PANDO_VNODES_MAX;

    return align64(RSDP_SIZE) + align64(XSDT_SIZE) + align64(FADT_SIZE) + align64(dsdt) +
           align64(madt) + align64(srat) + align64(slit);
}

/* Starts a table; its length and checksum follow with table_end(). */
static size_t table_start(struct writer *w, const char *signature, unsigned int revision)
{
    size_t start = w->at;

    put(w, signature, 4);
    put_le(w, 0, 4);
    put8(w, revision);
    put8(w, 0);
    put(w, "PANDO ", 6);
    put(w, "PVHGUEST", 8);
    put_le(w, 1, 4);
    put(w, "PNDO", 4);
    put_le(w, 1, 4);
    return start;
}

static void table_end(struct writer *w, size_t start)
{
    uint8_t *table = w->base + start;
    size_t size = w->at - start;

    set_le(table + 4, size, 4);
    table[9] = checksum(table, size);
    w->at = align64(w->at);
}

static void put_name(struct writer *w, const char *name)
{
    put8(w, AML_NAME);
    put(w, name, 4);
}

/* Device (Cnnn) { Name (_HID, "ACPI0007") Name (_UID, n) Name (_STA, present) } */
static void put_processor(struct writer *w, unsigned int n, bool present)
{
    size_t length;
    char name[8];

    put8(w, AML_EXT);
    put8(w, AML_EXT_DEV);
    length = w->at;
    put8(w, 0);
    snprintf(name, sizeof(name), "C%03X", n & 0xfff);
    put(w, name, 4);
    put_name(w, "_HID");
    put8(w, AML_STRING);
    put(w, "ACPI0007", 9);
    put_name(w, "_UID");
    put8(w, AML_BYTE);
    put8(w, n);
    put_name(w, "_STA");
    put8(w, AML_BYTE);
    put8(w, present ? 0x0f : 0);
    /* A length below 64 is one byte and counts itself (20.2.4). */
    w->base[length] = (uint8_t)(w->at - length);
}

static void put_dsdt(struct writer *w, unsigned int vcpus, unsigned int max_vcpus)
{
    size_t start = table_start(w, "DSDT", 2), length, size;

    put8(w, AML_SCOPE);
    length = w->at;
    put_le(w, 0, 3);
    put8(w, AML_ROOT);
    put(w, "_SB_", 4);
    for (unsigned int i = 0; i < max_vcpus; i++) {
        put_processor(w, i, i < vcpus);
    }
    /* In three bytes: two more follow, the low four bits come first. */
    size = w->at - length;
    w->base[length] = (uint8_t)(2u << 6 | (size & 0x0f));
    w->base[length + 1] = (uint8_t)(size >> 4);
    w->base[length + 2] = (uint8_t)(size >> 12);
    table_end(w, start);
}

static void put_fadt(struct writer *w, uint64_t dsdt)
{
    size_t start = table_start(w, "FACP", 6);
    uint8_t *fadt = w->base + start;

    w->at = start + FADT_SIZE;
    set_le(fadt + FADT_DSDT, dsdt, 4);
    set_le(fadt + FADT_X_DSDT, dsdt, 8);
    set_le(fadt + FADT_BOOT_ARCH, BOOT_NO_VGA | BOOT_NO_RTC, 2);
    set_le(fadt + FADT_FLAGS,
           FLAG_WBINVD | FLAG_PROC_C1 | FLAG_PWR_BUTTON | FLAG_SLP_BUTTON | FLAG_FIX_RTC |
               FLAG_HW_REDUCED,
           4);
    table_end(w, start);
}

static void put_madt(struct writer *w, unsigned int vcpus, unsigned int max_vcpus)
{
    size_t start = table_start(w, "APIC", 4);

    put_le(w, LAPIC_ADDRESS, 4);
    put_le(w, 0, 4);
    for (unsigned int i = 0; i < max_vcpus; i++) {
        put8(w, 0); /* processor local APIC */
        put8(w, MADT_LAPIC);
        put8(w, i);
        put8(w, 2 * i);
        put_le(w, i < vcpus, 4); /* enabled */
    }
    table_end(w, start);
}

/* Which node each vCPU and each range of memory belongs to (5.2.16). */
static void put_srat(struct writer *w, unsigned int max_vcpus, const struct vnuma *vnuma)
{
    size_t start = table_start(w, "SRAT", 3);

    put_le(w, 1, 4);
    put_le(w, 0, 8);
    for (unsigned int i = 0; i < max_vcpus; i++) {
        put8(w, 0); /* processor local APIC affinity */
        put8(w, SRAT_LAPIC);
        put8(w, vnuma->vcpu_node[i]); /* the low byte of the domain; the others are 0 */
        put8(w, 2 * i);
        put_le(w, SRAT_ENABLED, 4);
        put_le(w, 0, 8);
    }
    for (unsigned int i = 0; i < vnuma->range_count; i++) {
        const struct vnuma_range *range = &vnuma->ranges[i];

        put8(w, 1); /* memory affinity */
        put8(w, SRAT_MEMORY);
        put_le(w, range->node, 4);
        put_le(w, 0, 2);
        put_le(w, range->start, 8);
        put_le(w, range->end - range->start, 8);
        put_le(w, 0, 4);
        put_le(w, SRAT_ENABLED, 4);
        put_le(w, 0, 8);
    }
    table_end(w, start);
}

/* How far they are from each other (5.2.17). */
static void put_slit(struct writer *w, const struct vnuma *vnuma)
{
    size_t start = table_start(w, "SLIT", 1);

    put_le(w, vnuma->nodes, 8);
    for (unsigned int i = 0; i < vnuma->nodes * vnuma->nodes; i++) {
        put8(w, vnuma->distance[i]);
    }
    table_end(w, start);
}

static void put_rsdp(uint8_t *rsdp, uint64_t xsdt)
{
    memcpy(rsdp, "RSD PTR ", 8);
    memcpy(rsdp + 9, "PANDO ", 6);
    rsdp[15] = 2;
    set_le(rsdp + 20, RSDP_SIZE, 4);
    set_le(rsdp + 24, xsdt, 8);
    rsdp[8] = checksum(rsdp, 20);
    rsdp[32] = checksum(rsdp, RSDP_SIZE);
}

size_t acpi_build(void *buf, uint64_t address, unsigned int vcpus, unsigned int max_vcpus,
                  const struct vnuma *vnuma)
{
    bool nodes = vnuma && vnuma->nodes;
    struct writer w = { .base = buf };
    size_t xsdt, fadt, madt, dsdt, srat, slit, end;

    memset(buf, 0, acpi_size(max_vcpus));
    xsdt = align64(RSDP_SIZE);
    put_rsdp(buf, address + xsdt);
    w.at = fadt = xsdt + align64(XSDT_SIZE);
    dsdt = fadt + align64(FADT_SIZE);
    put_fadt(&w, address + dsdt);
    w.at = dsdt;
    put_dsdt(&w, vcpus, max_vcpus);
    madt = w.at;
    put_madt(&w, vcpus, max_vcpus);
    srat = slit = w.at;
    if (nodes) {
        put_srat(&w, max_vcpus, vnuma);
        slit = w.at;
        put_slit(&w, vnuma);
    }
    end = w.at;

    w.at = xsdt;
    table_start(&w, "XSDT", 1);
    put_le(&w, address + fadt, 8);
    put_le(&w, address + madt, 8);
    if (nodes) {
        put_le(&w, address + srat, 8);
        put_le(&w, address + slit, 8);
    }
    table_end(&w, xsdt);
    return end;
}
