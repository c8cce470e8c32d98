/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's state as save records (<xen/hvm/save.h>, <xen/arch-x86/hvm/save.h>):
 * what the builder sets for a new domain, and what save and migration move.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include <xen/hvm/save.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/fpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/save.h"

/* Register numbers in the order of struct hvm_hw_cpu's rax..r15. */
static const uint8_t gpr_order[] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RBP, REG_RSI,
                                     REG_RDI, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15 };

struct segment_fields {
    enum x86_seg seg;
    uint16_t sel, limit, base, attr; /* offsets in struct hvm_hw_cpu */
};

#define FIELDS(s, name)                                                                            \
    {                                                                                              \
        s, offsetof(struct hvm_hw_cpu, name##_sel), offsetof(struct hvm_hw_cpu, name##_limit),     \
            offsetof(struct hvm_hw_cpu, name##_base), offsetof(struct hvm_hw_cpu, name##_arbytes)  \
    }

static const struct segment_fields segments[] = {
    FIELDS(SEG_CS, cs), FIELDS(SEG_DS, ds), FIELDS(SEG_ES, es), FIELDS(SEG_FS, fs),
    FIELDS(SEG_GS, gs), FIELDS(SEG_SS, ss), FIELDS(SEG_TR, tr), FIELDS(SEG_LDTR, ldtr),
};

static uint32_t *field32(struct hvm_hw_cpu *c, uint16_t offset)
{
    return (uint32_t *)((char *)c + offset);
}

static uint64_t *field64(struct hvm_hw_cpu *c, uint16_t offset)
{
    return (uint64_t *)((char *)c + offset);
}

static void save_segments(struct vcpu *v, struct hvm_hw_cpu *c)
{
    struct x86_table gdt, idt;

    for (unsigned int i = 0; i < ARRAY_SIZE(segments); i++) {
        const struct segment_fields *f = &segments[i];
        struct x86_segment s;

        vendor->get_segment(v, f->seg, &s);
        *field32(c, f->sel) = s.sel;
        *field32(c, f->limit) = s.limit;
        *field64(c, f->base) = s.base;
        *field32(c, f->attr) = s.attr;
    }
    vendor->get_table(v, false, &gdt);
    vendor->get_table(v, true, &idt);
    c->gdtr_limit = gdt.limit;
    c->gdtr_base = gdt.base;
    c->idtr_limit = idt.limit;
    c->idtr_base = idt.base;
}

static void load_segments(struct vcpu *v, struct hvm_hw_cpu *c)
{
    struct x86_table gdt = { (uint16_t)c->gdtr_limit, c->gdtr_base };
    struct x86_table idt = { (uint16_t)c->idtr_limit, c->idtr_base };

    for (unsigned int i = 0; i < ARRAY_SIZE(segments); i++) {
        const struct segment_fields *f = &segments[i];
        struct x86_segment s = { (uint16_t)*field32(c, f->sel), (uint16_t)*field32(c, f->attr),
                                 *field32(c, f->limit), *field64(c, f->base) };

        vendor->set_segment(v, f->seg, &s);
    }
    vendor->set_table(v, false, &gdt);
    vendor->set_table(v, true, &idt);
}

static const struct {
    uint32_t msr;
    uint16_t offset;
} msrs[] = {
    { MSR_SYSENTER_CS, offsetof(struct hvm_hw_cpu, sysenter_cs) },
    { MSR_SYSENTER_ESP, offsetof(struct hvm_hw_cpu, sysenter_esp) },
    { MSR_SYSENTER_EIP, offsetof(struct hvm_hw_cpu, sysenter_eip) },
    { MSR_KERNEL_GS, offsetof(struct hvm_hw_cpu, shadow_gs) },
    { MSR_LSTAR, offsetof(struct hvm_hw_cpu, msr_lstar) },
    { MSR_STAR, offsetof(struct hvm_hw_cpu, msr_star) },
    { MSR_CSTAR, offsetof(struct hvm_hw_cpu, msr_cstar) },
    { MSR_SFMASK, offsetof(struct hvm_hw_cpu, msr_syscall_mask) },
};

static void save_cpu(struct vcpu *v, struct hvm_hw_cpu *c)
{
    fpu_get_legacy(v, c->fpu_regs);
    for (unsigned int i = 0; i < ARRAY_SIZE(gpr_order); i++)
        (&c->rax)[i] = gpr_order[i] == REG_RSP ? v->arch->rsp : v->arch->gpr[gpr_order[i]];
    c->rip = v->arch->rip;
    c->rflags = v->arch->rflags;
    c->cr0 = vendor->get_cr(v, 0);
    c->cr2 = vendor->get_cr(v, 2);
    c->cr3 = vendor->get_cr(v, 3);
    c->cr4 = vendor->get_cr(v, 4);
    c->dr6 = 0xffff0ff0;
    c->dr7 = vendor->get_dr7(v);
    save_segments(v, c);
    for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++)
        vendor->msr_read(v, msrs[i].msr, field64(c, msrs[i].offset));
    c->msr_efer = vendor->get_efer(v);
    c->msr_tsc_aux = v->arch->tsc_aux;
    c->tsc = rdtsc() + v->arch->tsc_offset;
    c->flags = XEN_X86_FPU_INITIALISED;
}

/* CR0.PG before EFER.LMA follows from it: EFER first. The CPU itself judges the rest at entry. */
static int load_cpu(struct vcpu *v, struct hvm_hw_cpu *c)
{
    if (c->cr0 >> 32 || (c->cr0 & (X86_CR0_NW | X86_CR0_CD)) == X86_CR0_NW ||
        (c->cr0 & (X86_CR0_PG | X86_CR0_PE)) == X86_CR0_PG ||
        !hvm_cr4_is_valid(v, c->cr4 | X86_CR4_PAE) ||
        c->msr_efer & ~(X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE))
        return -EINVAL;
    fpu_reset(v);
    if (c->flags & XEN_X86_FPU_INITIALISED)
        fpu_set_legacy(v, c->fpu_regs);
    for (unsigned int i = 0; i < ARRAY_SIZE(gpr_order); i++) {
        if (gpr_order[i] == REG_RSP)
            v->arch->rsp = (&c->rax)[i];
        else
            v->arch->gpr[gpr_order[i]] = (&c->rax)[i];
    }
    v->arch->rip = c->rip;
    v->arch->rflags = c->rflags | X86_RFLAGS_FIXED;
    vendor->set_efer(v, c->msr_efer);
    hvm_set_cr4(v, c->cr4);
    vendor->set_cr(v, 3, c->cr3);
    vendor->set_cr(v, 2, c->cr2);
    vendor->set_cr(v, 0, c->cr0);
    vendor->set_dr7(v, c->dr7);
    load_segments(v, c);
    for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++)
        vendor->msr_write(v, msrs[i].msr, *field64(c, msrs[i].offset));
    v->arch->tsc_aux = (uint32_t)c->msr_tsc_aux;
    v->arch->pending.valid = false;
    v->initialised = true;
    atomic_and(&v->pause_flags, ~VPF_DOWN);
    return 0;
}

