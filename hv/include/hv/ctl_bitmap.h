/* SPDX-License-Identifier: MIT */
/* struct xenctl_bitmap of the control interfaces: bitmaps in the tools' memory. */
#ifndef HV_CTL_BITMAP_H
#define HV_CTL_BITMAP_H

#include <hv/public.h>

/* Bits [0, nbits) of the tool's bitmap into @map; its further bits are ignored, missing ones 0. */
int ctl_bitmap_get(const struct xenctl_bitmap *from, uint64_t *map, unsigned int nbits);
/* As many of @map's bits as the tool has room for; the rest of its room is zeroed. */
int ctl_bitmap_put(const struct xenctl_bitmap *to, const uint64_t *map, unsigned int nbits);

#endif
