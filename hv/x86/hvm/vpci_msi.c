/* SPDX-License-Identifier: MIT */
/* MSI (PCI Local Bus 3.0, 6.8.1). One message a function: more need aligned blocks of vectors. */
#include <hv/atomic.h>
#include <hv/log.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/vlapic.h"
#include "x86/hvm/vpci_internal.h"

static void deliver(struct irq *irq)
{
    struct vmsi *m = container_of(irq, struct vmsi, irq);
    uint64_t message = atomic_read(&m->message);

    if (message & VMSI_VALID)
        vlapic_deliver_msi(m->domain, (uint32_t)message, (uint16_t)(message >> 32));
}

bool vmsi_attach(struct vpci_device *dev, struct vmsi *m)
{
    if (m->irq.vector)
        return true;
    m->irq.handler = deliver;
    m->domain = dev->domain;
    if (!irq_attach(&m->irq, this_cpu()->id))
        return true;
    log_warning("pci: no interrupt vector left for %04x:%02x:%02x.%x\n", PCI_ARGS(dev->pci->sbdf));
    return false;
}

void vmsi_set_message(struct vmsi *m, uint32_t address, uint32_t data)
{
    atomic_set(&m->message, address | (uint64_t)(data & 0xffff) << 32 | VMSI_VALID);
}

uint32_t vmsi_host_address(const struct vmsi *m)
{
    return 0xfee00000u | cpus[m->irq.cpu]->arch->apic_id << 12;
}

/* Fixed delivery, by edge. */
uint32_t vmsi_host_data(const struct vmsi *m)
{
    return m->irq.vector;
}

static unsigned int data_offset(const struct vpci_device *dev)
{
    return dev->msi.is_64bit ? 12 : 8;
}

bool vmsi_has_register(const struct vpci_device *dev, unsigned int reg)
{
    return dev->pci->msi && reg >= dev->pci->msi && reg - dev->pci->msi <= data_offset(dev);
}

uint32_t vmsi_read(const struct vpci_device *dev, unsigned int reg)
{
    unsigned int offset = reg - dev->pci->msi;
    uint32_t raw = pci_config_read(dev->pci->sbdf, reg, 4);

    if (!offset) {
        raw &= ~((uint32_t)(PCI_MSI_ENABLE | PCI_MSI_MULTI_CAPABLE | PCI_MSI_MULTI_ENABLED) << 16);
        return raw | (dev->msi.enabled ? PCI_MSI_ENABLE << 16 : 0) | dev->msi.multi_enabled;
    }
    if (offset == data_offset(dev))
        return (raw & ~0xffffu) | dev->msi.data;
    return offset == PCI_MSI_ADDRESS ? dev->msi.address : dev->msi.address_high;
}

/* The device's own registers, from what dom0 wrote. */
static void program(struct vpci_device *dev)
{
    pci_sbdf_t sbdf = dev->pci->sbdf;
    unsigned int msi = dev->pci->msi, control_reg = msi + PCI_MSI_CONTROL;
    struct vmsi *m = &dev->msi.msg;
    uint32_t control =
        pci_config_read(sbdf, control_reg, 2) & ~(uint32_t)(PCI_MSI_ENABLE | PCI_MSI_MULTI_ENABLED);

    if (!dev->msi.enabled) {
        pci_config_write(sbdf, control_reg, 2, control);
        irq_detach(&m->irq);
        return;
    }
    vmsi_set_message(m, dev->msi.address, dev->msi.data);
    if (!vmsi_attach(dev, m))
        return;
    pci_config_write(sbdf, msi + PCI_MSI_ADDRESS, 4, vmsi_host_address(m));
    if (dev->msi.is_64bit)
        pci_config_write(sbdf, msi + PCI_MSI_ADDRESS + 4, 4, 0);
    pci_config_write(sbdf, msi + data_offset(dev), 2, vmsi_host_data(m));
    pci_config_write(sbdf, control_reg, 2, control | PCI_MSI_ENABLE);
}

void vmsi_write(struct vpci_device *dev, unsigned int reg, uint32_t value)
{
    unsigned int offset = reg - dev->pci->msi;
    bool was_enabled = dev->msi.enabled;

    if (!offset) {
        dev->msi.enabled = value >> 16 & PCI_MSI_ENABLE;
        dev->msi.multi_enabled = value & PCI_MSI_MULTI_ENABLED << 16;
    } else if (offset == data_offset(dev)) {
        dev->msi.data = value & 0xffff;
    } else if (offset == PCI_MSI_ADDRESS) {
        dev->msi.address = value & ~3u;
    } else {
        dev->msi.address_high = value;
    }
    if (dev->msi.enabled || was_enabled)
        program(dev);
}
