/* SPDX-License-Identifier: MIT */
/*
 * Paths of the store. Inside the daemon a path is absolute, without a slash at its end except for
 * the root, and at most PATH_SIZE - 1 bytes long.
 */
#ifndef STORED_PATH_H
#define STORED_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h> /* before xs_wire.h, which then has its table of error names */
#include <xen/io/xs_wire.h>

#define PATH_SIZE (XENSTORE_ABS_PATH_MAX + 1)

/* "/local/domain/65535/" and its NUL. */
#define DOMAIN_PREFIX_SIZE 24

/* Paths that are no nodes: only watched, and given permissions. */
#define PATH_INTRODUCE "@introduceDomain"
#define PATH_RELEASE   "@releaseDomain"

/*
 * Resolves what domain @domid has sent: checks characters, slashes and length, and puts the
 * domain's prefix before a relative path. *relative (may be NULL) tells that it was one. Returns 0
 * or EINVAL.
 */
int path_resolve(char resolved[PATH_SIZE], const char *sent, uint16_t domid, bool *relative);

/* "/local/domain/N"; its length. */
size_t path_of_domain(char path[DOMAIN_PREFIX_SIZE], unsigned int domid);

/* Whether @path is @ancestor or something below it. */
bool path_is_at_or_below(const char *path, const char *ancestor);

/* Length of the parent's path: 1 (the root) for "/a", 2 for "/a/b", 0 for the root itself. */
size_t path_parent_length(const char *path);

#endif
