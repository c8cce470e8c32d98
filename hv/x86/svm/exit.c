/* SPDX-License-Identifier: MIT */
/* The VMCB's words about an exit, in vendor-neutral ones. */
#include <hv/log.h>

#include "x86/cpu/cpu.h"
#include "x86/hvm/event_word.h"
#include "x86/mm/paging.h"
#include "x86/svm/svm.h"

static void decode_io(struct vmexit *x, uint64_t info, uint64_t next_rip, uint64_t rip)
{
    x->reason = VMEXIT_IO;
    x->io.port = (uint16_t)(info >> 16);
    x->io.in = info & 1;
    x->io.string = info & 4;
    x->io.rep = info & 8;
    x->io.size = (uint8_t)(info >> 4 & 7);
    x->insn_len = (uint8_t)(next_rip - rip);
}

static void decode_npf(struct vmexit *x, const struct vmcb *b)
{
    uint64_t info = b->exitinfo1;

    x->reason = VMEXIT_NESTED_FAULT;
    x->fault.gpa = b->exitinfo2;
    x->fault.present = info & NPF_PRESENT;
    x->fault.write = info & NPF_WRITE;
    x->fault.fetch = info & NPF_FETCH;
    x->fault.table_walk = info & NPF_TABLE_WALK;
    x->insn_bytes = NULL;
    /* APM 2, 15.8.4 */
    if (svm_features & SVM_FEATURE_DECODE_ASSIST && b->insn_len && b->insn_len <= 15) {
        x->insn_bytes = b->insn;
        x->nr_insn_bytes = b->insn_len;
    }
}

/* The operand is told by decode assists only (APM 2, 15.8.1). */
static void decode_cr(struct vmexit *x, enum vmexit_reason reason, const struct vmcb *b)
{
    x->reason = reason;
    x->cr.cr = b->exitcode & 15;
    x->cr.gpr = CR_GPR_UNKNOWN;
    if (svm_features & SVM_FEATURE_DECODE_ASSIST && b->exitinfo1 & EXITINFO_MOV_CR)
        x->cr.gpr = b->exitinfo1 & 15;
}

/* Exits by an instruction that say all by their number. */
static const uint8_t plain_exits[] = {
    [EXIT_CPUID] = VMEXIT_CPUID,       [EXIT_HLT] = VMEXIT_HLT,
    [EXIT_VMMCALL] = VMEXIT_HYPERCALL, [EXIT_PAUSE] = VMEXIT_PAUSE,
    [EXIT_RDTSC] = VMEXIT_RDTSC,       [EXIT_XSETBV] = VMEXIT_XSETBV,
    [EXIT_WBINVD] = VMEXIT_WBINVD,     [EXIT_INVD] = VMEXIT_WBINVD,
    [EXIT_SHUTDOWN] = VMEXIT_SHUTDOWN, [EXIT_VINTR] = VMEXIT_INTERRUPT_WINDOW,
};

static __noinline void decode_other(struct vcpu *v, struct vmexit *x, const struct vmcb *b)
{
    switch (b->exitcode) {
    case EXIT_INTR:
    case EXIT_NMI:
    case EXIT_SMI:
    case EXIT_INIT:
        x->reason = VMEXIT_NOTHING;
        break;
    case EXIT_IOIO:
        decode_io(x, b->exitinfo1, b->exitinfo2, b->rip);
        break;
    case EXIT_CR_READ(0)... EXIT_CR_READ(15):
        decode_cr(x, VMEXIT_CR_READ, b);
        break;
    case EXIT_CR_WRITE(0)... EXIT_CR_WRITE(15):
        decode_cr(x, VMEXIT_CR_WRITE, b);
        break;
    case EXIT_CR0_SEL:
        decode_cr(x, VMEXIT_CR_WRITE, b);
        x->cr.cr = 0;
        svm_update_lma(vmcb_of(v)); /* Bochs 3.0 has changed it by then, as if CR0 were written */
        break;
    case EXIT_EXCEPTION(EXC_MC): /* the host's, and it does not come by itself any more */
        __asm__ __volatile__("int $18" : : : "memory");
        x->reason = VMEXIT_NOTHING;
        break;
    case EXIT_IRET:
        svm_nmi_iret(v);
        x->reason = VMEXIT_NOTHING;
        break;
    case EXIT_DR(0)... EXIT_DR(31):
        svm_load_drs(v); /* and the instruction is executed again */
        x->reason = VMEXIT_NOTHING;
        break;
    case EXIT_EXCEPTION(0)... EXIT_EXCEPTION(EXC_MC - 1):
    case EXIT_EXCEPTION(EXC_MC + 1)... EXIT_EXCEPTION(31):
        x->reason = VMEXIT_EXCEPTION;
        x->exception.vector = b->exitcode & 31;
        x->exception.error = (uint32_t)b->exitinfo1;
        x->exception.cr2 = b->exitinfo2;
        break;
    case EXIT_VMRUN:
    case EXIT_VMMCALL + 1 ... EXIT_SKINIT:
    case EXIT_RDPMC:
    case EXIT_INVLPGA:
    case EXIT_MONITOR ... EXIT_MWAIT_COND:
    case EXIT_RDPRU:
        x->reason = VMEXIT_UNDEFINED;
        break;
    default:
        x->reason = VMEXIT_FAILED;
        x->failure = b->exitcode;
    }
}

void svm_decode_exit(struct vcpu *v)
{
    struct vmcb *b = vmcb_of(v);
    struct vmexit *x = &v->arch->exit;
    uint64_t code = b->exitcode, len = b->next_rip - b->rip;

    if (unlikely(b->exitintinfo & EVENT_VALID))
        hvm_event_interrupted(v, (uint32_t)b->exitintinfo, (uint32_t)(b->exitintinfo >> 32),
                              b->cr2);
    /* next_rip: 0 without NRIPS, and where no instruction exits (APM 2, 15.7.1). */
    x->insn_len = len <= 15 ? (uint8_t)len : 0;
    if (code < ARRAY_SIZE(plain_exits) && plain_exits[code])
        x->reason = (enum vmexit_reason)plain_exits[code];
    else if (code == EXIT_MSR)
        x->reason = b->exitinfo1 & 1 ? VMEXIT_MSR_WRITE : VMEXIT_MSR_READ;
    else if (code == EXIT_NPF)
        decode_npf(x, b);
    else
        decode_other(v, x, b);
}

void svm_report(struct vcpu *v)
{
    const struct vmcb *b = vmcb_of(v);
    struct domain *d = v->domain;

    log_domain(d, LOG_ERROR,
               "vCPU %u on CPU %u: entered at %#lx, exit %#lx (%#lx, %#lx), event %#lx at %#lx%s\n",
               v->id, this_cpu()->id, v->arch->svm->entered_rip, b->exitcode, b->exitinfo1,
               b->exitinfo2, b->exitintinfo, b->rip,
               b->cr3 == hv_cr3 ? ": THE HYPERVISOR'S STATE" : "");
    log_domain(d, LOG_ERROR,
               "rsp %#lx rflags %#lx cpl %u cs %#x ss %#x cr0 %#lx cr2 %#lx cr3 %#lx cr4 %#lx\n",
               b->rsp, b->rflags, b->cpl, b->cs.sel, b->ss.sel, b->cr0, b->cr2, b->cr3, b->cr4);
    log_domain(
        d, LOG_ERROR, "efer %#lx idt %#lx gdt %#lx intr %#x shadow %#lx asid %u nested cr3 %#lx\n",
        b->efer, b->idtr.base, b->gdtr.base, b->vintr, b->interrupt_shadow, b->asid, b->nested_cr3);
}
