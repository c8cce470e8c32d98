/* SPDX-License-Identifier: MIT */
#include <hv/errno.h>

#include "x86/hvm/vendor.h"
#include "x86/mm/guest_walk.h"
#include "x86/mm/p2m_x86.h"
#include "x86/mm/paging.h"

#define CR4_LA57     0x1000UL /* five levels: no guest is told of it */
#define CR3_ADDR_PAE 0xffffffe0UL
#define PTE32_ADDR   0xfffff000UL

/* What all levels together allow. */
struct rights {
    bool w, u, nx;
};

static int fault(const struct x86_paging *p, unsigned int access, uint32_t why, uint32_t *pf_error)
{
    bool fetch_told = p->cr4 & X86_CR4_SMEP || (p->efer & X86_EFER_NXE && p->cr4 & X86_CR4_PAE);

    *pf_error = why | (access & ACCESS_WRITE ? PF_WRITE : 0) |
                (access & ACCESS_USER ? PF_USER : 0) |
                (access & ACCESS_FETCH && fetch_told ? PF_FETCH : 0);
    return -EFAULT;
}

static bool allowed(const struct x86_paging *p, struct rights r, unsigned int access)
{
    if (access & ACCESS_FETCH && r.nx)
        return false;
    if (access & ACCESS_USER)
        return r.u && (r.w || !(access & ACCESS_WRITE));
    if (access & ACCESS_WRITE && !r.w && p->cr0 & X86_CR0_WP)
        return false;
    if (!r.u)
        return true;
    if (access & ACCESS_FETCH)
        return !(p->cr4 & X86_CR4_SMEP);
    return !(p->cr4 & X86_CR4_SMAP) || access & ACCESS_NO_SMAP ||
           (p->rflags & X86_RFLAGS_AC && p->cpl < 3);
}

static void restrict_by(struct rights *r, uint64_t e)
{
    r->w &= !!(e & PTE_W);
    r->u &= !!(e & PTE_U);
    r->nx |= e >> 63;
}

/* What no entry may have: a frame beyond the last, and NX before it is switched on. */
static uint64_t reserved_bits(struct domain *d, const struct x86_paging *p)
{
    uint64_t reserved = PTE_ADDR & ~((p2m_limit(d) << PAGE_SHIFT) - 1);

    return p->efer & X86_EFER_NXE ? reserved : reserved | PTE_NX;
}

/* Bits that must be 0 in a large leaf of 2^shift bytes; bit 12 is its PAT bit. */
static uint64_t reserved_in_leaf(unsigned int shift)
{
    return ((1UL << shift) - 1) & ~((2UL << PAGE_SHIFT) - 1);
}

/* PAE's lower two levels and long mode's four: 8-byte entries, from the table at @table. */
static int walk64(struct p2m_view *w, const struct x86_paging *p, vaddr_t va, paddr_t table,
                  unsigned int shift, unsigned int access, paddr_t *gpa, uint32_t *pf_error)
{
    uint64_t e, all = ~0UL, any = 0, reserved = reserved_bits(w->d, p);
    struct rights r;

    for (;; shift -= 9) {
        if (unlikely(!p2m_view_read_u64(w, table + (va >> shift & 511) * 8, &e) || !(e & PTE_P)))
            return fault(p, access, 0, pf_error);
        all &= e;
        any |= e;
        if (unlikely(e & reserved))
            return fault(p, access, PF_PRESENT | PF_RESERVED, pf_error);
        if (shift == PAGE_SHIFT || e & PTE_PS)
            break;
        table = e & PTE_ADDR;
    }
    if (unlikely(shift > 30 || (shift > PAGE_SHIFT && e & reserved_in_leaf(shift))))
        return fault(p, access, PF_PRESENT | PF_RESERVED, pf_error);
    r = (struct rights){ all & PTE_W, all & PTE_U, any & PTE_NX };
    if (!allowed(p, r, access))
        return fault(p, access, PF_PRESENT, pf_error);
    *gpa = (e & PTE_ADDR & ~((1UL << shift) - 1)) | (va & ((1UL << shift) - 1));
    return 0;
}

/* The four entries that CR3 points to have no rights, and TCG sets their Accessed bit. */
static int walk_pae(struct p2m_view *w, const struct x86_paging *p, vaddr_t va, unsigned int access,
                    paddr_t *gpa, uint32_t *pf_error)
{
    uint64_t e;

    if (!p2m_view_read_u64(w, (p->cr3 & CR3_ADDR_PAE) + (va >> 30) * 8, &e) || !(e & PTE_P))
        return fault(p, access, 0, pf_error);
    return walk64(w, p, va, e & PTE_ADDR, 21, access, gpa, pf_error);
}

static int walk32(struct p2m_view *w, const struct x86_paging *p, vaddr_t va, unsigned int access,
                  paddr_t *gpa, uint32_t *pf_error)
{
    struct rights r = { true, true, false };
    paddr_t start;
    uint32_t e, mask;

    if (!p2m_view_read(w, (p->cr3 & PTE32_ADDR) + (va >> 22) * 4, &e, 4) || !(e & PTE_P))
        return fault(p, access, 0, pf_error);
    restrict_by(&r, e);
    if (e & PTE_PS && p->cr4 & X86_CR4_PSE) {
        mask = (1u << 22) - 1;
        start = (e & ~mask) | (paddr_t)(e >> 13 & 0xff) << 32; /* PSE-36 */
    } else {
        if (!p2m_view_read(w, (e & PTE32_ADDR) + (va >> 12 & 1023) * 4, &e, 4) || !(e & PTE_P))
            return fault(p, access, 0, pf_error);
        restrict_by(&r, e);
        mask = PAGE_SIZE - 1;
        start = e & PTE32_ADDR;
    }
    if (!allowed(p, r, access))
        return fault(p, access, PF_PRESENT, pf_error);
    *gpa = start | (va & mask);
    return 0;
}

int guest_walk(struct p2m_view *w, const struct x86_paging *p, vaddr_t va, unsigned int access,
               paddr_t *gpa, uint32_t *pf_error)
{
    if (likely(p->efer & X86_EFER_LMA)) {
        if (unlikely((int64_t)(va << 16) >> 16 != (int64_t)va || p->cr4 & CR4_LA57))
            return -EINVAL;
        return walk64(w, p, va, p->cr3 & PTE_ADDR, 39, access, gpa, pf_error);
    }
    if (va >> 32)
        return -EINVAL;
    if (!(p->cr0 & X86_CR0_PG)) {
        *gpa = va;
        return 0;
    }
    if (p->cr4 & X86_CR4_PAE)
        return walk_pae(w, p, va, access, gpa, pf_error);
    return walk32(w, p, va, access, gpa, pf_error);
}

int guest_va_to_pa(struct vcpu *v, vaddr_t va, unsigned int access, paddr_t *gpa,
                   uint32_t *pf_error)
{
    struct x86_paging p;
    struct p2m_view w;

    vendor->get_paging(v, &p);
    p2m_view_init(&w, v->domain);
    return guest_walk(&w, &p, va, access, gpa, pf_error);
}
