/* SPDX-License-Identifier: MIT */
/*
 * What a CPU tags a vCPU's translations with: an ASID of SVM (APM 2, 15.16), a VPID of VMX
 * (SDM 3, 29.1). It belongs to a vCPU for one generation of one CPU. A new one is a flush; when
 * they run out, the CPU's whole TLB is flushed and a generation begins.
 */
#ifndef X86_HVM_ASID_H
#define X86_HVM_ASID_H

#include "x86/cpu/cpu.h"

struct asid {
    uint64_t generation; /* of which CPU, and which of it; 0: it needs a new one */
};

static inline void asid_init_cpu(void)
{
    struct cpu *c = this_cpu();

    c->arch->asid_generation = ((uint64_t)c->id + 1) << 48; /* no other CPU comes to it */
    c->arch->asid_next = 1;
}

static inline bool asid_is_valid(const struct asid *a)
{
    return a->generation == this_cpu()->arch->asid_generation;
}

static inline void asid_forget(struct asid *a)
{
    a->generation = 0;
}

/* A new number, up to @last, on this CPU. *flush: it was in use, all translations have to go. */
static inline uint32_t asid_new(struct asid *a, uint32_t last, bool *flush)
{
    struct arch_cpu *c = this_cpu()->arch;

    *flush = c->asid_next > last;
    if (*flush) {
        c->asid_generation++;
        c->asid_next = 1;
    }
    a->generation = c->asid_generation;
    return (uint32_t)c->asid_next++;
}

#endif
