/* SPDX-License-Identifier: MIT */
#include <hv/ctl_bitmap.h>
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/string.h>

#define MAX_BYTES 512u

int ctl_bitmap_get(const struct xenctl_bitmap *from, uint64_t *map, unsigned int nbits)
{
    unsigned int bytes = (min(from->nr_bits, nbits) + 7) / 8;

    memset(map, 0, DIV_ROUND_UP(nbits, 64) * 8);
    if (bytes && copy_from_guest_va(map, (vaddr_t)from->bitmap.p, bytes))
        return -EFAULT;
    if (from->nr_bits < nbits && from->nr_bits % 64)
        map[from->nr_bits / 64] &= (1UL << from->nr_bits % 64) - 1;
    return 0;
}

int ctl_bitmap_put(const struct xenctl_bitmap *to, const uint64_t *map, unsigned int nbits)
{
    uint8_t buf[MAX_BYTES] = { 0 };
    unsigned int bytes = min((to->nr_bits + 7) / 8, MAX_BYTES);

    memcpy(buf, map, min(bytes, (nbits + 7) / 8));
    if (nbits % 8 && bytes > nbits / 8)
        buf[nbits / 8] &= (uint8_t)((1u << nbits % 8) - 1);
    return copy_to_guest_va((vaddr_t)to->bitmap.p, buf, bytes);
}
