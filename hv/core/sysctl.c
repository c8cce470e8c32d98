/* SPDX-License-Identifier: MIT */
/* sysctl: the host, for dom0's tools (<xen/sysctl.h>). */
#include <hv/errno.h>
#include <hv/hypercall.h>

long do_sysctl(XEN_GUEST_HANDLE(xen_sysctl_t) arg)
{
    return -ENOSYS;
}
