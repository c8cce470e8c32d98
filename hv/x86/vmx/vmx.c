/* SPDX-License-Identifier: MIT */
/* Intel VMX with EPT and unrestricted guests (SDM 3, chapters 24 to 32): set-up and entry. */
#include <hv/errno.h>
#include <hv/log.h>
#include <hv/page_alloc.h>
#include <hv/string.h>

#include "x86/hvm/event_word.h"
#include "x86/hvm/spec_ctrl.h"
#include "x86/mm/p2m_x86.h"
#include "x86/vmx/vmx.h"

#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_LOCKED      1u
#define FEATURE_VMX         4u /* outside SMX */
#define X86_CR4_VMXE        0x2000UL
#define DR7_ENABLES         0xffUL
#define MAX_VPID            0xffffu
/* PAUSEs so close together are one loop, which exits when it took so long: ticks of the TSC. */
#define PAUSE_GAP    128
#define PAUSE_WINDOW 4096

static void *io_bitmap; /* 8 KiB: every port exits */
uint8_t *vmx_msr_bitmap;

const uint32_t vmx_switched_msrs[NR_VMX_MSRS] = {
    [VMX_MSR_STAR] = MSR_STAR,     [VMX_MSR_LSTAR] = MSR_LSTAR,         [VMX_MSR_CSTAR] = MSR_CSTAR,
    [VMX_MSR_SFMASK] = MSR_SFMASK, [VMX_MSR_KERNEL_GS] = MSR_KERNEL_GS,
};

/* --- boot ------------------------------------------------------------------------------------- */

bool vmx_detect(void)
{
    const char *missing;
    uint64_t control;

    if (!(cpuid(1).c & 1u << 5))
        return false;
    control = rdmsr(MSR_FEATURE_CONTROL);
    if (control & FEATURE_LOCKED && !(control & FEATURE_VMX)) {
        log_error("VMX is disabled by the firmware: switch it on in its set-up\n");
        return false;
    }
    missing = vmx_caps_read();
    if (missing) {
        log_error("VMX without %s: this CPU is too old\n", missing);
        return false;
    }
    vmx_caps_print();
    return true;
}

/* The bitmap's bits of @msr (25.6.9), for reading and writing: set, the access exits. */
static void msr_let_through(uint32_t msr)
{
    uint32_t base = msr >= 0xc0000000 ? 0x400 : 0, bit = msr & 0x1fff;

    vmx_msr_bitmap[base + bit / 8] &= (uint8_t) ~(1u << bit % 8);
    vmx_msr_bitmap[0x800 + base + bit / 8] &= (uint8_t) ~(1u << bit % 8);
}

static int bitmaps_init(void)
{
    static const uint32_t kept[] = { MSR_FS_BASE,      MSR_GS_BASE,      MSR_SYSENTER_CS,
                                     MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_PAT };

    uint32_t direct[2];

    io_bitmap = hv_alloc_pages(1, ALLOC_NO_SCRUB);
    vmx_msr_bitmap = hv_alloc_pages(0, ALLOC_NO_SCRUB);
    if (!io_bitmap || !vmx_msr_bitmap)
        return -ENOMEM;
    memset(io_bitmap, 0xff, PAGE_SIZE * 2);
    memset(vmx_msr_bitmap, 0xff, PAGE_SIZE);
    for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++)
        msr_let_through(kept[i]);
    for (unsigned int i = 0; i < NR_VMX_MSRS; i++)
        msr_let_through(vmx_switched_msrs[i]);
    for (unsigned int i = spec_ctrl_direct_msrs(direct); i-- > 0;)
        msr_let_through(direct[i]);
    return vmx_apic_init(vmx_msr_bitmap);
}