static void save_mtrr(struct vcpu *v, struct hvm_hw_mtrr *m)
{
    memset(m, 0, sizeof(*m));
    vendor->msr_read(v, MSR_PAT, &m->msr_pat_cr);
    memcpy(m->msr_mtrr_var, v->arch->mtrr_var, sizeof(m->msr_mtrr_var));
    memcpy(m->msr_mtrr_fixed, v->arch->mtrr_fixed, sizeof(m->msr_mtrr_fixed));
    hvm_msr_read(v, MSR_MTRR_CAP, &m->msr_mtrr_cap);
    m->msr_mtrr_def_type = v->arch->mtrr_def_type;
}

static int load_mtrr(struct vcpu *v, const struct hvm_hw_mtrr *m)
{
    vendor->msr_write(v, MSR_PAT, m->msr_pat_cr);
    memcpy(v->arch->mtrr_var, m->msr_mtrr_var, sizeof(m->msr_mtrr_var));
    memcpy(v->arch->mtrr_fixed, m->msr_mtrr_fixed, sizeof(m->msr_mtrr_fixed));
    v->arch->mtrr_def_type = m->msr_mtrr_def_type;
    return 0;
}

/* --- the stream of records --- */

struct stream {
    vaddr_t buffer; /* the tool's */
    uint32_t pos, size;
};

static int put_record(struct stream *s, uint16_t type, uint16_t instance, const void *body,
                      uint32_t len)
{
    struct hvm_save_descriptor desc = { .typecode = type, .instance = instance, .length = len };

    if (s->size - s->pos < sizeof(desc) + len)
        return -ENOSPC;
    if (copy_to_guest_va(s->buffer + s->pos, &desc, sizeof(desc)) ||
        (len && copy_to_guest_va(s->buffer + s->pos + sizeof(desc), body, len)))
        return -EFAULT;
    s->pos += (uint32_t)sizeof(desc) + len;
    return 0;
}

