/* SPDX-License-Identifier: MIT */
/* Port I/O that exits, and accesses to guest physical addresses that are not mapped. */
#include <hv/arch.h>
#include <hv/log.h>
#include <hv/p2m.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/mmio.h"
#include "x86/hvm/vpci.h"
#include "x86/mm/dirty_log.h"
#include "x86/mm/p2m_x86.h"
#include "x86/mm/paging.h"

#define PORT_DEBUG 0xe9
#define PORT_PIT2  0x42

static uint32_t size_mask(unsigned int size)
{
    return size == 4 ? ~0u : (1u << (size * 8)) - 1;
}

static bool is_pci_port(const struct vcpu *v, uint16_t port)
{
    return v->domain->arch->vpci && port >= 0xcf8 && port <= 0xcff;
}

/* No device is there: a bus reads as all ones. */
static uint32_t port_read(struct vcpu *v, uint16_t port, unsigned int size)
{
    if (port == PORT_DEBUG)
        return PORT_DEBUG; /* what a debug console answers */
    /* A PIT channel that stands at all ones looks to Linux like one worth 100,000 more reads. */
    if (port == PORT_PIT2)
        return 0;
    if (is_pci_port(v, port))
        return vpci_port_read(v->domain, port, size);
    return ~0u;
}

static void port_write(struct vcpu *v, uint16_t port, unsigned int size, uint32_t value)
{
    if (port == PORT_DEBUG)
        domain_debug_char(v->domain, (char)value);
    else if (is_pci_port(v, port))
        vpci_port_write(v->domain, port, size, value);
}

void hvm_io(struct vcpu *v)
{
    const struct vmexit *x = &v->arch->exit;
    uint64_t *rax = &v->arch->gpr[REG_RAX];
    uint32_t mask = size_mask(x->io.size);

    if (x->io.string) { /* no device behind a trapped port understands strings */
        x86_inject_exception(v, EXC_GP, 0);
        return;
    }
    if (!hvm_skip_insn(v))
        return;
    if (!x->io.in)
        port_write(v, x->io.port, x->io.size, (uint32_t)*rax & mask);
    else if (x->io.size == 4)
        *rax = port_read(v, x->io.port, 4);
    else
        *rax = (*rax & ~(uint64_t)mask) | (port_read(v, x->io.port, x->io.size) & mask);
}

/* Dom0 sees the machine's own devices: mapped when they are first touched. */
static bool map_device(struct domain *d, paddr_t gpa)
{
    mfn_t m = paddr_to_mfn(gpa);

    if (!d->is_privileged || host_ram_at(gpa) || gpa >> d->arch->paddr_bits ||
        mmio_is_reserved(gpa))
        return false;
    return !p2m_set(d, gfn(m.v), m, ORDER_4K, p2m_mmio_direct);
}

/* Code in a leaf that is too large to execute from; false: it isn't. */
static bool break_up_code(struct domain *d, gfn_t g, unsigned int order, enum p2m_type t)
{
    if (!order || t == p2m_invalid || !p2m_format->small_code || !p2m_format->small_code())
        return false;
    if (p2m_break_up(d, g))
        domain_crash(d, "no memory, or none left to it, for the tables of its code at gfn %#lx",
                     g.v);
    return true;
}

void hvm_nested_fault(struct vcpu *v)
{
    const struct vmexit *x = &v->arch->exit;
    gfn_t g = gfn(x->fault.gpa >> PAGE_SHIFT);
    struct domain *d = v->domain;
    unsigned int order;
    enum p2m_type t;

    /* Another vCPU may have mended it meanwhile, or it is a flush that is not seen yet. */
    p2m_lookup(d, g, &t, &order);
    if (x->fault.fetch && break_up_code(d, g, order, t))
        return;
    if (unlikely(x->fault.fetch && p2m_holds_ref(t))) {
        log_domain(d, LOG_WARNING, "vCPU %u executes another domain's page, at %#lx\n", v->id,
                   v->arch->rip);
        x86_inject_exception(v, EXC_GP, 0);
        return;
    }
    if (x->fault.write && t == p2m_ram_rw && unlikely(d->dirty_log) &&
        dirty_log_fault(d, x->fault.gpa >> PAGE_SHIFT))
        return;
    if (p2m_is_writable(t) || t == p2m_mmio_direct || (t != p2m_invalid && !x->fault.write)) {
        vendor->flush_tlb(v);
        return;
    }
    if (mmio_handle(v, x->fault.gpa, x->fault.write))
        return;
    if (t == p2m_invalid && map_device(d, x->fault.gpa))
        return;
    mmio_unclaimed(v, x->fault.gpa, x->fault.write);
}
