/* SPDX-License-Identifier: MIT */
/* A vCPU's turn on a CPU: loading its state, entering, leaving. */
#include <hv/arch.h>
#include <hv/log.h>
#include <hv/softirq.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/fpu.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/hvm/vlapic.h"

static void vcpu_load(struct vcpu *v)
{
    if (v->cpu != this_cpu()->id)
        panic("vCPU loaded on the wrong CPU");
    if (v->singleshot_timer.cpu != v->cpu) {
        vcpu_timers_migrate(v, v->cpu);
        vlapic_migrate(v, v->cpu);
    }
    vlapic_timer_resume(v);
    fpu_load(v);
    hvm_load_tsc_aux(v);
    spec_ctrl_switch(v);
    vendor->switch_in(v);
}

static void vcpu_save(struct vcpu *v)
{
    vendor->switch_out(v);
    fpu_save(v);
    /* A start-up IPI wakes it, also if it was just about to sleep. */
    if (unlikely(atomic_read(&v->arch->start_up)))
        vcpu_unblock(v);
}

void arch_context_switch(struct vcpu *prev, struct vcpu *next)
{
    if (prev)
        vcpu_save(prev);
    if (next)
        vcpu_load(next);
}

/*
 * Translations that other CPUs took away since the last entry are dropped here.
 * Whoever takes one away first counts up tlb_generation, then looks at in_guest;
 * we do it the other way round: one of the two sees the other.
 */
static void sync_tlb(struct vcpu *v)
{
    uint64_t gen = atomic_read(&v->domain->arch->tlb_generation);

    if (unlikely(v->arch->tlb_generation != gen)) {
        v->arch->tlb_generation = gen;
        vendor->flush_tlb(v);
    }
}

void arch_vcpu_run(struct vcpu *v)
{
    struct cpu *c = this_cpu();
    struct arch_cpu *a = c->arch;

    /* The INIT before it has asked for a softirq, so it is here that it goes on. */
    if (unlikely(atomic_read(&v->arch->start_up))) {
        vlapic_begin_start_up(v);
        fpu_load(v); /* the reset changed what is loaded */
    }
    for (;;) {
        irq_disable();
        if (atomic_read(&c->softirq_pending))
            break;
        /* A full barrier: interrupts and the generation are looked at after it, or we are kicked.
         */
        (void)atomic_xchg(&a->in_guest, true);
        hvm_inject_pending(v);
        sync_tlb(v);
        spec_ctrl_enter(v);
        vendor->run(v);
        spec_ctrl_leave(v);
        atomic_set_release(&a->in_guest, false);
        a->exits[v->arch->exit.reason]++;
        irq_enable();
        hvm_handle_exit(v);
    }
    irq_enable();
}

void arch_p2m_flush(struct domain *d)
{
    uint64_t gen = atomic_inc(&d->arch->tlb_generation);
    unsigned int i;

    for_each_online_cpu(i) {
        struct arch_cpu *a = cpus[i]->arch;
        struct vcpu *v = ACCESS_ONCE(cpus[i]->curr); /* not freed as long as we are here: grace.h */

        if (i == this_cpu()->id || !v || !atomic_read(&a->in_guest) || v->domain != d)
            continue;
        /* One exit is enough: the next entry sees the new generation. */
        arch_cpu_kick(i);
        while (atomic_read_acquire(&a->in_guest) && ACCESS_ONCE(v->arch->tlb_generation) < gen)
            cpu_pause();
    }
}

void arch_cpu_idle(void)
{
    irq_disable();
    if (softirq_is_pending())
        irq_enable();
    else
        __asm__ __volatile__("sti; hlt" : : : "memory");
}

void vcpu_notify(struct vcpu *v, uint8_t vector)
{
    unsigned int cpu;

    /* Stays pending. In this order: see the NMI's injection. */
    if (!atomic_read_acquire(&v->arch->nmi_pending) && unlikely(atomic_read(&v->arch->halted_off)))
        return;
    vcpu_unblock(v);
    smp_mb();
    cpu = ACCESS_ONCE(v->cpu);
    if (ACCESS_ONCE(v->is_running) && cpu != this_cpu()->id && cpus[cpu]->arch->in_guest)
        apic_send_vector(cpus[cpu]->arch->apic_id, vector);
}

void vcpu_kick(struct vcpu *v)
{
    vcpu_notify(v, VECTOR_KICK);
}
