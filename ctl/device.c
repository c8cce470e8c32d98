/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "domain.h"

#include <xen/io/xenbus.h>

#define BACKENDS "/local/domain/0/backend"

/* In the order in which they are removed: the reverse of that in which they are added. */
static const char *const kinds[] = { "vif", "vbd" };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

void device_init(struct device *device, const char *kind, uint32_t domid, uint32_t id)
{
    memset(device, 0, sizeof(*device));
    device->kind = kind;
    device->domid = domid;
    device->id = id;
    snprintf(device->frontend, sizeof(device->frontend), "/local/domain/%u/device/%s/%u", domid,
             kind, id);
    snprintf(device->backend, sizeof(device->backend), BACKENDS "/%s/%u/%u", kind, domid, id);
    snprintf(device->what, sizeof(device->what), "%s %u", kind, id);
}

void device_put_frontend(struct store_nodes *n, const struct device *device)
{
    nodes_base(n, "%s", device->frontend);
    nodes_make_shared(n, "", device->domid, 0);
    nodes_put(n, "backend", "%s", device->backend);
    nodes_put(n, "backend-id", "0");
    nodes_put(n, "state", "%d", XenbusStateInitialising);
}

void device_put_backend(struct store_nodes *n, const struct device *device)
{
    nodes_base(n, "%s", device->backend);
    nodes_make_shared(n, "", 0, device->domid);
    nodes_put(n, "frontend", "%s", device->frontend);
    nodes_put(n, "frontend-id", "%u", device->domid);
    nodes_put(n, "online", "1");
    nodes_put(n, "state", "%d", XenbusStateInitialising);
}

static void error_path(const struct device *device, char path[DEVICE_PATH_MAX + 32])
{
    snprintf(path, DEVICE_PATH_MAX + 32, "/local/domain/0/error/%s/error",
             device->backend + strlen("/local/domain/0/"));
}

enum pando_code device_fail(struct store *store, const struct device *device, const char *reason)
{
    char path[DEVICE_PATH_MAX + 32], text[256];

    error_path(device, path);
    if (store_read_buf(store, STORE_TX_NONE, path, text, sizeof(text)) == 0 && text[0]) {
        return pando_fail(PANDO_E_DEVICE, device->key,
                          "%s: dom0's kernel cannot serve it: %s (see its log by dmesg)",
                          device->what, text);
    }
    return pando_fail(PANDO_E_DEVICE, device->key, "%s: %s", device->what, reason);
}

/* What is left until then, not below 0, which would mean for ever. */
static int left_ms(int64_t deadline)
{
    int64_t left = deadline - clock_ms();

    return left > 0 ? (int)left : 0;
}

/* Reads a device's state; XenbusStateUnknown if it has none. */
static unsigned int read_state(struct store *store, const char *base)
{
    char path[DEVICE_PATH_MAX + 8];
    uint64_t state;

    snprintf(path, sizeof(path), "%s/state", base);
    if (store_read_u64(store, STORE_TX_NONE, path, &state) || state > XenbusStateReconfigured) {
        return XenbusStateUnknown;
    }
    return (unsigned int)state;
}

enum pando_code device_wait_backend(const struct device *device, unsigned int state,
                                    const char *module)
{
    int64_t deadline = clock_ms() + DEVICE_LIMIT_MS;
    char path[DEVICE_PATH_MAX + 8], reason[256];
    struct store *store; /* one of our own, whose events are nobody else's */
    enum pando_code code = PANDO_OK;
    int err = store_open(&store, NULL);

    if (err) {
        return pando_fail_store("connecting the store", err);
    }
    snprintf(path, sizeof(path), "%s/state", device->backend);
    err = store_watch(store, path, "state");
    while (!err) {
        struct store_event event;
        unsigned int now = read_state(store, device->backend);

        if (now >= state && now < XenbusStateClosing) {
            break;
        }
        if (now >= XenbusStateClosing) {
            code = device_fail(store, device, "the back-end in dom0's kernel has closed");
            break;
        }
        err = store_watch_next(store, left_ms(deadline), &event);
        if (!err) {
            store_event_free(&event);
        }
    }
    if (err == -ETIMEDOUT) {
        snprintf(reason, sizeof(reason),
                 "no back-end in dom0 takes it: is the kernel module %s loaded (modprobe %s)?",
                 module, module);
        code = device_fail(store, device, reason);
    } else if (err) {
        code = pando_fail_store(device->what, err);
    }
    store_close(store);
    return code;
}

