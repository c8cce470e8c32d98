/* SPDX-License-Identifier: MIT */
/*
 * What AMD SVM and Intel VMX each provide. Nothing above this table knows which
 * of them runs. Chosen once at boot.
 */
#ifndef X86_HVM_VENDOR_H
#define X86_HVM_VENDOR_H

#include "x86/x86.h"

struct p2m_format;

struct vendor_ops {
    const char *name;
    const struct p2m_format *p2m_format; /* of the nested page tables */

    /* Boot, on each CPU: switches virtualization on. Negative errno, with a log line. */
    int (*cpu_up)(void);
    void (*cpu_down)(void);

    int (*vcpu_create)(struct vcpu *v);
    void (*vcpu_destroy)(struct vcpu *v);
    /* Loads or saves what stays on the CPU while the vCPU runs on it. */
    void (*switch_in)(struct vcpu *v);
    void (*switch_out)(struct vcpu *v);

    /*
     * Enters the guest with arch.gpr, rip, rsp, rflags and arch.pending, and
     * returns after the exit with them updated and arch.exit filled in. Called
     * with interrupts off; returns with them off. An event whose delivery was
     * interrupted by the exit is put back in arch.pending.
     */
    void (*run)(struct vcpu *v);

    /* An interrupt waits and the guest can't take it: exit as soon as it can. */
    void (*request_interrupt_window)(struct vcpu *v, bool on);
    /* An interrupt waits for a lower task priority: exit at each write of CR8. */
    void (*request_tpr_window)(struct vcpu *v, bool on);
    /* The guest can take an external interrupt now (IF, no shadow). */
    bool (*interrupts_allowed)(struct vcpu *v);
    /* It can take an NMI now: no shadow, and none that it has not returned from. */
    bool (*nmi_allowed)(struct vcpu *v);
    /*
     * Right before an entry: an NMI waits for what nmi_allowed says, or behind the event that
     * is injected. Exit as soon as there is a change. True: inject nothing else meanwhile.
     */
    bool (*request_nmi_window)(struct vcpu *v);
    /* To the log: what the CPU was given and gave back. For an end that the guest may not explain.
     */
    void (*report)(struct vcpu *v);
    /* INIT: forgets an NMI's service and an interrupt shadow. */
    void (*reset)(struct vcpu *v);
    /* The exiting or emulated instruction is done: clears the interrupt shadow. */
    void (*end_instruction)(struct vcpu *v);

    /*
     * A local APIC that the CPU itself works on (vlapic_page): NULL where there is none. Its mode
     * is another, or it was reset; an edge-triggered interrupt for it, whose vCPU may run now;
     * one is waiting that has the priority to be delivered (of a vCPU that runs here).
     */
    void (*apic_mode_changed)(struct vcpu *v);
    bool (*apic_post)(struct vcpu *v, uint8_t vector); /* false: not done, it goes to IRR */
    bool (*apic_pending)(struct vcpu *v);

    struct x86_mode (*get_mode)(struct vcpu *v); /* of the one that exited here */
    void (*get_paging)(struct vcpu *v, struct x86_paging *p);
    /*
     * n: 0, 2, 3, 4, 8. Consequences (paging mode, EFER.LMA) are the back-end's. A guest changes
     * CR4.OSXSAVE by an exit only.
     */
    uint64_t (*get_cr)(struct vcpu *v, unsigned int n);
    void (*set_cr)(struct vcpu *v, unsigned int n, uint64_t value);
    uint64_t (*get_efer)(struct vcpu *v);
    void (*set_efer)(struct vcpu *v, uint64_t value);
    void (*get_segment)(struct vcpu *v, enum x86_seg s, struct x86_segment *seg);
    void (*set_segment)(struct vcpu *v, enum x86_seg s, const struct x86_segment *seg);
    void (*get_table)(struct vcpu *v, bool idt, struct x86_table *t);
    void (*set_table)(struct vcpu *v, bool idt, const struct x86_table *t);
    uint64_t (*get_dr7)(struct vcpu *v);
    void (*set_dr7)(struct vcpu *v, uint64_t value);

    /*
     * MSRs that the back-end keeps with the guest's state (FS and GS base, STAR,
     * SYSENTER, PAT...): false if @msr is none of them.
     */
    bool (*msr_read)(struct vcpu *v, uint32_t msr, uint64_t *value);
    bool (*msr_write)(struct vcpu *v, uint32_t msr, uint64_t value);

    /*
     * The CPU itself logs which 4 KiB pages of RAM a domain's guest writes to first after their
     * entry's p2m_format->dirty was cleared. It is p2m_mark_dirty by the time that the vCPU leaves
     * its guest, which arch_p2m_flush has it do. Called without locks, by one CPU at a time; vCPUs
     * may run, and follow by the next flush. NULL, or negative errno: it does not.
     */
    int (*log_start)(struct domain *d);
    void (*log_stop)(struct domain *d);

    /* Drops all of the domain's translations on this CPU at its next entry. */
    void (*flush_tlb)(struct vcpu *v);
    void (*set_tsc_offset)(struct vcpu *v, uint64_t offset);
    /* The two bytes after 0F 01: VMMCALL or VMCALL, for the hypercall page. */
    uint8_t hypercall_opcode[3];
};

/* exit.c: a bit for each vector of exceptions that exit. Then they are the guest's all the same. */
uint32_t hvm_exception_exits(void);
extern const struct vendor_ops svm_ops, vmx_ops;
/* The host's: a copy of one of them, so that what it has is found by one load. */
extern struct vendor_ops vendor[1];
/* Is it there and enabled? Says why not. */
bool svm_detect(void);
bool vmx_detect(void);

#endif
