/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_acpi.h"
#include "build_layout.h"

/* Domains asked for in one call, and the most there can be. */
#define LIST_STEP 64u
#define DOMID_END 0x7ff0u

#define PAGE_KIB  4u

/* A maximum this high (in pages) means that there is none. */
#define PAGES_UNLIMITED (1ull << 40)

static enum pando_domain_state state_of(const struct xen_domctl_getdomaininfo *info)
{
    if (info->flags & XEN_DOMINF_dying) {
        return PANDO_DOMAIN_DYING;
    }
    if (info->flags & XEN_DOMINF_shutdown) {
        return PANDO_DOMAIN_SHUTDOWN;
    }
    if (info->flags & XEN_DOMINF_paused) {
        return PANDO_DOMAIN_PAUSED;
    }
    if (info->flags & XEN_DOMINF_blocked) {
        return PANDO_DOMAIN_BLOCKED;
    }
    return PANDO_DOMAIN_RUNNING;
}

/* Fills in all but what only the store knows. */
static void convert(const struct xen_domctl_getdomaininfo *info, struct pando_domain *d)
{
    memset(d, 0, sizeof(*d));
    d->id = info->domain;
    uuid_from_handle(info->handle, d->uuid);
    strcpy(d->type, info->flags & XEN_DOMINF_hvm_guest ? "pvh" : "pv");
    d->state = state_of(info);
    d->reason = (info->flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    d->memory_kib = info->tot_pages * PAGE_KIB;
    if (info->max_pages < PAGES_UNLIMITED) {
        d->maxmem_kib = info->max_pages * PAGE_KIB;
    }
    d->cpu_time_ns = info->cpu_time;
    d->vcpus_online = info->nr_online_vcpus;
    d->max_vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1;
    d->cpupool = info->cpupool;
}

/*
 * Adds the name and the balloon target. Without the store, or without them in it, dom0 has both all
 * the same: nobody has asked it to give memory back or to take more.
 */
static void add_store_info(struct store *store, struct pando_domain *d)
{
    char path[64];

    if (store) {
        domain_store_name(store, d->id, d->name);
        snprintf(path, sizeof(path), "/local/domain/%u/memory/target", d->id);
        if (store_read_u64(store, STORE_TX_NONE, path, &d->target_kib)) {
            d->target_kib = 0;
        }
    }
    if (d->id == 0) {
        if (!d->name[0]) {
            strcpy(d->name, "Domain-0");
        }
        if (!d->target_kib) {
            d->target_kib = d->memory_kib;
        }
    }
}

static struct store *store_if_running(pando_t *pando)
{
    struct pando_error error;
    struct store *store;

    pando_error_save(&error);
    if (pando_store(pando, &store)) {
        pando_error_restore(&error);
        return NULL;
    }
    return store;
}

enum pando_code pando_domain_list(pando_t *pando, struct pando_domain **list, size_t *count)
{
    struct xen_domctl_getdomaininfo *step = calloc(LIST_STEP, sizeof(*step));
    struct pando_domain *all = NULL;
    struct store *store = store_if_running(pando);
    size_t have = 0;
    uint32_t next = 0;
    int n = step ? 0 : -ENOMEM;

    while (step && next < DOMID_END) {
        struct pando_domain *bigger;

        n = hcall_domain_list(pando->hcall, next, step, LIST_STEP);
        if (n <= 0) {
            break;
        }
        bigger = reallocarray(all, have + (size_t)n, sizeof(*all));
        if (!bigger) {
            n = -ENOMEM;
            break;
        }
        all = bigger;
        for (int i = 0; i < n; i++) {
            convert(&step[i], &all[have]);
            add_store_info(store, &all[have++]);
        }
        next = step[n - 1].domain + 1u;
    }
    free(step);
    if (n < 0) {
        free(all);
        return pando_fail_hcall("listing the domains", n);
    }
    *list = all;
    *count = have;
    return PANDO_OK;
}

enum pando_code pando_domain_info(pando_t *pando, uint32_t domid, struct pando_domain *info)
{
    struct xen_domctl_getdomaininfo raw;
    int err = hcall_domain_info(pando->hcall, domid, &raw);

    if (err == -ESRCH) {
        return pando_fail_no_domain(domid);
    }
    if (err) {
        return pando_fail_hcall("asking about a domain", err);
    }
    convert(&raw, info);
    add_store_info(store_if_running(pando), info);
    return PANDO_OK;
}

/* Names are known to the store only: without it a guest that is not found may be there. */
static enum pando_code fail_not_found(pando_t *pando, const char *which)
{
    struct store *store;

    if (pando_store(pando, &store)) {
        return pando_fail(PANDO_E_STORE, NULL,
                          "no guest has the id or UUID \"%s\", and names cannot be looked up: the "
                          "store daemon does not answer on %s (start stored and try again)",
                          which, STORE_SOCKET);
    }
    return pando_fail(PANDO_E_NOT_FOUND, NULL, "there is no guest with the name, id or UUID \"%s\"",
                      which);
}

/* The id that @which is as a number; false if it isn't one. */
static bool parse_id(const char *which, uint32_t *domid)
{
    char *end;
    unsigned long id;

    if (which[0] < '0' || which[0] > '9') {
        return false;
    }
    id = strtoul(which, &end, 10);
    *domid = (uint32_t)id;
    return !*end && id < DOMID_END;
}

enum pando_code pando_domain_find(pando_t *pando, const char *which, uint32_t *domid)
{
    struct pando_domain *list;
    size_t count;
    uint32_t id;
    bool is_id = parse_id(which, &id), found = false;
    enum pando_code code = pando_domain_list(pando, &list, &count);

    if (code) {
        return code;
    }
    /* Names first, then ids and UUIDs; a dying namesake does not hide a living guest. */
    for (int pass = 0; pass < 3 && !found; pass++) {
        for (size_t i = 0; i < count && !found; i++) {
            bool dying = list[i].state == PANDO_DOMAIN_DYING;

            if (pass < 2) {
                found = !strcmp(list[i].name, which) && dying == (pass == 1);
            } else {
                found = (is_id && list[i].id == id) || !strcasecmp(list[i].uuid, which);
            }
            *domid = list[i].id;
        }
    }
    free(list);
    return found ? PANDO_OK : fail_not_found(pando, which);
}

enum pando_code pando_vcpu_times(pando_t *pando, struct pando_vcpu_times **list, size_t *count)
{
    int err = hcall_vcpu_times(pando->hcall, list, count);

    return err ? pando_fail_hcall("asking what the vCPUs have done", err) : PANDO_OK;
}

static int get_affinity(pando_t *pando, uint32_t domid, struct pando_vcpu *vcpu)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuaffinity, .domain = (domid_t)domid };
    size_t size = sizeof(vcpu->hard);
    uint8_t *maps = hcall_alloc(pando->hcall, 2 * size);
    int err;

    if (!maps) {
        return -ENOMEM;
    }
    op.u.vcpuaffinity.vcpu = vcpu->id;
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = (uint32_t)size * 8;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, maps);
    op.u.vcpuaffinity.cpumap_soft.nr_bits = (uint32_t)size * 8;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, maps + size);
    err = hcall_domctl(pando->hcall, &op);
    if (!err) {
        memcpy(vcpu->hard, maps, size);
        memcpy(vcpu->soft, maps + size, size);
    }
    hcall_free(pando->hcall, maps, 2 * size);
    return err;
}

