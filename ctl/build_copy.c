/* SPDX-License-Identifier: MIT */
#include "build_copy.h"

#include <errno.h>

#include "handle.h"

enum pando_code build_copy_open(struct build_copy *copy, struct hcall *hcall, uint32_t domid)
{
    void *map;
    int err = hcall_map_resource(hcall, domid, XENMEM_resource_grant_table,
                                 XENMEM_resource_grant_table_id_shared, 0, 1, &map);

    if (err) {
        return pando_fail_hcall("mapping the guest's grant table", err);
    }
    copy->hcall = hcall;
    copy->domid = domid;
    copy->table = map;
    copy->refs = GNTTAB_NR_RESERVED_ENTRIES;
    copy->count = 0;
    return PANDO_OK;
}

void build_copy_close(struct build_copy *copy)
{
    if (copy->table) {
        hcall_unmap(copy->table, 1);
        copy->table = NULL;
    }
}

enum pando_code build_copy_flush(struct build_copy *copy)
{
    int err = 0;

    __sync_synchronize();
    if (copy->count) {
        err = hcall_grant_copy(copy->hcall, copy->domid, copy->list, copy->count);
    }
    for (unsigned int i = GNTTAB_NR_RESERVED_ENTRIES; i < copy->refs; i++) {
        copy->table[i] = (grant_entry_v1_t){ 0 };
    }
    copy->refs = GNTTAB_NR_RESERVED_ENTRIES;
    copy->count = 0;
    if (err == -ENOENT || err == -ENODEV) {
        return pando_fail(PANDO_E_NO_HOST, NULL,
                          "/dev/xen/gntdev is not there: load the kernel module xen-gntdev");
    }
    return err ? pando_fail_hcall("copying to the guest's memory", err) : PANDO_OK;
}

enum pando_code build_copy_add(struct build_copy *copy, uint64_t paddr, const void *from,
                               uint64_t length)
{
    uint32_t frame = (uint32_t)(paddr >> XEN_PAGE_SHIFT);
    enum pando_code code = PANDO_OK;

    if (copy->refs == BUILD_COPY_REFS || copy->count == 2 * BUILD_COPY_REFS) {
        code = build_copy_flush(copy);
    }
    if (code) {
        return code;
    }
    if (copy->refs == GNTTAB_NR_RESERVED_ENTRIES || copy->table[copy->refs - 1].frame != frame) {
        copy->table[copy->refs].domid = 0;
        copy->table[copy->refs].frame = frame;
        copy->table[copy->refs++].flags = GTF_permit_access;
    }
    copy->list[copy->count++] = (struct hcall_copy){ .ref = copy->refs - 1,
                                                     .offset = paddr & (XEN_PAGE_SIZE - 1),
                                                     .length = (uint16_t)length,
                                                     .from = from };
    return PANDO_OK;
}
