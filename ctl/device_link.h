/* SPDX-License-Identifier: MIT */
/* Network interfaces of dom0: netdevice(7). All return 0 or a negative errno. */
#ifndef PANDO_DEVICE_LINK_H
#define PANDO_DEVICE_LINK_H

#include <stdbool.h>

bool link_exists(const char *name);
bool link_is_bridge(const char *name);
int link_rename(const char *from, const char *to);
int link_up(const char *name);
/* Gives @name the MTU of @from. */
int link_copy_mtu(const char *from, const char *name);
/* Adds @port to a bridge; being there already is fine. */
int link_bridge_add(const char *bridge, const char *port);
/*
 * Switches scatter-gather off on those ports of the bridge that are real devices. Without an IOMMU
 * they can't read a guest's frames, so Linux has to copy packets that lie in them.
 */
int link_bridge_linearize(const char *bridge);

#endif
