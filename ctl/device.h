/* SPDX-License-Identifier: MIT */
/*
 * Paravirtual devices of a guest: the handshake by the store that xenbus is (<xen/io/xenbus.h>),
 * with back-ends in dom0's kernel.
 */
#ifndef PANDO_DEVICE_H
#define PANDO_DEVICE_H

#include "config.h"
#include "handle.h"
#include "store.h"
#include "store_nodes.h"

/* How long a back-end in dom0's kernel may take; it only hangs if its module is missing. */
#define DEVICE_LIMIT_MS 20000

#define DEVICE_PATH_MAX 128

struct device {
    const char *kind; /* "vbd", "vif" */
    uint32_t domid;
    uint32_t id;
    char frontend[DEVICE_PATH_MAX], backend[DEVICE_PATH_MAX];
    char key[48];  /* for errors: "disk[0]" */
    char what[96]; /* "disk xvda" */
};

void device_init(struct device *device, const char *kind, uint32_t domid, uint32_t id);

/* Makes the nodes that all kinds have on both sides; the base is then the front-end's. */
void device_put_frontend(struct store_nodes *nodes, const struct device *device);
/* The base is then the back-end's. */
void device_put_backend(struct store_nodes *nodes, const struct device *device);

/*
 * Waits until the back-end has reached @state (XenbusStateInitWait, ...) or a later one. @module is
 * the kernel module that makes it.
 */
enum pando_code device_wait_backend(const struct device *device, unsigned int state,
                                    const char *module);

/* Fails with what the kernel's back-end has written about its error, or else with @reason. */
enum pando_code device_fail(struct store *store, const struct device *device, const char *reason);

/* Looks, before anything is made, whether disks and networks from the @first on can be had. */
enum pando_code device_disks_check(const struct pando_config *config, size_t first);
enum pando_code device_nets_check(const struct pando_config *config, size_t first);

/*
 * Adds one disk or network to a guest, which need not run yet. A disk has its vdev's number, a
 * network @id, and its MAC address is in @config.
 */
enum pando_code device_disk_add(struct store *store, uint32_t domid,
                                const struct pando_config *config, size_t index);
enum pando_code device_net_add(struct store *store, uint32_t domid,
                               const struct pando_config *config, size_t index, uint32_t id);

/*
 * Removes all devices of a guest, in the reverse order: back-ends are asked to close, awaited, and
 * their nodes removed, also if they do not close in time. The guest need not exist any more.
 */
enum pando_code devices_remove(struct store *store, uint32_t domid);

/*
 * Removes one device. With @timeout_ms its guest is asked, and has so long to let go of it:
 * PANDO_E_TIMEOUT if it does not, and then it keeps the device. With 0 it is not asked.
 */
enum pando_code device_remove(struct device *device, unsigned int timeout_ms);

/* The numbers of a guest's devices of one kind; *ids is to be freed. */
enum pando_code device_list(struct store *store, const char *kind, uint32_t domid, uint32_t **ids,
                            size_t *count);

/* The MAC address of network @index of the guest with this UUID: always the same. */
void device_mac(const char *uuid, size_t index, char mac[18]);

#endif
