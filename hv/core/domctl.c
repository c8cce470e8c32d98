/* SPDX-License-Identifier: MIT */
/* domctl: control of domains by dom0's tools (<xen/domctl.h>). */
#include <hv/errno.h>
#include <hv/hypercall.h>

long do_domctl(XEN_GUEST_HANDLE(xen_domctl_t) arg)
{
    return -ENOSYS;
}
