/* SPDX-License-Identifier: MIT */
/*
 * A local APIC that the CPU works on by itself (SDM 3, chapter 30): registers are read, and
 * interrupts delivered and ended, without an exit; and posted interrupts (30.6), which reach a
 * vCPU that runs without one.
 *
 * Whoever has an interrupt for the vCPU notes it in its descriptor, posted or not: the bits of
 * the descriptor go into IRR at the next entry, or by the CPU itself when the notification comes
 * while the guest runs.
 */
#include <hv/arch.h>
#include <hv/atomic.h>
#include <hv/errno.h>
#include <hv/p2m.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include "x86/cpu/apic_regs.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic.h"
#include "x86/vmx/posted.h"
#include "x86/vmx/vmx.h"

static uint8_t *x2apic_bitmap; /* of MSRs, for vCPUs in x2APIC mode */

/* Registers that are only stored, or that the CPU computes, are read without an exit. */
static void let_x2apic_through(uint8_t *bitmap)
{
    static const uint8_t read[] = { 0x02, 0x03, 0x08, 0x0a, 0x0d, 0x0f, 0x28, 0x3e };
    static const uint8_t written[] = { 0x08, 0x0b, 0x3f }; /* TPR, EOI, self-IPI */

    for (unsigned int i = 0; i < ARRAY_SIZE(read); i++)
        bitmap[(MSR_X2APIC + read[i]) / 8] &= (uint8_t) ~(1u << read[i] % 8);
    for (unsigned int r = 0x10; r <= 0x27; r++) /* ISR, TMR, IRR */
        bitmap[(MSR_X2APIC + r) / 8] &= (uint8_t) ~(1u << r % 8);
    for (unsigned int r = 0x32; r <= 0x38; r++) /* LVT, initial count */
        bitmap[(MSR_X2APIC + r) / 8] &= (uint8_t) ~(1u << r % 8);
    for (unsigned int i = 0; i < ARRAY_SIZE(written); i++)
        bitmap[0x800 + (MSR_X2APIC + written[i]) / 8] &= (uint8_t) ~(1u << written[i] % 8);
}

int vmx_apic_init(const void *msr_bitmap)
{
    if (!vmx_caps.apicv)
        return 0;
    x2apic_bitmap = hv_alloc_pages(0, ALLOC_NO_SCRUB);
    if (!x2apic_bitmap)
        return -ENOMEM;
    memcpy(x2apic_bitmap, msr_bitmap, PAGE_SIZE);
    let_x2apic_through(x2apic_bitmap);
    return 0;
}

/* The page that accesses to the APIC's are recognised by. It is the domain's: none of it is read.
 */
static int access_page_create(struct domain *d)
{
    gfn_t g = gfn(VLAPIC_DEFAULT_BASE >> PAGE_SHIFT);

    if (d->arch->apic_page)
        return 0;
    d->arch->apic_page = hv_alloc_pages(0, ALLOC_ANY);
    if (!d->arch->apic_page)
        return -ENOMEM;
    memset(d->arch->apic_page, 0xff, PAGE_SIZE); /* in other modes it is seen: as nothing */
    return p2m_set(d, g, paddr_to_mfn(virt_to_paddr(d->arch->apic_page)), ORDER_4K,
                   p2m_mmio_direct);
}

int vmx_apic_create(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);
    int rc;

    if (!vmx_caps.apicv)
        return 0;
    rc = access_page_create(v->domain);
    if (rc)
        return rc;
    s->posted = hv_alloc_pages(0, ALLOC_ANY); /* Bochs refuses one that is not at a page's start */
    if (!s->posted)
        return -ENOMEM;
    memset(s->posted, 0, PAGE_SIZE);
    v->arch->apic_virtual = true;
    return 0;
}

void vmx_apic_destroy(struct vcpu *v)
{
    if (vmx_of(v)->posted)
        hv_free_pages(vmx_of(v)->posted, 0);
}

void vmx_apic_reset(struct vcpu *v)
{
    struct posted *p = vmx_of(v)->posted;

    for (unsigned int i = 0; p && i < ARRAY_SIZE(p->requests); i++)
        (void)atomic_xchg(&p->requests[i], 0);
}

