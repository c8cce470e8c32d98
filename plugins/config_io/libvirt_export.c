/* SPDX-License-Identifier: MIT */
/* From pando.cfg(5) to libvirt's domain XML: made as text, then parsed and laid out. */
#include "convert.h"
#include "libvirt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct export
{
    const struct value *config, *kept;
    const struct value *elements; /* kept, or NULL */
    FILE *out;
    bool vifs;
};

/* --- what was kept ------------------------------------------------------------------------- */

static bool is_in(const struct value *element, const char *in)
{
    return element->type == VALUE_OBJECT && !strcmp(value_text(element, "in", "?"), in);
}

/* What Pando does when its configuration says nothing. */
static const char *preset(const char *key)
{
    static const char *const presets[] = { "type",      "pvh",     "vcpus",       "1",
                                           "cpus",      "all",     "on_poweroff", "destroy",
                                           "on_reboot", "restart", "on_crash",    "destroy" };
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i += 2)
        if (!strcmp(presets[i], key))
            return presets[i + 1];
    return "";
}

/* The value of one of Pando's keys, or what it is without. */
static const char *now(const struct export *export, const char *key)
{
    const char *same = !strcmp(key, "maxmem")     ? "memory"
                       : !strcmp(key, "maxvcpus") ? "vcpus"
                                                  : NULL;
    const char *text = value_text(export->config, key, NULL);
    if (!text && same)
        return now(export, same);
    return text ? text : preset(key);
}

/* Whether what an element stood for is what Pando has. */
static bool still_so(const struct export *export, const struct value *as)
{
    for (const struct value *value = as->first; value; value = value->next)
        if (strcmp(value->text, now(export, value->key)))
            return false;
    return true;
}

/* Writes the elements kept of @in; those that say what Pando's keys do only while they are right.
 */
static void put_kept(const struct export *export, const char *in)
{
    for (const struct value *element = export->elements ? export->elements->first : NULL; element;
         element = element->next) {
        const struct value *as = value_get(element, "as");
        if (is_in(element, in) && (!as || still_so(export, as)))
            fputs(value_text(element, "source", ""), export->out);
    }
}

/* Whether an element kept says already what this key does. */
static bool kept_says(const struct export *export, const char *in, const char *key)
{
    char start[64];
    snprintf(start, sizeof(start), "<%s", key);
    for (const struct value *element = export->elements ? export->elements->first : NULL; element;
         element = element->next) {
        const struct value *as = value_get(element, "as");
        const char *source = value_text(element, "source", "");
        size_t length = strlen(start);
        bool named = !strncmp(source, start, length) && strchr(" \t\r\n/>", source[length]);
        /* No source: that there was no such element. */
        if (!is_in(element, in) || !(*source ? named : value_get(as, key) != NULL))
            continue;
        if (as && still_so(export, as))
            return true;
    }
    return false;
}

static void put_attributes(const struct export *export, const char *element, const char *fallback)
{
    const struct value *kept = value_get(value_get(export->kept, "attributes"), element);
    if (!kept || kept->type != VALUE_OBJECT) {
        fputs(fallback, export->out);
        return;
    }
    for (const struct value *value = kept->first; value; value = value->next) {
        char *text = xml_escape(value->text);
        fprintf(export->out, " %s='%s'", value->key, text);
        free(text);
    }
}

/* --- Pando's keys ---------------------------------------------------------------------------- */

/* <ELEMENT ATTRIBUTES>VALUE</ELEMENT> */
static void put_element(const struct export *export, const char *element, const char *attributes,
                        const char *value)
{
    char *text = xml_escape(value);
    fprintf(export->out, "<%s%s>%s</%s>", element, attributes, text, element);
    free(text);
}

/* <ELEMENT>TEXT</ELEMENT> for a key that there is, unless an element kept says so. */
static void put_text(const struct export *export, const char *in, const char *key,
                     const char *element)
{
    const char *value = value_text(export->config, key, NULL);
    if (!value || kept_says(export, in, element))
        return;
    put_element(export, element, "", value);
}

