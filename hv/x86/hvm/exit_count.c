/* SPDX-License-Identifier: MIT */
/*
 * Exits by reason, as performance counters (<xen/sysctl.h>, XEN_SYSCTL_perfc_op): a counter
 * for each reason, with a value for each CPU.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/percpu.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"

static const char *const names[NR_VMEXIT_REASONS] = {
    [VMEXIT_NOTHING] = "interrupt of the host",
    [VMEXIT_STAY_ENDED] = "end of the longest stay",
    [VMEXIT_HYPERCALL] = "hypercall",
    [VMEXIT_CPUID] = "CPUID",
    [VMEXIT_HLT] = "HLT",
    [VMEXIT_IO] = "port I/O",
    [VMEXIT_MSR_READ] = "RDMSR",
    [VMEXIT_MSR_WRITE] = "WRMSR",
    [VMEXIT_NESTED_FAULT] = "nested page fault",
    [VMEXIT_APIC_ACCESS] = "local APIC access",
    [VMEXIT_APIC_WRITE] = "local APIC write",
    [VMEXIT_APIC_EOI] = "end of a level interrupt",
    [VMEXIT_INTERRUPT_WINDOW] = "interrupt window",
    [VMEXIT_CR_READ] = "CR read",
    [VMEXIT_CR_WRITE] = "CR write",
    [VMEXIT_EXCEPTION] = "exception",
    [VMEXIT_SHUTDOWN] = "triple fault",
    [VMEXIT_XSETBV] = "XSETBV",
    [VMEXIT_RDTSC] = "RDTSC",
    [VMEXIT_PAUSE] = "loop of PAUSE",
    [VMEXIT_WBINVD] = "WBINVD",
    [VMEXIT_UNDEFINED] = "undefined instruction",
    [VMEXIT_FAILED] = "failed entry",
};

/* The tool's arrays are as long as it was told before; it is told again. */
static int query(struct xen_sysctl_perfc_op *op)
{
    bool wants_names = op->desc.p, wants_values = op->val.p;

    op->nr_counters = NR_VMEXIT_REASONS;
    op->nr_vals = NR_VMEXIT_REASONS * nr_cpus;
    for (unsigned int r = 0; r < NR_VMEXIT_REASONS; r++) {
        struct xen_sysctl_perfc_desc desc = { .nr_vals = nr_cpus };
        xen_sysctl_perfc_val_t values[MAX_CPUS];

        str_copy(desc.name, "exits: ", sizeof(desc.name));
        str_copy(desc.name + strlen(desc.name), names[r], sizeof(desc.name) - strlen(desc.name));
        for (unsigned int i = 0; i < nr_cpus; i++)
            values[i] = (uint32_t)ACCESS_ONCE(cpus[i]->arch->exits[r]);
        if (wants_names && copy_to_guest_va((vaddr_t)(op->desc.p + r), &desc, sizeof(desc)))
            return -EFAULT;
        if (wants_values &&
            copy_to_guest_va((vaddr_t)(op->val.p + r * nr_cpus), values, nr_cpus * sizeof(*values)))
            return -EFAULT;
    }
    return 0;
}

int hvm_exit_counts(struct xen_sysctl_perfc_op *op)
{
    return op->cmd == XEN_SYSCTL_PERFCOP_query ? query(op) : -EOPNOTSUPP;
}
