/* SPDX-License-Identifier: MIT */
#include "test.h"
#include "fake_domains.h"

#include <errno.h>

struct fake_domains fake_domains;

static struct hcall {
    int unused;
} the_hcall;

void fake_domains_reset(void)
{
    memset(&fake_domains, 0, sizeof(fake_domains));
    fake_domains.list[0].exists = true;
    fake_domains.list[0].max_vcpus = 2;
    fake_domains.list[0].pages = 1000;
    fake_domains.next_id = 1;
    fake_domains.free_kib = 1 << 20;
    fake_domains.fail_in = -1;
    fake_domains.fail_by = -EINVAL;
}

unsigned int fake_domains_count(void)
{
    unsigned int count = 0;

    for (unsigned int i = 1; i < FAKE_DOMAINS; i++) {
        count += fake_domains.list[i].exists;
    }
    return count;
}

static int call(void)
{
    return fake_domains.fail_in >= 0 && fake_domains.fail_in-- == 0 ? fake_domains.fail_by : 0;
}

int hcall_open(struct hcall **hcall, const char **why)
{
    *hcall = &the_hcall;
    return 0;
}

void hcall_close(struct hcall *hcall)
{
}

void *hcall_alloc(struct hcall *hcall, size_t size)
{
    return calloc(1, size);
}

void hcall_free(struct hcall *hcall, void *buf, size_t size)
{
    free(buf);
}

static struct fake_domain *get(uint32_t domid)
{
    return domid < FAKE_DOMAINS && fake_domains.list[domid].exists ? &fake_domains.list[domid]
                                                                   : NULL;
}

static int create(struct xen_domctl *op)
{
    struct fake_domain *d = &fake_domains.list[fake_domains.next_id];

    assert_true(fake_domains.next_id < FAKE_DOMAINS);
    op->domain = (domid_t)fake_domains.next_id++;
    memset(d, 0, sizeof(*d));
    d->exists = true;
    d->flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_paused;
    d->max_vcpus = op->u.createdomain.max_vcpus;
    memcpy(d->handle, op->u.createdomain.handle, sizeof(d->handle));
    return 0;
}

static int destroy(struct fake_domain *d)
{
    fake_domains.free_kib += d->pages * 4;
    d->pages = 0;
    d->flags |= XEN_DOMINF_dying;
    d->exists = fake_domains.zombies;
    return 0;
}

static int get_context(struct xen_domctl_hvmcontext *context)
{
    struct {
        struct hvm_save_descriptor d;
        HVM_SAVE_TYPE(HEADER) header;
        struct hvm_save_descriptor end;
    } records = { { HVM_SAVE_CODE(HEADER), 0, sizeof(records.header) } };

    if (context->buffer.p) {
        memcpy(context->buffer.p, &records, sizeof(records));
    }
    context->size = sizeof(records);
    return 0;
}

static int affinity(struct fake_domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    bool set = op->cmd == XEN_DOMCTL_setvcpuaffinity;
    uint64_t all = UINT64_MAX, *hard = &d->hard[a->vcpu % 2], *soft = &d->soft[a->vcpu % 2];

    if (a->flags & XEN_VCPUAFFINITY_HARD && set) {
        memcpy(hard, a->cpumap_hard.bitmap.p, sizeof(*hard));
    } else if (a->flags & XEN_VCPUAFFINITY_HARD) {
        memcpy(a->cpumap_hard.bitmap.p, *hard ? hard : &all, sizeof(*hard));
    }
    if (a->flags & XEN_VCPUAFFINITY_SOFT && set) {
        memcpy(soft, a->cpumap_soft.bitmap.p, sizeof(*soft));
    } else if (a->flags & XEN_VCPUAFFINITY_SOFT) {
        memcpy(a->cpumap_soft.bitmap.p, *soft ? soft : &all, sizeof(*soft));
    }
    return 0;
}

int hcall_domctl(struct hcall *hcall, struct xen_domctl *op)
{
    struct fake_domain *d = get(op->domain);
    int err = call();

    if (err) {
        return err;
    }
    if (op->cmd == XEN_DOMCTL_createdomain) {
        return create(op);
    }
    if (!d) {
        return -ESRCH;
    }
    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain:
        return destroy(d);
    case XEN_DOMCTL_pausedomain:
        d->flags |= XEN_DOMINF_paused;
        return 0;
    case XEN_DOMCTL_unpausedomain:
        d->flags &= ~XEN_DOMINF_paused;
        return 0;
    case XEN_DOMCTL_max_mem:
        d->max_kib = op->u.max_mem.max_memkb;
        return 0;
    case XEN_DOMCTL_setdomainhandle:
        memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
        return 0;
    case XEN_DOMCTL_gethvmcontext:
        return get_context(&op->u.hvmcontext);
    case XEN_DOMCTL_getvcpuinfo:
        op->u.getvcpuinfo.online = 1;
        return 0;
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        return affinity(d, op);
    case XEN_DOMCTL_setvnumainfo:
    case XEN_DOMCTL_max_vcpus:
    case XEN_DOMCTL_sethvmcontext:
        return 0;
    case XEN_DOMCTL_set_paging_mempool_size:
        return -ENOSYS;
    default:
        fail_msg("unexpected domctl %u", op->cmd);
        return -ENOSYS;
    }
}

int hcall_domctl_simple(struct hcall *hcall, uint32_t cmd, uint32_t domid)
{
    struct xen_domctl op = { .cmd = cmd, .domain = (domid_t)domid };

    return hcall_domctl(hcall, &op);
}

