/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <stdio.h>

void device_mac(const char *uuid, size_t index, char mac[18])
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *p = uuid; *p; p++) {
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    }
    hash = (hash ^ (uint32_t)index) * 16777619u;
    hash ^= hash >> 24;
    /* Xen's range of the Xensource OUI; the upper half is not for generated addresses. */
    snprintf(mac, 18, "00:16:3e:%02x:%02x:%02x", (hash >> 16) & 0x7f, (hash >> 8) & 0xff,
             hash & 0xff);
}
