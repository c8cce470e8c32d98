/* SPDX-License-Identifier: MIT */
/*
 * Configurations of other programs, to and from Pando's.
 *
 * Pando's is a tree as pando.cfg(5) has it. What it has no key for is in its member "kept", by
 * format, so that nothing is lost on the way there and back:
 *
 *   "kept": {
 *     "xl": { KEY: VALUE as in the file, ...
 *             "disk": [DEVICE, ...], "vif": [DEVICE, ...] },
 *     "libvirt": { "attributes": { ELEMENT: { NAME: VALUE } },
 *                  "elements": [{ "in": ELEMENT, "source": XML, "as": ... }, ...] }
 *   }
 *
 * A DEVICE is { "source": as in the file, "as": as in Pando's configuration }; without "as" Pando
 * has no such device. Export writes the source as long as Pando's configuration still has what it
 * stands for.
 */
#ifndef CONFIG_IO_CONVERT_H
#define CONFIG_IO_CONVERT_H

#include "report.h"
#include "value.h"

/* Import: NULL if the text cannot be understood, with notes of that. */
struct value *xl_import(const char *text, size_t length, struct report *report);

/* @networks: "NAME=BRIDGE,...", which bridges libvirt's networks are; or NULL. */
struct value *libvirt_import(const char *text, size_t length, const char *networks,
                             struct report *report);

/* Export: text to be freed; libvirt's NULL if what is kept is broken, with notes. */
char *xl_export(const struct value *config, struct report *report);
char *libvirt_export(const struct value *config, struct report *report);

/* --- what both have to do with devices (devices.c) ----------------------------------------- */

typedef bool device_same_fn(const struct value *as, const struct value *now);

bool disk_same(const struct value *as, const struct value *now);
bool vif_same(const struct value *as, const struct value *now);

/*
 * Calls @emit for each device that an export has: for those kept with their @source, in that order,
 * with what they stood @as and the device that Pando has for it @now (both NULL: none); then for
 * those that only Pando has (@source and @as are NULL).
 */
typedef void device_emit_fn(void *arg, const char *source, const struct value *as,
                            const struct value *now);
void devices_merge(const struct value *kept, const struct value *list, device_same_fn *same,
                   device_emit_fn *emit, void *arg, const char *what, struct report *report);

/* Remembers a device: @as is copied, NULL if Pando has none. */
void device_keep(struct value *kept, const char *source, const struct value *as, unsigned line);

/* --- what both have to do with words (words.c) --------------------------------------------- */

/* on_poweroff and the like: Pando's word for theirs, NULL if there is none; *near: it does less. */
const char *action_import(const char *word, bool *near);

/* A UUID as Pando has it (lower case, with dashes), to be freed; NULL if it is none. */
char *uuid_import(const char *text);

/* The member "kept" of a configuration with all formats but @format, NULL if there is nothing. To
 * be freed. */
struct value *kept_of_others(const struct value *config, const char *format);

/*
 * Puts what an export had hidden in the other format into config's "kept"; virtual nodes, which
 * libvirt's format hides as well, back into their place. Owns @others then.
 */
void kept_restore(struct value *config, struct value *others);

/* Adds the member "kept" with @kept under @format, unless that is empty. Owns @kept then. */
void kept_add(struct value *config, const char *format, struct value *kept);

/* The value with Pando's keys in the order of pando.cfg(5). */
void config_sort(struct value *config);

#endif
