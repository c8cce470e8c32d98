/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[100];

const char *tempdir_make(void)
{
    const char *base = getenv("TMPDIR");

    snprintf(dir, sizeof(dir), "%s/console-test.XXXXXX", base && strlen(base) < 60 ? base : "/tmp");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void tempdir_remove(void)
{
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *tempdir_read(const char *name, size_t *length)
{
    char path[200], *data;
    FILE *file;
    long size;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "r");
    if (!file) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    data = malloc((size_t)size + 1);
    assert_int_equal(fread(data, 1, (size_t)size, file), size);
    data[size] = '\0';
    fclose(file);
    *length = (size_t)size;
    return data;
}
