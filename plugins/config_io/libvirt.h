/* SPDX-License-Identifier: MIT */
/* libvirt's domain XML (https://libvirt.org/formatdomain.html), by libxml2. */
#ifndef CONFIG_IO_LIBVIRT_H
#define CONFIG_IO_LIBVIRT_H

#include <libxml/tree.h>

#include "report.h"
#include "value.h"

/* The namespace of the element in <metadata> that holds what another format's import has kept. */
#define LIBVIRT_KEPT_NAMESPACE "urn:pando:kept"

/* Parses without a network, entities or external files. NULL with a note of what is wrong. */
xmlDoc *libvirt_parse(const char *text, size_t length, struct report *report);

/* Attributes and elements; "" or NULL if there is none. Texts are to be freed, never NULL. */
char *node_attribute(const xmlNode *node, const char *name);
char *node_text(const xmlNode *node);
xmlNode *node_child(const xmlNode *node, const char *name);
bool node_is(const xmlNode *node, const char *name);
unsigned node_line(const xmlNode *node);

/* The element as text, to be freed. */
char *node_print(xmlNode *node);

/* Whether it has no other attributes or elements than those (a list that NULL ends), each once. */
bool node_has_only(const xmlNode *node, const char *const *attributes, const char *const *elements);

/*
 * <disk> and <interface>, as xl_disk_import() does it with strings. @networks as for
 * libvirt_import().
 */
struct value *libvirt_disk_import(const xmlNode *node, bool *exact, char **why);
struct value *libvirt_vif_import(const xmlNode *node, const char *networks, bool *exact,
                                 char **why);

/* The element for a device of Pando's, to be freed. */
char *libvirt_disk_export(const struct value *disk);
char *libvirt_vif_export(const struct value *vif);

/* Text with what XML gives a meaning escaped, to be freed. */
char *xml_escape(const char *text);

#endif
