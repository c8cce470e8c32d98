/* SPDX-License-Identifier: MIT */
#include <hv/arch.h>
#include <hv/softirq.h>

static void (*handlers[NR_SOFTIRQS])(void);

void softirq_set_handler(enum softirq nr, void (*handler)(void))
{
    handlers[nr] = handler;
}

void softirq_raise(enum softirq nr)
{
    atomic_or(&this_cpu()->softirq_pending, 1UL << nr);
}

void softirq_raise_on(unsigned int cpu, enum softirq nr)
{
    struct cpu *c = cpus[cpu];

    if (!c || atomic_or(&c->softirq_pending, 1UL << nr) & 1UL << nr)
        return;
    if (c != this_cpu())
        arch_cpu_kick(cpu);
}

void softirq_run(void)
{
    uint64_t pending;

    while (softirq_is_pending()) {
        pending = atomic_xchg(&this_cpu()->softirq_pending, 0);
        for (unsigned int i = 0; i < NR_SOFTIRQS; i++) {
            if (pending & 1UL << i && handlers[i])
                handlers[i]();
        }
    }
}
