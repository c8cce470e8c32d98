/* SPDX-License-Identifier: MIT */
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/page_alloc.h>

#include "x86/cpu/insn.h"
#include "x86/hvm/vpci_internal.h"

#define PORT_ADDRESS   0xcf8
#define PORT_RESET     0xcf9
#define PORT_DATA      0xcfc
#define ADDRESS_ENABLE (1u << 31)

static struct vpci_device *device_of(struct domain *d, struct pci_device *pci)
{
    struct vpci_device *dev = pci->vpci;

    if (dev)
        return dev;
    dev = hv_alloc(sizeof(*dev));
    if (!dev)
        return NULL;
    dev->pci = pci;
    dev->domain = d;
    if (pci->msi)
        dev->msi.is_64bit =
            pci_config_read(pci->sbdf, pci->msi + PCI_MSI_CONTROL, 2) & PCI_MSI_64BIT;
    vmsix_init(dev);
    pci->vpci = dev;
    return dev;
}

static void create_device(struct pci_device *pci, void *arg)
{
    device_of(arg, pci);
}

int vpci_create(struct domain *d)
{
    struct vpci *p = hv_alloc(sizeof(*p));

    if (!p)
        return -ENOMEM;
    d->arch->vpci = p;
    spin_lock(&pci_lock);
    pci_for_each(create_device, d);
    spin_unlock(&pci_lock);
    return 0;
}

/* NULL: nothing there, or no memory to watch over it. */
static struct vpci_device *find(struct domain *d, pci_sbdf_t sbdf)
{
    struct pci_device *pci = pci_probe(sbdf);

    return pci ? device_of(d, pci) : NULL;
}

/* --- configuration space ------------------------------------------------------------------- */

static uint32_t size_mask(unsigned int size)
{
    return ~0u >> (32 - size * 8);
}

static bool is_valid(unsigned int reg, unsigned int size)
{
    return (size == 1 || size == 2 || size == 4) && !(reg & (size - 1));
}

/* A double word of a capability as dom0 sees it. False: dom0 sees what is there. */
static bool read_shadowed(const struct vpci_device *dev, unsigned int reg, uint32_t *value)
{
    if (vmsi_has_register(dev, reg))
        *value = vmsi_read(dev, reg);
    else if (vmsix_has_register(dev, reg))
        *value = vmsix_read(dev, reg);
    else
        return false;
    return true;
}

static uint32_t config_read(struct domain *d, pci_sbdf_t sbdf, unsigned int reg, unsigned int size)
{
    struct vpci_device *dev;
    uint32_t value = ~0u;

    if (!is_valid(reg, size))
        return ~0u;
    spin_lock(&pci_lock);
    dev = find(d, sbdf);
    if (dev) {
        if (read_shadowed(dev, reg & ~3u, &value))
            value >>= (reg & 3) * 8;
        else
            value = pci_config_read(sbdf, reg, size);
    }
    spin_unlock(&pci_lock);
    return value & size_mask(size);
}

static void write_locked(struct vpci_device *dev, unsigned int reg, unsigned int size,
                         uint32_t value)
{
    unsigned int word = reg & ~3u, shift = (reg & 3) * 8;
    uint32_t mask = size_mask(size) << shift, whole;

    if (read_shadowed(dev, word, &whole)) {
        whole = (whole & ~mask) | (value << shift & mask);
        if (vmsi_has_register(dev, word))
            vmsi_write(dev, word, whole);
        else
            vmsix_write(dev, word, whole);
        return;
    }
    pci_config_write(dev->pci->sbdf, reg, size, value);
    if (word == PCI_COMMAND || (word >= PCI_BAR0 && word <= PCI_BAR5))
        vmsix_update_table(dev);
}

static void config_write(struct domain *d, pci_sbdf_t sbdf, unsigned int reg, unsigned int size,
                         uint32_t value)
{
    struct vpci_device *dev;

    if (!is_valid(reg, size))
        return;
    spin_lock(&pci_lock);
    dev = find(d, sbdf);
    if (dev)
        write_locked(dev, reg, size, value);
    spin_unlock(&pci_lock);
}

/* --- by ports ------------------------------------------------------------------------------ */

/* The register that a data port stands for now; false: none. */
static bool decode_address(const struct vpci *p, uint16_t port, pci_sbdf_t *sbdf, unsigned int *reg)
{
    uint32_t address = atomic_read(&p->address);

    *sbdf = address >> 8 & 0xffff;
    *reg = (address & 0xfc) + (port & 3);
    return port >= PORT_DATA && address & ADDRESS_ENABLE;
}

uint32_t vpci_port_read(struct domain *d, uint16_t port, unsigned int size)
{
    const struct vpci *p = d->arch->vpci;
    pci_sbdf_t sbdf;
    unsigned int reg;

    if (port == PORT_ADDRESS && size == 4)
        return atomic_read(&p->address);
    if (port == PORT_RESET && size == 1)
        return inb(port);
    return decode_address(p, port, &sbdf, &reg) ? config_read(d, sbdf, reg, size) : ~0u;
}

void vpci_port_write(struct domain *d, uint16_t port, unsigned int size, uint32_t value)
{
    struct vpci *p = d->arch->vpci;
    pci_sbdf_t sbdf;
    unsigned int reg;

    if (port == PORT_ADDRESS && size == 4)
        atomic_set(&p->address, value & ~3u);
    else if (port == PORT_RESET && size == 1) /* dom0 may restart the machine */
        outb(port, (uint8_t)value);
    else if (decode_address(p, port, &sbdf, &reg))
        config_write(d, sbdf, reg, size, value);
}

/* --- in memory ----------------------------------------------------------------------------- */

static const struct acpi_ecam *find_ecam(paddr_t pa)
{
    for (unsigned int i = 0; i < acpi_host.nr_ecams; i++) {
        const struct acpi_ecam *e = &acpi_host.ecam[i];
        uint64_t bus = (pa - e->paddr) >> 20;

        if (pa >= e->paddr && bus >= e->bus_first && bus <= e->bus_last)
            return e;
    }
    return NULL;
}

static bool ecam_match(struct vcpu *v, paddr_t gpa)
{
    return v->domain->arch->vpci && find_ecam(gpa);
}

static pci_sbdf_t ecam_sbdf(paddr_t gpa)
{
    const struct acpi_ecam *e = find_ecam(gpa);

    return PCI_SBDF(e->segment, 0, 0) + (pci_sbdf_t)((gpa - e->paddr) >> 12);
}

static uint64_t ecam_read(struct vcpu *v, paddr_t gpa, unsigned int size)
{
    return config_read(v->domain, ecam_sbdf(gpa), gpa & (PAGE_SIZE - 1), size);
}

static void ecam_write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t value)
{
    config_write(v->domain, ecam_sbdf(gpa), gpa & (PAGE_SIZE - 1), size, (uint32_t)value);
}

const struct mmio_device vpci_ecam_mmio = { ecam_match, ecam_read, ecam_write };

bool vpci_is_trapped(paddr_t pa)
{
    bool trapped;

    if (find_ecam(pa))
        return true;
    spin_lock(&pci_lock);
    trapped = vmsix_is_trapped(pa);
    spin_unlock(&pci_lock);
    return trapped;
}

int vpci_device_reported(struct domain *d, pci_sbdf_t sbdf, bool here)
{
    struct vpci_device *dev;
    int rc = -ENODEV;

    spin_lock(&pci_lock);
    dev = find(d, sbdf);
    if (dev) {
        dev->pci->is_reported = here;
        rc = 0;
    }
    spin_unlock(&pci_lock);
    return rc;
}
