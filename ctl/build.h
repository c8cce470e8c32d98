/* SPDX-License-Identifier: MIT */
/*
 * The domain builder for PVH guests: fills a new, paused domain with memory, kernel, initrd, start
 * info, ACPI tables and the first vCPU's state.
 */
#ifndef PANDO_BUILD_H
#define PANDO_BUILD_H

#include "build_copy.h"
#include "build_kernel.h"
#include "build_layout.h"
#include "build_vnuma.h"
#include "cancel.h"
#include "config.h"
#include "file.h"
#include "hcall.h"

struct build {
    struct hcall *hcall;
    const struct pando_config *config;
    struct cancel cancel;
    struct kernel_image kernel;
    struct file_map initrd;
    struct layout layout;
    struct vnuma vnuma; /* by build_prepare(); which nodes of the host, the caller may change */
    struct build_copy copy;

    uint32_t domid;
    bool memory_is_zero; /* what is given to the domain is zero: no need to load zeros */
    uint32_t store_port, console_port; /* the guest's */
};

/* Reads kernel and initrd and lays the guest out; needs hcall and config. */
enum pando_code build_prepare(struct build *build);

/* What build_prepare() has taken. May be called at any time after it, more than once. */
void build_release(struct build *build);

/* What the hypervisor has to allow the guest at the most, in KiB; needs config. */
uint64_t build_max_kib(const struct build *build, uint64_t memory_kib);

/* Gives the domain its memory and its memory map. */
enum pando_code build_memory(struct build *build);

/* Puts kernel, initrd, start info and ACPI tables into the memory. */
enum pando_code build_load(struct build *build);

/* Rings for store and console: pages, event channels, grants, parameters. After build_load(). */
enum pando_code build_rings(struct build *build);

/* Registers of the first vCPU. */
enum pando_code build_vcpu(struct build *build);

#endif
