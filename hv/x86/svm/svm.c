/* SPDX-License-Identifier: MIT */
/* AMD SVM with nested paging (APM 2, chapter 15): set-up, entry, and state. */
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/event_word.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/mm/p2m_x86.h"
#include "x86/svm/svm.h"

#define MSR_VM_CR       0xc0010114
#define MSR_VM_HSAVE_PA 0xc0010117
#define VM_CR_SVMDIS    0x10
#define DR7_ENABLES     0xffUL
/*
 * So many PAUSEs make a loop that exits (APM 2, 15.14.4); more than that many clocks apart
 * they are counted anew, where the CPU has the threshold.
 */
#define PAUSE_COUNT 3000
#define PAUSE_GAP   128
/* Caches and machine checks are the host's: the guest just sees these bits as it sets them. */
#define CR0_HIDDEN (X86_CR0_CD | X86_CR0_NW)
#define CR4_HIDDEN X86_CR4_MCE

uint32_t svm_features;
static uint32_t nr_asids;
static void *io_bitmap;     /* 12 KiB: every port exits */
static uint8_t *msr_bitmap; /* 8 KiB, shared by all guests */

bool svm_detect(void)
{
    struct cpuid_regs r;

    if (cpuid(0x80000000).a < 0x8000000a || !(cpuid(0x80000001).c & 4))
        return false;
    if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS) {
        log_error("SVM is disabled by the firmware: switch it on in its set-up\n");
        return false;
    }
    r = cpuid(0x8000000a);
    svm_features = r.d;
    nr_asids = r.b;
    if (!(svm_features & SVM_FEATURE_NPT)) {
        log_error("SVM without nested paging: this CPU is too old\n");
        return false;
    }
    log_info("SVM: %u ASIDs%s%s%s, loops of PAUSE %s\n", nr_asids,
             svm_features & SVM_FEATURE_NRIPS ? ", NRIPS" : "",
             svm_features & SVM_FEATURE_FLUSH_BY_ASID ? ", flush by ASID" : "",
             svm_features & SVM_FEATURE_DECODE_ASSIST ? ", decode assists" : "",
             svm_features & SVM_FEATURE_PAUSE_FILTER ? "yield" : "don't yield");
    return true;
}

/* The bitmap's two bits of @msr (APM 2, 15.11), for reading and writing: set, the access exits. */
static void msr_let_through(uint32_t msr)
{
    uint32_t base = msr >= 0xc0010000 ? 0x1000 : msr >= 0xc0000000 ? 0x800 : 0;
    uint32_t bit = (msr & 0x1fff) * 2;

    msr_bitmap[base + bit / 8] &= (uint8_t) ~(3u << bit % 8);
}

static int bitmaps_init(void)
{
    static const uint32_t switched[] = {
        MSR_FS_BASE, MSR_GS_BASE,     MSR_KERNEL_GS,    MSR_STAR,         MSR_LSTAR, MSR_CSTAR,
        MSR_SFMASK,  MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_PAT,
    };

    uint32_t direct[2];

    io_bitmap = hv_alloc_pages(2, ALLOC_NO_SCRUB);
    msr_bitmap = hv_alloc_pages(1, ALLOC_NO_SCRUB);
    if (!io_bitmap || !msr_bitmap)
        return -ENOMEM;
    memset(io_bitmap, 0xff, PAGE_SIZE * 4);
    memset(msr_bitmap, 0xff, PAGE_SIZE * 2);
    for (unsigned int i = 0; i < ARRAY_SIZE(switched); i++)
        msr_let_through(switched[i]);
    for (unsigned int i = spec_ctrl_direct_msrs(direct); i-- > 0;)
        msr_let_through(direct[i]);
    return 0;
}

static int svm_cpu_up(void)
{
    struct arch_cpu *a = this_cpu()->arch;
    void *hsave = hv_alloc_pages(0, ALLOC_ANY), *host = hv_alloc_pages(0, ALLOC_ANY);

    if (!hsave || !host)
        return -ENOMEM;
    if (!io_bitmap && bitmaps_init())
        return -ENOMEM;
    if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
        return -ENODEV;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | X86_EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, virt_to_paddr(hsave));
    asid_init_cpu();
    a->svm_host_vmcb = virt_to_paddr(host);
    /* The host's FS, GS, TR, LDTR and system-call MSRs stay as they are now. */
    __asm__ __volatile__("vmsave %%rax" : : "a"(a->svm_host_vmcb) : "memory");
    return 0;
}

