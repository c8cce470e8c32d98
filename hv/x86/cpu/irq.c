/* SPDX-License-Identifier: MIT */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/softirq.h>

#include "x86/cpu/cpu.h"
#include "x86/cpu/ioapic.h"
#include "x86/cpu/irq.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
/* Behind the devices' vectors; nothing but spurious interrupts come from the PICs. */
#define VECTOR_PIC 0xe0

static spinlock_t vector_lock = SPINLOCK_INIT(LOCK_IRQ_DESC);
static struct irq uart_irq;

static struct irq **slot(struct arch_cpu *a, unsigned int vector)
{
    return &a->irq[vector - VECTOR_DEVICE_FIRST];
}

static bool is_device_vector(unsigned int vector)
{
    return vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST;
}

/*
 * In interrupt context. What is level-triggered would come again at once if it
 * were acknowledged before it is masked, for which a lock is needed.
 */
void irq_record(uint8_t vector)
{
    struct arch_cpu *a = this_cpu()->arch;
    const struct irq *irq;

    if (!is_device_vector(vector)) {
        if (vector < VECTOR_PIC || vector >= VECTOR_PIC + 16)
            apic_eoi();
        return;
    }
    bit_test_and_set(a->irq_pending, vector);
    irq = atomic_read_acquire(slot(a, vector));
    if (irq && irq->level)
        a->irq_eois_owed++;
    else
        apic_eoi();
    softirq_raise(SOFTIRQ_IRQ);
}

/* Masks what came in by level, then acknowledges: the local APIC ends the highest each time. */
static void acknowledge(struct arch_cpu *a, const uint64_t *pending)
{
    for (unsigned int v = VECTOR_DEVICE_FIRST; v <= VECTOR_DEVICE_LAST; v++) {
        const struct irq *irq;

        if (!(pending[v / 64] >> v % 64 & 1))
            continue;
        irq = atomic_read_acquire(slot(a, v));
        if (irq && irq->level)
            ioapic_set_mask(irq->gsi, true);
    }
    for (; a->irq_eois_owed; a->irq_eois_owed--)
        apic_eoi();
}

static void irq_softirq(void)
{
    struct arch_cpu *a = this_cpu()->arch;
    uint64_t pending[4];

    irq_disable();
    for (unsigned int i = 0; i < ARRAY_SIZE(pending); i++) {
        pending[i] = a->irq_pending[i];
        a->irq_pending[i] = 0;
    }
    if (a->irq_eois_owed)
        acknowledge(a, pending);
    irq_enable();
    for (unsigned int i = 0; i < ARRAY_SIZE(pending); i++) {
        while (pending[i]) {
            unsigned int v = i * 64 + (unsigned int)__builtin_ctzl(pending[i]);
            struct irq *irq = atomic_read_acquire(slot(a, v));

            pending[i] &= pending[i] - 1;
            if (irq)
                irq->handler(irq);
        }
    }
}

static int attach_on(struct irq *irq, unsigned int cpu)
{
    struct arch_cpu *a = cpus[cpu]->arch;

    if (a->apic_id > 254) /* what IO-APICs and messages can name without remapping */
        return -ENOSPC;
    for (unsigned int v = VECTOR_DEVICE_FIRST; v <= VECTOR_DEVICE_LAST; v++) {
        if (*slot(a, v))
            continue;
        irq->cpu = cpu;
        irq->vector = (uint8_t)v;
        atomic_set_release(slot(a, v), irq);
        return 0;
    }
    return -ENOSPC;
}

int irq_attach(struct irq *irq, unsigned int cpu)
{
    int rc;

    spin_lock(&vector_lock);
    rc = attach_on(irq, cpu);
    for (unsigned int i = 0; rc && i < nr_cpus; i++) {
        if (cpus[i])
            rc = attach_on(irq, i);
    }
    spin_unlock(&vector_lock);
    return rc;
}

void irq_detach(struct irq *irq)
{
    spin_lock(&vector_lock);
    if (irq->vector)
        atomic_set_release(slot(cpus[irq->cpu]->arch, irq->vector), NULL);
    irq->vector = 0;
    spin_unlock(&vector_lock);
}

void irq_line_set(const struct irq *irq, bool active_low, bool masked)
{
    struct ioapic_route r = {
        .vector = irq->vector,
        .apic_id = cpus[irq->cpu]->arch->apic_id,
        .level = irq->level,
        .active_low = active_low,
        .masked = masked,
    };

    ioapic_set_route(irq->gsi, &r);
}

bool irq_gsi_is_ours(uint32_t gsi)
{
    return uart_irq.vector && uart_irq.gsi == gsi;
}

uint32_t irq_isa_to_gsi(uint8_t source, bool *level, bool *active_low)
{
    *level = *active_low = false;
    for (unsigned int i = 0; i < acpi_host.nr_overrides; i++) {
        const struct acpi_irq_override *o = &acpi_host.override[i];

        if (o->source != source)
            continue;
        *level = o->trigger == ACPI_TRIGGER_LEVEL;
        *active_low = o->polarity == ACPI_POLARITY_LOW;
        return o->gsi;
    }
    return source;
}

/* The 8259s are moved away from the exceptions' vectors, and all their lines masked. */
static void __init pic_silence(void)
{
    outb(PIC1_COMMAND, 0x11);
    outb(PIC2_COMMAND, 0x11);
    outb(PIC1_DATA, VECTOR_PIC);
    outb(PIC2_DATA, VECTOR_PIC + 8);
    outb(PIC1_DATA, 4);
    outb(PIC2_DATA, 2);
    outb(PIC1_DATA, 1);
    outb(PIC2_DATA, 1);
    outb(PIC1_DATA, 0xff);
    outb(PIC2_DATA, 0xff);
}

static void uart_handler(struct irq *irq)
{
    softirq_raise(SOFTIRQ_CONSOLE);
    if (irq->level)
        ioapic_set_mask(irq->gsi, false);
}

static void __init uart_irq_init(void)
{
    bool active_low;

    if (!uart_port())
        return;
    uart_irq = (struct irq){ .handler = uart_handler, .is_line = true };
    uart_irq.gsi = irq_isa_to_gsi(uart_irq_line(), &uart_irq.level, &active_low);
    if (!ioapic_has_gsi(uart_irq.gsi) || irq_attach(&uart_irq, this_cpu()->id)) {
        log_warning("the serial port's interrupt %u can't be used: no console input\n",
                    uart_irq.gsi);
        return;
    }
    irq_line_set(&uart_irq, active_low, false);
    uart_enable_rx_interrupt();
}

void __init irq_init(void)
{
    softirq_set_handler(SOFTIRQ_IRQ, irq_softirq);
    pic_silence();
    ioapic_init();
    uart_irq_init();
}
