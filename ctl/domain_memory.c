/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <stdio.h>

#include "plugin_host.h"

/* The guest's maximum as its owner sees it, without what the hypervisor counts besides. */
static uint64_t own_max_kib(const struct pando_domain *info)
{
    uint64_t extra = domain_extra_kib(info->max_vcpus);

    return info->maxmem_kib > extra ? info->maxmem_kib - extra : info->maxmem_kib;
}

static void save_memory(uint32_t domid, uint64_t memory_kib, uint64_t maxmem_kib)
{
    struct pando_error error;
    struct pando_config config;

    pando_error_save(&error);
    if (domain_state_load(DOMAIN_STATE_LIVE, domid, &config) == PANDO_OK) {
        if (memory_kib) {
            config.memory_mib = memory_kib / 1024;
        }
        if (maxmem_kib) {
            config.maxmem_mib = maxmem_kib / 1024;
        }
        domain_state_save(DOMAIN_STATE_LIVE, domid, &config);
        pando_config_free(&config);
    }
    pando_error_restore(&error);
}

static enum pando_code set_target(pando_t *pando, uint32_t domid, uint64_t kib)
{
    struct pando_domain info;
    struct store *store;
    char path[64];
    enum pando_code code = pando_domain_info(pando, domid, &info);
    int err;

    if (code) {
        return code;
    }
    if (domid && info.maxmem_kib && kib > own_max_kib(&info)) {
        return pando_fail(PANDO_E_INVALID, "memory",
                          "%llu MiB are more than the guest's maximum of %llu MiB; raise that "
                          "first",
                          (unsigned long long)kib / 1024,
                          (unsigned long long)own_max_kib(&info) / 1024);
    }
    code = pando_store(pando, &store);
    if (code) {
        return code;
    }
    snprintf(path, sizeof(path), "/local/domain/%u/memory/target", domid);
    err = store_write_fmt(store, STORE_TX_NONE, path, "%llu", (unsigned long long)kib);
    if (err) {
        return pando_fail_store("setting the balloon's target", err);
    }
    save_memory(domid, kib, 0);
    return PANDO_OK;
}

static enum pando_code set_max(pando_t *pando, uint32_t domid, uint64_t kib)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_max_mem, .domain = (domid_t)domid };
    struct pando_domain info;
    enum pando_code code = pando_domain_info(pando, domid, &info);
    int err;

    if (code) {
        return code;
    }
    if (kib < info.target_kib) {
        return pando_fail(PANDO_E_INVALID, "maxmem",
                          "%llu MiB are less than the guest's balloon target of %llu MiB; lower "
                          "that first",
                          (unsigned long long)kib / 1024,
                          (unsigned long long)info.target_kib / 1024);
    }
    op.u.max_mem.max_memkb = kib + domain_extra_kib(info.max_vcpus);
    err = hcall_domctl(pando->hcall, &op);
    if (err) {
        return pando_fail_hcall("setting the guest's maximum of memory", err);
    }
    save_memory(domid, 0, kib);
    return PANDO_OK;
}

/* dom0 has no lock: only its target is ours to change, which is one write. */
static enum pando_code with_lock(pando_t *pando, uint32_t domid, uint64_t kib,
                                 enum pando_code (*set)(pando_t *, uint32_t, uint64_t))
{
    struct domain_lock lock = { .fd = -1 };
    enum pando_code code = domid ? domain_lock_id(pando, &lock, domid) : PANDO_OK;

    if (code) {
        return code;
    }
    if (kib == 0) {
        code = pando_fail(PANDO_E_INVALID, "memory", "a guest needs some memory");
    } else {
        code = set(pando, domid, kib);
    }
    domain_unlock(&lock);
    return code;
}

enum pando_code pando_memory_set(pando_t *pando, uint32_t domid, uint64_t kib)
{
    struct plugin_step step = { .event = { .step = PANDO_STEP_MEMORY_SET,
                                           .pando = pando,
                                           .domid = domid,
                                           .memory_kib = kib } };
    enum pando_code code = plugin_step_begin(&step);

    return code ? code : plugin_step_end(&step, with_lock(pando, domid, kib, set_target));
}

enum pando_code pando_memory_max_set(pando_t *pando, uint32_t domid, uint64_t kib)
{
    return with_lock(pando, domid, kib, set_max);
}