/* Asks the back-end to close, and the front-end with it. */
static void put_closing(struct store_nodes *n, void *arg)
{
    const struct device *device = arg;
    char path[DEVICE_PATH_MAX + 8], state[16];

    nodes_base(n, "%s", device->backend);
    snprintf(path, sizeof(path), "%s/state", device->backend);
    n->err = store_read_buf(n->store, n->tx, path, state, sizeof(state));
    if (!n->err && atoi(state) != XenbusStateClosed) {
        nodes_put(n, "online", "0");
        nodes_put(n, "state", "%d", XenbusStateClosing);
    }
    if (n->err == -ENOENT) {
        n->err = 0;
    }
}

/*
 * The same, but the guest has no say in it: the front-end's nodes become dom0's, and say that it
 * has closed. A back-end that is just about to connect writes Connected over our Closing, and from
 * a front-end without nodes it would only go away: that it has closed it says to one that has.
 */
static void put_cut_off(struct store_nodes *n, void *arg)
{
    const struct device *device = arg;

    put_closing(n, arg);
    nodes_base(n, "%s", device->frontend);
    nodes_remove(n, "");
    nodes_make_shared(n, "", 0, device->domid);
    nodes_put(n, "state", "%d", XenbusStateClosed);
}

static bool is_closed(struct store *store, const struct device *device)
{
    unsigned int state = read_state(store, device->backend);

    return state == XenbusStateClosed || state == XenbusStateUnknown;
}

/*
 * A back-end in the kernel says that it has closed just before it lets go of the disk's file, or of
 * the interface's name, which somebody may want at once.
 */
static void wait_released(const struct device *device, int64_t deadline)
{
    const struct timespec pause = { .tv_nsec = 2000000 };
    char path[DEVICE_PATH_MAX];

    snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/%s-%u-%u", device->kind,
             device->domid, device->id);
    while (access(path, F_OK) == 0 && clock_ms() < deadline) {
        nanosleep(&pause, NULL);
    }
}

static void put_removed(struct store_nodes *n, void *arg)
{
    const struct device *device = arg;
    char path[DEVICE_PATH_MAX + 32];

    nodes_base(n, "%s", device->frontend);
    nodes_remove(n, "");
    nodes_base(n, "%s", device->backend);
    nodes_remove(n, "");
    error_path(device, path);
    *strrchr(path, '/') = '\0';
    nodes_base(n, "%s", path);
    nodes_remove(n, "");
}

/*
 * Closes the @count devices, all at the same time. One that is late is removed all the same, unless
 * @close is put_closing.
 */
static int close_devices(struct device *devices, size_t count, nodes_fn *close, int limit_ms)
{
    int64_t deadline = clock_ms() + limit_ms;
    struct store *store;
    int err = store_open(&store, NULL), result = 0;

    if (err) {
        return err;
    }
    for (size_t i = 0; i < count && !err; i++) {
        char path[DEVICE_PATH_MAX + 8];

        snprintf(path, sizeof(path), "%s/state", devices[i].backend);
        err = store_watch(store, path, "state");
        if (!err) {
            err = nodes_transaction(store, close, &devices[i]);
        }
    }
    for (size_t i = 0; i < count && !err; i++) {
        while (!err && !is_closed(store, &devices[i])) {
            struct store_event event;

            err = store_watch_next(store, left_ms(deadline), &event);
            if (!err) {
                store_event_free(&event);
            }
        }
        if (err == -ETIMEDOUT && close != put_closing) {
            result = err;
            err = 0;
        }
        if (!err) {
            wait_released(&devices[i], deadline);
        }
    }
    for (size_t i = 0; i < count && !err; i++) {
        err = nodes_transaction(store, put_removed, &devices[i]);
    }
    store_close(store);
    return err ? err : result;
}

