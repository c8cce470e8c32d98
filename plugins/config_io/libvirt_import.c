/* SPDX-License-Identifier: MIT */
/* From libvirt's domain XML to pando.cfg(5). */
#include "convert.h"
#include "libvirt.h"

#include <stdlib.h>
#include <string.h>

enum { ELEMENTS_MAX = 5000 };

struct import {
    struct report *report;
    const char *networks;
    struct value *config;
    struct value *attributes; /* kept: { ELEMENT: { NAME: VALUE } } */
    struct value *elements;   /* kept: [{ "in", "source", "as" }] */
    struct value *disks, *vifs;
    bool disks_kept, vifs_kept; /* one at least says more than Pando has keys for */
    struct value *others;       /* what was hidden in <metadata> */
};

static const char *const none[] = { NULL };

/* Remembers an element; @as is what Pando has for it, NULL if nothing. */
static void keep(struct import *import, const char *in, xmlNode *node, const struct value *as)
{
    char *source = node_print(node);
    device_keep(import->elements, source, as, node_line(node));
    value_set(import->elements->last, "in", value_new(VALUE_STRING, in, 0));
    free(source);
}

static void keep_attribute(struct import *import, const char *element, const char *name,
                           const char *text)
{
    struct value *object = value_get(import->attributes, element);
    if (!object)
        object = value_set(import->attributes, element, value_new(VALUE_OBJECT, "", 0));
    value_set(object, name, value_new(VALUE_STRING, text, 0));
}

static void keep_attributes(struct import *import, const xmlNode *node, const char *element)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        xmlChar *text = xmlNodeGetContent((const xmlNode *)attribute);
        char *name = need_format(
            "%s%s%s",
            attribute->ns && attribute->ns->prefix ? (const char *)attribute->ns->prefix : "",
            attribute->ns && attribute->ns->prefix ? ":" : "", (const char *)attribute->name);
        keep_attribute(import, element, name, text ? (const char *)text : "");
        free(name);
        xmlFree(text);
    }
    /* That it was there at all is worth remembering, too. */
    if (!value_get(import->attributes, element))
        value_set(import->attributes, element, value_new(VALUE_OBJECT, "", 0));
    for (const xmlNs *space = node->nsDef; space; space = space->next) {
        char *name = need_format("xmlns%s%s", space->prefix ? ":" : "",
                                 space->prefix ? (const char *)space->prefix : "");
        keep_attribute(import, element, name, space->href ? (const char *)space->href : "");
        free(name);
    }
}

static void carry(struct import *import, const char *key, enum value_type type, const char *text,
                  const xmlNode *node)
{
    if (!value_get(import->config, key))
        value_set(import->config, key, value_new(type, text, node_line(node)));
    else
        report_add(import->report, NOTE_WRONG, node_line(node), (const char *)node->name,
                   "is there twice; remove one");
}

static void note_kept(struct import *import, const xmlNode *node, const char *in, const char *why)
{
    char *name = need_format("%s<%s>", in, (const char *)node->name);
    report_add(import->report, NOTE_KEPT, node_line(node), name, "kept, not acted on: %s", why);
    free(name);
}

/* --- single elements ----------------------------------------------------------------------- */

static void import_text(struct import *import, xmlNode *node, const char *in, const char *key)
{
    char *text = node_text(node);
    if (*text && node_has_only(node, none, none)) {
        carry(import, key, VALUE_STRING, text, node);
    } else {
        struct value *as = *text ? value_new(VALUE_OBJECT, "", 0) : NULL;
        if (as) {
            value_set(as, key, value_new(VALUE_STRING, text, 0));
            carry(import, key, VALUE_STRING, text, node);
        }
        keep(import, in, node, as);
        value_free(as);
    }
    free(text);
}