void vmx_apic_mode_changed(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);
    enum vlapic_mode mode = vlapic_mode(v);
    uint32_t secondary = s->secondary & ~(SEC_APIC_ACCESS | SEC_X2APIC);

    vmx_write(v, VMCS_VIRTUAL_APIC, virt_to_paddr(vlapic_page(v)));
    vmx_write(v, VMCS_TPR_THRESHOLD, 0);
    if (!v->arch->apic_virtual)
        return;
    secondary |= SEC_APIC_REGISTERS | SEC_VIRTUAL_DELIVERY;
    if (mode == VLAPIC_XAPIC)
        secondary |= SEC_APIC_ACCESS;
    if (mode == VLAPIC_X2APIC)
        secondary |= SEC_X2APIC;
    s->secondary = secondary;
    vmx_write(v, VMCS_SECONDARY_CONTROLS, secondary);
    vmx_write(v, VMCS_APIC_ACCESS, virt_to_paddr(v->domain->arch->apic_page));
    vmx_write(v, VMCS_MSR_BITMAP,
              virt_to_paddr(mode == VLAPIC_X2APIC ? x2apic_bitmap : vmx_msr_bitmap));
    if (vmx_caps.posted) {
        vmx_write(v, VMCS_POSTED_VECTOR, VECTOR_POSTED);
        vmx_write(v, VMCS_POSTED_DESCRIPTOR, virt_to_paddr(s->posted));
    }
    atomic_set(&v->arch->irr_hint, true); /* the state that the CPU goes by is computed anew */
    s->invept = true;                     /* addresses of the page were translated as memory's */
}

bool vmx_apic_post(struct vcpu *v, uint8_t vector)
{
    struct posted *p = vmx_of(v)->posted;
    uint64_t bit = 1UL << vector % 64;

    if (!v->arch->apic_virtual)
        return false;
    if (atomic_or(&p->requests[vector / 64], bit) & bit)
        return true;
    if (atomic_or(&p->state, POSTED_OUTSTANDING) & POSTED_OUTSTANDING)
        return true;
    atomic_set(&v->arch->irr_hint, true); /* before it is looked whether it runs */
    vcpu_notify(v, vmx_caps.posted ? VECTOR_POSTED : VECTOR_KICK);
    return true;
}

/* Requests to IRR; then the two vectors that the CPU goes by, and whose end it has to tell. */
void vmx_apic_enter(struct vcpu *v)
{
    struct posted *p = vmx_of(v)->posted;
    uint8_t *page = vlapic_page(v);
    int irr, isr;

    atomic_set(&v->arch->irr_hint, false);
    atomic_and(&p->state, ~POSTED_OUTSTANDING);
    smp_mb();
    for (unsigned int i = 0; i < 4; i++) {
        uint64_t w = p->requests[i] ? atomic_xchg(&p->requests[i], 0) : 0;

        if (!w)
            continue;
        atomic_or((uint32_t *)(page + APIC_IRR + i * 0x20), (uint32_t)w);
        atomic_or((uint32_t *)(page + APIC_IRR + i * 0x20 + 0x10), (uint32_t)(w >> 32));
    }
    irr = vlapic_highest_irr(v);
    isr = vlapic_highest_isr(v);
    vmwrite(VMCS_INTERRUPT_STATUS, (uint64_t)(max(irr, 0) | max(isr, 0) << 8));
    for (unsigned int i = 0; v->domain->arch->vioapic && i < 4; i++) {
        const uint32_t *tmr = (const uint32_t *)(page + APIC_TMR + i * 0x20);

        vmwrite(VMCS_EOI_EXIT + i * 2, tmr[0] | (uint64_t)tmr[4] << 32);
    }
}

bool vmx_apic_pending(struct vcpu *v)
{
    uint32_t ppr = 0;
    int irr;

    vmx_apic_enter(v);
    irr = vlapic_highest_irr(v);
    vlapic_read(v, APIC_PPR, &ppr);
    return irr >= 0 && ((uint32_t)irr & 0xf0) > (ppr & 0xf0);
}
