/* SPDX-License-Identifier: MIT */
/*
 * All hypercalls of the library go through here. What it makes use of, for those who implement the
 * other side (D domctl, S sysctl, M memory_op, V xen_version, H hvm_op, E event_channel_op,
 * G grant_table_op):
 *
 *   host information        S.physinfo  S.numainfo  S.cputopoinfo
 *                           S.cpupool_op INFO, S.scheduler_op and D.scheduler_op getinfo
 *                           V.version V.extraversion V.compile_info V.capabilities
 *                           V.commandline
 *   log                     S.readconsole (clear, incremental with index)
 *   list, info              S.getdomaininfolist  (max_domains 1..64, first_domain any)
 *   vCPUs                   D.getvcpuinfo  D.getvcpuaffinity (both flags)
 *                           Pando's own sysctl: hv/include/hv/stats_abi.h (-ENOSYS tolerated)
 *   event channels, grants  E.status of all ports  G.query_size  G.get_version, the grant table's
 *                           frames and status frames by privcmd's MMAP_RESOURCE
 *   create                  D.createdomain (domid DOMID_INVALID: any; hvm | hap, LAPIC emulated)
 *                           D.max_vcpus  D.setvcpuaffinity (hard)  D.max_mem
 *                           D.set_paging_mempool_size (-ENOSYS and -EOPNOTSUPP tolerated)
 *                           M.populate_physmap (orders 18, 9, 0)  M.set_memory_map
 *                           E.alloc_unbound (dom: the guest, remote_dom: 0)
 *                           H.set_param (STORE_PFN, STORE_EVTCHN, CONSOLE_PFN, CONSOLE_EVTCHN)
 *                           D.gethvmcontext (also for the size)  D.sethvmcontext (HEADER, CPU of
 *                           vCPU 0, MTRR of all vCPUs that gethvmcontext gave one for, END)
 *                           foreign frames by privcmd's MMAPBATCH_V2, grant table frame 0 by its
 *                           MMAP_RESOURCE
 *   lifecycle               D.pausedomain  D.unpausedomain  D.destroydomain (-EAGAIN and
 *                           -ERESTART: again)
 *   memory                  D.max_mem
 *   on_crash rename-restart D.setdomainhandle
 */
#include "hcall_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/sys/privcmd.h>

#define PRIVCMD_PATH   "/dev/xen/privcmd"
#define HYPERCALL_PATH "/dev/xen/hypercall"

static const char *open_reason(int err)
{
    switch (err) {
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
        return "there is no " PRIVCMD_PATH ": this is not dom0 of a Pando host, or the kernel "
               "module xen-privcmd is not loaded (modprobe xen-privcmd)";
    case -EACCES:
    case -EPERM:
        return PRIVCMD_PATH " cannot be opened: controlling the host needs root";
    default:
        return PRIVCMD_PATH " cannot be opened";
    }
}

int hcall_open(struct hcall **hcall, const char **why)
{
    struct hcall *h = calloc(1, sizeof(*h));
    int err;

    if (!h) {
        *why = "out of memory";
        return -ENOMEM;
    }
    h->privcmd = open(PRIVCMD_PATH, O_RDWR | O_CLOEXEC);
    if (h->privcmd < 0) {
        err = -errno;
        *why = open_reason(err);
        free(h);
        return err;
    }
    /* Kernels before 4.18 have no such device: plain locked memory does then. */
    h->buffers = open(HYPERCALL_PATH, O_RDWR | O_CLOEXEC);
    h->gntdev = -1;
    pthread_mutex_init(&h->lock, NULL);
    *hcall = h;
    return 0;
}

static size_t round_page(size_t size)
{
    return (size + XEN_PAGE_SIZE - 1) & ~(XEN_PAGE_SIZE - 1);
}

static void *map_buffer(struct hcall *h, size_t size)
{
    int flags = MAP_SHARED, fd = h->buffers;
    void *buf;

    if (fd < 0) {
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE;
    }
    buf = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (buf == MAP_FAILED) {
        return NULL;
    }
    /* After a fork the page would become copy-on-write under the hypervisor's feet. */
    if (fd < 0 && madvise(buf, size, MADV_DONTFORK) < 0) {
        munmap(buf, size);
        return NULL;
    }
    return buf;
}

void *hcall_alloc(struct hcall *h, size_t size)
{
    void *buf = NULL;

    if (size == 0 || size > HCALL_BUFFER_MAX) {
        return NULL;
    }
    size = round_page(size);
    if (size == XEN_PAGE_SIZE) {
        pthread_mutex_lock(&h->lock);
        if (h->cached) {
            buf = h->cache[--h->cached];
        }
        pthread_mutex_unlock(&h->lock);
    }
    if (!buf) {
        buf = map_buffer(h, size);
    }
    if (buf) {
        memset(buf, 0, size);
    }
    return buf;
}