static void import_uuid(struct import *import, xmlNode *node)
{
    char *text = node_text(node), *uuid = uuid_import(text);
    if (uuid) {
        struct value *as = value_new(VALUE_OBJECT, "", 0);
        value_set(as, "uuid", value_new(VALUE_STRING, uuid, 0));
        carry(import, "uuid", VALUE_STRING, uuid, node);
        if (!node_has_only(node, none, none))
            keep(import, "", node, as);
        value_free(as);
    } else {
        report_add(import->report, NOTE_WRONG, node_line(node), "<uuid>",
                   "found \"%s\", expected a UUID", text);
        keep(import, "", node, NULL);
    }
    free(text);
    free(uuid);
}

/* Bytes in a unit of libvirt's; 0: there is no such unit. */
static unsigned long long unit_size(const char *unit)
{
    static const char letters[] = "kmgtpe";
    unsigned long long size = 1;
    const char *letter = *unit ? strchr(letters, *unit | 0x20) : NULL;
    if (!*unit)
        return 1024;
    if (!strcmp(unit, "b") || !strcmp(unit, "bytes"))
        return 1;
    if (!letter)
        return 0;
    bool decimal = !strcmp(unit + 1, "B");
    if (unit[1] && !decimal && strcmp(unit + 1, "iB"))
        return 0;
    for (int i = 0; i <= letter - letters; i++)
        size *= decimal ? 1000 : 1024;
    return size;
}

static void import_memory(struct import *import, xmlNode *node, const char *key)
{
    static const char *const attributes[] = { "unit", NULL };
    char *text = node_text(node), *unit = node_attribute(node, "unit"), *end;
    unsigned long long size = unit_size(unit), number = strtoull(text, &end, 10), bytes;
    if (!*text || *end || *text == '-' || !size || xmlChildElementCount(node) ||
        __builtin_mul_overflow(number, size, &bytes)) {
        report_add(import->report, NOTE_WRONG, node_line(node), (const char *)node->name,
                   "found \"%s\" \"%s\", expected a size of memory", text, unit);
        keep(import, "", node, NULL);
    } else {
        char *mib = need_format("%llu", (bytes >> 20) + !!(bytes & 0xfffff));
        carry(import, key, VALUE_NUMBER, mib, node);
        if (bytes & 0xfffff || !node_has_only(node, attributes, none)) {
            struct value *as = value_new(VALUE_OBJECT, "", 0);
            value_set(as, key, value_new(VALUE_NUMBER, mib, 0));
            keep(import, "", node, as);
            value_free(as);
        }
        if (bytes & 0xfffff)
            report_add(import->report, NOTE_CHANGED, node_line(node), (const char *)node->name,
                       "is not whole MiB: Pando makes it %s MiB", mib);
        free(mib);
    }
    free(text);
    free(unit);
}

/* <vcpu current='1' cpuset='0-3'>4</vcpu> */
static void import_vcpu(struct import *import, xmlNode *node)
{
    static const char *const attributes[] = { "current", "cpuset", NULL };
    char *text = node_text(node), *now = node_attribute(node, "current");
    char *cpus = node_attribute(node, "cpuset");
    struct value *as = value_new(VALUE_OBJECT, "", 0);
    value_set(as, "vcpus", value_new(VALUE_NUMBER, *now ? now : text, 0));
    value_set(as, "maxvcpus", value_new(VALUE_NUMBER, text, 0));
    if (*cpus)
        value_set(as, "cpus", value_new(VALUE_STRING, cpus, 0));
    for (const struct value *member = as->first; member; member = member->next) {
        long long number;
        bool right = member->type == VALUE_STRING || value_number(member, &number);
        carry(import, member->key, right ? member->type : VALUE_STRING, member->text, node);
    }
    bool empty = (!*now && xmlHasProp(node, (const xmlChar *)"current")) ||
                 (!*cpus && xmlHasProp(node, (const xmlChar *)"cpuset"));
    if (!node_has_only(node, attributes, none) || !strcmp(now, text) || empty)
        keep(import, "", node, as);
    value_free(as);
    free(text);
    free(now);
    free(cpus);
}

