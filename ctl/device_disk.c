/* SPDX-License-Identifier: MIT */
/*
 * Disks: a raw file, by a loop device, by the block back-end of dom0's kernel
 * (<xen/io/blkif.h> describes the nodes).
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "device_loop.h"
#include "domain.h"

#include <xen/io/xenbus.h>

struct disk {
    struct device device;
    const struct pando_disk_config *config;
    dev_t loop;
};

static bool is_read_only(const struct pando_disk_config *config)
{
    return config->access == PANDO_DISK_READ_ONLY;
}

enum pando_code device_disks_check(const struct pando_config *config, size_t first)
{
    for (size_t i = first; i < config->disk_count; i++) {
        const struct pando_disk_config *disk = &config->disks[i];
        struct stat st;
        char key[48];
        uint32_t number;

        snprintf(key, sizeof(key), "disk[%zu].target", i);
        if (stat(disk->target, &st) < 0) {
            return pando_fail(errno == ENOENT ? PANDO_E_NOT_FOUND : PANDO_E_FILE, key, "%s: %s",
                              disk->target, strerror(errno));
        }
        if (S_ISBLK(st.st_mode)) {
            return pando_fail(PANDO_E_UNSUPPORTED, key,
                              "%s is a block device: without an IOMMU a device of dom0 cannot do "
                              "DMA to the guest's memory. Use a file, which goes through dom0's "
                              "page cache",
                              disk->target);
        }
        if (!S_ISREG(st.st_mode)) {
            return pando_fail(PANDO_E_FILE, key, "%s is not a regular file", disk->target);
        }
        if (!pando_vdev_number(disk->vdev, &number)) {
            snprintf(key, sizeof(key), "disk[%zu].vdev", i);
            return pando_fail(PANDO_E_INVALID, key, "\"%s\" is not the name of a virtual disk",
                              disk->vdev);
        }
    }
    return PANDO_OK;
}

static void put_disk(struct store_nodes *n, void *arg)
{
    const struct disk *disk = arg;
    const struct pando_disk_config *config = disk->config;

    device_put_frontend(n, &disk->device);
    nodes_put(n, "virtual-device", "%u", disk->device.id);
    nodes_put(n, "device-type", "disk");

    device_put_backend(n, &disk->device);
    nodes_put(n, "type", "phy");
    nodes_put(n, "params", "%s", config->target);
    nodes_put(n, "dev", "%s", config->vdev);
    nodes_put(n, "mode", "%s", is_read_only(config) ? "r" : "w");
    nodes_put(n, "device-type", "disk");
    nodes_put(n, "removable", "0");
    nodes_put(n, "bootable", "1");
    nodes_put(n, "discard-enable", "1");
    nodes_put(n, "physical-device", "%x:%x", major(disk->loop), minor(disk->loop));
    nodes_put(n, "physical-device-path", "/dev/loop%u", minor(disk->loop));
    nodes_put(n, "hotplug-status", "connected");
}

/* Waits until the back-end has opened the loop device, which it shows by a file in sysfs. */
static enum pando_code wait_opened(struct store *store, const struct device *device)
{
    const struct timespec pause = { .tv_nsec = 5000000 };
    int64_t deadline = clock_ms() + DEVICE_LIMIT_MS;
    char path[96];

    snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%u/physical_device",
             device->domid, device->id);
    while (access(path, F_OK) < 0) {
        if (clock_ms() > deadline) {
            return device_fail(store, device, "dom0's kernel does not open the loop device");
        }
        nanosleep(&pause, NULL);
    }
    return PANDO_OK;
}

enum pando_code device_disk_add(struct store *store, uint32_t domid,
                                const struct pando_config *config, size_t index)
{
    struct disk disk = { .config = &config->disks[index] };
    bool read_only = is_read_only(disk.config);
    enum pando_code code;
    uint32_t number = 0;
    int file, loop, err;

    pando_vdev_number(disk.config->vdev, &number);
    device_init(&disk.device, "vbd", domid, number);
    snprintf(disk.device.key, sizeof(disk.device.key), "disk[%zu].target", index);
    snprintf(disk.device.what, sizeof(disk.device.what), "disk %.32s", disk.config->vdev);

    file = open(disk.config->target, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (file < 0) {
        return pando_fail(PANDO_E_FILE, disk.device.key, "%s: %s", disk.config->target,
                          strerror(errno));
    }
    loop = loop_attach(file, read_only, &disk.loop);
    close(file);
    if (loop < 0) {
        return pando_fail(PANDO_E_DEVICE, disk.device.key,
                          "%s: no loop device for it: %s (is the kernel module loop loaded?)",
                          disk.config->target, strerror(-loop));
    }
    err = nodes_transaction(store, put_disk, &disk);
    code = err ? pando_fail_store(disk.device.what, err) : PANDO_OK;
    if (!code) {
        code = device_wait_backend(&disk.device, XenbusStateInitWait, "xen-blkback");
    }
    if (!code) {
        code = wait_opened(store, &disk.device);
    }
    /* From here on the back-end keeps it alive, and it ends with the back-end. */
    close(loop);
    return code;
}
