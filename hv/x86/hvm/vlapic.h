/* SPDX-License-Identifier: MIT */
/*
 * The virtual local APIC, in xAPIC and x2APIC mode (APM 2, chapter 16). One
 * implementation; registers are reached by MMIO (mmio.c) or MSR.
 */
#ifndef X86_HVM_VLAPIC_H
#define X86_HVM_VLAPIC_H

#include "x86/x86.h"

#define VLAPIC_DEFAULT_BASE 0xfee00000UL

int vlapic_create(struct vcpu *v);
void vlapic_destroy(struct vcpu *v);
void vlapic_reset(struct vcpu *v);
/* A start-up IPI arrived (arch_vcpu.start_up): the state it begins with. On its own CPU. */
void vlapic_begin_start_up(struct vcpu *v);
/* The timer goes with the vCPU. */
void vlapic_migrate(struct vcpu *v, unsigned int cpu);
/* Its turn begins: a periodic timer goes on. */
void vlapic_timer_resume(struct vcpu *v);
void vlapic_stop_timer(struct vcpu *v);

/* An interrupt for this vCPU: sets IRR, and wakes or kicks it. Waits while the APIC is disabled. */
void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level);
/* The vector that is to be delivered now, by priority, or: */
#define VLAPIC_NOTHING   (-1) /* none, or not before another is ended */
#define VLAPIC_BELOW_TPR (-2) /* none, but the TPR alone holds one back */
int vlapic_pending_vector(struct vcpu *v);
/*
 * For a back-end whose CPU uses the registers itself (vendor_ops.apic_*): the page of registers;
 * what its mode is; that bits came into IRR; and the highest vectors of IRR (if it is software
 * enabled) and ISR, -1: none.
 */
void *vlapic_page(const struct vcpu *v);
enum vlapic_mode { VLAPIC_OFF, VLAPIC_XAPIC, VLAPIC_X2APIC };
enum vlapic_mode vlapic_mode(const struct vcpu *v);
int vlapic_highest_irr(struct vcpu *v);
int vlapic_highest_isr(struct vcpu *v);
/* The CPU ended an interrupt of level @vector, or let a write through to register @reg. */
void vlapic_level_ended(struct vcpu *v, uint8_t vector);
void vlapic_was_written(struct vcpu *v, unsigned int reg);

/* It was delivered: from IRR to ISR. */
void vlapic_accept(struct vcpu *v, uint8_t vector);

/* Registers by their xAPIC offset; false: no such register (#GP in x2APIC mode). */
bool vlapic_read(struct vcpu *v, unsigned int reg, uint32_t *value);
bool vlapic_write(struct vcpu *v, unsigned int reg, uint32_t value);
bool vlapic_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool vlapic_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);
bool vlapic_base_write(struct vcpu *v, uint64_t value);
uint64_t vlapic_base(const struct vcpu *v);
uint64_t vlapic_tsc_deadline(const struct vcpu *v);
void vlapic_set_tsc_deadline(struct vcpu *v, uint64_t tsc);

static inline uint32_t vlapic_id(const struct vcpu *v)
{
    return v->id * 2; /* what guests of this interface count on */
}

/*
 * A message as an IO-APIC or an MSI sends it (destination, delivery mode,
 * vector) to the vCPUs of @d that it names.
 */
void vlapic_deliver(struct domain *d, uint32_t dest, bool logical, unsigned int mode,
                    uint8_t vector, bool level);
/* The same from an MSI address and data (APM 2, 16.7; PCI 6.8.2). */
void vlapic_deliver_msi(struct domain *d, uint64_t address, uint32_t data);

#define APIC_MODE_FIXED  0
#define APIC_MODE_LOWEST 1
#define APIC_MODE_SMI    2
#define APIC_MODE_NMI    4
#define APIC_MODE_INIT   5
#define APIC_MODE_SIPI   6
#define APIC_MODE_EXTINT 7

/* Told when a level-triggered interrupt is ended (vioapic.c). */
void vioapic_eoi(struct domain *d, uint8_t vector);

#endif
