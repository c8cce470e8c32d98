/* SPDX-License-Identifier: MIT */
#include "cost.h"

unsigned long cost_blocks;

/* Called by what is compiled with -fsanitize-coverage=trace-pc. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    cost_blocks++;
}