static void svm_cpu_down(void)
{
    __asm__ __volatile__("stgi");
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~X86_EFER_SVME);
}

static void vmcb_init(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);

    b->intercept[2] = hvm_exception_exits();
    b->intercept[0] = INTERCEPT_CR_WRITE(4);
    b->intercept[1] = INTERCEPT_DRS;
    b->intercept[3] = INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_INIT |
                      INTERCEPT_CR0_SEL | INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD |
                      INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_IOIO | INTERCEPT_MSR |
                      INTERCEPT_TASK_SWITCH | INTERCEPT_FERR_FREEZE | INTERCEPT_SHUTDOWN;
    b->intercept[4] = INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
                      INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT | INTERCEPT_WBINVD |
                      INTERCEPT_MONITOR | INTERCEPT_MWAIT | INTERCEPT_XSETBV | INTERCEPT_RDPRU;
    if (svm_features & SVM_FEATURE_PAUSE_FILTER) {
        b->intercept[3] |= INTERCEPT_PAUSE;
        b->pause_count = PAUSE_COUNT;
        b->pause_threshold = PAUSE_GAP;
    }
    b->iopm =
        virt_to_paddr(v->domain->arch->ioport_traps ? v->domain->arch->ioport_traps : io_bitmap);
    b->msrpm = virt_to_paddr(msr_bitmap);
    b->vintr = VINTR_MASKING;
    b->nested_enable = 1;
    b->nested_cr3 = p2m_root(v->domain);
    b->pat = 0x0007040600070406UL;
    b->efer = X86_EFER_SVME;
    b->dr6 = 0xffff0ff0;
    b->dr7 = 0x400;
}

static int svm_vcpu_create(struct vcpu *v)
{
    struct svm_vcpu *s = hv_alloc(sizeof(*s));

    if (!s)
        return -ENOMEM;
    v->arch->svm = s;
    s->vmcb = hv_alloc_pages(0, ALLOC_ANY);
    if (!s->vmcb)
        return -ENOMEM;
    s->vmcb_paddr = virt_to_paddr(s->vmcb);
    vmcb_init(v);
    return 0;
}

static void svm_vcpu_destroy(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    if (!s)
        return;
    if (s->vmcb)
        hv_free_pages(s->vmcb, 0);
    hv_free(s);
    v->arch->svm = NULL;
}

static __noinline void new_asid(struct svm_vcpu *s)
{
    bool all;

    s->vmcb->asid = asid_new(&s->asid, nr_asids - 1, &all);
    s->vmcb->tlb_control = all;
}

static void svm_flush_tlb(struct vcpu *v)
{
    asid_forget(&v->arch->svm->asid);
}

void svm_load_drs(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    write_breakpoints(s->dr);
    s->drs_loaded = true;
    s->vmcb->intercept[1] = 0;
}

/*
 * VMLOAD and VMSAVE at each entry and exit move all there is, DR0-3 excepted: they are
 * moved only if the guest uses them (DR7, in the VMCB, has breakpoints on), or asks.
 */
static void svm_switch_in(struct vcpu *v)
{
    write_cr2(vmcb_of(v)->cr2); /* for Bochs 3.0, whose VMRUN does not load it */
    if (unlikely(vmcb_of(v)->dr7 & DR7_ENABLES))
        svm_load_drs(v);
}

static void svm_switch_out(struct vcpu *v)
{
    struct svm_vcpu *s = v->arch->svm;

    if (likely(!s->drs_loaded))
        return;
    read_breakpoints(s->dr);
    s->drs_loaded = false;
    s->vmcb->intercept[1] = INTERCEPT_DRS;
}

/*
 * An interrupt by V_IRQ, which the guest, who can take it now, takes before its first
 * instruction (APM 2, 15.21.4), for QEMU's TCG: it may deliver an injected one twice. It is told
 * by the NRIPS that it lacks, as others have faults of their own (Bochs 3.0 does not look at
 * V_IRQ before the guest changes IF). Not where V_IRQ has to open the window for another
 * interrupt, nor where an NMI waits for this one's delivery.
 */
