/* SPDX-License-Identifier: MIT */
#include <hv/arch.h>
#include <hv/errno.h>
#include <hv/event.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/sched.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/hvm.h"
#include "x86/hvm/vlapic_internal.h"

#define SVR_ENABLED   0x100u
#define BASE_ENABLED  0x800UL
#define BASE_X2APIC   0x400UL
#define BASE_BSP      0x100UL
#define VERSION_VALUE 0x50014u /* 6 LVT entries, version 0x14 */

/* The word of @vector in IRR, ISR or TMR, and its bit there. IRR is set by other CPUs as well. */
static uint32_t *map_word(struct vlapic *l, unsigned int map, uint8_t vector)
{
    return reg_of(l, map + vector / 32 * 0x10u);
}

static uint32_t map_bit(uint8_t vector)
{
    return 1u << vector % 32;
}

static bool x2apic_mode(const struct vlapic *l)
{
    return l->base & BASE_X2APIC;
}

uint64_t vlapic_base(const struct vcpu *v)
{
    return v->arch->vlapic->base;
}

static int highest(struct vlapic *l, unsigned int map)
{
    for (int i = 7; i >= 0; i--) {
        uint32_t w = atomic_read(reg_of(l, map + (unsigned int)i * 0x10));

        if (w)
            return i * 32 + 31 - __builtin_clz(w);
    }
    return -1;
}

/* The highest in IRR; at each entry into the guest, where nearly always there is none. */
static int highest_requested(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;
    int irr;

    if (likely(!atomic_read(&v->arch->irr_hint)))
        return -1;
    irr = highest(l, APIC_IRR);
    if (irr >= 0)
        return irr;
    /* Whoever sets a bit sets the hint behind it: one of the two looks is late enough. */
    atomic_set(&v->arch->irr_hint, false);
    smp_mb();
    irr = highest(l, APIC_IRR);
    if (irr >= 0)
        atomic_set(&v->arch->irr_hint, true);
    return irr;
}

/* Its upper half is CR8, which the guest writes without an exit. */
static uint8_t task_priority(struct vcpu *v)
{
    uint32_t *tpr = reg_of(v->arch->vlapic, APIC_TPR);
    uint32_t cr8 = (uint32_t)vendor->get_cr(v, 8);

    if (*tpr >> 4 != cr8)
        *tpr = cr8 << 4;
    return (uint8_t)*tpr;
}

static void set_task_priority(struct vcpu *v, uint8_t tpr)
{
    REG(v->arch->vlapic, APIC_TPR) = tpr;
    vendor->set_cr(v, 8, tpr >> 4);
}

/* Of the highest vector in service; 0: none is. */
static int class_in_service(struct vlapic *l)
{
    int isr = highest(l, APIC_ISR);

    return isr < 0 ? 0 : isr & 0xf0;
}

static uint8_t processor_priority(struct vcpu *v)
{
    int in_service = class_in_service(v->arch->vlapic);
    uint8_t tpr = task_priority(v);

    return in_service > (tpr & 0xf0) ? (uint8_t)in_service : tpr;
}

static bool software_enabled(struct vlapic *l)
{
    return l->base & BASE_ENABLED && REG(l, APIC_SVR) & SVR_ENABLED;
}

void *vlapic_page(const struct vcpu *v)
{
    return v->arch->vlapic->page;
}

enum vlapic_mode vlapic_mode(const struct vcpu *v)
{
    const struct vlapic *l = v->arch->vlapic;

    if (!(l->base & BASE_ENABLED))
        return VLAPIC_OFF;
    return x2apic_mode(l) ? VLAPIC_X2APIC : VLAPIC_XAPIC;
}

int vlapic_highest_irr(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;

    return software_enabled(l) ? highest(l, APIC_IRR) : -1;
}

int vlapic_highest_isr(struct vcpu *v)
{
    return highest(v->arch->vlapic, APIC_ISR);
}

int vlapic_pending_vector(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;
    int irr = highest_requested(v);

    if (likely(irr < 0))
        return VLAPIC_NOTHING;
    if (!software_enabled(l) || (irr & 0xf0) <= class_in_service(l))
        return VLAPIC_NOTHING;
    return (irr & 0xf0) > (task_priority(v) & 0xf0) ? irr : VLAPIC_BELOW_TPR;
}

void vlapic_accept(struct vcpu *v, uint8_t vector)
{
    struct vlapic *l = v->arch->vlapic;

    atomic_and(map_word(l, APIC_IRR, vector), ~map_bit(vector));
    *map_word(l, APIC_ISR, vector) |= map_bit(vector);
}