int hcall_sysctl(struct hcall *hcall, struct xen_sysctl *op)
{
    if (op->cmd == XEN_SYSCTL_numainfo) {
        xen_sysctl_meminfo_t *info = op->u.numainfo.meminfo.p;

        assert_true(op->u.numainfo.num_nodes >= 3);
        op->u.numainfo.num_nodes = 3;
        info[0] = (xen_sysctl_meminfo_t){ 2ull << 30, 1ull << 30 };
        info[1] = (xen_sysctl_meminfo_t){ XEN_INVALID_MEM_SZ, 0 };
        info[2] = (xen_sysctl_meminfo_t){ 3ull << 30,
                                          fake_domains.two_large_nodes ? 3ull << 30 : 1ull << 20 };
        for (uint32_t i = 0; op->u.numainfo.distance.p && i < 9; i++) {
            op->u.numainfo.distance.p[i] = i % 4 ? i / 3 * 10 + 20 + i % 3 : 10;
        }
        return call();
    }
    if (op->cmd == XEN_SYSCTL_cputopoinfo) {
        xen_sysctl_cputopo_t *topo = op->u.cputopoinfo.cputopo.p;

        assert_true(op->u.cputopoinfo.num_cpus >= 4);
        for (uint32_t i = 0; i < 4; i++) {
            topo[i] = (xen_sysctl_cputopo_t){ .core = i == 3 ? XEN_INVALID_CORE_ID : i,
                                              .node = i ? 2 : 0 };
        }
        op->u.cputopoinfo.num_cpus = 4;
        return call();
    }
    if (op->cmd == XEN_SYSCTL_psr_cmt_op) {
        return fake_domains.cache_error;
    }
    assert_int_equal(op->cmd, XEN_SYSCTL_physinfo);
    op->u.physinfo.capabilities = XEN_SYSCTL_PHYSCAP_hvm;
    op->u.physinfo.free_pages = fake_domains.free_kib / 4;
    op->u.physinfo.total_pages = 1 << 18;
    return call();
}

long hcall_version(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    if (arg) {
        memset(arg, 0, size);
    }
    if (cmd == XENVER_extraversion) {
        strcpy(arg, ".0-pando");
    }
    return 4 << 16 | 17;
}

long hcall_memory(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    return call();
}

/* Event channels, grants and times: see test_stats.c. */
int hcall_event(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    return -ENOSYS;
}

int hcall_grant(struct hcall *hcall, unsigned int cmd, void *arg, size_t size)
{
    return -ENOSYS;
}

int hcall_domain_nodes(struct hcall *hcall, uint32_t domid, uint64_t *frames, size_t *count)
{
    struct fake_domain *d = get(domid);

    if (!d) {
        return -ESRCH;
    }
    assert_true(*count >= 3);
    *count = 3;
    memcpy(frames, d->exact, sizeof(d->exact));
    return call();
}

int hcall_vcpu_times(struct hcall *hcall, struct pando_vcpu_times **list, size_t *count)
{
    return -ENOSYS;
}

int hcall_param_set(struct hcall *hcall, uint32_t domid, uint32_t param, uint64_t value)
{
    return call();
}

int hcall_evtchn_alloc(struct hcall *hcall, uint32_t domid, uint32_t remote, uint32_t *port)
{
    *port = 3;
    return call();
}

long hcall_populate(struct hcall *hcall, uint32_t domid, const uint64_t *gfns, size_t count,
                    unsigned int order, unsigned int flags)
{
    uint64_t kib = 4ull * count << order;
    unsigned int node = XENMEMF_get_node(flags);
    int err = call();

    if (err) {
        return err;
    }
    if (kib > fake_domains.free_kib) {
        return -ENOMEM;
    }
    fake_domains.free_kib -= kib;
    get(domid)->pages += kib / 4;
    if (flags) {
        assert_int_equal(flags, XENMEMF_exact_node(node));
        assert_in_range(node, 0, 2);
        get(domid)->exact[node] += kib / 4;
    }
    return (long)count;
}

int hcall_map_resource(struct hcall *hcall, uint32_t domid, uint32_t type, uint32_t id,
                       uint32_t frame, size_t count, void **address)
{
    int err = call();

    if (err) {
        return err;
    }
    *address = calloc(count, XEN_PAGE_SIZE);
    fake_domains.mapped += count;
    return 0;
}

int hcall_grant_copy(struct hcall *hcall, uint32_t domid, const struct hcall_copy *list,
                     size_t count)
{
    return call();
}

void hcall_unmap(void *address, size_t count)
{
    fake_domains.mapped -= count;
    free(address);
}

int hcall_domain_list(struct hcall *hcall, uint32_t first, struct xen_domctl_getdomaininfo *list,
                      size_t max)
{
    int n = 0;

    for (uint32_t i = first; i < FAKE_DOMAINS && (size_t)n < max; i++) {
        const struct fake_domain *d = get(i);

        if (d) {
            list[n] = (struct xen_domctl_getdomaininfo){ .domain = (domid_t)i,
                                                         .flags = d->flags,
                                                         .tot_pages = d->pages,
                                                         .max_pages = d->max_kib / 4,
                                                         .max_vcpu_id = d->max_vcpus - 1 };
            memcpy(list[n++].handle, d->handle, sizeof(d->handle));
        }
    }
    return n;
}

int hcall_domain_info(struct hcall *hcall, uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    return get(domid) && hcall_domain_list(hcall, domid, info, 1) == 1 ? 0 : -ESRCH;
}
