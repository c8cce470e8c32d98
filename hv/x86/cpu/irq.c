/* SPDX-License-Identifier: MIT */
/* Device interrupts of the host: recorded in the handler, acted upon in a softirq. */
#include <hv/log.h>
#include <hv/softirq.h>

#include "x86/cpu/cpu.h"

void irq_record(uint8_t vector)
{
    bit_test_and_set(this_cpu()->arch->irq_pending, vector);
    apic_eoi();
    softirq_raise(SOFTIRQ_IRQ);
}
