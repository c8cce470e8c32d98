/* SPDX-License-Identifier: MIT */
/*
 * Another domain, made the way a tool makes one. Its kernel is this kernel again: the
 * same image at the same place, entered with a start info that does not say "dom0".
 */
#include "lib.h"

#include <xen/hvm/save.h>

extern uint8_t image_start[], image_data_end[], image_end[], _start[];

#define IMAGE_PAGES ((unsigned int)((image_end - image_start) / PAGE_SIZE))
#define INFO_GFN    (CHILD_BASE / PAGE_SIZE)

long domain_populate(domid_t domid, uint64_t gfn, unsigned int count, unsigned int order)
{
    xen_pfn_t list[256];
    struct xen_memory_reservation r = { .extent_order = order, .domid = domid };
    long done = 0;

    set_xen_guest_handle(r.extent_start, list);
    while (count) {
        unsigned int n = count < ARRAY_SIZE(list) ? count : (unsigned int)ARRAY_SIZE(list);
        long rc;

        for (unsigned int i = 0; i < n; i++, gfn += 1UL << order)
            list[i] = gfn;
        r.nr_extents = n;
        rc = memory_op(XENMEM_populate_physmap, &r);
        if (rc < 0)
            return rc;
        done += rc;
        if (rc < (long)n)
            break;
        count -= n;
    }
    return done;
}