static void import_action(struct import *import, xmlNode *node)
{
    const char *key = (const char *)node->name;
    char *text = node_text(node);
    bool near = false;
    const char *action = action_import(text, &near);
    /* For what it has not, Pando does what it does by default. */
    const char *preset = strcmp(key, "on_reboot") ? "destroy" : "restart";
    struct value *as = value_new(VALUE_OBJECT, "", 0);
    value_set(as, key, value_new(VALUE_STRING, action ? action : preset, 0));
    if (action)
        carry(import, key, VALUE_STRING, action, node);
    if (!action || near || !node_has_only(node, none, none))
        keep(import, "", node, as);
    if (!action || near) {
        note_kept(import, node, "",
                  action ? "Pando writes no core dumps yet" : "Pando has no such action");
    }
    value_free(as);
    free(text);
}

/* --- <os> ---------------------------------------------------------------------------------- */

static void import_type(struct import *import, xmlNode *node)
{
    char *text = node_text(node);
    bool pvh = !strcmp(text, "xenpvh");
    if (pvh)
        carry(import, "type", VALUE_STRING, "pvh", node);
    if (!pvh || !node_has_only(node, none, none)) {
        struct value *as = value_new(VALUE_OBJECT, "", 0);
        value_set(as, "type", value_new(VALUE_STRING, "pvh", 0));
        keep(import, "os", node, as);
        value_free(as);
    }
    if (!pvh)
        report_add(import->report, NOTE_CHANGED, node_line(node), "<os><type>",
                   "\"%s\": kept, but Pando makes a PVH guest", text);
    free(text);
}

/* Where only elements are expected. */
static void refuse_text(struct import *import, const xmlNode *parent)
{
    for (const xmlNode *node = parent->children; node; node = node->next)
        if (node->type == XML_TEXT_NODE && !xmlIsBlankNode(node)) {
            report_add(import->report, NOTE_WRONG, node_line(node), (const char *)parent->name,
                       "found text between its elements: remove it");
            return;
        }
}

static void import_os(struct import *import, xmlNode *os)
{
    keep_attributes(import, os, "os");
    if (!node_child(os, "type")) {
        /* That nothing is to be written for it. */
        struct value *as = value_new(VALUE_OBJECT, "", 0);
        value_set(as, "type", value_new(VALUE_STRING, "pvh", 0));
        device_keep(import->elements, "", as, 0);
        value_set(import->elements->last, "in", value_new(VALUE_STRING, "os", 0));
        value_free(as);
    }
    refuse_text(import, os);
    for (xmlNode *node = os->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (node_is(node, "type")) {
            import_type(import, node);
        } else if (node_is(node, "kernel")) {
            import_text(import, node, "os", "kernel");
        } else if (node_is(node, "initrd")) {
            import_text(import, node, "os", "ramdisk");
        } else if (node_is(node, "cmdline")) {
            import_text(import, node, "os", "cmdline");
        } else {
            keep(import, "os", node, NULL);
            note_kept(import, node, "<os>", "Pando starts a kernel directly, without firmware");
        }
    }
}

/* --- <devices> ----------------------------------------------------------------------------- */

/* Pando's guests have exactly this console, and its daemon serves it. */
static bool is_own_console(const xmlNode *node)
{
    char *type = node_attribute(node, "type"),
         *target = node_attribute(node_child(node, "target"), "type");
    char *port = node_attribute(node_child(node, "target"), "port");
    bool own = node_is(node, "console") && (!*type || !strcmp(type, "pty")) &&
               (!*target || !strcmp(target, "xen")) && (!*port || !strcmp(port, "0"));
    free(type);
    free(target);
    free(port);
    return own;
}

