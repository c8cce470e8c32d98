/* SPDX-License-Identifier: MIT */
/* What this CPU's VMX can do (SDM 3, appendix A), and what Pando takes of it. */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/vmx/vmx.h"

#define MSR_ARCH_CAPS       0x10a
#define MSR_VMX_BASIC       0x480
#define MSR_VMX_MISC        0x485
#define MSR_VMX_CR0_FIXED0  0x486
#define MSR_VMX_CR4_FIXED0  0x488
#define MSR_VMX_SECONDARY   0x48b
#define MSR_VMX_EPT_VPID    0x48c
#define MSR_VMX_TRUE        0x48d /* pin, proc, exit, entry */
#define MSR_VMX_VMFUNC      0x491

#define CAPS_PSCHANGE_MC_NO (1UL << 6)
#define BASIC_TRUE_CONTROLS (1UL << 55)
#define MISC_TIMER_RATE     0x1fu /* a tick of the preemption timer: 2^that of the TSC */
#define VMFUNC_EPTP_SWITCH  1u
#define MISC_STORES_LMA     (1u << 5)

#define EPT_4_LEVELS        (1UL << 6)
#define EPT_WRITE_BACK      (1UL << 14)
#define EPT_2M              (1UL << 16)
#define EPT_1G              (1UL << 17)
#define EPT_INVEPT          (1UL << 20)
#define EPT_AD              (1UL << 21)
#define EPT_INVEPT_SINGLE   (1UL << 25)
#define EPT_INVEPT_ALL      (1UL << 26)
#define VPID_INVVPID        (1UL << 32)
#define VPID_INVVPID_SINGLE (1UL << 41)

struct vmx_caps vmx_caps;

/* What can be set of a control, beside what must be (A.2): high and low half of its MSR. */
static uint32_t choose(uint32_t msr, uint32_t wanted)
{
    uint64_t m = rdmsr(msr);

    return ((uint32_t)m | wanted) & (uint32_t)(m >> 32);
}

static void read_ept_vpid(struct vmx_caps *c)
{
    uint64_t m = rdmsr(MSR_VMX_EPT_VPID);

    c->ept_1g = m & EPT_1G;
    c->ept_2m = m & EPT_2M;
    c->ept_ad = m & EPT_AD;
    c->invept_single = m & EPT_INVEPT && m & EPT_INVEPT_SINGLE;
    c->invvpid_single = m & VPID_INVVPID && m & VPID_INVVPID_SINGLE;
    if (!(m & EPT_4_LEVELS) || !(m & EPT_WRITE_BACK) || !(m & EPT_INVEPT) || !(m & EPT_INVEPT_ALL))
        c->secondary &= ~SEC_EPT;
}

/* The CPU says if a change of a page's size does it no harm; old ones say nothing. */
static bool needs_small_code(void)
{
    bool says = cpuid(0).a >= 7 && cpuid_count(7, 0).d & 1u << 29;

    return !says || !(rdmsr(MSR_ARCH_CAPS) & CAPS_PSCHANGE_MC_NO);
}

static bool is_off(const char *option)
{
    char value[8];

    return cmdline_get(option, value, sizeof(value)) && !strncmp(value, "off", 4);
}

/* All of it or nothing: what has parts only is older than what they are worth. */
static void read_apicv(struct vmx_caps *c)
{
    uint32_t all = SEC_APIC_ACCESS | SEC_X2APIC | SEC_APIC_REGISTERS | SEC_VIRTUAL_DELIVERY;

    c->apicv = ((uint32_t)(rdmsr(MSR_VMX_SECONDARY) >> 32) & all) == all && !is_off("apicv");
    c->posted = c->apicv && rdmsr(MSR_VMX_TRUE) >> 32 & PIN_POSTED &&
                rdmsr(MSR_VMX_TRUE + 2) >> 32 & EXIT_ACK_INTERRUPT && !is_off("posted");
    if (c->posted) {
        c->pin |= PIN_POSTED;
        c->exit |= EXIT_ACK_INTERRUPT;
    }
}

/*
 * Interrupts of the host end a guest's stay in time. That none is longer than a millisecond
 * does not depend on them then: an entry with interrupts off keeps them out under Bochs 2.7
 * and 3.0 until the guest changes IF, which a vCPU that waits for another may never do.
 */
#define LONGEST_STAY_US 1000

static void read_timer(struct vmx_caps *c)
{
    uint64_t ticks = tsc_khz * LONGEST_STAY_US / 1000 >> (rdmsr(MSR_VMX_MISC) & MISC_TIMER_RATE);

    if (is_off("preemption-timer") || !(rdmsr(MSR_VMX_TRUE) >> 32 & PIN_PREEMPTION_TIMER))
        return;
    c->longest_stay = (uint32_t)min(max(ticks, 1UL), (uint64_t)UINT32_MAX);
    c->pin |= PIN_PREEMPTION_TIMER;
}