long domain_create(unsigned int vcpus, unsigned int max_pages)
{
    struct xen_domctl op = { 0 };
    long rc;
    domid_t domid;

    op.u.createdomain = (struct xen_domctl_createdomain){
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
        .max_vcpus = vcpus,
        .max_evtchn_port = 1023,
        .max_grant_frames = 4,
        .max_maptrack_frames = 4,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    rc = domctl(XEN_DOMCTL_createdomain, 0, &op);
    if (rc)
        return rc;
    domid = op.domain;
    memset(&op, 0, sizeof(op));
    op.u.max_vcpus.max = vcpus;
    rc = domctl(XEN_DOMCTL_max_vcpus, domid, &op);
    if (!rc) {
        memset(&op, 0, sizeof(op));
        op.u.max_mem.max_memkb = (uint64_t)(max_pages + IMAGE_PAGES + CHILD_PAGES + 1) * 4;
        rc = domctl(XEN_DOMCTL_max_mem, domid, &op);
    }
    if (rc)
        domain_destroy(domid);
    return rc ? rc : domid;
}

/* Holes that foreign_unmap left: new ones would cost the hypervisor tables. */
static uint64_t holes[16];
static unsigned int nr_holes;

void *foreign_map(domid_t domid, uint64_t gfn)
{
    uint64_t at = nr_holes ? holes[--nr_holes] : hole_alloc(1);
    xen_ulong_t idx = gfn;
    xen_pfn_t gpfn = at >> 12;
    int err = 0;
    struct xen_add_to_physmap_batch b = { .domid = DOMID_SELF,
                                          .space = XENMAPSPACE_gmfn_foreign,
                                          .size = 1 };

    b.u.foreign_domid = domid;
    set_xen_guest_handle(b.idxs, &idx);
    set_xen_guest_handle(b.gpfns, &gpfn);
    set_xen_guest_handle(b.errs, &err);
    if (!memory_op(XENMEM_add_to_physmap_batch, &b) && !err)
        return (void *)at;
    if (nr_holes < ARRAY_SIZE(holes))
        holes[nr_holes++] = at;
    return NULL;
}

long foreign_unmap(void *at)
{
    struct xen_remove_from_physmap x = { .domid = DOMID_SELF, .gpfn = (uint64_t)at >> 12 };
    long rc = memory_op(XENMEM_remove_from_physmap, &x);

    if (!rc && nr_holes < ARRAY_SIZE(holes))
        holes[nr_holes++] = (uint64_t)at;
    return rc;
}

/* The image without what it keeps in .bss, which is zero in fresh memory. */
static long copy_image(domid_t domid)
{
    for (uint8_t *p = image_start; p < image_data_end; p += PAGE_SIZE) {
        void *to = foreign_map(domid, (uint64_t)p >> 12);

        if (!to)
            return -E_ENOMEM;
        memcpy(to, p, PAGE_SIZE);
        foreign_unmap(to);
    }
    return 0;
}

static long set_info(domid_t domid, uint64_t arg)
{
    struct hvm_start_info *info = foreign_map(domid, INFO_GFN);

    if (!info)
        return -E_ENOMEM;
    memset(info, 0, sizeof(*info));
    info->magic = XEN_HVM_START_MAGIC_VALUE;
    info->reserved = (uint32_t)arg;
    return foreign_unmap(info);
}

/* @refused: a code segment of 64 and of 32 bits, which no CPU enters. */
static long set_state(domid_t domid, bool refused)
{
    static struct {
        struct hvm_save_descriptor header_desc;
        struct hvm_save_header header;
        struct hvm_save_descriptor cpu_desc;
        struct hvm_hw_cpu cpu;
        struct hvm_save_descriptor end_desc;
    } __attribute__((packed)) s;
    struct xen_domctl op = { 0 };

    memset(&s, 0, sizeof(s));
    s.header_desc.typecode = HVM_SAVE_CODE(HEADER);
    s.header_desc.length = sizeof(s.header);
    s.header.magic = HVM_FILE_MAGIC;
    s.header.version = HVM_FILE_VERSION;
    s.cpu_desc.typecode = HVM_SAVE_CODE(CPU);
    s.cpu_desc.length = sizeof(s.cpu);
    s.cpu.rip = (uint64_t)_start;
    s.cpu.rbx = INFO_GFN * PAGE_SIZE;
    s.cpu.cr0 = 0x11;
    s.cpu.rflags = 2;
    s.cpu.cs_limit = s.cpu.ds_limit = s.cpu.ss_limit = s.cpu.es_limit = ~0u;
    s.cpu.cs_arbytes = 0xc9b;
    s.cpu.ds_arbytes = s.cpu.ss_arbytes = s.cpu.es_arbytes = 0xc93;
    s.cpu.tr_limit = 0x67;
    s.cpu.tr_arbytes = 0x8b;
    s.cpu.dr6 = 0xffff0ff0;
    s.cpu.dr7 = 0x400;
    s.cpu.msr_lstar = 1UL << 63; /* no address: no reason for a host to fall */
    if (refused) {
        s.cpu.cr0 |= 1UL << 31;
        s.cpu.cr4 = 0x20;       /* PAE */
        s.cpu.msr_efer = 0x100; /* LME */
        s.cpu.cs_arbytes = 0xe9b;
    }
    op.u.hvmcontext.size = sizeof(s);
    set_xen_guest_handle(op.u.hvmcontext.buffer, (uint8_t *)&s);
    return domctl(XEN_DOMCTL_sethvmcontext, domid, &op);
}

long domain_load(domid_t domid, uint64_t arg)
{
    long rc = domain_populate(domid, (uint64_t)image_start >> 12, IMAGE_PAGES, 0);

    if (rc != (long)IMAGE_PAGES)
        return rc < 0 ? rc : -E_ENOMEM;
    rc = domain_populate(domid, CHILD_BASE >> 12, CHILD_PAGES, 0);
    if (rc != CHILD_PAGES)
        return rc < 0 ? rc : -E_ENOMEM;
    if (domain_populate(domid, CHILD_LOW_PAGE >> 12, 1, 0) != 1)
        return -E_ENOMEM;
    rc = copy_image(domid);
    if (!rc)
        rc = set_info(domid, arg);
    if (!rc)
        rc = set_state(domid, false);
    return rc;
}

long domain_start_refused(domid_t domid)
{
    long rc = set_state(domid, true);

    return rc ? rc : domain_unpause(domid);
}

long domain_start(domid_t domid, uint64_t arg)
{
    long rc = domain_load(domid, arg);

    return rc ? rc : domain_unpause(domid);
}

long domain_destroy(domid_t domid)
{
    struct xen_domctl op = { 0 };

    return domctl(XEN_DOMCTL_destroydomain, domid, &op);
}

long domain_pause(domid_t domid)
{
    struct xen_domctl op = { 0 };

    return domctl(XEN_DOMCTL_pausedomain, domid, &op);
}

long domain_unpause(domid_t domid)
{
    struct xen_domctl op = { 0 };

    return domctl(XEN_DOMCTL_unpausedomain, domid, &op);
}

bool domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = { 0 };

    if (domctl(XEN_DOMCTL_getdomaininfo, domid, &op) || op.domain != domid)
        return false;
    *info = op.u.getdomaininfo;
    return true;
}

bool domain_gone(domid_t domid)
{
    struct xen_domctl_getdomaininfo info;

    return WAIT_FOR(!domain_info(domid, &info), 3000);
}