static void import_device(struct import *import, xmlNode *node)
{
    bool disk = node_is(node, "disk");
    const char *key = disk ? "<disk>" : "<interface>";
    bool exact;
    char *why;
    struct value *value = disk ? libvirt_disk_import(node, &exact, &why)
                               : libvirt_vif_import(node, import->networks, &exact, &why);
    keep(import, disk ? "disk" : "interface", node, value);
    if (!exact)
        *(disk ? &import->disks_kept : &import->vifs_kept) = true;
    if (!value)
        report_add(import->report, NOTE_KEPT, node_line(node), key,
                   "kept, but the guest does not get it: Pando cannot do it (%s)", why);
    else if (*why)
        report_add(import->report, NOTE_KEPT, node_line(node), key,
                   "kept; Pando does not do all of it (%s)", why);
    if (value)
        value_add(disk ? import->disks : import->vifs, value);
    free(why);
}

static void import_devices(struct import *import, xmlNode *devices)
{
    keep_attributes(import, devices, "devices");
    refuse_text(import, devices);
    for (xmlNode *node = devices->children; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (node_is(node, "disk") || node_is(node, "interface")) {
            import_device(import, node);
        } else {
            keep(import, "devices", node, NULL);
            if (!is_own_console(node))
                note_kept(import, node, "<devices>",
                          node_is(node, "console") || node_is(node, "serial")
                              ? "a guest of Pando's has one Xen console"
                              : "Pando has no such devices yet");
        }
    }
}

/* --- all ------------------------------------------------------------------------------------ */

