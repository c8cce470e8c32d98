/* SPDX-License-Identifier: MIT */
/*
 * Barriers against what one guest leaves in a CPU's branch predictors for another, or for the
 * hypervisor. Boot option spec-ctrl: off: none; on: all that there are; by default those
 * that the CPU has, if it has any. Nothing is done against L1TF and MDS.
 */
#ifndef X86_HVM_SPEC_CTRL_H
#define X86_HVM_SPEC_CTRL_H

#include "x86/cpu/alternative.h"
#include "x86/x86.h"

/* Boot, before alternatives_patch(): chooses, and says what. */
void spec_ctrl_init(void);
/* What a new domain's vCPUs are told apart from others' by; never used again. */
uint64_t spec_ctrl_new_id(void);
void spec_ctrl_barrier(const struct vcpu *next);

/* @next is about to run on this CPU. */
static inline void spec_ctrl_switch(const struct vcpu *next)
{
    if (cpu_has_patched(FEATURE_SPEC_IBPB))
        spec_ctrl_barrier(next);
}

#endif
