/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <stdio.h>
#include <string.h>

static bool is_path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '/' || c == '_' || c == '@';
}

/* Characters, no doubled slash, no slash at the end. */
static bool is_wellformed(const char *path)
{
    size_t i;

    for (i = 0; path[i]; i++) {
        if (!is_path_char(path[i]) || (path[i] == '/' && path[i + 1] == '/')) {
            return false;
        }
    }
    return i > 0 && (i == 1 || path[i - 1] != '/');
}

size_t path_of_domain(char path[DOMAIN_PREFIX_SIZE], unsigned int domid)
{
    return (size_t)snprintf(path, DOMAIN_PREFIX_SIZE, "/local/domain/%u", domid & 0xffff);
}

int path_resolve(char resolved[PATH_SIZE], const char *sent, uint16_t domid, bool *relative)
{
    size_t length = strnlen(sent, PATH_SIZE);
    bool is_relative = sent[0] != '/' && sent[0] != '@';
    size_t prefix = 0;

    if (length > (is_relative ? XENSTORE_REL_PATH_MAX : XENSTORE_ABS_PATH_MAX) ||
        !is_wellformed(sent)) {
        return EINVAL;
    }
    if (is_relative) {
        prefix = path_of_domain(resolved, domid);
        resolved[prefix++] = '/';
    }
    memcpy(resolved + prefix, sent, length + 1);
    if (relative) {
        *relative = is_relative;
    }
    return 0;
}

bool path_is_at_or_below(const char *path, const char *ancestor)
{
    size_t length = strlen(ancestor);

    if (!strcmp(ancestor, "/")) {
        return path[0] == '/';
    }
    return !strncmp(path, ancestor, length) && (path[length] == '\0' || path[length] == '/');
}

size_t path_parent_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash || !path[1]) {
        return 0;
    }
    return slash == path ? 1 : (size_t)(slash - path);
}
