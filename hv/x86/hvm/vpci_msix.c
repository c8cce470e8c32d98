/* SPDX-License-Identifier: MIT */
/*
 * MSI-X (PCI Local Bus 3.0, 6.8.2). dom0's accesses to the pages of the table are
 * trapped; entries are shadowed, and what else is in those pages passes through.
 */
#include <hv/log.h>
#include <hv/p2m.h>

#include "x86/hvm/vpci_internal.h"
#include "x86/mm/paging.h"

static struct list_head tables = LIST_HEAD_INIT(tables);

/* --- entries ------------------------------------------------------------------------------- */

static void write_device(const struct vpci_device *dev, unsigned int i, unsigned int word,
                         uint32_t value)
{
    char *entry = dev->msix.map + (dev->msix.table & ~PAGE_MASK) + i * MSIX_ENTRY_SIZE;

    ((volatile uint32_t *)entry)[word] = value;
}

/* The device's entry, from what dom0 wrote. Masked while it changes. */
static void program_entry(struct vpci_device *dev, unsigned int i)
{
    struct vmsix_entry *e = &dev->msix.entries[i];

    vmsi_set_message(&e->msi, e->shadow[0], e->shadow[2]);
    write_device(dev, i, MSIX_CONTROL, MSIX_ENTRY_MASKED);
    if (!dev->msix.enabled) {
        irq_detach(&e->msi.irq);
        return;
    }
    if (e->shadow[MSIX_CONTROL] & MSIX_ENTRY_MASKED || !vmsi_attach(dev, &e->msi))
        return;
    write_device(dev, i, 0, vmsi_host_address(&e->msi));
    write_device(dev, i, 1, 0);
    write_device(dev, i, 2, vmsi_host_data(&e->msi));
    write_device(dev, i, MSIX_CONTROL, 0);
}

static bool create_entries(struct vpci_device *dev)
{
    unsigned int order = 0;

    if (dev->msix.entries)
        return true;
    while (PAGE_SIZE << order < dev->msix.nr * sizeof(*dev->msix.entries))
        order++;
    dev->msix.entries = hv_alloc_pages(order, 0);
    if (!dev->msix.entries) {
        log_warning("pci: no memory for the MSI-X table of %04x:%02x:%02x.%x\n",
                    PCI_ARGS(dev->pci->sbdf));
        return false;
    }
    for (unsigned int i = 0; i < dev->msix.nr; i++)
        dev->msix.entries[i].shadow[MSIX_CONTROL] = MSIX_ENTRY_MASKED;
    return true;
}

/* --- the capability ------------------------------------------------------------------------ */

bool vmsix_has_register(const struct vpci_device *dev, unsigned int reg)
{
    return dev->pci->msix && reg == dev->pci->msix;
}

uint32_t vmsix_read(const struct vpci_device *dev, unsigned int reg)
{
    uint32_t raw = pci_config_read(dev->pci->sbdf, reg, 4);

    raw &= ~((uint32_t)(PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL) << 16);
    return raw | (dev->msix.enabled ? (uint32_t)PCI_MSIX_ENABLE << 16 : 0) |
           (dev->msix.mask_all ? (uint32_t)PCI_MSIX_MASK_ALL << 16 : 0);
}

static void write_control(const struct vpci_device *dev, uint32_t bits)
{
    unsigned int reg = dev->pci->msix + PCI_MSIX_CONTROL;
    uint32_t old = pci_config_read(dev->pci->sbdf, reg, 2);

    pci_config_write(dev->pci->sbdf, reg, 2,
                     (old & ~(uint32_t)(PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL)) | bits);
}

