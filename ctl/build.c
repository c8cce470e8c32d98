/* SPDX-License-Identifier: MIT */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_acpi.h"
#include "build_start.h"
#include "handle.h"

#define MIB 0x100000ull

/* Frames of one populate call; a continuation is the hypervisor's business. */
#define POPULATE_MAX 512u

/* An entry of XENMEM_set_memory_map: as BIOS INT 15h E820h gives it, 20 bytes. */
struct bios_entry {
    uint64_t start, size;
    uint32_t type;
} __attribute__((packed));

enum pando_code build_prepare(struct build *build)
{
    const struct pando_config *config = build->config;
    uint64_t memory = config->maxmem_mib * MIB;
    enum pando_code code = kernel_load(config->kernel, &build->cancel, &build->kernel);

    if (!code && config->ramdisk) {
        code = file_map_open(&build->initrd, config->ramdisk, "ramdisk");
    }
    if (!code &&
        !layout_init(&build->layout, memory, acpi_size(config->maxvcpus), build->kernel.elf.end,
                     start_info_size(config->cmdline), build->initrd.size)) {
        code = pando_fail(PANDO_E_INVALID, "memory",
                          "%llu MiB are too few for the kernel, which ends at %llu MiB, and an "
                          "initrd of %zu MiB",
                          (unsigned long long)config->maxmem_mib,
                          (unsigned long long)(build->kernel.elf.end / MIB),
                          (size_t)(build->initrd.size / MIB));
    }
    if (code) {
        build_release(build);
    } else {
        vnuma_init(&build->vnuma, config, &build->layout);
    }
    return code;
}

void build_release(struct build *build)
{
    build_copy_close(&build->copy);
    kernel_free(&build->kernel);
    file_map_close(&build->initrd);
}

uint64_t build_max_kib(const struct build *build, uint64_t memory_kib)
{
    size_t acpi = acpi_size(build->config->maxvcpus);

    return memory_kib + (acpi + XEN_PAGE_SIZE - 1) / XEN_PAGE_SIZE * 4 + LAYOUT_SPECIALS * 4;
}

static enum pando_code fail_populate(const struct build *build, long err)
{
    if (err >= 0 || err == -ENOMEM) {
        return pando_fail(PANDO_E_NO_MEMORY, "memory",
                          "the host has not enough free memory for a guest of %llu MiB",
                          (unsigned long long)build->config->maxmem_mib);
    }
    return pando_fail_hcall("giving memory to the guest", (int)err);
}

/* Gives the domain the frames [gfn, end), in extents as large as there are. */
static enum pando_code populate(struct build *build, uint64_t gfn, uint64_t end, unsigned int flags)
{
    uint64_t extents[POPULATE_MAX];
    unsigned int order, max_order = 18;

    while (gfn < end) {
        uint64_t first = gfn;
        size_t count = layout_extents(&gfn, end, max_order, extents, POPULATE_MAX, &order);
        long done;

        if (cancel_asked(&build->cancel)) {
            return pando_fail_cancelled();
        }
        done = hcall_populate(build->hcall, build->domid, extents, count, order, flags);

        if (done == (long)count) {
            continue;
        }
        if ((done < 0 && done != -ENOMEM) || order == 0) {
            return fail_populate(build, done);
        }
        /* Free memory is in smaller pieces: go on from there with those. */
        gfn = first + ((uint64_t)(done < 0 ? 0 : done) << order);
        max_order = order == 18 ? 9 : 0;
    }
    return PANDO_OK;
}

static enum pando_code set_memory_map(struct build *build)
{
    struct xen_foreign_memory_map map = { .domid = (domid_t)build->domid };
    size_t size = build->layout.map_count * sizeof(struct bios_entry);
    struct bios_entry *entries = hcall_alloc(build->hcall, size);
    long err;

    if (!entries) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    for (unsigned int i = 0; i < build->layout.map_count; i++) {
        entries[i].start = build->layout.map[i].start;
        entries[i].size = build->layout.map[i].size;
        entries[i].type = build->layout.map[i].type;
    }
    map.map.nr_entries = build->layout.map_count;
    set_xen_guest_handle(map.map.buffer, entries);
    err = hcall_memory(build->hcall, XENMEM_set_memory_map, &map, sizeof(map));
    hcall_free(build->hcall, entries, size);
    return err < 0 ? pando_fail_hcall("setting the guest's memory map", (int)err) : PANDO_OK;
}