static void put_memory(const struct export *export)
{
    const char *memory = value_text(export->config, "memory", NULL);
    const char *most = value_text(export->config, "maxmem", export->kept ? NULL : memory);
    if (most && !kept_says(export, "", "memory"))
        put_element(export, "memory", " unit='MiB'", most);
    if (memory && !kept_says(export, "", "currentMemory"))
        put_element(export, "currentMemory", " unit='MiB'", memory);
}

static void put_vcpus(const struct export *export)
{
    const char *vcpus = value_text(export->config, "vcpus", NULL);
    const char *most = value_text(export->config, "maxvcpus", vcpus);
    char *now = xml_escape(vcpus ? vcpus : "");
    char *cpus = xml_escape(value_text(export->config, "cpus", "all"));
    bool fewer = vcpus && strcmp(vcpus, most), some = strcmp(cpus, "all");
    if ((most || some) && !kept_says(export, "", "vcpu")) {
        char *attributes = need_format("%s%s%s%s%s%s", fewer ? " current='" : "", fewer ? now : "",
                                       fewer ? "'" : "", some ? " cpuset='" : "", some ? cpus : "",
                                       some ? "'" : "");
        put_element(export, "vcpu", attributes, most ? most : "1");
        free(attributes);
    }
    free(now);
    free(cpus);
}

/* An element that there was none of, and nothing to put into it, does not come to be. */
static bool is_wanted(const struct export *export, const char *in)
{
    if (!export->kept || value_get(value_get(export->kept, "attributes"), in))
        return true;
    for (const struct value *element = export->elements ? export->elements->first : NULL; element;
         element = element->next)
        if (is_in(element, in))
            return true;
    return false;
}

static void put_os(const struct export *export)
{
    bool wanted = is_wanted(export, "os");
    if (!wanted && !value_get(export->config, "kernel") && !value_get(export->config, "cmdline") &&
        !value_get(export->config, "ramdisk"))
        return;
    fputs("<os", export->out);
    put_attributes(export, "os", "");
    fputs(">", export->out);
    if (wanted && !kept_says(export, "os", "type"))
        fputs("<type>xenpvh</type>", export->out);
    put_text(export, "os", "kernel", "kernel");
    put_text(export, "os", "ramdisk", "initrd");
    put_text(export, "os", "cmdline", "cmdline");
    put_kept(export, "os");
    fputs("</os>", export->out);
}

/* --- devices --------------------------------------------------------------------------------- */

static void emit(void *arg, const char *source, const struct value *as, const struct value *device)
{
    struct export *export = arg;
    char *text = NULL;
    const char *end = source ? strchr(source, '>') : NULL;
    if (!source)
        text = export->vifs ? libvirt_vif_export(device) : libvirt_disk_export(device);
    else if (export->vifs && device && value_get(device, "mac") && !value_get(as, "mac") && end &&
             end[-1] != '/')
        /* The address that Pando has chosen for it meanwhile. */
        text = need_format("%.*s<mac address='%s'/>%s", (int)(end + 1 - source), source,
                           value_text(device, "mac", ""), end + 1);
    fputs(text ? text : source, export->out);
    free(text);
}

static void put_devices_of(struct export *export, const char *in, const char *key,
                           struct report *report)
{
    struct value *kept = value_new(VALUE_LIST, "", 0);
    for (const struct value *element = export->elements ? export->elements->first : NULL; element;
         element = element->next)
        if (is_in(element, in))
            value_add(kept, value_copy(element));
    export->vifs = !strcmp(key, "vif");
    devices_merge(kept, value_get(export->config, key), export->vifs ? vif_same : disk_same, emit,
                  export, key, report);
    value_free(kept);
}

