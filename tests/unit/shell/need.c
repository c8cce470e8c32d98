/* SPDX-License-Identifier: MIT */
/* What parts of the shell need of the rest: memory. */
#include "shell/shell.h"

#include <stdlib.h>

void shell_out_of_memory(void)
{
    abort();
}

void *shell_need(void *pointer)
{
    if (!pointer) {
        shell_out_of_memory();
    }
    return pointer;
}
