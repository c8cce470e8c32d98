/* SPDX-License-Identifier: MIT */
/* <disk> and <interface>. */
#include "libvirt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

static const char *const none[] = { NULL };

/* Adds to what Pando does not do. */
static void cannot(char **why, const char *format, const char *word)
{
    char *more = need_format(format, word);
    char *text = need_format("%s%s%s", *why, **why ? ", " : "", more);
    free(more);
    free(*why);
    *why = text;
}

/* Elements that change what the guest gets; an alias or an address does not. */
static void name_others(const xmlNode *node, const char *const *known, char **why)
{
    static const char *const inert[] = { "address", "alias", "boot", NULL };
    for (const xmlNode *child = node->children; child; child = child->next) {
        bool skip = child->type != XML_ELEMENT_NODE;
        for (size_t i = 0; !skip && known[i]; i++)
            skip = node_is(child, known[i]);
        for (size_t i = 0; !skip && inert[i]; i++)
            skip = node_is(child, inert[i]);
        if (!skip)
            cannot(why, "it does not know of <%s>", (const char *)child->name);
    }
}

static void set(struct value *value, const char *key, const char *text, unsigned line)
{
    value_set(value, key, value_new(VALUE_STRING, text, line));
}

/* --- disks ------------------------------------------------------------------------------------ */

/* The name of a disk in a Xen guest: what other hypervisors call vda is xvda. */
static char *disk_name(const char *device)
{
    uint32_t number;
    if (!strncmp(device, "vd", 2)) {
        char *name = need_format("x%s", device);
        if (pando_vdev_number(name, &number))
            return name;
        free(name);
    }
    return need(strdup(device));
}

static bool disk_possible(const xmlNode *node, const char *path, const char *format, char **why)
{
    char *type = node_attribute(node, "type"), *device = node_attribute(node, "device");
    bool possible = false;
    if (*device && strcmp(device, "disk"))
        cannot(why, "it has no devices of type %s", device);
    else if (*type && strcmp(type, "file") && strcmp(type, "block"))
        cannot(why, "it has no disks of type %s", type);
    else if (!*path)
        cannot(why, "it needs a %s", "source");
    else if (*format && strcmp(format, "raw"))
        cannot(why, "it serves raw images only, not %s", format);
    else
        possible = true;
    free(type);
    free(device);
    return possible;
}

/* Whether there is text where only elements and attributes are expected. */
static bool has_text(const xmlNode *node)
{
    char *text = node_text(node);
    bool found = *text;
    free(text);
    return found;
}

static bool has_value(const xmlNode *node, const char *attribute, const char *value)
{
    char *text = node_attribute(node, attribute);
    bool same = !strcmp(text, value);
    free(text);
    return same;
}

static bool disk_exact(const xmlNode *node)
{
    static const char *const attributes[] = { "type", "device", NULL };
    static const char *const elements[] = { "driver", "source", "target", "readonly", NULL };
    static const char *const driver[] = { "type", NULL }, *const bus[] = { "dev", "bus", NULL };
    static const char *const source[] = { "file", "dev", NULL };
    const xmlNode *child;
    return node_has_only(node, attributes, elements) && !has_text(node) &&
           node_child(node, "driver") &&
           (!(child = node_child(node, "readonly")) || node_has_only(child, none, none)) &&
           (!(child = node_child(node, "driver")) || node_has_only(child, driver, none)) &&
           (!(child = node_child(node, "source")) || node_has_only(child, source, none)) &&
           (!(child = node_child(node, "target")) || node_has_only(child, bus, none));
}

struct value *libvirt_disk_import(const xmlNode *node, bool *exact, char **why)
{
    static const char *const known[] = { "driver", "source", "target", "readonly", NULL };
    const xmlNode *source = node_child(node, "source");
    char *file = node_attribute(source, "file"), *block = node_attribute(source, "dev");
    char *format = node_attribute(node_child(node, "driver"), "type");
    char *device = node_attribute(node_child(node, "target"), "dev");
    char *bus = node_attribute(node_child(node, "target"), "bus");
    char *name = disk_name(device);
    const char *path = *file ? file : block;
    struct value *value = NULL;
    unsigned line = node_line(node);

    *why = need(strdup(""));
    *exact = false;
    if (!*device)
        cannot(why, "it needs a %s", "target");
    if (disk_possible(node, path, format, why) && *device) {
        value = value_new(VALUE_OBJECT, "", line);
        set(value, "vdev", name, line);
        set(value, "target", path, line);
        if (node_child(node, "readonly"))
            set(value, "access", "r", line);
        name_others(node, known, why);
        if (strcmp(name, device))
            cannot(why, "its name is %s here", name);
        *exact = disk_exact(node) && has_value(node, "device", "disk") &&
                 has_value(node, "type", *file ? "file" : "block") && !strcmp(format, "raw") &&
                 !strcmp(name, device) && !strcmp(bus, "xen") &&
                 !*file == !strncmp(path, "/dev/", 5);
    }
    free(file);
    free(block);
    free(format);
    free(device);
    free(bus);
    free(name);
    return value;
}

