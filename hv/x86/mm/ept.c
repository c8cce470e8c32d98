/* SPDX-License-Identifier: MIT */
/*
 * Entries of Intel's extended page tables (SDM 3, 29.3.2). Accessed and dirty bits are set from
 * the start: only the dirty log (vmx/pml.c) has the CPU use them, as a guest's walk of its own
 * tables counts as a write then.
 *
 * On many CPUs a guest that changes the size of a page in its own tables can stop the machine by
 * a machine check, when it executes from there (Intel, "Machine Check Error Avoidance on Page
 * Size Change", CVE-2018-12207). It can't where a leaf here is of 4 KiB: so larger ones are not
 * executable, and what is executed is broken up.
 */
#include "x86/cpu/insn.h"
#include "x86/mm/p2m_internal.h"
#include "x86/vmx/vmx.h"

#define EPT_R  0x1UL
#define EPT_W  0x2UL
#define EPT_X  0x4UL
#define EPT_A  0x100UL
#define EPT_D  0x200UL
#define EPT_WB (6UL << 3)
#define EPT_UC (0UL << 3)

static uint64_t ept_make_leaf(mfn_t m, unsigned int order, enum p2m_type t)
{
    static const uint64_t rights[] = {
        [p2m_ram_rw] = EPT_R | EPT_W | EPT_X | EPT_WB,
        [p2m_ram_ro] = EPT_R | EPT_X | EPT_WB,
        [p2m_mmio_direct] = EPT_R | EPT_W | EPT_X | EPT_UC,
        [p2m_foreign] = EPT_R | EPT_W | EPT_WB,
        [p2m_grant_rw] = EPT_R | EPT_W | EPT_WB,
        [p2m_grant_ro] = EPT_R | EPT_WB,
    };

    return mfn_to_paddr(m) | (rights[t] & ~(order && vmx_caps.small_code ? EPT_X : 0)) | EPT_A |
           EPT_D | (order ? P2M_LEAF : 0) | (uint64_t)t << P2M_TYPE_SHIFT;
}

static uint64_t ept_make_table(mfn_t m)
{
    return mfn_to_paddr(m) | EPT_R | EPT_W | EPT_X | EPT_A;
}

static unsigned int ept_max_order(void)
{
    return vmx_caps.ept_1g ? ORDER_1G : vmx_caps.ept_2m ? ORDER_2M : ORDER_4K;
}

static bool ept_small_code(void)
{
    return vmx_caps.small_code;
}

const struct p2m_format ept_format = {
    .name = "extended page tables",
    .present = EPT_R,
    .dirty = EPT_D,
    .make_leaf = ept_make_leaf,
    .make_table = ept_make_table,
    .max_order = ept_max_order,
    .small_code = ept_small_code,
};