static int get_vcpu(pando_t *pando, uint32_t domid, struct pando_vcpu *vcpu)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getvcpuinfo, .domain = (domid_t)domid };
    int err;

    op.u.getvcpuinfo.vcpu = vcpu->id;
    err = hcall_domctl(pando->hcall, &op);
    if (err) {
        return err;
    }
    vcpu->online = op.u.getvcpuinfo.online;
    vcpu->blocked = op.u.getvcpuinfo.blocked;
    vcpu->running = op.u.getvcpuinfo.running;
    vcpu->cpu = op.u.getvcpuinfo.cpu;
    vcpu->cpu_time_ns = op.u.getvcpuinfo.cpu_time;
    return get_affinity(pando, domid, vcpu);
}

enum pando_code pando_vcpu_list(pando_t *pando, uint32_t domid, struct pando_vcpu **list,
                                size_t *count)
{
    struct pando_domain info;
    struct pando_vcpu *vcpus;
    enum pando_code code = pando_domain_info(pando, domid, &info);

    if (code) {
        return code;
    }
    vcpus = calloc(info.max_vcpus + 1, sizeof(*vcpus));
    if (!vcpus) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    for (uint32_t i = 0; i < info.max_vcpus; i++) {
        int err;

        vcpus[i].id = i;
        err = get_vcpu(pando, domid, &vcpus[i]);
        if (err) {
            free(vcpus);
            return pando_fail_hcall("asking about a vCPU", err);
        }
    }
    *list = vcpus;
    *count = info.max_vcpus;
    return PANDO_OK;
}

uint64_t domain_extra_kib(uint32_t max_vcpus)
{
    uint64_t acpi = (acpi_size(max_vcpus) + XEN_PAGE_SIZE - 1) >> XEN_PAGE_SHIFT;

    return (LAYOUT_SPECIALS + acpi) * PAGE_KIB;
}
