/* SPDX-License-Identifier: MIT */
#include "build_vcpu.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "build.h"
#include "handle.h"

/* Segment attributes as a VMCB has them: type, S, P; D/B and G (AMD APM vol. 2, 15.5.1). */
#define ATTR_CODE       0xc9bu
#define ATTR_DATA       0xc93u
#define ATTR_TSS        0x08bu

#define CR0_PE          1u
#define CR0_ET          0x10u
#define RFLAGS_RESERVED 2u
#define DR6_INIT        0xffff0ff0u
#define DR7_INIT        0x400u

#define MTRR_WRITE_BACK 6u
#define MTRR_ENABLE     (1u << 11)

struct records {
    uint8_t *data;
    size_t size, room;
};

static bool record_put(struct records *r, unsigned int type, unsigned int instance,
                       const void *body, size_t length)
{
    struct hvm_save_descriptor d = { .typecode = (uint16_t)type,
                                     .instance = (uint16_t)instance,
                                     .length = (uint32_t)length };

    if (sizeof(d) + length > r->room - r->size) {
        return false;
    }
    memcpy(r->data + r->size, &d, sizeof(d));
    if (length) {
        memcpy(r->data + r->size + sizeof(d), body, length);
    }
    r->size += sizeof(d) + length;
    return true;
}

static bool put_cpu(struct records *r, uint32_t entry, uint32_t start_info)
{
    HVM_SAVE_TYPE(CPU) cpu = { .rip = entry, .rbx = start_info };

    cpu.rflags = RFLAGS_RESERVED;
    cpu.cr0 = CR0_PE | CR0_ET;
    cpu.dr6 = DR6_INIT;
    cpu.dr7 = DR7_INIT;
    cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.ss_limit = 0xffffffffu;
    cpu.fs_limit = cpu.gs_limit = 0xffffffffu;
    cpu.tr_limit = 0x67;
    cpu.cs_arbytes = ATTR_CODE;
    cpu.ds_arbytes = cpu.es_arbytes = cpu.ss_arbytes = ATTR_DATA;
    cpu.fs_arbytes = cpu.gs_arbytes = ATTR_DATA;
    cpu.tr_arbytes = ATTR_TSS;
    return record_put(r, HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
}

/* Without this a guest that reads its MTRRs would take its memory to be uncached. */
static bool put_mtrr(struct records *r, unsigned int instance, const uint8_t *given, size_t length)
{
    HVM_SAVE_TYPE(MTRR) mtrr;

    if (length != sizeof(mtrr)) {
        return false;
    }
    memcpy(&mtrr, given, sizeof(mtrr));
    mtrr.msr_mtrr_def_type = MTRR_ENABLE | MTRR_WRITE_BACK;
    return record_put(r, HVM_SAVE_CODE(MTRR), instance, &mtrr, sizeof(mtrr));
}

size_t vcpu_context_build(const void *given, size_t size, uint32_t entry, uint32_t start_info,
                          void *out, size_t room)
{
    struct records r = { .data = out, .room = room };
    const uint8_t *p = given;
    bool have_header = false;

    while (size >= sizeof(struct hvm_save_descriptor)) {
        struct hvm_save_descriptor d;
        bool ok = true;

        memcpy(&d, p, sizeof(d));
        p += sizeof(d);
        size -= sizeof(d);
        if (d.length > size || (!have_header && d.typecode != HVM_SAVE_CODE(HEADER))) {
            return 0;
        }
        if (d.typecode == HVM_SAVE_CODE(END)) {
            break;
        }
        if (d.typecode == HVM_SAVE_CODE(HEADER)) {
            have_header = true;
            ok = record_put(&r, d.typecode, d.instance, p, d.length) &&
                 put_cpu(&r, entry, start_info);
        } else if (d.typecode == HVM_SAVE_CODE(MTRR)) {
            ok = put_mtrr(&r, d.instance, p, d.length);
        }
        if (!ok) {
            return 0;
        }
        p += d.length;
        size -= d.length;
    }
    if (!have_header || !record_put(&r, HVM_SAVE_CODE(END), 0, NULL, 0)) {
        return 0;
    }
    return r.size;
}

/* Gets (buffer NULL: only the size of) or sets the domain's records. */
static int context_call(struct build *build, uint32_t cmd, void *buffer, uint32_t *size)
{
    struct xen_domctl op = { .cmd = cmd, .domain = (domid_t)build->domid };
    int err;

    op.u.hvmcontext.size = *size;
    set_xen_guest_handle(op.u.hvmcontext.buffer, buffer);
    err = hcall_domctl(build->hcall, &op);
    *size = op.u.hvmcontext.size;
    return err;
}

enum pando_code build_vcpu(struct build *build)
{
    struct hcall *h = build->hcall;
    uint32_t size = 0, got;
    size_t room, used;
    uint8_t *given, *records;
    int err = context_call(build, XEN_DOMCTL_gethvmcontext, NULL, &size);

    if (err) {
        return pando_fail_hcall("reading the guest's state", err);
    }
    room = size + sizeof(HVM_SAVE_TYPE(CPU)) + 64;
    given = hcall_alloc(h, size);
    records = hcall_alloc(h, room);
    err = given && records ? 0 : -ENOMEM;
    got = size;
    if (!err) {
        err = context_call(build, XEN_DOMCTL_gethvmcontext, given, &got);
    }
    if (!err) {
        used = vcpu_context_build(given, got <= size ? got : size, build->kernel.elf.entry,
                                  (uint32_t)build->layout.start_info, records, room);
        got = (uint32_t)used;
        err = used ? context_call(build, XEN_DOMCTL_sethvmcontext, records, &got) : -EPROTO;
    }
    hcall_free(h, given, size);
    hcall_free(h, records, room);
    return err ? pando_fail_hcall("setting the first vCPU's state", err) : PANDO_OK;
}
