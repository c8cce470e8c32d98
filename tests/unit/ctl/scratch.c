/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "scratch.h"

#include <stdio.h>
#include <unistd.h>

#include "kernel.h"

char scratch_kernel[128];

static char folder[64];

void scratch_enter(void)
{
    size_t size;
    uint8_t *kernel = kernel_make(true, &size);
    FILE *file;

    strcpy(folder, "/tmp/pando-ctl-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    snprintf(scratch_kernel, sizeof(scratch_kernel), "%s/kernel", folder);
    file = fopen(scratch_kernel, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(kernel, 1, size, file), size);
    fclose(file);
    free(kernel);
}

void scratch_leave(void)
{
    unlink(scratch_kernel);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}
