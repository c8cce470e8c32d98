/* SPDX-License-Identifier: MIT */
/* Loop devices: a block device on a file, loop(4). */
#ifndef PANDO_DEVICE_LOOP_H
#define PANDO_DEVICE_LOOP_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Puts a loop device on the file open as @file. It lives until its last user closes it: the caller,
 * by closing the returned descriptor, or whoever has opened it meanwhile. *device is its number.
 * Returns a descriptor, or a negative errno.
 */
int loop_attach(int file, bool read_only, dev_t *device);

#endif
