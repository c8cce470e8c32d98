/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/log.h>
#include <hv/p2m.h>

#include "x86/cpu/ioapic.h"
#include "x86/emulate/execute.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/mmio.h"
#include "x86/hvm/vioapic.h"
#include "x86/hvm/vlapic.h"
#include "x86/hvm/vpci.h"
#include "x86/mm/guest_walk.h"
#include "x86/mm/p2m_x86.h"

/* An access that is emulated, from the fault to the end of the instruction. */
struct access {
    struct emulation e;
    struct vcpu *v;
    struct x86_paging paging;
    unsigned int mode;                /* of the code segment: 2, 4, 8 */
    paddr_t gpa;                      /* where the CPU met the fault, */
    bool write;                       /* and how */
    const struct mmio_device *device; /* there; NULL: none */
};

/* --- the local APIC, in xAPIC mode: registers of 32 bits, 16 bytes apart ------------------- */

#define APIC_BASE_ENABLED 0x800UL
#define APIC_BASE_X2APIC  0x400UL

static bool lapic_match(struct vcpu *v, paddr_t gpa)
{
    uint64_t base = vlapic_base(v);

    return gpa >> PAGE_SHIFT == (base & 0xffffffffff000UL) >> PAGE_SHIFT &&
           (base & (APIC_BASE_ENABLED | APIC_BASE_X2APIC)) == APIC_BASE_ENABLED;
}

static uint64_t lapic_read(struct vcpu *v, paddr_t gpa, unsigned int size)
{
    uint32_t value;

    if (size != 4 || gpa & 0xf || !vlapic_read(v, gpa & (PAGE_SIZE - 1), &value))
        return 0;
    return value;
}

static void lapic_write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t value)
{
    if (size == 4 && !(gpa & 0xf))
        vlapic_write(v, gpa & (PAGE_SIZE - 1), (uint32_t)value);
}

static const struct mmio_device lapic = { lapic_match, lapic_read, lapic_write };

/* --- nothing at all --- */

static uint64_t nothing_read(struct vcpu *v, paddr_t gpa, unsigned int size)
{
    log_domain(v->domain, LOG_WARNING, "read of %#lx, where nothing is, at %#lx\n", gpa,
               v->arch->rip);
    return ~0UL >> (64 - size * 8);
}

static void nothing_write(struct vcpu *v, paddr_t gpa, unsigned int size, uint64_t value)
{
    log_domain(v->domain, LOG_WARNING, "write to %#lx, where nothing is, at %#lx\n", gpa,
               v->arch->rip);
}

static const struct mmio_device *const devices[] = { &lapic, &vioapic_mmio, &vpci_msix_mmio,
                                                     &vpci_ecam_mmio };

static const struct mmio_device *find_device(struct vcpu *v, paddr_t gpa)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
        if (devices[i]->match(v, gpa))
            return devices[i];
    }
    return NULL;
}

/* --- the instruction ----------------------------------------------------------------------- */

static void not_emulable(struct access *a, const uint8_t *bytes, unsigned int n)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * INSN_MAX_LENGTH + 1];

    for (unsigned int i = 0; i < n; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * n] = 0;
    domain_crash(a->v->domain,
                 "vCPU %u at %#lx accesses %#lx by an instruction that can't be emulated: %s",
                 a->v->id, a->e.rip, a->gpa, hex);
}

