/* SPDX-License-Identifier: MIT */
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/page_alloc.h>

#include "x86/cpu/ioapic.h"
#include "x86/cpu/irq.h"
#include "x86/hvm/vioapic.h"
#include "x86/hvm/vlapic.h"

#define REG_SELECT       0x00
#define REG_WINDOW       0x10

#define IOAPIC_ID        0x00
#define IOAPIC_VERSION   0x01
#define IOAPIC_ARB       0x02
#define IOAPIC_ENTRIES   0x10
#define VERSION          0x11 /* without an EOI register of its own */

#define ENTRY_VECTOR(e)  ((uint8_t)(e))
#define ENTRY_MODE(e)    ((unsigned int)((e) >> 8 & 7))
#define ENTRY_LOGICAL    (1UL << 11)
#define ENTRY_PENDING    (1UL << 12)
#define ENTRY_ACTIVE_LOW (1UL << 13)
#define ENTRY_REMOTE_IRR (1UL << 14) /* level: delivered, not ended yet */
#define ENTRY_LEVEL      (1UL << 15)
#define ENTRY_MASKED     (1UL << 16)
#define ENTRY_DEST(e)    ((uint32_t)((e) >> 56))
#define ENTRY_WRITABLE   (0xff0000000001ffffUL & ~(ENTRY_PENDING | ENTRY_REMOTE_IRR))

struct pin {
    struct irq irq; /* of the host */
    struct domain *domain;
    uint64_t entry; /* as the guest sees it */
};

struct unit {
    paddr_t page;
    uint8_t select;
    uint32_t id; /* the register */
    unsigned int nr_pins;
    struct pin *pins;
};

struct vioapic {
    spinlock_t lock;
    unsigned int nr_units;
    struct unit unit[ACPI_MAX_IOAPICS];
};

/* --- interrupts ---------------------------------------------------------------------------- */

static void deliver(struct pin *p)
{
    bool level = p->entry & ENTRY_LEVEL;

    if (level)
        p->entry |= ENTRY_REMOTE_IRR;
    vlapic_deliver(p->domain, ENTRY_DEST(p->entry), p->entry & ENTRY_LOGICAL, ENTRY_MODE(p->entry),
                   ENTRY_VECTOR(p->entry), level);
}

/*
 * The host's line fired. By level, it is masked there now, and stays so until dom0
 * has ended the interrupt or unmasks the entry.
 */
