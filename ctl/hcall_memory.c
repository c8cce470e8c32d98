/* SPDX-License-Identifier: MIT */
#include "hcall_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <xen/sys/privcmd.h>

long hcall_populate(struct hcall *h, uint32_t domid, const uint64_t *gfns, size_t count,
                    unsigned int order)
{
    struct xen_memory_reservation arg = { .nr_extents = count,
                                          .extent_order = order,
                                          .domid = (domid_t)domid };
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

static void *map_privcmd(struct hcall *h, size_t count, bool writable)
{
    int protection = PROT_READ | (writable ? PROT_WRITE : 0);
    void *address = mmap(NULL, count << XEN_PAGE_SHIFT, protection, MAP_SHARED, h->privcmd, 0);

    return address == MAP_FAILED ? NULL : address;
}

int hcall_map(struct hcall *h, uint32_t domid, uint64_t gfn, size_t count, bool writable,
              void **address)
{
    privcmd_mmapbatch_v2_t batch = { .num = (unsigned int)count, .dom = (domid_t)domid };
    xen_pfn_t *frames = calloc(count, sizeof(*frames));
    int *errors = calloc(count, sizeof(*errors));
    void *map = frames && errors ? map_privcmd(h, count, writable) : NULL;
    int err = map ? 0 : -ENOMEM;

    if (!err) {
        for (size_t i = 0; i < count; i++) {
            frames[i] = gfn + i;
        }
        batch.addr = (uintptr_t)map;
        batch.arr = frames;
        batch.err = errors;
        if (ioctl(h->privcmd, IOCTL_PRIVCMD_MMAPBATCH_V2, &batch) < 0) {
            err = -errno;
        }
        for (size_t i = 0; i < count && !err; i++) {
            err = errors[i];
        }
        if (err) {
            hcall_unmap(map, count);
        }
    }
    free(frames);
    free(errors);
    if (!err) {
        *address = map;
    }
    return err;
}

int hcall_map_resource(struct hcall *h, uint32_t domid, uint32_t type, uint32_t id, uint32_t frame,
                       size_t count, void **address)
{
    privcmd_mmap_resource_t arg = {
        .dom = (domid_t)domid, .type = type, .id = id, .idx = frame, .num = count
    };
    void *map = map_privcmd(h, count, true);

    if (!map) {
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
