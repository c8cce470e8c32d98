/* SPDX-License-Identifier: MIT */
/*
 * What is done against leaks by speculation on this host's CPUs: a decision taken once, of words
 * that the CPU says of itself (SDM 2, CPUID; SDM 4, IA32_ARCH_CAPABILITIES; APM 3, appendix E)
 * and of models that say too little. Guests have address spaces of their own, so what matters is
 * what they can leave in branch predictors for the hypervisor and for each other, and what the
 * hypervisor and others leave in buffers and caches for them.
 *
 * Where microcode of 2018 or later is there, IBRS in one of its forms keeps guests from steering
 * the hypervisor's branches, and covers returns as well. Where it is not, retpolines do what they
 * can (thunks.S), and the boot log says what is open.
 */
#ifndef X86_CPU_SPECULATION_H
#define X86_CPU_SPECULATION_H

#include <hv/types.h>

/* MSRs and their bits (SDM 4, table 2-2; APM 2, 3.2.9). */
#define MSR_SPEC_CTRL       0x48
#define SPEC_CTRL_IBRS      0x1u
#define SPEC_CTRL_STIBP     0x2u
#define SPEC_CTRL_SSBD      0x4u
#define SPEC_CTRL_BHI_DIS_S 0x400u
#define MSR_PRED_CMD        0x49
#define PRED_CMD_IBPB       1
#define MSR_FLUSH_CMD       0x10b
#define FLUSH_CMD_L1D       1

/* IA32_ARCH_CAPABILITIES */
#define MSR_ARCH_CAPS     0x10a
#define CAPS_RDCL_NO      (1UL << 0)
#define CAPS_IBRS_ALL     (1UL << 1)
#define CAPS_RSBA         (1UL << 2)
#define CAPS_SKIP_L1D     (1UL << 3)
#define CAPS_SSB_NO       (1UL << 4)
#define CAPS_MDS_NO       (1UL << 5)
#define CAPS_PSCHANGE_NO  (1UL << 6)
#define CAPS_TSX_CTRL     (1UL << 7)
#define CAPS_TAA_NO       (1UL << 8)
#define CAPS_SBDR_SSDP_NO (1UL << 13)
#define CAPS_FBSDP_NO     (1UL << 14)
#define CAPS_PSDP_NO      (1UL << 15)
#define CAPS_FB_CLEAR     (1UL << 17)
#define CAPS_RRSBA        (1UL << 19)
#define CAPS_BHI_NO       (1UL << 20)
#define CAPS_PBRSB_NO     (1UL << 24)
#define CAPS_GDS_NO       (1UL << 26)
#define CAPS_RFDS_NO      (1UL << 27)
#define CAPS_RFDS_CLEAR   (1UL << 28)
#define CAPS_ITS_NO       (1UL << 62)

/* CPUID 7/0 */
#define LEAF7_B_RTM       (1u << 11)
#define LEAF7_D_MD_CLEAR  (1u << 10)
#define LEAF7_D_IBRS      (1u << 26) /* and IBPB */
#define LEAF7_D_STIBP     (1u << 27)
#define LEAF7_D_L1D_FLUSH (1u << 28)
#define LEAF7_D_ARCH_CAPS (1u << 29)
#define LEAF7_D_SSBD      (1u << 31)
/* CPUID 7/2 */
#define LEAF72_D_BHI_CTRL (1u << 4)
/* CPUID 8000_0008 */
#define EXT8_B_IBPB     (1u << 12)
#define EXT8_B_IBRS     (1u << 14)
#define EXT8_B_STIBP    (1u << 15)
#define EXT8_B_HINTS    (0xfu << 16) /* what of these is best, and how */
#define EXT8_B_SSBD     (1u << 24)
#define EXT8_B_SSB_NO   (1u << 26)
#define EXT8_B_BTC_NO   (1u << 29)
#define EXT8_B_IBPB_RET (1u << 30)
/* CPUID 8000_0021 */
#define EXT21_A_LFENCE         (1u << 2) /* is serializing, without being told */
#define EXT21_A_VERW_CLEAR     (1u << 5)
#define EXT21_A_AUTO_IBRS      (1u << 8)
#define EXT21_A_IBPB_BRTYPE    (1u << 28)
#define EXT21_A_SRSO_NO        (1u << 29)
#define EXT21_A_SRSO_US_NO     (1u << 30) /* between a guest's user and kernel */
#define EXT21_A_BP_SPEC_REDUCE (1u << 31)
#define EXT21_C_TSA_SQ_NO      (1u << 1)
#define EXT21_C_TSA_L1_NO      (1u << 2)

enum spec_maker { SPEC_OTHER, SPEC_INTEL, SPEC_AMD };

/* What a CPU says of itself; what it does not have is 0. */
struct spec_cpu {
    enum spec_maker maker;
    unsigned int family, model, stepping;
    uint32_t microcode; /* its revision */
    bool smt;           /* more than one thread a core */
    uint32_t leaf7_b, leaf7_d, leaf72_d, ext8_b, ext21_a, ext21_c;
    uint64_t arch_caps;
};

enum spec_option { SPEC_BY_CPU, SPEC_ALL, SPEC_NONE };

/* Holes that stay open, and why. */
#define SPEC_GAP_OLD_MICROCODE 0x01u /* no control of branch predictors at all */
#define SPEC_GAP_BRANCHES      0x02u /* guests steer the hypervisor's indirect branches */
#define SPEC_GAP_RETURNS       0x04u /* or its returns */
#define SPEC_GAP_BUFFERS       0x08u /* buffers can't be cleared */
#define SPEC_GAP_L1D           0x10u /* nor the L1 data cache */
#define SPEC_GAP_SIBLINGS      0x20u /* threads of a core read each other's buffers and cache */
#define NR_SPEC_GAPS           6

struct spec_decision {
    /* After each exit. */
    bool ibpb_exit;
    bool ibrs_exit; /* MSR_SPEC_CTRL is written, with IBRS only; guests run with their own value */
    bool refill_return_stack;
    bool call_once;      /* instead, one call and a barrier: PBRSB */
    bool forget_history; /* of branches, by taking many */
    /* Before each entry. */
    bool verw;      /* clears buffers */
    bool l1d_flush; /* of guests but dom0 */
    bool clear_divider;
    /* At each indirect branch. */
    bool retpoline;
    /* When a CPU goes on with another domain. */
    bool ibpb_switch;
    /* On each CPU, once. */
    uint32_t spec_ctrl; /* of the host: beside ibrs_exit it stays on in guests */
    bool auto_ibrs;     /* EFER */
    bool bp_spec_reduce;
    bool tsx_off;
    bool lfence_serializes; /* DE_CFG is to say so */
    bool zenbleed;          /* DE_CFG is to keep it from happening */

    uint32_t gaps;
};

/* Pure: the same words, the same decision. */
struct spec_decision spec_decide(const struct spec_cpu *cpu, enum spec_option option);
/* One line of words about it, without a newline; and about one of its gaps (a bit of gaps). */
void spec_describe(const struct spec_decision *d, char *buf, size_t size);
const char *spec_gap_words(unsigned int bit);

/* Boot: of the boot CPU. */
void spec_cpu_read(struct spec_cpu *cpu);
/* On each CPU: the MSRs that stay as they are. */
void spec_cpu_init(const struct spec_decision *d);

#endif
