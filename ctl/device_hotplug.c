/* SPDX-License-Identifier: MIT */
/* Disks and networks of guests that run already. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "domain.h"
#include "plugin_host.h"

/* A guest whose devices are changed, with its lock held. */
struct change {
    pando_t *pando;
    struct store *store;
    uint32_t domid;
    struct pando_config config; /* the live one */
    struct domain_lock lock;
};

/*
 * A MAC address that nobody has chosen is made of the UUID and the place in the list, which is
 * about to change: from now on it is written down.
 */
static void keep_macs(struct pando_config *config)
{
    for (size_t i = 0; i < config->vif_count; i++) {
        if (!config->vifs[i].mac[0]) {
            device_mac(config->uuid, i, config->vifs[i].mac);
        }
    }
}

static enum pando_code begin(struct change *c)
{
    struct pando_domain info;
    enum pando_code code;

    pando_config_init(&c->config);
    code = domain_lock_id(c->pando, &c->lock, c->domid);
    if (!code) {
        code = pando_domain_info(c->pando, c->domid, &info);
    }
    if (!code && (info.state == PANDO_DOMAIN_SHUTDOWN || info.state == PANDO_DOMAIN_DYING)) {
        code = pando_fail(PANDO_E_STATE, NULL, "the guest has ended");
    }
    if (!code) {
        code = pando_store(c->pando, &c->store);
    }
    if (!code) {
        code = domain_state_load(DOMAIN_STATE_LIVE, c->domid, &c->config);
    }
    if (!code) {
        keep_macs(&c->config);
    }
    return code;
}

static void end(struct change *c)
{
    pando_config_free(&c->config);
    domain_unlock(&c->lock);
}

/* The first of the problems as the thread's error. */
static enum pando_code fail_problems(enum pando_code code, struct pando_problems *problems)
{
    if (problems->count) {
        pando_fail(code, problems->list[0].key, "%s", problems->list[0].text);
    } else {
        pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    pando_problems_free(problems);
    return pando_error_code(NULL);
}

/* Reads one element of a list; what else a configuration needs is made up. */
static enum pando_code parse_element(const char *list, const char *json, struct pando_config *one)
{
    struct pando_problems problems = { 0 };
    const char *overrides[] = { "name=x", "kernel=/x", "memory=8", NULL };
    char *element;
    enum pando_code code;

    if (asprintf(&element, "%s=[%s]", list, json) < 0) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    overrides[3] = element;
    code = pando_config_parse(one, "{}", 2, "command line", overrides, 4, PANDO_CONFIG_NO_FILES,
                              &problems);
    free(element);
    if (code) {
        return fail_problems(code, &problems);
    }
    if (one->disk_count + one->vif_count != 1) {
        pando_config_free(one);
        return pando_fail(PANDO_E_INVALID, list, "one device at a time is expected");
    }
    return PANDO_OK;
}

/* Whether the configuration is consistent with what was added to it. */
static enum pando_code check_whole(const struct pando_config *config)
{
    struct pando_problems problems = { 0 };
    struct pando_config copy;
    char *text = pando_config_print(config);
    enum pando_code code;

    if (!text) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    code = pando_config_parse(&copy, text, strlen(text), "the guest", NULL, 0,
                              PANDO_CONFIG_NO_FILES, &problems);
    free(text);
    pando_config_free(&copy);
    return code ? fail_problems(code, &problems) : PANDO_OK;
}

/* Writes the change down, and takes the device back if that can't be done. */
static enum pando_code save_added(struct change *c, struct device *device, enum pando_code code)
{
    struct pando_error error;

    if (!code) {
        code = domain_state_save(DOMAIN_STATE_LIVE, c->domid, &c->config);
    }
    if (code) {
        pando_error_save(&error);
        device_remove(device, 0);
        pando_error_restore(&error);
    }
    return code;
}

/* --- disks ----------------------------------------------------------------------------- */

static enum pando_code attach_disk(struct change *c, struct pando_config *one)
{
    struct pando_config *config = &c->config;
    size_t index = config->disk_count;
    struct pando_disk_config *bigger =
        reallocarray(config->disks, index + 1, sizeof(*config->disks));
    struct device device;
    uint32_t number = 0;
    enum pando_code code;

