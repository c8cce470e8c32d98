/* SPDX-License-Identifier: MIT */
/* All that an architecture must provide to the core. */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include <hv/domain.h>

/* --- host --- */
void arch_cpu_relax(void);
/* Interrupts another CPU so that it sees its pending softirqs. */
void arch_cpu_kick(unsigned int cpu);
/* Sets this CPU's timer hardware; ~0: off; a time in the past: at once. */
void arch_timer_arm(uint64_t deadline_ns);
/* Waits, if need be, until the console takes it. */
void arch_console_putc(char c);
/* How many characters it takes now without waiting. */
unsigned int arch_console_room(void);
/* -1: nothing to read. */
int arch_console_getc(void);
void arch_backtrace(void);
/* The end of panic: stops all CPUs; restarts the machine unless told to stay. */
void arch_panic_stop(void) __noreturn;
void arch_machine_restart(void) __noreturn;
void arch_machine_poweroff(void) __noreturn;
/* Idle with interrupts enabled until one comes, unless a softirq is pending. */
void arch_cpu_idle(void);

/* --- domains and vCPUs --- */
int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *config);
/* Bounded steps: -ERESTART until done. */
int arch_domain_destroy(struct domain *d);
void arch_domain_free(struct domain *d);
int arch_vcpu_create(struct vcpu *v);
void arch_vcpu_destroy(struct vcpu *v);
/* Loads @next's state on this CPU (NULL: nothing) after saving @prev's. */
void arch_context_switch(struct vcpu *prev, struct vcpu *next);
/* Enters the current vCPU's guest, and handles its exits, until a softirq is pending. */
void arch_vcpu_run(struct vcpu *v);
/* An event upcall became pending for @v (v->vcpu_info says so): inject it. Kicks. */
void arch_vcpu_event_notify(struct vcpu *v);
/* Is there an interrupt that would end @v's halt? */
bool arch_vcpu_has_interrupt(struct vcpu *v);
/* All CPUs on which @d runs drop translations before this returns. */
void arch_p2m_flush(struct domain *d);
/* Writes the guest's copies of time information. */
void arch_vcpu_time_update(struct vcpu *v);
/* Copies of runstate to the guest's registered area; only for the current vCPU. */
void arch_vcpu_runstate_update(struct vcpu *v);

/* Long hypercalls' arch parts: -ENOSYS for what isn't there. */
long arch_memory_op(unsigned long cmd, XEN_GUEST_HANDLE(void) arg);
long arch_domctl(struct xen_domctl *op, struct domain *d, bool *copyback);
long arch_sysctl(struct xen_sysctl *op, bool *copyback);
void arch_physinfo(struct xen_sysctl_physinfo *p);
/* Of an online CPU: the number of its core within its socket, and of that. */
struct cpu_place {
    uint32_t core, socket;
};
struct cpu_place arch_cpu_place(unsigned int cpu);
/* Width of its physical addresses. */
unsigned int arch_domain_paddr_bits(const struct domain *d);

#endif
