/* SPDX-License-Identifier: MIT */
#include <hv/acpi.h>
#include <hv/lock.h>
#include <hv/log.h>

#include "x86/cpu/cpu.h"
#include "x86/cpu/ioapic.h"
#include "x86/mm/paging.h"

#define REG_SELECT       0x00
#define REG_WINDOW       0x10

#define IOAPIC_VERSION   0x01
#define IOAPIC_ENTRY(n)  (0x10 + 2 * (n)) /* low half; the high one follows */

#define ENTRY_ACTIVE_LOW (1u << 13)
#define ENTRY_LEVEL      (1u << 15)
#define ENTRY_MASKED     (1u << 16)

static struct {
    volatile uint32_t *regs;
    uint32_t gsi_base;
    unsigned int pins;
} ioapics[ACPI_MAX_IOAPICS];
static unsigned int nr_ioapics;
static spinlock_t lock = SPINLOCK_INIT(LOCK_IRQ_DESC); /* select and window belong together */

static uint32_t read_reg(unsigned int n, unsigned int reg)
{
    ioapics[n].regs[REG_SELECT / 4] = reg;
    return ioapics[n].regs[REG_WINDOW / 4];
}

static void write_reg(unsigned int n, unsigned int reg, uint32_t value)
{
    ioapics[n].regs[REG_SELECT / 4] = reg;
    ioapics[n].regs[REG_WINDOW / 4] = value;
}

void __init ioapic_init(void)
{
    nr_ioapics = acpi_host.nr_ioapics;
    for (unsigned int n = 0; n < nr_ioapics; n++) {
        const struct acpi_ioapic *a = &acpi_host.ioapic[n];
        uint32_t version;

        ioapics[n].regs = ioremap(a->paddr, REG_WINDOW + 4);
        ioapics[n].gsi_base = a->gsi_base;
        version = read_reg(n, IOAPIC_VERSION);
        if (version == ~0u) {
            log_warning("IO-APIC %u at %#lx does not answer\n", a->id, a->paddr);
            continue;
        }
        ioapics[n].pins = (version >> 16 & 0xff) + 1;
        for (unsigned int i = 0; i < ioapics[n].pins; i++)
            write_reg(n, IOAPIC_ENTRY(i), ENTRY_MASKED);
        log_info("IO-APIC %u: GSI %u-%u\n", a->id, a->gsi_base, a->gsi_base + ioapics[n].pins - 1);
    }
}

unsigned int ioapic_pins(unsigned int n)
{
    return n < nr_ioapics ? ioapics[n].pins : 0;
}

bool ioapic_is_at(paddr_t pa)
{
    for (unsigned int n = 0; n < nr_ioapics; n++) {
        if (acpi_host.ioapic[n].paddr >> PAGE_SHIFT == pa >> PAGE_SHIFT)
            return true;
    }
    return false;
}

static bool find(uint32_t gsi, unsigned int *n, unsigned int *pin)
{
    for (unsigned int i = 0; i < nr_ioapics; i++) {
        if (gsi - ioapics[i].gsi_base < ioapics[i].pins) {
            *n = i;
            *pin = gsi - ioapics[i].gsi_base;
            return true;
        }
    }
    return false;
}

bool ioapic_has_gsi(uint32_t gsi)
{
    unsigned int n, pin;

    return find(gsi, &n, &pin);
}

/* Masked while its halves don't match. */
void ioapic_set_route(uint32_t gsi, const struct ioapic_route *r)
{
    uint32_t low = r->vector | (r->active_low ? ENTRY_ACTIVE_LOW : 0) |
                   (r->level ? ENTRY_LEVEL : 0) | (r->masked ? ENTRY_MASKED : 0);
    unsigned int n, pin;

    if (!find(gsi, &n, &pin))
        return;
    spin_lock(&lock);
    write_reg(n, IOAPIC_ENTRY(pin), low | ENTRY_MASKED);
    write_reg(n, IOAPIC_ENTRY(pin) + 1, r->apic_id << 24);
    if (!r->masked)
        write_reg(n, IOAPIC_ENTRY(pin), low);
    spin_unlock(&lock);
}

void ioapic_set_mask(uint32_t gsi, bool masked)
{
    unsigned int n, pin;
    uint32_t low;

    if (!find(gsi, &n, &pin))
        return;
    spin_lock(&lock);
    low = read_reg(n, IOAPIC_ENTRY(pin)) & ~ENTRY_MASKED;
    write_reg(n, IOAPIC_ENTRY(pin), low | (masked ? ENTRY_MASKED : 0));
    spin_unlock(&lock);
}
