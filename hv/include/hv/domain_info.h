/* SPDX-License-Identifier: MIT */
/* What the control interfaces tell about a domain. */
#ifndef HV_DOMAIN_INFO_H
#define HV_DOMAIN_INFO_H

#include <hv/domain.h>

void domain_get_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

#endif
