/* SPDX-License-Identifier: MIT */
#include <hv/acpi.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/pci.h>

#define HASH_SIZE 64

spinlock_t pci_lock = SPINLOCK_INIT(LOCK_PCI);
static struct list_head hash[HASH_SIZE]; /* all zeros until first used */
static unsigned int nr_devices;

static struct list_head *chain_of(pci_sbdf_t sbdf)
{
    struct list_head *l = &hash[(sbdf ^ sbdf >> 6) % HASH_SIZE];

    if (!l->next)
        list_init(l);
    return l;
}

struct pci_device *pci_find(pci_sbdf_t sbdf)
{
    struct list_head *chain = chain_of(sbdf);
    struct pci_device *dev;

    list_for_each_entry(dev, chain, link) {
        if (dev->sbdf == sbdf)
            return dev;
    }
    return NULL;
}

void pci_for_each(void (*fn)(struct pci_device *dev, void *arg), void *arg)
{
    for (unsigned int i = 0; i < HASH_SIZE; i++) {
        struct pci_device *dev;

        if (!hash[i].next)
            continue;
        list_for_each_entry(dev, &hash[i], link)
            fn(dev, arg);
    }
}

/* The list has 48 entries at the most, whatever a broken device says. */
static void find_capabilities(struct pci_device *dev)
{
    unsigned int at;

    if (!(pci_config_read(dev->sbdf, PCI_STATUS, 2) & PCI_STATUS_CAPS))
        return;
    at = pci_config_read(dev->sbdf, PCI_CAP_POINTER, 1) & ~3u;
    for (unsigned int i = 0; at >= 0x40 && i < 48; i++) {
        uint32_t header = pci_config_read(dev->sbdf, at, 2);

        if ((header & 0xff) == PCI_CAP_ID_MSI && at <= 0xf0)
            dev->msi = (uint8_t)at;
        if ((header & 0xff) == PCI_CAP_ID_MSIX && at <= 0xf4)
            dev->msix = (uint8_t)at;
        at = header >> 8 & 0xfc;
    }
}

static void clear_control(const struct pci_device *dev, unsigned int reg, uint16_t bits)
{
    uint32_t control = pci_config_read(dev->sbdf, reg, 2);

    if (control & bits)
        pci_config_write(dev->sbdf, reg, 2, control & ~(uint32_t)bits);
}

/* Firmware may have left its vectors in the device. */
static void stop_messages(const struct pci_device *dev)
{
    if (dev->msi)
        clear_control(dev, dev->msi + PCI_MSI_CONTROL, PCI_MSI_ENABLE);
    if (dev->msix)
        clear_control(dev, dev->msix + PCI_MSIX_CONTROL, PCI_MSIX_ENABLE);
}

static bool is_there(pci_sbdf_t sbdf)
{
    uint32_t id = pci_config_read(sbdf, PCI_VENDOR_ID, 4);

    return id && id != ~0u && (id & 0xffff) != 0xffff;
}

struct pci_device *pci_probe(pci_sbdf_t sbdf)
{
    struct pci_device *dev = pci_find(sbdf);

    if (dev || !is_there(sbdf))
        return dev;
    dev = hv_alloc(sizeof(*dev));
    if (!dev) {
        log_warning("pci: no memory for device %04x:%02x:%02x.%x\n", PCI_ARGS(sbdf));
        return NULL;
    }
    dev->sbdf = sbdf;
    find_capabilities(dev);
    stop_messages(dev);
    list_add_tail(&dev->link, chain_of(sbdf));
    nr_devices++;
    return dev;
}

static void __init scan_slot(pci_sbdf_t first)
{
    if (!pci_probe(first))
        return;
    if (!(pci_config_read(first, PCI_HEADER_TYPE, 1) & PCI_HEADER_MULTI))
        return;
    for (unsigned int fn = 1; fn < 8; fn++)
        pci_probe(first + fn);
}

/* All bus numbers: only ACPI's methods could tell which root buses there are. */
static void __init scan_buses(unsigned int segment, unsigned int first, unsigned int last)
{
    for (unsigned int bus = first; bus <= last; bus++) {
        for (unsigned int slot = 0; slot < 32; slot++)
            scan_slot(PCI_SBDF(segment, bus, slot << 3));
    }
}

void __init pci_init(void)
{
    bool first_segment = false;

    spin_lock(&pci_lock);
    for (unsigned int i = 0; i < acpi_host.nr_ecams; i++) {
        const struct acpi_ecam *e = &acpi_host.ecam[i];

        first_segment |= !e->segment;
        scan_buses(e->segment, e->bus_first, e->bus_last);
    }
    if (!first_segment)
        scan_buses(0, 0, 255);
    spin_unlock(&pci_lock);
    log_info("pci: %u functions\n", nr_devices);
}
