/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handle.h"

static enum pando_code fail_errno(const char *path, const char *key)
{
    int err = errno;

    return pando_fail(err == ENOENT ? PANDO_E_NOT_FOUND : PANDO_E_FILE, key, "%s: %s", path,
                      strerror(err));
}

enum pando_code file_map_open(struct file_map *map, const char *path, const char *key)
{
    enum pando_code code = PANDO_OK;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    memset(map, 0, sizeof(*map));
    if (fd < 0) {
        return fail_errno(path, key);
    }
    if (fstat(fd, &st) < 0) {
        code = fail_errno(path, key);
    } else if (!S_ISREG(st.st_mode)) {
        code = pando_fail(PANDO_E_FILE, key, "%s: not a regular file", path);
    } else if (st.st_size) {
        map->size = (size_t)st.st_size;
        map->data = mmap(NULL, map->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map->data == MAP_FAILED) {
            code = fail_errno(path, key);
            map->data = NULL;
        }
    }
    close(fd);
    return code;
}

void file_map_close(struct file_map *map)
{
    if (map->data) {
        munmap((void *)(uintptr_t)map->data, map->size);
        map->data = NULL;
    }
}
