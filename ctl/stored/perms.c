/* SPDX-License-Identifier: MIT */
#include "perms.h"

#include <stdlib.h>
#include <string.h>

/* Indexed by ACCESS_READ | ACCESS_WRITE. */
static const char access_letter[] = "nrwb";

struct perms *perms_new(const struct perm *entry, uint32_t count)
{
    struct perms *perms = xmalloc(sizeof(*perms) + count * sizeof(*entry));

    perms->refs = 1;
    perms->count = count;
    memcpy(perms->entry, entry, count * sizeof(*entry));
    return perms;
}

struct perms *perms_ref(struct perms *perms)
{
    perms->refs++;
    return perms;
}

void perms_unref(struct perms *perms)
{
    if (perms && --perms->refs == 0) {
        free(perms);
    }
}

struct perms *perms_with_owner(const struct perms *perms, uint16_t owner)
{
    struct perms *copy = perms_new(perms->entry, perms->count);

    copy->entry[0].domid = owner;
    return copy;
}

struct perms *perms_without(const struct perms *perms, uint16_t domid)
{
    struct perms *copy = perms_new(perms->entry, perms->count);
    uint32_t kept = 1;

    if (copy->entry[0].domid == domid) {
        copy->entry[0].domid = DOM0;
    }
    for (uint32_t i = 1; i < perms->count; i++) {
        if (perms->entry[i].domid != domid) {
            copy->entry[kept++] = perms->entry[i];
        }
    }
    copy->count = kept;
    return copy;
}

bool perms_mention(const struct perms *perms, uint16_t domid)
{
    for (uint32_t i = 0; i < perms->count; i++) {
        if (perms->entry[i].domid == domid) {
            return true;
        }
    }
    return false;
}

static unsigned int domain_access(const struct perms *perms, uint16_t domid)
{
    if (domid == DOM0 || perms_owner(perms) == domid) {
        return ACCESS_READ | ACCESS_WRITE | ACCESS_OWNER;
    }
    for (uint32_t i = 1; i < perms->count; i++) {
        if (perms->entry[i].domid == domid) {
            return perms->entry[i].access;
        }
    }
    return perms->entry[0].access;
}

bool perms_allow(const struct perms *perms, const struct actor *actor, unsigned int access)
{
    unsigned int allowed = domain_access(perms, actor->domid);

    if (actor->target >= 0) {
        allowed |= domain_access(perms, (uint16_t)actor->target);
    }
    return (allowed & access) == access;
}

/* One "r5"; false if it is something else. */
static bool perm_parse(const char *text, struct perm *perm)
{
    const char *letter = text[0] ? strchr(access_letter, text[0]) : NULL;
    unsigned long domid;
    char *end;

    if (!letter || text[1] < '0' || text[1] > '9') {
        return false;
    }
    domid = strtoul(text + 1, &end, 10);
    if (*end || domid > UINT16_MAX) {
        return false;
    }
    perm->access = (uint8_t)(letter - access_letter);
    perm->domid = (uint16_t)domid;
    return true;
}

struct perms *perms_parse(const char *text, size_t length)
{
    struct perms *perms = NULL;
    struct perm *entry = NULL;
    uint32_t count = 0, room = 0;
    size_t at = 0;

    if (!length || text[length - 1]) {
        return NULL;
    }
    while (at < length) {
        entry = xgrow(entry, &room, count + 1, sizeof(*entry));
        if (!perm_parse(text + at, &entry[count++])) {
            goto out;
        }
        at += strlen(text + at) + 1;
    }
    perms = perms_new(entry, count);
out:
    free(entry);
    return perms;
}

void perms_format(const struct perms *perms, struct buffer *out)
{
    for (uint32_t i = 0; i < perms->count; i++) {
        buffer_printf(out, "%c%u", access_letter[perms->entry[i].access & 3],
                      perms->entry[i].domid);
        buffer_add(out, "", 1);
    }
}