/* Adds to the list the devices of one kind that the folder @path knows. */
static int find_devices(struct store *store, const char *kind, uint32_t domid, struct device **list,
                        size_t *count)
{
    char path[DEVICE_PATH_MAX], **names;
    size_t n;
    int err;

    snprintf(path, sizeof(path), BACKENDS "/%s/%u", kind, domid);
    err = store_directory(store, STORE_TX_NONE, path, &names, &n);
    if (err) {
        return err == -ENOENT ? 0 : err;
    }
    for (size_t i = n; i-- > 0 && !err;) {
        struct device *bigger;
        uint32_t id;

        if (sscanf(names[i], "%" SCNu32, &id) != 1) {
            continue;
        }
        bigger = reallocarray(*list, *count + 1, sizeof(**list));
        if (!bigger) {
            err = -ENOMEM;
            break;
        }
        *list = bigger;
        device_init(&bigger[(*count)++], kind, domid, id);
    }
    free(names);
    return err;
}

enum pando_code device_list(struct store *store, const char *kind, uint32_t domid, uint32_t **ids,
                            size_t *count)
{
    struct device *list = NULL;
    int err;

    *ids = NULL;
    *count = 0;
    err = find_devices(store, kind, domid, &list, count);
    if (!err && *count) {
        *ids = calloc(*count, sizeof(**ids));
        err = *ids ? 0 : -ENOMEM;
    }
    for (size_t i = 0; i < *count && !err; i++) {
        (*ids)[i] = list[i].id;
    }
    free(list);
    return err ? pando_fail_store("listing the guest's devices", err) : PANDO_OK;
}

enum pando_code device_remove(struct device *device, unsigned int timeout_ms)
{
    int err = timeout_ms ? close_devices(device, 1, put_closing, (int)timeout_ms)
                         : close_devices(device, 1, put_cut_off, DEVICE_LIMIT_MS);

    if (err == -ETIMEDOUT && timeout_ms) {
        return pando_fail(PANDO_E_TIMEOUT, device->key,
                          "%s: the guest did not let go of it within %u s: it may be in use, or "
                          "nobody in the guest serves it. It is still asked to",
                          device->what, (timeout_ms + 999) / 1000);
    }
    if (err == -ETIMEDOUT) {
        return pando_fail(PANDO_E_DEVICE, device->key,
                          "%s did not close within %d s; it was removed all the same (see dom0's "
                          "log by dmesg)",
                          device->what, DEVICE_LIMIT_MS / 1000);
    }
    return err ? pando_fail_store(device->what, err) : PANDO_OK;
}

enum pando_code devices_remove(struct store *store, uint32_t domid)
{
    struct device *list = NULL;
    size_t count = 0;
    char path[DEVICE_PATH_MAX];
    int err = 0;

    for (size_t i = 0; i < KINDS && !err; i++) {
        err = find_devices(store, kinds[i], domid, &list, &count);
    }
    if (!err && count) {
        err = close_devices(list, count, put_cut_off, DEVICE_LIMIT_MS);
    }
    free(list);
    for (size_t i = 0; i < KINDS && (!err || err == -ETIMEDOUT); i++) {
        int removed;

        snprintf(path, sizeof(path), BACKENDS "/%s/%u", kinds[i], domid);
        removed = store_rm(store, STORE_TX_NONE, path);
        if (removed && removed != -ENOENT) {
            err = removed;
        }
    }
    if (err == -ETIMEDOUT) {
        return pando_fail(PANDO_E_DEVICE, NULL,
                          "a device of guest %u did not close within %d s; it was removed all the "
                          "same (see dom0's log by dmesg)",
                          domid, DEVICE_LIMIT_MS / 1000);
    }
    return err ? pando_fail_store("removing the guest's devices", err) : PANDO_OK;
}
