/* SPDX-License-Identifier: MIT */
/*
 * From a kernel's file to the ELF image within: a Linux bzImage (boot protocol 2.08 or later) with
 * a payload in any of the compressions of unpack.h, or an ELF file, itself compressed or not.
 */
#ifndef PANDO_BUILD_KERNEL_H
#define PANDO_BUILD_KERNEL_H

#include "build_elf.h"
#include "cancel.h"
#include "file.h"
#include "pando.h"

/* An unpacked kernel larger than this is refused. */
#define KERNEL_SIZE_MAX (512u << 20)

struct kernel_image {
    const void *data; /* the ELF file: within the kernel's file if it is not compressed */
    size_t size;
    void *unpacked; /* owned, or NULL */
    struct file_map map;
    struct elf_kernel elf;
};

/*
 * Finds the payload of a bzImage in @data. Returns 0; -ENOENT: not a bzImage; -EINVAL with *why
 * (see elf_parse()).
 */
int bzimage_payload(const void *data, size_t size, size_t *offset, size_t *length,
                    const char **why);

/*
 * Unpacks (if need be) and parses what a kernel's file holds; @data has to stay as long as the
 * image. 0 or a negative errno with *why, -ECANCELED if @cancel (may be NULL) has been asked.
 */
int kernel_parse(const void *data, size_t size, const struct cancel *cancel,
                 struct kernel_image *image, const char **why);

/* Reads a kernel's file. On failure the error is recorded with key "kernel". */
enum pando_code kernel_load(const char *path, const struct cancel *cancel,
                            struct kernel_image *image);

void kernel_free(struct kernel_image *image);

#endif
