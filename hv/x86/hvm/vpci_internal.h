/* SPDX-License-Identifier: MIT */
/* Inside of vpci.c, vpci_msi.c and vpci_msix.c. All under pci_lock, but for the handlers. */
#ifndef X86_HVM_VPCI_INTERNAL_H
#define X86_HVM_VPCI_INTERNAL_H

#include "x86/cpu/irq.h"
#include "x86/hvm/vpci.h"

/* A message that a device may send. */
struct vmsi {
    struct irq irq;
    struct domain *domain;
    /* What is delivered: address' low half, data << 32, VMSI_VALID. One atomic word. */
    uint64_t message;
};

#define VMSI_VALID (1UL << 63)

struct vmsix_entry {
    struct vmsi msi;
    uint32_t shadow[4]; /* address, its high half, data, control: as dom0 wrote them */
};

#define MSIX_ENTRY_SIZE   16
#define MSIX_CONTROL      3 /* index in shadow */
#define MSIX_ENTRY_MASKED 1u

struct vpci_device {
    struct pci_device *pci;
    struct domain *domain;

    struct {
        bool enabled, is_64bit;
        unsigned int multi_enabled; /* as written; there is one message all the same */
        uint32_t address, address_high, data;
        struct vmsi msg;
    } msi;

    struct {
        bool enabled, mask_all;
        unsigned int nr;             /* entries */
        struct vmsix_entry *entries; /* NULL until used */
        paddr_t table;               /* 0: not known where */
        unsigned int nr_pages;       /* trapped, from the table's first one on */
        char *map;                   /* of these pages */
        struct list_head link;       /* of those that have a table */
    } msix;
};

struct vpci {
    uint32_t address; /* port CF8 */
};

/* vpci_msi.c */

/* A vector of the host for it, if it has none yet. False: there is none left. */
bool vmsi_attach(struct vpci_device *dev, struct vmsi *m);
void vmsi_set_message(struct vmsi *m, uint32_t address, uint32_t data);
/* What the device is to write, and where to. */
uint32_t vmsi_host_address(const struct vmsi *m);
uint32_t vmsi_host_data(const struct vmsi *m);

/* Is the double word at @reg one of the capability that dom0 doesn't see as it is? */
bool vmsi_has_register(const struct vpci_device *dev, unsigned int reg);
uint32_t vmsi_read(const struct vpci_device *dev, unsigned int reg);
void vmsi_write(struct vpci_device *dev, unsigned int reg, uint32_t value);

/* vpci_msix.c: the same. */
bool vmsix_has_register(const struct vpci_device *dev, unsigned int reg);
uint32_t vmsix_read(const struct vpci_device *dev, unsigned int reg);
void vmsix_write(struct vpci_device *dev, unsigned int reg, uint32_t value);
void vmsix_init(struct vpci_device *dev);
/* The BARs may have moved: traps the table where it is now. */
void vmsix_update_table(struct vpci_device *dev);
bool vmsix_is_trapped(paddr_t pa);

#endif
