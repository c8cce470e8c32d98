/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <stdlib.h>
#include <string.h>

#include "hcall.h"

/* Domains asked for in one call, and the most there can be. */
#define LIST_STEP 64u
#define DOMID_END 0x7ff0u

enum pando_code domain_announce(const struct pando_config *config)
{
    return domain_state_save_uuid(config);
}

void domain_announce_end(const char *uuid)
{
    domain_state_remove_uuid(uuid);
}

/* Whether there is a saved configuration of it. */
static bool is_known(uint32_t domid)
{
    struct pando_error error;
    struct pando_config config;
    bool known = false;

    pando_error_save(&error);
    for (int kind = DOMAIN_STATE_LIVE; kind <= DOMAIN_STATE_STARTING && !known; kind++) {
        known = domain_state_load(kind, domid, &config) != PANDO_E_NOT_FOUND;
        pando_config_free(&config);
    }
    pando_error_restore(&error);
    return known;
}

/* Finds the domain that has the UUID and of which nothing else is known; 0: there is none. */
static enum pando_code find_unknown(pando_t *pando, const char *uuid, uint32_t *domid)
{
    struct xen_domctl_getdomaininfo list[LIST_STEP];
    xen_domain_handle_t handle;
    uint32_t next = 0;
    int n = 1;

    *domid = 0;
    uuid_to_handle(uuid, handle);
    while (!*domid && n > 0 && next < DOMID_END) {
        n = hcall_domain_list(pando->hcall, next, list, LIST_STEP);
        for (int i = 0; i < n && !*domid; i++) {
            if (!memcmp(list[i].handle, handle, sizeof(handle)) && !is_known(list[i].domain)) {
                *domid = list[i].domain;
            }
            next = list[i].domain + 1u;
        }
    }
    return n < 0 ? pando_fail_hcall("listing the domains", n) : PANDO_OK;
}

/* The guest's lock is ours: who has announced it is dead. */
static enum pando_code clear(pando_t *pando, const char *uuid, unsigned int *cleared)
{
    uint32_t domid;
    enum pando_code code = find_unknown(pando, uuid, &domid);

    if (!code && domid) {
        code = domain_destroy_locked(pando, domid);
        if (!code && cleared) {
            ++*cleared;
        }
    }
    if (!code) {
        domain_announce_end(uuid);
    }
    return code;
}

/* One of which the lock has to be taken first, if it is free. */
static enum pando_code try_clear(pando_t *pando, const char *uuid, const char *name,
                                 unsigned int *cleared)
{
    struct pando_config again;
    struct domain_lock lock;
    enum pando_code code = PANDO_OK;

    if (domain_try_lock(&lock, name)) {
        return PANDO_OK;
    }
    if (domain_state_load_uuid(uuid, &again) == PANDO_OK) {
        code = clear(pando, uuid, cleared);
    }
    pando_config_free(&again);
    domain_unlock(&lock);
    return code;
}

enum pando_code domain_announce_clear(pando_t *pando, const char *name, unsigned int *cleared)
{
    char(*uuids)[37];
    size_t count;
    enum pando_code code = domain_state_list_uuids(&uuids, &count);

    for (size_t i = 0; i < count && !code; i++) {
        struct pando_config config;

        if (domain_state_load_uuid(uuids[i], &config) == PANDO_OK) {
            if (!name) {
                code = try_clear(pando, uuids[i], config.name, cleared);
            } else if (!strcmp(config.name, name)) {
                code = clear(pando, uuids[i], cleared);
            }
        }
        pando_config_free(&config);
    }
    free(uuids);
    return code;
}
