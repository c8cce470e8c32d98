/* SPDX-License-Identifier: MIT */
/* Access to PCI configuration space: ports CF8 and CFC, and memory mapped (ECAM). */
#include <hv/acpi.h>
#include <hv/page_alloc.h>
#include <hv/pci.h>

#include "x86/cpu/insn.h"
#include "x86/mm/paging.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define BUS_SIZE     (1UL << 20)

/* Buses are mapped when they are first needed. */
static void **ecam_map[ACPI_MAX_ECAMS]; /* [bus - bus_first] */

static void *ecam_bus(unsigned int n, unsigned int bus)
{
    const struct acpi_ecam *e = &acpi_host.ecam[n];
    void **map = ecam_map[n];

    if (!map) {
        map = ecam_map[n] = hv_alloc(256 * sizeof(void *));
        if (!map)
            return NULL;
    }
    bus -= e->bus_first;
    if (!map[bus])
        map[bus] = ioremap(e->paddr + (bus + e->bus_first) * BUS_SIZE, BUS_SIZE);
    return map[bus];
}

/* NULL: only the ports reach it, or nothing does. */
static void *ecam_register(pci_sbdf_t sbdf, unsigned int reg)
{
    for (unsigned int n = 0; n < acpi_host.nr_ecams; n++) {
        const struct acpi_ecam *e = &acpi_host.ecam[n];
        char *bus;

        if (e->segment != PCI_SEGMENT(sbdf) || PCI_BUS(sbdf) < e->bus_first ||
            PCI_BUS(sbdf) > e->bus_last)
            continue;
        bus = ecam_bus(n, PCI_BUS(sbdf));
        return bus ? bus + ((sbdf & 0xff) << 12) + reg : NULL;
    }
    return NULL;
}

static bool by_ports(pci_sbdf_t sbdf, unsigned int reg)
{
    if (PCI_SEGMENT(sbdf) || reg > 0xff)
        return false;
    outl(PORT_ADDRESS, 1u << 31 | sbdf << 8 | (reg & 0xfc));
    return true;
}

uint32_t pci_config_read(pci_sbdf_t sbdf, unsigned int reg, unsigned int size)
{
    uint16_t port = (uint16_t)(PORT_DATA + (reg & 3));
    void *p;

    if (by_ports(sbdf, reg))
        return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
    p = ecam_register(sbdf, reg);
    if (!p)
        return ~0u;
    return size == 1   ? *(volatile uint8_t *)p
           : size == 2 ? *(volatile uint16_t *)p
                       : *(volatile uint32_t *)p;
}

void pci_config_write(pci_sbdf_t sbdf, unsigned int reg, unsigned int size, uint32_t value)
{
    uint16_t port = (uint16_t)(PORT_DATA + (reg & 3));
    bool ports = by_ports(sbdf, reg);
    void *p = ports ? NULL : ecam_register(sbdf, reg);

    if (size == 1 && ports)
        outb(port, (uint8_t)value);
    else if (size == 2 && ports)
        outw(port, (uint16_t)value);
    else if (ports)
        outl(port, value);
    else if (size == 1 && p)
        *(volatile uint8_t *)p = (uint8_t)value;
    else if (size == 2 && p)
        *(volatile uint16_t *)p = (uint16_t)value;
    else if (p)
        *(volatile uint32_t *)p = value;
}
