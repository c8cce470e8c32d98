/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "plugin_host.h"

#define SUFFIX_MAX 10000

static enum pando_code name_is_taken(pando_t *pando, const char *name, uint32_t but, bool *taken)
{
    struct pando_domain *list;
    size_t count;
    enum pando_code code = pando_domain_list(pando, &list, &count);

    *taken = false;
    if (code) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].id != but && !strcmp(list[i].name, name)) {
            *taken = true;
        }
    }
    free(list);
    return PANDO_OK;
}

/*
 * Writes the new name to the saved configuration, if there is one. With a new UUID, too, the guest
 * has been set aside: whatever happens, it is not to be restarted once more.
 */
static enum pando_code update_state(uint32_t domid, const char *name, const char *uuid)
{
    struct pando_config config;
    enum pando_code code = domain_state_load(DOMAIN_STATE_LIVE, domid, &config);
    char *copy;

    if (code == PANDO_E_NOT_FOUND) {
        return PANDO_OK;
    }
    if (code) {
        return code;
    }
    copy = strdup(name);
    if (!copy) {
        pando_config_free(&config);
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    free(config.name);
    config.name = copy;
    if (uuid) {
        memcpy(config.uuid, uuid, sizeof(config.uuid));
        config.on_poweroff = config.on_reboot = config.on_crash = PANDO_ACTION_PRESERVE;
    }
    code = domain_state_save(DOMAIN_STATE_LIVE, domid, &config);
    pando_config_free(&config);
    return code;
}

enum pando_code domain_rename_locked(pando_t *pando, uint32_t domid, const char *name)
{
    struct pando_domain info;
    struct domain_lock lock;
    struct store *store;
    enum pando_code code;
    bool taken;

    /*
     * The new name's lock comes second whatever its order: of two crossing renames one then waits
     * in vain and fails as busy, which is what crossing renames deserve.
     */
    code = domain_lock(&lock, name);
    if (code) {
        return code;
    }
    code = name_is_taken(pando, name, domid, &taken);
    if (!code && taken) {
        code = pando_fail(PANDO_E_EXISTS, "name", "another guest has the name \"%s\"", name);
    }
    if (!code) {
        code = pando_domain_info(pando, domid, &info);
    }
    if (!code) {
        code = pando_store(pando, &store);
    }
    if (!code) {
        code = domain_store_rename(store, domid, info.uuid, name);
    }
    if (!code) {
        code = update_state(domid, name, NULL);
    }
    domain_unlock(&lock);
    return code;
}

static enum pando_code rename_domain(pando_t *pando, uint32_t domid, const char *name)
{
    struct domain_lock lock;
    enum pando_code code;

    if (!pando_name_valid(name)) {
        return pando_fail(PANDO_E_INVALID, "name",
                          "\"%s\" is not a valid name: 1 to 63 of A-Z a-z 0-9 . _ + -, not only "
                          "digits",
                          name);
    }
    code = domain_lock_id(pando, &lock, domid);
    if (code) {
        return code;
    }
    if (strcmp(lock.name, name) != 0) {
        code = domain_rename_locked(pando, domid, name);
    }
    domain_unlock(&lock);
    return code;
}

enum pando_code pando_domain_rename(pando_t *pando, uint32_t domid, const char *name)
{
    struct plugin_step step = {
        .event = { .step = PANDO_STEP_RENAME, .pando = pando, .domid = domid, .new_name = name }
    };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, rename_domain(pando, domid, name));
}

/* Gives the domain another UUID, in the hypervisor and in the store. */
static enum pando_code change_uuid(pando_t *pando, uint32_t domid, const char *name,
                                   const char *uuid)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_setdomainhandle, .domain = (domid_t)domid };
    char path[96], old[64];
    struct store *store;
    enum pando_code code = pando_store(pando, &store);
    int err;

    if (code) {
        return code;
    }
    uuid_to_handle(uuid, op.u.setdomainhandle.handle);
    err = hcall_domctl(pando->hcall, &op);
    if (err) {
        return pando_fail_hcall("changing the guest's UUID", err);
    }
    snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
    if (store_read_buf(store, STORE_TX_NONE, path, old, sizeof(old)) == 0) {
        store_rm(store, STORE_TX_NONE, old);
    }
    err = store_write_fmt(store, STORE_TX_NONE, path, "/vm/%s", uuid);
    if (!err) {
        snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
        err = store_write_str(store, STORE_TX_NONE, path, uuid);
    }
    if (!err) {
        snprintf(path, sizeof(path), "/vm/%s/name", uuid);
        err = store_write_str(store, STORE_TX_NONE, path, name);
    }
    return err ? pando_fail_store("changing the guest's UUID", err) : PANDO_OK;
}

enum pando_code domain_set_aside(pando_t *pando, uint32_t domid, const char *name)
{
    char free_name[PANDO_NAME_MAX], uuid[37];
    struct store *store;
    enum pando_code code = PANDO_OK;
    bool taken = true;

    for (unsigned int i = 1; taken && i < SUFFIX_MAX && !code; i++) {
        snprintf(free_name, sizeof(free_name), "%.50s-%u", name, i);
        code = name_is_taken(pando, free_name, domid, &taken);
    }
    if (!code) {
        code = domain_rename_locked(pando, domid, free_name);
    }
    if (!code) {
        uuid_generate_text(uuid);
        code = change_uuid(pando, domid, free_name, uuid);
    }
    if (!code) {
        code = update_state(domid, free_name, uuid);
    }
    if (!code) {
        code = pando_store(pando, &store);
    }
    /* Its memory is what it is kept for; its disks and interfaces are for the next one. */
    return code ? code : devices_remove(store, domid);
}
