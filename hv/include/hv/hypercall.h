/* SPDX-License-Identifier: MIT */
/* THE table of hypercalls, and how a handler is preempted. */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include <hv/domain.h>

/* Dispatches current->hcall.nr with its args; returns what goes back to the guest. */
long hypercall_dispatch(void);

/* Something else wants this CPU: a long operation should stop at a safe place. */
bool hypercall_preempt_check(void);

/*
 * For a handler that stops early: the hypercall is executed again, later, with
 * these arguments (the first @n; others unchanged). Returns -ERESTART, which the
 * handler returns in turn.
 */
int hypercall_continue(unsigned int n, ...);

/* Hypercalls by file */
long do_memory_op(unsigned long cmd, XEN_GUEST_HANDLE(void) arg);
long do_xen_version(int cmd, XEN_GUEST_HANDLE(void) arg);
long do_console_io(unsigned int cmd, unsigned int count, XEN_GUEST_HANDLE(char) buffer);
long do_multicall(XEN_GUEST_HANDLE(multicall_entry_t) calls, unsigned int nr);
long do_set_timer_op(uint64_t timeout);
long do_domctl(XEN_GUEST_HANDLE(xen_domctl_t) arg);
long do_sysctl(XEN_GUEST_HANDLE(xen_sysctl_t) arg);
long do_hvm_op(unsigned long op, XEN_GUEST_HANDLE(void) arg);
long do_physdev_op(int cmd, XEN_GUEST_HANDLE(void) arg);
long do_platform_op(XEN_GUEST_HANDLE(void) arg);

#endif
