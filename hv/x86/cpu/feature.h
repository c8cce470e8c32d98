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

/* Against speculation, as decided (speculation.h). */
#define FEATURE_SPEC_EXIT      8 /* any of those after an exit: */
#define FEATURE_SPEC_IBPB_EXIT 9
#define FEATURE_SPEC_IBRS_EXIT 10
#define FEATURE_SPEC_REFILL    11 /* of the return stack */
#define FEATURE_SPEC_CALL      12
#define FEATURE_SPEC_HISTORY   13
#define FEATURE_SPEC_VERW      14 /* before an entry */
#define FEATURE_SPEC_L1D       15 /* also */
#define FEATURE_SPEC_IBPB      16 /* when a CPU goes on with another domain */
#define FEATURE_SPEC_CTRL      17 /* guests have an MSR_SPEC_CTRL, which the hypervisor switches */
#define FEATURE_SPEC_ENTRY     18 /* any of the long ones before an entry: IBRS_EXIT, */
#define FEATURE_SPEC_DIVIDER   19
#define FEATURE_SPEC_RETPOLINE 20 /* indirect branches: thunks.S */

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
