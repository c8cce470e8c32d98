/* SPDX-License-Identifier: MIT */
/* A file mapped for reading. */
#ifndef PANDO_FILE_H
#define PANDO_FILE_H

#include <stddef.h>

#include "pando.h"

struct file_map {
    const void *data; /* NULL for an empty file */
    size_t size;
};

/* On failure the error is recorded with @key. */
enum pando_code file_map_open(struct file_map *map, const char *path, const char *key);
void file_map_close(struct file_map *map);

#endif