    if (!bigger) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    config->disks = bigger;
    config->disks[config->disk_count++] = one->disks[0];
    one->disk_count = 0;
    code = check_whole(config);
    if (!code) {
        code = device_disks_check(config, index);
    }
    if (code) {
        return code;
    }
    pando_vdev_number(config->disks[index].vdev, &number);
    device_init(&device, "vbd", c->domid, number);
    return save_added(c, &device, device_disk_add(c->store, c->domid, config, index));
}

static void forget_disk(struct pando_config *config, size_t index)
{
    free(config->disks[index].vdev);
    free(config->disks[index].target);
    config->disk_count--;
    memmove(&config->disks[index], &config->disks[index + 1],
            (config->disk_count - index) * sizeof(config->disks[0]));
}

static enum pando_code detach_disk(struct change *c, const char *which, unsigned int timeout_ms)
{
    struct pando_config *config = &c->config;
    struct device device;
    uint32_t number = 0;
    size_t index = 0;
    enum pando_code code;

    while (index < config->disk_count && strcmp(config->disks[index].vdev, which)) {
        index++;
    }
    if (index == config->disk_count || !pando_vdev_number(which, &number)) {
        return pando_fail(PANDO_E_NOT_FOUND, "disk", "the guest has no disk \"%s\"", which);
    }
    device_init(&device, "vbd", c->domid, number);
    snprintf(device.what, sizeof(device.what), "disk %.32s", which);
    code = device_remove(&device, timeout_ms);
    if (code && code != PANDO_E_DEVICE) {
        return code;
    }
    forget_disk(config, index);
    return domain_state_save(DOMAIN_STATE_LIVE, c->domid, config) ? pando_error_code(NULL) : code;
}

/* --- networks --------------------------------------------------------------------------- */

static bool mac_is_used(const struct pando_config *config, const char *mac)
{
    for (size_t i = 0; i < config->vif_count; i++) {
        if (!strcmp(config->vifs[i].mac, mac)) {
            return true;
        }
    }
    return false;
}

/* The lowest number that no network of the guest has. */
static enum pando_code free_id(struct change *c, uint32_t *id)
{
    uint32_t *ids;
    size_t count;
    enum pando_code code = device_list(c->store, "vif", c->domid, &ids, &count);
    bool used = true;

    for (*id = 0; !code && used; *id += used) {
        used = false;
        for (size_t i = 0; i < count; i++) {
            used |= ids[i] == *id;
        }
    }
    free(ids);
    return code;
}

static enum pando_code attach_net(struct change *c, struct pando_config *one)
{
    struct pando_config *config = &c->config;
    size_t index = config->vif_count;
    struct pando_vif_config *bigger, *vif = &one->vifs[0];
    struct device device;
    uint32_t id;
    enum pando_code code = free_id(c, &id);