static bool raise_virtual_irq(struct vcpu *v, struct vmcb *b)
{
    const struct x86_event *e = &v->arch->pending;

    if (svm_features & SVM_FEATURE_NRIPS || e->type != EVENT_INTERRUPT || b->vintr & VINTR_IRQ ||
        v->arch->nmi_pending)
        return false;
    b->vintr |= VINTR_IRQ_NOW;
    b->vintr_vector = e->vector;
    return true;
}

/* What the host had to do may have come first: the interrupt waits on. */
static void drop_virtual_irq(struct vcpu *v, struct vmcb *b)
{
    v->arch->pending.valid = b->vintr & VINTR_IRQ;
    b->vintr &= ~VINTR_IRQ_NOW;
}

static void inject_event(struct vcpu *v, struct vmcb *b)
{
    const struct x86_event *e = &v->arch->pending;

    b->eventinj = event_word(e) | (e->has_error ? (uint64_t)e->error << 32 : 0);
    if (e->type == EVENT_EXCEPTION && e->vector == EXC_PF) {
        b->cr2 = e->cr2;
        write_cr2(e->cr2); /* as svm_switch_in */
    }
    if (e->type == EVENT_NMI)
        svm_nmi_begins(v->arch->svm);
    v->arch->pending.valid = false;
}

/* True: by V_IRQ. */
static __noinline bool write_event(struct vcpu *v, struct vmcb *b)
{
    if (raise_virtual_irq(v, b))
        return true;
    inject_event(v, b);
    return false;
}

static void svm_run(struct vcpu *v)
{
    struct arch_vcpu *a = v->arch;
    struct svm_vcpu *s = a->svm;
    struct vmcb *b = s->vmcb;
    bool virtual_irq = false;

    b->tlb_control = 0;
    if (unlikely(!asid_is_valid(&s->asid)))
        new_asid(s);
    b->rax = a->gpr[REG_RAX];
    b->rip = s->entered_rip = a->rip;
    b->rsp = a->rsp;
    b->rflags = a->rflags;
    b->eventinj = 0;
    if (unlikely(a->pending.valid))
        virtual_irq = write_event(v, b);

    svm_enter(a->gpr, s->vmcb_paddr, this_cpu()->arch->svm_host_vmcb);

    a->gpr[REG_RAX] = b->rax;
    a->rip = b->rip;
    a->rsp = b->rsp;
    a->rflags = b->rflags;
    if (virtual_irq)
        drop_virtual_irq(v, b);
    svm_decode_exit(v);
    if (unlikely(s->step))
        svm_step_ends(v);
}

/*
 * Also as long as the window's V_IRQ is on: QEMU's TCG 7.2 ends itself by an assertion when
 * a guest writes CR8 then.
 */
static void update_cr8_intercept(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);

    if (v->arch->svm->tpr_window || b->vintr & VINTR_IRQ)
        b->intercept[0] |= INTERCEPT_CR_WRITE(8);
    else
        b->intercept[0] &= ~INTERCEPT_CR_WRITE(8);
}

static void svm_request_interrupt_window(struct vcpu *v, bool on)
{
    struct vmcb *b = vmcb_of(v);

    if (on) {
        b->vintr |= VINTR_IRQ_NOW;
        b->intercept[3] |= INTERCEPT_VINTR;
    } else {
        b->vintr &= ~VINTR_IRQ_NOW;
        b->intercept[3] &= ~INTERCEPT_VINTR;
    }
    update_cr8_intercept(v);
}

static void svm_request_tpr_window(struct vcpu *v, bool on)
{
    v->arch->svm->tpr_window = on;
    update_cr8_intercept(v);
}

static bool svm_interrupts_allowed(struct vcpu *v)
{
    return v->arch->rflags & X86_RFLAGS_IF && !(vmcb_of(v)->interrupt_shadow & 1);
}

static void svm_end_instruction(struct vcpu *v)
{
    vmcb_of(v)->interrupt_shadow &= ~1UL;
}

static struct x86_mode svm_get_mode(struct vcpu *v)
{
    const struct vmcb *b = vmcb_of(v);

    return (struct x86_mode){ .is_64bit = b->cs.attr & SEG_ATTR_L, .cpl = b->cpl };
}

