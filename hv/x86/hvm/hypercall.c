/* SPDX-License-Identifier: MIT */
/* Hypercalls of HVM and PVH guests: registers, and the page of entries. */
#include <hv/errno.h>
#include <hv/hypercall.h>
#include <hv/p2m.h>
#include <hv/string.h>

#include "x86/hvm/hvm.h"

void hvm_hypercall(struct vcpu *v)
{
    struct hypercall_state *h = &v->hcall;
    uint64_t rip = v->arch->rip;
    struct arch_vcpu *a;
    struct x86_mode mode;
    long rc;

    if (!hvm_skip_insn(v))
        return;
    a = v->arch;
    mode = vendor->get_mode(v);
    if (unlikely(mode.cpl)) { /* user space has no business here */
        a->gpr[REG_RAX] = (uint64_t)-EPERM;
        return;
    }
    if (unlikely(!mode.is_64bit)) { /* the 32-bit interface is not there yet */
        a->gpr[REG_RAX] = (uint32_t)-ENOSYS;
        return;
    }
    h->nr = a->gpr[REG_RAX];
    h->args[0] = a->gpr[REG_RDI];
    h->args[1] = a->gpr[REG_RSI];
    h->args[2] = a->gpr[REG_RDX];
    h->args[3] = a->gpr[REG_R10];
    h->args[4] = a->gpr[REG_R8];
    h->args[5] = a->gpr[REG_R9];
    h->restart = false;
    rc = hypercall_dispatch();
    if (likely(!h->restart)) {
        a->gpr[REG_RAX] = (uint64_t)rc;
        return;
    }
    a->rip = rip;
    a->gpr[REG_RDI] = h->args[0];
    a->gpr[REG_RSI] = h->args[1];
    a->gpr[REG_RDX] = h->args[2];
    a->gpr[REG_R10] = h->args[3];
    a->gpr[REG_R8] = h->args[4];
    a->gpr[REG_R9] = h->args[5];
}

/* Each entry: mov $nr, %eax; vmmcall or vmcall; ret. 32 bytes apart. */
static void fill_entries(uint8_t *page)
{
    memset(page, 0xcc, PAGE_SIZE);
    for (uint32_t nr = 0; nr < PAGE_SIZE / 32; nr++) {
        uint8_t *p = page + nr * 32;

        if (nr == __HYPERVISOR_iret) {
            p[0] = 0x0f; /* ud2: PV guests only */
            p[1] = 0x0b;
            continue;
        }
        p[0] = 0xb8;
        memcpy(p + 1, &nr, 4);
        memcpy(p + 5, vendor->hypercall_opcode, 3);
        p[8] = 0xc3;
    }
}

bool hvm_hypercall_page(struct vcpu *v, gfn_t g)
{
    enum p2m_type t;
    struct page_info *pg = p2m_get_page(v->domain, g, &t);
    bool ok = pg && t == p2m_ram_rw;

    if (ok)
        fill_entries(page_to_virt(pg));
    if (pg)
        page_put(pg);
    if (ok)
        p2m_mark_dirty(v->domain, g);
    return ok;
}