static int vmx_cpu_up(void)
{
    uint32_t *region = hv_alloc_pages(0, ALLOC_ANY);
    paddr_t pa;
    uint8_t failed;

    if (!region || (!io_bitmap && bitmaps_init()))
        return -ENOMEM;
    if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_LOCKED))
        wrmsr(MSR_FEATURE_CONTROL, rdmsr(MSR_FEATURE_CONTROL) | FEATURE_LOCKED | FEATURE_VMX);
    if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_VMX)) {
        log_error("CPU %u: VMX is disabled by the firmware\n", this_cpu()->id);
        return -ENODEV;
    }
    *region = vmx_caps.revision;
    pa = virt_to_paddr(region);
    write_cr0(read_cr0() | vmx_caps.cr0_fixed1);
    write_cr4(read_cr4() | vmx_caps.cr4_fixed1 | X86_CR4_VMXE);
    __asm__ __volatile__("vmxon %1; setna %0" : "=q"(failed) : "m"(pa) : "cc", "memory");
    if (failed) {
        log_error("CPU %u: VMXON failed\n", this_cpu()->id);
        return -ENODEV;
    }
    asid_init_cpu();
    return 0;
}

static void vmx_cpu_down(void)
{
    __asm__ __volatile__("vmxoff" : : : "cc");
    write_cr4(read_cr4() & ~X86_CR4_VMXE);
}

/* --- vCPUs --------------------------------------------------------------------------------------
 */

/* What does not depend on the CPU; the rest follows when the vCPU comes to one. */
static void write_host_state(void)
{
    vmwrite(VMCS_HOST_CS, SEL_CODE64);
    vmwrite(VMCS_HOST_SS, SEL_DATA);
    vmwrite(VMCS_HOST_DS, SEL_DATA);
    vmwrite(VMCS_HOST_ES, SEL_DATA);
    vmwrite(VMCS_HOST_FS, 0);
    vmwrite(VMCS_HOST_GS, 0);
    vmwrite(VMCS_HOST_TR, SEL_TSS);
    vmwrite(VMCS_HOST_CR0, read_cr0());
    vmwrite(VMCS_HOST_CR4, read_cr4());
    vmwrite(VMCS_HOST_EFER, rdmsr(MSR_EFER));
    vmwrite(VMCS_HOST_PAT, rdmsr(MSR_PAT));
    vmwrite(VMCS_HOST_SYSENTER_CS, 0);
    vmwrite(VMCS_HOST_SYSENTER_ESP, 0);
    vmwrite(VMCS_HOST_SYSENTER_EIP, 0);
    vmwrite(VMCS_HOST_RIP, (uint64_t)vmx_exit_point);
}

static void write_host_cpu_state(void)
{
    struct arch_cpu *a = this_cpu()->arch;
    struct {
        uint16_t limit;
        uint64_t base;
    } __packed idtr;

    __asm__ __volatile__("sidt %0" : "=m"(idtr));
    vmwrite(VMCS_HOST_CR3, read_cr3());
    vmwrite(VMCS_HOST_FS_BASE, rdmsr(MSR_FS_BASE));
    vmwrite(VMCS_HOST_GS_BASE, (uint64_t)this_cpu());
    vmwrite(VMCS_HOST_TR_BASE, (uint64_t)&a->tss);
    vmwrite(VMCS_HOST_GDTR_BASE, (uint64_t)a->gdt);
    vmwrite(VMCS_HOST_IDTR_BASE, idtr.base);
}

static void write_controls(struct vcpu *v)
{
    const struct vmx_caps *c = &vmx_caps;
    const uint8_t *ports = v->domain->arch->ioport_traps;

    if (!ports)
        ports = io_bitmap;
    vmwrite(VMCS_PIN_CONTROLS, c->pin);
    vmwrite(VMCS_PROC_CONTROLS, vmx_of(v)->proc);
    vmwrite(VMCS_SECONDARY_CONTROLS, vmx_of(v)->secondary);
    vmwrite(VMCS_EXIT_CONTROLS, c->exit);
    vmwrite(VMCS_ENTRY_CONTROLS, c->entry);
    vmwrite(VMCS_EXCEPTION_BITMAP, hvm_exception_exits());
    vmwrite(VMCS_PAGE_FAULT_MASK, 0); /* whatever a #PF's error code is, the bitmap decides */
    vmwrite(VMCS_PAGE_FAULT_MATCH, 0);
    vmwrite(VMCS_IO_BITMAP_A, virt_to_paddr(ports));
    vmwrite(VMCS_IO_BITMAP_B, virt_to_paddr(ports + PAGE_SIZE));
    vmwrite(VMCS_MSR_BITMAP, virt_to_paddr(vmx_msr_bitmap));
    vmwrite(VMCS_EPT_POINTER, p2m_root(v->domain) | EPTP_WRITE_BACK | EPTP_4_LEVELS);
    vmwrite(VMCS_LINK_POINTER, ~0UL);
    vmwrite(VMCS_TSC_OFFSET, 0);
    vmwrite(VMCS_ENTRY_EVENT, 0);
    if (c->secondary & SEC_PAUSE_LOOP) {
        vmwrite(VMCS_PAUSE_GAP, PAUSE_GAP);
        vmwrite(VMCS_PAUSE_WINDOW, PAUSE_WINDOW);
    }
    if (c->longest_stay) /* exits don't save what is left of it: each entry begins with it */
        vmwrite(VMCS_PREEMPTION_TIMER, c->longest_stay);
    vmwrite(VMCS_CR0_MASK, VMX_CR0_MASK | vmx_caps.cr0_fixed1);
    vmwrite(VMCS_CR4_MASK, ~VMX_CR4_GUEST);
}