char *libvirt_disk_export(const struct value *disk)
{
    const char *access = value_text(disk, "access", "rw");
    char *target = xml_escape(value_text(disk, "target", ""));
    char *vdev = xml_escape(value_text(disk, "vdev", ""));
    char *format = xml_escape(value_text(disk, "format", "raw"));
    /* What is not below /dev is an image. */
    bool block = !strncmp(target, "/dev/", 5);
    char *text = need_format("<disk type='%s' device='disk'><driver type='%s'/><source %s='%s'/>"
                             "<target dev='%s' bus='xen'/>%s</disk>",
                             block ? "block" : "file", format, block ? "dev" : "file", target, vdev,
                             *access == 'r' && strcmp(access, "rw") ? "<readonly/>" : "");
    free(target);
    free(vdev);
    free(format);
    return text;
}

/* --- networks ----------------------------------------------------------------------------------
 */

/* Which bridge a network of libvirt's is, by the operator's word: "NAME=BRIDGE,...". */
static char *bridge_told(const char *networks, const char *network)
{
    size_t length = strlen(network);
    while (networks && *networks) {
        size_t end = strcspn(networks, ",");
        if (end > length && !strncmp(networks, network, length) && networks[length] == '=')
            return need(strndup(networks + length + 1, end - length - 1));
        networks += end + (networks[end] == ',');
    }
    return NULL;
}

/* The same by libvirt's own files, if this host has them. */
static char *bridge_known(const char *network)
{
    char text[16384];
    struct report report = { .where = "" };
    if (strchr(network, '/'))
        return NULL;
    char *path = need_format("/etc/libvirt/qemu/networks/%s.xml", network);
    FILE *file = fopen(path, "re");
    free(path);
    if (!file)
        return NULL;
    size_t length = fread(text, 1, sizeof(text), file);
    fclose(file);
    xmlDoc *document = libvirt_parse(text, length, &report);
    report_free(&report);
    const xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    char *bridge = node_attribute(root ? node_child(root, "bridge") : NULL, "name");
    xmlFreeDoc(document);
    if (*bridge)
        return bridge;
    free(bridge);
    return NULL;
}

/* The bridge in dom0, to be freed; NULL: Pando cannot attach to it, says *why. */
static char *find_bridge(const xmlNode *node, const char *type, const char *networks, char **why)
{
    const xmlNode *source = node_child(node, "source");
    if (!strcmp(type, "bridge"))
        return node_attribute(source, "bridge");
    if (strcmp(type, "network")) {
        cannot(why, "it has no interfaces of type %s", type);
        return NULL;
    }
    char *network = node_attribute(source, "network");
    char *bridge = bridge_told(networks, network);
    if (!bridge)
        bridge = bridge_known(network);
    if (!bridge)
        cannot(why, "it does not know which bridge the network is: --networks %s=BRIDGE", network);
    free(network);
    return bridge;
}

static bool vif_exact(const xmlNode *node, const char *type)
{
    static const char *const attributes[] = { "type", NULL };
    static const char *const elements[] = { "mac", "source", "target", NULL };
    static const char *const mac[] = { "address", NULL }, *const source[] = { "bridge", NULL };
    static const char *const target[] = { "dev", NULL };
    const xmlNode *child;
    return !strcmp(type, "bridge") && node_has_only(node, attributes, elements) &&
           !has_text(node) &&
           (!(child = node_child(node, "mac")) || node_has_only(child, mac, none)) &&
           (!(child = node_child(node, "source")) || node_has_only(child, source, none)) &&
           (!(child = node_child(node, "target")) || node_has_only(child, target, none));
}

struct value *libvirt_vif_import(const xmlNode *node, const char *networks, bool *exact, char **why)
{
    static const char *const known[] = { "mac", "source", "target", NULL };
    char *type = node_attribute(node, "type");
    char *mac = node_attribute(node_child(node, "mac"), "address");
    char *name = node_attribute(node_child(node, "target"), "dev");
    unsigned line = node_line(node);
    struct value *value = NULL;

    *why = need(strdup(""));
    char *bridge = find_bridge(node, type, networks, why);
    *exact = bridge && *bridge && vif_exact(node, type);
    if (bridge) {
        value = value_new(VALUE_OBJECT, "", line);
        if (*mac)
            set(value, "mac", mac, line);
        if (*bridge)
            set(value, "bridge", bridge, line);
        if (*name)
            set(value, "vifname", name, line);
        name_others(node, known, why);
    }
    free(type);
    free(mac);
    free(name);
    free(bridge);
    return value;
}

char *libvirt_vif_export(const struct value *vif)
{
    char *mac = xml_escape(value_text(vif, "mac", ""));
    char *bridge = xml_escape(value_text(vif, "bridge", "xenbr0"));
    char *name = xml_escape(value_text(vif, "vifname", ""));
    char *text = need_format("<interface type='bridge'>%s%s%s<source bridge='%s'/>%s%s%s"
                             "</interface>",
                             *mac ? "<mac address='" : "", mac, *mac ? "'/>" : "", bridge,
                             *name ? "<target dev='" : "", name, *name ? "'/>" : "");
    free(mac);
    free(bridge);
    free(name);
    return text;
}
