/* SPDX-License-Identifier: MIT */
#include "libvirt.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

static void ignore_error(void *arg, const char *format, ...)
{
}

static void note_error(struct report *report, const xmlError *error)
{
    char text[200];
    snprintf(text, sizeof(text), "%s", error && error->message ? error->message : "malformed");
    text[strcspn(text, "\n")] = 0;
    report_add(report, NOTE_WRONG, error ? (unsigned)error->line : 0, "", "not XML: %s", text);
}

/* Entities are parsed where they are used: a text of many small ones would become a large one. */
static bool has_doctype(const char *text, size_t length)
{
    return memmem(text, length, "<!DOCTYPE", 9) || memmem(text, length, "<!ENTITY", 8);
}

xmlDoc *libvirt_parse(const char *text, size_t length, struct report *report)
{
    if (length > VALUE_TEXT_MAX || has_doctype(text, length)) {
        report_add(report, NOTE_WRONG, 0, "",
                   "expected at most 1 MiB of XML without a document type declaration");
        return NULL;
    }
    xmlParserCtxt *context = need(xmlNewParserCtxt());
    xmlSetGenericErrorFunc(context, ignore_error);
    xmlDoc *document = xmlCtxtReadMemory(context, text, (int)length, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                             XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA);
    if (!document)
        note_error(report, xmlCtxtGetLastError(context));
    xmlFreeParserCtxt(context);
    xmlSetGenericErrorFunc(NULL, NULL);
    return document;
}

char *node_attribute(const xmlNode *node, const char *name)
{
    xmlChar *text = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
    char *copy = need(strdup(text ? (const char *)text : ""));
    xmlFree(text);
    return copy;
}

/* Without blanks around it. */
char *node_text(const xmlNode *node)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    const char *start = text ? (const char *)text : "";
    start += strspn(start, " \t\r\n");
    char *copy = need(strdup(start));
    for (size_t length = strlen(copy); length && strchr(" \t\r\n", copy[length - 1]);)
        copy[--length] = 0;
    xmlFree(text);
    return copy;
}

bool node_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name);
}

xmlNode *node_child(const xmlNode *node, const char *name)
{
    for (xmlNode *child = node ? node->children : NULL; child; child = child->next)
        if (node_is(child, name))
            return child;
    return NULL;
}

unsigned node_line(const xmlNode *node)
{
    long line = xmlGetLineNo(node);
    return line > 0 ? (unsigned)line : 0;
}

char *node_print(xmlNode *node)
{
    xmlBuffer *buffer = need(xmlBufferCreate());
    xmlNodeDump(buffer, node->doc, node, 0, 0);
    char *text = need(strdup((const char *)xmlBufferContent(buffer)));
    xmlBufferFree(buffer);
    return text;
}

static bool one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

bool node_has_only(const xmlNode *node, const char *const *attributes, const char *const *elements)
{
    for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        if (attribute->ns || !one_of((const char *)attribute->name, attributes))
            return false;
    for (const xmlNode *child = node->children; child; child = child->next)
        if (child->type == XML_ELEMENT_NODE &&
            (!one_of((const char *)child->name, elements) ||
             node_child(node, (const char *)child->name) != child))
            return false;
    return true;
}

char *xml_escape(const char *text)
{
    char *copy = need(malloc(6 * strlen(text) + 1)), *out = copy;
    for (; *text; text++) {
        const char *entity = *text == '<'    ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '&'  ? "&amp;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&apos;"
                                             : NULL;
        if (entity)
            out = stpcpy(out, entity);
        else
            *out++ = *text;
    }
    *out = 0;
    return copy;
}
