/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "fake_hcall.h"

#include <errno.h>

#define GARBAGE 0xc2

struct fake_host fake_host;

void fake_host_reset(void)
{
    for (size_t i = 0; i < FAKE_FRAMES; i++) {
        free(fake_host.frames[i]);
    }
    memset(&fake_host, 0, sizeof(fake_host));
    fake_host.populate_limit = -1;
    fake_host.next_port = FAKE_FIRST_PORT;
}

static uint8_t *frame_of(uint64_t gfn)
{
    assert_true(gfn < FAKE_FRAMES && fake_host.present[gfn]);
    if (!fake_host.frames[gfn]) {
        fake_host.frames[gfn] = malloc(XEN_PAGE_SIZE);
        memset(fake_host.frames[gfn], fake_host.is_pando ? 0 : GARBAGE, XEN_PAGE_SIZE);
    }
    return fake_host.frames[gfn];
}

size_t fake_frames(void)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_FRAMES; i++) {
        count += fake_host.frames[i] != NULL;
    }
    return count;
}

uint8_t fake_byte(uint64_t paddr)
{
    return frame_of(paddr >> XEN_PAGE_SHIFT)[paddr & (XEN_PAGE_SIZE - 1)];
}

void *hcall_alloc(struct hcall *hcall, size_t size)
{
    return calloc(1, size);
}

void hcall_free(struct hcall *hcall, void *buf, size_t size)
{
    free(buf);
}

long hcall_version(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    assert_int_equal(cmd, XENVER_extraversion);
    strcpy(arg, fake_host.is_pando ? ".0-pando" : ".7");
    return 0;
}

long hcall_populate(struct hcall *hcall, uint32_t domid, const uint64_t *gfns, size_t count,
                    unsigned int order, unsigned int flags)
{
    assert_int_equal(domid, FAKE_DOMID);
    if (flags) {
        assert_int_equal(flags & ~0xff00u, XENMEMF_exact_node_request);
        assert_in_range(XENMEMF_get_node(flags), 0, 1);
        if (XENMEMF_get_node(flags) + 1 == fake_host.full_node) {
            return 0;
        }
        fake_host.exact[XENMEMF_get_node(flags)] += (uint64_t)count << order;
    }
    if (fake_host.populate_limit == 0) {
        return -ENOMEM;
    }
    fake_host.populate_limit -= fake_host.populate_limit > 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(gfns[i] & ((1ull << order) - 1), 0);
        if (order == 18 && fake_host.no_order_18 && i == 1) {
            return 1;
        }
        for (uint64_t n = 0; n < 1ull << order && gfns[i] + n < FAKE_FRAMES; n++) {
            assert_false(fake_host.present[gfns[i] + n]);
            fake_host.present[gfns[i] + n] = true;
        }
        fake_host.pages += 1ull << order;
        fake_host.extents[order / 9]++;
    }
    return (long)count;
}

long hcall_memory(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    const struct xen_foreign_memory_map *map = arg;

    assert_int_equal(cmd, XENMEM_set_memory_map);
    assert_int_equal(map->domid, FAKE_DOMID);
    fake_host.map_entries = map->map.nr_entries;
    return 0;
}

int hcall_grant_copy(struct hcall *hcall, uint32_t domid, const struct hcall_copy *list,
                     size_t count)
{
    assert_int_equal(domid, FAKE_DOMID);
    assert_int_equal(fake_host.mapped, 1);
    if (fake_host.copy_error) {
        return fake_host.copy_error;
    }
    for (size_t i = 0; i < count; i++) {
        const grant_entry_v1_t *entry = &fake_host.grants[list[i].ref];

        assert_in_range(list[i].ref, GNTTAB_NR_RESERVED_ENTRIES, 511);
        assert_int_equal(entry->flags, GTF_permit_access);
        assert_int_equal(entry->domid, 0);
        assert_in_range(list[i].length, 1, XEN_PAGE_SIZE - list[i].offset);
        memcpy(frame_of(entry->frame) + list[i].offset, list[i].from, list[i].length);
    }
    return 0;
}

