/* SPDX-License-Identifier: MIT */
/* The virtual machine control structure: SDM 3, chapter 25 and appendices A to C. */
#ifndef X86_VMX_VMCS_H
#define X86_VMX_VMCS_H

#include <hv/types.h>

/* Fields: appendix B. Guest segments: add 2 * the register's number (ES CS SS DS FS GS LDTR TR). */
enum vmcs_field {
    VMCS_VPID = 0x0000,
    VMCS_POSTED_VECTOR = 0x0002,
    VMCS_GUEST_SELECTOR = 0x0800,
    VMCS_INTERRUPT_STATUS = 0x0810, /* the highest vectors requested and in service */
    VMCS_PML_INDEX = 0x0812,
    VMCS_HOST_ES = 0x0c00,
    VMCS_HOST_CS = 0x0c02,
    VMCS_HOST_SS = 0x0c04,
    VMCS_HOST_DS = 0x0c06,
    VMCS_HOST_FS = 0x0c08,
    VMCS_HOST_GS = 0x0c0a,
    VMCS_HOST_TR = 0x0c0c,

    VMCS_IO_BITMAP_A = 0x2000,
    VMCS_IO_BITMAP_B = 0x2002,
    VMCS_MSR_BITMAP = 0x2004,
    VMCS_PML_ADDRESS = 0x200e,
    VMCS_TSC_OFFSET = 0x2010,
    VMCS_VIRTUAL_APIC = 0x2012,
    VMCS_APIC_ACCESS = 0x2014,
    VMCS_POSTED_DESCRIPTOR = 0x2016,
    VMCS_EPT_POINTER = 0x201a,
    VMCS_EOI_EXIT = 0x201c, /* four of them */
    VMCS_GUEST_PHYSICAL = 0x2400,
    VMCS_LINK_POINTER = 0x2800,
    VMCS_GUEST_DEBUGCTL = 0x2802,
    VMCS_GUEST_PAT = 0x2804,
    VMCS_GUEST_EFER = 0x2806,
    VMCS_GUEST_PDPTE = 0x280a, /* four of them */
    VMCS_HOST_PAT = 0x2c00,
    VMCS_HOST_EFER = 0x2c02,

    VMCS_PIN_CONTROLS = 0x4000,
    VMCS_PROC_CONTROLS = 0x4002,
    VMCS_EXCEPTION_BITMAP = 0x4004,
    VMCS_PAGE_FAULT_MASK = 0x4006,
    VMCS_PAGE_FAULT_MATCH = 0x4008,
    VMCS_EXIT_CONTROLS = 0x400c,
    VMCS_ENTRY_CONTROLS = 0x4012,
    VMCS_ENTRY_EVENT = 0x4016,
    VMCS_ENTRY_ERROR = 0x4018,
    VMCS_TPR_THRESHOLD = 0x401c,
    VMCS_SECONDARY_CONTROLS = 0x401e,
    VMCS_PAUSE_GAP = 0x4020,
    VMCS_PAUSE_WINDOW = 0x4022,
    VMCS_INSTRUCTION_ERROR = 0x4400,
    VMCS_EXIT_REASON = 0x4402,
    VMCS_EXIT_EVENT = 0x4404,
    VMCS_EXIT_EVENT_ERROR = 0x4406,
    VMCS_VECTORING_EVENT = 0x4408,
    VMCS_VECTORING_ERROR = 0x440a,
    VMCS_INSTRUCTION_LENGTH = 0x440c,
    VMCS_GUEST_LIMIT = 0x4800,
    VMCS_GUEST_GDTR_LIMIT = 0x4810,
    VMCS_GUEST_IDTR_LIMIT = 0x4812,
    VMCS_GUEST_RIGHTS = 0x4814,
    VMCS_GUEST_INTERRUPTIBILITY = 0x4824,
    VMCS_GUEST_ACTIVITY = 0x4826,
    VMCS_GUEST_SYSENTER_CS = 0x482a,
    VMCS_PREEMPTION_TIMER = 0x482e,
    VMCS_HOST_SYSENTER_CS = 0x4c00,

