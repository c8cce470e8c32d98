/* SPDX-License-Identifier: MIT */
/*
 * The start info of a PVH guest, <xen/arch-x86/hvm/start_info.h> version 1, and what it points to:
 * memory map, list of modules, command line.
 */
#ifndef PANDO_BUILD_START_H
#define PANDO_BUILD_START_H

#include "build_layout.h"

/* Bytes that it takes. @cmdline may be NULL. */
size_t start_info_size(const char *cmdline);

/* Writes it to @buf for use at layout->start_info. */
void start_info_build(void *buf, const struct layout *layout, const char *cmdline,
                      uint64_t initrd_size);

#endif