void vmsix_write(struct vpci_device *dev, unsigned int reg, uint32_t value)
{
    bool was_enabled = dev->msix.enabled;

    dev->msix.enabled = value >> 16 & PCI_MSIX_ENABLE;
    dev->msix.mask_all = value >> 16 & PCI_MSIX_MASK_ALL;
    if (!dev->msix.enabled && !was_enabled) {
        write_control(dev, dev->msix.mask_all ? PCI_MSIX_MASK_ALL : 0);
        return;
    }
    vmsix_update_table(dev);
    if (!dev->msix.map || !create_entries(dev)) {
        log_warning("pci: MSI-X of %04x:%02x:%02x.%x stays off: its table can't be reached\n",
                    PCI_ARGS(dev->pci->sbdf));
        return;
    }
    write_control(dev, PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    for (unsigned int i = 0; i < dev->msix.nr; i++)
        program_entry(dev, i);
    write_control(dev, value >> 16 & (PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL));
}

/* --- the table's place --------------------------------------------------------------------- */

/* 0: the device doesn't answer to memory accesses now, or its BAR makes no sense. */
static paddr_t table_address(const struct vpci_device *dev)
{
    pci_sbdf_t sbdf = dev->pci->sbdf;
    uint32_t table = pci_config_read(sbdf, dev->pci->msix + PCI_MSIX_TABLE, 4);
    unsigned int bar_reg = PCI_BAR0 + 4 * (table & 7);
    uint64_t bar;

    if (!(pci_config_read(sbdf, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) || bar_reg > PCI_BAR5)
        return 0;
    bar = pci_config_read(sbdf, bar_reg, 4);
    if (bar & 1) /* I/O ports */
        return 0;
    if ((bar & 6) == 4 && bar_reg < PCI_BAR5)
        bar |= (uint64_t)pci_config_read(sbdf, bar_reg + 4, 4) << 32;
    bar &= ~0xfUL;
    return bar ? bar + (table & ~7u) : 0;
}

static bool is_usable(const struct domain *d, paddr_t start, unsigned int pages)
{
    paddr_t end = start + pages * PAGE_SIZE;

    if (end <= start || (end - 1) >> d->arch->paddr_bits)
        return false;
    for (unsigned int i = 0; i < pages; i++) {
        if (host_ram_at(start + i * PAGE_SIZE))
            return false;
    }
    return true;
}

static paddr_t table_end(const struct vpci_device *dev)
{
    return dev->msix.table + dev->msix.nr * MSIX_ENTRY_SIZE;
}

/* Whose table was there before is elsewhere now, or has another bus number. */
static void forget_others(const struct vpci_device *dev, paddr_t table)
{
    paddr_t end = table + dev->msix.nr * MSIX_ENTRY_SIZE;
    struct vpci_device *other, *next;

    list_for_each_entry_safe(other, next, &tables, msix.link) {
        if (other == dev || other->msix.table >= end || table >= table_end(other))
            continue;
        list_del(&other->msix.link);
        other->msix.table = 0;
        other->msix.map = NULL;
    }
}

void vmsix_update_table(struct vpci_device *dev)
{
    paddr_t table = dev->pci->msix ? table_address(dev) : 0, first = ROUND_DOWN(table, PAGE_SIZE);
    unsigned int pages;

    if (!table || table == dev->msix.table)
        return;
    pages = (unsigned int)PFN_UP(table + dev->msix.nr * MSIX_ENTRY_SIZE - first);
    if (!is_usable(dev->domain, first, pages)) {
        log_warning("pci: the MSI-X table of %04x:%02x:%02x.%x would be at %#lx\n",
                    PCI_ARGS(dev->pci->sbdf), table);
        return;
    }
    forget_others(dev, table);
    if (!dev->msix.table)
        list_add_tail(&dev->msix.link, &tables);
    dev->msix.map = ioremap(first, pages * PAGE_SIZE);
    dev->msix.table = table;
    dev->msix.nr_pages = pages;
    /* dom0 may have used what was there. */
    for (unsigned int i = 0; i < pages; i++) {
        gfn_t g = gfn(PFN_DOWN(first) + i);
        enum p2m_type t;

        p2m_lookup(dev->domain, g, &t, NULL);
        if (t == p2m_mmio_direct)
            p2m_set(dev->domain, g, INVALID_MFN, ORDER_4K, p2m_invalid);
    }
    for (unsigned int i = 0; dev->msix.entries && i < dev->msix.nr; i++)
        program_entry(dev, i);
}

void vmsix_init(struct vpci_device *dev)
{
    if (!dev->pci->msix)
        return;
    dev->msix.nr =
        (pci_config_read(dev->pci->sbdf, dev->pci->msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_SIZE) + 1;
    vmsix_update_table(dev);
}

/* Whose table is at @pa, or else who has its table in the same page. */
static struct vpci_device *find_table(paddr_t pa)
{
    struct vpci_device *dev, *in_page = NULL;

    list_for_each_entry(dev, &tables, msix.link) {
        if (pa >= dev->msix.table && pa < table_end(dev))
            return dev;
        if (pa - ROUND_DOWN(dev->msix.table, PAGE_SIZE) < dev->msix.nr_pages * PAGE_SIZE)
            in_page = dev;
    }
    return in_page;
}

bool vmsix_is_trapped(paddr_t pa)
{
    return find_table(pa);
}

/* --- accesses ------------------------------------------------------------------------------ */

static bool match(struct vcpu *v, paddr_t gpa)
{
    bool found;

    if (!v->domain->arch->vpci)
        return false;
    spin_lock(&pci_lock);
    found = find_table(gpa);
    spin_unlock(&pci_lock);
    return found;
}

static uint64_t pass_read(const void *p, unsigned int size)
{
    switch (size) {
    case 1:
        return *(const volatile uint8_t *)p;
    case 2:
        return *(const volatile uint16_t *)p;
    case 4:
        return *(const volatile uint32_t *)p;
    default:
        return *(const volatile uint64_t *)p;
    }
}

static void pass_write(void *p, unsigned int size, uint64_t value)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)p = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)p = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)p = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)p = value;
    }
}

