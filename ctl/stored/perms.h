/* SPDX-License-Identifier: MIT */
/*
 * Permissions of a node. The first entry names the owner, who may do everything, and what domains
 * that have no entry may do; each further entry names a domain and what it may do. dom0 may do
 * everything everywhere.
 */
#ifndef STORED_PERMS_H
#define STORED_PERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

#define DOM0 0
/* Domain ids are below this (DOMID_FIRST_RESERVED of the interface). */
#define DOMID_COUNT  0x7ff0

#define ACCESS_READ  1u
#define ACCESS_WRITE 2u
#define ACCESS_OWNER 4u

struct perm {
    uint8_t access; /* ACCESS_READ, ACCESS_WRITE or both or 0 */
    uint16_t domid;
};

/* Never changed once made; shared by all that have the same. */
struct perms {
    uint32_t refs;
    uint32_t count; /* at least 1 */
    struct perm entry[];
};

/* Who asks: a domain, and the one that it acts for (XS_SET_TARGET), or -1. */
struct actor {
    uint16_t domid;
    int32_t target;
};

static inline bool actor_is_privileged(const struct actor *actor)
{
    return actor->domid == DOM0;
}

struct perms *perms_new(const struct perm *entry, uint32_t count);
struct perms *perms_ref(struct perms *perms);
void perms_unref(struct perms *perms);

/* The same permissions with another owner. */
struct perms *perms_with_owner(const struct perms *perms, uint16_t owner);

/* The same permissions without entries for a domain that has gone; what it owned is dom0's. */
struct perms *perms_without(const struct perms *perms, uint16_t domid);

bool perms_mention(const struct perms *perms, uint16_t domid);

static inline uint16_t perms_owner(const struct perms *perms)
{
    return perms->entry[0].domid;
}

/* Whether @actor has all of @access (ACCESS_* bits). */
bool perms_allow(const struct perms *perms, const struct actor *actor, unsigned int access);

/* Parses "n0\0r5\0..." of @length bytes, each string with its NUL; NULL if it is malformed. */
struct perms *perms_parse(const char *text, size_t length);

/* Appends the same form. */
void perms_format(const struct perms *perms, struct buffer *out);

#endif
