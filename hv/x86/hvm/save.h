/* SPDX-License-Identifier: MIT */
#ifndef X86_HVM_SAVE_H
#define X86_HVM_SAVE_H

#include <hv/domain.h>

/*
 * XEN_DOMCTL_gethvmcontext and sethvmcontext: records from and to the calling
 * tool's buffer. Without a buffer the first tells the size.
 */
int hvm_context_get(struct domain *d, struct xen_domctl_hvmcontext *c);
int hvm_context_set(struct domain *d, const struct xen_domctl_hvmcontext *c);

#endif