    if (code) {
        return code;
    }
    if (!vif->mac[0]) {
        size_t i = id;

        do {
            device_mac(config->uuid, i++, vif->mac);
        } while (mac_is_used(config, vif->mac));
    }
    bigger = reallocarray(config->vifs, index + 1, sizeof(*config->vifs));
    if (!bigger) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    config->vifs = bigger;
    config->vifs[config->vif_count++] = *vif;
    one->vif_count = 0;
    code = check_whole(config);
    if (!code) {
        code = device_nets_check(config, index);
    }
    if (code) {
        return code;
    }
    device_init(&device, "vif", c->domid, id);
    return save_added(c, &device, device_net_add(c->store, c->domid, config, index, id));
}

static void forget_net(struct pando_config *config, const char *mac)
{
    for (size_t i = 0; i < config->vif_count; i++) {
        if (!strcasecmp(config->vifs[i].mac, mac)) {
            free(config->vifs[i].bridge);
            free(config->vifs[i].vifname);
            config->vif_count--;
            memmove(&config->vifs[i], &config->vifs[i + 1],
                    (config->vif_count - i) * sizeof(config->vifs[0]));
            return;
        }
    }
}

/* Finds the network that has this MAC address or number, and the address that it has. */
static enum pando_code find_net(struct change *c, const char *which, struct device *device,
                                char mac[18])
{
    uint32_t *ids;
    size_t count;
    bool found = false;
    enum pando_code code = device_list(c->store, "vif", c->domid, &ids, &count);

    for (size_t i = 0; i < count && !code && !found; i++) {
        char path[DEVICE_PATH_MAX + 8], number[16];

        device_init(device, "vif", c->domid, ids[i]);
        snprintf(device->what, sizeof(device->what), "network %u", ids[i]);
        snprintf(path, sizeof(path), "%s/mac", device->backend);
        snprintf(number, sizeof(number), "%u", ids[i]);
        if (store_read_buf(c->store, STORE_TX_NONE, path, mac, 18)) {
            mac[0] = '\0';
        }
        found = !strcmp(number, which) || !strcasecmp(mac, which);
    }
    free(ids);
    if (!code && !found) {
        code = pando_fail(PANDO_E_NOT_FOUND, "vif",
                          "the guest has no network with the number or MAC address \"%s\"", which);
    }
    return code;
}

static enum pando_code detach_net(struct change *c, const char *which, unsigned int timeout_ms)
{
    struct device device;
    char mac[18];
    enum pando_code code = find_net(c, which, &device, mac);

    if (!code) {
        code = device_remove(&device, timeout_ms);
    }
    if (code && code != PANDO_E_DEVICE) {
        return code;
    }
    forget_net(&c->config, mac);
    return domain_state_save(DOMAIN_STATE_LIVE, c->domid, &c->config) ? pando_error_code(NULL)
                                                                      : code;
}

/* --- both ------------------------------------------------------------------------------- */

static const char *kind_name(enum pando_device kind)
{
    return kind == PANDO_DISK ? "disk" : "vif";
}

static enum pando_code attach(pando_t *pando, uint32_t domid, enum pando_device kind,
                              const char *json)
{
    struct change change = { .pando = pando, .domid = domid, .lock = { .fd = -1 } };
    struct pando_config one;
    enum pando_code code = parse_element(kind_name(kind), json, &one);

    if (code) {
        return code;
    }
    code = begin(&change);
    if (!code) {
        code = kind == PANDO_DISK ? attach_disk(&change, &one) : attach_net(&change, &one);
    }
    end(&change);
    pando_config_free(&one);
    return code;
}

static enum pando_code detach(pando_t *pando, uint32_t domid, enum pando_device kind,
                              const char *which, unsigned int timeout_ms)
{
    struct change change = { .pando = pando, .domid = domid, .lock = { .fd = -1 } };
    enum pando_code code = begin(&change);

    if (!code) {
        code = kind == PANDO_DISK ? detach_disk(&change, which, timeout_ms)
                                  : detach_net(&change, which, timeout_ms);
    }
    end(&change);
    return code;
}

enum pando_code pando_device_attach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *json)
{
    struct plugin_step step = {
        .event = { .step = PANDO_STEP_ATTACH, .pando = pando, .domid = domid, .device = kind }
    };
    struct pando_config one;
    /* For the hooks: what is attached gets a copy of its own, which becomes the guest's. */
    enum pando_code code = parse_element(kind_name(kind), json, &one);

    if (code) {
        return code;
    }
    step.event.config = &one;
    code = plugin_step_begin(&step);
    if (!code) {
        code = plugin_step_end(&step, attach(pando, domid, kind, json));
    }
    pando_config_free(&one);
    return code;
}

enum pando_code pando_device_detach(pando_t *pando, uint32_t domid, enum pando_device kind,
                                    const char *which, unsigned int timeout_ms)
{
    struct plugin_step step = { .event = { .step = PANDO_STEP_DETACH,
                                           .pando = pando,
                                           .domid = domid,
                                           .device = kind,
                                           .which = which } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, detach(pando, domid, kind, which, timeout_ms));
}
