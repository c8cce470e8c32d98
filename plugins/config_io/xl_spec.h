/* SPDX-License-Identifier: MIT */
/* Strings that describe a disk or a network: xl-disk-configuration(5), xl-network-configuration(5).
 */
#ifndef CONFIG_IO_XL_SPEC_H
#define CONFIG_IO_XL_SPEC_H

#include "value.h"

/*
 * What Pando makes of one: an object as in its configuration, or NULL if it has no such device.
 * *exact: that is all the string says. *why is what Pando does not do, to be freed; "" if nothing.
 */
struct value *xl_disk_import(const char *spec, unsigned line, bool *exact, char **why);
struct value *xl_vif_import(const char *spec, unsigned line, bool *exact, char **why);

/* The string for a device of Pando's, to be freed. */
char *xl_disk_export(const struct value *disk);
char *xl_vif_export(const struct value *vif);

#endif