static int vmx_vcpu_create(struct vcpu *v)
{
    struct vmx_vcpu *s = hv_alloc(sizeof(*s));

    if (!s)
        return -ENOMEM;
    v->arch->vmx = s;
    s->vmcs = hv_alloc_pages(0, ALLOC_ANY);
    if (!s->vmcs)
        return -ENOMEM;
    s->vmcs_paddr = virt_to_paddr(s->vmcs);
    memset(s->vmcs, 0, PAGE_SIZE);
    *(uint32_t *)s->vmcs = vmx_caps.revision;
    s->cpu = NO_CPU;
    s->proc = vmx_caps.proc;
    s->secondary = vmx_caps.secondary;
    s->dr6 = 0xffff0ff0;
    vmcs_unload(s);
    vmcs_borrow(s);
    write_controls(v);
    write_host_state();
    vmwrite(VMCS_GUEST_DEBUGCTL, 0);
    vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
    vmwrite(VMCS_GUEST_ACTIVITY, 0);
    vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
    vmwrite(VMCS_GUEST_EFER, 0);
    vmwrite(VMCS_GUEST_CR0, 0);
    vmwrite(VMCS_GUEST_RSP, 0);
    vmwrite(VMCS_GUEST_RFLAGS, 0);
    vmcs_give_back(s);
    return vmx_apic_create(v);
}

static void vmx_vcpu_destroy(struct vcpu *v)
{
    struct vmx_vcpu *s = v->arch->vmx;

    if (!s)
        return;
    vmx_apic_destroy(v);
    vmx_log_free(v);
    if (s->vmcs)
        hv_free_pages(s->vmcs, 0);
    hv_free(s);
    v->arch->vmx = NULL;
}

/* --- on and off a CPU
 * ------------------------------------------------------------------------------ */

void vmx_load_drs(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);

    if (s->drs_loaded)
        return;
    write_breakpoints(s->dr);
    write_dr6(s->dr6);
    s->drs_loaded = true;
    s->proc &= ~PROC_MOV_DR;
    vmwrite(VMCS_PROC_CONTROLS, s->proc);
}

static void save_drs(struct vmx_vcpu *s)
{
    read_breakpoints(s->dr);
    s->dr6 = read_dr6();
    s->drs_loaded = false;
    s->proc |= PROC_MOV_DR;
    vmwrite(VMCS_PROC_CONTROLS, s->proc);
}

static void vmx_switch_in(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);

    vmcs_load(s);
    if (s->cpu != this_cpu()->id) {
        s->cpu = this_cpu()->id;
        write_host_cpu_state();
        s->host_rsp = 0;
        s->invept = true; /* another vCPU of the domain may have left old translations here */
    }
    write_cr2(s->cr2);
    for (unsigned int i = 0; i < NR_VMX_MSRS; i++) {
        /* A tool may have set what the CPU does not take; the last vCPU's must not stay either. */
        if (unlikely(!wrmsr_safe(vmx_switched_msrs[i], s->msr[i])))
            wrmsr(vmx_switched_msrs[i], 0);
    }
    if (unlikely(vmread(VMCS_GUEST_DR7) & DR7_ENABLES))
        vmx_load_drs(v);
}

