/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "device.h"
#include "plugin_host.h"

/*
 * As the tools of Xen 4.17 create a PVH guest: 2-level event channels of a 64-bit guest but one,
 * the hypervisor's own limits for grants, grant tables of either version.
 */
#define SSIDREF        12u
#define EVTCHN_MAX     1023u
#define GRANT_VERSIONS 2u

/*
 * Steps of a creation besides the disks and networks, for the progress. To unpack the kernel takes
 * longer than all the rest, and counts as so many.
 */
#define STEPS_FIXED  6u
#define STEPS_UNPACK 20u

struct creation {
    pando_t *pando;
    struct store *store;
    struct pando_config config; /* with what was left open filled in */
    const struct pando_create_options *options;
    struct build build;
    struct domain_place place;
    bool have_domain;
    unsigned int step, steps;
    unsigned int percent; /* of the kernel that is unpacked */
    int64_t unpack_ms;    /* when that began */
};

/* Begins the next step, if it is still wanted. */
static enum pando_code begin(struct creation *c, const char *what)
{
    const struct pando_create_options *options = c->options;

    if (options && options->progress) {
        options->progress(options->progress_arg, what, c->step, c->steps);
    }
    c->step++;
    return cancel_asked(&c->build.cancel) ? pando_fail_cancelled() : PANDO_OK;
}

/* So much of the kernel is unpacked. */
static void on_unpacked(void *arg, size_t done, size_t all, size_t out)
{
    struct creation *c = arg;
    unsigned int percent = all ? (unsigned int)(done * 100ull / all) : 0;
    double seconds = (double)(clock_ms() - c->unpack_ms) / 1e3;
    char what[64], rate[24] = "";

    if (percent == c->percent) {
        return;
    }
    c->percent = percent;
    if (seconds > 0.2) {
        snprintf(rate, sizeof(rate), ", %.1f MiB/s", (double)out / (1 << 20) / seconds);
    }
    snprintf(what, sizeof(what), "unpack %u %%%s", percent, rate);
    c->options->progress(c->options->progress_arg, what, c->step + percent * STEPS_UNPACK / 100,
                         c->steps);
}

/* Reads the kernel, which mostly has to be unpacked, and the rest of what the guest starts with. */
static enum pando_code read_files(struct creation *c)
{
    enum pando_code code = begin(c, "unpack");

    c->step--;
    if (!code) {
        c->unpack_ms = clock_ms();
        if (c->options && c->options->progress) {
            c->build.cancel.done = on_unpacked;
            c->build.cancel.done_arg = c;
        }
        code = build_prepare(&c->build);
        c->build.cancel.done = NULL;
    }
    c->step += STEPS_UNPACK;
    return code;
}

/*
 * Destroys what creations of this guest have left whose tool was killed. The guest's lock is ours:
 * nobody works on them any more.
 */
static enum pando_code clear_leftovers(struct creation *c)
{
    uint32_t *ids;
    size_t count;
    enum pando_code code = domain_state_list(DOMAIN_STATE_BUILDING, &ids, &count);

    for (size_t i = 0; i < count && !code; i++) {
        struct pando_config config;

        if (domain_state_load(DOMAIN_STATE_BUILDING, ids[i], &config) == PANDO_OK) {
            if (!strcmp(config.name, c->config.name)) {
                code = domain_destroy_locked(c->pando, ids[i]);
            }
            pando_config_free(&config);
        }
    }
    free(ids);
    return code ? code : domain_announce_clear(c->pando, c->config.name, NULL);
}

/* Looks whether name and UUID are free. The name's lock is ours, so it stays free. */
static enum pando_code check_unique(struct creation *c)
{
    struct pando_domain *list;
    size_t count;
    enum pando_code code = pando_domain_list(c->pando, &list, &count);

