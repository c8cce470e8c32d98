/* SPDX-License-Identifier: MIT */
/* A folder of the test's own, in which it works, with a kernel in it. */
#ifndef CTL_SCRATCH_H
#define CTL_SCRATCH_H

extern char scratch_kernel[128]; /* its absolute path */

void scratch_enter(void);

/* Removes kernel and folder, which has to be empty otherwise. */
void scratch_leave(void);

#endif