/* The word of an entry at @gpa; NULL: something else is there. */
static uint32_t *find_word(struct vpci_device *dev, paddr_t gpa, unsigned int *entry)
{
    uint64_t offset = gpa - dev->msix.table;

    if (gpa < dev->msix.table || offset >= dev->msix.nr * MSIX_ENTRY_SIZE)
        return NULL;
    *entry = (unsigned int)index_nospec(offset / MSIX_ENTRY_SIZE, dev->msix.nr);
    return &dev->msix.entries[*entry].shadow[offset / 4 % 4];
}

static void *mapped(const struct vpci_device *dev, paddr_t gpa)
{
    return dev->msix.map + (gpa - ROUND_DOWN(dev->msix.table, PAGE_SIZE));
}

static bool is_table_access(paddr_t gpa, unsigned int size)
{
    return (size == 4 || size == 8) && !(gpa & (size - 1));
}

static uint64_t read_locked(struct vpci_device *dev, paddr_t gpa, unsigned int size)
{
    uint64_t value;
    uint32_t *word;
    unsigned int i;

    if (!create_entries(dev))
        return ~0UL;
    word = find_word(dev, gpa, &i);
    if (!word)
        return pass_read(mapped(dev, gpa), size);
    if (!is_table_access(gpa, size))
        return ~0UL;
    value = word[0];
    return size == 8 ? value | (uint64_t)word[1] << 32 : value;
}

static void write_locked(struct vpci_device *dev, paddr_t gpa, unsigned int size, uint64_t value)
{
    uint32_t *word;
    unsigned int i;

    if (!create_entries(dev))
        return;
    word = find_word(dev, gpa, &i);
    if (!word) {
        pass_write(mapped(dev, gpa), size, value);
        return;
    }
    if (!is_table_access(gpa, size))
        return;
    word[0] = (uint32_t)value;
    if (size == 8)
        word[1] = (uint32_t)(value >> 32);
    if (dev->msix.enabled)
        program_entry(dev, i);
}

static uint64_t read(struct vcpu *v, paddr_t gpa, unsigned int size)
{
    struct vpci_device *dev;
    uint64_t value = ~0UL;

    spin_lock(&pci_lock);
    dev = find_table(gpa);
    if (dev)
        value = read_locked(dev, gpa, size);
    spin_unlock(&pci_lock);
    return value;
}

static void write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t value)
{
    struct vpci_device *dev;

    spin_lock(&pci_lock);
    dev = find_table(gpa);
    if (dev)
        write_locked(dev, gpa, size, value);
    spin_unlock(&pci_lock);
}

const struct mmio_device vpci_msix_mmio = { match, read, write };