static uint32_t context_size(const struct domain *d)
{
    const uint32_t desc = sizeof(struct hvm_save_descriptor);

    return desc + sizeof(struct hvm_save_header) + desc +
           d->max_vcpus * (2 * desc + sizeof(struct hvm_hw_cpu) + sizeof(struct hvm_hw_mtrr));
}

static int put_vcpus(struct domain *d, struct stream *s)
{
    struct hvm_hw_cpu cpu;
    struct hvm_hw_mtrr mtrr;
    struct vcpu *v;
    int rc = 0;

    for_each_vcpu(d, v) {
        memset(&cpu, 0, sizeof(cpu));
        if (rc || (atomic_read(&v->pause_flags) & VPF_DOWN && v->id))
            continue; /* a vCPU that is down has no state */
        save_cpu(v, &cpu);
        rc = put_record(s, HVM_SAVE_CODE(CPU), (uint16_t)v->id, &cpu, sizeof(cpu));
    }
    for_each_vcpu(d, v) {
        save_mtrr(v, &mtrr);
        if (!rc)
            rc = put_record(s, HVM_SAVE_CODE(MTRR), (uint16_t)v->id, &mtrr, sizeof(mtrr));
    }
    return rc;
}

int hvm_context_get(struct domain *d, struct xen_domctl_hvmcontext *c)
{
    struct hvm_save_header header = {
        .magic = HVM_FILE_MAGIC,
        .version = HVM_FILE_VERSION,
        .changeset = ~0UL,
        .cpuid = cpuid(1).a,
        .gtsc_khz = (uint32_t)tsc_khz,
    };
    struct stream s = { (vaddr_t)c->buffer.p, 0, c->size };
    int rc;

    if (!c->buffer.p) {
        c->size = context_size(d);
        return 0;
    }
    domain_pause(d);
    rc = put_record(&s, HVM_SAVE_CODE(HEADER), 0, &header, sizeof(header));
    if (!rc)
        rc = put_vcpus(d, &s);
    if (!rc)
        rc = put_record(&s, HVM_SAVE_CODE(END), 0, NULL, 0);
    domain_unpause(d);
    c->size = s.pos;
    return rc;
}

/* A record's body, which must have exactly @want bytes. */
static int get_body(struct stream *s, uint32_t len, void *body, uint32_t want)
{
    if (len != want || copy_from_guest_va(body, s->buffer + s->pos, want))
        return -EINVAL;
    return 0;
}

static int set_record(struct domain *d, struct stream *s, const struct hvm_save_descriptor *desc)
{
    struct hvm_save_header header;
    struct hvm_hw_cpu cpu;
    struct hvm_hw_mtrr mtrr;
    struct vcpu *v = domain_vcpu(d, desc->instance);
    int rc;

    switch (desc->typecode) {
    case HVM_SAVE_CODE(HEADER):
        rc = get_body(s, desc->length, &header, sizeof(header));
        if (!rc && (header.magic != HVM_FILE_MAGIC || header.version != HVM_FILE_VERSION))
            rc = -EINVAL;
        return rc;
    case HVM_SAVE_CODE(CPU):
        rc = v ? get_body(s, desc->length, &cpu, sizeof(cpu)) : -EINVAL;
        return rc ? rc : load_cpu(v, &cpu);
    case HVM_SAVE_CODE(MTRR):
        rc = v ? get_body(s, desc->length, &mtrr, sizeof(mtrr)) : -EINVAL;
        return rc ? rc : load_mtrr(v, &mtrr);
    default:
        log_domain(d, LOG_WARNING, "save record of type %u is not supported\n", desc->typecode);
        return -EOPNOTSUPP;
    }
}

#define MAX_CONTEXT (8u << 20)

int hvm_context_set(struct domain *d, const struct xen_domctl_hvmcontext *c)
{
    struct stream s = { (vaddr_t)c->buffer.p, 0, min(c->size, MAX_CONTEXT) };
    struct hvm_save_descriptor desc;
    int rc = 0;

    domain_pause(d);
    while (!rc) {
        rc = -EINVAL;
        if (s.size - s.pos < sizeof(desc) ||
            copy_from_guest_va(&desc, s.buffer + s.pos, sizeof(desc)))
            break;
        s.pos += (uint32_t)sizeof(desc);
        if (desc.typecode == HVM_SAVE_CODE(END)) {
            rc = 0;
            break;
        }
        if (desc.length > s.size - s.pos)
            break;
        rc = set_record(d, &s, &desc);
        s.pos += desc.length;
    }
    domain_unpause(d);
    return rc;
}
