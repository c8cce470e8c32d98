/* SPDX-License-Identifier: MIT */
/* platform_op and physdev_op: what dom0's kernel asks about the machine. */
#include <hv/acpi.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>

#include <xen/physdev.h>
#include <xen/platform.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vpci.h"

/* Dom0's kernel keeps the host's wallclock (from NTP, say): all guests get it from here. */
static int settime(uint64_t seconds, uint32_t nanoseconds, uint64_t system_time)
{
    uint64_t at = seconds * NS_PER_SEC + nanoseconds;
    struct domain *d;

    if (nanoseconds >= NS_PER_SEC || seconds > UINT32_MAX * 4UL || at < system_time)
        return -EINVAL;
    wallclock_boot_ns = at - system_time;
    for (domid_t id = 0; (d = domain_get_next(id)) != NULL; domain_put(d)) {
        id = (domid_t)(d->domid + 1);
        hvm_wallclock_update(d);
    }
    return 0;
}

long do_platform_op(XEN_GUEST_HANDLE(void) arg)
{
    struct xen_platform_op op;
    int rc = permission_host();

    if (rc)
        return rc;
    if (copy_from_guest_va(&op, (vaddr_t)arg.p, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    switch (op.cmd) {
    case XENPF_settime32:
        return settime(op.u.settime32.secs, op.u.settime32.nsecs, op.u.settime32.system_time);
    case XENPF_settime64:
        if (op.u.settime64.mbz)
            return -EINVAL;
        return settime(op.u.settime64.secs, op.u.settime64.nsecs, op.u.settime64.system_time);
    default:
        return -ENOSYS;
    }
}

static long device_add(XEN_GUEST_HANDLE(void) arg)
{
    struct physdev_pci_device_add add;

    if (guest_read(&add, guest_handle_cast(arg, physdev_pci_device_add_t)))
        return -EFAULT;
    return vpci_device_reported(dom0, PCI_SBDF(add.seg, add.bus, add.devfn), true);
}

static long device_remove(XEN_GUEST_HANDLE(void) arg)
{
    struct physdev_pci_device dev;

    if (guest_read(&dev, guest_handle_cast(arg, physdev_pci_device_t)))
        return -EFAULT;
    return vpci_device_reported(dom0, PCI_SBDF(dev.seg, dev.bus, dev.devfn), false);
}

/* Configuration space in memory, as dom0 knows it from ACPI: what the MCFG told is in use. */
static long mmcfg_reserved(XEN_GUEST_HANDLE(void) arg)
{
    struct physdev_pci_mmcfg_reserved r;

    if (guest_read(&r, guest_handle_cast(arg, physdev_pci_mmcfg_reserved_t)))
        return -EFAULT;
    for (unsigned int i = 0; i < acpi_host.nr_ecams; i++) {
        const struct acpi_ecam *e = &acpi_host.ecam[i];

        if (e->segment == r.segment && e->paddr == r.address && r.start_bus >= e->bus_first &&
            r.end_bus <= e->bus_last)
            return 0;
    }
    return -ENODEV;
}

long do_physdev_op(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    if (permission_host())
        return -EPERM;
    switch (cmd) {
    case PHYSDEVOP_pci_device_add:
        return device_add(arg);
    case PHYSDEVOP_pci_device_remove:
        return device_remove(arg);
    case PHYSDEVOP_pci_mmcfg_reserved:
        return mmcfg_reserved(arg);
    default:
        return -ENOSYS;
    }
}
