/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts of the host. The handler of the interrupt only records its
 * vector; the rest happens in SOFTIRQ_IRQ on the same CPU, before any guest is
 * entered there. A level-triggered line is masked at its IO-APIC and acknowledged
 * then; who handles it unmasks it when the device is served.
 */
#ifndef X86_CPU_IRQ_H
#define X86_CPU_IRQ_H

#include <hv/types.h>

/*
 * A source of interrupts: a line, or a message of a device. Part of what handles
 * it, which must never be freed: a CPU may be about to look at it at any time.
 */
struct irq {
    /*
     * In softirq context, with no lock held; possibly once more after irq_detach.
     */
    void (*handler)(struct irq *irq);
    bool is_line, level;
    uint32_t gsi;     /* of a line */
    unsigned int cpu; /* where it arrives, once attached */
    uint8_t vector;   /* there; 0: not attached */
};

/* Boot: IO-APICs masked, the legacy PICs silenced, the hypervisor's own lines set up. */
void irq_init(void);

/* Gives @irq a vector on @cpu, or on the boot CPU. -ENOSPC: there is none left. */
int irq_attach(struct irq *irq, unsigned int cpu);
/* The device must be unable to send it any more. */
void irq_detach(struct irq *irq);
/* Programs the IO-APIC entry of an attached line; irq->level is set first. */
void irq_line_set(const struct irq *irq, bool active_low, bool masked);

/* The GSI belongs to the hypervisor itself. */
bool irq_gsi_is_ours(uint32_t gsi);
/* Where the ISA interrupt @source arrives, and how (ACPI 6.4, 5.2.12.5). */
uint32_t irq_isa_to_gsi(uint8_t source, bool *level, bool *active_low);

#endif