int hcall_map_resource(struct hcall *hcall, uint32_t domid, uint32_t type, uint32_t id,
                       uint32_t frame, size_t count, void **address)
{
    assert_int_equal(type, XENMEM_resource_grant_table);
    assert_int_equal(id, XENMEM_resource_grant_table_id_shared);
    assert_int_equal(frame, 0);
    assert_int_equal(count, 1);
    if (fake_host.resource_error) {
        return fake_host.resource_error;
    }
    fake_host.mapped++;
    *address = fake_host.grants;
    return 0;
}

void hcall_unmap(void *address, size_t count)
{
    assert_ptr_equal(address, fake_host.grants);
    assert_int_equal(count, 1);
    fake_host.mapped--;
}

int hcall_evtchn_alloc(struct hcall *hcall, uint32_t domid, uint32_t remote, uint32_t *port)
{
    assert_int_equal(domid, FAKE_DOMID);
    assert_int_equal(remote, 0);
    *port = fake_host.next_port++;
    return 0;
}

int hcall_param_set(struct hcall *hcall, uint32_t domid, uint32_t param, uint64_t value)
{
    assert_true(param < FAKE_PARAMS);
    fake_host.params[param] = value;
    return 0;
}

static void add_record(uint16_t type, uint16_t instance, const void *body, uint32_t length)
{
    struct hvm_save_descriptor d = { type, instance, length };

    memcpy(fake_host.records + fake_host.records_size, &d, sizeof(d));
    memcpy(fake_host.records + fake_host.records_size + sizeof(d), body, length);
    fake_host.records_size += (uint32_t)sizeof(d) + length;
}

/* What the hypervisor has for a new domain of two vCPUs: more than the builder is interested in. */
static void make_records(void)
{
    HVM_SAVE_TYPE(HEADER) header = { .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION };
    HVM_SAVE_TYPE(MTRR) mtrr = { .msr_mtrr_cap = 0x508 };
    uint8_t other[24] = { 1, 2, 3 };

    fake_host.records_size = 0;
    add_record(HVM_SAVE_CODE(HEADER), 0, &header, sizeof(header));
    add_record(77, 0, other, sizeof(other));
    add_record(HVM_SAVE_CODE(MTRR), 0, &mtrr, sizeof(mtrr));
    add_record(HVM_SAVE_CODE(MTRR), 1, &mtrr, sizeof(mtrr));
    add_record(HVM_SAVE_CODE(END), 0, "", 0);
}

static int set_nodes(const struct xen_domctl_vnuma *n)
{
    assert_int_equal(n->nr_vnodes, 2);
    assert_int_equal(n->nr_vcpus, 2);
    assert_in_range(n->nr_vmemranges, 2, 3);
    fake_host.vnuma = *n;
    memcpy(fake_host.vdistance, n->vdistance.p, sizeof(fake_host.vdistance));
    memcpy(fake_host.vcpu_to_vnode, n->vcpu_to_vnode.p, sizeof(fake_host.vcpu_to_vnode));
    memcpy(fake_host.vnode_to_pnode, n->vnode_to_pnode.p, sizeof(fake_host.vnode_to_pnode));
    memcpy(fake_host.vmemrange, n->vmemrange.p, n->nr_vmemranges * sizeof(fake_host.vmemrange[0]));
    return 0;
}

int hcall_domctl(struct hcall *hcall, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *context = &op->u.hvmcontext;
    void *buffer;

    assert_int_equal(op->domain, FAKE_DOMID);
    if (op->cmd == XEN_DOMCTL_setvnumainfo) {
        return set_nodes(&op->u.vnuma);
    }
    buffer = context->buffer.p;
    if (op->cmd == XEN_DOMCTL_gethvmcontext) {
        make_records();
        if (buffer) {
            assert_true(context->size >= fake_host.records_size);
            memcpy(buffer, fake_host.records, fake_host.records_size);
        }
        context->size = fake_host.records_size;
        return fake_host.context_error;
    }
    assert_int_equal(op->cmd, XEN_DOMCTL_sethvmcontext);
    assert_true(context->size <= sizeof(fake_host.records));
    memcpy(fake_host.records, buffer, context->size);
    fake_host.records_size = context->size;
    return 0;
}