/*
 * Half of a kernel is zeros, which need not be copied. Pando promises that the frames that it gives
 * are; other hypervisors mostly do it but do not promise it.
 */
static bool gives_zeroed_memory(struct hcall *hcall)
{
    xen_extraversion_t extra = "";

    return hcall_version(hcall, XENVER_extraversion, extra, sizeof(extra)) >= 0 &&
           memmem(extra, sizeof(extra), "-pando", 6);
}

static enum pando_code tell_nodes(struct build *build)
{
    int err = vnuma_tell(build->hcall, build->domid, &build->vnuma);

    return err ? pando_fail_hcall("setting the guest's virtual nodes", err) : PANDO_OK;
}

/* Memory of a virtual node comes from the node of the host that it is on, and from nowhere else. */
static enum pando_code populate_range(struct build *build, const struct vnuma_range *range)
{
    uint32_t pnode = build->vnuma.pnode[range->node];
    unsigned int flags = pnode == PANDO_PNODE_ANY ? 0 : XENMEMF_exact_node(pnode);
    enum pando_code code =
        populate(build, range->start >> XEN_PAGE_SHIFT, range->end >> XEN_PAGE_SHIFT, flags);

    if (code == PANDO_E_NO_MEMORY && flags) {
        char key[40];

        snprintf(key, sizeof(key), "vnuma[%u].size", range->node);
        return pando_fail(code, key, "node %u of the host has not enough free memory for %llu MiB",
                          pnode, (unsigned long long)build->config->vnodes[range->node].size_mib);
    }
    return code;
}

enum pando_code build_memory(struct build *build)
{
    const struct layout *l = &build->layout;
    uint64_t special = LAYOUT_SPECIAL >> XEN_PAGE_SHIFT, acpi = LAYOUT_ACPI >> XEN_PAGE_SHIFT;
    enum pando_code code;

    build->memory_is_zero = gives_zeroed_memory(build->hcall);
    code = tell_nodes(build);
    for (unsigned int i = 0; i < build->vnuma.range_count && !code; i++) {
        code = populate_range(build, &build->vnuma.ranges[i]);
    }
    if (!code) {
        code = populate(build, acpi, acpi + (l->acpi_size >> XEN_PAGE_SHIFT), 0);
    }
    if (!code) {
        code = populate(build, special, special + LAYOUT_SPECIALS, 0);
    }
    return code ? code : set_memory_map(build);
}

/* Bytes to be put at a physical address, with @clear zeros behind them. */
struct piece {
    uint64_t paddr;
    const uint8_t *data;
    uint64_t size, clear;
};

static bool is_zero(const uint8_t *p, uint64_t size)
{
    return size == 0 || (p[0] == 0 && !memcmp(p, p + 1, size - 1));
}

/* What of the piece lies in its first page; the whole of it is taken off the piece by piece_skip().
 */
static uint64_t first_page(const struct piece *piece)
{
    uint64_t room = XEN_PAGE_SIZE - (piece->paddr & (XEN_PAGE_SIZE - 1));
    uint64_t whole = piece->size + piece->clear;

    return whole < room ? whole : room;
}

static void piece_skip(struct piece *piece, uint64_t n)
{
    uint64_t from_data = n < piece->size ? n : piece->size;

    piece->paddr += n;
    piece->data += piece->size ? from_data : 0;
    piece->size -= from_data;
    piece->clear -= n - from_data;
}

/* What of the piece lies in one page: @n bytes. */
static enum pando_code load_page(struct build *build, const struct piece *piece, uint64_t n)
{
    static const uint8_t zeros[XEN_PAGE_SIZE];
    uint64_t data = n < piece->size ? n : piece->size;
    enum pando_code code = PANDO_OK;

