/* SPDX-License-Identifier: MIT */
/*
 * The host's PCI functions and their configuration space (PCI Local Bus 3.0,
 * chapter 6; PCI Express 3.0, chapter 7).
 */
#ifndef HV_PCI_H
#define HV_PCI_H

#include <hv/list.h>
#include <hv/lock.h>

/* Segment, bus, device and function, as one number: SSSSBBDF. */
typedef uint32_t pci_sbdf_t;

#define PCI_SBDF(seg, bus, devfn)                                                                  \
    ((pci_sbdf_t)(seg) << 16 | (pci_sbdf_t)(bus) << 8 | (pci_sbdf_t)(devfn))
#define PCI_SEGMENT(s) ((s) >> 16)
#define PCI_BUS(s)     ((s) >> 8 & 0xff)
#define PCI_DEV(s)     ((s) >> 3 & 0x1f)
#define PCI_FN(s)      ((s)&7)
/* For log lines: "%04x:%02x:%02x.%x" */
#define PCI_ARGS(s)        PCI_SEGMENT(s), PCI_BUS(s), PCI_DEV(s), PCI_FN(s)

#define PCI_VENDOR_ID      0x00
#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_STATUS         0x06
#define PCI_STATUS_CAPS    0x0010
#define PCI_HEADER_TYPE    0x0e
#define PCI_HEADER_MULTI   0x80
#define PCI_BAR0           0x10
#define PCI_BAR5           0x24
#define PCI_CAP_POINTER    0x34

#define PCI_CAP_ID_MSI     0x05
#define PCI_CAP_ID_MSIX    0x11

/* Offsets in the MSI capability; control's bits. */
#define PCI_MSI_CONTROL       2
#define PCI_MSI_ADDRESS       4
#define PCI_MSI_ENABLE        0x0001
#define PCI_MSI_MULTI_CAPABLE 0x000e
#define PCI_MSI_MULTI_ENABLED 0x0070
#define PCI_MSI_64BIT         0x0080
#define PCI_MSI_MASKABLE      0x0100
/* The same of MSI-X. */
#define PCI_MSIX_CONTROL  2
#define PCI_MSIX_TABLE    4
#define PCI_MSIX_PBA      8
#define PCI_MSIX_SIZE     0x07ff /* entries - 1 */
#define PCI_MSIX_MASK_ALL 0x4000
#define PCI_MSIX_ENABLE   0x8000

struct vpci_device;

/* A function; once found, it stays known. */
struct pci_device {
    struct list_head link; /* in its hash chain */
    pci_sbdf_t sbdf;
    uint8_t msi, msix;        /* offsets of the capabilities; 0: none */
    bool is_reported;         /* dom0 knows it too (PHYSDEVOP_pci_device_add) */
    struct vpci_device *vpci; /* what the owner sees of it */
};

/* The devices, and every access to configuration space. */
extern spinlock_t pci_lock;

/* Boot: finds the functions of all segments, and stops their message interrupts. */
void pci_init(void);

/* With pci_lock held: */

/* NULL: not known. */
struct pci_device *pci_find(pci_sbdf_t sbdf);
/* The same, but looks whether it has come meanwhile. */
struct pci_device *pci_probe(pci_sbdf_t sbdf);
/* Calls @fn for each known function. */
void pci_for_each(void (*fn)(struct pci_device *dev, void *arg), void *arg);

/* The architecture's: @size 1, 2 or 4, @reg (to 4095) aligned to it. All ones: not there. */
uint32_t pci_config_read(pci_sbdf_t sbdf, unsigned int reg, unsigned int size);
void pci_config_write(pci_sbdf_t sbdf, unsigned int reg, unsigned int size, uint32_t value);

#endif