static void svm_get_paging(struct vcpu *v, struct x86_paging *p)
{
    const struct vmcb *b = vmcb_of(v);

    p->cr0 = b->cr0;
    p->cr3 = b->cr3;
    p->cr4 = b->cr4;
    p->efer = b->efer & ~X86_EFER_SVME;
    p->rflags = v->arch->rflags;
    p->cpl = b->cpl;
}

static uint64_t svm_get_cr(struct vcpu *v, unsigned int n)
{
    const struct vmcb *b = vmcb_of(v);

    switch (n) {
    case 0:
        return (b->cr0 & ~CR0_HIDDEN) | v->arch->svm->cr0_seen;
    case 2:
        return b->cr2;
    case 3:
        return b->cr3;
    case 8:
        return b->vintr & VINTR_TPR;
    default:
        return (b->cr4 & ~CR4_HIDDEN) | v->arch->svm->cr4_seen;
    }
}

/* LMA follows PG as long as LME is set (APM 2, 14.6). */
void svm_update_lma(struct vmcb *b)
{
    if (b->cr0 & X86_CR0_PG && b->efer & X86_EFER_LME)
        b->efer |= X86_EFER_LMA;
    else
        b->efer &= ~X86_EFER_LMA;
}

/*
 * As long as the VMCB's register is not what the guest sees, reading exits, and any write of
 * CR0: the selective intercept asks what it would change of the VMCB's.
 */
static void set_hidden_cr0(struct vcpu *v, uint64_t seen)
{
    static const uint32_t intercepts = INTERCEPT_CR_READ(0) | INTERCEPT_CR_WRITE(0);
    struct svm_vcpu *s = v->arch->svm;

    s->cr0_seen = seen;
    if (seen)
        s->vmcb->intercept[0] |= intercepts;
    else
        s->vmcb->intercept[0] &= ~intercepts;
}

static void set_hidden_cr4(struct vcpu *v, uint64_t seen)
{
    struct svm_vcpu *s = v->arch->svm;

    s->cr4_seen = seen;
    if (seen == CR4_HIDDEN)
        s->vmcb->intercept[0] &= ~INTERCEPT_CR_READ(4);
    else
        s->vmcb->intercept[0] |= INTERCEPT_CR_READ(4);
}

static void svm_set_cr(struct vcpu *v, unsigned int n, uint64_t value)
{
    struct vmcb *b = vmcb_of(v);

    switch (n) {
    case 0:
        if ((b->cr0 ^ value) & (X86_CR0_PG | X86_CR0_WP | X86_CR0_PE))
            svm_flush_tlb(v);
        b->cr0 = (value | X86_CR0_ET) & ~CR0_HIDDEN;
        set_hidden_cr0(v, value & CR0_HIDDEN);
        svm_update_lma(b);
        break;
    case 2:
        b->cr2 = value;
        break;
    case 3:
        b->cr3 = value;
        svm_flush_tlb(v);
        break;
    case 4:
        b->cr4 = value | CR4_HIDDEN;
        set_hidden_cr4(v, value & CR4_HIDDEN);
        svm_flush_tlb(v);
        break;
    case 8:
        b->vintr = (b->vintr & ~VINTR_TPR) | (uint32_t)value;
        break;
    }
}

static uint64_t svm_get_efer(struct vcpu *v)
{
    return vmcb_of(v)->efer & ~X86_EFER_SVME;
}

static void svm_set_efer(struct vcpu *v, uint64_t value)
{
    struct vmcb *b = vmcb_of(v);

    if ((b->efer ^ value) & X86_EFER_NXE)
        svm_flush_tlb(v);
    b->efer = (value & ~X86_EFER_LMA) | X86_EFER_SVME;
    svm_update_lma(b);
}

static struct vmcb_segment *segment_of(struct vmcb *b, enum x86_seg s)
{
    switch (s) {
    case SEG_LDTR:
        return &b->ldtr;
    case SEG_TR:
        return &b->tr;
    default:
        return &b->es + s;
    }
}

static void svm_get_segment(struct vcpu *v, enum x86_seg s, struct x86_segment *seg)
{
    const struct vmcb_segment *m = segment_of(vmcb_of(v), s);

    *seg = (struct x86_segment){ m->sel, m->attr, m->limit, m->base };
    /* SYSRET leaves the privilege level in SS's attributes as it was (APM 3, SYSRET). */
    if (s == SEG_SS)
        seg->attr = (uint16_t)((m->attr & ~SEG_ATTR_DPL_MASK) | vmcb_of(v)->cpl << 5);
}

