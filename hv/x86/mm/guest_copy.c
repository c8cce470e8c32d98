/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to guests, page by page. Addresses are translated as the
 * guest's kernel would at that moment, SMAP excepted: handing the address over
 * is the kernel's word that it may be used.
 */
#include <hv/errno.h>
#include <hv/guest_copy.h>
#include <hv/string.h>

#include "x86/hvm/vendor.h"
#include "x86/mm/guest_walk.h"
#include "x86/mm/p2m_x86.h"

static size_t rest_of_page(uint64_t addr, size_t len)
{
    return min(len, PAGE_SIZE - (addr & (PAGE_SIZE - 1)));
}

/* @src NULL: zeroes. Within one page, whose reference is held while it is written. */
static int write_page(struct p2m_view *w, paddr_t gpa, const void *src, size_t len)
{
    enum p2m_type t;
    struct page_info *pg = p2m_view_get_page(w, gpa, &t);
    char *dst;

    if (!pg)
        return -EFAULT;
    dst = (char *)page_to_virt(pg) + (gpa & (PAGE_SIZE - 1));
    if (!p2m_is_writable(t)) {
        page_put(pg);
        return -EFAULT;
    }
    if (src)
        memcpy(dst, src, len);
    else
        memset(dst, 0, len);
    page_put(pg);
    p2m_mark_dirty(w->d, gfn(PFN_DOWN(gpa)));
    return 0;
}

static int translate(struct p2m_view *w, const struct x86_paging *p, vaddr_t va,
                     unsigned int access, paddr_t *gpa)
{
    uint32_t pf_error;

    return guest_walk(w, p, va, access | ACCESS_NO_SMAP, gpa, &pf_error) ? -EFAULT : 0;
}

int copy_from_guest_va(void *dst, vaddr_t src, size_t len)
{
    struct vcpu *v = current;
    struct x86_paging p;
    struct p2m_view *w = &v->arch->view;
    paddr_t gpa;

    vendor->get_paging(v, &p);
    for (size_t n; len; len -= n, src += n, dst = (char *)dst + n) {
        n = rest_of_page(src, len);
        if (translate(w, &p, src, 0, &gpa) || !p2m_view_read(w, gpa, dst, n))
            return -EFAULT;
    }
    return 0;
}

static int write_va(vaddr_t dst, const void *src, size_t len)
{
    struct vcpu *v = current;
    struct x86_paging p;
    struct p2m_view *w = &v->arch->view;
    paddr_t gpa;

    vendor->get_paging(v, &p);
    for (size_t n; len; len -= n, dst += n) {
        n = rest_of_page(dst, len);
        if (translate(w, &p, dst, ACCESS_WRITE, &gpa) || write_page(w, gpa, src, n))
            return -EFAULT;
        if (src)
            src = (const char *)src + n;
    }
    return 0;
}

int copy_to_guest_va(vaddr_t dst, const void *src, size_t len)
{
    return write_va(dst, src, len);
}

int clear_guest_va(vaddr_t dst, size_t len)
{
    return write_va(dst, NULL, len);
}

void *guest_map_va(vaddr_t va, size_t len, struct guest_page *page)
{
    struct vcpu *v = current;
    struct x86_paging p;
    struct p2m_view *w = &v->arch->view;
    enum p2m_type t;
    paddr_t gpa;

    if (unlikely(rest_of_page(va, len) != len))
        return NULL;
    vendor->get_paging(v, &p);
    if (unlikely(translate(w, &p, va, ACCESS_WRITE, &gpa)))
        return NULL;
    page->gfn = gfn(PFN_DOWN(gpa));
    page->info = p2m_view_get_page(w, gpa, &t);
    if (unlikely(!page->info))
        return NULL;
    if (likely(p2m_is_writable(t)))
        return (char *)page_to_virt(page->info) + (gpa & (PAGE_SIZE - 1));
    page_put(page->info);
    return NULL;
}

void guest_unmap_va(const struct guest_page *page)
{
    page_put(page->info);
    p2m_mark_dirty(current->domain, page->gfn);
}

int copy_from_guest_pa(struct domain *d, void *dst, paddr_t src, size_t len)
{
    struct p2m_view w;

    p2m_view_init(&w, d);
    for (size_t n; len; len -= n, src += n, dst = (char *)dst + n) {
        n = rest_of_page(src, len);
        if (!p2m_view_read(&w, src, dst, n))
            return -EFAULT;
    }
    return 0;
}

int copy_to_guest_pa(struct domain *d, paddr_t dst, const void *src, size_t len)
{
    struct p2m_view w;

    p2m_view_init(&w, d);
    for (size_t n; len; len -= n, dst += n, src = (const char *)src + n) {
        n = rest_of_page(dst, len);
        if (write_page(&w, dst, src, n))
            return -EFAULT;
    }
    return 0;
}