    VMCS_CR0_MASK = 0x6000,
    VMCS_CR4_MASK = 0x6002,
    VMCS_CR0_SHADOW = 0x6004,
    VMCS_CR4_SHADOW = 0x6006,
    VMCS_EXIT_QUALIFICATION = 0x6400,
    VMCS_GUEST_LINEAR = 0x640a,
    VMCS_GUEST_CR0 = 0x6800,
    VMCS_GUEST_CR3 = 0x6802,
    VMCS_GUEST_CR4 = 0x6804,
    VMCS_GUEST_BASE = 0x6806,
    VMCS_GUEST_GDTR_BASE = 0x6816,
    VMCS_GUEST_IDTR_BASE = 0x6818,
    VMCS_GUEST_DR7 = 0x681a,
    VMCS_GUEST_RSP = 0x681c,
    VMCS_GUEST_RIP = 0x681e,
    VMCS_GUEST_RFLAGS = 0x6820,
    VMCS_GUEST_PENDING_DEBUG = 0x6822,
    VMCS_GUEST_SYSENTER_ESP = 0x6824,
    VMCS_GUEST_SYSENTER_EIP = 0x6826,
    VMCS_HOST_CR0 = 0x6c00,
    VMCS_HOST_CR3 = 0x6c02,
    VMCS_HOST_CR4 = 0x6c04,
    VMCS_HOST_FS_BASE = 0x6c06,
    VMCS_HOST_GS_BASE = 0x6c08,
    VMCS_HOST_TR_BASE = 0x6c0a,
    VMCS_HOST_GDTR_BASE = 0x6c0c,
    VMCS_HOST_IDTR_BASE = 0x6c0e,
    VMCS_HOST_SYSENTER_ESP = 0x6c10,
    VMCS_HOST_SYSENTER_EIP = 0x6c12,
    VMCS_HOST_RIP = 0x6c16,
};

/* Pin-based controls: 25.6.1 */
#define PIN_INTERRUPT_EXIT   (1u << 0)
#define PIN_NMI_EXIT         (1u << 3)
#define PIN_VIRTUAL_NMI      (1u << 5)
#define PIN_PREEMPTION_TIMER (1u << 6)
#define PIN_POSTED           (1u << 7)

/* Processor-based controls: 25.6.2 */
#define PROC_INTERRUPT_WINDOW (1u << 2)
#define PROC_TSC_OFFSET       (1u << 3)
#define PROC_HLT              (1u << 7)
#define PROC_MWAIT            (1u << 10)
#define PROC_RDPMC            (1u << 11)
#define PROC_CR3_LOAD         (1u << 15)
#define PROC_CR3_STORE        (1u << 16)
#define PROC_CR8_LOAD         (1u << 19)
#define PROC_CR8_STORE        (1u << 20)
#define PROC_TPR_SHADOW       (1u << 21)
#define PROC_NMI_WINDOW       (1u << 22)
#define PROC_MOV_DR           (1u << 23)
#define PROC_IO_BITMAPS       (1u << 25)
#define PROC_MSR_BITMAP       (1u << 28)
#define PROC_MONITOR          (1u << 29)
#define PROC_SECONDARY        (1u << 31)

/* Secondary controls */
#define SEC_APIC_ACCESS      (1u << 0)
#define SEC_EPT              (1u << 1)
#define SEC_RDTSCP           (1u << 3)
#define SEC_X2APIC           (1u << 4)
#define SEC_VPID             (1u << 5)
#define SEC_WBINVD           (1u << 6)
#define SEC_UNRESTRICTED     (1u << 7)
#define SEC_APIC_REGISTERS   (1u << 8)
#define SEC_VIRTUAL_DELIVERY (1u << 9)
#define SEC_PAUSE_LOOP       (1u << 10)
#define SEC_VMFUNC           (1u << 13)
#define SEC_VMCS_SHADOWING   (1u << 14)
#define SEC_PML              (1u << 17)
#define SEC_VE               (1u << 18)

/* The EPT pointer: 25.6.11 */
#define EPTP_WRITE_BACK 6u
#define EPTP_4_LEVELS   (3u << 3)
#define EPTP_AD         (1u << 6) /* the CPU uses accessed and dirty bits */