void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level)
{
    struct vlapic *l = v->arch->vlapic;
    uint32_t *tmr = map_word(l, APIC_TMR, vector), bit = map_bit(vector);

    if (vector < 16)
        return;
    if (vendor->apic_post && !level && !(atomic_read(tmr) & bit) && software_enabled(l) &&
        vendor->apic_post(v, vector))
        return;
    if (level)
        atomic_or(tmr, bit);
    else if (unlikely(atomic_read(tmr) & bit))
        atomic_and(tmr, ~bit);
    if (atomic_or(map_word(l, APIC_IRR, vector), bit) & bit)
        return;
    atomic_set_release(&v->arch->irr_hint, true);
    vcpu_kick(v);
}

void vlapic_level_ended(struct vcpu *v, uint8_t vector)
{
    if (v->domain->arch->vioapic)
        vioapic_eoi(v->domain, vector);
}

static void end_of_interrupt(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;
    int isr = highest(l, APIC_ISR);
    uint8_t vector = (uint8_t)isr;

    if (isr < 0)
        return;
    *map_word(l, APIC_ISR, vector) &= ~map_bit(vector);
    if (atomic_read(map_word(l, APIC_TMR, vector)) & map_bit(vector))
        vlapic_level_ended(v, vector);
}

/* --- messages --- */

static void init(struct vcpu *v)
{
    if (v == current)
        return;             /* INIT to oneself: guests don't, and the state is in use */
    v->initialised = false; /* only a start-up IPI brings it up now, which sets its state */
    atomic_or(&v->pause_flags, VPF_DOWN);
    v->arch->wait_for_sipi = true;
    vcpu_sleep(v);
}

/*
 * It takes the state of its start itself, before its next entry (vlapic_begin_start_up): INIT may
 * not have stopped it yet.
 */
static void start_up(struct vcpu *v, uint8_t vector)
{
    if (!(atomic_read(&v->pause_flags) & VPF_DOWN) || !atomic_xchg(&v->arch->wait_for_sipi, false))
        return;
    atomic_set_release(&v->arch->start_up, (uint16_t)(vector + 1));
    v->initialised = true;
    atomic_and(&v->pause_flags, ~(VPF_DOWN | VPF_BLOCKED));
    vcpu_wake(v);
    vcpu_kick(v);
}

void vlapic_begin_start_up(struct vcpu *v)
{
    uint16_t vector = (uint16_t)(atomic_xchg(&v->arch->start_up, 0) - 1);

    vlapic_reset(v);
    hvm_vcpu_set_real_mode(v, (uint16_t)(vector << 8), 0);
    /* The reset forgot its interrupt, but nobody sends a second one for what is pending already. */
    if (vcpu_event_pending(v))
        arch_vcpu_event_notify(v);
}

static void accept_message(struct vcpu *v, unsigned int mode, uint8_t vector, bool level)
{
    switch (mode) {
    case APIC_MODE_FIXED:
    case APIC_MODE_LOWEST:
        if (software_enabled(v->arch->vlapic))
            vlapic_set_irq(v, vector, level);
        break;
    case APIC_MODE_NMI:
        /* A full barrier: halt() sees it, or vcpu_kick sees that it is blocked. */
        if (!atomic_xchg(&v->arch->nmi_pending, true))
            vcpu_kick(v);
        break;
    case APIC_MODE_INIT:
        init(v);
        break;
    case APIC_MODE_SIPI:
        start_up(v, vector);
        break;
    }
}

static bool matches(struct vcpu *v, uint32_t dest, bool logical)
{
    struct vlapic *l = v->arch->vlapic;
    uint32_t ldr;

    if (!logical)
        return dest == (x2apic_mode(l) ? ~0u : 0xff) || dest == vlapic_id(v);
    if (x2apic_mode(l)) {
        ldr = REG(l, APIC_LDR);
        return dest >> 16 == ldr >> 16 && dest & ldr & 0xffff;
    }
    ldr = REG(l, APIC_LDR) >> 24;
    if (REG(l, APIC_DFR) >> 28 == 0xf)
        return dest & ldr & 0xff;
    return (dest & 0xf0) == (ldr & 0xf0) && dest & ldr & 0x0f; /* cluster model */
}

void vlapic_deliver(struct domain *d, uint32_t dest, bool logical, unsigned int mode,
                    uint8_t vector, bool level)
{
    struct vcpu *v;

    for_each_vcpu(d, v) {
        if (!matches(v, dest, logical))
            continue;
        accept_message(v, mode, vector, level);
        if (mode == APIC_MODE_LOWEST)
            return; /* the first of them is as good as any */
    }
}