    if (code) {
        return code;
    }
    for (size_t i = 0; i < count && !code; i++) {
        bool dying = list[i].state == PANDO_DOMAIN_DYING;

        if (!dying && !strcmp(list[i].name, c->config.name)) {
            code = pando_fail(PANDO_E_EXISTS, "name", "guest %u already has the name \"%s\"",
                              list[i].id, c->config.name);
        } else if (!dying && list[i].id && !strcmp(list[i].uuid, c->config.uuid)) {
            code = pando_fail(PANDO_E_EXISTS, "uuid", "guest %u (\"%s\") already has this UUID",
                              list[i].id, list[i].name);
        }
    }
    free(list);
    return code;
}

/* Refuses before anything is made what can't work, with the key at fault. */
static enum pando_code check_host(struct creation *c)
{
    uint64_t need = build_max_kib(&c->build, c->config.maxmem_mib * 1024);
    struct pando_host host;
    enum pando_code code = pando_host_info(c->pando, &host);

    if (code) {
        return code;
    }
    if (!host.hvm) {
        return pando_fail(PANDO_E_UNSUPPORTED, "type",
                          "the host cannot run PVH guests: its CPU has no hardware "
                          "virtualization, or the firmware has switched it off");
    }
    if (need > host.free_kib + host.scrub_kib) {
        return pando_fail(PANDO_E_NO_MEMORY, "memory",
                          "the guest needs %llu MiB, but of the host's %llu MiB only %llu MiB are "
                          "free",
                          (unsigned long long)(need + 1023) / 1024,
                          (unsigned long long)host.memory_kib / 1024,
                          (unsigned long long)(host.free_kib + host.scrub_kib) / 1024);
    }
    return PANDO_OK;
}

static enum pando_code set_affinity(struct creation *c)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_setvcpuaffinity };
    size_t size = sizeof(c->config.cpus);
    void *map;
    int err = 0;

    if (c->config.cpus_all) {
        return PANDO_OK;
    }
    map = hcall_alloc(c->pando->hcall, size);
    if (!map) {
        return pando_fail(PANDO_E_SYSTEM, NULL, "out of memory");
    }
    for (uint32_t i = 0; i < c->config.maxvcpus && !err; i++) {
        memcpy(map, c->config.cpus, size);
        op.domain = (domid_t)c->build.domid;
        op.u.vcpuaffinity.vcpu = i;
        op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
        op.u.vcpuaffinity.cpumap_hard.nr_bits = (uint32_t)size * 8;
        set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, map);
        err = hcall_domctl(c->pando->hcall, &op);
    }
    hcall_free(c->pando->hcall, map, size);
    if (err == -EINVAL) {
        return pando_fail(PANDO_E_INVALID, "cpus", "the host has none of these CPUs");
    }
    return err ? pando_fail_hcall("setting the guest's affinity", err) : PANDO_OK;
}

/* Memory for the second level of paging, which some hypervisors want to be given beforehand. */
static int set_paging_pool(struct creation *c)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_set_paging_mempool_size,
                             .domain = (domid_t)c->build.domid };
    uint64_t pages = 256ull * c->config.maxvcpus + 2 * c->config.maxmem_mib;
    int err;

    op.u.paging_mempool.size = pages * XEN_PAGE_SIZE;
    err = hcall_domctl(c->pando->hcall, &op);
    return err == -ENOSYS || err == -EOPNOTSUPP ? 0 : err;
}

static enum pando_code make_empty_domain(struct creation *c)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_createdomain, .domain = DOMID_INVALID };
    struct xen_domctl_createdomain *create = &op.u.createdomain;
    enum pando_code code = domain_announce(&c->config);
    int err;

    if (code) {
        return code;
    }
    uuid_to_handle(c->config.uuid, create->handle);
    create->ssidref = SSIDREF;
    create->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    create->max_vcpus = c->config.maxvcpus;
    create->max_evtchn_port = EVTCHN_MAX;
    create->max_grant_frames = -1;
    create->max_maptrack_frames = -1;
    create->grant_opts = XEN_DOMCTL_GRANT_version(GRANT_VERSIONS);
    create->arch.emulation_flags = XEN_X86_EMU_LAPIC;
    err = hcall_domctl(c->pando->hcall, &op);
    if (err) {
        code = pando_fail_hcall("creating a domain", err);
    } else {
        c->have_domain = true;
        c->build.domid = op.domain;
        code = domain_state_save(DOMAIN_STATE_BUILDING, c->build.domid, &c->config);
    }
    domain_announce_end(c->config.uuid);
    return code;
}

