/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <string.h>

#include <uuid/uuid.h>

_Static_assert(sizeof(uuid_t) == sizeof(xen_domain_handle_t), "a handle is a UUID");

void uuid_to_handle(const char *text, xen_domain_handle_t handle)
{
    uuid_t uuid;

    if (uuid_parse(text, uuid) < 0) {
        uuid_clear(uuid);
    }
    memcpy(handle, uuid, sizeof(uuid));
}

void uuid_from_handle(const xen_domain_handle_t handle, char text[37])
{
    uuid_t uuid;

    memcpy(uuid, handle, sizeof(uuid));
    uuid_unparse_lower(uuid, text);
}

void uuid_generate_text(char text[37])
{
    uuid_t uuid;

    uuid_generate(uuid);
    uuid_unparse_lower(uuid, text);
}
