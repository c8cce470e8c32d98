/* SPDX-License-Identifier: MIT */
#include "roundtrip.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/config_io/convert.h"
#include "plugins/config_io/libvirt.h"
#include "plugins/config_io/xl_parse.h"

static const char networks[] = "default=virbr0,net0=br0";

static void say_notes(const struct report *report, char *why, size_t size)
{
    if (report->count)
        snprintf(why, size, "%u: %s: %s", report->notes[0].line, report->notes[0].key,
                 report->notes[0].text);
    else
        snprintf(why, size, "without a reason");
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(struct value *const *)a)->key, (*(struct value *const *)b)->key);
}

static int by_print(const void *a, const void *b)
{
    char *x = value_print(*(struct value *const *)a, false);
    char *y = value_print(*(struct value *const *)b, false);
    int order = strcmp(x, y);
    free(x);
    free(y);
    return order;
}

/* Puts members of objects, and elements kept, into an order of their own; not devices. */
static void sort(struct value *value)
{
    struct value **members = NULL;
    size_t count = 0;
    for (struct value *member = value->first; member; member = member->next) {
        sort(member);
        members = need(reallocarray(members, count + 1, sizeof(*members)));
        members[count++] = member;
    }
    bool elements = value->key && !strcmp(value->key, "elements");
    if (count && (value->type == VALUE_OBJECT || elements)) {
        qsort(members, count, sizeof(*members), elements ? by_print : by_key);
        value->first = value->last = NULL;
        for (size_t i = 0; i < count; i++) {
            members[i]->next = NULL;
            value_add(value, members[i]);
        }
    }
    free(members);
}

static void preset(struct value *config, const char *key, enum value_type type, const char *text)
{
    if (text && !value_get(config, key))
        value_set(config, key, value_new(type, text, 0));
}

/* Fills in what is so by default, and sorts. */
static void settle(struct value *config)
{
    static const char *const lists[] = { "disk", "vif", "vnuma" };
    preset(config, "maxmem", VALUE_NUMBER, value_text(config, "memory", NULL));
    preset(config, "vcpus", VALUE_NUMBER, "1");
    preset(config, "maxvcpus", VALUE_NUMBER, value_text(config, "vcpus", NULL));
    preset(config, "type", VALUE_STRING, "pvh");
    preset(config, "cpus", VALUE_STRING, "all");
    preset(config, "on_poweroff", VALUE_STRING, "destroy");
    preset(config, "on_reboot", VALUE_STRING, "restart");
    preset(config, "on_crash", VALUE_STRING, "destroy");
    for (size_t i = 0; i < 3; i++)
        preset(config, lists[i], VALUE_LIST, "");
    struct value *vifs = value_get(config, "vif");
    for (struct value *vif = vifs ? vifs->first : NULL; vif; vif = vif->next)
        preset(vif, "bridge", VALUE_STRING, "xenbr0");
    sort(config);
}

/* Both as JSON: a configuration that was written and read again is the same. */
static enum roundtrip compare(struct value *first, struct value *second, char *why, size_t size)
{
    settle(first);
    if (second)
        settle(second);
    if (second && value_equal(first, second))
        return ROUNDTRIP_SAME;
    char *a = value_print(first, false), *b = second ? value_print(second, false) : NULL;
    size_t at = 0;
    while (b && a[at] && a[at] == b[at])
        at++;
    at = at > 40 ? at - 40 : 0;
    snprintf(why, size, "another configuration the second time: %.120s | %.120s", a + at,
             b ? b + at : "(none)");
    free(a);
    free(b);
    return ROUNDTRIP_LOST;
}

/* --- xl -----------------------------------------------------------------------------------------
 */

/* Every key of the first is in the second, but for those that become one. */
static bool has_keys(const char *before, const char *after, char *why, size_t size)
{
    struct report report = { .where = "" };
    struct value *kept1, *kept2;
    struct value *a = xl_parse(before, strlen(before), &report, &kept1);
    struct value *b = xl_parse(after, strlen(after), &report, &kept2);
    bool all = a && b;
    for (const struct value *value = all ? a->first : NULL; value && all; value = value->next)
        if (!value_get(b, value->key) && strcmp(value->key, "root") &&
            strcmp(value->key, "extra") && (value->type != VALUE_LIST || value->first)) {
            snprintf(why, size, "the key %s is lost", value->key);
            all = false;
        }
    if (!b)
        say_notes(&report, why, size);
    value_free(a);
    value_free(b);
    value_free(kept1);
    value_free(kept2);
    report_free(&report);
    return all;
}

