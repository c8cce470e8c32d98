/* SPDX-License-Identifier: MIT */
/* The local APIC of the host, in xAPIC or x2APIC mode (APM 2, chapter 16). */
#include <hv/acpi.h>
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/softirq.h>

#include "x86/cpu/apic_regs.h"
#include "x86/cpu/cpu.h"
#include "x86/mm/paging.h"

#define ICR_PENDING 0x1000u

static bool x2apic;
static volatile uint32_t *regs;
static uint64_t ticks_per_ms; /* of the APIC timer, divided by 1 */

bool apic_is_x2apic(void)
{
    return x2apic;
}

static uint32_t apic_read(unsigned int reg)
{
    return x2apic ? (uint32_t)rdmsr(MSR_X2APIC + (reg >> 4)) : regs[reg / 4];
}

static void apic_write(unsigned int reg, uint32_t v)
{
    if (x2apic)
        wrmsr(MSR_X2APIC + (reg >> 4), v);
    else
        regs[reg / 4] = v;
}

uint32_t apic_id(void)
{
    return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

void apic_send(uint32_t dest, uint32_t icr_low)
{
    if (x2apic) {
        smp_mb();
        wrmsr(MSR_X2APIC + (APIC_ICR >> 4), icr_low | (uint64_t)dest << 32);
        return;
    }
    /* The two halves must not be torn apart by an interrupt that sends too. */
    bool on = irq_enabled();

    irq_disable();
    while (apic_read(APIC_ICR) & ICR_PENDING)
        cpu_pause();
    apic_write(APIC_ICR2, dest << 24);
    apic_write(APIC_ICR, icr_low);
    if (on)
        irq_enable();
}

void apic_send_vector(uint32_t dest, uint8_t vector)
{
    apic_send(dest, vector | 0x4000);
}

void arch_cpu_kick(unsigned int cpu)
{
    apic_send_vector(cpus[cpu]->arch->apic_id, VECTOR_KICK);
}

void apic_init_cpu(void)
{
    if (x2apic)
        wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
    else
        wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x800);
    this_cpu()->arch->apic_id = apic_id();
    if (!x2apic) {
        apic_write(APIC_DFR, 0xffffffff);
        apic_write(APIC_LDR, 0);
    }
    apic_write(APIC_TPR, 0);
    apic_write(APIC_LINT0, LVT_MASKED);
    apic_write(APIC_LVTERR, LVT_MASKED);
    apic_write(APIC_LVT_PMC, LVT_MASKED);
    apic_write(APIC_TDCR, 0xb); /* divide by 1 */
    apic_write(APIC_TMICT, 0);
    apic_write(APIC_SVR, 0x100 | VECTOR_SPURIOUS);
    /* As long as an APIC is disabled by the former, what is local stays masked (11.4.7.2). */
    apic_write(APIC_LINT1, 0x400); /* NMI */
    apic_write(APIC_LVTT, VECTOR_TIMER);
}

void apic_init_bsp(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    x2apic = cpuid(1).c & 1u << 21 && !cmdline_has("no-x2apic");
    if (!x2apic && base & 0x400)
        x2apic = true; /* the firmware left it on: there is no way back */
    if (!x2apic)
        regs = ioremap(base & 0xffffff000UL, PAGE_SIZE);
    apic_init_cpu();
    log_info("local APIC: %s mode, id %u\n", x2apic ? "x2APIC" : "xAPIC",
             this_cpu()->arch->apic_id);
}

static uint32_t read_timer(void)
{
    return apic_read(APIC_TMCCT);
}

/* Against the calibrated TSC; the timer counts down. */
void apic_calibrate(void)
{
    struct clock_sample from, to;

    apic_write(APIC_LVTT, LVT_MASKED | VECTOR_TIMER);
    apic_write(APIC_TMICT, 0xffffffff);
    from = clock_sample(read_timer);
    delay_us(10000);
    to = clock_sample(read_timer);
    ticks_per_ms = (from.counter - to.counter) * tsc_khz / (to.tsc - from.tsc);
    apic_write(APIC_TMICT, 0);
    apic_write(APIC_LVTT, VECTOR_TIMER);
    if (!ticks_per_ms)
        panic("the local APIC's timer does not count");
    log_info("local APIC timer: %lu kHz\n", ticks_per_ms);
}

void arch_timer_arm(uint64_t deadline)
{
    uint64_t now, ns, ticks;

    if (deadline == ~0UL) {
        apic_write(APIC_TMICT, 0);
        return;
    }
    now = time_now();
    if (deadline <= now) {
        apic_write(APIC_TMICT, 0);
        softirq_raise(SOFTIRQ_TIMER);
        return;
    }
    ns = min(deadline - now, NS_PER_SEC); /* then it is simply set again */
    ticks = ns * ticks_per_ms / 1000000 + 1;
    apic_write(APIC_TMICT, (uint32_t)min(ticks, 0xffffffffUL));
}
