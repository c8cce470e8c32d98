/* SPDX-License-Identifier: MIT */
/*
 * A guest's nodes in the store, as stock guest kernels and tools look for them:
 * /local/domain/DOMID, /vm/UUID, the console's back-end, and what libxl takes a guest's kind from.
 */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "build_layout.h"
#include "store_nodes.h"

#define PATH_ROOM 256

struct guest {
    uint32_t domid;
    const struct pando_config *config;
    const struct domain_ports *ports;
};

/* Nodes that the guest itself owns and writes. */
static const char *const guest_nodes[] = { "data",
                                           "drivers",
                                           "feature",
                                           "attr",
                                           "error",
                                           "control/shutdown",
                                           "control/feature-poweroff",
                                           "control/feature-reboot",
                                           "control/feature-suspend",
                                           "control/sysrq",
                                           "device/suspend/event-channel" };

/* Nodes that it may only read, with what is put into them later. */
static const char *const readable_nodes[] = { "", "cpu", "memory", "device", "control", "console" };

static void put_vm(struct store_nodes *n, const struct guest *guest)
{
    nodes_base(n, "/vm/%s", guest->config->uuid);
    nodes_make_shared(n, "", 0, guest->domid);
    nodes_put(n, "uuid", "%s", guest->config->uuid);
    nodes_put(n, "name", "%s", guest->config->name);
    nodes_put(n, "start_time", "%lld.00", (long long)time(NULL));
}

static void put_domain(struct store_nodes *n, const struct guest *guest)
{
    const struct store_perm owner = { 'n', guest->domid };
    const struct pando_config *config = guest->config;

    nodes_base(n, "/local/domain/%u", guest->domid);
    for (size_t i = 0; i < sizeof(readable_nodes) / sizeof(readable_nodes[0]); i++) {
        nodes_make_shared(n, readable_nodes[i], 0, guest->domid);
    }
    for (size_t i = 0; i < sizeof(guest_nodes) / sizeof(guest_nodes[0]); i++) {
        nodes_make(n, guest_nodes[i], &owner, 1);
    }
    nodes_put(n, "vm", "/vm/%s", config->uuid);
    nodes_put(n, "name", "%s", config->name);
    nodes_put(n, "domid", "%u", guest->domid);
    nodes_put(n, "control/platform-feature-multiprocessor-suspend", "1");
    nodes_put(n, "control/platform-feature-xs_reset_watches", "1");
    nodes_put(n, "memory/static-max", "%llu", (unsigned long long)config->maxmem_mib * 1024);
    nodes_put(n, "memory/target", "%llu", (unsigned long long)config->memory_mib * 1024);
    nodes_put(n, "memory/videoram", "0");
    for (uint32_t i = 0; i < config->maxvcpus; i++) {
        char name[32];

        snprintf(name, sizeof(name), "cpu/%u/availability", i);
        nodes_put(n, name, "%s", i < config->vcpus ? "online" : "offline");
    }
}

static void put_rings(struct store_nodes *n, const struct guest *guest)
{
    nodes_put(n, "store/ring-ref", "%llu", (unsigned long long)LAYOUT_STORE_GFN);
    nodes_put(n, "store/port", "%u", guest->ports->store);
    nodes_put(n, "console/backend", "/local/domain/0/backend/console/%u/0", guest->domid);
    nodes_put(n, "console/backend-id", "0");
    nodes_put(n, "console/limit", "1048576");
    nodes_put(n, "console/type", "xenconsoled");
    nodes_put(n, "console/output", "pty");
    /* consoled puts a path there that tools open: not a guest's to choose. */
    nodes_put(n, "console/tty", "%s", "");
    nodes_put(n, "console/port", "%u", guest->ports->console);
    nodes_put(n, "console/ring-ref", "%llu", (unsigned long long)LAYOUT_CONSOLE_GFN);

    nodes_base(n, "/local/domain/0/backend/console/%u/0", guest->domid);
    nodes_make_shared(n, "", 0, guest->domid);
    nodes_put(n, "frontend", "/local/domain/%u/console", guest->domid);
    nodes_put(n, "frontend-id", "%u", guest->domid);
    nodes_put(n, "online", "1");
    nodes_put(n, "state", "1");
    nodes_put(n, "protocol", "vt100");
}

/* Without it, libxl takes the guest for one with emulated devices: `xl console` waits for a serial
 * port that there is none of. */
static void put_kind(struct store_nodes *n, const struct guest *guest)
{
    nodes_base(n, "/libxl/%u", guest->domid);
    nodes_put(n, "type", "pvh");
}

static void put_all(struct store_nodes *n, void *arg)
{
    put_vm(n, arg);
    put_domain(n, arg);
    put_rings(n, arg);
    put_kind(n, arg);
}

enum pando_code domain_store_create(struct store *store, uint32_t domid,
                                    const struct pando_config *config,
                                    const struct domain_ports *ports)
{
    struct guest guest = { domid, config, ports };
    int err = nodes_transaction(store, put_all, &guest);

    if (!err) {
        err = store_introduce(store, domid, LAYOUT_STORE_GFN, ports->store);
    }
    return err ? pando_fail_store("writing the guest's nodes", err) : PANDO_OK;
}

void domain_store_remove(struct store *store, uint32_t domid, const char *uuid)
{
    char path[PATH_ROOM], vm[PATH_ROOM];

    snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
    if (store_read_buf(store, STORE_TX_NONE, path, vm, sizeof(vm))) {
        snprintf(vm, sizeof(vm), "/vm/%s", uuid ? uuid : "");
    }
    if (!strncmp(vm, "/vm/", 4) && strlen(vm) == 4 + 36) {
        store_rm(store, STORE_TX_NONE, vm);
    }
    snprintf(path, sizeof(path), "/local/domain/0/backend/console/%u", domid);
    store_rm(store, STORE_TX_NONE, path);
    snprintf(path, sizeof(path), "/libxl/%u", domid);
    store_rm(store, STORE_TX_NONE, path);
    snprintf(path, sizeof(path), "/local/domain/%u", domid);
    store_rm(store, STORE_TX_NONE, path);
    store_release(store, domid);
}

void domain_store_name(struct store *store, uint32_t domid, char name[PANDO_NAME_MAX])
{
    char path[PATH_ROOM];

    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
    if (store_read_buf(store, STORE_TX_NONE, path, name, PANDO_NAME_MAX)) {
        name[0] = '\0';
    }
}

enum pando_code domain_store_rename(struct store *store, uint32_t domid, const char *uuid,
                                    const char *name)
{
    char path[PATH_ROOM];
    int err;

    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
    err = store_write_str(store, STORE_TX_NONE, path, name);
    if (!err) {
        snprintf(path, sizeof(path), "/vm/%s/name", uuid);
        err = store_write_str(store, STORE_TX_NONE, path, name);
    }
    return err ? pando_fail_store("renaming the guest", err) : PANDO_OK;
}
