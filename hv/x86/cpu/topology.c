/* SPDX-License-Identifier: MIT */
/* Which CPUs share a core or a socket: told by the bits of their APIC ids (APM 3, E.4.1). */
#include <hv/arch.h>
#include <hv/types.h>

#include "x86/cpu/cpu.h"

struct widths {
    uint8_t thread, socket; /* bits of the thread's number; of all below the socket's */
};

static uint8_t width_of(uint32_t count)
{
    uint8_t bits = 0;

    while (count > 1u << bits)
        bits++;
    return bits;
}

/* Extended topology: a level's type, and how far to shift to the next. */
static bool from_leaf_b(struct widths *w)
{
    for (uint32_t sub = 0; sub < 2; sub++) {
        struct cpuid_regs r = cpuid_count(0xb, sub);

        if (!(r.b & 0xffff))
            return false;
        if ((r.c >> 8 & 0xff) == 1)
            w->thread = r.a & 0x1f;
        w->socket = r.a & 0x1f;
    }
    return true;
}

static struct widths widths(void)
{
    struct widths w = { 0, 0 };
    struct cpuid_regs r;

    if (cpuid(0).a >= 0xb && from_leaf_b(&w))
        return w;
    r = cpuid(1);
    return (struct widths){ 0, r.d & 1u << 28 ? width_of(r.b >> 16 & 0xff) : 0 };
}

struct cpu_place arch_cpu_place(unsigned int cpu)
{
    uint32_t id = cpus[cpu]->arch->apic_id;
    struct widths w = widths();

    return (struct cpu_place){ .core = (id & ((1u << w.socket) - 1)) >> w.thread,
                               .socket = id >> w.socket };
}