enum roundtrip roundtrip_xl(const char *text, size_t length, char *why, size_t size)
{
    struct report report = { .where = "first" }, again = { .where = "second" };
    struct value *first = xl_import(text, length, &report), *second;
    enum roundtrip result = ROUNDTRIP_REFUSED;
    if (first) {
        char *copy = xl_export(first, &again);
        second = xl_import(copy, strlen(copy), &again);
        result = compare(first, second, why, size);
        if (result == ROUNDTRIP_SAME && !has_keys(text, copy, why, size))
            result = ROUNDTRIP_LOST;
        value_free(second);
        free(copy);
    } else {
        say_notes(&report, why, size);
        if (!report.wrong)
            result = ROUNDTRIP_LOST;
    }
    value_free(first);
    report_free(&report);
    report_free(&again);
    return result;
}

/* --- libvirt ------------------------------------------------------------------------------------
 */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Writes texts in order, frees them. */
static void put_sorted(FILE *out, char **texts, size_t count)
{
    if (count)
        qsort(texts, count, sizeof(*texts), by_text);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, " %s", texts[i]);
        free(texts[i]);
    }
    free(texts);
}

static void put_attributes(FILE *out, const xmlNode *node)
{
    char **texts = NULL;
    size_t count = 0;
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
        xmlChar *text = xmlNodeGetContent((const xmlNode *)attribute);
        texts = need(reallocarray(texts, count + 1, sizeof(*texts)));
        texts[count++] =
            need_format("%s='%s'", (const char *)attribute->name, text ? (const char *)text : "");
        xmlFree(text);
    }
    put_sorted(out, texts, count);
}

/* Sizes of memory in MiB, and UUIDs without what is only style. */
static char *plain_text(const xmlNode *node)
{
    char *text = node_text(node), *end;
    bool top = node->parent && node_is(node->parent, "domain");
    if (top && (node_is(node, "memory") || node_is(node, "currentMemory"))) {
        char *unit = node_attribute(node, "unit");
        unsigned long long number = strtoull(text, &end, 10);
        static const char letters[] = "kmgtpe";
        const char *letter = strchr(letters, *unit ? *unit | 0x20 : 'k');
        unsigned long long bytes = number;
        unsigned long long step = *unit && !strcmp(unit + 1, "B") ? 1000 : 1024;
        for (long i = 0; letter && i <= letter - letters; i++)
            bytes *= step;
        if (letter && (!*unit || !unit[1] || !strcmp(unit + 1, "B") || !strcmp(unit + 1, "iB"))) {
            char *mib = need_format("%lluMiB", (bytes >> 20) + !!(bytes & 0xfffff));
            free(text);
            text = mib;
        }
        free(unit);
    } else if (top && node_is(node, "uuid")) {
        char *out = text;
        for (const char *c = text; *c; c++)
            if (*c != '-')
                *out++ = (char)tolower((unsigned char)*c);
        *out = 0;
    }
    return text;
}

static bool has_elements(const xmlNode *node)
{
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            return true;
    return false;
}

/* The element in a form that says the same for all that mean the same. */
static char *canonical(const xmlNode *node)
{
    char *text = NULL, **children = NULL;
    size_t size, count = 0;
    bool memory = node_is(node, "memory") || node_is(node, "currentMemory");
    FILE *out = need(open_memstream(&text, &size));
    fprintf(out, "<%s%s%s", node->ns && node->ns->href ? (const char *)node->ns->href : "",
            node->ns ? "|" : "", (const char *)node->name);
    if (!memory)
        put_attributes(out, node);
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type != XML_ELEMENT_NODE || (node_is(child, "devices") && !has_elements(child)))
            continue;
        children = need(reallocarray(children, count + 1, sizeof(*children)));
        children[count++] = canonical(child);
    }
    if (!count) {
        char *content = plain_text(node);
        fprintf(out, ">%s", content);
        free(content);
    }
    put_sorted(out, children, count);
    fputs("/>", out);
    fclose(out);
    return need(text);
}

