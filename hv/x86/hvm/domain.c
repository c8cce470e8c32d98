/* SPDX-License-Identifier: MIT */
/* The x86 part of a domain and of a vCPU: creation and end. */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/fpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/hvm/vioapic.h"
#include "x86/hvm/vlapic.h"
#include "x86/hvm/vpci.h"

#define IOPORT_BITMAP_ORDER 2 /* 12 KiB and 3 bits are used */

static void trap_ports(uint8_t *traps, unsigned int first, unsigned int last)
{
    for (unsigned int p = first; p <= last; p++)
        traps[p / 8] |= (uint8_t)(1u << p % 8);
}

/* Dom0 reaches the machine's ports, except those that are the hypervisor's or emulated. */
static int ioports_create(struct domain *d)
{
    uint8_t *traps = hv_alloc_pages(IOPORT_BITMAP_ORDER, ALLOC_ANY);

    if (!traps)
        return -ENOMEM;
    trap_ports(traps, 0x20, 0x21); /* PICs: none is shown to a guest */
    trap_ports(traps, 0xa0, 0xa1);
    trap_ports(traps, 0x40, 0x43); /* PIT, and its gate */
    trap_ports(traps, 0x61, 0x61);
    trap_ports(traps, 0xe9, 0xe9);   /* debug output */
    trap_ports(traps, 0xcf8, 0xcff); /* PCI configuration */
    if (uart_port())
        trap_ports(traps, uart_port(), uart_port() + 7u);
    d->arch->ioport_traps = traps;
    return 0;
}

static unsigned int host_paddr_bits(void)
{
    return cpuid(0x80000008).a & 0xff;
}

/* What an x86 guest of this hypervisor can be, so far: HVM with a local APIC. */
static int check_config(const struct domain *d, const struct xen_domctl_createdomain *c)
{
    uint32_t possible = XEN_X86_EMU_LAPIC;

    if (!(c->flags & XEN_DOMCTL_CDF_hvm) || !(c->flags & XEN_DOMCTL_CDF_hap)) {
        log_warning("d%u: PV and shadow-paging guests are not supported yet\n", d->domid);
        return -EOPNOTSUPP;
    }
    /* The machine's interrupt lines and PCI devices are dom0's. */
    if (d->is_privileged)
        possible |= XEN_X86_EMU_IOAPIC | XEN_X86_EMU_VPCI;
    if (c->arch.misc_flags) {
        log_warning("d%u: flags %#x (of MSRs, or a local APIC assisted by the CPU) are not "
                    "supported\n",
                    d->domid, c->arch.misc_flags);
        return -EOPNOTSUPP;
    }
    if (c->arch.emulation_flags & ~possible || !(c->arch.emulation_flags & XEN_X86_EMU_LAPIC)) {
        log_warning("d%u: emulated devices %#x: only a local APIC is supported yet\n", d->domid,
                    c->arch.emulation_flags);
        return -EOPNOTSUPP;
    }
    return 0;
}

int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *config)
{
    int rc = check_config(d, config);

    if (rc)
        return rc;
    d->arch = hv_alloc(sizeof(*d->arch));
    if (!d->arch)
        return -ENOMEM;
    d->emulation_flags = config->arch.emulation_flags;
    d->arch->paddr_bits = host_paddr_bits();
    d->arch->spec_id = spec_ctrl_new_id();
    if (d->is_privileged)
        rc = ioports_create(d);
    if (!rc && d->emulation_flags & XEN_X86_EMU_IOAPIC)
        rc = vioapic_create(d);
    if (!rc && d->emulation_flags & XEN_X86_EMU_VPCI)
        rc = vpci_create(d);
    hvm_wallclock_update(d);
    return rc;
}

int arch_domain_destroy(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        vlapic_stop_timer(v);
    return 0;
}

void arch_domain_free(struct domain *d)
{
    if (!d->arch)
        return;
    if (d->arch->ioport_traps)
        hv_free_pages(d->arch->ioport_traps, IOPORT_BITMAP_ORDER);
    if (d->arch->apic_page)
        hv_free_pages(d->arch->apic_page, 0);
    hv_free(d->arch->e820);
    hv_free(d->arch->cpu_policy);
    hv_free(d->arch);
    d->arch = NULL;
}

int arch_vcpu_create(struct vcpu *v)
{
    int rc;

    v->arch = hv_alloc(sizeof(*v->arch));
    if (!v->arch)
        return -ENOMEM;
    v->arch->mtrr_def_type = 0xc06; /* on, write-back */
    p2m_view_init(&v->arch->view, v->domain);
    rc = fpu_create(v);
    if (!rc)
        rc = vendor->vcpu_create(v);
    if (!rc)
        rc = vlapic_create(v);
    if (rc)
        return rc;
    /* Guests' TSC is the host's own: no offset, no exits. */
    vendor->set_tsc_offset(v, 0);
    hvm_vcpu_set_pvh_entry(v, 0, 0);
    arch_vcpu_time_update(v);
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    if (!v->arch)
        return;
    vlapic_destroy(v);
    vendor->vcpu_destroy(v);
    fpu_destroy(v);
    hv_free(v->arch);
    v->arch = NULL;
}
