/* SPDX-License-Identifier: MIT */
/*
 * What was decided against leaks by speculation (speculation.h), at entries, exits and switches,
 * and what guests get of the CPU's controls for their own use. Boot option spec-ctrl: off:
 * nothing is done; on: all that the CPU can do; by default what it needs.
 */
#ifndef X86_HVM_SPEC_CTRL_H
#define X86_HVM_SPEC_CTRL_H

#include "x86/cpu/alternative.h"
#include "x86/cpu/insn.h"
#include "x86/cpu/speculation.h"
#include "x86/x86.h"

/* Boot, before alternatives_patch(): decides, and says what. */
void spec_ctrl_init(void);
/* On each CPU. */
void spec_ctrl_init_cpu(void);
/* What a new domain's vCPUs are told apart from others' by; never used again. */
uint64_t spec_ctrl_new_id(void);
void spec_ctrl_barrier(const struct vcpu *next);

/* @next is about to run on this CPU. */
static inline void spec_ctrl_switch(const struct vcpu *next)
{
    if (cpu_has_patched(FEATURE_SPEC_IBPB))
        spec_ctrl_barrier(next);
}

/* MSR_SPEC_CTRL of the host, where it stays as it is in guests: FEATURE_SPEC_CTRL. */
extern uint32_t spec_ctrl_host;

/*
 * Right before an entry, and after the exit. A guest's value comes on top of the host's: what the
 * host is protected by is never off, so there is nothing to do at most exits. Where IBRS is to be
 * written at each, entry.inc does it all.
 */
static inline void spec_ctrl_enter(const struct vcpu *v)
{
    if (cpu_has_patched(FEATURE_SPEC_CTRL) && unlikely(v->arch->spec_ctrl & ~spec_ctrl_host))
        wrmsr(MSR_SPEC_CTRL, v->arch->spec_ctrl | spec_ctrl_host);
    if (cpu_has_patched(FEATURE_SPEC_L1D) && !v->domain->is_privileged)
        wrmsr(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
}

static inline void spec_ctrl_leave(const struct vcpu *v)
{
    if (cpu_has_patched(FEATURE_SPEC_CTRL) && unlikely(v->arch->spec_ctrl & ~spec_ctrl_host))
        wrmsr(MSR_SPEC_CTRL, spec_ctrl_host);
}

/*
 * The MSRs that guests reach without an exit: PRED_CMD, which holds nothing, and SPEC_CTRL where
 * exits save it anyway. Returns their number.
 */
unsigned int spec_ctrl_direct_msrs(uint32_t list[2]);

/* MSR_SPEC_CTRL and MSR_ARCH_CAPS of a guest that exits for them; false: #GP. */
bool spec_ctrl_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
bool spec_ctrl_msr_write(struct vcpu *v, uint32_t msr, uint64_t value);

/* Bits of CPUID 7/0 EDX, 8000_0008 EBX, and 8000_0021 EAX and ECX that guests may see. */
#define SPEC_GUEST_LEAF7_D                                                                         \
    (LEAF7_D_MD_CLEAR | LEAF7_D_IBRS | LEAF7_D_STIBP | LEAF7_D_ARCH_CAPS | LEAF7_D_SSBD)
#define SPEC_GUEST_EXT8_B                                                                          \
    (EXT8_B_IBPB | EXT8_B_IBRS | EXT8_B_STIBP | EXT8_B_HINTS | EXT8_B_SSBD | EXT8_B_SSB_NO |       \
     EXT8_B_BTC_NO | EXT8_B_IBPB_RET)
#define SPEC_GUEST_EXT21_A                                                                         \
    (EXT21_A_LFENCE | EXT21_A_VERW_CLEAR | EXT21_A_IBPB_BRTYPE | EXT21_A_SRSO_NO |                 \
     EXT21_A_SRSO_US_NO)
#define SPEC_GUEST_EXT21_C (EXT21_C_TSA_SQ_NO | EXT21_C_TSA_L1_NO)

#endif