/* Without <currentMemory> a guest has all of <memory>. */
static void add_memory(xmlNode *domain)
{
    xmlNode *memory = node_child(domain, "memory");
    if (!memory || node_child(domain, "currentMemory"))
        return;
    xmlNode *copy = need(xmlCopyNode(memory, 1));
    xmlNodeSetName(copy, (const xmlChar *)"currentMemory");
    xmlAddChild(domain, copy);
}

static char *canonical_text(const char *text)
{
    struct report report = { .where = "" };
    xmlDoc *document = libvirt_parse(text, strlen(text), &report);
    xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    char *result = NULL;
    if (root) {
        add_memory(root);
        result = canonical(root);
    }
    xmlFreeDoc(document);
    report_free(&report);
    return result;
}

static enum roundtrip compare_xml(const char *before, const char *after, char *why, size_t size)
{
    char *a = canonical_text(before), *b = canonical_text(after);
    enum roundtrip result = a && b && !strcmp(a, b) ? ROUNDTRIP_SAME : ROUNDTRIP_LOST;
    size_t at = 0;
    while (a && b && a[at] && a[at] == b[at])
        at++;
    at = at > 40 ? at - 40 : 0;
    if (result != ROUNDTRIP_SAME)
        snprintf(why, size, "other XML: %.150s | %.150s", a ? a + at : "(none)",
                 b ? b + at : "(none)");
    free(a);
    free(b);
    return result;
}

enum roundtrip roundtrip_libvirt(const char *text, size_t length, char *why, size_t size)
{
    struct report report = { .where = "first" }, again = { .where = "second" };
    struct value *first = libvirt_import(text, length, networks, &report), *second = NULL;
    enum roundtrip result = ROUNDTRIP_REFUSED;
    if (first) {
        char *copy = libvirt_export(first, &again);
        if (copy)
            second = libvirt_import(copy, strlen(copy), networks, &again);
        result = compare(first, second, why, size);
        /* What is there twice, or no size of memory at all, cannot be the same: it was named. */
        if (result == ROUNDTRIP_SAME && !report.wrong)
            result = compare_xml(text, copy, why, size);
        if (!copy)
            say_notes(&again, why, size);
        if (result == ROUNDTRIP_LOST && report.wrong) {
            result = ROUNDTRIP_REFUSED;
            say_notes(&report, why, size);
        }
        value_free(second);
        free(copy);
    } else {
        say_notes(&report, why, size);
        if (!report.wrong)
            result = ROUNDTRIP_LOST;
    }
    value_free(first);
    report_free(&report);
    report_free(&again);
    return result;
}

/* --- both ------------------------------------------------------------------------------------- */

enum roundtrip roundtrip_through(const char *text, size_t length, char *why, size_t size)
{
    struct report report = { .where = "" };
    bool xl = text[strspn(text, " \t\r\n")] != '<';
    struct value *first =
        xl ? xl_import(text, length, &report) : libvirt_import(text, length, networks, &report);
    struct value *middle = NULL, *last = NULL;
    enum roundtrip result = ROUNDTRIP_REFUSED;
    char *there = NULL, *back = NULL;
    if (first)
        there = xl ? libvirt_export(first, &report) : xl_export(first, &report);
    if (there)
        middle = xl ? libvirt_import(there, strlen(there), networks, &report)
                    : xl_import(there, strlen(there), &report);
    if (middle)
        back = xl ? xl_export(middle, &report) : libvirt_export(middle, &report);
    if (back)
        last = xl ? xl_import(back, strlen(back), &report)
                  : libvirt_import(back, strlen(back), networks, &report);
    if (!first || report.wrong) {
        say_notes(&report, why, size);
    } else {
        /* What the format in the middle has added is not of interest here. */
        const char *other = xl ? "libvirt" : "xl";
        struct value *kept = value_get(last, "kept");
        if (kept)
            value_remove(kept, other);
        if (kept && !kept->first)
            value_remove(last, "kept");
        result = compare(first, last, why, size);
    }
    value_free(first);
    value_free(middle);
    value_free(last);
    free(there);
    free(back);
    report_free(&report);
    return result;
}