void vlapic_deliver_msi(struct domain *d, uint64_t address, uint32_t data)
{
    vlapic_deliver(d, (address >> 12 & 0xff) | (address >> 5 & 0x7f) << 8 /* extended id */,
                   address & 4, data >> 8 & 7, (uint8_t)data, data & 0x8000);
}

static void send_ipi(struct vcpu *from, uint32_t icr, uint32_t dest)
{
    unsigned int mode = icr >> 8 & 7, shorthand = icr >> 18 & 3;
    struct vcpu *v;

    if (mode == APIC_MODE_INIT && !(icr & 0x4000))
        return; /* INIT de-assert: nothing happens */
    if (!shorthand) {
        vlapic_deliver(from->domain, dest, icr & 0x800, mode, (uint8_t)icr, false);
        return;
    }
    for_each_vcpu(from->domain, v) {
        if (shorthand == 1 ? v == from : shorthand == 2 || v != from)
            accept_message(v, mode, (uint8_t)icr, false);
    }
}

/* --- registers --- */

bool vlapic_read(struct vcpu *v, unsigned int reg, uint32_t *value)
{
    struct vlapic *l = v->arch->vlapic;

    switch (reg & ~0xfu) {
    case APIC_PPR:
        *value = processor_priority(v);
        return true;
    case APIC_TMCCT:
        *value = vlapic_timer_count(l);
        return true;
    case APIC_TPR:
        *value = task_priority(v);
        return true;
    case APIC_ID:
    case APIC_VERSION:
    case APIC_LDR:
    case APIC_DFR:
    case APIC_SVR:
    case APIC_ISR ... APIC_ISR + 0x70:
    case APIC_TMR ... APIC_TMR + 0x70:
    case APIC_IRR ... APIC_IRR + 0x70:
    case APIC_ESR:
    case APIC_ICR:
    case APIC_ICR2:
    case APIC_LVTT ... APIC_TMICT:
    case APIC_TDCR:
        *value = atomic_read(reg_of(l, reg));
        return true;
    default:
        return false;
    }
}

/* Its identity, which looks different by the mode. */
static void set_id(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;
    uint32_t id = vlapic_id(v);

    REG(l, APIC_ID) = x2apic_mode(l) ? id : id << 24;
    if (x2apic_mode(l))
        REG(l, APIC_LDR) = (id >> 4) << 16 | 1u << (id & 15);
}

static void write_lvt(struct vlapic *l, unsigned int reg, uint32_t value)
{
    static const uint32_t valid[] = { 0x700ff, 0x107ff, 0x107ff, 0x1f7ff, 0x1f7ff, 0x100ff };

    value &= valid[(reg - APIC_LVTT) >> 4];
    if (!(REG(l, APIC_SVR) & SVR_ENABLED))
        value |= LVT_MASKED;
    REG(l, reg) = value;
    if (reg == APIC_LVTT)
        vlapic_timer_set_mode(l, TIMER_MODE(value));
}

static void write_svr(struct vcpu *v, uint32_t value)
{
    struct vlapic *l = v->arch->vlapic;

    REG(l, APIC_SVR) = value & 0x3ff;
    atomic_set(&v->arch->irr_hint, true); /* what waited for it may come now */
    if (value & SVR_ENABLED)
        return;
    for (unsigned int reg = APIC_LVTT; reg <= APIC_LVTERR; reg += 0x10)
        REG(l, reg) |= LVT_MASKED;
}

bool vlapic_write(struct vcpu *v, unsigned int reg, uint32_t value)
{
    struct vlapic *l = v->arch->vlapic;

    switch (reg & ~0xfu) {
    case APIC_EOI:
        end_of_interrupt(v);
        return true;
    case APIC_TPR:
        set_task_priority(v, (uint8_t)value);
        return true;
    case APIC_LDR:
        REG(l, APIC_LDR) = value & 0xff000000;
        return true;
    case APIC_DFR:
        REG(l, APIC_DFR) = value | 0x0fffffff;
        return true;
    case APIC_SVR:
        write_svr(v, value);
        return true;
    case APIC_ESR:
        REG(l, APIC_ESR) = 0;
        return true;
    case APIC_ICR:
        REG(l, APIC_ICR) = value & ~0x1000u;
        send_ipi(v, value, REG(l, APIC_ICR2) >> 24);
        return true;
    case APIC_ICR2:
        REG(l, APIC_ICR2) = value & 0xff000000;
        return true;
    case APIC_LVTT ... APIC_LVTERR:
        write_lvt(l, reg & ~0xfu, value);
        return true;
    case APIC_TMICT:
        REG(l, APIC_TMICT) = value;
        vlapic_timer_start(l);
        return true;
    case APIC_TDCR:
        REG(l, APIC_TDCR) = value & 0xb;
        return true;
    case APIC_ID:
        set_id(v); /* fixed; firmware writes what it read */
        return true;
    default:
        return false;
    }
}