static void vmx_switch_out(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);

    s->cr2 = read_cr2();
    for (unsigned int i = 0; i < NR_VMX_MSRS; i++)
        s->msr[i] = rdmsr(vmx_switched_msrs[i]);
    if (unlikely(s->drs_loaded))
        save_drs(s);
    vmcs_unload(s);
}

/* --- translations
 * -------------------------------------------------------------------------------------- */

struct inv_descriptor {
    uint64_t what, reserved;
};

static void invept(paddr_t eptp)
{
    struct inv_descriptor d = { eptp, 0 };
    uint64_t type = vmx_caps.invept_single ? 1 : 2;

    __asm__ __volatile__("invept %0, %1" : : "m"(d), "r"(type) : "cc", "memory");
}

static void invvpid_all(void)
{
    struct inv_descriptor d = { 0, 0 };

    __asm__ __volatile__("invvpid %0, %1" : : "m"(d), "r"(2UL) : "cc", "memory");
}

static __noinline void flush_translations(struct vcpu *v)
{
    struct vmx_vcpu *s = vmx_of(v);
    bool all;

    if (s->invept) {
        vmx_log_follow(v);
        invept(vmread(VMCS_EPT_POINTER));
    }
    s->invept = false;
    if (asid_is_valid(&s->vpid))
        return;
    if (!(vmx_caps.secondary & SEC_VPID)) { /* each entry flushes */
        (void)asid_new(&s->vpid, MAX_VPID, &all);
        return;
    }
    vmwrite(VMCS_VPID, asid_new(&s->vpid, MAX_VPID, &all));
    if (all)
        invvpid_all();
}

static void vmx_flush_tlb(struct vcpu *v)
{
    vmx_of(v)->invept = true;
}

/* --- entry
 * --------------------------------------------------------------------------------------------------
 */

static __noinline void write_event(struct vcpu *v)
{
    struct x86_event *e = &v->arch->pending;

    if (e->has_error && !(vmread(VMCS_GUEST_CR0) & X86_CR0_PE))
        e->has_error = false; /* real mode pushes none */
    if (e->has_error)
        vmwrite(VMCS_ENTRY_ERROR, e->error);
    vmwrite(VMCS_ENTRY_EVENT, event_word(e));
    if (e->type == EVENT_EXCEPTION && e->vector == EXC_PF)
        write_cr2(e->cr2);
    if (e->type == EVENT_EXCEPTION && e->vector == EXC_DB)
        vmx_load_drs(v); /* its DR6 */
    e->valid = false;
}

static void prepare_entry(struct vcpu *v)
{
    struct arch_vcpu *a = v->arch;
    struct vmx_vcpu *s = a->vmx;

    if (unlikely(s->invept || !asid_is_valid(&s->vpid)))
        flush_translations(v);
    if (unlikely(s->tpr_window))
        vmwrite(VMCS_TPR_THRESHOLD, vmx_get_cr(v, 8));
    if (unlikely(a->irr_hint) && a->apic_virtual)
        vmx_apic_enter(v);
    vmwrite(VMCS_GUEST_RIP, a->rip);
    if (a->rsp != s->rsp)
        vmwrite(VMCS_GUEST_RSP, a->rsp);
    if (a->rflags != s->rflags)
        vmwrite(VMCS_GUEST_RFLAGS, a->rflags);
    if (unlikely(a->pending.valid))
        write_event(v);
}

static void vmx_run(struct vcpu *v)
{
    struct arch_vcpu *a = v->arch;
    struct vmx_vcpu *s = a->vmx;

    prepare_entry(v);
    if (unlikely(vmx_enter(a->gpr, s->launched, &s->host_rsp))) {
        vmx_entry_failed(v);
        return;
    }
    s->launched = true;
    a->rip = vmread(VMCS_GUEST_RIP);
    a->rsp = s->rsp = vmread(VMCS_GUEST_RSP);
    a->rflags = s->rflags = vmread(VMCS_GUEST_RFLAGS);
    if (unlikely(s->pml_now))
        vmx_log_drain(v);
    vmx_decode_exit(v);
}

static void set_proc(struct vcpu *v, uint32_t control, bool on)
{
    struct vmx_vcpu *s = vmx_of(v);

    s->proc = on ? s->proc | control : s->proc & ~control;
    vmwrite(VMCS_PROC_CONTROLS, s->proc);
}

