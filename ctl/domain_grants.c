/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "handle.h"
#include "hcall.h"

/* Of a table: more than any hypervisor gives a domain. */
#define FRAMES_MAX       4096u

#define V1_PER_FRAME     (XEN_PAGE_SIZE / sizeof(grant_entry_v1_t))
#define V2_PER_FRAME     (XEN_PAGE_SIZE / sizeof(grant_entry_v2_t))
#define STATUS_PER_FRAME (XEN_PAGE_SIZE / sizeof(grant_status_t))

/* The guest's memory, which it may change at any time: each entry is read once. */
struct mapping {
    void *shared;
    void *status; /* version 2 only */
    size_t frames, status_frames;
};

static void unmap(struct mapping *m)
{
    if (m->shared) {
        hcall_unmap(m->shared, m->frames);
    }
    if (m->status) {
        hcall_unmap(m->status, m->status_frames);
    }
}

static int map(pando_t *pando, uint32_t domid, const struct pando_grant_table *table,
               struct mapping *m)
{
    int err;

    *m = (struct mapping){ .frames = table->frames };
    err = hcall_map_resource(pando->hcall, domid, XENMEM_resource_grant_table,
                             XENMEM_resource_grant_table_id_shared, 0, m->frames, &m->shared);
    if (err || table->version == 1) {
        return err;
    }
    m->status_frames = (m->frames * V2_PER_FRAME + STATUS_PER_FRAME - 1) / STATUS_PER_FRAME;
    err =
        hcall_map_resource(pando->hcall, domid, XENMEM_resource_grant_table,
                           XENMEM_resource_grant_table_id_status, 0, m->status_frames, &m->status);
    if (err) {
        m->status = NULL;
        unmap(m);
    }
    return err;
}

static void set_flags(struct pando_grant *grant, uint16_t flags, uint16_t use)
{
    grant->kind = (enum pando_grant_kind)(flags & GTF_type_mask);
    grant->read_only = flags & GTF_readonly;
    grant->in_use = use & (GTF_reading | GTF_writing);
}

static void read_v1(const struct mapping *m, uint32_t ref, struct pando_grant *grant)
{
    const volatile grant_entry_v1_t *entry = (const grant_entry_v1_t *)m->shared + ref;
    uint16_t flags = entry->flags;

    set_flags(grant, flags, flags);
    grant->domid = entry->domid;
    grant->frame = entry->frame;
}

static void read_v2(const struct mapping *m, uint32_t ref, struct pando_grant *grant)
{
    const volatile grant_entry_v2_t *entry = (const grant_entry_v2_t *)m->shared + ref;
    const volatile grant_status_t *status = (const grant_status_t *)m->status + ref;

    set_flags(grant, entry->hdr.flags, *status);
    grant->domid = entry->hdr.domid;
    if (grant->kind != PANDO_GRANT_TRANSITIVE) {
        grant->frame = entry->full_page.frame; /* at the same place in all other forms */
    }
}

static int read_entries(const struct mapping *m, struct pando_grant_table *table)
{
    bool old = table->version == 1;
    uint32_t entries = (uint32_t)(m->frames * (old ? V1_PER_FRAME : V2_PER_FRAME));

    table->list = calloc(entries, sizeof(*table->list));
    if (!table->list) {
        return -ENOMEM;
    }
    for (uint32_t ref = 0; ref < entries; ref++) {
        struct pando_grant *grant = &table->list[table->count];

        *grant = (struct pando_grant){ .ref = ref };
        (old ? read_v1 : read_v2)(m, ref, grant);
        table->count += grant->kind != 0;
    }
    return 0;
}

static int ask_size(pando_t *pando, uint32_t domid, struct pando_grant_table *table)
{
    struct gnttab_query_size size = { .dom = (domid_t)domid };
    struct gnttab_get_version version = { .dom = (domid_t)domid };
    int err = hcall_grant(pando->hcall, GNTTABOP_query_size, &size, sizeof(size));

    if (err) {
        return err;
    }
    if (size.status != GNTST_okay) {
        return size.status == GNTST_bad_domain ? -ESRCH : -EPERM;
    }
    err = hcall_grant(pando->hcall, GNTTABOP_get_version, &version, sizeof(version));
    if (err) {
        return err;
    }
    table->frames = size.nr_frames;
    table->max_frames = size.max_nr_frames;
    table->version = version.version;
    return table->frames > FRAMES_MAX || version.version < 1 || version.version > 2 ? -EPROTO : 0;
}

enum pando_code pando_grant_table(pando_t *pando, uint32_t domid, struct pando_grant_table *table)
{
    struct mapping m = { 0 };
    int err;

    *table = (struct pando_grant_table){ 0 };
    err = ask_size(pando, domid, table);
    if (!err && table->frames) {
        err = map(pando, domid, table, &m);
        if (!err) {
            err = read_entries(&m, table);
            unmap(&m);
        }
    }
    if (err) {
        return pando_fail_hcall("asking for a domain's grants", err);
    }
    return PANDO_OK;
}
