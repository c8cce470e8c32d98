/* SPDX-License-Identifier: MIT */
#include <hv/boot.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/spec_ctrl.h"

#define MSR_PRED_CMD  0x49
#define PRED_CMD_IBPB 1

/* The domain that each CPU ran last. One that is gone by now may have left something all the same.
 */
static uint64_t last_id[MAX_CPUS];

/* AMD: 8000_0008 EBX; Intel: 7 EDX. */
static bool has_ibpb(void)
{
    if (cpuid(0x80000000).a >= 0x80000008 && cpuid(0x80000008).b & 1u << 12)
        return true;
    return cpuid(0).a >= 7 && cpuid_count(7, 0).d & 1u << 26;
}

void spec_ctrl_init(void)
{
    bool ibpb = has_ibpb(), on = ibpb;
    char option[16];

    if (cmdline_get("spec-ctrl", option, sizeof(option))) {
        if (!strcmp(option, "off"))
            ibpb = on = false;
        else if (!strcmp(option, "on"))
            on = true;
        else
            log_warning("spec-ctrl=%s: expected on or off, ignored\n", option);
    }
    if (ibpb)
        cpu_feature_set(FEATURE_SPEC_IBPB);
    if (on)
        cpu_feature_set(FEATURE_SPEC_REFILL);
    log_info("speculation: %s; %s\n",
             ibpb ? "IBPB between domains"
                  : "no barrier between domains (no IBPB, or spec-ctrl=off)",
             on ? "return stack refilled after exits" : "return stack left alone");
}

uint64_t spec_ctrl_new_id(void)
{
    static uint64_t last;

    return atomic_inc(&last);
}

void spec_ctrl_barrier(const struct vcpu *next)
{
    uint64_t *last = &last_id[this_cpu()->id];

    if (*last == next->domain->arch->spec_id)
        return;
    *last = next->domain->arch->spec_id;
    wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
}
