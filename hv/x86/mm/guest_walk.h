/* SPDX-License-Identifier: MIT */
/* A guest's own page tables, walked in software (APM 2, chapter 5; SDM 3A, chapter 4). */
#ifndef X86_MM_GUEST_WALK_H
#define X86_MM_GUEST_WALK_H

#include "x86/x86.h"

/* What is done at the address. */
#define ACCESS_WRITE   0x1u
#define ACCESS_FETCH   0x2u
#define ACCESS_USER    0x4u /* with the rights of CPL 3 */
#define ACCESS_NO_SMAP 0x8u /* the kernel means it: a hypercall's arguments */

/* Page fault error codes (APM 2, 8.4.2). */
#define PF_PRESENT  0x01u
#define PF_WRITE    0x02u
#define PF_USER     0x04u
#define PF_RESERVED 0x08u
#define PF_FETCH    0x10u

struct p2m_view;

/*
 * The guest physical address that @va means in the state @p of one of the vCPUs of @w's
 * domain; @w is where the entries are looked at, and then may be near the address. Accessed and
 * Dirty bits are left alone. -EFAULT: a page fault, with its error code in *pf_error; -EINVAL: @va
 * isn't canonical (#GP, or #SS).
 */
int guest_walk(struct p2m_view *w, const struct x86_paging *p, vaddr_t va, unsigned int access,
               paddr_t *gpa, uint32_t *pf_error);

/* The same in the present state of @v, which is current or paused. */
int guest_va_to_pa(struct vcpu *v, vaddr_t va, unsigned int access, paddr_t *gpa,
                   uint32_t *pf_error);

#endif