    if (cancel_asked(&build->cancel)) {
        return pando_fail_cancelled();
    }
    if (data && !(build->memory_is_zero && is_zero(piece->data, data))) {
        code = build_copy_add(&build->copy, piece->paddr, piece->data, data);
    }
    if (!code && data < n && !build->memory_is_zero) {
        code = build_copy_add(&build->copy, piece->paddr + data, zeros, n - data);
    }
    return code;
}

/* Copies @size bytes to physical address @paddr and clears what is behind them up to @memory. */
static enum pando_code load(struct build *build, uint64_t paddr, const void *data, uint64_t size,
                            uint64_t memory)
{
    struct piece piece = { paddr, data, size, memory - size };
    enum pando_code code = PANDO_OK;

    while (!code && piece.size + piece.clear) {
        uint64_t n = first_page(&piece);

        code = load_page(build, &piece, n);
        piece_skip(&piece, n);
    }
    return code ? code : build_copy_flush(&build->copy);
}

static enum pando_code load_tables(struct build *build)
{
    const struct pando_config *config = build->config;
    size_t acpi = acpi_size(config->maxvcpus), info = start_info_size(config->cmdline);
    void *tables = malloc(acpi), *block = malloc(info);
    enum pando_code code;

    if (!tables || !block) {
        free(tables);
        free(block);
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    acpi_build(tables, LAYOUT_ACPI, config->vcpus, config->maxvcpus, &build->vnuma);
    start_info_build(block, &build->layout, config->cmdline, build->initrd.size);
    code = load(build, LAYOUT_ACPI, tables, acpi, build->layout.acpi_size);
    if (!code) {
        code = load(build, build->layout.start_info, block, info, info);
    }
    free(tables);
    free(block);
    return code;
}

enum pando_code build_load(struct build *build)
{
    const struct elf_kernel *elf = &build->kernel.elf;
    enum pando_code code = build_copy_open(&build->copy, build->hcall, build->domid);

    for (unsigned int i = 0; !code && i < elf->count; i++) {
        const struct elf_segment *s = &elf->segments[i];

        code = load(build, s->paddr, (const uint8_t *)build->kernel.data + s->offset, s->filesz,
                    s->memsz);
    }
    if (!code && build->layout.initrd) {
        code = load(build, build->layout.initrd, build->initrd.data, build->initrd.size,
                    build->initrd.size);
    }
    return code ? code : load_tables(build);
}

/* Grants dom0 the two rings, at the references that are reserved for them. */
static void seed_grants(grant_entry_v1_t *table)
{
    table[GNTTAB_RESERVED_CONSOLE].domid = 0;
    table[GNTTAB_RESERVED_CONSOLE].frame = LAYOUT_CONSOLE_GFN;
    table[GNTTAB_RESERVED_XENSTORE].domid = 0;
    table[GNTTAB_RESERVED_XENSTORE].frame = LAYOUT_STORE_GFN;
    __sync_synchronize();
    table[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
    table[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
}

enum pando_code build_rings(struct build *build)
{
    struct hcall *h = build->hcall;
    uint32_t domid = build->domid;
    enum pando_code code = load(build, LAYOUT_SPECIAL, NULL, 0, LAYOUT_SPECIALS * XEN_PAGE_SIZE);
    int err;

    if (code) {
        return code;
    }
    err = hcall_evtchn_alloc(h, domid, 0, &build->store_port);
    if (!err) {
        err = hcall_evtchn_alloc(h, domid, 0, &build->console_port);
    }
    if (err) {
        return pando_fail_hcall("allocating the guest's event channels", err);
    }
    seed_grants(build->copy.table);
    build_copy_close(&build->copy);
    err = hcall_param_set(h, domid, HVM_PARAM_STORE_PFN, LAYOUT_STORE_GFN);
    if (!err) {
        err = hcall_param_set(h, domid, HVM_PARAM_STORE_EVTCHN, build->store_port);
    }
    if (!err) {
        err = hcall_param_set(h, domid, HVM_PARAM_CONSOLE_PFN, LAYOUT_CONSOLE_GFN);
    }
    if (!err) {
        err = hcall_param_set(h, domid, HVM_PARAM_CONSOLE_EVTCHN, build->console_port);
    }
    return err ? pando_fail_hcall("setting the guest's parameters", err) : PANDO_OK;
}