static void line_handler(struct irq *irq)
{
    struct pin *p = container_of(irq, struct pin, irq);
    struct vioapic *io = p->domain->arch->vioapic;

    spin_lock(&io->lock);
    if (!(p->entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
        deliver(p);
    spin_unlock(&io->lock);
}

static bool host_is_masked(const struct pin *p)
{
    return p->entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR);
}

/* The host's entry after a change of the guest's. */
static void program_host(struct pin *p)
{
    if (irq_gsi_is_ours(p->irq.gsi))
        return;
    if (!p->irq.vector) {
        if (p->entry & ENTRY_MASKED || irq_attach(&p->irq, current->cpu))
            return;
    }
    p->irq.level = p->entry & ENTRY_LEVEL;
    irq_line_set(&p->irq, p->entry & ENTRY_ACTIVE_LOW, host_is_masked(p));
}

/* If the device still asserts the line it fires again at once. */
void vioapic_eoi(struct domain *d, uint8_t vector)
{
    struct vioapic *io = d->arch->vioapic;

    spin_lock(&io->lock);
    for (unsigned int n = 0; n < io->nr_units; n++) {
        for (unsigned int i = 0; i < io->unit[n].nr_pins; i++) {
            struct pin *p = &io->unit[n].pins[i];

            if (!(p->entry & ENTRY_REMOTE_IRR) || ENTRY_VECTOR(p->entry) != vector)
                continue;
            p->entry &= ~ENTRY_REMOTE_IRR;
            if (!host_is_masked(p))
                ioapic_set_mask(p->irq.gsi, false);
        }
    }
    spin_unlock(&io->lock);
}

/* --- registers ----------------------------------------------------------------------------- */

static struct pin *selected_pin(struct unit *u)
{
    unsigned int i = (unsigned int)(u->select - IOAPIC_ENTRIES) / 2;

    if (u->select < IOAPIC_ENTRIES || i >= u->nr_pins)
        return NULL;
    return &u->pins[index_nospec(i, u->nr_pins)];
}

static uint32_t read_window(struct unit *u)
{
    const struct pin *p = selected_pin(u);

    if (p)
        return (uint32_t)(u->select & 1 ? p->entry >> 32 : p->entry);
    switch (u->select) {
    case IOAPIC_ID:
    case IOAPIC_ARB:
        return u->id;
    case IOAPIC_VERSION:
        return VERSION | (u->nr_pins - 1) << 16;
    default:
        return 0;
    }
}

static void write_window(struct unit *u, uint32_t value)
{
    struct pin *p = selected_pin(u);
    uint64_t old, new;

    if (!p) {
        if (u->select == IOAPIC_ID)
            u->id = value & 0x0f000000;
        return;
    }
    old = p->entry;
    if (u->select & 1)
        new = (uint32_t)old | (uint64_t)value << 32;
    else
        new = (old & ~0xffffffffUL) | value;
    p->entry = (new &ENTRY_WRITABLE) | (old & ~ENTRY_WRITABLE);
    /* An edge has nothing to end: this is how kernels clear what got stuck. */
    if (!(p->entry & ENTRY_LEVEL))
        p->entry &= ~ENTRY_REMOTE_IRR;
    if ((old ^ p->entry) & (ENTRY_MASKED | ENTRY_LEVEL | ENTRY_ACTIVE_LOW | ENTRY_REMOTE_IRR))
        program_host(p);
}

static struct unit *find_unit(const struct vcpu *v, paddr_t gpa)
{
    struct vioapic *io = v->domain->arch->vioapic;

    for (unsigned int n = 0; io && n < io->nr_units; n++) {
        /* Where the host's does not answer, nothing is. */
        if (io->unit[n].nr_pins && io->unit[n].page >> PAGE_SHIFT == gpa >> PAGE_SHIFT)
            return &io->unit[n];
    }
    return NULL;
}

static bool match(struct vcpu *v, paddr_t gpa)
{
    return find_unit(v, gpa);
}

static uint64_t read(struct vcpu *v, paddr_t gpa, unsigned int size)
{
    struct unit *u = find_unit(v, gpa);
    struct vioapic *io = v->domain->arch->vioapic;
    unsigned int reg = (unsigned int)(gpa - u->page);
    uint64_t value = 0;

    spin_lock(&io->lock);
    if (reg == REG_SELECT)
        value = u->select;
    else if (reg == REG_WINDOW)
        value = read_window(u);
    spin_unlock(&io->lock);
    return value;
}

static void write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t value)
{
    struct unit *u = find_unit(v, gpa);
    struct vioapic *io = v->domain->arch->vioapic;
    unsigned int reg = (unsigned int)(gpa - u->page);

    spin_lock(&io->lock);
    if (reg == REG_SELECT)
        u->select = (uint8_t)value;
    else if (reg == REG_WINDOW && size == 4)
        write_window(u, (uint32_t)value);
    spin_unlock(&io->lock);
}

const struct mmio_device vioapic_mmio = { match, read, write };

/* --- creation ------------------------------------------------------------------------------ */

static int create_unit(struct domain *d, struct unit *u, unsigned int n)
{
    const struct acpi_ioapic *a = &acpi_host.ioapic[n];
    unsigned int order = 0;

    u->page = a->paddr;
    u->id = (uint32_t)a->id << 24;
    u->nr_pins = ioapic_pins(n);
    if (!u->nr_pins)
        return 0;
    while (PAGE_SIZE << order < u->nr_pins * sizeof(*u->pins))
        order++;
    u->pins = hv_alloc_pages(order, 0);
    if (!u->pins)
        return -ENOMEM;
    for (unsigned int i = 0; i < u->nr_pins; i++) {
        u->pins[i] = (struct pin){
            .irq = { .handler = line_handler, .is_line = true, .gsi = a->gsi_base + i },
            .domain = d,
            .entry = ENTRY_MASKED,
        };
    }
    return 0;
}

int vioapic_create(struct domain *d)
{
    struct vioapic *io = hv_alloc(sizeof(*io));
    int rc = 0;

    if (!io)
        return -ENOMEM;
    spin_lock_init(&io->lock, LOCK_IRQ_ROUTE);
    for (unsigned int n = 0; n < acpi_host.nr_ioapics && !rc; n++)
        rc = create_unit(d, &io->unit[io->nr_units++], n);
    d->arch->vioapic = io;
    return rc;
}