/* A failed walk of the guest's page tables, as the guest is to see it. */
static void raise(struct access *a, int rc, vaddr_t va, uint32_t pf_error, enum x86_seg seg)
{
    if (rc == -EFAULT)
        x86_inject_page_fault(a->v, pf_error, va);
    else
        x86_inject_exception(a->v, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
}

static unsigned int user_access(const struct access *a)
{
    return a->paging.cpl == 3 ? ACCESS_USER : 0;
}

/* As much of the instruction as its page has, and of the next one if @all; 0: fault raised. */
static unsigned int fetch(struct access *a, vaddr_t rip, uint8_t *bytes, bool all)
{
    unsigned int n = 0, len = INSN_MAX_LENGTH;
    uint32_t pf_error = 0;
    paddr_t gpa;

    do {
        unsigned int part = (unsigned int)min((uint64_t)len - n, PAGE_SIZE - (rip & ~PAGE_MASK));
        int rc = guest_walk(&a->v->arch->view, &a->paging, rip, ACCESS_FETCH | user_access(a), &gpa,
                            &pf_error);

        if (rc) {
            raise(a, rc, rip, pf_error, SEG_CS);
            return 0;
        }
        if (!p2m_view_read(&a->v->arch->view, gpa, bytes + n, part)) {
            domain_crash(a->v->domain, "vCPU %u: its instruction at %#lx can't be read", a->v->id,
                         rip);
            return 0;
        }
        n += part;
        rip += part;
    } while (all && n < len);
    return n;
}

static bool decode(struct access *a, const uint8_t *bytes, unsigned int n)
{
    return insn_decode(&a->e.insn, bytes, n, a->mode) == DECODE_OK;
}

static bool fetch_and_decode(struct access *a, vaddr_t at)
{
    const struct vmexit *x = &a->v->arch->exit;
    uint8_t bytes[INSN_MAX_LENGTH];
    enum decode_result rc;
    unsigned int n;

    if (x->insn_bytes && decode(a, x->insn_bytes, x->nr_insn_bytes))
        return true;
    n = fetch(a, at, bytes, false);
    if (!n)
        return false;
    rc = insn_decode(&a->e.insn, bytes, n, a->mode);
    if (unlikely(rc == DECODE_TRUNCATED)) {
        n = fetch(a, at, bytes, true);
        if (!n)
            return false;
        rc = insn_decode(&a->e.insn, bytes, n, a->mode);
    }
    if (unlikely(rc != DECODE_OK))
        not_emulable(a, bytes, n);
    return rc == DECODE_OK;
}

/* --- its operands -------------------------------------------------------------------------- */

static struct access *access_of(struct emulation *e)
{
    return container_of(e, struct access, e);
}

/* The linear address; false: beyond the segment's limit, and the fault is raised. */
static bool linear(struct access *a, enum x86_seg seg, uint64_t offset, unsigned int size,
                   vaddr_t *va)
{
    struct x86_segment s;
    bool expands_down;

    if (likely(a->mode == 8 && seg < SEG_FS)) {
        *va = offset;
        return true;
    }
    vendor->get_segment(a->v, seg, &s);
    if (a->mode == 8) {
        *va = s.base + offset;
        return true;
    }
    expands_down = (SEG_ATTR_TYPE(s.attr) & 0xc) == 4;
    if (!expands_down && (offset > s.limit || size - 1 > s.limit - offset)) {
        x86_inject_exception(a->v, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
        return false;
    }
    *va = (uint32_t)(s.base + offset);
    return true;
}

/*
 * The CPU has translated the address already, with all its checks, if this is the
 * access that faulted. That can't be known for sure, as the guest may have changed
 * the instruction meanwhile; then it gets at what it was allowed to get at a
 * moment ago.
 */
static bool is_faulting_access(const struct access *a, vaddr_t va, bool write)
{
    return (va & ~PAGE_MASK) == (a->gpa & ~PAGE_MASK) && (!write || a->write) &&
           a->e.insn.form != FORM_STRING;
}

static bool translate(struct access *a, enum x86_seg seg, vaddr_t va, bool write, paddr_t *gpa)
{
    uint32_t pf_error = 0;
    int rc = guest_walk(&a->v->arch->view, &a->paging, va,
                        user_access(a) | (write ? ACCESS_WRITE : 0), gpa, &pf_error);

    if (rc)
        raise(a, rc, va, pf_error, seg);
    return !rc;
}

/*
 * No device of ours: memory (read-only, or the other operand of a string instruction),
 * nothing, or a device that is mapped through.
 */
static bool access_memory(struct access *a, paddr_t gpa, unsigned int size, uint64_t *value,
                          bool write)
{
    struct domain *d = a->v->domain;
    enum p2m_type t;
    int rc;

    p2m_lookup(d, gfn(PFN_DOWN(gpa)), &t, NULL);
    if (t == p2m_mmio_direct) {
        domain_crash(d, "vCPU %u at %#lx copies between %#lx and %#lx, both devices", a->v->id,
                     a->e.rip, a->gpa, gpa);
        return false;
    }
    if (t == p2m_invalid) {
        if (write)
            nothing_write(a->v, gpa, size, *value);
        else
            *value = nothing_read(a->v, gpa, size);
        return true;
    }
    if (write && !p2m_is_writable(t)) {
        log_domain(d, LOG_WARNING, "write to %#lx, which is read-only, at %#lx\n", gpa, a->e.rip);
        return true;
    }
    rc = write ? copy_to_guest_pa(d, gpa, value, size) : copy_from_guest_pa(d, value, gpa, size);
    if (rc)
        domain_crash(d, "vCPU %u at %#lx: memory at %#lx went away", a->v->id, a->e.rip, gpa);
    return !rc;
}

static bool access_page(struct access *a, enum x86_seg seg, vaddr_t va, unsigned int size,
                        uint64_t *value, bool write)
{
    const struct mmio_device *device = a->device;
    paddr_t gpa = a->gpa;

    if (unlikely(!is_faulting_access(a, va, write))) {
        if (!translate(a, seg, va, write, &gpa))
            return false;
        device = gpa >> PAGE_SHIFT == a->gpa >> PAGE_SHIFT ? a->device : find_device(a->v, gpa);
    }
    if (unlikely(!device))
        return access_memory(a, gpa, size, value, write);
    if (write)
        device->write(a->v, gpa, size, *value);
    else
        *value = device->read(a->v, gpa, size) & (~0UL >> (64 - size * 8));
    return true;
}

static bool access(struct access *a, enum x86_seg seg, uint64_t offset, unsigned int size,
                   uint64_t *value, bool write)
{
    unsigned int first;
    uint64_t low, high;
    vaddr_t va;

    if (!linear(a, seg, offset, size, &va))
        return false;
    first = (unsigned int)(PAGE_SIZE - (va & ~PAGE_MASK));
    if (likely(first >= size))
        return access_page(a, seg, va, size, value, write);
    /* Over the end of a page: byte by byte. */
    low = 0;
    for (unsigned int i = 0; i < size; i++) {
        high = *value >> i * 8 & 0xff;
        if (!access_page(a, seg, va + i, 1, &high, write))
            return false;
        low |= high << i * 8;
    }
    *value = low;
    return true;
}

static bool read(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                 uint64_t *value)
{
    *value = 0;
    return access(access_of(e), seg, offset, size, value, false);
}

static bool write(struct emulation *e, enum x86_seg seg, uint64_t offset, unsigned int size,
                  uint64_t value)
{
    return access(access_of(e), seg, offset, size, &value, true);
}

static const struct emulate_ops ops = { read, write };

static unsigned int code_mode(const struct access *a, const struct x86_segment *cs)
{
    if (a->paging.efer & X86_EFER_LMA && cs->attr & SEG_ATTR_L)
        return 8;
    return cs->attr & SEG_ATTR_DB ? 4 : 2;
}

static void emulate(struct vcpu *v, paddr_t gpa, bool is_write, const struct mmio_device *device)
{
    struct arch_vcpu *arch = v->arch;
    struct access a;
    struct x86_segment cs;
    enum emulate_result rc;

    if (unlikely(arch->exit.fault.table_walk || arch->exit.fault.fetch)) {
        vendor->report(v);
        domain_crash(v->domain, "vCPU %u at %#lx: %s at %#lx, where no memory is", v->id, arch->rip,
                     arch->exit.fault.fetch ? "instructions" : "page tables", gpa);
        return;
    }
    if (unlikely(arch->pending.valid)) { /* the access is not of the instruction at RIP */
        domain_crash(v->domain, "vCPU %u at %#lx: delivery of vector %u accesses %#lx", v->id,
                     arch->rip, arch->pending.vector, gpa);
        return;
    }
    a.v = v;
    a.gpa = gpa;
    a.write = is_write;
    a.device = device;
    vendor->get_paging(v, &a.paging);
    vendor->get_segment(v, SEG_CS, &cs);
    a.mode = code_mode(&a, &cs);
    a.e.ops = &ops;
    a.e.gpr = arch->gpr;
    a.e.rip = arch->rip;
    a.e.rflags = arch->rflags;
    if (!fetch_and_decode(&a, a.mode == 8 ? arch->rip : (uint32_t)(cs.base + arch->rip)))
        return;
    arch->gpr[REG_RSP] = arch->rsp;
    rc = insn_execute(&a.e);
    arch->rsp = arch->gpr[REG_RSP];
    if (rc != EMULATE_DONE)
        return;
    arch->rflags = a.e.rflags & ~X86_RFLAGS_RF;
    arch->rip += a.e.insn.length;
    if (a.mode != 8)
        arch->rip = (uint32_t)arch->rip;
    vendor->end_instruction(v);
}

bool mmio_handle(struct vcpu *v, paddr_t gpa, bool is_write)
{
    const struct mmio_device *device = find_device(v, gpa);

    if (!device)
        return false;
    emulate(v, gpa, is_write, device);
    return true;
}

void mmio_unclaimed(struct vcpu *v, paddr_t gpa, bool is_write)
{
    emulate(v, gpa, is_write, NULL);
}

/* Where messages of devices go, and local APICs are (APM 2, 16.3.1). */
#define MESSAGE_START 0xfee00000UL
#define MESSAGE_END   0xfef00000UL

bool mmio_is_reserved(paddr_t pa)
{
    return (pa >= MESSAGE_START && pa < MESSAGE_END) || ioapic_is_at(pa) || vpci_is_trapped(pa);
}