static enum pando_code set_limits(struct creation *c)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_max_vcpus, .domain = (domid_t)c->build.domid };
    struct hcall *h = c->pando->hcall;
    enum pando_code code;
    int err;

    op.u.max_vcpus.max = c->config.maxvcpus;
    err = hcall_domctl(h, &op);
    if (err) {
        return pando_fail_hcall("giving the domain its vCPUs", err);
    }
    memset(&op, 0, sizeof(op));
    op.cmd = XEN_DOMCTL_max_mem;
    op.domain = (domid_t)c->build.domid;
    op.u.max_mem.max_memkb = build_max_kib(&c->build, c->config.maxmem_mib * 1024);
    err = hcall_domctl(h, &op);
    if (err) {
        return pando_fail_hcall("setting the domain's maximum of memory", err);
    }
    err = set_paging_pool(c);
    if (err) {
        return pando_fail_hcall("giving the domain memory for its page tables", err);
    }
    code = set_affinity(c);
    return code ? code : domain_place_vcpus(c->pando, c->build.domid, &c->config, &c->place);
}

static enum pando_code fill_domain(struct creation *c)
{
    enum pando_code code = begin(c, "memory");

    if (!code) {
        code = build_memory(&c->build);
    }
    if (!code) {
        code = begin(c, "kernel");
    }
    if (!code) {
        code = build_load(&c->build);
    }
    if (!code) {
        code = build_rings(&c->build);
    }
    if (!code) {
        code = build_vcpu(&c->build);
    }
    return code;
}

static enum pando_code make_nodes(struct creation *c)
{
    struct domain_ports ports = { c->build.store_port, c->build.console_port };
    enum pando_code code = begin(c, "store");

    if (!code) {
        code = domain_state_save(DOMAIN_STATE_LIVE, c->build.domid, &c->config);
    }
    return code ? code : domain_store_create(c->store, c->build.domid, &c->config, &ports);
}

static enum pando_code make_devices(struct creation *c)
{
    enum pando_code code = PANDO_OK;
    char what[96];

    for (size_t i = 0; i < c->config.disk_count && !code; i++) {
        snprintf(what, sizeof(what), "disk %.64s", c->config.disks[i].vdev);
        code = begin(c, what);
        if (!code) {
            code = device_disk_add(c->store, c->build.domid, &c->config, i);
        }
    }
    for (size_t i = 0; i < c->config.vif_count && !code; i++) {
        snprintf(what, sizeof(what), "network %zu", i);
        code = begin(c, what);
        if (!code) {
            code = device_net_add(c->store, c->build.domid, &c->config, i, (uint32_t)i);
        }
    }
    return code;
}

/* Starts it, unless it is to stay paused. */
static enum pando_code start_domain(struct creation *c)
{
    enum pando_code code;
    int err = 0;

    /* Complete, so that nobody takes it for a leftover; before it can end by itself. */
    if (c->options && c->options->paused) {
        domain_state_remove(DOMAIN_STATE_BUILDING, c->build.domid);
        return PANDO_OK;
    }
    code = domain_state_move(DOMAIN_STATE_BUILDING, DOMAIN_STATE_STARTING, c->build.domid);
    if (code) {
        return code;
    }
    err = hcall_domctl_simple(c->pando->hcall, XEN_DOMCTL_unpausedomain, c->build.domid);
    domain_state_remove(DOMAIN_STATE_STARTING, c->build.domid);
    return err ? pando_fail_hcall("starting the guest", err) : PANDO_OK;
}

static enum pando_code start(struct creation *c)
{
    struct plugin_step step = { .event = { .step = PANDO_STEP_START,
                                           .pando = c->pando,
                                           .domid = c->build.domid,
                                           .name = c->config.name,
                                           .config = &c->config } };
    enum pando_code code = begin(c, "start");

