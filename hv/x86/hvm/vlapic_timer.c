/* SPDX-License-Identifier: MIT */
/* The timer of a virtual local APIC: by count, once or periodic, or by TSC deadline (APM
 * 2, 16.4.1). */
#include <hv/arch.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/vlapic_internal.h"

#define BUS_NS_PER_TICK 10 /* it counts at 100 MHz before the divider */

static uint64_t tick_ns(struct vlapic *l)
{
    uint32_t tdcr = REG(l, APIC_TDCR), code = (tdcr & 3) | (tdcr >> 1 & 4);

    return BUS_NS_PER_TICK * (1UL << ((code + 1) & 7));
}

/* What a vCPU with the CPU to itself could hardly make use of. */
#define MIN_PERIOD_NS 200000

void vlapic_timer_start(struct vlapic *l)
{
    uint64_t ns = REG(l, APIC_TMICT) * tick_ns(l);

    timer_stop(&l->timer);
    l->timer_start = time_now();
    l->timer_period = ns;
    if (!ns || l->timer_mode == TIMER_DEADLINE)
        return;
    if (l->timer_mode == TIMER_PERIODIC)
        l->timer_period = max(ns, (uint64_t)MIN_PERIOD_NS);
    timer_set(&l->timer, l->timer_start + l->timer_period);
}

uint32_t vlapic_timer_count(struct vlapic *l)
{
    uint64_t passed = time_now() - l->timer_start;
    uint64_t period = atomic_read(&l->timer_period); /* once: see timer_fires */

    if (!period || l->timer_mode == TIMER_DEADLINE)
        return 0;
    if (l->timer_mode == TIMER_PERIODIC)
        passed %= period;
    else if (passed >= period)
        return 0;
    return (uint32_t)((period - passed) / tick_ns(l));
}

/* Ticks that were missed are missed. */
static void next_tick(struct vlapic *l, uint64_t period)
{
    uint64_t start = atomic_read(&l->timer_start);

    start += (time_now() - start) / period * period;
    atomic_set(&l->timer_start, start);
    timer_set(&l->timer, start + period);
}

/*
 * A periodic one is set again when the vCPU runs: its interrupt is pending until then, a
 * second would not be noticed, and many vCPUs' ticks would cost others' time.
 */
static void timer_fires(void *arg)
{
    struct vcpu *v = arg;
    struct vlapic *l = v->arch->vlapic;
    uint32_t lvt = REG(l, APIC_LVTT);
    /* Once: the vCPU, if it moved meanwhile, or a start-up IPI may set it to 0 just now. */
    uint64_t period = atomic_read(&l->timer_period);

    l->tsc_deadline = 0;
    if (!(lvt & LVT_MASKED))
        vlapic_set_irq(v, (uint8_t)lvt, false);
    smp_mb(); /* pairs with vlapic_timer_resume: it sees the timer off, or we see the vCPU run */
    if (v->is_running && TIMER_MODE(lvt) == TIMER_PERIODIC && period)
        next_tick(l, period);
}

void vlapic_timer_resume(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;
    uint64_t period = atomic_read(&l->timer_period);

    if (!period || l->timer_mode != TIMER_PERIODIC)
        return;
    smp_mb();
    if (!timer_is_armed(&l->timer))
        next_tick(l, period);
}

uint64_t vlapic_tsc_deadline(const struct vcpu *v)
{
    return v->arch->vlapic->tsc_deadline;
}

void vlapic_set_tsc_deadline(struct vcpu *v, uint64_t tsc)
{
    struct vlapic *l = v->arch->vlapic;
    uint64_t now_tsc = rdtsc() + v->arch->tsc_offset, ticks;

    if (l->timer_mode != TIMER_DEADLINE)
        return;
    timer_stop(&l->timer);
    l->tsc_deadline = tsc;
    if (!tsc)
        return;
    ticks = tsc > now_tsc ? min(tsc - now_tsc, tsc_khz * 1000 * 3600) : 0;
    timer_set(&l->timer, time_now() + ticks * 1000 / (tsc_khz / 1000 ? tsc_khz / 1000 : 1));
}

void vlapic_timer_init(struct vcpu *v)
{
    timer_init(&v->arch->vlapic->timer, timer_fires, v, v, v->cpu);
}

static void stop(struct vlapic *l)
{
    timer_stop(&l->timer);
    l->timer_period = l->tsc_deadline = 0;
}

void vlapic_timer_reset(struct vlapic *l)
{
    stop(l);
    l->timer_mode = TIMER_ONESHOT;
}

void vlapic_timer_set_mode(struct vlapic *l, uint8_t mode)
{
    if (l->timer_mode == mode)
        return;
    l->timer_mode = mode;
    stop(l);
}

void vlapic_stop_timer(struct vcpu *v)
{
    if (v->arch->vlapic)
        timer_kill(&v->arch->vlapic->timer);
}

void vlapic_migrate(struct vcpu *v, unsigned int cpu)
{
    timer_migrate(&v->arch->vlapic->timer, cpu);
}
