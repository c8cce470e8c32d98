/* SPDX-License-Identifier: MIT */
/* Small kernels for the tests. What is returned is to be freed. */
#ifndef CTL_KERNEL_H
#define CTL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_PADDR     0x1000000u
#define KERNEL_ENTRY     (KERNEL_PADDR + 0x20)
#define KERNEL_TEXT      0x2345u    /* bytes in the file */
#define KERNEL_BSS       0x5000u    /* bytes behind them */
#define KERNEL_DATA      0x3000000u /* the second segment */
#define KERNEL_DATA_SIZE 0x1800u

/* Where in the file things are. */
#define KERNEL_TEXT_OFFSET 0x1000u
#define KERNEL_DATA_OFFSET 0x4000u
#define KERNEL_SIZE        0x5800u

/* An ELF file with two segments and a PVH entry note, of either class. */
uint8_t *kernel_make(bool is64, size_t *size);

/* A bzImage with that payload. */
uint8_t *kernel_make_bzimage(const void *payload, size_t length, size_t *size);

#endif
