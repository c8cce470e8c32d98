/* SPDX-License-Identifier: MIT */
/*
 * What code is chosen by at boot (alternative.h): features of the CPU, and decisions taken from
 * them. Those of the boot CPU: another one that lacks a feature is refused.
 */
#ifndef X86_CPU_FEATURE_H
#define X86_CPU_FEATURE_H

/* Of the CPU (SDM 2, CPUID; APM 3, appendix E). */
#define FEATURE_SMAP     0
#define FEATURE_FSRM     1 /* REP MOVSB is the best there is for any length */
#define FEATURE_FSRS     2 /* so is REP STOSB */
#define FEATURE_XSAVEOPT 3
#define NR_CPU_FEATURES  4

/* Against speculation, as spec_ctrl.c decided. */
#define FEATURE_SPEC_IBPB   8 /* when a CPU goes on with another domain */
#define FEATURE_SPEC_REFILL 9 /* of the return stack, after an exit */

/* In a record: where the feature is absent. */
#define FEATURE_NOT 0x8000

#ifndef __ASSEMBLY__
#include <hv/types.h>

/* A bit a feature. Complete before alternatives_patch(), and constant from there on. */
extern uint64_t cpu_features;

static inline bool cpu_has(unsigned int feature)
{
    return cpu_features >> feature & 1;
}

static inline void cpu_feature_set(unsigned int feature)
{
    cpu_features |= 1UL << feature;
}
#endif

#endif
