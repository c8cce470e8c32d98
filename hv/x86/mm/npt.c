/* SPDX-License-Identifier: MIT */
/*
 * Entries of AMD's nested page tables (APM 2, 15.25): those of long mode. Nested
 * walks are user accesses, so U is set at all levels. A and D are set from the
 * start: the CPU never has to write to the tables.
 */
#include "x86/cpu/insn.h"
#include "x86/mm/p2m_internal.h"
#include "x86/mm/paging.h"

static uint64_t npt_make_leaf(mfn_t m, unsigned int order, enum p2m_type t)
{
    static const uint64_t rights[] = {
        [p2m_ram_rw] = PTE_W,
        [p2m_ram_ro] = 0,
        [p2m_mmio_direct] = PTE_W | PTE_PCD | PTE_PWT,
        [p2m_foreign] = PTE_W | PTE_NX,
        [p2m_grant_rw] = PTE_W | PTE_NX,
        [p2m_grant_ro] = PTE_NX,
    };

    return mfn_to_paddr(m) | PTE_P | PTE_U | PTE_A | PTE_D | rights[t] | (order ? PTE_PS : 0) |
           (uint64_t)t << P2M_TYPE_SHIFT;
}

static uint64_t npt_make_table(mfn_t m)
{
    return mfn_to_paddr(m) | PTE_P | PTE_W | PTE_U | PTE_A;
}

static unsigned int npt_max_order(void)
{
    return cpuid(0x80000001).d & 1u << 26 ? ORDER_1G : ORDER_2M; /* Page1GB */
}

const struct p2m_format npt_format = {
    .name = "nested page tables",
    .present = PTE_P,
    .make_leaf = npt_make_leaf,
    .make_table = npt_make_table,
    .max_order = npt_max_order,
};