/* Takes the element out that export has put there. */
static void import_hidden(struct import *import, xmlNode *metadata)
{
    for (xmlNode *node = metadata->children, *next; node; node = next) {
        next = node->next;
        if (!node_is(node, "kept") || !node->ns ||
            strcmp((const char *)node->ns->href, LIBVIRT_KEPT_NAMESPACE) != 0)
            continue;
        char error[200], *text = node_text(node);
        unsigned line;
        struct value *value = value_parse(text, strlen(text), &line, error, sizeof(error));
        if (value && value->type == VALUE_OBJECT && !import->others) {
            import->others = value;
        } else {
            value_free(value);
            report_add(import->report, NOTE_WRONG, node_line(node), "<metadata>",
                       "what Pando has put there is broken or there twice: remove it");
        }
        free(text);
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

static void import_metadata(struct import *import, xmlNode *node)
{
    bool was_empty = !node->children;
    import_hidden(import, node);
    if (was_empty || node->children)
        keep(import, "", node, NULL);
}

static void import_other(struct import *import, xmlNode *node)
{
    static const char *const texts[] = { "title", "description", "genid", NULL };
    keep(import, "", node, NULL);
    for (size_t i = 0; texts[i]; i++)
        if (node_is(node, texts[i]))
            return;
    note_kept(import, node, "", "Pando has no key for it yet");
}

static void import_element(struct import *import, xmlNode *node)
{
    if (node_is(node, "name"))
        import_text(import, node, "", "name");
    else if (node_is(node, "uuid"))
        import_uuid(import, node);
    else if (node_is(node, "memory"))
        import_memory(import, node, "maxmem");
    else if (node_is(node, "currentMemory"))
        import_memory(import, node, "memory");
    else if (node_is(node, "vcpu"))
        import_vcpu(import, node);
    else if (node_is(node, "on_poweroff") || node_is(node, "on_reboot") ||
             node_is(node, "on_crash"))
        import_action(import, node);
    else if (node_is(node, "os"))
        import_os(import, node);
    else if (node_is(node, "devices"))
        import_devices(import, node);
    else if (node_is(node, "metadata"))
        import_metadata(import, node);
    else
        import_other(import, node);
}

static void import_domain(struct import *import, xmlNode *domain)
{
    char *type = node_attribute(domain, "type");
    size_t count = 0;
    keep_attributes(import, domain, "domain");
    refuse_text(import, domain);
    if (strcmp(type, "xen"))
        report_add(import->report, NOTE_CHANGED, node_line(domain), "<domain>",
                   "type \"%s\": kept, but Pando makes a PVH guest", type);
    free(type);
    for (xmlNode *node = domain->children, *next; node; node = next) {
        next = node->next;
        if (node->type == XML_ELEMENT_NODE && ++count <= ELEMENTS_MAX)
            import_element(import, node);
    }
    if (count > ELEMENTS_MAX)
        report_add(import->report, NOTE_WRONG, 0, "<domain>", "has more than %d elements",
                   ELEMENTS_MAX);
    /* Without <currentMemory> the guest has all of it. */
    const struct value *memory = value_get(import->config, "maxmem");
    if (memory && !value_get(import->config, "memory"))
        value_set(import->config, "memory", value_new(VALUE_NUMBER, memory->text, memory->line));
    value_set(import->config, "disk", import->disks);
    value_set(import->config, "vif", import->vifs);
}

/* Forgets the elements of @in. */
static void forget(struct import *import, const char *in)
{
    struct value *rest = import->elements->first;
    import->elements->first = import->elements->last = NULL;
    while (rest) {
        struct value *element = rest;
        rest = element->next;
        element->next = NULL;
        if (strcmp(value_text(element, "in", ""), in))
            value_add(import->elements, element);
        else
            value_free(element);
    }
}

/* Whether there is nothing to keep: just what export writes by itself. */
static bool is_plain(const struct import *import)
{
    static const char console[] =
        "<console type=\"pty\"><target type=\"xen\" port=\"0\"/></console>";
    for (const struct value *member = import->attributes->first; member; member = member->next) {
        bool domain = !strcmp(member->key, "domain");
        if (domain ? strcmp(value_text(member, "type", ""), "xen") || member->first != member->last
                   : member->first != NULL)
            return false;
    }
    const struct value *element = import->elements->first;
    return value_get(import->attributes, "os") && value_get(import->attributes, "domain") &&
           element && element == import->elements->last &&
           !strcmp(value_text(element, "source", ""), console);
}

static void finish(struct import *import)
{
    struct value *kept = value_new(VALUE_OBJECT, "", 0);
    /* All of a kind or none: their order says which is the first. */
    if (!import->disks_kept)
        forget(import, "disk");
    if (!import->vifs_kept)
        forget(import, "interface");
    bool plain = is_plain(import);
    if (plain)
        value_free(import->attributes);
    else
        value_set(kept, "attributes", import->attributes);
    if (import->elements->first && !plain)
        value_set(kept, "elements", import->elements);
    else
        value_free(import->elements);
    kept_add(import->config, "libvirt", kept);
    kept_restore(import->config, import->others);
    config_sort(import->config);
}

/* Names of namespaces that libxml2 would write as they are, and then not read. */
static bool has_odd_namespace(const xmlNode *node)
{
    for (const xmlNs *space = node->nsDef; space; space = space->next)
        if (space->href && strpbrk((const char *)space->href, "<&"))
            return true;
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE && has_odd_namespace(child))
            return true;
    return false;
}

struct value *libvirt_import(const char *text, size_t length, const char *networks,
                             struct report *report)
{
    xmlDoc *document = libvirt_parse(text, length, report);
    xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    if (!document)
        return NULL;
    if (!root || !node_is(root, "domain")) {
        report_add(report, NOTE_WRONG, root ? node_line(root) : 0, "",
                   "found <%s>, expected <domain>", root ? (const char *)root->name : "");
        xmlFreeDoc(document);
        return NULL;
    }
    if (has_odd_namespace(root)) {
        report_add(report, NOTE_WRONG, 0, "", "the name of a namespace has a < or & in it");
        xmlFreeDoc(document);
        return NULL;
    }
    struct import import = { .report = report,
                             .networks = networks,
                             .config = value_new(VALUE_OBJECT, "", node_line(root)),
                             .attributes = value_new(VALUE_OBJECT, "", 0),
                             .elements = value_new(VALUE_LIST, "", 0),
                             .disks = value_new(VALUE_LIST, "", 0),
                             .vifs = value_new(VALUE_LIST, "", 0) };
    import_domain(&import, root);
    finish(&import);
    xmlFreeDoc(document);
    return import.config;
}
