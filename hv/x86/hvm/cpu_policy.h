/* SPDX-License-Identifier: MIT */
/*
 * What of the host's CPU a domain is told (XEN_DOMCTL_set_cpu_policy): features can be taken
 * away, and leaves at the end. Instructions whose feature is hidden still work.
 */
#ifndef X86_HVM_CPU_POLICY_H
#define X86_HVM_CPU_POLICY_H

#include <hv/domain.h>

struct cpu_policy;
struct cpuid_regs;

/* Takes away from leaf @leaf, @sub, as all guests see it or one vCPU does, what @p hides. */
void cpu_policy_apply(const struct cpu_policy *p, uint32_t leaf, uint32_t sub,
                      struct cpuid_regs *r);

/*
 * The domain's leaves as the interface lists them. -ENOBUFS: they don't fit; -EFAULT.
 * cpu_policy_set: -EEXIST once the domain ran; -EINVAL, with err_leaf and err_subleaf (or
 * err_msr): there is something that can't be had here. Topology and the sizes of XSAVE
 * areas are the hypervisor's business: what the tool says of them has no effect.
 */
int cpu_policy_get(struct domain *d, struct xen_domctl_cpu_policy *op);
int cpu_policy_set(struct domain *d, struct xen_domctl_cpu_policy *op);
/* Of the host, or of guests to come. -EOPNOTSUPP for PV; -EINVAL: no such index. */
int cpu_policy_of_host(struct xen_sysctl_cpu_policy *op);
int cpu_featureset_of_host(struct xen_sysctl_cpu_featureset *op);

#endif
