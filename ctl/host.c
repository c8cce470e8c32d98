/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "hcall.h"

#define PAGE_KIB 4u

/* Room for the text of one hypercall; the log is read in as many as it takes. */
#define LOG_STEP 32768u
/* The log is kept in memory at most this long: a hypervisor that never ends does not fill dom0. */
#define LOG_MAX (64u << 20)

static enum pando_code get_physical(pando_t *pando, struct pando_host *host)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo };
    const struct xen_sysctl_physinfo *info = &op.u.physinfo;
    int err = hcall_sysctl(pando->hcall, &op);

    if (err) {
        return pando_fail_hcall("asking about the host", err);
    }
    host->cpus = info->nr_cpus;
    host->cores_per_socket = info->cores_per_socket;
    host->threads_per_core = info->threads_per_core;
    host->nodes = info->nr_nodes;
    host->cpu_khz = info->cpu_khz;
    host->max_cpu_id = info->max_cpu_id;
    host->max_node_id = info->max_node_id;
    host->memory_kib = info->total_pages * PAGE_KIB;
    host->free_kib = info->free_pages * PAGE_KIB;
    host->scrub_kib = info->scrub_pages * PAGE_KIB;
    host->outstanding_kib = info->outstanding_pages * PAGE_KIB;
    host->hvm = info->capabilities & XEN_SYSCTL_PHYSCAP_hvm;
    host->pv = info->capabilities & XEN_SYSCTL_PHYSCAP_pv;
    host->hap = info->capabilities & XEN_SYSCTL_PHYSCAP_hap;
    host->iommu = info->capabilities & XEN_SYSCTL_PHYSCAP_directio;
    return PANDO_OK;
}

/* One of the texts of xen_version; "" if the hypervisor does not give it. */
static void get_text(pando_t *pando, unsigned int cmd, size_t size, char *text, size_t room)
{
    char *buf = calloc(1, size + 1);

    text[0] = '\0';
    if (buf && hcall_version(pando->hcall, cmd, buf, size) >= 0) {
        snprintf(text, room, "%s", buf);
    }
    free(buf);
}

enum pando_code pando_host_info(pando_t *pando, struct pando_host *host)
{
    struct xen_compile_info compile = { 0 };
    xen_extraversion_t extra = "";
    long version;
    enum pando_code code;

    memset(host, 0, sizeof(*host));
    code = get_physical(pando, host);
    if (code) {
        return code;
    }
    version = hcall_version(pando->hcall, XENVER_version, NULL, 0);
    if (version < 0) {
        return pando_fail_hcall("asking for the hypervisor's version", (int)version);
    }
    host->version_major = (uint32_t)version >> 16;
    host->version_minor = (uint32_t)version & 0xffff;
    hcall_version(pando->hcall, XENVER_extraversion, extra, sizeof(extra));
    snprintf(host->hypervisor, sizeof(host->hypervisor), "%u.%u%.*s", host->version_major,
             host->version_minor, (int)sizeof(extra), extra);
    get_text(pando, XENVER_capabilities, sizeof(xen_capabilities_info_t), host->capabilities,
             sizeof(host->capabilities));
    get_text(pando, XENVER_commandline, sizeof(xen_commandline_t), host->command_line,
             sizeof(host->command_line));
    if (hcall_version(pando->hcall, XENVER_compile_info, &compile, sizeof(compile)) >= 0) {
        snprintf(host->compiler, sizeof(host->compiler), "%.*s", (int)sizeof(compile.compiler),
                 compile.compiler);
        snprintf(host->build_date, sizeof(host->build_date), "%.*s",
                 (int)sizeof(compile.compile_date), compile.compile_date);
    }
    return PANDO_OK;
}

static int read_log_step(pando_t *pando, bool clear, uint32_t *index, char *buf, uint32_t *got)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_readconsole };
    int err;

    op.u.readconsole.clear = clear;
    op.u.readconsole.incremental = 1;
    op.u.readconsole.index = *index;
    op.u.readconsole.count = LOG_STEP;
    set_xen_guest_handle(op.u.readconsole.buffer, buf);
    err = hcall_sysctl(pando->hcall, &op);
    if (!err && op.u.readconsole.count > LOG_STEP) {
        err = -EPROTO;
    }
    *index = op.u.readconsole.index;
    *got = op.u.readconsole.count;
    return err;
}

enum pando_code pando_log_read(pando_t *pando, unsigned int flags, uint32_t *cursor, char **text,
                               size_t *length)
{
    uint32_t index = cursor ? *cursor : 0, got;
    char *buf = hcall_alloc(pando->hcall, LOG_STEP), *all = malloc(1);
    size_t have = 0;
    int err = buf && all ? 0 : -ENOMEM;

    while (!err) {
        char *bigger;

        err = read_log_step(pando, flags & PANDO_LOG_CLEAR, &index, buf, &got);
        if (err || got == 0 || have + got > LOG_MAX) {
            break;
        }
        bigger = realloc(all, have + got + 1);
        if (!bigger) {
            err = -ENOMEM;
            break;
        }
        all = bigger;
        memcpy(all + have, buf, got);
        have += got;
    }
    hcall_free(pando->hcall, buf, LOG_STEP);
    if (err) {
        free(all);
        return pando_fail_hcall("reading the hypervisor's log", err);
    }
    all[have] = '\0';
    *text = all;
    *length = have;
    if (cursor) {
        *cursor = index;
    }
    return PANDO_OK;
}