/* VM-exit and VM-entry controls: 25.7, 25.8 */
#define EXIT_SAVE_DEBUG    (1u << 2)
#define EXIT_HOST_64       (1u << 9)
#define EXIT_ACK_INTERRUPT (1u << 15)
#define EXIT_SAVE_PAT      (1u << 18)
#define EXIT_LOAD_PAT      (1u << 19)
#define EXIT_SAVE_EFER     (1u << 20)
#define EXIT_LOAD_EFER     (1u << 21)
#define ENTRY_LOAD_DEBUG   (1u << 2)
#define ENTRY_LONG_MODE    (1u << 9)
#define ENTRY_LOAD_PAT     (1u << 14)
#define ENTRY_LOAD_EFER    (1u << 15)

/* Events as they were met (25.9.2), beside event_word.h */
#define EVENT_INT1          5          /* a type as in enum event_type: #DB by INT1 */
#define EVENT_NMI_UNBLOCKED (1u << 12) /* the exit came from an IRET that ended an NMI */

/* Interruptibility: 25.4.2 */
#define BLOCKED_BY_STI    (1u << 0)
#define BLOCKED_BY_MOV_SS (1u << 1)
#define BLOCKED_BY_NMI    (1u << 3)

/* Pending debug exceptions: 25.4.2, table 25-4 */
#define PENDING_DEBUG_BS (1u << 14) /* single step */

/* A segment's access rights: those of a descriptor, and one bit more (25.4.1). */
#define RIGHTS_L        (1u << 13)
#define RIGHTS_UNUSABLE (1u << 16)

/* Exit qualification of an EPT violation: 28.2.1, table 28-7 */
#define EPT_VIOLATION_WRITE     (1u << 1)
#define EPT_VIOLATION_FETCH     (1u << 2)
#define EPT_VIOLATION_RIGHTS    (7u << 3) /* what the entries allow: 0: nothing there */
#define EPT_VIOLATION_LINEAR    (1u << 7)
#define EPT_VIOLATION_FINAL     (1u << 8)  /* the access itself, not the walk to it */
#define EPT_VIOLATION_UNBLOCKED (1u << 12) /* of a full page-modification log too */

/* Basic exit reasons: appendix C */
enum vmx_exit_reason {
    VMX_EXIT_EXCEPTION = 0,
    VMX_EXIT_INTERRUPT = 1,
    VMX_EXIT_TRIPLE_FAULT = 2,
    VMX_EXIT_INTERRUPT_WINDOW = 7,
    VMX_EXIT_NMI_WINDOW = 8,
    VMX_EXIT_TASK_SWITCH = 9,
    VMX_EXIT_CPUID = 10,
    VMX_EXIT_GETSEC = 11,
    VMX_EXIT_HLT = 12,
    VMX_EXIT_INVD = 13,
    VMX_EXIT_RDPMC = 15,
    VMX_EXIT_VMCALL = 18,
    VMX_EXIT_VMCLEAR = 19,
    VMX_EXIT_VMXON = 27,
    VMX_EXIT_CR = 28,
    VMX_EXIT_DR = 29,
    VMX_EXIT_IO = 30,
    VMX_EXIT_RDMSR = 31,
    VMX_EXIT_WRMSR = 32,
    VMX_EXIT_BAD_GUEST_STATE = 33,
    VMX_EXIT_BAD_MSR = 34,
    VMX_EXIT_MWAIT = 36,
    VMX_EXIT_MONITOR = 39,
    VMX_EXIT_PAUSE = 40,
    VMX_EXIT_MACHINE_CHECK = 41,
    VMX_EXIT_TPR = 43,
    VMX_EXIT_APIC_ACCESS = 44,
    VMX_EXIT_EOI = 45,
    VMX_EXIT_EPT_VIOLATION = 48,
    VMX_EXIT_EPT_MISCONFIGURED = 49,
    VMX_EXIT_INVEPT = 50,
    VMX_EXIT_PREEMPTION_TIMER = 52,
    VMX_EXIT_INVVPID = 53,
    VMX_EXIT_WBINVD = 54,
    VMX_EXIT_XSETBV = 55,
    VMX_EXIT_APIC_WRITE = 56,
    VMX_EXIT_VMFUNC = 59,
    VMX_EXIT_PML_FULL = 62,
};

#define EXIT_REASON_BASIC(r)     ((r)&0xffff)
#define EXIT_REASON_ENTRY_FAILED (1u << 31)

#endif
