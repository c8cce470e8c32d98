/* SPDX-License-Identifier: MIT */
/* xen_version: what the hypervisor is (<xen/version.h>, <xen/features.h>). */
#include <hv/boot.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/hypercall.h>
#include <hv/string.h>

/* The interface's version; the implementation names itself in extraversion. */
#define INTERFACE_MAJOR 4
#define INTERFACE_MINOR 17

static long put(XEN_GUEST_HANDLE(void) arg, const void *p, size_t size)
{
    return copy_to_guest_va((vaddr_t)arg.p, p, size);
}

static __noinline long get_features(XEN_GUEST_HANDLE(void) arg)
{
    xen_feature_info_t fi;
    const struct domain *d = current->domain;

    if (copy_from_guest_va(&fi, (vaddr_t)arg.p, sizeof(fi)))
        return -EFAULT;
    fi.submap = 0;
    if (fi.submap_idx == 0) {
        if (d->is_hvm)
            fi.submap = 1u << XENFEAT_writable_page_tables | 1u << XENFEAT_auto_translated_physmap |
                        1u << XENFEAT_supervisor_mode_kernel | 1u << XENFEAT_pae_pgdir_above_4gb |
                        1u << XENFEAT_hvm_callback_vector | 1u << XENFEAT_hvm_safe_pvclock |
                        1u << XENFEAT_memory_op_vnode_supported;
        if (d->is_privileged)
            fi.submap |= 1u << XENFEAT_dom0;
    }
    return put(arg, &fi, sizeof(fi));
}

/* A string in a fixed field of the interface, of @size bytes, the rest zeroed. */
static __noinline long put_string(XEN_GUEST_HANDLE(void) arg, const char *text, size_t size)
{
    char field[sizeof(xen_commandline_t)] = { 0 }; /* the longest */

    str_copy(field, text, size);
    return put(arg, field, size);
}

long do_xen_version(int cmd, XEN_GUEST_HANDLE(void) arg)
{
    static const struct xen_compile_info compile = {
        .compiler = "gcc " __VERSION__,
        .compile_by = "pando",
    };
    static const xen_platform_parameters_t platform;

    switch (cmd) {
    case XENVER_version:
        return INTERFACE_MAJOR << 16 | INTERFACE_MINOR;
    case XENVER_extraversion:
        return put_string(arg, ".0-pando", sizeof(xen_extraversion_t));
    case XENVER_compile_info:
        return put(arg, &compile, sizeof(compile));
    case XENVER_capabilities:
        return put_string(arg, "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
                          sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return put_string(arg, "Pando " PANDO_VERSION, sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters:
        return put(arg, &platform, sizeof(platform));
    case XENVER_get_features:
        return get_features(arg);
    case XENVER_pagesize:
        return guest_handle_is_null(arg) ? (long)PAGE_SIZE : -EINVAL;
    case XENVER_guest_handle:
        return put(arg, current->domain->handle, sizeof(xen_domain_handle_t));
    case XENVER_commandline:
        return put_string(arg, permission_host() ? "" : boot_info.cmdline,
                          sizeof(xen_commandline_t));
    case XENVER_build_id:
        return -ENODATA; /* the image carries none */
    default:
        return -ENOSYS;
    }
}
