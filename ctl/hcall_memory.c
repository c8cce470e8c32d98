/* SPDX-License-Identifier: MIT */
#include "hcall_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

long hcall_populate(struct hcall *h, uint32_t domid, const uint64_t *gfns, size_t count,
                    unsigned int order, unsigned int flags)
{
    struct xen_memory_reservation arg = {
        .nr_extents = count, .extent_order = order, .mem_flags = flags, .domid = (domid_t)domid
    };
    size_t size = count * sizeof(*gfns);
    void *buf = hcall_alloc(h, size);
    long done;

    if (!buf) {
        return -ENOMEM;
    }
    memcpy(buf, gfns, size);
    set_xen_guest_handle(arg.extent_start, buf);
    done = hcall_memory(h, XENMEM_populate_physmap, &arg, sizeof(arg));
    hcall_free(h, buf, size);
    return done;
}

/* Opened when it is first needed: most tools never do. */
static int gntdev_of(struct hcall *h)
{
    int fd;

    pthread_mutex_lock(&h->lock);
    if (h->gntdev < 0) {
        h->gntdev = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
    }
    fd = h->gntdev < 0 ? -errno : h->gntdev;
    pthread_mutex_unlock(&h->lock);
    return fd;
}

static int copy_error(int16_t status)
{
    switch (status) {
    case GNTST_okay:
        return 0;
    case GNTST_permission_denied:
        return -EACCES;
    case GNTST_bad_page:
    case GNTST_bad_virt_addr:
        return -EFAULT;
    default:
        return -EINVAL;
    }
}

int hcall_grant_copy(struct hcall *h, uint32_t domid, const struct hcall_copy *list, size_t count)
{
    struct ioctl_gntdev_grant_copy arg = { .count = (unsigned int)count };
    int fd = gntdev_of(h), err = 0;

    if (fd < 0) {
        return fd;
    }
    arg.segments = calloc(count, sizeof(*arg.segments));
    if (!arg.segments) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        struct ioctl_gntdev_grant_copy_segment *segment = &arg.segments[i];

        segment->source.virt = (void *)(uintptr_t)list[i].from;
        segment->dest.foreign.ref = list[i].ref;
        segment->dest.foreign.offset = list[i].offset;
        segment->dest.foreign.domid = (domid_t)domid;
        segment->len = list[i].length;
        segment->flags = GNTCOPY_dest_gref;
    }
    if (ioctl(fd, IOCTL_GNTDEV_GRANT_COPY, &arg) < 0) {
        err = -errno;
    }
    for (size_t i = 0; i < count && !err; i++) {
        err = copy_error(arg.segments[i].status);
    }
    free(arg.segments);
    return err;
}

int hcall_map_resource(struct hcall *h, uint32_t domid, uint32_t type, uint32_t id, uint32_t frame,
                       size_t count, void **address)
{
    privcmd_mmap_resource_t arg = {
        .dom = (domid_t)domid, .type = type, .id = id, .idx = frame, .num = count
    };
    void *map =
        mmap(NULL, count << XEN_PAGE_SHIFT, PROT_READ | PROT_WRITE, MAP_SHARED, h->privcmd, 0);

    if (map == MAP_FAILED) {
        return -ENOMEM;
    }
    arg.addr = (uintptr_t)map;
    if (ioctl(h->privcmd, IOCTL_PRIVCMD_MMAP_RESOURCE, &arg) < 0) {
        int err = -errno;

        hcall_unmap(map, count);
        return err;
    }
    *address = map;
    return 0;
}

void hcall_unmap(void *address, size_t count)
{
    munmap(address, count << XEN_PAGE_SHIFT);
}
