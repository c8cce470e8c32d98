/* SPDX-License-Identifier: MIT */
/*
 * Copies between the hypervisor and the memory of the calling vCPU, which names
 * it by guest virtual address (through its own page tables, with the rights of
 * its kernel) as guest handles do. Each returns 0 or -EFAULT.
 *
 * Copy in once, then check the copy: the guest's other vCPUs may change the
 * original at any time.
 */
#ifndef HV_GUEST_COPY_H
#define HV_GUEST_COPY_H

#include <hv/types.h>

struct domain;
struct page_info;

int __must_check copy_from_guest_va(void *dst, vaddr_t src, size_t len);
int __must_check copy_to_guest_va(vaddr_t dst, const void *src, size_t len);
int __must_check clear_guest_va(vaddr_t dst, size_t len);

/*
 * For what is read and answered at the same place: @len bytes at @va by one translation,
 * if they are writable and in one page of memory; else NULL, and the copies above tell why.
 * The page is held until guest_unmap_va(page), by the same vCPU. Guests may change it at any time.
 */
struct guest_page {
    struct page_info *info;
    gfn_t gfn;
};
void *__must_check guest_map_va(vaddr_t va, size_t len, struct guest_page *page);
void guest_unmap_va(const struct guest_page *page);

/* Copies by guest physical address, of any domain that the caller may touch. */
int __must_check copy_from_guest_pa(struct domain *d, void *dst, paddr_t src, size_t len);
int __must_check copy_to_guest_pa(struct domain *d, paddr_t dst, const void *src, size_t len);

/*
 * Typed, by guest handle (XEN_GUEST_HANDLE(type)): element @i of the array that
 * @h points to. @ptr is a pointer to the hypervisor's own copy of that type.
 */
#define guest_read_at(ptr, h, i)                                                                   \
    ({                                                                                             \
        (void)sizeof((ptr) == (h).p);                                                              \
        copy_from_guest_va(ptr, (vaddr_t)(h).p + (uint64_t)(i) * sizeof(*(h).p), sizeof(*(h).p));  \
    })
#define guest_write_at(h, i, ptr)                                                                  \
    ({                                                                                             \
        (void)sizeof((ptr) == (h).p);                                                              \
        copy_to_guest_va((vaddr_t)(h).p + (uint64_t)(i) * sizeof(*(h).p), ptr, sizeof(*(h).p));    \
    })
#define guest_read(ptr, h)      guest_read_at(ptr, h, 0)
#define guest_write(h, ptr)     guest_write_at(h, 0, ptr)
#define guest_handle_is_null(h) ((h).p == NULL)
/* An untyped handle (as hypercall arguments are) seen as a handle of @type. */
#define guest_handle_cast(h, type) ((XEN_GUEST_HANDLE(type)){ (type *)(h).p })

#endif