static void svm_set_segment(struct vcpu *v, enum x86_seg s, const struct x86_segment *seg)
{
    *segment_of(vmcb_of(v), s) =
        (struct vmcb_segment){ seg->sel, seg->attr & 0xfff, seg->limit, seg->base };
    if (s == SEG_SS)
        vmcb_of(v)->cpl = SEG_ATTR_DPL(seg->attr);
}

static void svm_get_table(struct vcpu *v, bool idt, struct x86_table *t)
{
    const struct vmcb_segment *m = idt ? &vmcb_of(v)->idtr : &vmcb_of(v)->gdtr;

    *t = (struct x86_table){ (uint16_t)m->limit, m->base };
}

static void svm_set_table(struct vcpu *v, bool idt, const struct x86_table *t)
{
    struct vmcb_segment *m = idt ? &vmcb_of(v)->idtr : &vmcb_of(v)->gdtr;

    m->limit = t->limit;
    m->base = t->base;
}

static uint64_t svm_get_dr7(struct vcpu *v)
{
    return vmcb_of(v)->dr7;
}

static void svm_set_dr7(struct vcpu *v, uint64_t value)
{
    vmcb_of(v)->dr7 = value;
}

static uint64_t *msr_place(struct vmcb *b, uint32_t msr)
{
    switch (msr) {
    case MSR_FS_BASE:
        return &b->fs.base;
    case MSR_GS_BASE:
        return &b->gs.base;
    case MSR_KERNEL_GS:
        return &b->kernel_gs_base;
    case MSR_STAR:
        return &b->star;
    case MSR_LSTAR:
        return &b->lstar;
    case MSR_CSTAR:
        return &b->cstar;
    case MSR_SFMASK:
        return &b->sfmask;
    case MSR_SYSENTER_CS:
        return &b->sysenter_cs;
    case MSR_SYSENTER_ESP:
        return &b->sysenter_esp;
    case MSR_SYSENTER_EIP:
        return &b->sysenter_eip;
    case MSR_PAT:
        return &b->pat;
    default:
        return NULL;
    }
}

static bool svm_msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    const uint64_t *p = msr_place(vmcb_of(v), msr);

    if (p)
        memcpy(value, p, sizeof(*value));
    return p;
}

static bool svm_msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t *p = msr_place(vmcb_of(v), msr);

    if (p)
        memcpy(p, &value, sizeof(value));
    return p;
}

static void svm_set_tsc_offset(struct vcpu *v, uint64_t offset)
{
    v->arch->tsc_offset = offset;
    vmcb_of(v)->tsc_offset = offset;
}

const struct vendor_ops svm_ops = {
    .name = "AMD SVM",
    .p2m_format = &npt_format,
    .cpu_up = svm_cpu_up,
    .cpu_down = svm_cpu_down,
    .vcpu_create = svm_vcpu_create,
    .vcpu_destroy = svm_vcpu_destroy,
    .switch_in = svm_switch_in,
    .switch_out = svm_switch_out,
    .run = svm_run,
    .request_interrupt_window = svm_request_interrupt_window,
    .request_tpr_window = svm_request_tpr_window,
    .interrupts_allowed = svm_interrupts_allowed,
    .report = svm_report,
    .nmi_allowed = svm_nmi_allowed,
    .request_nmi_window = svm_request_nmi_window,
    .reset = svm_reset,
    .end_instruction = svm_end_instruction,
    .get_mode = svm_get_mode,
    .get_paging = svm_get_paging,
    .get_cr = svm_get_cr,
    .set_cr = svm_set_cr,
    .get_efer = svm_get_efer,
    .set_efer = svm_set_efer,
    .get_segment = svm_get_segment,
    .set_segment = svm_set_segment,
    .get_table = svm_get_table,
    .set_table = svm_set_table,
    .get_dr7 = svm_get_dr7,
    .set_dr7 = svm_set_dr7,
    .msr_read = svm_msr_read,
    .msr_write = svm_msr_write,
    .flush_tlb = svm_flush_tlb,
    .set_tsc_offset = svm_set_tsc_offset,
    .hypercall_opcode = { 0x0f, 0x01, 0xd9 },
};