void hcall_free(struct hcall *h, void *buf, size_t size)
{
    if (!buf) {
        return;
    }
    size = round_page(size);
    if (size == XEN_PAGE_SIZE) {
        pthread_mutex_lock(&h->lock);
        if (h->cached < HCALL_CACHE) {
            h->cache[h->cached++] = buf;
            buf = NULL;
        }
        pthread_mutex_unlock(&h->lock);
    }
    if (buf) {
        munmap(buf, size);
    }
}

void hcall_close(struct hcall *h)
{
    if (!h) {
        return;
    }
    while (h->cached) {
        munmap(h->cache[--h->cached], XEN_PAGE_SIZE);
    }
    if (h->buffers >= 0) {
        close(h->buffers);
    }
    if (h->gntdev >= 0) {
        close(h->gntdev);
    }
    close(h->privcmd);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

long hcall_raw(struct hcall *h, unsigned int number, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
    privcmd_hypercall_t call = { .op = number, .arg = { arg0, arg1, arg2 } };
    int result = ioctl(h->privcmd, IOCTL_PRIVCMD_HYPERCALL, &call);

    return result < 0 ? -errno : result;
}

/*
 * Calls number(cmd, copy of arg, 1), or number(copy of arg) for calls whose command is inside. The
 * 1 counts arguments where there may be several (grant_table_op); others take no third.
 */
static long call_copied(struct hcall *h, unsigned int number, const unsigned int *cmd, void *arg,
                        size_t size)
{
    void *copy = hcall_alloc(h, size);
    long result;

    if (!copy) {
        return -ENOMEM;
    }
    memcpy(copy, arg, size);
    if (cmd) {
        result = hcall_raw(h, number, *cmd, (uintptr_t)copy, 1);
    } else {
        result = hcall_raw(h, number, (uintptr_t)copy, 0, 0);
    }
    memcpy(arg, copy, size);
    hcall_free(h, copy, size);
    return result;
}

int hcall_domctl(struct hcall *h, struct xen_domctl *op)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return (int)call_copied(h, __HYPERVISOR_domctl, NULL, op, sizeof(*op));
}

int hcall_sysctl(struct hcall *h, struct xen_sysctl *op)
{
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return (int)call_copied(h, __HYPERVISOR_sysctl, NULL, op, sizeof(*op));
}

long hcall_memory(struct hcall *h, unsigned int cmd, void *arg, size_t size)
{
    return call_copied(h, __HYPERVISOR_memory_op, &cmd, arg, size);
}

int hcall_event(struct hcall *h, unsigned int cmd, void *arg, size_t size)
{
    return (int)call_copied(h, __HYPERVISOR_event_channel_op, &cmd, arg, size);
}

int hcall_grant(struct hcall *h, unsigned int cmd, void *arg, size_t size)
{
    return (int)call_copied(h, __HYPERVISOR_grant_table_op, &cmd, arg, size);
}

long hcall_version(struct hcall *h, unsigned int cmd, void *arg, size_t size)
{
    if (!arg) {
        return hcall_raw(h, __HYPERVISOR_xen_version, cmd, 0, 0);
    }
    return call_copied(h, __HYPERVISOR_xen_version, &cmd, arg, size);
}

int hcall_param_set(struct hcall *h, uint32_t domid, uint32_t param, uint64_t value)
{
    struct xen_hvm_param arg = { .domid = (domid_t)domid, .index = param, .value = value };
    unsigned int cmd = HVMOP_set_param;

    return (int)call_copied(h, __HYPERVISOR_hvm_op, &cmd, &arg, sizeof(arg));
}

int hcall_param_get(struct hcall *h, uint32_t domid, uint32_t param, uint64_t *value)
{
    struct xen_hvm_param arg = { .domid = (domid_t)domid, .index = param };
    unsigned int cmd = HVMOP_get_param;
    int err = (int)call_copied(h, __HYPERVISOR_hvm_op, &cmd, &arg, sizeof(arg));

    *value = arg.value;
    return err;
}

int hcall_evtchn_alloc(struct hcall *h, uint32_t domid, uint32_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound arg = { .dom = (domid_t)domid, .remote_dom = (domid_t)remote };
    int err = hcall_event(h, EVTCHNOP_alloc_unbound, &arg, sizeof(arg));

    *port = arg.port;
    return err;
}
