/* SPDX-License-Identifier: MIT */
/*
 * The PCI functions of the machine as dom0 sees them: everything passes through,
 * except messages (MSI and MSI-X). Those name vectors of dom0's vCPUs; the device
 * gets a vector of the host, and what arrives there is delivered to dom0 as it
 * asked for.
 */
#ifndef X86_HVM_VPCI_H
#define X86_HVM_VPCI_H

#include <hv/pci.h>

#include "x86/hvm/mmio.h"

/* dom0 only, after pci_init. -ENOMEM. It stays as long as the machine. */
int vpci_create(struct domain *d);

/* Ports CF8 to CFF. */
uint32_t vpci_port_read(struct domain *d, uint16_t port, unsigned int size);
void vpci_port_write(struct domain *d, uint16_t port, unsigned int size, uint32_t value);

/* Configuration space in memory, and the tables of MSI-X. */
extern const struct mmio_device vpci_ecam_mmio, vpci_msix_mmio;

/* Must it be trapped? */
bool vpci_is_trapped(paddr_t pa);

/* dom0's kernel found, or lost, a function: physdev_op. -ENODEV: there is none. */
int vpci_device_reported(struct domain *d, pci_sbdf_t sbdf, bool here);

#endif