void vlapic_was_written(struct vcpu *v, unsigned int reg)
{
    vlapic_write(v, reg, REG(v->arch->vlapic, reg));
}

/* x2APIC registers are the xAPIC's, at MSR 0x800 + offset / 16 (APM 2, 16.11). */
bool vlapic_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    struct vlapic *l = v->arch->vlapic;
    unsigned int reg = (msr - MSR_X2APIC) << 4;
    uint32_t low;

    if (!x2apic_mode(l) || reg == APIC_DFR || reg == APIC_ICR2 || reg == APIC_EOI ||
        reg >= APIC_SELF_IPI || !vlapic_read(v, reg, &low))
        return false;
    *value = low;
    if (reg == APIC_ICR)
        *value |= (uint64_t)REG(l, APIC_ICR2) << 32;
    return true;
}

/* Bits that are reserved in x2APIC mode (APM 2, 16.11), where the register itself lets them be. */
static bool x2apic_reserved(unsigned int reg, uint64_t value)
{
    switch (reg) {
    case APIC_EOI:
    case APIC_ESR:
        return value;
    case APIC_TPR:
    case APIC_SELF_IPI:
        return value >> 8;
    case APIC_ICR:
        return value & 0xfff32000;
    default:
        return value >> 32;
    }
}

bool vlapic_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    struct vlapic *l = v->arch->vlapic;
    unsigned int reg = (msr - MSR_X2APIC) << 4;

    if (!x2apic_mode(l) || x2apic_reserved(reg, value))
        return false;
    switch (reg) {
    case APIC_ICR:
        REG(l, APIC_ICR) = (uint32_t)value & ~0x1000u;
        REG(l, APIC_ICR2) = (uint32_t)(value >> 32);
        send_ipi(v, (uint32_t)value, (uint32_t)(value >> 32));
        return true;
    case APIC_SELF_IPI:
        vlapic_set_irq(v, (uint8_t)value, false);
        return true;
    case APIC_ID:
    case APIC_LDR:
    case APIC_DFR:
    case APIC_ICR2:
        return false;
    default:
        return vlapic_write(v, reg, (uint32_t)value);
    }
}

/* The base address stays where it is; the mode goes off, xAPIC, x2APIC (APM 2, 16.9). */
bool vlapic_base_write(struct vcpu *v, uint64_t value)
{
    struct vlapic *l = v->arch->vlapic;
    uint64_t mode = value & (BASE_ENABLED | BASE_X2APIC);

    if ((value & ~(BASE_ENABLED | BASE_X2APIC | BASE_BSP)) != VLAPIC_DEFAULT_BASE)
        return false;
    if (mode == BASE_X2APIC)
        return false;
    if (x2apic_mode(l) && mode == BASE_ENABLED)
        return false;
    l->base = (l->base & BASE_BSP) | VLAPIC_DEFAULT_BASE | mode;
    set_id(v);
    if (vendor->apic_mode_changed)
        vendor->apic_mode_changed(v);
    return true;
}

/* --- life --- */

void vlapic_reset(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;

    vlapic_timer_reset(l);
    memset(l->page, 0, PAGE_SIZE);
    for (unsigned int reg = APIC_LVTT; reg <= APIC_LVTERR; reg += 0x10)
        REG(l, reg) = LVT_MASKED;
    set_task_priority(v, 0);
    REG(l, APIC_DFR) = ~0u;
    REG(l, APIC_SVR) = 0xff;
    REG(l, APIC_VERSION) = VERSION_VALUE;
    l->base = VLAPIC_DEFAULT_BASE | BASE_ENABLED | (v->id ? 0 : BASE_BSP);
    set_id(v);
    if (vendor->apic_mode_changed)
        vendor->apic_mode_changed(v);
}

int vlapic_create(struct vcpu *v)
{
    struct vlapic *l = hv_alloc(sizeof(*l));

    if (!l)
        return -ENOMEM;
    v->arch->vlapic = l;
    vlapic_timer_init(v);
    l->page = hv_alloc_pages(0, ALLOC_ANY);
    if (!l->page)
        return -ENOMEM;
    vlapic_reset(v);
    v->arch->wait_for_sipi = v->id != 0;
    return 0;
}

void vlapic_destroy(struct vcpu *v)
{
    struct vlapic *l = v->arch->vlapic;

    if (!l)
        return;
    vlapic_stop_timer(v);
    if (l->page)
        hv_free_pages(l->page, 0);
    hv_free(l);
    v->arch->vlapic = NULL;
}
