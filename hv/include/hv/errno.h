/* SPDX-License-Identifier: MIT */
/* Error numbers of the guest interface (<xen/errno.h>), under their POSIX names. */
#ifndef HV_ERRNO_H
#define HV_ERRNO_H

#ifdef UNIT_TEST
#include <errno.h>
#else
#define XEN_ERRNO(name, value) name = value,
enum {
#include <xen/errno.h>
};
#endif

/*
 * Internal: the operation was preempted. Whoever owns the hypercall turns it
 * into a continuation; it never reaches a guest.
 */
#define ERESTART 85

#endif
