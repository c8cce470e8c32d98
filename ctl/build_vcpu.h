/* SPDX-License-Identifier: MIT */
/* The records of a PVH guest's first state, as sethvmcontext takes them (<xen/hvm/save.h>). */
#ifndef PANDO_BUILD_VCPU_H
#define PANDO_BUILD_VCPU_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes from the @size bytes of records that gethvmcontext gave those that start vCPU 0 at @entry,
 * in 32-bit protected mode without paging and with @start_info in ebx, and that make memory
 * write-back by default. @out, of @room bytes, receives them. Returns their size, or 0 if the given
 * records are malformed or do not fit.
 */
size_t vcpu_context_build(const void *given, size_t size, uint32_t entry, uint32_t start_info,
                          void *out, size_t room);

#endif
