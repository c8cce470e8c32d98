/* SPDX-License-Identifier: MIT */
/* How much code of the files that objects.mk counts was executed: basic blocks, so far. */
#ifndef UNIT_COST_H
#define UNIT_COST_H

extern unsigned long cost_blocks;

#endif
