/* SPDX-License-Identifier: MIT */
/* Between vlapic.c and vlapic_timer.c. */
#ifndef X86_HVM_VLAPIC_INTERNAL_H
#define X86_HVM_VLAPIC_INTERNAL_H

#include "x86/cpu/apic_regs.h"
#include "x86/hvm/vlapic.h"

#define TIMER_MODE(lvt) ((lvt) >> 17 & 3)
#define TIMER_ONESHOT   0
#define TIMER_PERIODIC  1
#define TIMER_DEADLINE  2

struct vlapic {
    /* The registers, as the hardware lays them out, which may use them (SDM 3, 30.1). */
    uint8_t *page;
    uint64_t base;
    uint8_t timer_mode; /* TIMER_* */
    struct timer timer;
    uint64_t timer_start;  /* ns: when the count began */
    uint64_t timer_period; /* ns: of the whole count */
    uint64_t tsc_deadline;
};

static inline uint32_t *reg_of(struct vlapic *l, unsigned int offset)
{
    return (uint32_t *)(l->page + (offset & 0xff0));
}

#define REG(l, offset) (*reg_of(l, offset))

/* vlapic_timer.c */
void vlapic_timer_init(struct vcpu *v);
/* Off, nothing set. */
void vlapic_timer_reset(struct vlapic *l);
/* LVTT was written: another mode stops it. */
void vlapic_timer_set_mode(struct vlapic *l, uint8_t mode);
/* The initial count was written. */
void vlapic_timer_start(struct vlapic *l);
uint32_t vlapic_timer_count(struct vlapic *l);

#endif
