/* SPDX-License-Identifier: MIT */
/* platform_op and physdev_op: what dom0's kernel asks about the machine. */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>

#include <xen/physdev.h>
#include <xen/platform.h>

long do_platform_op(XEN_GUEST_HANDLE(void) arg)
{
    uint32_t cmd_version[2];
    int rc = permission_host();

    if (rc)
        return rc;
    if (copy_from_guest_va(cmd_version, (vaddr_t)arg.p, sizeof(cmd_version)))
        return -EFAULT;
    if (cmd_version[1] != XENPF_INTERFACE_VERSION)
        return -EACCES;
    return -ENOSYS;
}

long do_physdev_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    if (permission_host())
        return -EPERM;
    return -ENOSYS;
}