/* The log needs dirty bits (27.2.1.1). */
static void read_pml(struct vmx_caps *c)
{
    c->pml = rdmsr(MSR_VMX_SECONDARY) >> 32 & SEC_PML && c->ept_ad && !is_off("pml");
}

const char *vmx_caps_read(void)
{
    struct vmx_caps *c = &vmx_caps;
    uint64_t basic = rdmsr(MSR_VMX_BASIC);

    c->revision = (uint32_t)basic & 0x7fffffff;
    if (!(basic & BASIC_TRUE_CONTROLS))
        return "EPT and unrestricted guests";
    c->pin = choose(MSR_VMX_TRUE, PIN_INTERRUPT_EXIT | PIN_NMI_EXIT | PIN_VIRTUAL_NMI);
    c->proc = choose(MSR_VMX_TRUE + 1, PROC_TSC_OFFSET | PROC_HLT | PROC_MWAIT | PROC_RDPMC |
                                           PROC_TPR_SHADOW | PROC_MOV_DR | PROC_IO_BITMAPS |
                                           PROC_MSR_BITMAP | PROC_MONITOR | PROC_SECONDARY);
    c->exit = choose(MSR_VMX_TRUE + 2, EXIT_SAVE_DEBUG | EXIT_HOST_64 | EXIT_SAVE_PAT |
                                           EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER);
    c->entry = choose(MSR_VMX_TRUE + 3, ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER);
    if (!(c->proc & PROC_SECONDARY))
        return "EPT and unrestricted guests";
    c->secondary = choose(MSR_VMX_SECONDARY, SEC_EPT | SEC_VPID | SEC_UNRESTRICTED | SEC_RDTSCP |
                                                 SEC_WBINVD | SEC_PAUSE_LOOP);
    c->cr0_fixed1 = rdmsr(MSR_VMX_CR0_FIXED0) & ~(X86_CR0_PE | X86_CR0_PG);
    c->cr4_fixed1 = rdmsr(MSR_VMX_CR4_FIXED0);
    c->small_code = needs_small_code();
    if (c->secondary & SEC_EPT)
        read_ept_vpid(c);
    if (!(c->secondary & SEC_EPT))
        return "EPT (extended page tables)";
    if (!(c->secondary & SEC_UNRESTRICTED) || !(rdmsr(MSR_VMX_MISC) & MISC_STORES_LMA))
        return "unrestricted guests";
    read_apicv(c);
    read_timer(c);
    read_pml(c);
    if (!(c->pin & PIN_VIRTUAL_NMI) || !(c->exit & EXIT_SAVE_EFER) ||
        !(c->proc & PROC_TPR_SHADOW) || !(c->proc & PROC_MSR_BITMAP))
        return "virtual NMIs, switching of EFER, a TPR shadow, or MSR bitmaps";
    return NULL;
}

/* What there is and is not used is told too: it says what a guest on this machine could have. */
void vmx_caps_print(void)
{
    const struct vmx_caps *c = &vmx_caps;
    uint32_t can = (uint32_t)(rdmsr(MSR_VMX_SECONDARY) >> 32);

    log_info("VMX: VMCS revision %#x, EPT with%s%s 4 KiB pages%s%s%s\n", c->revision,
             c->ept_1g ? " 1 GiB," : "", c->ept_2m ? " 2 MiB," : "",
             c->small_code ? " (code in these only)" : "",
             c->ept_ad ? ", accessed and dirty bits" : "", c->secondary & SEC_VPID ? ", VPID" : "");
    log_info("VMX: APICv %s, posted interrupts %s, page-modification logging %s\n",
             c->apicv ? "on" : "off", c->posted ? "on" : "off", c->pml ? "on" : "off");
    log_info("VMX: stays in a guest %s, loops of PAUSE %s\n",
             c->longest_stay ? "bounded by the preemption timer" : "not bounded",
             c->secondary & SEC_PAUSE_LOOP ? "yield" : "don't yield");
    log_info("VMX: not used yet:%s%s%s%s%s\n", can & SEC_VMFUNC ? " VMFUNC" : "",
             can & SEC_VMFUNC && rdmsr(MSR_VMX_VMFUNC) & VMFUNC_EPTP_SWITCH ? " (EPTP switching)"
                                                                            : "",
             can & SEC_VE ? " #VE" : "", can & SEC_VMCS_SHADOWING ? " VMCS-shadowing" : "",
             can & (SEC_VMFUNC | SEC_VE | SEC_VMCS_SHADOWING) ? "" : " nothing");
}
