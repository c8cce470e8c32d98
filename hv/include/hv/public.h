/* SPDX-License-Identifier: MIT */
/*
 * The one place where the published interface (Debian's libxen-dev) comes in.
 * Pando implements version 4.17 and refuses to build against another.
 */
#ifndef HV_PUBLIC_H
#define HV_PUBLIC_H

#include <hv/types.h>

#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__

#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#if XEN_DOMCTL_INTERFACE_VERSION != 0x15
#error "Pando implements domctl interface version 0x15 (Xen 4.17); libxen-dev has another"
#endif
#if XEN_SYSCTL_INTERFACE_VERSION != 0x15
#error "Pando implements sysctl interface version 0x15 (Xen 4.17); libxen-dev has another"
#endif

#endif