static void vmx_request_interrupt_window(struct vcpu *v, bool on)
{
    set_proc(v, PROC_INTERRUPT_WINDOW, on);
}

/* An exit as soon as the priority is below what it is now (30.1.2); see prepare_entry. */
static void vmx_request_tpr_window(struct vcpu *v, bool on)
{
    vmx_of(v)->tpr_window = on;
    if (!on)
        vmwrite(VMCS_TPR_THRESHOLD, 0);
}

static bool vmx_interrupts_allowed(struct vcpu *v)
{
    return v->arch->rflags & X86_RFLAGS_IF &&
           !(vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
}

static bool vmx_nmi_allowed(struct vcpu *v)
{
    return !(vmread(VMCS_GUEST_INTERRUPTIBILITY) &
             (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS | BLOCKED_BY_NMI));
}

static bool vmx_request_nmi_window(struct vcpu *v)
{
    set_proc(v, PROC_NMI_WINDOW, true);
    return false;
}

static void vmx_report(struct vcpu *v)
{
    log_domain(
        v->domain, LOG_ERROR,
        "vCPU %u on CPU %u: exit %#lx (%#lx), event %#lx, at %#lx; cr0 %#lx cr3 %#lx cr4 %#lx "
        "efer %#lx\n",
        v->id, this_cpu()->id, vmread(VMCS_EXIT_REASON), vmread(VMCS_EXIT_QUALIFICATION),
        vmread(VMCS_VECTORING_EVENT), v->arch->rip, vmread(VMCS_GUEST_CR0), vmread(VMCS_GUEST_CR3),
        vmread(VMCS_GUEST_CR4), vmread(VMCS_GUEST_EFER));
}

static void vmx_reset(struct vcpu *v)
{
    vmx_write(v, VMCS_GUEST_INTERRUPTIBILITY, 0);
    vmx_apic_reset(v);
}

static void vmx_end_instruction(struct vcpu *v)
{
    uint64_t blocked = vmread(VMCS_GUEST_INTERRUPTIBILITY);

    if (unlikely(blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)))
        vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocked & ~(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
}

static void vmx_set_tsc_offset(struct vcpu *v, uint64_t offset)
{
    v->arch->tsc_offset = offset;
    vmx_write(v, VMCS_TSC_OFFSET, offset);
}

const struct vendor_ops vmx_ops = {
    .name = "Intel VMX",
    .p2m_format = &ept_format,
    .cpu_up = vmx_cpu_up,
    .cpu_down = vmx_cpu_down,
    .vcpu_create = vmx_vcpu_create,
    .vcpu_destroy = vmx_vcpu_destroy,
    .switch_in = vmx_switch_in,
    .switch_out = vmx_switch_out,
    .run = vmx_run,
    .request_interrupt_window = vmx_request_interrupt_window,
    .request_tpr_window = vmx_request_tpr_window,
    .interrupts_allowed = vmx_interrupts_allowed,
    .report = vmx_report,
    .nmi_allowed = vmx_nmi_allowed,
    .request_nmi_window = vmx_request_nmi_window,
    .reset = vmx_reset,
    .end_instruction = vmx_end_instruction,
    .apic_mode_changed = vmx_apic_mode_changed,
    .apic_post = vmx_apic_post,
    .apic_pending = vmx_apic_pending,
    .get_mode = vmx_get_mode,
    .get_paging = vmx_get_paging,
    .get_cr = vmx_get_cr,
    .set_cr = vmx_set_cr,
    .get_efer = vmx_get_efer,
    .set_efer = vmx_set_efer,
    .get_segment = vmx_get_segment,
    .set_segment = vmx_set_segment,
    .get_table = vmx_get_table,
    .set_table = vmx_set_table,
    .get_dr7 = vmx_get_dr7,
    .set_dr7 = vmx_set_dr7,
    .msr_read = vmx_msr_read,
    .msr_write = vmx_msr_write,
    .log_start = vmx_log_start,
    .log_stop = vmx_log_stop,
    .flush_tlb = vmx_flush_tlb,
    .set_tsc_offset = vmx_set_tsc_offset,
    .hypercall_opcode = { 0x0f, 0x01, 0xc1 },
};
