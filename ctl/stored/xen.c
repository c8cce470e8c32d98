/* SPDX-License-Identifier: MIT */
#include "xen.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

#include "util.h"

#define PAGE 4096

static int evtchn_fd = -1, gntdev_fd = -1, privcmd_fd = -1;
static struct xen_domctl *domctl; /* in memory that a hypercall can always reach */

static int open_device(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        int err = -errno;

        log_line("%s: %s: is its module loaded, and is this a dom0?", path, strerror(errno));
        return err;
    }
    return fd;
}

int xen_open(void)
{
    void *page;
    int fd;

    if ((evtchn_fd = open_device("/dev/xen/evtchn")) < 0) {
        return evtchn_fd;
    }
    if ((gntdev_fd = open_device("/dev/xen/gntdev")) < 0) {
        return gntdev_fd;
    }
    if ((privcmd_fd = open_device("/dev/xen/privcmd")) < 0) {
        return privcmd_fd;
    }
    if ((fd = open_device("/dev/xen/hypercall")) < 0) {
        return fd;
    }
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        int err = -errno;

        log_line("/dev/xen/hypercall: %s", strerror(errno));
        close(fd);
        return err;
    }
    close(fd);
    domctl = page;
    return 0;
}

int xen_event_fd(void)
{
    return evtchn_fd;
}

int xen_next_event(uint32_t *port)
{
    ssize_t n = read(evtchn_fd, port, sizeof(*port));

    if (n < 0 && errno == EFBIG) {
        ioctl(evtchn_fd, IOCTL_EVTCHN_RESET);
        return -EOVERFLOW;
    }
    if (n != sizeof(*port)) {
        return n < 0 ? -errno : -EAGAIN;
    }
    if (write(evtchn_fd, port, sizeof(*port)) < 0) {
        return -errno;
    }
    return 0;
}

static int map_page(int fd, uint64_t offset, struct xen_ring *ring)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

    if (page == MAP_FAILED) {
        return -errno;
    }
    ring->page = page;
    return 0;
}

static int read_local_port(uint32_t *port)
{
    char text[16];
    uint32_t value = 0;
    ssize_t n;
    int fd = open("/proc/xen/xsd_port", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return -errno;
    }
    n = read(fd, text, sizeof(text));
    close(fd);
    if (n <= 0) {
        return n < 0 ? -errno : -EIO;
    }
    for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++) {
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *port = value;
    return value ? 0 : -EIO;
}

int xen_map_local_ring(struct xen_ring *ring, uint32_t *port)
{
    int fd, err = read_local_port(port);

    if (err) {
        return err;
    }
    fd = open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    err = map_page(fd, 0, ring);
    ring->index = XEN_RING_LOCAL;
    close(fd);
    return err;
}

static void unmap_grant(uint64_t index)
{
    struct ioctl_gntdev_unmap_grant_ref unmap = { .index = index, .count = 1 };

    ioctl(gntdev_fd, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
}

int xen_map_ring(uint16_t domid, struct xen_ring *ring)
{
    struct ioctl_gntdev_map_grant_ref map = {
        .count = 1,
        .refs = { { .domid = domid, .ref = GNTTAB_RESERVED_XENSTORE } },
    };
    int err;

    if (ioctl(gntdev_fd, IOCTL_GNTDEV_MAP_GRANT_REF, &map) < 0) {
        return -errno;
    }
    err = map_page(gntdev_fd, map.index, ring);
    if (err) {
        unmap_grant(map.index);
        return err;
    }
    ring->index = map.index;
    return 0;
}

void xen_unmap_ring(struct xen_ring *ring)
{
    munmap(ring->page, PAGE);
    if (ring->index != XEN_RING_LOCAL) {
        unmap_grant(ring->index);
    }
    ring->page = NULL;
}

int xen_bind_port(uint16_t domid, uint32_t remote, uint32_t *local)
{
    struct ioctl_evtchn_bind_interdomain bind = { .remote_domain = domid, .remote_port = remote };
    int port = ioctl(evtchn_fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);

    if (port < 0) {
        return -errno;
    }
    *local = (uint32_t)port;
    return 0;
}

int xen_bind_dom_exc(uint32_t *local)
{
    struct ioctl_evtchn_bind_virq bind = { .virq = VIRQ_DOM_EXC };
    int port = ioctl(evtchn_fd, IOCTL_EVTCHN_BIND_VIRQ, &bind);

    if (port < 0) {
        return -errno;
    }
    *local = (uint32_t)port;
    return 0;
}

void xen_unbind_port(uint32_t local)
{
    struct ioctl_evtchn_unbind unbind = { .port = local };

    ioctl(evtchn_fd, IOCTL_EVTCHN_UNBIND, &unbind);
}

int xen_notify_port(uint32_t local)
{
    struct ioctl_evtchn_notify notify = { .port = local };

    return ioctl(evtchn_fd, IOCTL_EVTCHN_NOTIFY, &notify) < 0 ? -errno : 0;
}

int xen_domain_state(uint16_t domid, struct xen_domain_state *state)
{
    struct privcmd_hypercall call = { .op = __HYPERVISOR_domctl,
                                      .arg = { (uint64_t)(uintptr_t)domctl } };

    *domctl = (struct xen_domctl){ .cmd = XEN_DOMCTL_getdomaininfo,
                                   .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
                                   .domain = domid };
    if (ioctl(privcmd_fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0) {
        return -errno;
    }
    /* The answer is about the first domain from the one asked for on. */
    if (domctl->u.getdomaininfo.domain != domid) {
        return -ESRCH;
    }
    state->dying = domctl->u.getdomaininfo.flags & XEN_DOMINF_dying;
    state->shutdown = domctl->u.getdomaininfo.flags & XEN_DOMINF_shutdown;
    return 0;
}
