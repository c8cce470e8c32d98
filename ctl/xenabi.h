/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's tool interface, from Debian's libxen-dev: every user of domctl and sysctl
 * structures includes this header instead of <xen/...>.
 */
#ifndef PANDO_XENABI_H
#define PANDO_XENABI_H

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif

#include <stdint.h>

#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/memory.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/version.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

#if XEN_DOMCTL_INTERFACE_VERSION != 0x15 || XEN_SYSCTL_INTERFACE_VERSION != 0x15
#error "libpando implements domctl and sysctl 0x15 (Xen 4.17): install libxen-dev of that version"
#endif

#define XEN_PAGE_SHIFT 12
#define XEN_PAGE_SIZE  (1UL << XEN_PAGE_SHIFT)

#endif
