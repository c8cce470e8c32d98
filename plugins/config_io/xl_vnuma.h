/* SPDX-License-Identifier: MIT */
/* vnuma of xl.cfg(5): a list of lists of "KEY=VALUE". */
#ifndef CONFIG_IO_XL_VNUMA_H
#define CONFIG_IO_XL_VNUMA_H

#include "value.h"

/*
 * The list of objects that Pando makes of it; NULL if it says something that Pando has nothing for,
 * with a sentence in *why, to be freed.
 */
struct value *xl_vnuma_import(const struct value *vnuma, char **why);

/* The way back: the value of vnuma for a guest that has at most @vcpus. */
struct value *xl_vnuma_export(const struct value *vnuma, long long vcpus);

#endif