static void put_devices(struct export *export, struct report *report)
{
    const struct value *disks = value_get(export->config, "disk");
    const struct value *vifs = value_get(export->config, "vif");
    if (!is_wanted(export, "devices") && !(disks && disks->first) && !(vifs && vifs->first))
        return;
    fputs("<devices", export->out);
    put_attributes(export, "devices", "");
    fputs(">", export->out);
    put_devices_of(export, "disk", "disk", report);
    put_devices_of(export, "interface", "vif", report);
    if (!export->kept)
        fputs("<console type='pty'><target type='xen' port='0'/></console>", export->out);
    put_kept(export, "devices");
    fputs("</devices>", export->out);
}

/* --- all -------------------------------------------------------------------------------------- */

/* What other formats' imports have kept goes where libvirt keeps what it does not know. */
static void hide(xmlNode *domain, const struct value *others)
{
    xmlNode *metadata = node_child(domain, "metadata");
    char *text = value_print(others, false);
    if (!metadata)
        metadata = need(xmlNewChild(domain, NULL, (const xmlChar *)"metadata", NULL));
    xmlNode *node =
        need(xmlNewTextChild(metadata, NULL, (const xmlChar *)"kept", (const xmlChar *)text));
    xmlSetNs(node, need(xmlNewNs(node, (const xmlChar *)LIBVIRT_KEPT_NAMESPACE,
                                 (const xmlChar *)"pando")));
    free(text);
}

static char *make_text(struct export *export, struct report *report)
{
    char *text = NULL;
    size_t size;
    export->out = need(open_memstream(&text, &size));
    fputs("<domain", export->out);
    put_attributes(export, "domain", " type='xen'");
    fputs(">", export->out);
    put_text(export, "", "name", "name");
    put_text(export, "", "uuid", "uuid");
    put_memory(export);
    put_vcpus(export);
    put_os(export);
    put_text(export, "", "on_poweroff", "on_poweroff");
    put_text(export, "", "on_reboot", "on_reboot");
    put_text(export, "", "on_crash", "on_crash");
    put_kept(export, "");
    put_devices(export, report);
    fputs("</domain>", export->out);
    fclose(export->out);
    return need(text);
}

char *libvirt_export(const struct value *config, struct report *report)
{
    struct report broken = { .where = report->where };
    struct export export = { .config = config,
                             .kept = value_get(value_get(config, "kept"), "libvirt") };
    export.elements = value_get(export.kept, "elements");
    char *text = make_text(&export, report), *result = NULL;
    xmlDoc *document = libvirt_parse(text, strlen(text), &broken);
    if (!document) {
        report_add(report, NOTE_WRONG, 0, "kept.libvirt", "what was kept makes no XML (%s)",
                   broken.count ? broken.notes[0].text : "too large");
    } else {
        struct value *others = kept_of_others(config, "libvirt");
        xmlChar *out;
        int length;
        const struct value *nodes = value_get(config, "vnuma");
        if (nodes && nodes->first) {
            others = others ? others : value_new(VALUE_OBJECT, "", 0);
            value_set(others, "vnuma", value_copy(nodes));
            report_add(report, NOTE_LEFT, 0, "vnuma",
                       "it is in <metadata> only: Pando's import takes it back");
        }
        if (others) {
            hide(xmlDocGetRootElement(document), others);
            report_add(report, NOTE_LEFT, 0, "kept",
                       "what was kept of another format is in <metadata>: Pando's import takes it "
                       "back");
        }
        xmlNode *root = xmlDocGetRootElement(document);
        xmlBuffer *buffer = need(xmlBufferCreate());
        length = xmlNodeDump(buffer, document, root, 0, 1);
        out = (xmlChar *)xmlBufferContent(buffer);
        if (length >= 0)
            result = need_format("%s\n", (const char *)out);
        xmlBufferFree(buffer);
        value_free(others);
        xmlFreeDoc(document);
    }
    report_free(&broken);
    free(text);
    return result;
}
