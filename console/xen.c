/* SPDX-License-Identifier: MIT */
#include "xen.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>

#define PAGE_BYTES 4096u

struct xen {
    int evtchn;
    int gntdev;
};

static int open_device(const char *path, const char *module)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        int err = -errno;

        report("%s: %s; consoled runs in dom0, as root, and needs the kernel module %s", path,
               strerror(errno), module);
        return err;
    }
    return fd;
}

int xen_open(struct xen **xen)
{
    struct xen *x = calloc(1, sizeof(*x));
    int err;

    if (!x) {
        return -ENOMEM;
    }
    x->evtchn = open_device("/dev/xen/evtchn", "xen-evtchn");
    if (x->evtchn < 0) {
        err = x->evtchn;
        free(x);
        return err;
    }
    x->gntdev = open_device("/dev/xen/gntdev", "xen-gntdev");
    if (x->gntdev < 0) {
        err = x->gntdev;
        close(x->evtchn);
        free(x);
        return err;
    }
    *xen = x;
    return 0;
}

void xen_close(struct xen *xen)
{
    close(xen->gntdev);
    close(xen->evtchn);
    free(xen);
}

static void forget_grant(struct xen *xen, uint64_t index)
{
    struct ioctl_gntdev_unmap_grant_ref unmap = { .index = index, .count = 1 };

    if (ioctl(xen->gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap)) {
        report("/dev/xen/gntdev: unmapping a console: %s", strerror(errno));
    }
}

int xen_map(struct xen *xen, uint32_t domid, uint32_t grant_ref, void **page)
{
    struct ioctl_gntdev_map_grant_ref map = { .count = 1 };
    void *address;

    map.refs[0].domid = domid;
    map.refs[0].ref = grant_ref;
    if (ioctl(xen->gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, &map)) {
        return -errno;
    }
    address =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, xen->gntdev, (off_t)map.index);
    if (address == MAP_FAILED) {
        int err = -errno;

        forget_grant(xen, map.index);
        return err;
    }
    *page = address;
    return 0;
}

void xen_unmap(struct xen *xen, void *page)
{
    struct ioctl_gntdev_get_offset_for_vaddr get = { .vaddr = (uintptr_t)page };
    int err = ioctl(xen->gntdev, IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, &get);

    munmap(page, PAGE_BYTES);
    if (!err) {
        forget_grant(xen, get.offset);
    }
}

int xen_bind(struct xen *xen, uint32_t domid, uint32_t remote_port, uint32_t *port)
{
    struct ioctl_evtchn_bind_interdomain bind = { domid, remote_port };
    int local = ioctl(xen->evtchn, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);

    if (local < 0) {
        return -errno;
    }
    *port = (uint32_t)local;
    return 0;
}

void xen_unbind(struct xen *xen, uint32_t port)
{
    struct ioctl_evtchn_unbind unbind = { port };

    if (ioctl(xen->evtchn, IOCTL_EVTCHN_UNBIND, &unbind)) {
        report("/dev/xen/evtchn: unbinding port %u: %s", port, strerror(errno));
    }
}

void xen_notify(struct xen *xen, uint32_t port)
{
    struct ioctl_evtchn_notify notify = { port };

    /* It fails when the guest has died meanwhile, of which the store will tell. */
    (void)ioctl(xen->evtchn, IOCTL_EVTCHN_NOTIFY, &notify);
}

int xen_event_fd(const struct xen *xen)
{
    return xen->evtchn;
}

int xen_take_events(struct xen *xen, uint32_t *ports, size_t size)
{
    ssize_t n = read(xen->evtchn, ports, size * sizeof(*ports));

    if (n < 0 && errno == EFBIG && !ioctl(xen->evtchn, IOCTL_EVTCHN_RESET)) {
        return -EOVERFLOW;
    }
    return n > 0 ? (int)((size_t)n / sizeof(*ports)) : 0;
}

void xen_unmask(struct xen *xen, uint32_t port)
{
    if (write(xen->evtchn, &port, sizeof(port)) != sizeof(port)) {
        report("/dev/xen/evtchn: unmasking port %u: %s", port, strerror(errno));
    }
}