    if (!code && c->options && c->options->paused) {
        return start_domain(c);
    }
    if (!code) {
        code = plugin_step_begin(&step);
    }
    return code ? code : plugin_step_end(&step, start_domain(c));
}

/* Takes everything back, and keeps the error that was the reason for it. */
static void undo(struct creation *c)
{
    struct pando_error error;

    pando_error_save(&error);
    if (c->have_domain) {
        domain_destroy_locked(c->pando, c->build.domid);
    }
    pando_error_restore(&error);
}

static enum pando_code prepare(struct creation *c, const struct pando_config *config)
{
    enum pando_code code = pando_config_copy(&c->config, config);

    if (code) {
        return pando_fail(code, NULL, "out of memory");
    }
    c->build.hcall = c->pando->hcall;
    c->build.config = &c->config;
    if (c->options) {
        c->build.cancel =
            (struct cancel){ .asked = c->options->cancel, .arg = c->options->cancel_arg };
    }
    c->steps = STEPS_FIXED + STEPS_UNPACK + (unsigned int)(config->disk_count + config->vif_count);
    if (!c->config.uuid[0]) {
        uuid_generate_text(c->config.uuid);
    }
    /* So that the configuration tells what each has. */
    for (size_t i = 0; i < config->vif_count; i++) {
        if (!c->config.vifs[i].mac[0]) {
            device_mac(c->config.uuid, i, c->config.vifs[i].mac);
        }
    }
    code = begin(c, "check");
    if (!code) {
        code = pando_store(c->pando, &c->store);
    }
    if (!code) {
        code = clear_leftovers(c);
    }
    if (!code) {
        code = check_unique(c);
    }
    if (!code) {
        code = device_disks_check(&c->config, 0);
    }
    if (!code) {
        code = device_nets_check(&c->config, 0);
    }
    if (!code) {
        code = check_host(c);
    }
    if (!code) {
        code = domain_place(c->pando, &c->config,
                            build_max_kib(&c->build, c->config.maxmem_mib * 1024), &c->place);
    }
    if (!code) {
        code = read_files(c);
    }
    for (size_t i = 0; i < c->config.vnode_count && !code; i++) {
        c->build.vnuma.pnode[i] = c->place.pnode[i];
    }
    return code;
}

enum pando_code domain_create_locked(pando_t *pando, const struct pando_config *config,
                                     const struct pando_create_options *options, uint32_t *domid)
{
    struct creation c = { .pando = pando, .options = options };
    enum pando_code code = prepare(&c, config);

    if (!code) {
        code = begin(&c, "domain");
    }
    if (!code) {
        code = make_empty_domain(&c);
    }
    if (!code) {
        code = set_limits(&c);
    }
    if (!code) {
        code = fill_domain(&c);
    }
    build_release(&c.build);
    if (!code) {
        code = make_nodes(&c);
    }
    if (!code) {
        code = make_devices(&c);
    }
    if (!code) {
        code = start(&c);
    }
    if (code) {
        undo(&c);
    } else {
        *domid = c.build.domid;
        if (options && options->progress) {
            options->progress(options->progress_arg, "done", c.steps, c.steps);
        }
    }
    pando_config_free(&c.config);
    return code;
}

enum pando_code pando_domain_create(pando_t *pando, const struct pando_config *config,
                                    const struct pando_create_options *options, uint32_t *domid)
{
    struct plugin_step step = { .event = { .step = PANDO_STEP_CREATE,
                                           .pando = pando,
                                           .domid = PANDO_NO_DOMID,
                                           .name = config->name,
                                           .config = config } };
    struct cancel cancel = { 0 };
    struct domain_lock lock;
    enum pando_code code = plugin_step_begin(&step);

    if (code) {
        return code;
    }
    if (options) {
        cancel = (struct cancel){ .asked = options->cancel, .arg = options->cancel_arg };
    }
    code = domain_lock_unless(&lock, config->name, &cancel);
    if (!code) {
        code = domain_create_locked(pando, config, options, domid);
        domain_unlock(&lock);
    }
    if (!code) {
        step.event.domid = *domid;
    }
    return plugin_step_end(&step, code);
}
