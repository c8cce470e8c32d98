/* SPDX-License-Identifier: MIT */
/* Networks: the network back-end of dom0's kernel on a bridge (<xen/io/netif.h>). */
#include "device.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "device_link.h"
#include "domain.h"

#include <xen/io/xenbus.h>

struct net {
    struct device device;
    const struct pando_vif_config *config;
    char mac[18];
};

enum pando_code device_nets_check(const struct pando_config *config, size_t first)
{
    for (size_t i = first; i < config->vif_count; i++) {
        const struct pando_vif_config *vif = &config->vifs[i];
        char key[48];

        snprintf(key, sizeof(key), "vif[%zu].bridge", i);
        if (!link_exists(vif->bridge)) {
            return pando_fail(PANDO_E_NOT_FOUND, key,
                              "dom0 has no bridge \"%s\"; make it, or name another one",
                              vif->bridge);
        }
        if (!link_is_bridge(vif->bridge)) {
            return pando_fail(PANDO_E_INVALID, key, "\"%s\" is a network interface but no bridge",
                              vif->bridge);
        }
        snprintf(key, sizeof(key), "vif[%zu].vifname", i);
        if (vif->vifname && strlen(vif->vifname) >= IFNAMSIZ) {
            return pando_fail(PANDO_E_INVALID, key, "\"%s\" is longer than %d characters",
                              vif->vifname, IFNAMSIZ - 1);
        }
        if (vif->vifname && link_exists(vif->vifname)) {
            return pando_fail(PANDO_E_EXISTS, key, "dom0 has an interface \"%s\" already",
                              vif->vifname);
        }
    }
    return PANDO_OK;
}

static void put_net(struct store_nodes *n, void *arg)
{
    const struct net *net = arg;

    device_put_frontend(n, &net->device);
    nodes_put(n, "handle", "%u", net->device.id);
    nodes_put(n, "mac", "%s", net->mac);

    device_put_backend(n, &net->device);
    nodes_put(n, "handle", "%u", net->device.id);
    nodes_put(n, "mac", "%s", net->mac);
    nodes_put(n, "bridge", "%s", net->config->bridge);
    nodes_put(n, "type", "vif");
    /* Linux's back-end refuses to start without this node. There is no script. */
    nodes_put(n, "script", "%s", "");
}

/* The interface appears a moment after the back-end. */
static enum pando_code wait_interface(struct store *store, const struct device *device,
                                      const char *name)
{
    const struct timespec pause = { .tv_nsec = 5000000 };
    int64_t deadline = clock_ms() + DEVICE_LIMIT_MS;

    while (!link_exists(name)) {
        if (clock_ms() > deadline) {
            return device_fail(store, device, "dom0's kernel does not make its interface");
        }
        nanosleep(&pause, NULL);
    }
    return PANDO_OK;
}

static enum pando_code connect_interface(const struct net *net, const char *made)
{
    const char *bridge = net->config->bridge, *name = net->config->vifname;
    const char *step = "renaming it";
    int err = 0;

    if (name) {
        err = link_rename(made, name);
    } else {
        name = made;
    }
    if (!err) {
        step = "setting its MTU";
        err = link_copy_mtu(bridge, name);
    }
    if (!err) {
        step = "adding it to the bridge";
        err = link_bridge_add(bridge, name);
    }
    if (!err) {
        step = "switching scatter-gather off on the bridge's ports";
        err = link_bridge_linearize(bridge);
    }
    if (!err) {
        step = "bringing it up";
        err = link_up(name);
    }
    return err ? pando_fail(PANDO_E_DEVICE, net->device.key, "%s (%s on %s): %s: %s",
                            net->device.what, name, bridge, step, strerror(-err))
               : PANDO_OK;
}

enum pando_code device_net_add(struct store *store, uint32_t domid,
                               const struct pando_config *config, size_t index, uint32_t id)
{
    struct net net = { .config = &config->vifs[index] };
    char made[IFNAMSIZ], path[DEVICE_PATH_MAX + 16];
    enum pando_code code;
    int err;

    device_init(&net.device, "vif", domid, id);
    snprintf(net.device.key, sizeof(net.device.key), "vif[%zu]", index);
    snprintf(net.device.what, sizeof(net.device.what), "network %u", id);
    snprintf(made, sizeof(made), "vif%u.%u", domid, id);
    memcpy(net.mac, net.config->mac, sizeof(net.mac));
    err = nodes_transaction(store, put_net, &net);
    code = err ? pando_fail_store(net.device.what, err) : PANDO_OK;
    if (!code) {
        code = device_wait_backend(&net.device, XenbusStateInitWait, "xen-netback");
    }
    if (!code) {
        code = wait_interface(store, &net.device, made);
    }
    if (!code) {
        code = connect_interface(&net, made);
    }
    if (!code) {
        snprintf(path, sizeof(path), "%s/hotplug-status", net.device.backend);
        err = store_write_str(store, STORE_TX_NONE, path, "connected");
        code = err ? pando_fail_store(net.device.what, err) : PANDO_OK;
    }
    return code;
}
